"""Weights: what they do to every figure, and which are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import (
    Convention,
    DataError,
    LossReport,
    WeightError,
    loss_report,
    loss_totals,
    mean_binary_cross_entropy,
)
from bce_cli.core.evaluation import Evaluation, Plan, evaluate_rows
from bce_cli.core.rows import Rows
from bce_cli.core.rules import RULES
from bce_cli.core.validate import are_weights

LABELS, PROBABILITIES = [1, 0, 1, 0], [0.9, 0.4, 0.3, 0.2]


def report_of(weights: list[float] | None, like: str = "exact") -> LossReport:
    convention = Convention(like=like)
    return loss_report(loss_totals(LABELS, PROBABILITIES, weights=weights, convention=convention))


@pytest.mark.parametrize(
    ("weights", "effective"),
    [(None, 4.0), ([2.0] * 4, 4.0), ([1.0, 0.0, 0.0, 0.0], 1.0), ([1.0, 2.0, 3.0, 4.0], 100 / 30)],
)
def test_the_effective_number_of_rows_is_that_of_kish(
    weights: list[float] | None, effective: float
) -> None:
    assert report_of(weights).effective_n == effective


@pytest.mark.parametrize("size", [1e-100, 1e-30, 1e30, 1e100])
def test_weights_of_any_size_lose_no_digits(size: float) -> None:
    even, scaled = report_of(None), report_of([size] * 4)
    assert scaled.mean_loss == pytest.approx(even.mean_loss, rel=2**-51, abs=0)
    assert scaled.std_error == pytest.approx(even.std_error, rel=1e-14, abs=0)
    assert scaled.effective_n == 4.0


def test_a_row_of_weight_zero_counts_for_nothing_even_if_impossible() -> None:
    report = loss_report(loss_totals([1, 0], [0.0, 0.5], weights=[0.0, 3.0]))
    assert (report.mean_loss, report.effective_n, report.base_rate) == (math.log(2.0), 1.0, 0.0)
    assert (report.n, report.n_impossible) == (2, 1)


def test_torch_divides_the_weighted_sum_by_the_number_of_rows() -> None:
    weights = [1.0, 2.0, 3.0, 4.0]
    exact, torch = report_of(weights), report_of(weights, "torch")
    assert torch.mean_loss == pytest.approx(exact.mean_loss * 10.0 / 4.0, rel=1e-7)
    assert torch.base_rate_loss == exact.base_rate_loss * 2.5
    assert torch.skill == pytest.approx(exact.skill, rel=1e-6)
    assert torch.effective_probability == pytest.approx(exact.effective_probability, rel=1e-7)
    products = np.array(weights) * Convention(like="torch").losses(
        Rows(np.array(LABELS) == 1, np.array(PROBABILITIES))
    )
    assert torch.std_error == pytest.approx(products.std(ddof=1) / 2.0, rel=1e-14)


@pytest.mark.parametrize("like", [name for name, rule in RULES.items() if rule.single_precision])
def test_a_library_of_single_precision_holds_the_weights_in_it(like: str) -> None:
    weights = [0.1, 1e-30, 1.0 + 2.0**-30, 12345.6789]
    held = np.array(weights, np.float32).astype(float)
    report = report_of(weights, like)
    assert report.weight_sum == math.fsum(held)
    rows = Rows(np.array(LABELS) == 1, np.array(PROBABILITIES), np.array(weights))
    assert Convention(like=like).score(rows).rows.weights == pytest.approx(held, rel=0, abs=0)


@pytest.mark.parametrize("like", RULES)
def test_weights_are_held_in_single_precision_where_the_library_does(like: str) -> None:
    double = {"exact", "sklearn", "sklearn-1.1", "kaggle", "yardstick", "spark"}
    rows = Rows(np.array([True]), np.array([0.5]), np.array([0.1]))
    held = Convention(like=like).held(rows).weights
    assert held == [0.1 if like in double else float(np.float32(0.1))]


@given(st.floats(1e-37, 1e37))
def test_rounding_to_single_precision_is_that_of_numpy(weight: float) -> None:
    rows = Rows(np.array([True]), np.array([0.5]), np.array([weight]))
    held = Convention(like="xgboost").held(rows).weights
    assert held is not None
    assert abs(held[0] - weight) == abs(float(np.float32(weight)) - weight)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf, -math.inf, 1e-101, 1e101, 5e-324])
def test_a_weight_that_is_none_is_named(bad: float) -> None:
    assert not are_weights(np.array([1.0, bad]))
    with pytest.raises(WeightError) as caught:
        mean_binary_cross_entropy([1, 0], [0.5, 0.5], weights=[1.0, bad])
    assert str(caught.value) == f"weights[1] = {bad} is not a weight: 0, or 1e-100 to 1e100"


def test_weights_at_their_limits_are_taken() -> None:
    assert are_weights(np.array([0.0, -0.0, 1e-100, 1.0, 1e100]))
    assert are_weights(np.zeros(0))


def test_weights_must_match_the_rows_and_one_of_them_must_count() -> None:
    with pytest.raises(DataError, match=r"^1 weights for 2 rows$"):
        mean_binary_cross_entropy([1, 0], [0.5, 0.5], weights=[1.0])
    with pytest.raises(DataError, match=r"^all weights are 0, so there is no mean$"):
        mean_binary_cross_entropy([1, 0], [0.5, 0.5], weights=[0.0, 0.0])


def test_weights_are_exponents_in_the_product_of_the_likelihoods() -> None:
    rows = Rows(np.array([True, False]), np.array([0.5, 0.75]), np.array([3.0, 2.0]))
    evaluation = Evaluation(Plan(n_first=2))
    evaluation += evaluate_rows(rows, Plan(n_first=2), keep_rows=True)
    result = evaluation.result()
    assert result.products[-1].product == 0.5**3 * 0.25**2
    assert [row.weight for row in result.excerpt] == [3.0, 2.0]
    assert result.excerpt[-1].running_product == 0.5**3 * 0.25**2


@pytest.mark.parametrize("n_weightless", [1, 100])
def test_rows_of_weight_0_pin_nothing_down(n_weightless: int) -> None:
    labels, predictions = [1, 0, 1], [0.9, 0.4, 0.6]
    idle = [1] * n_weightless, [0.1] * n_weightless, [0.0] * n_weightless
    plain = loss_report(loss_totals(labels, predictions, weights=[1.0, 2.0, 1.0]))
    with_idle = loss_report(
        loss_totals(labels + idle[0], predictions + idle[1], weights=[1.0, 2.0, 1.0, *idle[2]])
    )
    assert with_idle.std_error == plain.std_error
    assert (with_idle.ci_low, with_idle.ci_high) == (plain.ci_low, plain.ci_high)
    assert with_idle.n == plain.n + n_weightless
