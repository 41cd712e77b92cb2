"""What the loss is made of, and how much of it recalibration would remove."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.calibration.decomposition import PARTS
from bce_cli.core.calibration.fine_bins import GREATEST_ODDS_RATIO
from bce_cli.render.formulas import formula
from bce_cli.render.numbers import count, figure, interval, percent, rows
from bce_cli.render.origin import origin_notes, source_names
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.calibration.bootstrap import Bootstrap
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.look import Look
    from bce_cli.render.origin import Origin

_DIGITS = 5
_BIAS = (
    "Of miscalibration and discrimination these are not confidence intervals: a sample repeats "
    "rows, recalibration takes that for a pattern, and both tend to come out higher than in the "
    "rows."
)
_HOW = (
    "It is the best that keeps the order of predictions, fitted to these very rows; on new ones it "
    "may remove less or nothing, or do harm."
)


def parts_section(report: CalibrationReport, origin: Origin, look: Look) -> Section:
    """Show the parts of log loss and Brier score, and say what they come to."""
    meanings = {
        "mean": "of predictions as they are",
        "miscalibration": "what recalibration would remove",
        "discrimination": "what telling rows apart saves",
        "uncertainty": f"always predicting {percent(report.base_rate)}",
        "recalibrated": "what recalibration would leave",
    }
    equation = "mean = miscalibration − discrimination + uncertainty"
    if report.fine_bins is not None:
        meanings["within_bins"] = "what using bin means would remove"
        equation += " + within bins"
    return Section(
        title=_title(report, origin),
        columns=(
            Column("part", is_text=True),
            Column(f"log loss, {report.unit}"),
            Column("Brier score"),
            Column("meaning", is_text=True, wraps=True),
        ),
        rows=tuple(
            (
                part.replace("_", " "),
                figure(getattr(report.log_loss, part)),
                figure(getattr(report.brier, part)),
                meaning,
            )
            for part, meaning in meanings.items()
        ),
        formulas=(formula(equation, look),),
        notes=(
            _reading(report),
            *_fine_notes(report),
            *_impossible_notes(report),
            *origin_notes(origin),
        ),
        marked=frozenset({1}),
    )


def interval_section(bootstrap: Bootstrap, report: CalibrationReport) -> Section:
    """Show the parts of samples of the rows, and what miscalibration chance alone would make."""
    samples = "1 sample" if bootstrap.n == 1 else f"{count(bootstrap.n)} samples"
    return Section(
        title=f"Middle 95 % of {samples} drawn from these rows",
        columns=(
            Column("part", is_text=True),
            Column(f"log loss, {report.unit}: 95 %"),
            Column("Brier score: 95 %"),
        ),
        rows=tuple(
            (part, interval(*bootstrap.log_loss[part]), interval(*bootstrap.brier[part]))
            for part in PARTS
        ),
        notes=(
            f"Each sample has as many rows, drawn with replacement; seed {bootstrap.seed}.",
            _BIAS,
            *_chance_notes(bootstrap, report),
        ),
    )


def _chance_notes(bootstrap: Bootstrap, report: CalibrationReport) -> tuple[str, ...]:
    """Say how much miscalibration would be no wonder."""
    chance = bootstrap.calibrated_q95
    if chance is None:
        return ()
    most = f"{figure(chance.log_loss, 4)} {report.unit} (Brier score: {figure(chance.brier, 4)})"
    here = figure(report.log_loss.miscalibration, 4)
    brier = figure(report.brier.miscalibration, 4)
    what = f"Miscalibration of a calibrated model with these predictions: up to {most} in 95 % of"
    return (f"{what} as many samples, by chance alone. Here it is {here} ({brier}).",)


def _title(report: CalibrationReport, origin: Origin) -> str:
    share = "by weight" if origin.has_weights else ""
    if report.has_soft_labels:
        share = f"mean label {share}".strip()
    rate = f"{percent(report.base_rate)} {share}".strip()
    positive = f"{count(report.n_positive)} with label 1 ({rate})"
    return f"{source_names(origin)}: {rows(report.n)}, {positive}"


def _reading(report: CalibrationReport) -> str:
    """Say how much of the loss recalibration would remove."""
    parts, unit = report.log_loss, report.unit
    left = f"{figure(parts.recalibrated, _DIGITS)} {unit}"
    if parts.mean == 0.0:
        return "The log loss is 0: there is nothing that recalibration could remove."
    if parts.uncertainty == 0.0:
        return "All labels are the same, so nothing can be told about how to recalibrate."
    if math.isinf(parts.mean):
        return f"Recalibration would leave {left} of an infinite loss. {_HOW}"
    if parts.miscalibration == 0.0:
        return (
            "Recalibration would remove nothing: at each prediction, the event rate is what was "
            "predicted."
        )
    removed = f"{figure(parts.miscalibration, 4)} of {figure(parts.mean, _DIGITS)} {unit}"
    share = percent(parts.miscalibration / parts.mean)
    return f"Recalibration would remove {removed} ({share}), leaving {left}. {_HOW}"


def _fine_notes(report: CalibrationReport) -> tuple[str, ...]:
    """Say what comes from fine bins, and how fine they are."""
    used = report.fine_bins
    if used is None:
        return ()
    bins = "1 fine bin" if used.n == 1 else f"{count(used.n)} fine bins"
    width = f"{figure(100.0 * (GREATEST_ODDS_RATIO - 1.0))} %"
    text = f"No rows were held: they were summed up in {bins}, in which the odds of predictions"
    text += f" differ by {width} at the most."
    if used.n_coarse:
        verb = "is" if used.n_coarse == 1 else "are"
        text += f" {count(used.n_coarse)} of them {verb} coarser, about one in a million or nearer"
        text += " to 0 or 1."
    text += " Miscalibration, discrimination, slope and intercepts are those of the mean"
    text += " predictions of these bins"
    if report.strategy == "quantile":
        text += ", and of such bins those below are made"
    return (f"{text}; all else is exact.",)


def _impossible_notes(report: CalibrationReport) -> tuple[str, ...]:
    if not report.n_impossible:
        return ()
    verb = "was" if report.n_impossible == 1 else "were"
    first = f"the first is row {count(report.first_impossible_row)}"
    what = f"{rows(report.n_impossible)} {verb} certain and wrong; {first}."
    if not math.isinf(report.log_loss.mean):
        return (f"{what} They have no weight.",)
    return (f"{what} So mean and miscalibration of the log loss are infinite; the rest is not.",)
