"""Differences by segment: they add up to the whole, and are those of its rows alone."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest

from bce_cli import binary_cross_entropy
from bce_cli.core.comparison.models import ComparisonReport, comparison_report
from bce_cli.core.inference import holm_adjusted
from bce_cli.core.rows import Categories, Rows
from bce_cli.core.totals import Moments
from tests.core.comparison.compared import compared, rows_under, totals_of

N = 300
RNG = np.random.default_rng(5)
LABELS = RNG.random(N) < 0.4
MODELS = [RNG.uniform(0.05, 0.95, N) for _ in range(3)]
CODES = RNG.choice(4, N, p=[0.05, 0.25, 0.3, 0.4]).astype(np.int32)
SITES = Categories(CODES, ("north", "south", "", "east"))
WEIGHTS = RNG.exponential(size=N)
USERS = [f"u{place % 40}" for place in range(N)]
COLUMNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weighted": {"weights": WEIGHTS},
    "clustered": {"cluster": USERS},
}


def parted(columns: dict[str, Any]) -> Rows:
    return replace(rows_under(LABELS, *MODELS, **columns), segments=(SITES,))


def report_of(rows: Rows, **options: Any) -> ComparisonReport:  # noqa: ANN401
    return comparison_report(totals_of(rows), "abc", **options)


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_segments_add_up_to_the_whole_to_the_last_unit(columns: dict[str, Any]) -> None:
    totals = totals_of(parted(columns), cuts=(70, 200))
    assert totals.segments is not None
    parts = [*totals.segments.totals().values()]
    assert len(parts) == 4
    for place, whole in enumerate(totals.differences):
        pairs = [part.differences[place] for part in parts]
        assert reduce(add, (pair.moments for pair in pairs), Moments()) == whole.moments
        for name in ("n_better", "n_worse", "n_tied"):
            assert sum(getattr(pair, name) for pair in pairs) == getattr(whole, name)
    for place, model in enumerate(totals.models):
        assert reduce(add, (part.losses[place] for part in parts)) == model.totals.losses
        assert reduce(add, (part.divisors for part in parts)) == model.totals.divisors


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_a_segment_is_compared_as_its_rows_alone(columns: dict[str, Any]) -> None:
    report = report_of(parted(columns))
    assert len(report.segments) == 8
    for item in report.segments:
        chosen = SITES.names.index(item.names[0]) == CODES
        some = {name: np.array(values)[chosen] for name, values in columns.items()}
        alone = compared(rows_under(LABELS[chosen], *(m[chosen] for m in MODELS), **some))
        place = "abc".index(item.difference.model)
        expected = alone.comparisons[place - 1]
        figures = ("n", "value", "std_error", "ci_low", "ci_high", "t", "df", "p_value")
        for name in figures:
            assert getattr(item.difference.finite, name) == getattr(expected.finite, name)
        assert item.n == int(np.count_nonzero(chosen))
        assert item.mean_loss == alone.models[place].report.mean_loss
        assert item.is_small == (item.n < 30)


def test_p_values_are_adjusted_over_the_segments_of_each_model() -> None:
    from scipy import stats

    report = report_of(parted({}))
    losses = [binary_cross_entropy(LABELS, model) for model in MODELS]
    for place, name in ((1, "b"), (2, "c")):
        items = [item for item in report.segments if item.difference.model == name]
        chosen = [SITES.names.index(item.names[0]) == CODES for item in items]
        p = [float(stats.ttest_rel(losses[place][some], losses[0][some]).pvalue) for some in chosen]
        found = [item.difference.finite.p_adjusted for item in items]
        assert found == pytest.approx(holm_adjusted(p), rel=1e-10)
        totals = [math.fsum(losses[place][some]) for some in chosen]
        assert totals == sorted(totals, reverse=True)


def test_a_segment_of_an_infinite_loss_comes_first() -> None:
    certain = [np.where(np.arange(N) == 0, ~LABELS, model) for model in MODELS]
    first = SITES.names[CODES[0]]
    rows = rows_under(LABELS, MODELS[0], certain[1], MODELS[2])
    report = report_of(replace(rows, segments=(SITES,)), unit="bits")
    items = [item for item in report.segments if item.difference.model == "b"]
    assert (items[0].names, items[0].mean_loss) == ((first,), math.inf)
    assert items[0].difference.infinite == "model"
    assert report.verdict(items[0].difference) == "worse"
    assert [item.difference.infinite for item in items[1:]] == [None] * 3
    back = report_of(
        replace(rows_under(LABELS, certain[1], MODELS[0], MODELS[2]), segments=(SITES,))
    )
    of_b = {item.names: item for item in back.segments if item.difference.model == "b"}
    chosen = CODES[0] == CODES
    mean = math.fsum(binary_cross_entropy(LABELS[chosen], MODELS[0][chosen])) / chosen.sum()
    assert of_b[first,].mean_loss == pytest.approx(mean, rel=1e-15)
    assert of_b[first,].difference.infinite == "baseline"


def test_rows_of_no_weight_are_counted_and_say_nothing() -> None:
    weights = np.where(CODES == 0, 0.0, np.arange(N) % 2)
    rows = replace(rows_under(LABELS, *MODELS[:2], weights=weights), segments=(SITES,))
    report = comparison_report(totals_of(rows), "ab")
    found = {item.names[0]: item for item in report.segments}
    assert {name: item.n for name, item in found.items()} == {
        name: int(np.count_nonzero(code == CODES)) for code, name in enumerate(SITES.names)
    }
    assert sum(item.n for item in report.segments) == report.n
    none = found.pop(SITES.names[0])
    assert (none.mean_loss, none.difference.value, none.difference.infinite) == (None, None, None)
    assert report.verdict(none.difference) == "undecided"
    for item in found.values():
        some = item.difference.n_better + item.difference.n_worse + item.difference.n_tied
        assert 0 < some == item.difference.finite.n < item.n
