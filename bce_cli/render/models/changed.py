"""The rows that changed most from the baseline to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.core.report import NATS_PER
from bce_cli.errors import safe_text
from bce_cli.render.numbers import count, figure
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.comparison.changes import ChangedRow
    from bce_cli.core.comparison.report import DifferenceReport
    from bce_cli.render.models.document import ModelsDocument

_LONGEST_ID = 24
_DIGITS = 4


def changed_section(item: DifferenceReport, document: ModelsDocument) -> Section:
    """Show the rows of greatest change, gains before losses."""
    report = document.report
    baseline, model = report.models[0].name, item.model
    changed = (*item.gained, *item.lost)
    has_ids = any(row.id is not None for row in changed)
    ways = [f"{way} most" for way, found in _ways(item) if found]
    return Section(
        title=f"Rows on which {document.shown(model)} {', and '.join(ways)}",
        columns=(
            Column("row"),
            *((Column("id", is_text=True),) if has_ids else ()),
            Column("label"),
            Column(document.shown(baseline)),
            Column(document.shown(model)),
            Column("difference times weight" if document.origin.has_weights else "difference"),
        ),
        rows=tuple(_changed_cells(row, document, has_ids=has_ids) for row in changed),
    )


def _ways(item: DifferenceReport) -> tuple[tuple[str, tuple[ChangedRow, ...]], ...]:
    return ("gained", item.gained), ("lost", item.lost)


def _changed_cells(row: ChangedRow, document: ModelsDocument, *, has_ids: bool) -> tuple[str, ...]:
    nats = NATS_PER[document.report.unit]
    return (
        count(row.row),
        *((safe_text(row.id or "", _LONGEST_ID),) if has_ids else ()),
        figure(row.label, _DIGITS),
        figure(row.baseline_prediction, _DIGITS),
        figure(row.prediction, _DIGITS),
        figure(row.difference / nats, _DIGITS),
    )
