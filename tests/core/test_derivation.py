import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli import loss_report, mean_binary_cross_entropy
from bce_cli.core.derivation import (
    bernoulli_likelihood,
    bernoulli_step,
    built_in_rows,
    constant_loss,
    drawn_rows,
    float_types,
    gradient_point,
    gradient_step,
    logarithm_step,
    loss_of_logit,
    many_trials_step,
    monotone_step,
    negative_log_step,
    scaling_step,
    single_trial_step,
    underflow_step,
)
from bce_cli.core.rows import Rows
from bce_cli.core.totals import LossTotals
from bce_cli.errors import ArgumentError

PROBABILITIES = st.floats(0.0, 1.0)


@st.composite
def rows_of(draw: st.DrawFn, probabilities: st.SearchStrategy[float] = PROBABILITIES) -> Rows:
    pairs = draw(st.lists(st.tuples(st.booleans(), probabilities), min_size=1, max_size=60))
    return Rows(np.array([y for y, _ in pairs]), np.array([p for _, p in pairs]))


@given(rows_of())
def test_the_derivation_ends_in_what_compute_prints(rows: Rows) -> None:
    mean = many_trials_step(rows).mean_loss
    assert mean == loss_report(LossTotals.of(rows)).mean_loss
    assert mean == mean_binary_cross_entropy(rows.labels, rows.probabilities)


@given(st.booleans(), PROBABILITIES)
def test_one_expression_holds_both_labels(label: bool, p: float) -> None:
    assert bernoulli_likelihood(int(label), p) == (p if label else 1.0 - p)


def test_the_likelihood_of_a_label_is_greatest_at_the_label() -> None:
    step = bernoulli_step(built_in_rows())
    assert (step.best_p_for_1, step.best_p_for_0) == (1.0, 0.0)


@given(rows_of())
def test_both_terms_of_a_single_trial_add_up_to_its_loss(rows: Rows) -> None:
    for trial in single_trial_step(rows).trials:
        terms = trial.label_times_log_p + trial.other_times_log_other
        assert -terms == pytest.approx(trial.loss, rel=1e-15, abs=0.0)


@given(rows_of(st.floats(0.01, 0.99)))
def test_the_log_of_a_product_is_the_sum_of_the_logs(rows: Rows) -> None:
    step = logarithm_step(rows)
    assert step.product_rule[-1].n == len(rows)
    for rule in step.product_rule:
        # one rounding of half an ulp for each factor, one for each of the logarithms
        assert rule.difference == pytest.approx(0.0, abs=(rule.n + 2) * 2.0**-50)
    for power in step.power_rule:
        assert power.log_of_power == pytest.approx(power.y_times_log, rel=4e-16, abs=4e-16)


def test_a_product_that_underflowed_has_no_difference() -> None:
    step = logarithm_step(drawn_rows(2000, 0.7, 0))
    assert step.product_rule[-1].log_of_product == -math.inf
    assert step.product_rule[-1].difference is None


@given(st.integers(0, 60), st.integers(0, 60))
@example(0, 5)
@example(5, 0)
def test_the_descent_reaches_the_base_rate(n_positive: int, n_negative: int) -> None:
    n = n_positive + n_negative
    if n == 0:
        return
    positive = np.arange(n) < n_positive
    step = negative_log_step(Rows(positive, np.full(n, 0.5)))
    losses = [iterate.mean_loss for iterate in step.iterates]
    assert step.base_rate == n_positive / n
    assert abs(step.iterates[-1].prediction - step.base_rate) <= 1e-9
    assert all(later <= sooner + 1e-15 for sooner, later in pairwise(losses))


def test_logs_are_concave_and_their_negatives_convex() -> None:
    step = negative_log_step(built_in_rows())
    assert step.log_is_concave
    assert step.negative_is_convex
    half = next(point for point in step.points if point.p == 0.5)
    assert (half.log_p, half.slope_log_p, half.slope_loss_of_1) == (-math.log(2.0), 2.0, -2.0)


@given(rows_of(), st.floats(1e-300, 1e300))
def test_a_positive_factor_moves_no_minimum(rows: Rows, k: float) -> None:
    step = scaling_step(rows, k)
    assert step.minimum_of_squares == step.minimum_of_scaled == 0.0
    assert step.minimum_of_sum == step.minimum_of_mean
    nearest = min(max(step.base_rate, 0.001), 0.999)
    assert abs(step.minimum_of_mean - nearest) <= 0.0005 + 1e-12


@pytest.mark.parametrize("k", [0.0, -1.0, math.inf, math.nan])
def test_another_factor_is_refused(k: float) -> None:
    with pytest.raises(ArgumentError, match=r"^k must be greater than 0"):
        scaling_step(built_in_rows(), k)


def test_the_constant_loss_at_the_base_rate_is_the_entropy() -> None:
    assert constant_loss(0.25, 0.25) == pytest.approx(0.5623351446188083, rel=1e-15)
    assert constant_loss(0.0, 1e-12) == -math.log1p(-1e-12)


@given(st.booleans(), st.floats(-30.0, 30.0))
def test_the_gradient_is_p_minus_y(label: bool, logit: float) -> None:
    point = gradient_point(int(label), logit)
    assert point.gradient == pytest.approx(point.p - label, abs=2.3e-16)
    # the rounding of two losses of up to 30 nats, each half an ulp, over a width of 2e-5
    assert point.finite_difference == pytest.approx(point.gradient, abs=1e-9)
    assert point.squared_error_finite_difference == pytest.approx(
        point.squared_error_gradient, abs=1e-9
    )


def test_squared_error_stops_learning_where_cross_entropy_does_not() -> None:
    wrong = gradient_step(built_in_rows()).grid[0]
    assert wrong.gradient == pytest.approx(-1.0, abs=1e-4)
    assert abs(wrong.squared_error_gradient) < 1e-4


def test_the_loss_of_a_logit_neither_overflows_nor_loses_digits() -> None:
    assert loss_of_logit(1, -1e308) == 1e308
    assert loss_of_logit(0, -40.0) == pytest.approx(math.exp(-40.0), rel=1e-15)


def test_rows_without_a_logit_are_left_out_of_the_gradient() -> None:
    step = gradient_step(Rows(np.array([True, False]), np.array([1.0, 0.25])))
    assert [trial.p for trial in step.trials] == [pytest.approx(0.25, rel=1e-15)]


def due_row(rows: Rows, smallest: Fraction) -> int | None:
    product = Fraction(1)
    for index, (y, p) in enumerate(zip(rows.labels, rows.probabilities, strict=True)):
        product *= Fraction(float(p)) if y else 1 - Fraction(float(p))
        if product <= smallest / 2:
            return index + 1
    return None


@given(rows_of(st.one_of(PROBABILITIES, st.sampled_from([0.5, 0.25, 1.0, 1e-8, 1e-300, 5e-324]))))
@example(Rows(np.full(1200, True), np.full(1200, 0.5)))
@example(Rows(np.full(200, False), np.full(200, 0.99)))
def test_the_due_row_is_that_of_the_exact_rational_product(rows: Rows) -> None:
    for product in underflow_step(rows).steps:
        smallest = Fraction(*product.smallest_subnormal.as_integer_ratio())
        assert product.true_row == due_row(rows, smallest)


@given(st.integers(1, 300), st.floats(0.01, 0.99), st.integers(0, 3))
def test_every_type_underflows_where_a_step_by_step_product_does(
    n: int, p: float, seed: int
) -> None:
    rows = drawn_rows(n, p, seed)
    factors = np.where(rows.labels, rows.probabilities, 1.0 - rows.probabilities)
    for product in underflow_step(rows).steps:
        running = [np.dtype(product.dtype).type(1.0)]
        with np.errstate(under="ignore"):
            for factor in factors.astype(product.dtype):
                running.append(running[-1] * factor)
        tiny = np.finfo(product.dtype).smallest_normal
        subnormal = next((i for i, value in enumerate(running) if value < tiny), None)
        zero = next((i for i, value in enumerate(running) if value == 0), None)
        assert (product.subnormal_row, product.zero_row) == (subnormal, zero)
        assert product.product == running[-1]
        if subnormal is None:
            assert (product.held_row, product.held_at, product.last_factor) == (None, None, None)
            continue
        before = running[:zero]
        assert product.held_row is not None
        assert before[product.held_row :] == [product.held_at] * (len(before) - product.held_row)
        assert product.held_row == 0 or before[product.held_row - 1] != product.held_at
        last = None if zero is None else factors.astype(product.dtype)[zero - 1]
        assert product.last_factor == last


def test_a_product_that_is_lost_late_is_followed_row_by_row() -> None:
    step = underflow_step(drawn_rows(2000, 0.7, 0))
    assert step.lost_dtype == "float16"
    assert [row.row for row in step.lost_rows] == [*range(21, 30)]
    assert [row.product_steps for row in step.lost_rows] == [5.0, 2.0, *[1.0] * 6, 0.0]
    exact = [0.7 if y else 0.3 for y in drawn_rows(29, 0.7, 0).labels]
    true_steps = [math.prod(exact[: row.row]) * 2.0**24 for row in step.lost_rows]
    assert [row.true_steps for row in step.lost_rows] == pytest.approx(true_steps, rel=1e-12)


def test_few_rows_stand_for_many_between_due_and_lost() -> None:
    step = underflow_step(Rows(np.full(5001, True), np.append(np.full(5000, 0.99), 0.25)))
    product = step.steps[0]
    assert step.lost_dtype == product.dtype == "float16"
    ends = {product.held_row, product.true_row, product.zero_row} - {None}
    rows = [row.row for row in step.lost_rows]
    assert ends <= {*rows}
    assert rows == sorted({*rows})
    assert 101 <= len(rows) <= 104


@given(rows_of())
def test_the_logarithm_keeps_the_place_of_the_maximum(rows: Rows) -> None:
    step = monotone_step(rows)
    assert step.best_q_of_likelihood == step.best_q_of_log
    nearest = min(max(step.n_positive / step.n, 0.001), 0.999)
    assert abs(step.best_q_of_log - nearest) <= 0.0005 + 1e-12
    assert (step.n_both_rise + step.n_both_fall, step.n_differ) == (998, 0)
    assert step.n == min(len(rows), 8)


def test_the_likelihood_of_a_constant_is_a_product_of_its_powers() -> None:
    step = monotone_step(built_in_rows())
    half = next(point for point in step.points if point.q == 0.5)
    assert (half.likelihood, half.log_likelihood) == (2.0**-6, math.log(2.0**-6))
    assert [point.log_x for point in step.order] == sorted(point.log_x for point in step.order)
    assert step.order[-1].slope == 1.0


def test_halves_underflow_where_powers_of_two_end() -> None:
    step = underflow_step(Rows(np.full(1100, True), np.full(1100, 0.5)))
    rows = {p.dtype: (p.subnormal_row, p.zero_row, p.true_row) for p in step.steps}
    assert rows["float16"] == (15, 25, 25)
    assert rows["float32"] == (127, 150, 150)
    assert rows["float64"] == (1023, 1075, 1075)
    assert float_types()[:3] == ("float16", "float32", "float64")
    assert step.log_likelihood == pytest.approx(-1100 * math.log(2.0), rel=1e-15)


@pytest.mark.parametrize(("n", "p", "seed"), [(0, 0.5, 0), (-1, 0.5, 0), (1, 1.5, 0), (1, 0.5, -1)])
def test_rows_cannot_be_drawn_outside_the_domain(n: int, p: float, seed: int) -> None:
    with pytest.raises(ArgumentError, match="must be"):
        drawn_rows(n, p, seed)


def test_drawn_rows_repeat_with_their_seed() -> None:
    assert drawn_rows(50, 0.3, 7).labels.tolist() == drawn_rows(50, 0.3, 7).labels.tolist()
    assert drawn_rows(50, 0.3, 7).labels.tolist() != drawn_rows(50, 0.3, 8).labels.tolist()
