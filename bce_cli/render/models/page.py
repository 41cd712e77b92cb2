"""What `bce compare` found, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.errors import quoted
from bce_cli.render.convention_notes import convention_notes
from bce_cli.render.models.changed import changed_section
from bce_cli.render.models.record import models_lines, models_record
from bce_cli.render.models.verdict import verdict
from bce_cli.render.numbers import count, figure, interval, percent, rows
from bce_cli.render.origin import origin_notes, source_names
from bce_cli.render.page import Page
from bce_cli.render.section import Column, Section
from bce_cli.render.summary import positive_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.core.comparison.report import Difference, DifferenceReport
    from bce_cli.render.models.document import ModelsDocument

_DIGITS = 4
_FEW_CLUSTERS = 30  # below, the cluster-robust error tends to be too small
_IMPOSSIBLE_NOTES = ("Impossible: rows that were predicted with certainty, and wrongly.",)
_PAIR = 2


def models_page(document: ModelsDocument) -> Page:
    """Say all there is to say about a comparison."""
    return Page(
        lambda _look: models_sections(document), models_record(document), models_lines(document)
    )


def models_sections(document: ModelsDocument) -> list[Section]:
    """Show every model, how it differs from the first, and the rows that changed most."""
    changed = [
        changed_section(item, document)
        for item in document.report.comparisons
        if item.gained or item.lost
    ]
    return [_models_section(document), _differences_section(document), *changed]


def _models_section(document: ModelsDocument) -> Section:
    report = document.report
    first = report.models[0].report
    positive = positive_rows(first, has_weights=document.origin.has_weights)
    models = f"{len(report.models)} models on {rows(report.n)}, {positive}"
    base = figure(first.base_rate_loss)
    has_impossible = any(model.report.n_impossible for model in report.models)
    return Section(
        title=f"{source_names(document.origin)}: {models}",
        columns=(
            Column("model", is_text=True),
            Column(f"mean loss, {report.unit}"),
            Column(_interval_title(document)),
            Column("skill"),
            Column("impossible"),
        ),
        rows=tuple(_model_row(document, index) for index in range(len(report.models))),
        notes=(
            f"Skill: the share of the base-rate loss, {base}, that is removed.",
            *(_IMPOSSIBLE_NOTES if has_impossible else ()),
            *convention_notes(document.convention),
        ),
    )


def _model_row(document: ModelsDocument, index: int) -> tuple[str, ...]:
    model = document.report.models[index]
    name, report = document.shown(model.name), model.report
    return (
        f"{name} (baseline)" if index == 0 else name,
        figure(report.mean_loss),
        interval(model.ci_low, model.ci_high),
        percent(report.skill),
        count(report.n_impossible),
    )


def _differences_section(document: ModelsDocument) -> Section:
    report = document.report
    baseline = document.shown(report.models[0].name)
    has_several = len(report.models) > _PAIR
    cells = [row for item in report.comparisons for row in _difference_rows(item, document)]
    return Section(
        title=f"Loss of each model minus that of {baseline}, {report.unit} a row",
        columns=(
            Column("model", is_text=True),
            Column("difference"),
            Column(_interval_title(document)),
            Column("p (Holm)" if has_several else "p"),
            Column("better"),
            Column("worse"),
            Column("tied"),
        ),
        rows=tuple(cells),
        notes=(
            *(verdict(item, report) for item in report.comparisons),
            _method_note(document),
            *origin_notes(document.origin),
        ),
        marked=frozenset(range(len(cells))),
    )


def _difference_rows(item: DifferenceReport, document: ModelsDocument) -> Iterator[tuple[str, ...]]:
    counts = (count(item.n_better), count(item.n_worse), count(item.n_tied))
    name, found = document.shown(item.model), item.finite
    if item.infinite is None:
        yield (name, *_figures(found), *counts)
        return
    yield (name, figure(item.value), "-", "-", *counts)
    if found.n:
        yield (f"  on {count(found.n)} finite", *_figures(found), "", "", "")


def _figures(found: Difference) -> tuple[str, str, str]:
    return (
        figure(found.value, _DIGITS + 1),
        interval(found.ci_low, found.ci_high),
        figure(found.p_adjusted, 2),
    )


def _interval_title(document: ModelsDocument) -> str:
    return f"{100.0 * document.report.confidence:g} % interval"


def _method_note(document: ModelsDocument) -> str:
    report = document.report
    several = (
        "" if len(report.models) == _PAIR else " adjusted by Holm's procedure, as intervals are not"
    )
    tests = f"p: paired t-test{several}. Intervals and tests"
    if report.n_clusters is None or document.cluster_column is None:
        return f"{tests} take rows to be independent; --cluster COLUMN is for rows that are not."
    column = quoted(document.cluster_column)
    clusters = "1 cluster" if report.n_clusters == 1 else f"{count(report.n_clusters)} clusters"
    note = f"{tests} allow for rows of the same {column} depending on each other: {clusters}."
    if report.n_clusters < _FEW_CLUSTERS:
        note += " With so few of them, the intervals tend to be too narrow."
    return note
