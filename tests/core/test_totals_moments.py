"""Standard errors of ratios, in plain and in clustered rows, against fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.groups import ClusterSums, grouped
from bce_cli.core.rows import Categories
from bce_cli.core.totals import Moments

if TYPE_CHECKING:
    from random import Random

    from bce_cli.core.rows import FloatArray

values_in_range = st.floats(-1e3, 1e3).filter(lambda x: x == 0.0 or abs(x) > 1e-100)
weights = st.sampled_from([0.0, 0.1, 1.0, 2.5]) | st.floats(1e-6, 1e6)
pairs = st.lists(st.tuples(values_in_range, weights, st.integers(0, 4)), min_size=1, max_size=20)


def exact_error(values: list[Fraction], divisors: list[Fraction]) -> float:
    """n / (n - 1) sum((u - r d)^2) / sum(d)^2, in fractions until the root."""
    n, total = sum(divisor > 0 for divisor in divisors), sum(divisors, Fraction(0))
    ratio = sum(values, Fraction(0)) / total
    residuals = (u - ratio * d for u, d in zip(values, divisors, strict=True))
    squares = sum((residual * residual for residual in residuals), Fraction(0))
    square = Fraction(n, n - 1) * squares / (total * total)
    with mpmath.workdps(60):
        return float(mpmath.sqrt(mpmath.mpf(square.numerator) / square.denominator))


def split(
    rows: list[tuple[float, float, int]],
) -> tuple[FloatArray, FloatArray, Categories]:
    values, divisors, codes = zip(*rows, strict=True)
    cluster = Categories(np.array(codes, np.int32), tuple("abcde"))
    weighted = np.where(np.array(divisors) > 0.0, values, 0.0)  # a row of weight 0 has no value
    return weighted, np.array(divisors), cluster


@given(pairs)
@example([(1.0, 1.0, 0), (1.0 + 2**-52, 1.0, 0)])  # all but equal: naive sums cancel
@example([(1e3, 1.0, 0), (1e3, 1e6, 0), (1e-99, 1e-6, 0)])
def test_a_standard_error_is_exact_but_for_the_last_rounding(
    rows: list[tuple[float, float, int]],
) -> None:
    values, divisors, _ = split(rows)
    assume(np.count_nonzero(divisors) > 1)
    found = Moments.of(values, divisors).standard_error()
    expected = exact_error([Fraction(u) for u in values], [Fraction(d) for d in divisors])
    assert found == pytest.approx(expected, rel=2**-52)


@given(st.lists(values_in_range, min_size=2, max_size=20))
def test_without_divisors_it_is_that_of_a_mean(values: list[float]) -> None:
    array = np.array(values)
    found = Moments.of(array)
    assert found == Moments.of(array, np.ones(len(array)))
    assert found.ratio == math.fsum(values) / len(values)
    spread = float(array.std(ddof=1)) / math.sqrt(len(values))
    largest = float(np.abs(array).max())
    assert found.standard_error() == pytest.approx(spread, rel=1e-9, abs=1e-14 * largest)


@given(pairs)
def test_with_clusters_it_is_that_of_their_sums(rows: list[tuple[float, float, int]]) -> None:
    values, divisors, cluster = split(rows)
    codes = sorted(set(cluster.codes[divisors > 0.0].tolist()))
    assume(divisors.sum() > 0.0)
    moments = ClusterSums.of(cluster, values, divisors).moments
    assert moments.n == len(codes)
    assert moments.values == ExactSum.of(values)
    assert moments.divisors == ExactSum.of(divisors)
    if len(codes) == 1:
        assert moments.standard_error() is None
        return
    sums = [
        [sum(map(Fraction, array[cluster.codes == code]), Fraction(0)) for code in codes]
        for array in (values, divisors)
    ]
    expected = exact_error(*sums)
    assert moments.standard_error() == pytest.approx(expected, rel=2**-52)


@given(pairs)
def test_a_cluster_for_each_row_is_none(rows: list[tuple[float, float, int]]) -> None:
    values, divisors, _ = split(rows)
    names = tuple(map(str, range(len(rows))))
    each = Categories(np.arange(len(rows), dtype=np.int32), names)
    for divisor in (divisors, None):
        clustered = ClusterSums.of(each, values, divisor).moments
        plain = Moments.of(values, divisor)
        assert (clustered.n, clustered.ratio) == (plain.n, plain.ratio)
        assert clustered.standard_error() == plain.standard_error()


@given(pairs, st.lists(st.booleans(), min_size=20, max_size=20))
def test_rows_without_a_divisor_count_for_nothing(
    rows: list[tuple[float, float, int]], flags: list[bool]
) -> None:
    values, divisors, cluster = split(rows)
    left_out = np.array(flags[: len(rows)])
    values, divisors = np.where(left_out, 0.0, values), np.where(left_out, 0.0, divisors)
    kept = np.flatnonzero(divisors)
    assert Moments.of(values, divisors) == Moments.of(values[kept], divisors[kept])
    alone = ClusterSums.of(cluster.at(kept), values[kept], divisors[kept])
    assert ClusterSums.of(cluster, values, divisors).moments == alone.moments


@given(pairs, st.integers(0, 20), st.randoms(use_true_random=False))
def test_cuts_order_and_the_places_of_names_change_no_cluster(
    rows: list[tuple[float, float, int]], cut: int, random: Random
) -> None:
    whole = ClusterSums.of(split(rows)[2], *split(rows)[:2])
    random.shuffle(rows)
    merged = ClusterSums()
    for piece in (rows[:cut], rows[cut:]):
        if piece:
            values, divisors, cluster = split(piece)
            names = tuple(reversed(cluster.names))
            renamed = Categories(np.subtract(4, cluster.codes, dtype=np.int32), names)
            merged += ClusterSums.of(renamed, values, divisors)
    assert merged == whole
    assert merged.moments == whole.moments


def test_adding_leaves_both_sides_as_they_were() -> None:
    days = Categories(np.zeros(1, np.int32), ("Mon",))
    left, right = ClusterSums.of(days, np.ones(1)), ClusterSums.of(days, np.ones(1))
    both = left + right
    assert both.moments.values == ExactSum.of_count(2)
    assert left == right


def test_a_name_at_two_places_is_one_cluster() -> None:
    twice = Categories(np.array([0, 1], np.int32), ("Mon", "Mon"))
    assert ClusterSums.of(twice, np.array([1.0, 2.0])).moments.n == 1


@pytest.mark.parametrize("n", [0, 1])
def test_there_is_no_error_of_one_value(n: int) -> None:
    assert Moments.of(np.ones(n)).standard_error() is None


def test_there_is_no_ratio_without_a_divisor() -> None:
    moments = Moments.of(np.zeros(3), np.zeros(3))
    assert (moments.ratio, moments.standard_error()) == (None, None)


def test_equal_values_have_an_error_of_exactly_zero() -> None:
    assert Moments.of(np.full(7, 0.1)).standard_error() == 0.0
    assert Moments.of(np.full(7, 0.1) * 0.5, np.full(7, 0.5)).standard_error() == 0.0


@given(
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 3))),
)
@example([(2.0**1000, 0), (1.0, 1), (-(2.0**1000), 0), (5e-324, 1)])
@example([(1e308, 0), (1e308, 0), (-1e308, 1)])
def test_sums_by_group_are_exact(cells: list[tuple[float, int]]) -> None:
    if not cells:
        assert ExactSum.by_group(np.zeros(0), np.zeros(0, np.intp)) == []
        return
    values, codes = np.array([cell[0] for cell in cells]), [cell[1] for cell in cells]
    column = Categories(np.array(codes, np.int32), ("a", "b", "c", "d"))
    order, starts, names = grouped((column,))
    found = ExactSum.by_group(values[order], starts)
    assert [name for (name,) in names] == [column.names[code] for code in sorted(set(codes))]
    for (name,), total in zip(names, found, strict=True):
        code = column.names.index(name)
        assert total == ExactSum.of(values[np.array(codes) == code])


@pytest.mark.few(2)
@pytest.mark.parametrize("n_groups", [1, 2, 4095, 4096, 4097, 9000])
def test_sums_of_many_groups_are_exact_where_they_cross_a_segment(n_groups: int) -> None:
    random = np.random.default_rng(n_groups)
    values = np.ldexp(random.uniform(0.5, 1.0, 9000), random.integers(-60, 60, 9000))
    codes = np.sort(random.integers(0, n_groups, 9000))
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = [*starts[1:].tolist(), 9000]
    expected = [ExactSum.of(values[a:b]) for a, b in zip(starts.tolist(), ends, strict=True)]
    assert ExactSum.by_group(values, starts) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_finite_numbers_are_summed_by_group(value: float) -> None:
    with pytest.raises(ValueError, match=r"^only finite numbers can be summed$"):
        ExactSum.by_group(np.array([1.0, value]), np.array([0, 1]))


def test_rows_of_a_group_keep_their_order_and_groups_that_of_their_codes() -> None:
    first = Categories(np.array([1, 0, 1, 0, 1], np.int32), ("a", "b"))
    second = Categories(np.array([0, 2, 0, 1, 2], np.int32), ("x", "y", "z"))
    order, starts, names = grouped((first, second))
    assert names == [("a", "y"), ("a", "z"), ("b", "x"), ("b", "z")]
    assert (order.tolist(), starts.tolist()) == ([3, 1, 0, 2, 4], [0, 1, 2, 4])


def test_more_groups_than_16_bits_hold_are_kept_apart() -> None:
    n = 70_000
    codes = np.arange(n, dtype=np.int32)[::-1].copy()
    order, starts, names = grouped((Categories(codes, tuple(map(str, range(n)))),))
    assert order.tolist() == list(range(n))[::-1]
    assert (len(starts), names[65_536], names[-1]) == (n, ("65536",), ("69999",))


def test_nothing_is_divided_by_nothing() -> None:
    assert Moments(2).ratio is None
    assert Moments(2).standard_error() is None
