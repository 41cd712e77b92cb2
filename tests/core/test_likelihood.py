from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli import LabelError, LossTotals, ProbabilityError, likelihood_product
from bce_cli.core.evaluation import Evaluation, Plan, evaluate_rows
from bce_cli.core.likelihood import (
    FLOAT_TYPES,
    FloatType,
    LikelihoodProduct,
    LogProduct,
    RunningProduct,
)
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray

likelihoods = st.lists(
    st.floats(0.0, 1.0)
    | st.sampled_from([1.0, 0.5, 0.25, 0.9, 0.999, 1e-3, 1e-30, 1e-150, 5e-324, 0.0])
    | st.floats(0.9, 1.0),
    max_size=80,
)
float_types = pytest.mark.parametrize("dtype", FLOAT_TYPES)


class Outcome(NamedTuple):
    product: float
    subnormal_row: int | None
    zero_row: int | None


def _outcome(product: LikelihoodProduct) -> Outcome:
    return Outcome(product.product, product.subnormal_row, product.zero_row)


def _step_by_step(factors: FloatArray, dtype: FloatType) -> Outcome:
    kind = np.dtype(dtype).type
    tiny = np.finfo(kind).smallest_normal
    product, subnormal_row, zero_row = kind(1.0), None, None
    with np.errstate(all="ignore"):
        for row, factor in enumerate(factors, start=1):
            product = kind(product * kind(factor))
            if subnormal_row is None and product < tiny:
                subnormal_row = row
            if zero_row is None and product == 0.0:
                zero_row = row
    return Outcome(float(product), subnormal_row, zero_row)


def _running(pieces: list[FloatArray], dtype: FloatType) -> Outcome:
    running = RunningProduct(dtype)
    for piece in pieces:
        running.extend(piece)
    outcome = _outcome(running.result())
    assert running.value == outcome.product
    assert running.is_zero == (outcome.zero_row is not None)
    return outcome


@float_types
@given(likelihoods, st.lists(st.integers(0, 80), max_size=5))
@example([1e-300, 1e-8, 0.1, 1e-7, *[0.999] * 20, *[0.7] * 30, 0.4], [3, 10, 40])
@example([2.0**-14, 0.5, *[0.9] * 60, 0.5, 0.5], [1, 2, 20])
@example([2.0**-14, 0.5, *[0.9] * 60], [2, 36, 38, 40, 42, 44])  # nearly stuck
def test_a_running_product_is_rounded_after_each_row_however_it_is_cut(
    dtype: FloatType, values: list[float], places: list[int]
) -> None:
    factors = np.array(values, np.float64)
    ends = [0, *sorted(place % (len(values) + 1) for place in places), len(values)]
    pieces = [factors[start:end] for start, end in pairwise(ends)]
    assert _running(pieces, dtype) == _step_by_step(factors, dtype)


@pytest.mark.deep
@pytest.mark.few(4)
@float_types
@pytest.mark.parametrize("size", [1000, 65536, 70000, 140000])
def test_a_long_product_equals_the_plain_loop(dtype: FloatType, size: int) -> None:
    factors = np.random.default_rng(7).uniform(0.985, 0.995, 140_000)
    pieces = [factors[start : start + size] for start in range(0, len(factors), size)]
    expected = _step_by_step(factors, dtype)
    assert expected.subnormal_row is not None
    assert _running(pieces, dtype) == expected


@pytest.mark.few(4)
@float_types
@pytest.mark.parametrize("factor", [0.51, 0.75, 0.9, 0.99])
def test_factors_above_one_half_get_stuck_at_a_subnormal_number(
    dtype: FloatType, factor: float
) -> None:
    factors = np.full(90_000, factor)
    product, subnormal_row, zero_row = _running([factors], dtype)
    assert (product, subnormal_row, zero_row) == _step_by_step(factors, dtype)
    step = Fraction(float(np.finfo(dtype).smallest_subnormal))
    shrinkage = 1 - Fraction(float(np.dtype(dtype).type(factor)))
    n_steps = Fraction(product) / step
    assert n_steps * shrinkage <= Fraction(1, 2) <= (n_steps + 1) * shrinkage
    assert subnormal_row is not None
    assert zero_row is None


@pytest.mark.parametrize("factor", [0.5, 0.25, 0.1, 0.3, 0.499, 0.501, 0.6, 0.75, 0.9])
def test_the_lost_rows_agree_with_rational_arithmetic(factor: float) -> None:
    product, subnormal_row, zero_row = 1.0, None, None
    for row in range(1, 8001):
        product = float(Fraction(product) * Fraction(factor))
        if subnormal_row is None and product < 2.0**-1022:
            subnormal_row = row
        if product == 0.0:
            zero_row = row
            break
    lost = likelihood_product(np.ones(8000), np.full(8000, factor))
    assert _outcome(lost) == (product, subnormal_row, zero_row)


@pytest.mark.parametrize(
    ("dtype", "factor", "subnormal_row", "zero_row"),
    [
        ("float64", 0.5, 1023, 1075),
        ("float64", 0.25, 512, 538),
        ("float64", 2.0**-10, 103, 108),
        ("float32", 0.5, 127, 150),
        ("float32", 0.25, 64, 75),
        ("float16", 0.5, 15, 25),
        ("float16", 0.25, 8, 13),
    ],
)
def test_powers_of_two_are_lost_where_the_exponent_ends(
    dtype: FloatType, factor: float, subnormal_row: int, zero_row: int
) -> None:
    rows = [0] * 2000
    lost = likelihood_product(rows, np.full(2000, 1.0 - factor), dtype)
    assert _outcome(lost) == (0.0, subnormal_row, zero_row)
    kept = likelihood_product(rows[: zero_row - 1], np.full(zero_row - 1, 1.0 - factor), dtype)
    assert kept.product == factor ** (zero_row - 1)
    assert (kept.subnormal_row, kept.zero_row) == (subnormal_row, None)


@float_types
def test_the_limits_are_those_of_the_type(dtype: FloatType) -> None:
    product = likelihood_product([], [], dtype)
    limits = np.finfo(dtype)
    assert product.dtype == dtype
    assert product.smallest_normal == limits.smallest_normal
    assert product.smallest_subnormal == limits.smallest_subnormal
    assert _outcome(product) == (1.0, None, None)


def test_a_long_double_is_multiplied_in_its_own_range() -> None:
    limits = np.finfo(np.longdouble)
    n = -limits.minexp
    kept = likelihood_product([1] * n, [0.5] * n, "longdouble")
    assert kept.product == limits.smallest_normal
    assert kept.subnormal_row is None
    assert kept.smallest_normal == limits.smallest_normal
    assert kept.smallest_subnormal == limits.smallest_subnormal
    assert kept.log_of_product == pytest.approx(n * math.log(0.5), rel=2**-52, abs=0)
    assert likelihood_product([1] * (n + 1), [0.5] * (n + 1), "longdouble").subnormal_row == n + 1


@float_types
def test_an_impossible_row_is_lost_at_once(dtype: FloatType) -> None:
    lost = likelihood_product([1, 0, 1], [0.5, 1.0, 0.5], dtype)
    assert _outcome(lost) == (0.0, 2, 2)
    assert lost.log_of_product == -math.inf


def test_the_logarithm_of_the_product_is_that_of_the_rounded_number() -> None:
    assert likelihood_product([1, 0], [0.5, 0.5]).log_of_product == math.log(0.25)
    assert likelihood_product([1], [5e-324]).log_of_product == math.log(5e-324)


@float_types
def test_a_negative_zero_is_a_probability_of_zero(dtype: FloatType) -> None:
    product = likelihood_product([1], [-0.0], dtype).product
    assert math.copysign(1.0, product) == 1.0


def test_rows_are_checked() -> None:
    with pytest.raises(ProbabilityError, match=r"^probabilities\[1\] = 1\.5 is not in \[0, 1\]$"):
        likelihood_product([1, 0], [0.5, 1.5])
    with pytest.raises(LabelError, match=r"^labels\[0\] = 0\.5 is not 0 or 1$"):
        likelihood_product([0.5], [0.5])


def test_weights_are_exponents_and_logits_and_soft_labels_are_taken() -> None:
    weighted = likelihood_product([1, 0], [0.5, 0.75], weights=[3.0, 2.0])
    assert weighted.product == 0.5**3 * 0.25**2
    assert likelihood_product([1, 0], [0.0, 0.0], logits=True).product == 0.25
    assert likelihood_product([0.5], [0.25], soft_labels=True).product == 0.75**0.5 * 0.25**0.5


def _followed(rows: Rows, size: int | None = None) -> LogProduct:
    plan = Plan(with_log_product=True)
    evaluation = Evaluation(plan)
    for start in range(0, len(rows), size or len(rows)):
        part = rows.at(slice(start, start + (size or len(rows))))
        evaluation += evaluate_rows(part, plan, keep_rows=evaluation.needs_rows)
    found = evaluation.result().log_product
    assert found is not None
    return found


@pytest.mark.parametrize("size", [7, 1000, 5000])
def test_the_logarithm_is_followed_to_a_tenth_beyond_the_row_that_loses_the_product(
    size: int,
) -> None:
    rows = Rows(np.ones(5000, np.bool_), np.full(5000, 0.5))  # lost in row 1075
    found = _followed(rows, size)
    assert found.rows == (*range(0, 1183, 8), 1183)
    assert found.n == 5000
    assert found.log10 == tuple(row * -math.log(2.0) / math.log(10.0) for row in found.rows)


def test_a_product_that_is_not_lost_is_followed_to_its_end() -> None:
    rng = np.random.default_rng(5)
    labels, p = rng.random(300) < 0.5, rng.uniform(0.4, 0.6, 300)
    rows = Rows(labels, p, weights=rng.uniform(0.0, 2.0, 300), missing=np.arange(300) == 299)
    found = _followed(rows, 70)
    assert found.rows == (*range(0, 299, 2), 300)
    report = loss_report(LossTotals.of(rows))
    assert found.log10[-1] == report.log10_likelihood
    assert found == _followed(rows)
    assert _followed(rows.at(slice(0, 200))).rows == tuple(range(201))


@pytest.mark.parametrize("size", [1, 3, 20])
def test_the_logarithm_ends_before_a_row_that_was_impossible(size: int) -> None:
    p = np.full(20, 0.1)
    p[11] = 0.0
    found = _followed(Rows(np.ones(20, np.bool_), p), size)
    assert found.rows == tuple(range(12))
    assert found.n == 20
    assert found.log10[-1] == pytest.approx(-11.0, rel=1e-15)


def test_an_impossible_first_row_leaves_no_point_but_the_start() -> None:
    assert _followed(Rows(np.ones(3, np.bool_), np.zeros(3))) == LogProduct((0,), (0.0,), 3)
