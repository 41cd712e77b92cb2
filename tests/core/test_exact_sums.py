"""Sums side by side are those of Python integers, whatever is done to them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.exact_sum import UNITS_OF_ONE, ExactSum
from bce_cli.core.exact_sums import ExactSums
from tests.budgets import examples

if TYPE_CHECKING:
    from random import Random

    from bce_cli.core.rows import FloatArray, Places

values = st.floats(-10.0, 10.0) | st.floats(allow_nan=False, allow_infinity=False)
groups_of_pairs = st.lists(
    st.lists(st.tuples(values, values), min_size=1, max_size=4), min_size=1, max_size=5
)


def laid_out(groups: list[list[float]]) -> tuple[FloatArray, Places]:
    sizes = [len(group) for group in groups]
    return np.concatenate(groups).astype(np.float64), np.cumsum([0, *sizes[:-1]])


def units_of(groups: list[list[float]]) -> list[int]:
    return [ExactSum.of(np.array(group)).units for group in groups]


@settings(max_examples=examples(300))
@given(groups_of_pairs, st.randoms(use_true_random=False))
def test_sums_are_those_of_integers(
    groups: list[list[tuple[float, float]]], random: Random
) -> None:
    ones, others = ([[pair[i] for pair in group] for group in groups] for i in (0, 1))
    (left, starts), (right, _) = laid_out(ones), laid_out(others)
    expected, n = units_of(ones), len(groups)
    sums = ExactSums.of(left, starts)
    assert sums.units() == expected
    assert sums == ExactSums.of_units(expected) == pickle.loads(pickle.dumps(sums))  # noqa: S301
    assert sums.nonzero().tolist() == [unit != 0 for unit in expected]
    assert sums.less(ExactSums.of(right, starts)).units() == [
        one - other for one, other in zip(expected, units_of(others), strict=True)
    ]
    ends = [*starts[1:], len(left)]
    assert ExactSums.of_products(left, right, starts).totals() == [
        ExactSum.of_products(left[start:end], right[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]
    places = random.sample(range(n + 2), n)
    more = sums.resized(n + 2)
    for _ in range(3):
        more.add(np.array(places), sums)
    wanted = [*expected, 0, 0]
    for place, unit in zip(places, expected, strict=True):
        wanted[place] += 3 * unit
    assert more.units() == wanted
    assert more.at(np.array(places)).units() == [wanted[place] for place in places]
    if (parts := more.parts()) is not None:
        assert units_of([list(part) for part in zip(*parts, strict=True)]) == wanted


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_carry_goes_through_all_digits(sign: float) -> None:
    bits = [sign * 2.0**exponent for exponent in range(31, -65, -1)]
    sums = ExactSums.of(np.array([*bits, 0.5]), np.array([0, len(bits)]))
    sums.add(np.array([0]), ExactSums.of(np.array([sign * 2.0**-64]), np.array([0])))
    assert sums.units() == [int(sign) << (32 + 1074), UNITS_OF_ONE // 2]


def test_groups_that_span_blocks_are_summed_whole() -> None:
    numbers = np.arange(200_000, dtype=np.float64) / 1024.0
    starts = np.array([0, 1, 3, 70_000, 199_999])
    assert ExactSums.of(numbers, starts).totals() == ExactSum.by_group(numbers, starts)
    ends = [*starts[1:], len(numbers)]
    assert ExactSum.by_group(numbers, starts) == [
        ExactSum.of(numbers[start:end]) for start, end in zip(starts, ends, strict=True)
    ]


def test_counts_are_sums_of_ones() -> None:
    counts = np.array([0, 3, 2**40])
    assert ExactSums.of_counts(counts).totals() == list(map(ExactSum.of_count, counts.tolist()))
