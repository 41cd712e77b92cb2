"""Sums of products of all pairs of columns: the same as those of each pair, to the last unit."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bce_cli.core.comparison.cross_products import pair_products
from bce_cli.core.exact_sum import ExactSum
from tests.budgets import examples

RNG = np.random.default_rng(19)


def one_by_one(columns: list[np.ndarray]) -> tuple[ExactSum, ...]:
    return tuple(ExactSum.of_products(*pair) for pair in combinations_with_replacement(columns, 2))


def exponential(n: int) -> np.ndarray:
    return RNG.exponential(size=n)


def of_all_sizes(n: int) -> np.ndarray:
    return np.where(RNG.random(n) < 0.1, 10.0 ** RNG.uniform(-60, 2, n), exponential(n))


CASES: dict[str, list[np.ndarray]] = {
    "none": [],
    "one": [exponential(3)],
    "no rows": [np.zeros(0)] * 3,
    "zeros": [np.zeros(5)] * 3,
    "less than a segment": [exponential(7) for _ in range(4)],
    "more than a chunk": [exponential(20_001) for _ in range(3)],
    "of both signs": [exponential(1025) * RNG.choice([-1.0, 1.0], 1025) for _ in range(3)],
    "of all sizes": [of_all_sizes(2000) for _ in range(3)],
    "a column of zeros": [np.zeros(600), exponential(600), exponential(600)],
    "powers of two, where slices are full": [np.full(513, 2.0), np.full(513, 2.0 - 2.0**-52)] * 2,
    "too large": [exponential(9) * 1e200, exponential(9)],
    "too small": [exponential(9) * 1e-200, exponential(9) * 1e-200],
    "large weights": [exponential(600) * 1e80, exponential(600) * 1e-10],
}


@pytest.mark.parametrize("columns", CASES.values(), ids=CASES)
def test_all_pairs_at_once_are_each_pair(columns: list[np.ndarray]) -> None:
    assert pair_products(columns) == one_by_one(columns)


@pytest.mark.deep
def test_more_than_a_block_of_many_columns_is_each_pair() -> None:
    columns = [exponential(70_000) for _ in range(5)]
    assert pair_products(columns) == one_by_one(columns)


@settings(max_examples=examples(100))
@given(st.integers(1, 4).flatmap(lambda k: arrays(np.float64, (k, 6), elements=st.floats(0, 800))))
def test_sums_of_any_losses_are_those_of_each_pair(columns: np.ndarray) -> None:
    found, expected = pair_products([*columns]), one_by_one([*columns])
    # What is below 2**-1074 of a product is rounded, here and there in other places.
    most = 2 * columns.shape[1]
    assert all(abs(a.units - b.units) <= most for a, b in zip(found, expected, strict=True))
