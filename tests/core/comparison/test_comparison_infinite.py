"""Rows that cost infinity under one model, the other, or both."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.core.comparison.models import comparison_report
from bce_cli.core.conventions import Convention
from bce_cli.core.inference import holm_adjusted
from bce_cli.core.rows import Categories
from tests.core.comparison.compared import compared, rows_under, totals_of

if TYPE_CHECKING:
    from bce_cli.core.comparison.differences import DifferenceReport

LABELS = [1, 0, 1, 0, 1, 0]
A = [0.9, 0.2, 0.6, 0.4, 0.7, 0.1]
B = [0.8, 0.1, 0.7, 0.45, 0.9, 0.3]
CLUSTERS = ["u", "u", "v", "v", "w", "w"]

CASES: dict[str, tuple[list[int], list[int]]] = {
    "baseline": ([2], []),
    "model": ([], [1, 4]),
    "the same row": ([3], [3]),
    "different rows": ([0], [5]),
    "some of each": ([0, 1], [1, 2]),
}


def spoiled(values: list[float], places: list[int]) -> list[float]:
    """Predictions that are certain and wrong at some places."""
    return [1.0 - y if i in places else p for i, (y, p) in enumerate(zip(LABELS, values))]  # noqa: B905


def without(places: set[int], values: list) -> list:  # type: ignore[type-arg]
    return [value for i, value in enumerate(values) if i not in places]


def counts(found: DifferenceReport) -> tuple[int, int, int]:
    return (
        found.n_only_baseline_infinite,
        found.n_only_model_infinite,
        found.n_both_infinite,
    )


@pytest.mark.few(10)
@pytest.mark.parametrize("weights", [None, [2.0, 1.0, 0.5, 3.0, 1.0, 1.5]])
@pytest.mark.parametrize("clusters", [None, CLUSTERS])
@pytest.mark.parametrize("case", CASES)
def test_the_finite_rows_are_compared_as_if_they_were_all(
    case: str, clusters: list[str] | None, weights: list[float] | None
) -> None:
    of_a, of_b = CASES[case]
    gone = {*of_a, *of_b}
    rows = rows_under(LABELS, spoiled(A, of_a), spoiled(B, of_b), weights=weights, cluster=clusters)
    rest = rows_under(
        *(without(gone, column) for column in (LABELS, A, B)),
        weights=None if weights is None else without(gone, weights),
        cluster=None if clusters is None else without(gone, clusters),
    )
    (found,), (expected,) = compared(rows).comparisons, compared(rest).comparisons
    assert found.finite == expected.finite
    assert found.finite.n == len(LABELS) - len(gone)
    both = set(of_a) & set(of_b)
    assert counts(found) == (len(of_a) - len(both), len(of_b) - len(both), len(both))
    assert found.n_better + found.n_worse + found.n_tied == len(LABELS)
    assert found.n_tied == len(both)


@pytest.mark.parametrize(
    ("case", "infinite", "value"),
    [
        ("baseline", "baseline", -math.inf),
        ("model", "model", math.inf),
        ("the same row", "both", None),
        ("different rows", "both", None),
        ("some of each", "both", None),
    ],
)
def test_the_mean_difference_is_infinite_or_undefined(
    case: str, infinite: str, value: float | None
) -> None:
    of_a, of_b = CASES[case]
    report = compared(rows_under(LABELS, spoiled(A, of_a), spoiled(B, of_b)))
    (found,) = report.comparisons
    assert (found.infinite, found.value) == (infinite, value)
    means = [model.report.mean_loss for model in report.models]
    assert [math.isinf(mean) for mean in means] == [bool(of_a), bool(of_b)]
    assert [model.ci_low is None for model in report.models] == [bool(of_a), bool(of_b)]


def test_infinite_rows_lead_those_that_gained_and_lost_most() -> None:
    (found,) = compared(rows_under(LABELS, spoiled(A, [0, 3]), spoiled(B, [3, 5]))).comparisons
    assert [(row.row, row.difference) for row in found.gained][:1] == [(1, -math.inf)]
    assert [(row.row, row.difference) for row in found.lost][:1] == [(6, math.inf)]
    assert 4 not in {row.row for row in (*found.gained, *found.lost)}


@pytest.mark.parametrize("case", CASES)
def test_an_infinite_row_of_weight_0_counts_for_nothing(case: str) -> None:
    of_a, of_b = CASES[case]
    weights = [0.0 if i in (*of_a, *of_b) else 1.0 for i in range(len(LABELS))]
    spoilt = compared(rows_under(LABELS, spoiled(A, of_a), spoiled(B, of_b), weights=weights))
    sound = compared(rows_under(LABELS, A, B, weights=weights))
    (found,), (expected,) = spoilt.comparisons, sound.comparisons
    assert counts(found) == (0, 0, 0)
    assert (found.infinite, found.value) == (None, expected.value)
    assert found.finite == expected.finite
    assert (found.gained, found.lost) == (expected.gained, expected.lost)
    assert [model.ci_low for model in spoilt.models] == [model.ci_low for model in sound.models]


def test_without_a_finite_row_there_is_no_finite_comparison() -> None:
    everywhere = list(range(len(LABELS)))
    (found,) = compared(rows_under(LABELS, spoiled(A, everywhere), B)).comparisons
    assert (found.infinite, found.value, found.finite.n) == ("baseline", -math.inf, 0)
    assert found.finite.value is None
    assert found.n_better == len(LABELS)


def test_without_a_weight_on_a_finite_row_there_is_no_finite_difference() -> None:
    weights = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    (found,) = compared(rows_under(LABELS, A, spoiled(B, [0]), weights=weights)).comparisons
    assert (found.infinite, found.finite.n) == ("model", 0)
    assert (found.finite.value, found.finite.std_error, found.finite.df) == (None, None, None)


def test_a_cluster_of_infinite_rows_alone_is_none_of_the_finite_comparison() -> None:
    report = compared(rows_under(LABELS, A, spoiled(B, [4, 5]), cluster=CLUSTERS))
    (found,) = report.comparisons
    assert report.n_clusters == 3
    assert found.finite.df == 1


def test_an_undefined_p_is_not_counted_by_holm() -> None:
    everywhere = list(range(len(LABELS)))
    c = [0.95, 0.1, 0.9, 0.05, 0.9, 0.05]
    report = compared(rows_under(LABELS, A, B, spoiled(A, everywhere), c))
    p_values = [found.finite.p_value for found in report.comparisons]
    adjusted = [found.finite.p_adjusted for found in report.comparisons]
    assert p_values[1] is None
    assert adjusted[1] is None
    known = sorted(p for p in p_values if p is not None)
    assert min(p for p in adjusted if p is not None) == 2 * known[0]


def test_a_clipped_loss_is_finite_and_compared() -> None:
    rows = rows_under(LABELS, A, spoiled(B, [1]))
    (found,) = compared(rows, Convention(0.01)).comparisons
    assert (found.infinite, counts(found)) == (None, (0, 0, 0))
    clipped = [0.99 if i == 1 else p for i, p in enumerate(B)]
    (same,) = compared(rows_under(LABELS, A, clipped)).comparisons
    assert found.value == pytest.approx(same.value, rel=1e-14)


def test_torch_divides_a_weighted_difference_by_the_number_of_rows() -> None:
    weights = [2.0, 0.0, 0.5, 3.0, 1.0, 0.0]
    report = compared(rows_under(LABELS, A, B, weights=weights), Convention(like="torch"))
    (found,) = report.comparisons
    means = [model.report.mean_loss for model in report.models]
    assert found.value == pytest.approx(means[1] - means[0], rel=1e-13)
    alone = compared(rows_under(LABELS, A, B, weights=weights)).comparisons[0].value
    assert alone is not None
    assert found.value == pytest.approx(alone * math.fsum(weights) / len(weights), rel=1e-6)
    spread = [w * (y - x) for w, x, y in zip(weights, *(_losses(p) for p in (A, B)), strict=True)]
    mean = math.fsum(spread) / len(spread)
    variance = math.fsum((d - mean) ** 2 for d in spread) / (len(spread) - 1)
    assert found.finite.std_error == pytest.approx(math.sqrt(variance / len(spread)), rel=1e-6)


def _losses(predictions: list[float]) -> list[float]:
    return [-math.log(p if y else 1.0 - p) for y, p in zip(LABELS, predictions, strict=True)]


def test_bits_are_nats_over_the_logarithm_of_2() -> None:
    totals = totals_of(rows_under(LABELS, A, B, cluster=CLUSTERS))
    nats, bits = (comparison_report(totals, "ab", unit) for unit in ("nats", "bits"))
    of_nats, of_bits = nats.comparisons[0].finite, bits.comparisons[0].finite
    for name in ("value", "std_error", "ci_low", "ci_high"):
        expected = getattr(of_nats, name) / math.log(2.0)
        assert getattr(of_bits, name) == pytest.approx(expected, rel=1e-15)
    assert of_bits.t == pytest.approx(of_nats.t, rel=1e-15)
    assert of_bits.p_value == pytest.approx(of_nats.p_value, rel=1e-14)
    assert (of_bits.n, of_bits.df) == (of_nats.n, of_nats.df) == (6, 2)


THIRD = [0.6, 0.3, 0.8, 0.2, 0.9, 0.4]


def test_an_infinite_difference_is_none_of_the_tests_that_others_are_adjusted_for() -> None:
    rows = rows_under(LABELS, A, spoiled(B, [1]), THIRD, [0.8, 0.4, 0.7, 0.3, 0.6, 0.4])
    report = compared(rows)
    spoilt, *rest = report.comparisons
    alone = compared(rows_under(LABELS, A, *(model.probabilities for model in rows.rivals[1:])))
    assert [item.finite for item in rest] == [item.finite for item in alone.comparisons]
    assert [item.finite.p_adjusted for item in rest] == [
        model.standing.p_from_best if model.standing else None for model in report.models[2:]
    ]
    p = [item.finite.p_value for item in report.comparisons]
    assert spoilt.infinite == "model"
    assert spoilt.finite.p_adjusted == holm_adjusted(p)[0] != p[0]


def test_a_segment_of_an_infinite_mean_is_none_of_the_tests_either() -> None:
    words = Categories(np.array([0, 0, 0, 1, 1, 1] * 2, np.int32), ("x", "y"))
    rows = rows_under(LABELS * 2, A * 2, spoiled(B, [0]) + B)
    x, y = compared(replace(rows, segments=(words,))).segments
    assert (x.names, x.difference.infinite) == (("x",), "model")
    p = x.difference.finite.p_value, y.difference.finite.p_value
    assert y.difference.finite.p_adjusted == p[1]
    assert x.difference.finite.p_adjusted == holm_adjusted(p)[0]
    assert p[0] != p[1]
