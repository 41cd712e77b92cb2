from __future__ import annotations

import math
from dataclasses import asdict
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from bce_cli import (
    LossReport,
    LossTotals,
    binary_cross_entropy,
    loss_report,
    loss_totals,
    mean_binary_cross_entropy,
)
from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray

LOSS_FIELDS = {
    "mean_loss",
    "std_error",
    "ci_low",
    "ci_high",
    "total_loss",
    "log_likelihood",
    "base_rate_loss",
    "finite_mean_loss",
    "reversed_loss",
}


def _random_rows(seed: int, n: int = 200) -> tuple[Rows, FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    positive = random.uniform(size=n) < 0.3
    weights = random.uniform(0.0, 5.0, n)
    rows = Rows(positive, random.uniform(0.01, 0.99, n), weights)
    return rows, weights, binary_cross_entropy(positive, rows.probabilities)


def _report(labels: list[int], probabilities: list[float]) -> LossReport:
    return loss_report(loss_totals(labels, probabilities))


@pytest.mark.parametrize("seed", range(5))
def test_weighted_figures_are_those_of_the_formulas(seed: int) -> None:
    rows, weights, losses = _random_rows(seed)
    report = loss_report(LossTotals.of(rows))
    weight_sum = math.fsum(weights)
    total = math.fsum(weights * losses)
    assert report.weight_sum == weight_sum
    assert report.total_loss == -report.log_likelihood == total
    assert report.mean_loss == report.finite_mean_loss == total / weight_sum
    assert report.base_rate == math.fsum(weights[rows.labels]) / weight_sum
    assert report.brier == pytest.approx(
        brier_score_loss(rows.labels, rows.probabilities, sample_weight=weights), rel=1e-14
    )
    residuals = weights * losses - report.mean_loss * weights
    squares = math.fsum(residuals**2)
    error = math.sqrt(squares * len(rows) / (len(rows) - 1)) / weight_sum
    assert report.std_error == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [2, 3, 500])
def test_unweighted_figures_are_those_of_the_formulas(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    labels, probabilities = random.integers(0, 2, n), random.uniform(0.01, 0.99, n)
    losses = binary_cross_entropy(labels, probabilities)
    report = loss_report(loss_totals(labels, probabilities))
    assert (report.n, report.weight_sum) == (n, n)
    assert report.mean_loss == mean_binary_cross_entropy(labels, probabilities)
    assert report.base_rate == report.n_positive / n == labels.mean()
    error = losses.std(ddof=1) / math.sqrt(n)
    assert report.std_error == pytest.approx(error, rel=1e-12)
    assert report.ci_low == pytest.approx(losses.mean() - 1.959963984540054 * error, rel=1e-12)
    assert report.ci_high == pytest.approx(losses.mean() + 1.959963984540054 * error, rel=1e-12)
    assert report.brier == pytest.approx(np.mean((labels - probabilities) ** 2), rel=1e-14)


@pytest.mark.parametrize("spread", [1e-3, 1e-9, 1e-15])
def test_the_standard_error_of_nearly_equal_losses_loses_no_digits(spread: float) -> None:
    rows = Rows(np.ones(6, np.bool_), np.array([0.3, 0.3, 0.3, 0.3, 0.3, 0.3 + spread]))
    losses = [Fraction(x) for x in binary_cross_entropy(rows.labels, rows.probabilities)]
    mean = sum(losses, Fraction(0)) / 6
    variance = sum(((loss - mean) ** 2 for loss in losses), Fraction(0)) / 5 / 6
    error = loss_report(LossTotals.of(rows)).std_error
    assert variance > 0
    assert error == pytest.approx(math.sqrt(variance), rel=2**-52, abs=0)


@pytest.mark.parametrize("probability", [0.3, 0.1, 1e-17, 0.999, 1.0])
def test_equal_losses_have_no_standard_error_at_all(probability: float) -> None:
    assert _report([1] * 1000, [probability] * 1000).std_error == 0.0


@pytest.mark.parametrize("scale", [2.0**-100, 0.5, 2.0**100])
def test_the_scale_of_the_weights_changes_only_sums(scale: float) -> None:
    rows, weights, _ = _random_rows(1)
    plain = asdict(loss_report(LossTotals.of(rows)))
    scaled = asdict(
        loss_report(LossTotals.of(Rows(rows.labels, rows.probabilities, weights * scale)))
    )
    for name in ("total_loss", "log_likelihood", "log10_likelihood", "weight_sum"):
        assert scaled.pop(name) == plain.pop(name) * scale
    assert scaled == plain


def test_bits_are_nats_over_the_logarithm_of_two() -> None:
    totals = loss_totals([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.6])
    nats, bits = asdict(loss_report(totals)), asdict(loss_report(totals, "bits"))
    assert (nats.pop("unit"), bits.pop("unit")) == ("nats", "bits")
    assert nats.keys() > LOSS_FIELDS
    for name, value in nats.items():
        assert bits[name] == (value / math.log(2.0) if name in LOSS_FIELDS else value), name


def test_impossible_rows_make_the_mean_infinite_and_leave_the_others_a_mean() -> None:
    report = _report([1, 1, 0, 0], [0.5, 0.0, 1.0, 0.75])
    assert (report.n_impossible, report.first_impossible_row) == (2, 2)
    assert report.mean_loss == report.total_loss == math.inf
    assert report.log_likelihood == report.log10_likelihood == -math.inf
    assert report.effective_probability == 0.0
    assert (report.std_error, report.ci_low, report.ci_high, report.skill) == (None,) * 4
    assert report.finite_mean_loss == pytest.approx(1.5 * math.log(2.0), rel=2**-52)
    assert report.base_rate_loss == math.log(2.0)
    assert report.brier == (0.25 + 1.0 + 1.0 + 0.5625) / 4.0


def test_the_mean_over_the_possible_rows_is_weighted() -> None:
    rows = Rows(np.array([True] * 3), np.array([0.0, 0.5, 0.25]), np.array([7.0, 3.0, 1.0]))
    expected = (3.0 * math.log(2.0) + math.log(4.0)) / 4.0
    finite_mean = loss_report(LossTotals.of(rows)).finite_mean_loss
    assert finite_mean == pytest.approx(expected, rel=2**-52, abs=0)


def test_without_a_possible_row_there_is_no_finite_mean() -> None:
    assert _report([1, 0], [0.0, 1.0]).finite_mean_loss is None


def test_one_row_has_no_standard_error() -> None:
    report = _report([1], [0.5])
    assert (report.std_error, report.ci_low, report.ci_high) == (None, None, None)


@pytest.mark.parametrize("labels", [[1, 1], [0, 0]])
def test_with_one_class_there_is_no_skill(labels: list[int]) -> None:
    report = _report(labels, [0.4, 0.6])
    assert (report.base_rate_loss, report.skill) == (0.0, None)


@pytest.mark.parametrize("labels", [[1, 0], [1, 0, 0], [1, 1, 1, 0, 0, 0, 0], [0] * 999 + [1]])
def test_the_base_rate_loss_is_the_mean_loss_of_predicting_the_base_rate(labels: list[int]) -> None:
    report = _report(labels, [sum(labels) / len(labels)] * len(labels))
    q = sum(labels) / len(labels)
    formula = -q * math.log(q) - (1.0 - q) * math.log1p(-q)
    assert report.base_rate_loss == pytest.approx(formula, rel=2**-52, abs=0)
    assert report.mean_loss == pytest.approx(formula, rel=2**-51, abs=0)
    assert report.skill == pytest.approx(0.0, abs=2**-51)


def test_skill_is_one_for_a_perfect_and_negative_for_a_misleading_model() -> None:
    assert _report([1, 0], [1.0, 0.0]).skill == 1.0
    assert _report([1, 0], [0.25, 0.75]).skill == pytest.approx(-1.0, rel=2**-51)


def test_the_effective_probability_is_the_geometric_mean_of_the_likelihoods() -> None:
    report = _report([1, 0], [0.1, 0.6])
    assert report.effective_probability == pytest.approx(0.2, rel=2**-51)
    assert report.log10_likelihood == pytest.approx(math.log10(0.04), rel=2**-51)


def test_perfect_predictions_have_a_log_likelihood_of_zero_without_a_sign() -> None:
    report = _report([1, 0], [1.0, 0.0])
    for value in (report.log_likelihood, report.log10_likelihood, report.mean_loss):
        assert math.copysign(1.0, value) == 1.0
        assert value == 0.0
