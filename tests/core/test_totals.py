from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import Convention, ExactSum, LabelError, LossTotals, binary_cross_entropy, loss_totals
from bce_cli.core import totals
from bce_cli.core.rows import Rows
from bce_cli.core.rules import RULES
from bce_cli.core.totals import Float32Sum

if TYPE_CHECKING:
    from collections.abc import Callable

clips = st.sampled_from([Convention(), Convention(1e-15), Convention(0.01)])
conventions = clips | st.sampled_from([Convention(like=name) for name in RULES])
places = st.lists(st.integers(0, 40), max_size=4)


@given(st.from_type(Rows), places, conventions)
def test_totals_do_not_depend_on_how_the_rows_are_cut(
    split: Callable[[Rows, list[int]], list[Rows]],
    rows: Rows,
    places: list[int],
    convention: Convention,
) -> None:
    parts = [LossTotals.of(piece, convention=convention) for piece in split(rows, places)]
    assert sum(parts, LossTotals()) == LossTotals.of(rows, convention=convention)


@given(st.from_type(Rows), places)
def test_all_but_the_first_impossible_row_is_the_same_in_any_order(
    split: Callable[[Rows, list[int]], list[Rows]], rows: Rows, places: list[int]
) -> None:
    backwards = [LossTotals.of(piece) for piece in reversed(split(rows, places))]
    merged = replace(sum(backwards, LossTotals()), first_impossible_row=None)
    assert merged == replace(LossTotals.of(rows), first_impossible_row=None)


@given(st.from_type(Rows))
def test_weights_of_one_change_nothing(rows: Rows) -> None:
    ones = replace(rows, weights=np.ones(len(rows)))
    assert LossTotals.of(ones) == LossTotals.of(replace(rows, weights=None))


@given(st.from_type(Rows), st.sampled_from([1, 2, 4, 8]))
def test_a_weight_of_a_power_of_two_counts_a_row_so_many_times(rows: Rows, times: int) -> None:
    weighted = LossTotals.of(replace(rows, weights=np.full(len(rows), float(times))))
    repeated = sum([LossTotals.of(replace(rows, weights=None))] * times, LossTotals())
    for name in ("weights", "positive_weights", "impossible_divisors", "losses", "squared_errors"):
        assert getattr(weighted, name) == getattr(repeated, name)


@given(st.from_type(Rows), clips)
def test_every_sum_is_what_fsum_says(rows: Rows, convention: Convention) -> None:
    totals = LossTotals.of(rows, convention=convention)
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    clip = 0.0 if convention.clip is None else convention.clip
    clipped = np.clip(rows.probabilities, clip, 1.0 - clip)
    losses = binary_cross_entropy(rows.labels, clipped)
    wrong = rows.probabilities == np.where(rows.labels, 0.0, 1.0)
    finite = np.isfinite(losses)
    assert totals.n == len(rows)
    assert totals.n_positive == sum(rows.labels.tolist())
    assert totals.n_impossible == sum(wrong.tolist())
    assert totals.n_infinite == sum((~finite & (weights > 0.0)).tolist())
    assert totals.n_clipped == sum((clipped != rows.probabilities).tolist())
    first = next((row for row, is_hit in enumerate(wrong, start=1) if is_hit), None)
    assert totals.first_impossible_row == first
    weighted = weights[finite] * losses[finite]
    errors = np.where(rows.labels, 1.0, 0.0) - rows.probabilities
    for total, terms in (
        (totals.weights, weights),
        (totals.positive_weights, weights[rows.labels]),
        (totals.divisors, weights),
        (totals.impossible_divisors, weights[wrong]),
        (totals.losses, weighted),
        (totals.impossible_losses, weights[wrong & finite] * losses[wrong & finite]),
        (totals.squared_errors, weights * (errors * errors)),
    ):
        assert float(total) == math.fsum(terms.tolist())
    assert totals.loss_squares == ExactSum.of_products(weighted, weighted)
    assert totals.loss_divisors == ExactSum.of_products(weighted, weights[finite])
    assert totals.divisor_squares == totals.weight_squares
    assert totals.weight_squares == ExactSum.of_products(weights, weights)


def test_the_first_impossible_row_is_counted_from_the_start_of_all_rows() -> None:
    fine, wrong = loss_totals([1, 0], [0.5, 0.5]), loss_totals([1, 1, 0], [0.5, 0.0, 1.0])
    assert wrong.first_impossible_row == 2
    assert (fine + fine + wrong).first_impossible_row == 6
    assert (wrong + fine + wrong).first_impossible_row == 2


def test_losses_that_the_caller_has_are_taken_as_they_are() -> None:
    rows = Rows(np.array([True, False]), np.array([0.5, 0.5]))
    assert float(LossTotals.of(rows, np.array([2.0, 3.0])).losses) == 5.0


def test_where_the_mean_is_over_rows_each_row_is_one_divisor() -> None:
    torch = Convention(like="torch")
    found = loss_totals([1, 0], [0.0, 0.5], weights=[3.0, 2.0], convention=torch)
    one, two = ExactSum.of_count(1), ExactSum.of_count(2)
    assert (found.divisors, found.impossible_divisors, found.divisor_squares) == (two, one, two)
    assert found.loss_divisors == found.losses


def test_arrays_are_checked() -> None:
    with pytest.raises(LabelError, match=r"^labels\[1\] = 3\.0 is not 0 or 1$"):
        loss_totals([1, 3], [0.5, 0.5])


@pytest.mark.parametrize("n", range(1, 10))
def test_weights_are_added_up_in_pairs_in_single_precision(n: int) -> None:
    weights = np.random.default_rng(n).lognormal(0.0, 9.0, n).astype(np.float32)
    begun = 2 - n % 2
    total = weights[0] if begun == 1 else weights[0] + weights[1]
    for place in range(begun, n, 2):
        total += weights[place] + weights[place + 1]
    parts = [Float32Sum.of(part.astype(np.float64)) for part in np.array_split(weights, 3)]
    assert (parts[0] + parts[1] + parts[2]).value == float(total)


@pytest.mark.parametrize(
    "weights", [[], [0.0], [0.0, 0.0, 0.0], [3e38] * 2, [1.0] + [3e38] * 2, [1e39]]
)
def test_a_sum_in_single_precision_that_nothing_can_be_divided_by_is_none(
    weights: list[float],
) -> None:
    assert Float32Sum.of(np.array(weights)).value is None


def test_weights_are_held_up_to_a_number_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "MOST_HELD_WEIGHTS", 3)
    two, one = Float32Sum.of(np.array([0.5, 0.25])), Float32Sum.of(np.array([2.0]))
    assert (one.value, (two + one).n, (two + one).value) == (2.0, 3, 2.75)
    assert Float32Sum.of(np.array([0.5])).value == 0.5
    assert two + one + one == Float32Sum(4, b"")
    assert (two + one + one).value is None
