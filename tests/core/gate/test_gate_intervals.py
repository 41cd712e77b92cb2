"""Intervals against derivatives taken by other means, and against what they promise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli import Convention
from bce_cli.core.calibration.bins import ReliabilityTotals, uniform_edges
from bce_cli.core.gate.figures import calibration_margin
from bce_cli.core.gate.judgement import Check, judge
from bce_cli.core.gate.limits import Baseline, Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.rows import Rows
from bce_cli.core.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Complexes = npt.NDArray[np.complex128]

ALL = Limits(max_loss=1.0, min_skill=0.0, max_brier=1.0, max_ece=1.0, confident=True)
QUANTILE = 1.959963984540054
_STEP = 1e-40


def _rows(seed: int, n: int, *, weighted: bool = False, soft: bool = False) -> Rows:
    random = np.random.default_rng(seed)
    rates = random.beta(1.0, 2.0, n)
    labels = rates if soft else random.uniform(size=n) < rates
    predictions = np.clip(rates + random.normal(0.0, 0.1, n), 0.01, 0.99)
    return Rows(labels, predictions, random.exponential(1.0, n) if weighted else None)


def _checks(rows: Rows, convention: Convention | None = None) -> dict[str, Check]:
    convention = convention or Convention()
    judgement = judge(GateTotals.of(rows, ALL, convention), ALL)
    return {check.name: check for check in judgement.checks}


def _delta_error(figure: Callable[[Complexes], complex], weights: npt.NDArray[np.float64]) -> float:
    """Standard error of a function of the weights: each row moves it by weight times derivative.

    Derivatives are taken along the imaginary axis, where no difference cancels (Squire and Trapp,
    SIAM Review 40, 1998).
    """
    n = len(weights)
    moves = []
    for index in range(n):
        moved = weights.astype(np.complex128)
        moved[index] += 1j * _STEP
        moves.append(weights[index] * figure(moved).imag / _STEP)
    return math.sqrt(math.fsum(move * move for move in moves) * n / (n - 1))


def _assert_interval(check: Check, error: float) -> None:
    assert check.value is not None
    assert check.ci_low is not None
    assert check.ci_high is not None
    assert (check.ci_high - check.ci_low) / 2.0 == pytest.approx(QUANTILE * error, rel=1e-9)
    assert (check.ci_high + check.ci_low) / 2.0 == pytest.approx(check.value, rel=1e-12)


@pytest.mark.few(10)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n", [12, 60])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_the_interval_of_the_skill_is_that_of_the_delta_method(
    seed: int, n: int, weighted: bool, soft: bool
) -> None:
    rows = _rows(seed + 10, n, weighted=weighted, soft=soft)
    labels = rows.labels.astype(np.float64)
    losses = Convention().losses(rows)
    weights = np.ones(n) if rows.weights is None else rows.weights

    def skill(w: Complexes) -> complex:
        rate = np.sum(w * labels) / np.sum(w)
        entropy = -rate * np.log(rate) - (1.0 - rate) * np.log(1.0 - rate)
        return complex(1.0 - np.sum(w * losses) / np.sum(w) / entropy)

    _assert_interval(_checks(rows)["min_skill"], _delta_error(skill, weights))


@pytest.mark.parametrize("like", RULES)
def test_the_interval_of_the_skill_is_that_of_the_labels_and_weights_of_a_convention(
    like: str,
) -> None:
    convention = Convention(like=like)
    rows = convention.held(_rows(5, 50, weighted=True, soft=convention.rule.takes_soft))
    labels = convention.hardened(rows).labels.astype(np.float64)
    losses = convention.losses(rows)
    if len(set(labels.tolist())) == 1:  # lightgbm takes any soft label for 1
        assert _checks(rows, convention)["min_skill"].verdict == "failed"
        return
    assert rows.weights is not None

    def skill(w: Complexes) -> complex:
        rate = np.sum(w * labels) / np.sum(w)
        entropy = -rate * np.log(rate) - (1.0 - rate) * np.log(1.0 - rate)
        return complex(1.0 - np.sum(w * losses) / np.sum(w) / entropy)

    _assert_interval(_checks(rows, convention)["min_skill"], _delta_error(skill, rows.weights))


@pytest.mark.deep
def test_the_interval_of_the_skill_is_close_to_that_of_the_jackknife() -> None:
    n = 400
    rows = _rows(3, n)
    skills = []
    for left_out in range(n):
        kept = rows.at(np.delete(np.arange(n), left_out))
        value = _checks(kept)["min_skill"].value
        assert value is not None
        skills.append(value)
    error = math.sqrt((n - 1) * np.var(skills))
    check = _checks(rows)["min_skill"]
    assert check.ci_low is not None
    assert check.ci_high is not None
    assert (check.ci_high - check.ci_low) / 2.0 == pytest.approx(QUANTILE * error, rel=2.0 / n)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_the_interval_of_the_brier_score_is_that_of_the_delta_method(
    weighted: bool, soft: bool
) -> None:
    rows = _rows(7, 60, weighted=weighted, soft=soft)
    errors = (rows.labels - rows.probabilities) ** 2
    weights = np.ones(60) if rows.weights is None else rows.weights

    def brier(w: Complexes) -> complex:
        return complex(np.sum(w * errors) / np.sum(w))

    _assert_interval(_checks(rows)["max_brier"], _delta_error(brier, weights))


def test_without_weights_the_interval_of_the_brier_score_is_that_of_a_mean() -> None:
    rows = _rows(8, 80)
    errors = (rows.labels - rows.probabilities) ** 2
    _assert_interval(_checks(rows)["max_brier"], errors.std(ddof=1) / math.sqrt(80))


def _assert_no_interval(check: Check) -> None:
    assert (check.ci_low, check.ci_high, check.verdict) == (None, None, "undecided")


@pytest.mark.few(9)
@pytest.mark.parametrize("n", [4, 1000, 99_996])
@pytest.mark.parametrize("weight", [None, 0.1, 3.0])
@pytest.mark.parametrize("period", [2, 3, 4, 12])
def test_predicting_the_base_rate_leaves_no_spread_to_judge_its_skill_by(
    n: int, weight: float | None, period: int
) -> None:
    labels = np.arange(n) % period == 0
    weights = None if weight is None else np.full(n, weight)
    checks = _checks(Rows(labels, np.full(n, labels.mean()), weights))
    _assert_no_interval(checks["min_skill"])
    assert (checks["max_loss"].ci_low is None) == (labels.mean() == 0.5)


def test_the_skill_of_a_rare_event_at_its_base_rate_has_no_interval_and_beside_it_has() -> None:
    labels = np.zeros(1_000_000, np.bool_)
    labels[7] = True
    _assert_no_interval(_checks(Rows(labels, np.full(1_000_000, 1e-6)))["min_skill"])
    beside = _checks(Rows(labels, np.full(1_000_000, 1.001e-6)))["min_skill"]
    assert beside.ci_low is not None
    assert beside.ci_high is not None
    assert beside.ci_low < beside.ci_high


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("high", [0.5, 0.7, 1.0 - 1e-9, 1.0])
def test_rows_that_all_cost_the_same_make_no_interval_of_no_width(
    high: float, weighted: bool
) -> None:
    labels = np.arange(50) % 3 == 0
    weights = np.random.default_rng(0).exponential(1.0, 50) if weighted else None
    checks = _checks(Rows(labels, np.where(labels, high, 1.0 - high), weights))
    _assert_no_interval(checks["max_loss"])
    _assert_no_interval(checks["max_brier"])
    saved = Baseline("b", 0.0, "nats", 0.1)
    limits = Limits(baseline=saved, confident=True)
    rows = Rows(labels, np.where(labels, high, 1.0 - high), weights)
    (check,) = judge(GateTotals.of(rows, limits), limits).checks
    _assert_no_interval(check)


def test_without_confidence_a_constant_prediction_is_judged_by_its_point() -> None:
    rows = Rows(np.arange(4) % 2 == 0, np.full(4, 0.5))
    for max_loss, verdict in [(math.log(2.0), "passed"), (0.69, "failed")]:
        limits = Limits(max_loss=max_loss)
        assert judge(GateTotals.of(rows, limits), limits).verdict == verdict


def test_a_spread_far_beyond_rounding_is_a_spread() -> None:
    labels = np.arange(100) % 2 == 0
    predictions = np.where(np.arange(100) < 50, 0.5, 0.5 + 1e-6)
    checks = _checks(Rows(labels, predictions))
    for name in ("max_loss", "min_skill", "max_brier"):
        assert checks[name].ci_low is not None


def test_rows_of_weight_0_change_no_interval() -> None:
    rows = _rows(12, 30, weighted=True)
    assert rows.weights is not None
    more = Rows(
        np.append(rows.labels, [True, False]),
        np.append(rows.probabilities, [0.1, 0.9]),
        np.append(rows.weights, [0.0, 0.0]),
    )
    for name in ("min_skill", "max_brier", "max_ece"):
        assert _checks(more)[name] == _checks(rows)[name]


def test_rows_that_are_left_out_count_for_nothing() -> None:
    rows = _rows(9, 40)
    apart = np.arange(60) % 3 != 0
    missing = Rows(labels=np.zeros(60, np.bool_), probabilities=np.zeros(60), missing=~apart)
    missing.labels[apart], missing.probabilities[apart] = rows.labels, rows.probabilities
    assert _checks(missing) == _checks(rows)


@pytest.mark.parametrize(("n_bins", "quantile"), [(1, 1.96), (2, 2.236)])
def test_the_margin_is_the_quantile_of_a_sum_of_half_normals(n_bins: int, quantile: float) -> None:
    labels = np.arange(4000) % 2 == 0
    predictions = (np.arange(4000) // 2 % n_bins + 0.5) / n_bins
    margin = calibration_margin(
        ReliabilityTotals.of(Rows(labels, predictions), uniform_edges(n_bins))
    )
    from scipy.stats import norm

    # |X| + |Y| < s is a square, turned by 45 degrees.
    level = 0.95 ** (1.0 / n_bins)
    exact = math.sqrt(n_bins) * float(norm.ppf((1.0 + level) / 2.0))
    assert exact == pytest.approx(quantile * math.sqrt(n_bins), abs=1e-3)
    error = math.sqrt(0.25 / (4000 / n_bins)) / n_bins
    assert margin == pytest.approx(exact * error, rel=0.02)  # of 20,000 draws


def test_a_bin_of_equal_labels_has_a_margin_all_the_same() -> None:
    rows = Rows(np.zeros(10, np.bool_), np.full(10, 0.05))
    margin = calibration_margin(ReliabilityTotals.of(rows, uniform_edges(10)))
    rate = 1.0 / 12.0
    assert margin == pytest.approx(1.96 * math.sqrt(rate * (1.0 - rate) / 10.0), rel=0.02)


def test_equal_weights_change_no_interval() -> None:
    rows = _rows(11, 70)
    doubled = Rows(rows.labels, rows.probabilities, np.full(70, 2.0))
    assert _checks(doubled) == _checks(rows)


@pytest.mark.deep
def test_the_interval_of_a_calibrated_model_holds_0_where_the_error_itself_is_biased() -> None:
    random = np.random.default_rng(1)
    held, errors = 0, []
    for _ in range(200):
        predictions = random.uniform(0.05, 0.95, 500)
        predictions = np.floor(predictions * 10.0) / 10.0 + 0.05  # bins of one prediction each
        labels = random.uniform(size=500) < predictions
        check = _checks(Rows(labels, predictions))["max_ece"]
        assert check.value is not None
        held += check.ci_low == 0.0
        errors.append(check.value)
    assert np.mean(errors) > 0.03
    assert 184 <= held <= 197  # 190 of 200 are expected, with a standard deviation of 3


@pytest.mark.parametrize("weights", [None, [3.0, 0.0, 0.0]])
def test_one_row_that_counts_makes_no_interval(weights: list[float] | None) -> None:
    n = 1 if weights is None else len(weights)
    rows = Rows(
        np.array([True, False, True])[:n],
        np.array([0.5, 0.25, 0.5])[:n],
        None if weights is None else np.array(weights),
    )
    for name, check in _checks(rows).items():
        assert (check.ci_low, check.ci_high) == (None, None)
        assert check.verdict == ("failed" if name == "min_skill" else "undecided")
