"""Whether predictions are too high, too low or too extreme, in a few numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.numbers import count, figure, interval, rows
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.calibration.decomposition import SpiegelhalterTest
    from bce_cli.core.calibration.logistic import Estimate, Obstacle
    from bce_cli.core.calibration.report import CalibrationReport

_DIGITS = 5
_LEVEL = 0.05

_OBSTACLES: dict[Obstacle, str] = {
    "no rows": "every prediction is 0 or 1, and those have no finite logit",
    "one label": "all labels that a fit could use are the same",
    "one prediction": "all predictions are the same",
    "separated": "one threshold separates the labels, so the best slope is infinite",
    "diverged": "the fit did not converge",
}


_REFUTED = (
    "A row that was certain and wrong refutes calibration outright; Spiegelhalter's z and p are "
    "what their formulas give all the same."
)


def fit_section(report: CalibrationReport) -> Section:
    """Show what logistic recalibration and Spiegelhalter's test say, and the errors of the bins."""
    fit = report.logistic
    return Section(
        title="Are predictions too high, too low, too extreme?",
        columns=(
            Column("measure", is_text=True),
            Column("value"),
            Column("95 % interval"),
            Column("meaning", is_text=True, wraps=True),
        ),
        rows=(
            (
                "mean prediction",
                figure(report.mean_prediction, _DIGITS),
                "-",
                f"base rate: {figure(report.base_rate, _DIGITS)}",
            ),
            _row("calibration in the large", fit.calibration_in_the_large, _shift_words),
            _row("calibration slope", fit.slope, _slope_words),
            _row("calibration intercept", fit.intercept, lambda _: "goes with that slope"),
            *_test_rows(report.spiegelhalter, is_refuted=_is_refuted(report)),
            ("expected calibration error", figure(report.ece, 4), "-", "mean gap of the bins"),
            ("maximum calibration error", figure(report.mce, 4), "-", "greatest gap of a bin"),
        ),
        notes=(*_fit_notes(report), *_test_notes(report)),
    )


def _row(
    name: str, estimate: Estimate | None, words: Callable[[Estimate], str]
) -> tuple[str, str, str, str]:
    if estimate is None:
        return name, "-", "-", "cannot be told"
    ends = interval(estimate.ci_low, estimate.ci_high)
    return name, figure(estimate.value, _DIGITS), ends, words(estimate)


def _shift_words(shift: Estimate) -> str:
    if shift.ci_low > 0.0:
        return "too low, on average"
    if shift.ci_high < 0.0:
        return "too high, on average"
    return "cannot be told from 0"


def _slope_words(slope: Estimate) -> str:
    if slope.ci_high < 0.0:
        return "pointing the wrong way"
    if slope.ci_high < 1.0:
        return "too extreme"
    if slope.ci_low > 1.0:
        return "too timid"
    return "cannot be told from 1"


def _is_refuted(report: CalibrationReport) -> bool:
    """Whether a row of some weight was certain and wrong."""
    return math.isinf(report.log_loss.mean)


def _test_rows(
    test: SpiegelhalterTest | None, *, is_refuted: bool
) -> tuple[tuple[str, str, str, str], ...]:
    name = "Spiegelhalter's z"
    if test is None:
        return ((name, "-", "-", "cannot be told"),)
    words = "calibration doubtful" if test.p_value < _LEVEL else "nothing against it"
    if is_refuted:
        words = "calibration refuted"
    return (name, figure(test.z, 4), "-", words), (
        "its p value",
        figure(test.p_value, 3),
        "-",
        "two-sided",
    )


def _fit_notes(report: CalibrationReport) -> tuple[str, ...]:
    fit = report.logistic
    notes = []
    if fit.n_in_fit < report.n_weighted and fit.obstacle != "no rows":
        of_weight = "" if report.n_weighted == report.n else " of some weight"
        notes.append(
            f"Slope, intercept and calibration in the large are of {count(fit.n_in_fit)} of "
            f"{rows(report.n_weighted)}{of_weight}: a prediction of 0 or 1 has no finite logit."
        )
    if fit.obstacle is not None:
        notes.append(f"There is no slope: {_OBSTACLES[fit.obstacle]}.")
    elif fit.slope is not None and fit.intercept is not None:
        line = f"{figure(fit.intercept.value, 4)} + {figure(fit.slope.value, 4)} logit(p)"
        notes.append(f"The line that fits the labels best is logit P(label = 1) = {line}.")
    return tuple(notes)


def _test_notes(report: CalibrationReport) -> tuple[str, ...]:
    if report.spiegelhalter is not None:
        return (_REFUTED,) if _is_refuted(report) else ()
    if report.has_soft_labels:
        return ("Spiegelhalter's test is one of labels that are 0 or 1.",)
    return ("Spiegelhalter's test needs a prediction other than 0, 0.5 and 1.",)
