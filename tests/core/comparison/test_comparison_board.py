"""Which model is best, and which cannot be told from it: against comparisons of each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.comparison.models import comparison_report
from bce_cli.core.inference import holm_adjusted
from bce_cli.core.rows import Predictions, Rows
from tests.budgets import examples
from tests.core.comparison.compared import (
    NAMES,
    compared,
    compared_rows,
    counts,
    rows_under,
    totals_of,
)

if TYPE_CHECKING:
    from bce_cli.core.comparison.leader_board import Standing
    from bce_cli.core.comparison.models import ComparisonReport

N = 240
RNG = np.random.default_rng(1234)
LOGITS = RNG.normal(size=N)
LABELS = RNG.random(N) < 1.0 / (1.0 + np.exp(-LOGITS))
MODELS = [
    1.0 / (1.0 + np.exp(-scale * LOGITS - noise * RNG.normal(size=N)))
    for scale, noise in ((0.2, 0.5), (1.0, 0.1), (0.9, 0.2), (1.6, 0.8), (1.0, 0.0))
]
COLUMNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weighted": {"weights": RNG.exponential(size=N)},
    "clustered": {"cluster": [f"c{place % 25}" for place in range(N)]},
}


def standings(report: ComparisonReport) -> list[Standing]:
    return [model.standing for model in report.models if model.standing is not None]


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_models_are_told_from_the_best_as_each_pair_is(columns: dict[str, Any]) -> None:
    report = compared(rows_under(LABELS, *MODELS, **columns))
    means = [model.report.mean_loss for model in report.models]
    best = int(np.argmin(means))
    assert report.best is not None
    assert report.best.name == NAMES[best]
    others = [place for place in range(len(MODELS)) if place != best]
    pairs = [
        compared(rows_under(LABELS, MODELS[best], MODELS[place], **columns)) for place in others
    ]
    adjusted = holm_adjusted([pair.comparisons[0].finite.p_value for pair in pairs])
    found = standings(report)
    for place, p in zip(others, adjusted, strict=True):
        assert p is not None
        # There, differences of rows are rounded before they are added up; here, nothing is.
        assert found[place].p_from_best == pytest.approx(p, rel=1e-11)
        assert found[place].told_from_best == (p <= 0.05)
    assert [item.is_best for item in found] == [place == best for place in range(len(MODELS))]
    assert {item.told_from_best for item in found} == {False, True}
    assert (found[best].p_from_best, found[best].told_from_best) == (None, False)
    assert [item.rank for item in found] == [1 + sum(b < a for b in means) for a in means]


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_where_the_best_is_the_first_the_tests_are_those_of_the_comparisons(
    columns: dict[str, Any],
) -> None:
    found = standings(compared(rows_under(LABELS, *MODELS, **columns)))
    ordered = sorted(range(len(MODELS)), key=lambda place: not found[place].is_best)
    report = compared(rows_under(LABELS, *(MODELS[place] for place in ordered), **columns))
    assert report.best is report.models[0]
    expected = [item.finite.p_adjusted for item in report.comparisons]
    assert [item.p_from_best for item in standings(report)] == [None, *expected]


def test_of_two_models_the_other_is_told_as_the_verdict_says() -> None:
    for models in ((MODELS[0], MODELS[4]), (MODELS[4], MODELS[0])):
        report = compared(rows_under(LABELS, *models))
        (item,), (first, second) = report.comparisons, standings(report)
        worse = first if item.finite.value is not None and item.finite.value < 0.0 else second
        assert (worse.rank, worse.told_from_best) == (2, True)
        assert worse.p_from_best == item.finite.p_value


def test_equal_models_are_best_together() -> None:
    report = compared(rows_under(LABELS, MODELS[0], MODELS[4], MODELS[2], MODELS[4]))
    found = standings(report)
    assert [item.rank for item in found] == [4, 1, 3, 1]
    assert [item.is_best for item in found] == [False, True, False, True]
    assert [item.told_from_best for item in found][1::2] == [False, False]
    assert (found[1].p_from_best, found[3].p_from_best) == (None, None)
    assert report.best is report.models[1]


def test_a_difference_that_does_not_vary_is_told_without_a_test() -> None:
    report = compared(rows_under([1, 1, 1], [0.25] * 3, [0.5] * 3, [0.125] * 3))
    found = standings(report)
    assert [(item.rank, item.told_from_best) for item in found] == [
        (2, True),
        (1, False),
        (3, True),
    ]
    assert [item.p_from_best for item in found] == [None] * 3


def test_one_row_tells_nothing() -> None:
    found = standings(compared(rows_under([1], [0.25], [0.5], [0.125])))
    assert [(item.rank, item.told_from_best) for item in found] == [
        (2, False),
        (1, False),
        (3, False),
    ]


def test_infinite_means_come_last_by_the_others_and_are_told_by_infinity() -> None:
    certain = [np.where(np.arange(N) == place, ~LABELS, MODELS[place]) for place in (1, 0)]
    report = compared(rows_under(LABELS, certain[1], MODELS[2], certain[0], MODELS[0]))
    found = standings(report)
    assert [item.rank for item in found] == [4, 1, 3, 2]
    assert [item.told_from_best for item in found] == [True, False, True, True]
    assert [found[0].p_from_best, found[2].p_from_best] == [None, None]
    pair = compared(rows_under(LABELS, MODELS[2], MODELS[0])).comparisons[0].finite.p_value
    assert found[3].p_from_best == pytest.approx(pair, rel=1e-11)


def test_where_all_are_infinite_none_is_best() -> None:
    report = compared(rows_under([1, 1], [0.0, 0.5], [0.0, 0.25], [0.5, 0.0]))
    assert report.best is None
    assert [(s.rank, s.is_best, s.told_from_best) for s in standings(report)] == [
        (1, False, None),
        (3, False, None),
        (1, False, None),
    ]


@settings(max_examples=examples(40))
@given(
    compared_rows(n_models=4).filter(counts),
    st.lists(st.integers(0, 99), max_size=3),
)
def test_no_digit_depends_on_how_rows_are_cut(rows: Rows, cuts: list[int]) -> None:
    whole, parts = (totals_of(rows, cuts=tuple(some)) for some in ((), cuts))
    assert parts.products == whole.products
    assert comparison_report(parts, NAMES[:4]) == comparison_report(whole, NAMES[:4])


def test_twenty_models_are_ranked() -> None:
    models = [MODELS[4] ** (1.0 + 0.1 * place) for place in range(20)]
    rows = Rows(LABELS, models[0], rivals=tuple(map(Predictions, models[1:])))
    report = comparison_report(totals_of(rows), [f"m{place}" for place in range(20)])
    order = sorted(report.models, key=lambda model: model.report.mean_loss)
    assert [model.standing.rank for model in order if model.standing] == [*range(1, 21)]
    p = [model.standing.p_from_best for model in order[1:] if model.standing]
    assert all(value is not None and 0.0 <= value <= 1.0 for value in p)
