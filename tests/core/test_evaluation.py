from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli import Convention, LossTotals
from bce_cli.core.evaluation import Evaluation, Plan, Result, evaluate_rows
from bce_cli.core.extremes import WorstRows
from bce_cli.core.likelihood import FLOAT_TYPES, ExampleRow, RunningProduct
from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    Split = Callable[[Rows, list[int]], list[Rows]]

unweighted = st.from_type(Rows).map(lambda rows: replace(rows, weights=None))
weighted = st.from_type(Rows).filter(lambda rows: rows.weights is not None)
places = st.lists(st.integers(0, 40), max_size=6)
plans = st.builds(
    Plan,
    convention=st.sampled_from([Convention(), Convention(1e-15), Convention(0.01)]),
    with_product=st.just(True),
    n_first=st.none() | st.integers(0, 10),
    n_worst=st.integers(0, 5),
    with_log_product=st.booleans(),
)

# A float64 product that is lost in row 8, with rows to spare on both sides.
LOST_IN_ROW_8 = Rows(np.ones(15, np.bool_), np.array([0.5] * 4 + [1e-100] * 4 + [0.25] * 7))


def _folded(pieces: list[Rows], plan: Plan, *, keep_all: bool = False) -> Result:
    evaluation = Evaluation(plan)
    for piece in pieces:
        keep = keep_all or evaluation.needs_rows
        evaluation += evaluate_rows(piece, plan, keep_rows=keep)
    return evaluation.result()


def _every_row(rows: Rows, convention: Convention) -> list[ExampleRow]:
    scored = convention.score(rows)
    losses = scored.losses.tolist()
    examples, product = [], np.float64(1.0)
    for i, likelihood in enumerate(scored.likelihoods):
        product *= likelihood
        examples.append(
            ExampleRow(
                row=i + 1,
                id=None if rows.ids is None else rows.ids[i],
                label=int(rows.labels[i]),
                prediction=float(rows.probabilities[i]),
                weight=None,
                likelihood=float(likelihood),
                loss=losses[i],
                running_product=float(product),
                running_log_likelihood=-math.fsum(losses[: i + 1]),
            )
        )
    return examples


def _shown(examples: list[ExampleRow], n_first: int) -> tuple[ExampleRow, ...]:
    """Pick the first rows, two before and one after the row that lost the product, and the last."""
    lost = next((shown.row for shown in examples if shown.running_product == 0.0), -9)
    wanted = {*range(1, n_first + 1), *range(lost - 2, lost + 2), len(examples)}
    return tuple(shown for shown in examples if shown.row in wanted)


@given(unweighted, places, plans)
@example(LOST_IN_ROW_8, [], Plan(n_first=1))
@example(LOST_IN_ROW_8, [7], Plan(n_first=2))
@example(LOST_IN_ROW_8, [6, 7, 8, 9], Plan(n_first=0))
@example(LOST_IN_ROW_8, [8], Plan(n_first=10))
@example(LOST_IN_ROW_8, [8, 8, 10], Plan(n_first=3, n_worst=3))
def test_a_result_is_that_of_the_definitions_however_the_rows_are_cut(
    split: Split, rows: Rows, places: list[int], plan: Plan
) -> None:
    result = _folded(split(rows, places), plan)
    scored = plan.convention.score(rows)
    assert result.totals == LossTotals.of(rows, convention=plan.convention)
    assert result.worst == WorstRows.of(rows, scored.losses, plan.n_worst).rows
    assert [product.dtype for product in result.products] == list(FLOAT_TYPES)
    for product in result.products:
        running = RunningProduct(product.dtype)
        running.extend(scored.likelihoods)
        assert product == running.result()
    if plan.n_first is None:
        assert result.excerpt == ()
    else:
        assert result.excerpt == _shown(_every_row(rows, plan.convention), plan.n_first)


@given(weighted, places, plans)
@example(replace(LOST_IN_ROW_8, weights=np.full(15, 2.0)), [5], Plan(n_first=10))
def test_a_weighted_result_does_not_depend_on_how_the_rows_are_cut(
    split: Split, rows: Rows, places: list[int], plan: Plan
) -> None:
    assert _folded(split(rows, places), plan) == _folded([rows], plan)


@given(unweighted, places, plans)
@example(LOST_IN_ROW_8, [3, 9], Plan(n_first=2))
def test_rows_that_come_back_unasked_change_nothing(
    split: Split, rows: Rows, places: list[int], plan: Plan
) -> None:
    pieces = split(rows, places)
    assert _folded(pieces, plan, keep_all=True) == _folded(pieces, plan)


@given(unweighted, places)
def test_without_a_product_no_rows_are_kept_and_the_sums_are_the_same(
    split: Split, rows: Rows, places: list[int]
) -> None:
    plan = Plan(with_product=False, n_worst=2)
    assert not Evaluation(plan).needs_rows
    result = _folded(split(rows, places), plan)
    assert result == replace(_folded([rows], Plan(n_worst=2)), products=())


def test_a_part_that_need_not_keep_its_rows_keeps_the_last_one() -> None:
    part = evaluate_rows(LOST_IN_ROW_8, Plan(), keep_rows=False)
    assert (len(part.kept), part.last) == (1, len(LOST_IN_ROW_8) - 1)
    assert part.kept.likelihoods.tolist() == [0.25]
    assert part.kept.rows.probabilities.base is None  # holds on to no other row
    assert evaluate_rows(LOST_IN_ROW_8, Plan(), keep_rows=True).kept.rows is LOST_IN_ROW_8


@pytest.mark.parametrize(("n_first", "needed_until"), [(None, 8), (0, 9), (5, 9), (12, 12)])
def test_rows_are_needed_until_the_product_is_lost_and_the_excerpt_is_full(
    split: Split, n_first: int | None, needed_until: int
) -> None:
    plan = Plan(n_first=n_first)
    evaluation = Evaluation(plan)
    needed = []
    for piece in split(LOST_IN_ROW_8, list(range(1, 15))):
        needed.append(evaluation.needs_rows)
        evaluation += evaluate_rows(piece, plan, keep_rows=evaluation.needs_rows)
    assert needed == [True] * needed_until + [False] * (15 - needed_until)


def test_no_rows_make_an_empty_result() -> None:
    result = Evaluation(Plan(n_first=3, n_worst=3)).result()
    assert (result.totals, result.worst, result.excerpt) == (LossTotals(), (), ())
    assert [product.product for product in result.products] == [1.0, 1.0, 1.0]
