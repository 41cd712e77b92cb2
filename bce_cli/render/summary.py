"""The first section of `bce compute`, which says how good the predictions are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.convention_notes import convention_notes
from bce_cli.render.impossible import impossible_notes
from bce_cli.render.numbers import count, figure, interval, percent, rows
from bce_cli.render.origin import origin_notes, source_names
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.report import LossReport
    from bce_cli.render.document import Document

_LN2 = math.log(2.0)
_FEW = 30  # rows for which the normal approximation of an interval is not to be trusted


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
        rows=(*_loss_rows(document), *_other_rows(document)),
        notes=(
            _reading(report),
            *_rule_notes(document),
            *impossible_notes(document),
            *origin_notes(document.origin),
        ),
        marked=frozenset({0}),
    )


def _title(document: Document) -> str:
    positive = positive_rows(document.report, has_weights=document.origin.has_weights)
    return f"{source_names(document.origin)}: {rows(document.report.n)}, {positive}"


def positive_rows(report: LossReport, *, has_weights: bool) -> str:
    """Say how many rows have label 1, and what share of the whole that is."""
    share = "by weight" if has_weights else ""
    if report.label_entropy is not None:
        share = f"mean label {share}".strip()
    rate = f"{percent(report.base_rate)} {share}".strip()
    return f"{count(report.n_positive)} with label 1 ({rate})"


def _loss_rows(document: Document) -> tuple[tuple[str, str, str], ...]:
    report = document.report
    mean = "mean (log) loss" if not document.origin.has_weights else "weighted mean (log) loss"
    return (
        ("binary cross-entropy", figure(report.mean_loss), f"{mean}, {report.unit} per row"),
        (
            "95 % interval",
            interval(report.ci_low, report.ci_high),
            "of that mean, from its spread",
        ),
        *_soft_rows(report),
        (
            "base-rate loss",
            figure(report.base_rate_loss),
            f"always predicting {percent(report.base_rate)}",
        ),
        ("skill", percent(report.skill), "of the base-rate loss removed"),
    )


def _soft_rows(report: LossReport) -> tuple[tuple[str, str, str], ...]:
    if report.label_entropy is None:
        return ()
    return (
        ("label entropy", figure(report.label_entropy), "part that no prediction can remove"),
        ("KL divergence", figure(report.kl_divergence), "the other part, due to the predictions"),
    )


def _other_rows(document: Document) -> tuple[tuple[str, str, str], ...]:
    report = document.report
    bits = report.mean_loss / _LN2 if report.unit == "nats" else report.mean_loss
    base_brier = report.base_rate * (1.0 - report.base_rate)
    effective = ("effective rows", figure(report.effective_n), "of equal weight, as good as these")
    return (
        ("effective probability", percent(report.effective_probability), "given to what happened"),
        ("in bits", figure(bits), "a coin toss: 1 bit, 0.693147 nats"),
        ("Brier score", figure(report.brier), f"squared error; base rate: {figure(base_brier, 4)}"),
        *(() if not document.origin.has_weights else (effective,)),
        ("impossible rows", count(report.n_impossible), "certain, and wrong"),
    )


def _reading(report: LossReport) -> str:
    """Answer the question that everybody asks first."""
    base = f"the base rate's {figure(report.base_rate_loss)}"
    if report.base_rate_loss == 0.0:
        return "Is that good? All labels are the same, so there is no base rate to beat."
    if math.isinf(report.mean_loss):
        return f"Is that good? No: one certain, wrong prediction costs more than {base} ever will."
    if report.ci_low is None or report.ci_high is None or report.n < _FEW:
        return f"Is that good? {rows(report.n).capitalize()} cannot tell."
    if report.ci_high < report.base_rate_loss:
        return f"Is that good? It beats {base}, and the whole interval lies below that."
    if report.ci_low > report.base_rate_loss:
        return f"Is that good? No: {base} would cost less than the whole interval."
    return (
        f"Is that good? The interval alone cannot tell: {base} lies within it. "
        "bce check --min-skill 0 --confident can, for it pairs the two."
    )


def _rule_notes(document: Document) -> tuple[str, ...]:
    notes = convention_notes(document.convention, document.report.n_clipped)
    return (*notes, *_habits(document))


def _habits(document: Document) -> tuple[str, ...]:
    """Say what else a library does that makes its mean another one."""
    name, rule = document.convention.name, document.convention.rule
    habits = []
    if rule.mean_over == "rows" and document.origin.has_weights:
        habits.append(f"{name} divides by the number of rows, not by the sum of the weights.")
    if rule.threshold is not None and document.has_soft_labels:
        above = figure(rule.threshold)
        habits.append(f"{name} counts labels above {above} as 1 and the others as 0.")
    return tuple(habits)
