"""Rows that are left out count for nothing, and the others keep their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.conventions import Convention
from bce_cli.core.evaluation import Evaluation, Plan, evaluate_rows
from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.evaluation import Result

conventions = st.sampled_from(
    [Convention(), Convention(0.01), Convention(like="torch"), Convention(like="lightgbm")]
)


def with_gaps(rows: Rows, gaps: list[int]) -> tuple[Rows, list[int]]:
    """Put so many placeholders before each row and at the end; say where each row went."""
    places: list[int] = []
    n = 0
    for gap in [*gaps[: len(rows)], *[0] * (len(rows) - len(gaps))]:
        n += gap
        places.append(n)
        n += 1
    n += gaps[-1]
    missing = np.ones(n, np.bool_)
    missing[places] = False

    def spread(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        wide = np.zeros(n, values.dtype)
        wide[places] = values
        return wide

    ids = None if rows.ids is None else [""] * n
    if ids is not None and rows.ids is not None:
        for place, text in zip(places, rows.ids, strict=True):
            ids[place] = text
    weights = None if rows.weights is None else spread(rows.weights)
    return (
        Rows(spread(rows.labels), spread(rows.probabilities), weights, ids, missing),
        places,
    )


gap_lists = st.lists(st.integers(0, 3), min_size=1, max_size=50)


@given(st.from_type(Rows), gap_lists, conventions)
def test_totals_are_those_of_the_rows_that_are_left(
    rows: Rows, gaps: list[int], convention: Convention
) -> None:
    gappy, places = with_gaps(rows, gaps)
    expected = LossTotals.of(rows, convention=convention)
    first = expected.first_impossible_row
    assert LossTotals.of(gappy, convention=convention) == replace(
        expected,
        n_missing=len(gappy) - len(rows),
        first_impossible_row=None if first is None else places[first - 1] + 1,
    )


@given(st.from_type(Rows), gap_lists, conventions)
def test_logits_of_rows_that_are_left_out_count_for_nothing(
    rows: Rows, gaps: list[int], convention: Convention
) -> None:
    logits = np.linspace(-3.0, 3.0, len(rows))
    rows = replace(rows, probabilities=sigmoid(logits), logits=logits)
    gappy, places = with_gaps(rows, gaps)
    spread = np.zeros(len(gappy))
    spread[places] = logits
    gappy = replace(gappy, probabilities=sigmoid(spread), logits=spread)
    expected = LossTotals.of(rows, convention=convention)
    assert LossTotals.of(gappy, convention=convention) == replace(
        expected, n_missing=len(gappy) - len(rows)
    )


def folded(pieces: list[Rows], plan: Plan) -> Result:
    evaluation = Evaluation(plan)
    for piece in pieces:
        evaluation += evaluate_rows(piece, plan, keep_rows=evaluation.needs_rows)
    return evaluation.result()


@given(
    st.from_type(Rows).map(lambda rows: replace(rows, weights=None)),
    gap_lists,
    st.lists(st.integers(0, 500), max_size=3),
    conventions,
)
def test_a_row_keeps_its_number_wherever_it_is_shown(
    split: Callable[[Rows, list[int]], list[Rows]],
    rows: Rows,
    gaps: list[int],
    cuts: list[int],
    convention: Convention,
) -> None:
    gappy, places = with_gaps(rows, gaps)
    number = {row: place + 1 for row, place in enumerate(places, start=1)}
    plan = Plan(convention, n_first=1000, n_worst=5)
    expected = folded([rows], plan)
    found = folded(split(gappy, cuts), plan)
    assert found.worst == tuple(replace(row, row=number[row.row]) for row in expected.worst)
    assert found.excerpt == tuple(replace(row, row=number[row.row]) for row in expected.excerpt)
    assert found.products == tuple(
        replace(
            product,
            subnormal_row=product.subnormal_row and number[product.subnormal_row],
            zero_row=product.zero_row and number[product.zero_row],
        )
        for product in expected.products
    )
