"""Whether predictions are calibrated, in one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.calibration.verdict import MARGIN, judge_calibration
from bce_cli.core.inference import level_of
from bce_cli.render.layout import Judged, count, figure, how_many, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core.calibration.log_odds import Obstacle
    from bce_cli.core.calibration.logistic import Estimate
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.calibration.verdict import CalibrationVerdict, Ground
    from bce_cli.core.gate.judgement import Verdict

_DIGITS = 5
_VERDICTS: dict[bool | None, Verdict] = {True: "passed", False: "failed", None: "undecided"}
_LEAST_P = 1e-300
_MOST_ROWS = 1e12  # that anyone could find
_NOISE = 1e-9
_WIDEST = 1000.0  # odds of more than e**400 at either end say nothing
_SAME = "all labels are the same"
_STRAY = "labels stray from predictions by more than chance"
OBSTACLES: dict[Obstacle, str] = {
    "no rows": "every prediction is 0 or 1, and those have no finite logit",
    "one label": "all labels that a fit could use are the same",
    "one prediction": "all predictions are the same",
    "separated": "one threshold separates the labels, so the best slope is infinite",
    "reversed": "no label 1 has a higher prediction than a label 0, so the best slope is -infinite",
    "diverged": "the fit did not converge",
}


def calibration_verdict(report: CalibrationReport, model: str = "it") -> Judged:
    """Answer whether predictions are calibrated, and say what recalibration would remove."""
    judged = judge_calibration(report)
    answer = _ANSWERS[judged.ground](report, judged)
    removed = _removed(report)
    return Judged(
        f"Is {model} calibrated? {answer}{removed and f'; {removed}'}.",
        _VERDICTS[judged.calibrated],
    )


def _removed(report: CalibrationReport) -> str:
    """Say how much of the loss recalibration would remove, where there is something to say."""
    parts, unit = report.log_loss, report.unit
    if parts.mean == 0.0 or parts.uncertainty == 0.0:
        return ""
    if math.isinf(parts.mean):
        left = f"{figure(parts.recalibrated, _DIGITS)} {unit}"
        return f"recalibration would leave {left} of an infinite loss"
    if parts.miscalibration == 0.0:
        return "recalibration would remove nothing"
    removed = f"{figure(parts.miscalibration, 4)} of {figure(parts.mean, _DIGITS)} {unit}"
    return f"recalibration would remove {removed} ({percent(parts.miscalibration / parts.mean)})"


def _by_tests(report: CalibrationReport, judged: CalibrationVerdict) -> str:
    """Say in which way predictions are off, and what says so."""
    fit, off = report.logistic, ways_off(report, judged)
    clauses = [f"predictions are {off}"] if off else []
    if fit.obstacle == "separated":
        clauses.append("no finite slope fits labels that one threshold separates")
    if fit.obstacle == "reversed":
        who = "they" if off else "predictions"
        clauses.append(
            f"{who} point the wrong way: no label 1 has a higher prediction than a label 0"
        )
    text = ", and ".join(clauses) or _STRAY
    found = [*_figures(report), _p_text(judged.p_value)]
    return f"No: {text} ({', '.join(found)})"


def ways_off(report: CalibrationReport, judged: CalibrationVerdict) -> str:
    """Say in which ways predictions are off: on average, or by the slope; nothing if in neither."""
    shift, slope = report.logistic.calibration_in_the_large, report.logistic.slope
    ways = [
        _shift_off(shift) if shift else _mean_off(report, judged),
        _slope_off(slope) if slope else "",
    ]
    return ", and ".join(way for way in ways if way)


def _figures(report: CalibrationReport) -> Iterator[str]:
    """Yield slope and shift with their intervals, where there are any that say something."""
    slope, shift = report.logistic.slope, report.logistic.calibration_in_the_large
    if slope is not None:
        yield f"slope {estimate_text(slope, 4)} [{_ends(slope)}]"
    if shift is not None and shift.ci_high - shift.ci_low < _WIDEST:
        yield f"in the large {estimate_text(shift, 4)} [{_ends(shift)}]"


def estimate_text(estimate: Estimate, digits: int) -> str:
    """Show an estimate; what is but rounding, next to its interval, is 0."""
    width = estimate.ci_high - estimate.ci_low
    is_noise = math.isfinite(width) and abs(estimate.value) < _NOISE * width
    return figure(0.0 if is_noise else estimate.value, digits)


def _ends(estimate: Estimate) -> str:
    return f"{figure(estimate.ci_low, 3)}, {figure(estimate.ci_high, 3)}"


def _p_text(p_value: float | None) -> str:
    if p_value is None:
        return "no test applies"
    return f"p below {_LEAST_P:g}" if p_value < _LEAST_P else f"p = {figure(p_value, 2)}"


def _untold(report: CalibrationReport, judged: CalibrationVerdict) -> str:
    """Say that nothing speaks against calibration, and what is left open."""
    found = ", ".join([*_figures(report), _p_text(judged.p_value)])
    n, what = report.n_weighted, "rows"
    if report.n_clusters is not None:
        n, what = report.n_clusters, "such clusters"
    enough = _enough(report, n)
    would = f"; about {count(enough)} {what} would do" if enough > n else ""
    open_ = f"nothing speaks against it, but much is left open{would}"
    return f"{_rows(report)} cannot tell: {open_} ({found})"


def _rows(report: CalibrationReport) -> str:
    """Say how many rows there are, and in how many clusters."""
    rows = how_many(report.n_weighted)
    if report.n_clusters is None:
        return rows
    return f"{rows} in {how_many(report.n_clusters, 'cluster')}"


def _enough(report: CalibrationReport, n: int) -> int:
    """Return how many would tell, if they are calibrated: two digits; 0 for too many.

    Intervals shrink with the root of the n rows, or clusters. Those that are half as wide as the
    margin lie within it for 19 samples of 20.
    """
    slope, shift = report.logistic.slope, report.logistic.calibration_in_the_large
    rooms = (slope, 1.0 - 1.0 / MARGIN), (shift, math.log(MARGIN))
    widths = [(each.ci_high - each.ci_low) / room for each, room in rooms if each is not None]
    enough = n * max(widths) ** 2
    if not enough < _MOST_ROWS:
        return 0
    unit = 10.0 ** max(math.floor(math.log10(enough)) - 1, 0)
    return round(math.ceil(enough / unit) * unit)


def _no_slope(report: CalibrationReport, judged: CalibrationVerdict) -> str:
    obstacle = report.logistic.obstacle or report.logistic.obstacle_in_the_large
    why = OBSTACLES[obstacle] if obstacle else "there is no spread"
    return f"It cannot be told: {why} ({_p_text(judged.p_value)})"


_ANSWERS: dict[Ground, Callable[[CalibrationReport, CalibrationVerdict], str]] = {
    "refuted": lambda _, __: "No: what was certain did not happen",
    "tests": _by_tests,
    "few rows": lambda report, _: f"{_few(report)} cannot tell",
    "one label": lambda report, _: (
        f"It cannot be told: {OBSTACLES['one label'] if report.log_loss.uncertainty else _SAME}"
    ),
    "no slope": _no_slope,
    "wide": _untold,
    "none": lambda report, judged: (
        f"Yes, as far as {_rows(report)} can tell "
        f"({', '.join([*_figures(report), _p_text(judged.p_value)])})"
    ),
}


def _few(report: CalibrationReport) -> str:
    rows = how_many(report.n_weighted)
    if report.n_weighted - report.effective_n < 1.0:
        return rows
    return f"{rows}, by weight worth {figure(report.effective_n, 3)},"


def shift_words(shift: Estimate) -> str:
    """Say what calibration in the large comes to."""
    return _shift_off(shift) or "cannot be told from 0"


def _shift_off(shift: Estimate) -> str:
    if shift.ci_low > 0.0:
        return "too low on average"
    return "too high on average" if shift.ci_high < 0.0 else ""


def _mean_off(report: CalibrationReport, judged: CalibrationVerdict) -> str:
    """Say in which way the mean is off, by a test that needs no fit."""
    if judged.p_values.get("mean", 1.0) > level_of(report.confidence):
        return ""
    return f"too {'low' if report.base_rate > report.mean_prediction else 'high'} on average"


def slope_words(slope: Estimate) -> str:
    """Say what a slope comes to."""
    return _slope_off(slope) or "cannot be told from 1"


def _slope_off(slope: Estimate) -> str:
    if slope.ci_high < 0.0:
        return "pointing the wrong way"
    if slope.ci_high < 1.0:
        return "too extreme"
    return "too timid" if slope.ci_low > 1.0 else ""
