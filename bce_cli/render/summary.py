"""The first section of `bce compute`: how good are these predictions?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.numbers import count, figure, percent
from bce_cli.render.section import Column, Section
from bce_cli.safe_text import quoted, safe_text

if TYPE_CHECKING:
    from bce_cli.core.report import LossReport
    from bce_cli.render.document import Document

_LN2 = math.log(2.0)


def summary_section(document: Document) -> Section:
    """Summarise an evaluation, with what each figure is to be measured by."""
    report = document.report
    return Section(
        title=_title(document),
        columns=(
            Column("measure", is_prose=True),
            Column("value"),
            Column("meaning", is_prose=True),
        ),
        rows=(*_loss_rows(document), *_other_rows(report)),
        notes=(_reading(report), *_impossible_notes(document)),
        marked=frozenset({0}),
    )


def _title(document: Document) -> str:
    names = ", ".join(safe_text(source) for source in document.sources)
    report = document.report
    columns = (
        f"label {quoted(document.label_column)}, prediction {quoted(document.prediction_column)}"
    )
    positives = f"{count(report.n_positive)} with label 1 ({percent(report.base_rate)})"
    return f"{names}: {_rows(report.n)}, {positives}; {columns}"


def _loss_rows(document: Document) -> tuple[tuple[str, str, str], ...]:
    report = document.report
    low, high = report.ci_low, report.ci_high
    interval = "-" if low is None else f"{figure(low)} to {figure(high)}"
    clip = document.convention.clip
    clipped = f", {_rows(report.n_clipped)} clipped at {clip!r}" if clip is not None else ""
    per_row = f"mean loss, or log loss, in {report.unit} per row{clipped}"
    base = f"what predicting {percent(report.base_rate)} for every row would cost"
    return (
        ("binary cross-entropy", figure(report.mean_loss), per_row),
        ("95 % interval", interval, "where that mean lies, given how few the rows are"),
        ("base-rate loss", figure(report.base_rate_loss), base),
        ("skill", percent(report.skill), "of the base-rate loss is removed; 100 % is perfect"),
    )


def _other_rows(report: LossReport) -> tuple[tuple[str, str, str], ...]:
    bits = report.mean_loss / _LN2 if report.unit == "nats" else report.mean_loss
    base_brier = report.base_rate * (1.0 - report.base_rate)
    coin = "a coin toss costs 1 (0.693147 nats)"
    given = "given to what happened, in the geometric mean"
    return (
        ("effective probability", percent(report.effective_probability), given),
        ("in bits", figure(bits), coin),
        (
            "Brier score",
            figure(report.brier),
            f"mean squared error; base rate: {figure(base_brier)}",
        ),
        ("impossible rows", count(report.n_impossible), "what happened was given probability 0"),
    )


def _reading(report: LossReport) -> str:
    """Answer the first question of everybody: is that good?"""
    base = f"the base rate's {figure(report.base_rate_loss)}"
    if report.base_rate_loss == 0.0:
        return "Is that good? All labels are the same, so there is no base rate to beat."
    if math.isinf(report.mean_loss):
        return f"Is that good? No: one certain, wrong prediction costs more than {base} ever will."
    if report.ci_low is None or report.ci_high is None:
        return "Is that good? One row cannot tell."
    if report.ci_high < report.base_rate_loss:
        return f"Is that good? It beats {base}, and the whole interval lies below that."
    if report.ci_low > report.base_rate_loss:
        return f"Is that good? No: {base} would cost less than the whole interval."
    return f"Is that good? That cannot be told: {base} lies within the interval."


def _impossible_notes(document: Document) -> tuple[str, ...]:
    report = document.report
    if not report.n_impossible:
        return ()
    verb = "was" if report.n_impossible == 1 else "were"
    first = f"the first is row {count(report.first_impossible_row)}"
    what = f"{_rows(report.n_impossible)} {verb} certain and wrong; {first}."
    others = f"The mean of the other {count(report.n - report.n_impossible)} is"
    without = f"{others} {figure(report.finite_mean_loss)}."
    if document.convention.clip is not None:
        return (f"{what} Unclipped, the mean is infinite. {without}",)
    advice = "Clip probabilities with --clip EPS, or better, where the model makes them."
    return (f"{what} {without}", advice)


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{count(n)} rows"
