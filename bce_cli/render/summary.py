"""The first section of `bce compute`, which says how good the predictions are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.impossible import impossible_notes
from bce_cli.render.numbers import count, figure, percent, rows
from bce_cli.render.section import Column, Section
from bce_cli.safe_text import quoted, safe_text

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
            *_left_out_notes(document),
            _columns_note(document),
        ),
        marked=frozenset({0}),
    )


def _title(document: Document) -> str:
    names = ", ".join(
        "standard input" if source == "-" else safe_text(source) for source in document.sources
    )
    report = document.report
    share = "by weight" if document.weight_column is not None else ""
    if report.label_entropy is not None:
        share = f"mean label {share}".strip()
    rate = f"{percent(report.base_rate)} {share}".strip()
    return f"{names}: {rows(report.n)}, {count(report.n_positive)} with label 1 ({rate})"


def _columns_note(document: Document) -> str:
    label, prediction = quoted(document.label_column), quoted(document.prediction_column)
    if document.of_logits:
        prediction += " (logits; their sigmoids are shown)"
    if document.labels_source is not None:
        label += f" of {quoted(document.labels_source)}"
    if document.weight_column is None:
        return f"Read from the columns {label} and {prediction}."
    return f"Read from the columns {label}, {prediction} and {quoted(document.weight_column)}."


def _left_out_notes(document: Document) -> tuple[str, ...]:
    notes = []
    if document.n_missing:
        verb = "was" if document.n_missing == 1 else "were"
        notes.append(f"{rows(document.n_missing)} with a missing value {verb} left out.")
    if document.n_unmatched:
        keys = "1 key" if document.n_unmatched == 1 else f"{count(document.n_unmatched)} keys"
        verb = "was" if document.n_unmatched == 1 else "were"
        notes.append(f"{keys} without a partner {verb} left out.")
    if document.positive_label is not None:
        other = document.negative_label
        zero = "no other occurs" if other is None else f"label 0 is {quoted(other)}"
        notes.append(f"Label 1 is {quoted(document.positive_label)}; {zero}.")
    return tuple(notes)


def _loss_rows(document: Document) -> tuple[tuple[str, str, str], ...]:
    report = document.report
    low, high = report.ci_low, report.ci_high
    interval = "-" if low is None else f"{figure(low, 4)} to {figure(high, 4)}"
    mean = "mean (log) loss" if document.weight_column is None else "weighted mean (log) loss"
    return (
        ("binary cross-entropy", figure(report.mean_loss), f"{mean}, {report.unit} per row"),
        ("95 % interval", interval, "of that mean, from its spread"),
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
        *(() if document.weight_column is None else (effective,)),
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
    return f"Is that good? That cannot be told: {base} lies within the interval."


def _rule_notes(document: Document) -> tuple[str, ...]:
    convention = document.convention
    touched = rows(document.report.n_clipped)
    if convention.clip is not None:
        clip = repr(convention.clip)
        return (f"Probabilities were clipped to [{clip}, 1 - {clip}], which changed {touched}.",)
    if convention.name == "exact":
        return ()
    what = f"Losses as {convention.name} has them ({convention.rule.source})"
    return (f"{what}; its limits changed {touched}.", *_habits(document))


def _habits(document: Document) -> tuple[str, ...]:
    """Say what else a library does that makes its mean another one."""
    name, rule = document.convention.name, document.convention.rule
    habits = []
    if rule.mean_over == "rows" and document.weight_column is not None:
        habits.append(f"{name} divides by the number of rows, not by the sum of the weights.")
    if rule.threshold is not None and document.has_soft_labels:
        above = figure(rule.threshold)
        habits.append(f"{name} counts labels above {above} as 1 and the others as 0.")
    return tuple(habits)
