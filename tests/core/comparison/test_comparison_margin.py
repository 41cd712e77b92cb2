"""Better, worse, equivalent or undecided: by a margin, and by the rows that it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli import binary_cross_entropy
from bce_cli.core.comparison.models import comparison_report
from bce_cli.core.inference import power_of
from bce_cli.errors import ArgumentError
from tests.core.comparison.compared import compared, rows_under, totals_of

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

RNG = np.random.default_rng(77)


def some_rows(n: int, shift: float) -> tuple[Rows, np.ndarray]:
    """Rows under two models, and the differences of their losses."""
    labels, first = RNG.random(n) < 0.5, RNG.uniform(0.2, 0.8, n)
    second = np.clip(first + RNG.normal(shift, 0.05, n), 0.05, 0.95)
    losses = [binary_cross_entropy(labels, model) for model in (first, second)]
    return rows_under(labels, first, second), losses[1] - losses[0]


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("margin", [0.01, 0.03])
def test_equivalence_is_two_one_sided_tests(margin: float, confidence: float) -> None:
    from scipy import stats

    seen = set()
    for n, shift in ((12, 0.0), (60, 0.0), (60, 0.05), (300, 0.0), (300, 0.02), (900, -0.01)):
        rows, differences = some_rows(n, shift)
        report = comparison_report(totals_of(rows), "ab", "nats", confidence, margin)
        alpha = (1.0 - confidence) / 2.0
        above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
        below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
        word = report.verdict(report.comparisons[0])
        assert (word == "equivalent") == (max(above, below) <= alpha)
        seen.add(word)
    assert len(seen) > 1


def test_without_a_margin_the_test_decides() -> None:
    rows, differences = some_rows(300, 0.0)
    for model in (rows, some_rows(300, 0.2)[0], some_rows(300, -0.2)[0]):
        report = compared(model)
        (item,) = report.comparisons
        assert item.finite.p_value is not None
        assert item.finite.value is not None
        told = "better" if item.finite.value < 0.0 else "worse"
        assert report.verdict(item) == (told if item.finite.p_value <= 0.05 else "undecided")
    assert len(differences) == 300


def test_equivalence_goes_before_a_difference_that_is_surely_there() -> None:
    labels = np.arange(200) % 2 == 0
    first = np.where(np.arange(200) % 4 < 2, 0.5, 0.6)
    rows = rows_under(labels, first, first + 1e-4 * (1.0 + np.arange(200) % 3) * (labels - 0.5))
    (item,) = comparison_report(totals_of(rows), "ab").comparisons
    assert item.verdict(0.95) == "better"
    assert item.verdict(0.95, 0.001) == "equivalent"
    assert item.verdict(0.95, 1e-6) == "better"
    assert item.finite.ci_low is not None
    assert item.verdict(0.95, -item.finite.ci_low) == "equivalent"  # ends belong to it
    assert item.verdict(0.95, np.nextafter(-item.finite.ci_low, 0.0)) == "better"


def test_infinity_is_beyond_any_margin() -> None:
    for models, word in (
        (([0.0, 0.5], [0.5, 0.5]), "better"),
        (([0.5, 0.5], [0.0, 0.5]), "worse"),
        (([0.0, 0.5], [0.0, 0.5]), "undecided"),
    ):
        (item,) = compared(rows_under([1, 1], *models)).comparisons
        assert item.verdict(0.95, 1e300) == word


def test_equal_models_are_equivalent_by_any_margin() -> None:
    (item,) = compared(rows_under([1, 0, 1], [0.5] * 3, [0.5] * 3)).comparisons
    assert (item.verdict(0.95), item.verdict(0.95, 1e-300)) == ("undecided", "equivalent")


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf"), "0.1", True])
def test_a_margin_is_above_0(margin: object) -> None:
    with pytest.raises(ArgumentError, match=r"^margin must be a finite number above 0, got "):
        comparison_report(totals_of(some_rows(5, 0.0)[0]), "ab", margin=margin)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_clusters", [None, 20])
def test_every_comparison_has_its_power(n_clusters: int | None) -> None:
    labels, models = RNG.random(100) < 0.5, RNG.uniform(0.1, 0.9, (3, 100))
    cluster = None if n_clusters is None else [str(i % n_clusters) for i in range(100)]
    report = compared(rows_under(labels, *models, cluster=cluster))
    for item in report.comparisons:
        found = item.finite
        assert found.df == (n_clusters or 100) - 1
        power = power_of(found.value, found.std_error, found.df, 100)
        assert (found.detectable_difference, found.rows_needed) == power
        assert power.detectable_difference is not None


def test_the_other_way_round_all_is_the_same_but_for_its_sign() -> None:
    rows, _ = some_rows(150, 0.01)
    there = rows_under(rows.labels, rows.probabilities, rows.rivals[0].probabilities)
    back = rows_under(rows.labels, rows.rivals[0].probabilities, rows.probabilities)
    (one,), (other,) = compared(there).comparisons, compared(back).comparisons
    a, b = one.finite, other.finite
    assert a.value is not None
    assert a.ci_low is not None
    assert a.ci_high is not None
    assert a.t is not None
    assert (b.value, b.ci_low, b.ci_high, b.t) == (-a.value, -a.ci_high, -a.ci_low, -a.t)
    same = ("std_error", "df", "p_value", "detectable_difference", "rows_needed")
    assert [getattr(b, name) for name in same] == [getattr(a, name) for name in same]
