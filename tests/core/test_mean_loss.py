"""A mean by its own sums alone: the same number, and beyond doubt only where a report has none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import Convention, loss_report, mean_binary_cross_entropy
from bce_cli.core.mean_loss import Guarded, MeanTotals, mean_of
from bce_cli.core.rows import Rows
from bce_cli.core.rules import RULES, exact_costs, losses_of
from bce_cli.core.totals import LossTotals
from bce_cli.errors import DataError

CONVENTIONS = [*map(Convention, [None] * len(RULES), RULES), Convention(0.01)]
RANDOM = np.random.default_rng(11)
P = RANDOM.beta(0.4, 0.4, 300)
Y = RANDOM.uniform(size=300) < P
WEIGHTS = RANDOM.uniform(0.5, 2.0, 300)
CASES = {
    "hard": Rows(Y, P),
    "certain": Rows(Y, np.where(Y, 1.0, P)),
    "impossible": Rows(Y, np.where(P < 0.1, 0.0, P)),
    "weighted": Rows(Y, P, WEIGHTS),
    "soft": Rows(RANDOM.uniform(size=300), P, WEIGHTS),
    "missing": replace(Rows(Y, P, WEIGHTS), missing=P > 0.9).blanked(),
    "float32": Rows(Y, P.astype(np.float32).astype(float), float_type="float32"),
    "logits": Rows(Y, P, logits=np.log(P) - np.log1p(-P)),
}


@pytest.mark.few(40)
@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.name)
def test_the_mean_and_what_is_counted_are_those_of_the_report(
    convention: Convention, rows: Rows
) -> None:
    if rows.labels.dtype != np.bool_ and not convention.rule.takes_soft:
        with pytest.raises(DataError, match="takes the labels 0 and 1 only"):
            MeanTotals.of(rows, convention)
        return
    halves = [rows.at(slice(0, 100)), rows.at(slice(100, 300))]
    report = loss_report(LossTotals.of(rows, convention=convention))
    assert mean_of(MeanTotals.of(rows, convention)) == report.mean_loss
    first, rest = (MeanTotals.of(half, convention) for half in halves)
    assert first + rest == MeanTotals.of(rows, convention)
    assert (first + rest).n_certain == report.n_certain


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.name)
def test_p_and_1_minus_p_cost_as_much_as_two_coins_at_least(convention: Convention) -> None:
    p = np.concatenate([P, [0.0, 1.0, 0.5, 0.5 + 1e-12, 1e-16, 1e-7, 1 - 1e-16, 5e-324]])
    for labels in (np.zeros(len(p), np.bool_), np.ones(len(p), np.bool_)):
        losses, others = convention.losses_both_ways(Rows(labels, p))
        # Those in float32, and tf-keras, which adds 1e-7 to p, may be so much below.
        assert (losses + others).min() >= 2 * math.log(2.0) * (1 - 1e-6)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=10, max_size=30),
    st.sampled_from(CONVENTIONS),
)
def test_a_mean_that_looks_reversed_is_in_doubt(
    pairs: list[tuple[bool, float]], convention: Convention
) -> None:
    labels, p = map(np.array, zip(*pairs, strict=True))
    for predictions in (p, np.where(labels, 0.2 * p, 1.0 - 0.2 * p)):
        rows = Rows(labels, predictions)
        report = loss_report(LossTotals.of(rows, convention=convention))
        if report.is_reversed or report.are_classes:
            assert MeanTotals.of(rows, convention).are_in_doubt


def test_all_sums_are_there_where_all_rows_are_in_doubt_and_not_in_part() -> None:
    good, bad = (Rows(np.array([True]), np.array([p])) for p in (0.5, 0.4))
    few, whole = MeanTotals.of, LossTotals.of
    good_sums, bad_sums = (Guarded.of(rows, few, whole) for rows in (good, bad))
    assert (good_sums.whole, bad_sums.whole) == (None, LossTotals.of(bad))
    assert (bad_sums + bad_sums).whole == LossTotals.of(bad) + LossTotals.of(bad)
    for mixed in (good_sums + bad_sums, bad_sums + good_sums):
        assert mixed.whole is None
        assert mixed.few.are_in_doubt


def test_no_rows_and_no_weight_have_no_mean() -> None:
    with pytest.raises(DataError, match="the mean of no rows is undefined"):
        mean_of(MeanTotals.of(Rows(np.zeros(0, np.bool_), np.zeros(0))))
    with pytest.raises(DataError, match="all weights are 0, so there is no mean"):
        mean_binary_cross_entropy([1, 0], [0.5, 0.5], weights=[0, 0])


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=40))
def test_a_loss_has_the_digits_of_the_logarithm_of_all(pairs: list[tuple[bool, float]]) -> None:
    labels = np.array([label for label, _ in pairs], np.bool_)
    p = np.array([value for _, value in pairs], np.float64)
    assert losses_of(labels, p).tobytes() == exact_costs(p).of(labels).tobytes()
