"""Whether predictions are calibrated, as far as their rows can tell: a rule, and what it says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.core.inference import level_of
from bce_cli.core.report import FEW
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.logistic import Estimate
    from bce_cli.core.calibration.report import CalibrationReport

MARGIN = 1.25
"""What odds, and a slope, may be off by in predictions that are called calibrated: a quarter."""

Ground: TypeAlias = Literal["refuted", "tests", "few rows", "one label", "no slope", "wide", "none"]


@dataclass(frozen=True, slots=True)
class CalibrationVerdict:
    """Whether predictions are calibrated.

    Attributes
    ----------
    calibrated : bool or None
        None where that cannot be told.
    ground : str
        What says so: `refuted`, a row that was certain and wrong; `tests`, one of which rejects
        calibration; `few rows`, `one label`, `no slope` or `wide` intervals, which leave it open;
        `none`, as nothing speaks against it, and not much is left open.
    p_value : float or None
        The least of `p_values` times their number, and at most 1; None where there is no test. 0
        where a row refutes calibration.
    p_values : dict of str to float
        Of each test that applies: `line`, `shift` or `mean`, `spiegelhalter`, `samples`.
    """

    calibrated: bool | None
    ground: Ground
    p_value: float | None
    p_values: dict[str, float]


def judge_calibration(report: CalibrationReport) -> CalibrationVerdict:
    """Say whether predictions are calibrated, that they are not, or that it cannot be told.

    Parameters
    ----------
    report : CalibrationReport

    Notes
    -----
    A row of some weight that was certain and wrong refutes calibration: what has probability 0
    does not happen. Else, in this order:

    1. Fewer than 30 rows, by number or in weight, cannot tell, since all tests are asymptotic.
    2. Predictions are not calibrated if a test says so at the level that goes with the confidence
       of the report, 0.05 for 95 %. The tests are Wald's, of
       slope 1 and intercept 0 together (Cox 1958), or of the intercept alone where there is no
       slope, or the score test of the mean where there is no intercept either; Spiegelhalter's;
       and, with a bootstrap, how many samples of labels drawn from the predictions show as much
       miscalibration (Bröcker and Smith 2007). Each sees what others miss, and several see what is
       not there: the least p value counts times their number (Bonferroni).
    3. That no test rejects proves nothing. Predictions are called calibrated if the 95 % intervals
       of slope and of calibration in the large leave no room for odds off by a quarter, 0.8 to
       1.25 times; for the slope, that is of the logits. Where all predictions are the same there is
       no slope to ask for.
    4. Otherwise it cannot be told.

    A sample large enough rejects any model; how much recalibration would remove says whether that
    matters.

    References
    ----------
    D. R. Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958).
    J. Bröcker and L. A. Smith, "Increasing the reliability of reliability diagrams", Weather and
    Forecasting 22 (2007), 651-661.

    Examples
    --------
    >>> from bce_cli.core.calibration.report import calibration_report
    >>> judge_calibration(calibration_report([0, 1] * 50, [0.2, 0.4] * 50)).calibrated
    False
    """
    tests = _p_values(report)
    p_value = min(1.0, min(tests.values()) * len(tests)) if tests else None
    calibrated, ground = _judged(report, p_value)
    return CalibrationVerdict(calibrated, ground, 0.0 if ground == "refuted" else p_value, tests)


def _judged(report: CalibrationReport, p_value: float | None) -> tuple[bool | None, Ground]:
    fit = report.logistic
    if math.isinf(report.log_loss.mean):
        return False, "refuted"
    if min(report.n_weighted, report.effective_n) < FEW:
        return None, "one label" if fit.obstacle == "one label" else "few rows"
    if p_value is not None and p_value <= level_of(report.confidence):
        return False, "tests"
    if fit.obstacle == "one label":
        return None, "one label"
    if fit.calibration_in_the_large is None or fit.obstacle not in (None, "one prediction"):
        return None, "no slope"
    least = -math.log(MARGIN)
    is_narrow = _lies_within(fit.calibration_in_the_large, least, -least)
    if fit.slope is not None:
        is_narrow = is_narrow and _lies_within(fit.slope, 1.0 / MARGIN, MARGIN)
    return (True, "none") if is_narrow else (None, "wide")


def _p_values(report: CalibrationReport) -> dict[str, float]:
    """Return the p values of the tests that apply."""
    fit, shift = report.logistic, report.logistic.calibration_in_the_large
    found: dict[str, float | None] = {"line": fit.line_p}
    if fit.line_p is None and shift is not None:
        found = {"shift": fit.shift_p}
    elif fit.line_p is None:
        found = {"mean": fit.mean_p}
    if report.spiegelhalter is not None:
        found["spiegelhalter"] = report.spiegelhalter.p_value
    if report.bootstrap is not None and report.bootstrap.calibrated_q95 is not None:
        found["samples"] = report.bootstrap.calibrated_q95.p_value
    return {name: p for name, p in found.items() if p is not None}


def _lies_within(estimate: Estimate, low: float, high: float) -> bool:
    return low <= estimate.ci_low and estimate.ci_high <= high
