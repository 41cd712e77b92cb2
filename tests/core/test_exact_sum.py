from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli import ExactSum
from bce_cli.core.groups import ordered

if TYPE_CHECKING:
    from random import Random

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray

UNIT = Fraction(1, 2**1074)
NINE_ZEROS = [0.0] * 9  # with fewer values, these are added up one by one

finite = st.floats(allow_nan=False, allow_infinity=False)
moderate = finite.filter(lambda x: x == 0.0 or 1e-100 <= abs(x) <= 1e100)  # products stay exact
large = finite.filter(lambda x: x == 0.0 or abs(x) >= 1e-20)


def _exact(values: list[float]) -> Fraction:
    return sum(map(Fraction, values), Fraction(0))


def _rounded(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@given(st.lists(finite, max_size=50))
@example([1e16, 1.0, -1e16])
@example([2.0**53, 1.0, 5e-324])  # a tie but for the smallest number
@example([1e300, 5e-324, -1e300])
@example([-1e-300, 0.0])
@example([2.0**900, -(2.0**900), 1.0])
@example([1e305, 3e305, 1.0])
@example([math.nextafter(2.0**900, 0.0)] * 3)
@example([1.7976931348623157e308, 1.7976931348623157e308, -1.7976931348623157e308])
def test_a_sum_is_exact(values: list[float]) -> None:
    total = ExactSum.of(np.array(values))
    assert total.units * UNIT == _exact(values)
    assert float(total) == _rounded(_exact(values))
    assert ExactSum.of(np.array([*values, *NINE_ZEROS])) == total


def test_no_unit_of_a_subnormal_number_is_lost() -> None:
    for units in (2**43 + 1, 10048033159109, 2**44 - 1, 2**52 - 1):  # the last cut leaves one unit
        for sign in (1, -1):
            value = math.ldexp(sign * units, -1074)
            assert ExactSum.of(np.array([value, 0.0])).units == sign * units
            assert ExactSum.of(np.array([value, *NINE_ZEROS])).units == sign * units


@given(st.lists(st.floats(-1e300, 1e300), max_size=50))
def test_a_sum_rounds_as_fsum_does(values: list[float]) -> None:
    assert float(ExactSum.of(np.array(values))) == math.fsum(values)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sum_beyond_the_largest_number_is_infinite(sign: float) -> None:
    assert float(ExactSum.of(np.full(2, sign * 1.7976931348623157e308))) == sign * math.inf


@given(st.lists(finite, max_size=50), st.randoms(use_true_random=False), st.integers(0, 50))
def test_neither_order_nor_grouping_changes_a_sum(
    values: list[float], random: Random, cut: int
) -> None:
    whole = ExactSum.of(np.array(values))
    random.shuffle(values)
    left, right = ExactSum.of(np.array(values[:cut])), ExactSum.of(np.array(values[cut:]))
    assert left + right == right + left == whole
    assert whole - left == right


@pytest.mark.few(6)
@pytest.mark.parametrize("n", [1, 4095, 4096, 4097, 8191, 65535, 65536, 65537, 131073])
@pytest.mark.parametrize("least_exponent", [0, -600])
def test_a_sum_of_many_numbers_is_exact(n: int, least_exponent: int) -> None:
    random = np.random.default_rng(n)
    exponents = random.integers(least_exponent, 1, n)
    values = np.ldexp(random.uniform(0.5, 1.0, n), exponents)  # of one sign: sums need most bits
    ratios = (value.as_integer_ratio() for value in values.tolist())
    total = ExactSum.of(values)
    assert total.units == sum(top * (2**1074 // bottom) for top, bottom in ratios)
    assert float(total) == math.fsum(values)


@pytest.mark.parametrize("value", [math.nextafter(1.0, 0.0), math.nextafter(2.0**-40, 1.0), -0.1])
@pytest.mark.parametrize("n", [4096, 65536, 65537])
def test_equal_numbers_fill_a_segment_without_loss(value: float, n: int) -> None:
    assert ExactSum.of(np.full(n, value)).units * UNIT == n * Fraction(value)


def test_the_largest_remainders_fill_a_segment_without_loss() -> None:
    for beside, low in product(range(84, 92), range(42, 47)):  # of whole numbers of 53 bits
        value = 2**52 + 2**low - 1
        total = ExactSum.of(np.array([2.0**beside] + [float(value)] * 4096))
        assert total.units * UNIT == 2**beside + 4096 * value


@pytest.mark.parametrize("place", [0, 4096, 65536])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_finite_numbers_are_summed(value: float, place: int) -> None:
    values = np.ones(65537)
    values[place] = value
    with pytest.raises(ValueError, match=r"^only finite numbers can be summed$"):
        ExactSum.of(values)


def test_integers_are_summed_as_far_as_float64_holds_them() -> None:
    assert float(ExactSum.of(np.array([2**53, 1, -(2**53)]))) == 1.0
    for beyond in (2**53 + 1, -(2**53) - 1):
        with pytest.raises(ValueError, match=r"^integers beyond 2\*\*53 are not exact in float64$"):
            ExactSum.of(np.array([0, beyond]))


def test_nothing_sums_to_zero() -> None:
    empty = np.array([])
    assert ExactSum.of(empty) == ExactSum.of_products(empty, empty) == ExactSum.of_count(0)
    assert float(ExactSum()) == 0.0


def test_a_count_is_a_sum_of_ones() -> None:
    assert ExactSum.of_count(4097) == ExactSum.of(np.ones(4097))


def test_the_summed_array_is_left_as_it_was() -> None:
    values = np.array([1e300, 0.1, 1e-300])
    ExactSum.of(values)
    ExactSum.of_products(values, values)
    assert values.tolist() == [1e300, 0.1, 1e-300]


@given(st.lists(st.tuples(moderate, moderate), max_size=50))
def test_a_sum_of_products_is_exact(pairs: list[tuple[float, float]]) -> None:
    left, right = np.array(pairs).reshape(-1, 2).T
    expected = sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0))
    assert ExactSum.of_products(left, right).units * UNIT == expected


@given(st.lists(st.tuples(large, large), max_size=20))
@example([(1e200, 1e200)])  # the product overflows
@example([(1e301, 1e-40)])  # a factor too large to be split, with an ordinary product
@example([(1e200, -1e200), (0.1, 0.1), (3.0, 1e308)])
@example([(2.0**1023, 2.0**-1023)])
@example([(0.0, 1e301)])
def test_a_sum_of_products_with_huge_factors_is_exact(pairs: list[tuple[float, float]]) -> None:
    left, right = np.array(pairs).reshape(-1, 2).T
    exact = ExactSum.of_products(left, right).units
    expected = sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0)) / UNIT
    assert exact == expected


@given(st.lists(st.tuples(finite, finite), max_size=20))
@example([(1e301, 1e-320)])
def test_a_product_that_underflows_is_off_by_two_units_at_most(
    pairs: list[tuple[float, float]],
) -> None:
    left, right = np.array(pairs).reshape(-1, 2).T
    expected = sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0)) / UNIT
    assert abs(ExactSum.of_products(left, right).units - expected) <= 2 * len(pairs)


@given(st.lists(st.tuples(finite, finite), max_size=20), st.integers(0, 20))
@example([(1e200, 1e200), (1e-170, -1e-170)], 1)  # a huge product beside a vanishing one
@example([(1.0, 1.0), (1.9 * 2.0**-538, 1.9 * 2.0**-538)], 1)  # that is rounded up to a unit
def test_grouping_does_not_change_a_sum_of_products(
    pairs: list[tuple[float, float]], cut: int
) -> None:
    left, right = np.array(pairs).reshape(-1, 2).T
    first = ExactSum.of_products(left[:cut], right[:cut])
    assert first + ExactSum.of_products(left[cut:], right[cut:]) == ExactSum.of_products(
        left, right
    )


@pytest.mark.few(3)
@pytest.mark.parametrize("n", [4095, 4096, 4097, 65535, 65536, 65537])
def test_a_sum_of_many_products_is_exact(n: int) -> None:
    random = np.random.default_rng(n)
    left, right = random.standard_normal((2, n))
    expected = sum(map(Fraction.__mul__, map(Fraction, left), map(Fraction, right)), Fraction(0))
    assert ExactSum.of_products(left, right).units * UNIT == expected
    squares = ExactSum.of_products(left, left)
    assert squares == ExactSum.of_products(left, left.copy())


def group_sums(values: FloatArray, groups: npt.NDArray[np.intp]) -> dict[int, ExactSum]:
    order, starts, found = ordered(groups)
    return dict(zip(found, ExactSum.by_group(values[order], starts), strict=True))


@given(
    st.lists(
        st.tuples(
            st.floats(-1e300, 1e300) | st.sampled_from([1e308, -1e308, 5e-324, 0.0, 0.1]),
            st.integers(0, 4),
        )
    )
)
def test_groups_are_summed_exactly(pairs: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in pairs])
    groups = np.array([group for _, group in pairs], np.intp)
    for group, total in group_sums(values, groups).items():
        assert total.units * UNIT == sum(Fraction(value) for value, own in pairs if own == group)


def test_groups_of_many_values_are_summed_exactly() -> None:
    random = np.random.default_rng(1)
    values = random.lognormal(0.0, 20.0, 300_001)
    groups = random.integers(0, 7, len(values))
    expected = {group: ExactSum.of(values[groups == group]) for group in range(7)}
    assert group_sums(values, groups) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_only_finite_numbers_are_summed_in_groups(bad: float) -> None:
    with pytest.raises(ValueError, match="only finite numbers can be summed"):
        group_sums(np.array([1.0, bad]), np.array([0, 1]))
