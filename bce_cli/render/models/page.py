"""What `bce compare` found, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.convention_notes import convention_notes
from bce_cli.render.models.changed import LONGEST_NAME, changed_section
from bce_cli.render.models.record import models_lines, models_record
from bce_cli.render.models.verdict import verdict
from bce_cli.render.numbers import count, figure, percent, rows
from bce_cli.render.origin import origin_notes, source_names
from bce_cli.render.page import Page
from bce_cli.render.section import Column, Section
from bce_cli.safe_text import quoted, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.core.comparison.report import Difference, DifferenceReport, ModelReport
    from bce_cli.render.models.document import ModelsDocument

_DIGITS = 4
_FEW_CLUSTERS = 30  # below, the cluster-robust error tends to be too small
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
    positive = f"{count(first.n_positive)} with label 1 ({percent(first.base_rate)})"
    models = f"{len(report.models)} models on {rows(report.n)}, {positive}"
    base = figure(first.base_rate_loss)
    return Section(
        title=f"{source_names(document.origin)}: {models}",
        columns=(
            Column("model", is_text=True),
            Column(f"mean loss, {report.unit}"),
            Column(_interval_title(document)),
            Column("skill"),
            Column("impossible rows"),
        ),
        rows=tuple(_model_row(model, index) for index, model in enumerate(report.models)),
        notes=(
            f"Skill: the share of the base-rate loss, {base}, that is removed.",
            *convention_notes(document.convention),
        ),
    )


def _model_row(model: ModelReport, index: int) -> tuple[str, ...]:
    name = safe_text(model.name, LONGEST_NAME)
    report = model.report
    return (
        f"{name} (baseline)" if index == 0 else name,
        figure(report.mean_loss),
        _interval(model.ci_low, model.ci_high),
        percent(report.skill),
        count(report.n_impossible),
    )


def _differences_section(document: ModelsDocument) -> Section:
    report = document.report
    baseline = safe_text(report.models[0].name, LONGEST_NAME)
    has_several = len(report.models) > _PAIR
    cells = [row for item in report.comparisons for row in _difference_rows(item)]
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


def _difference_rows(item: DifferenceReport) -> Iterator[tuple[str, ...]]:
    counts = (count(item.n_better), count(item.n_worse), count(item.n_tied))
    name, found = safe_text(item.model, LONGEST_NAME), item.finite
    if item.infinite is None:
        yield (name, *_figures(found), *counts)
        return
    yield (name, figure(item.value), "-", "-", *counts)
    if found.n:
        yield (f"  on {rows(found.n)} of finite loss", *_figures(found), "", "", "")


def _figures(found: Difference) -> tuple[str, str, str]:
    return (
        figure(found.value, _DIGITS + 1),
        _interval(found.ci_low, found.ci_high),
        figure(found.p_adjusted, 2),
    )


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "-"
    return f"{figure(low, _DIGITS)} to {figure(high, _DIGITS)}"


def _interval_title(document: ModelsDocument) -> str:
    return f"{100.0 * document.report.confidence:g} % interval"


def _method_note(document: ModelsDocument) -> str:
    report = document.report
    several = "" if len(report.models) == _PAIR else ", adjusted by Holm's procedure"
    tests = f"p: paired t-test{several}. Intervals and tests"
    if report.n_clusters is None or document.cluster_column is None:
        return f"{tests} take rows to be independent; --cluster COLUMN is for rows that are not."
    column = quoted(document.cluster_column)
    clusters = f"{count(report.n_clusters)} clusters"
    note = f"{tests} allow for rows of the same {column} depending on each other: {clusters}."
    if report.n_clusters < _FEW_CLUSTERS:
        note += " With so few of them, take the intervals for too narrow rather than too wide."
    return note
