"""What the logistic fit, the tests and the errors of the bins say of predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.calibration.verdict import judge_calibration
from bce_cli.core.inference import level_of
from bce_cli.render.calibration_verdict import (
    OBSTACLES,
    estimate_text,
    shift_words,
    slope_words,
)
from bce_cli.render.layout import Column, Section, count, figure, how_many, interval, interval_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core.calibration.logistic import Estimate
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.layout import Texts

_DIGITS = 5
_TESTS = {
    "line": "slope and intercept",
    "shift": "calibration in the large",
    "mean": "the mean",
    "spiegelhalter": "Spiegelhalter's z",
    "samples": "the samples",
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
            Column("measure", is_text=True, wraps=True),
            Column("value"),
            Column(interval_title(report.confidence), spare=1),
            Column("meaning", is_text=True, wraps=True, spare=2),
        ),
        rows=(
            (
                "mean prediction",
                figure(report.mean_prediction, _DIGITS),
                "-",
                f"base rate: {figure(report.base_rate, _DIGITS)}",
            ),
            _estimate_row("calibration in the large", fit.calibration_in_the_large, shift_words),
            _estimate_row("calibration slope", fit.slope, slope_words),
            _estimate_row("calibration intercept", fit.intercept, lambda _: "goes with that slope"),
            *_line_rows(report),
            *_test_rows(report),
            ("expected calibration error", figure(report.ece, 4), "-", "mean gap of the bins"),
            ("maximum calibration error", figure(report.mce, 4), "-", "greatest gap of a bin"),
        ),
        notes=(*_fit_notes(report), *_test_notes(report), *_verdict_notes(report)),
    )


def _estimate_row(name: str, estimate: Estimate | None, words: Callable[[Estimate], str]) -> Texts:
    if estimate is None:
        return name, "-", "-", "cannot be told"
    ends = interval(estimate.ci_low, estimate.ci_high)
    return name, estimate_text(estimate, _DIGITS), ends, words(estimate)


def _is_refuted(report: CalibrationReport) -> bool:
    """Whether a row of some weight was certain and wrong."""
    return math.isinf(report.log_loss.mean)


def _line_rows(report: CalibrationReport) -> Iterator[Texts]:
    p_value = report.logistic.line_p
    if p_value is not None:
        words = (
            "calibration doubtful"
            if p_value < level_of(report.confidence)
            else "nothing against it"
        )
        yield "p of slope 1, intercept 0", figure(p_value, 3), "-", words


def _test_rows(report: CalibrationReport) -> Iterator[Texts]:
    test = report.spiegelhalter
    name = "Spiegelhalter's z"
    if test is None:
        yield name, "-", "-", "cannot be told"
        return
    words = (
        "calibration doubtful"
        if test.p_value < level_of(report.confidence)
        else "nothing against it"
    )
    yield name, figure(test.z, 4), "-", "calibration refuted" if _is_refuted(report) else words
    how = "two-sided" if report.n_clusters is None else "by Student's t"
    yield "its p value", figure(test.p_value, 3), "-", how


def _fit_notes(report: CalibrationReport) -> Iterator[str]:
    fit = report.logistic
    if fit.n_in_fit < report.n_weighted and fit.obstacle != "no rows":
        of_weight = "" if report.n_weighted == report.n else " of some weight"
        yield (
            f"Slope, intercept and calibration in the large are of {count(fit.n_in_fit)} of "
            f"{how_many(report.n_weighted)}{of_weight}: a prediction of 0 or 1 has no finite logit."
        )
    if fit.obstacle is not None:
        yield f"There is no slope: {OBSTACLES[fit.obstacle]}."
    elif fit.slope is not None and fit.intercept is not None:
        line = f"{figure(fit.intercept.value, 4)} + {figure(fit.slope.value, 4)} logit(p)"
        yield f"The line that fits the labels best is logit P(label = 1) = {line}."


def _test_notes(report: CalibrationReport) -> Iterator[str]:
    if report.spiegelhalter is None:
        why = "needs a prediction other than 0, 0.5 and 1"
        if report.has_soft_labels:
            why = "is one of labels that are 0 or 1"
        elif report.n_clusters is not None:
            why = "needs clusters that differ in such predictions"
        yield f"Spiegelhalter's test {why}."
    elif _is_refuted(report):
        yield _REFUTED


def _verdict_notes(report: CalibrationReport) -> Iterator[str]:
    """Say where the p value of the verdict comes from, if of several tests."""
    judged = judge_calibration(report)
    names = [_TESTS[name] for name in judged.p_values]
    if len(names) > 1 and judged.ground not in ("refuted", "few rows"):
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        yield f"The verdict's p is the least p of {listed}, times their number."
