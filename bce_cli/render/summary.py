"""The first section of `bce compute`, which says how good the predictions are."""

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
            Column("measure", is_text=True),
            Column("value"),
            Column("meaning", is_text=True, wraps=True),
        ),
        rows=(*_loss_rows(document), *_other_rows(report)),
        notes=(
            _reading(report),
            *_clip_notes(document),
            *_impossible_notes(document),
            _columns_note(document),
        ),
        marked=frozenset({0}),
    )


def _title(document: Document) -> str:
    names = ", ".join(safe_text(source) for source in document.sources)
    report = document.report
    positives = f"{count(report.n_positive)} with label 1 ({percent(report.base_rate)})"
    return f"{names}: {_rows(report.n)}, {positives}"


def _columns_note(document: Document) -> str:
    label, prediction = quoted(document.label_column), quoted(document.prediction_column)
    return f"Read from the columns {label} and {prediction}."


def _loss_rows(document: Document) -> tuple[tuple[str, str, str], ...]:
    report = document.report
    low, high = report.ci_low, report.ci_high
    interval = "-" if low is None else f"{figure(low, 4)} to {figure(high, 4)}"
    return (
        (
            "binary cross-entropy",
            figure(report.mean_loss),
            f"mean (log) loss, {report.unit} per row",
        ),
        ("95 % interval", interval, "of that mean, from its spread"),
        (
            "base-rate loss",
            figure(report.base_rate_loss),
            f"always predicting {percent(report.base_rate)}",
        ),
        ("skill", percent(report.skill), "of the base-rate loss removed"),
    )


def _other_rows(report: LossReport) -> tuple[tuple[str, str, str], ...]:
    bits = report.mean_loss / _LN2 if report.unit == "nats" else report.mean_loss
    base_brier = report.base_rate * (1.0 - report.base_rate)
    return (
        ("effective probability", percent(report.effective_probability), "given to what happened"),
        ("in bits", figure(bits), "a coin toss: 1 bit, 0.693147 nats"),
        ("Brier score", figure(report.brier), f"squared error; base rate: {figure(base_brier, 4)}"),
        ("impossible rows", count(report.n_impossible), "certain, and wrong"),
    )


def _reading(report: LossReport) -> str:
    """Answer the question that everybody asks first."""
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


def _clip_notes(document: Document) -> tuple[str, ...]:
    clip = document.convention.clip
    if clip is None:
        return ()
    n_clipped = _rows(document.report.n_clipped)
    return (f"Probabilities were clipped to [{clip!r}, 1 - {clip!r}], which changed {n_clipped}.",)


def _impossible_notes(document: Document) -> tuple[str, ...]:
    report = document.report
    if not report.n_impossible:
        return ()
    verb = "was" if report.n_impossible == 1 else "were"
    first = f"the first is row {count(report.first_impossible_row)}"
    what = f"{_rows(report.n_impossible)} {verb} certain and wrong; {first}."
    if report.finite_mean_loss is None:
        return (what,)
    others = f"The mean of the other {count(report.n - report.n_impossible)} is"
    without = f"{others} {figure(report.finite_mean_loss)}."
    if document.convention.clip is not None:
        return (f"{what} Unclipped, the mean is infinite. {without}",)
    advice = "Clip probabilities with --clip EPS, or better, where the model makes them."
    return (f"{what} {without}", advice)


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{count(n)} rows"
