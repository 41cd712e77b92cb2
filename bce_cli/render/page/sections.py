"""What only the page of a report has: how it was made, models side by side, segments in brief."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bce_cli.core.report import NATS_PER
from bce_cli.errors import safe_text
from bce_cli.render.check import bound_by
from bce_cli.render.compute import other_ways, summary_section
from bce_cli.render.layout import (
    PLAIN,
    Column,
    Section,
    count,
    figure,
    how_many,
    interval,
    interval_title,
    mean_loss_text,
    percent,
    table,
)
from bce_cli.render.segments import segments_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.core.report import Unit
    from bce_cli.core.segment_reports import OtherSegments
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.layout import Look, Texts
    from bce_cli.render.page.material import Answers, InputFile, Making
    from bce_cli.render.page.model_figures import Ends, ModelFigures
    from bce_cli.render.recalibrate import RecalibrateDocument

MOST_COLUMNS = 5
"""Models that have a column each; of more, each has a row."""
_LONGEST_NAME = 30
_DIGITS = 4
_COIN = 0.5


def making_section(document: Answers, model: ModelFigures | None) -> Section:
    """Say which rows were read, what was left out, and by which command and version."""
    return Section(
        "What was read",
        *table(
            _facts(document, model),
            (Column("what", is_text=True), lambda fact: fact[0]),
            (Column("value", is_text=True, wraps=True), lambda fact: fact[1]),
        ),
        notes=document.origin.notes()[:-1],  # but for the columns, which the table has
        has_head=False,
    )


def _facts(document: Answers, model: ModelFigures | None) -> Iterator[tuple[str, str]]:
    origin, compute, making = document.origin, document.compute, document.making
    yield "source", origin.names
    if origin.labels_source is not None:
        yield "source of labels", safe_text(origin.labels_source)
    if model is not None:
        rows = how_many(model.n)
        if model.losses is not None and model.base_rate is not None:
            rate, soft = percent(model.base_rate), model.label_entropy is not None
            share = f" ({rate}{' mean label' * soft})" if not origin.has_weights else ""
            rows += f", {count(model.losses.n_positive)} with label 1{share}"
        yield "rows", rows
    yield "label", safe_text(origin.label_column)
    kind = "logit" if origin.of_logits else "prediction"
    names = ", ".join(map(safe_text, origin.prediction_columns))
    yield f"{kind}{'s' * (len(origin.prediction_columns) > 1)}", names
    if origin.weight_column is not None:
        yield "weight", safe_text(origin.weight_column)
    if compute is not None and compute.segment_columns:
        yield "segments by", ", ".join(map(safe_text, compute.segment_columns))
    if compute is not None and compute.cluster_column is not None:
        yield "clusters by", safe_text(compute.cluster_column)
    if making is not None:
        if making.command is not None:
            yield "command", safe_text(making.command)
        yield "version", f"bce {making.version}"
        if making.stamp is not None:
            yield "made", making.stamp


def inputs_section(making: Making) -> Section:
    """Tell the files that were read, each by its digest."""
    return Section(
        "Files, and what tells them from others",
        *table(
            making.inputs,
            (Column("file", is_text=True, wraps=True), _file_text),
            ("bytes", lambda each: "-" if each.n_bytes is None else count(each.n_bytes)),
            (Column("SHA-256", is_text=True, wraps=True), lambda each: each.sha256 or "-"),
        ),
    )


def _file_text(file: InputFile) -> str:
    many = f" ({how_many(file.n_files, 'file')})" if file.n_files > 1 else ""
    return f"{safe_text(file.source)}{many}"


def loss_section(
    compute: ComputeDocument,
    model: ModelFigures,
    look: Look = PLAIN,
    *,
    has_libraries: bool = False,
) -> Section:
    """Show the loss and what it is to be measured by: the base rate, a coin, bits.

    Parameters
    ----------
    compute : ComputeDocument
    model : ModelFigures
    has_libraries : bool, optional
        Whether the page shows the means of other libraries.
    """
    section, report = summary_section(compute, look), compute.report
    rows: list[Texts] = []
    for row in section.rows:
        rows.append(row)
        if row[0] == "base-rate loss":
            coin = -math.log(_COIN) / NATS_PER[report.unit]
            rows.append(("coin's loss", figure(coin), "always predicting 50 %"))
        if row[0] == "skill" and model.skill_ends is not None:
            ends = f"{' to '.join(map(percent, model.skill_ends))}"
            paired = "from losses paired with the base rate's"
            rows.append((f"its {interval_title(compute.confidence)}", ends, paired))
    other: Unit = "nats" if report.unit == "bits" else "bits"
    value = report.mean_loss * NATS_PER[report.unit] / NATS_PER[other]
    rows.insert(2, (f"in {other}", mean_loss_text(value), f"the same mean, {other} per row"))
    where = " Means of other libraries stand below, by themselves." * has_libraries
    notes = tuple(
        note.replace(f"; {other_ways(compute, look)}", f".{where}") for note in section.notes
    )
    return replace(
        section, title="The loss", rows=tuple(rows), verdicts=(), notes=notes, marked=(0,)
    )


def checks_section(check: CheckDocument, look: Look = PLAIN) -> Section:
    """Show the checks as their command does, but for an option that a report has not.

    Parameters
    ----------
    check : CheckDocument
    look : Look, optional
    """
    (section,) = check.sections(look)
    details = tuple(note.replace(bound_by(look), "") for note in section.details)
    return replace(section, details=details)


def models_section(
    models: Sequence[ModelFigures], confidence: float, compare: CompareDocument | None = None
) -> Section:
    """Show what is known of each model by itself, each in a column of its own.

    Parameters
    ----------
    models : sequence of ModelFigures
        The first is the one that others are set beside.
    confidence : float
        Of the intervals.
    compare : CompareDocument, optional
        Of the same models.
    """
    first, level = models[0], interval_title(confidence)
    has_impossible = any(model.n_impossible for model in models)
    has_skill_ends = any(model.skill_ends is not None for model in models)
    figures: list[tuple[str, Callable[[ModelFigures], str]] | None] = [
        (f"mean loss, {first.unit}", lambda model: mean_loss_text(model.mean_loss)),
        (f"its {level}", lambda model: _plain(model.ends)),
        ("skill", lambda model: percent(model.skill)),
        (f"{level} of skill", lambda model: _shares(model.skill_ends)) if has_skill_ends else None,
        ("effective probability", lambda model: percent(model.effective_probability)),
        ("Brier score", lambda model: figure(model.brier, _DIGITS + 1)),
        ("impossible rows", lambda model: count(model.n_impossible)) if has_impossible else None,
    ]
    rows = [
        (found[0], *(found[1](model) for model in models)) for found in figures if found is not None
    ]
    shown = safe_text if compare is None else compare.shown
    if compare is not None:
        rows += _rows_beside(compare)
    return Section(
        "Each model by itself",
        (
            Column("figure", is_text=True, wraps=True),
            *(Column(shown(model.name)) for model in models),
        ),
        tuple(rows),
        marked=(0,),
    )


def _rows_beside(compare: CompareDocument) -> Iterator[Texts]:
    """Say on how many rows each model does better than the first."""
    beside = compare.shown(compare.report.models[0].name)
    items = compare.report.comparisons
    yield f"rows better than {beside}", "-", *(count(item.n_better) for item in items)
    yield "rows worse", "-", *(count(item.n_worse) for item in items)
    if any(item.n_tied for item in items):
        yield "rows the same", "-", *(count(item.n_tied) for item in items)


def _plain(ends: Ends) -> str:
    return "-" if ends is None else interval(*ends)


def _shares(ends: Ends) -> str:
    return "-" if ends is None else " to ".join(map(percent, ends))


_OTHERS = "Advice for the other models"


def advice_section(documents: Sequence[tuple[str, RecalibrateDocument]]) -> Section:
    """Say in a line for each model which map to take, and what it gains."""
    if not documents:
        return Section(_OTHERS)
    first = documents[0][1].report
    found = [
        (name, each.report, each.report.of(each.report.recommended)) for name, each in documents
    ]
    return Section(
        _OTHERS,
        *table(
            found,
            (
                Column("model", is_text=True, wraps=True),
                lambda item: safe_text(item[0], _LONGEST_NAME),
            ),
            (Column("map to take", is_text=True), lambda item: item[2].method),
            (f"cross-fitted, {first.unit}", lambda item: mean_loss_text(item[2].cross_fitted_loss)),
            (
                "difference",
                lambda item: figure(
                    None if item[2].difference is None else item[2].difference.value, _DIGITS
                ),
            ),
            (
                f"its {interval_title(first.confidence)}",
                lambda item: (
                    "-"
                    if item[2].difference is None
                    else interval(item[2].difference.ci_low, item[2].difference.ci_high)
                ),
            ),
        ),
    )


def brief_segments_section(
    compute: ComputeDocument, others: OtherSegments | None, look: Look = PLAIN
) -> Section:
    """Show the segments that cost most, and in a row of their own what all others come to.

    Parameters
    ----------
    compute : ComputeDocument
    others : OtherSegments or None
        Those that have no row.
    look : Look, optional
    """
    segments, columns = compute.segments, compute.segment_columns
    rest = [] if others is None else [replace(others.report, names=_rest_names(others, columns))]
    shown = [each for each in segments if others is None or each.names not in others.names]
    return segments_section(
        segments,
        columns,
        compute.confidence,
        are_cut=bool(compute.origin.cuts),
        shown=[*shown, *rest],
        look=look,
    )


def _rest_names(others: OtherSegments, columns: Sequence[str]) -> Texts:
    name = f"(the {how_many(len(others.names), 'other segment')} together)"
    return (name, *("",) * (len(columns) - 1))
