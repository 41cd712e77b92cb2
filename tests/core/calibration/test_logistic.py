"""Logistic recalibration: against statsmodels, and where there is no line that fits best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bce_cli.core.calibration.logistic import (
    Estimate,
    LogisticRecalibration,
    recalibrate_logistically,
)
from bce_cli.core.calibration.report import calibration_report
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.report import NORMAL_QUANTILE
from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid
from tests.core.calibration.some_rows import calibration_rows

GOLDEN = Path(__file__).parents[2] / "golden_statistics" / "calibration.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]


def fit(rows: Rows) -> LogisticRecalibration:
    return recalibrate_logistically(Tally.of(rows), len(rows))


def std_error(estimate: Estimate) -> float:
    return (estimate.ci_high - estimate.ci_low) / 2.0 / NORMAL_QUANTILE


@pytest.mark.parametrize("name", CASES)
def test_estimates_and_errors_are_those_of_statsmodels(name: str) -> None:
    case: dict[str, Any] = CASES[name]
    found = calibration_report(
        case["labels"],
        case["logits"],
        weights=case.get("weights"),
        logits=True,
        soft_labels=True,
    ).logistic
    estimates = (found.intercept, found.slope, found.calibration_in_the_large)
    expected = zip(
        case["line"] + case["shift"], case["line errors"] + case["shift errors"], strict=True
    )
    for estimate, (value, error) in zip(estimates, expected, strict=True):
        assert estimate is not None
        assert estimate.value == pytest.approx(value, rel=1e-10)
        assert estimate.value == pytest.approx((estimate.ci_low + estimate.ci_high) / 2, rel=1e-10)
        assert std_error(estimate) == pytest.approx(error, rel=1e-8)
    assert found.line_p == pytest.approx(case["line p"][0], rel=1e-8, abs=1e-300)


def test_probabilities_are_fitted_as_their_logits() -> None:
    case = CASES["plain"]
    labels, logits = np.array(case["labels"]) == 1.0, np.array(case["logits"])
    of_logits = fit(Rows(labels, sigmoid(logits), logits=logits))
    of_probabilities = fit(Rows(labels, sigmoid(logits)))
    assert of_logits.slope is not None
    assert of_probabilities.slope is not None
    assert of_probabilities.slope.value == pytest.approx(of_logits.slope.value, rel=1e-12)


def gradients(rows: Rows, intercept: float, slope: float) -> tuple[float, float, float]:
    """Return the gradient of the log-likelihood, which is 0 at its maximum, and its scale."""
    assert rows.logits is not None
    finite = np.isfinite(rows.logits)
    x, y = rows.logits[finite], rows.labels[finite].astype(float)
    w = np.ones(len(x)) if rows.weights is None else rows.weights[finite]
    line = intercept + slope * x
    residuals = w * (y * sigmoid(-line) - (1.0 - y) * sigmoid(line))
    size = w * (y * sigmoid(-line) + (1.0 - y) * sigmoid(line))
    return float(residuals.sum()), float((residuals * x).sum()), float((size * (1 + abs(x))).sum())


@given(calibration_rows())
def test_the_gradient_is_0_where_there_is_a_fit(rows: Rows) -> None:
    assume(rows.logits is not None)
    found = fit(rows)
    if found.calibration_in_the_large is not None:
        at, _, size = gradients(rows, found.calibration_in_the_large.value, 1.0)
        assert abs(at) <= 1e-9 * size
    if found.slope is not None and found.intercept is not None:
        assert found.obstacle is None
        if abs(found.slope.value) < 1e6:  # beyond, the gradient itself has no digits
            at, along, size = gradients(rows, found.intercept.value, found.slope.value)
            assert max(abs(at), abs(along)) <= 1e-7 * size
    else:
        assert found.obstacle is not None


@given(calibration_rows(), st.sampled_from([0.5, 4.0, 1024.0]))
def test_intervals_do_not_depend_on_the_scale_of_the_weights(rows: Rows, factor: float) -> None:
    assume(rows.weights is not None)
    assert rows.weights is not None
    scaled = Rows(rows.labels, rows.probabilities, rows.weights * factor, logits=rows.logits)
    first, second = fit(rows).slope, fit(scaled).slope
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert second.value == pytest.approx(first.value, rel=1e-8, abs=1e-12)
        assert std_error(second) == pytest.approx(std_error(first), rel=1e-6)


def of_columns(labels: list[int], p: list[float]) -> LogisticRecalibration:
    return fit(Rows(np.array(labels) == 1, np.array(p)))


@pytest.mark.parametrize(
    ("labels", "p", "obstacle"),
    [
        ([0, 1], [0.0, 1.0], "no rows"),
        ([1, 1, 0], [0.3, 0.6, 0.0], "one label"),
        ([0, 1, 1], [0.3, 0.3, 0.3], "one prediction"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], "separated"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4], "separated"),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], "reversed"),
        ([1, 0, 1, 0], [0.1, 0.2, 0.2, 0.4], "reversed"),
    ],
)
def test_where_no_line_fits_best_it_is_said_why(
    labels: list[int], p: list[float], obstacle: str
) -> None:
    found = of_columns(labels, p)
    assert (found.slope, found.intercept, found.obstacle) == (None, None, obstacle)
    has_shift = obstacle not in {"no rows", "one label"}
    assert (found.calibration_in_the_large is not None) == has_shift


def test_a_constant_prediction_has_a_calibration_in_the_large() -> None:
    found = of_columns([0, 1, 1, 1], [0.5] * 4).calibration_in_the_large
    assert found is not None
    assert found.value == pytest.approx(np.log(3.0), rel=1e-12)
    assert std_error(found) == pytest.approx(1.0 / np.sqrt(4 * 0.25 * 0.75), rel=1e-12)


def test_a_hair_of_overlap_is_enough() -> None:
    found = of_columns([0, 1, 0, 1], [0.1, 0.3, 0.3 + 1e-9, 0.9])
    assert found.slope is not None
    assert 0.0 < found.slope.value < 1e12


def test_rows_without_a_finite_logit_are_left_out() -> None:
    labels, p = [0, 1, 0, 1, 1, 0], [0.2, 0.4, 0.6, 0.9, 0.0, 1.0]
    with_them = calibration_report(labels, p).logistic
    without = calibration_report(labels[:4], p[:4]).logistic
    assert with_them == without
    assert with_them.n_in_fit == 4


@pytest.mark.parametrize("big", [1e3, 1e150, 1.7e308])
def test_logits_of_any_size_are_fitted(big: float) -> None:
    logits = np.array([-big, -big / 2, big / 2, big])
    labels = np.array([False, True, False, True])
    found = fit(Rows(labels, sigmoid(logits), logits=logits))
    assert found.slope is not None
    at_big, at_half = sigmoid(np.array([-1.0, 0.5]) * (found.slope.value * big))
    assert at_big == pytest.approx(at_half / 2.0, rel=1e-9)  # where the gradient is 0
