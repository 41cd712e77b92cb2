"""The sections of `bce compute` that show rows: an excerpt in order, and the worst ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.core.report import NATS_PER
from bce_cli.render.numbers import count, figure, percent
from bce_cli.render.section import Column, Section, with_gaps
from bce_cli.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.excerpt import ExampleRow
    from bce_cli.core.worst import WorstRow
    from bce_cli.render.document import Document
    from bce_cli.render.look import Look

_DIGITS = 5
_LONGEST_ID = 24


def example_section(document: Document, look: Look) -> Section:
    """Show rows of the data as they are multiplied and summed up."""
    examples = document.result.excerpt
    zero_row = document.result.products[-1].zero_row
    has_ids = any(example.id is not None for example in examples)
    rows = list(_example_rows(document, examples, look, has_ids=has_ids))
    marked = next((i for i, row in enumerate(rows) if row[0] == count(zero_row)), None)
    return Section(
        title="Row by row",
        columns=(
            *_row_columns(has_ids=has_ids),
            Column("likelihood"),
            Column("loss"),
            Column("product"),
            Column("sum of logs"),
        ),
        rows=tuple(rows),
        marked=frozenset() if marked is None else frozenset({marked}),
    )


def worst_section(document: Document) -> Section:
    """Show the rows that cost most, and what share of the whole loss each is."""
    worst = document.result.worst
    has_ids = any(row.id is not None for row in worst)
    nats = NATS_PER[document.report.unit]
    return Section(
        title="The rows that cost most" if len(worst) != 1 else "The row that costs most",
        columns=(*_row_columns(has_ids=has_ids), Column("loss"), Column("share of total")),
        rows=tuple(
            (
                *_row_cells(row, has_ids=has_ids),
                figure(row.loss / nats, _DIGITS),
                percent(share_of_total(row, document)),
            )
            for row in worst
        ),
    )


def share_of_total(row: WorstRow, document: Document) -> float | None:
    """Share of one row in the sum of all losses; None where that is infinite or 0."""
    totals = document.result.totals
    total = float(totals.losses)
    return None if totals.n_infinite or total == 0.0 else row.loss / total


def _row_columns(*, has_ids: bool) -> tuple[Column, ...]:
    ids = (Column("id", is_text=True),) if has_ids else ()
    return (Column("row"), *ids, Column("label"), Column("prediction"))


def _row_cells(row: ExampleRow | WorstRow, *, has_ids: bool) -> tuple[str, ...]:
    ids = (safe_text(row.id or "", _LONGEST_ID),) if has_ids else ()
    return (count(row.row), *ids, str(row.label), figure(row.prediction, _DIGITS))


def _example_rows(
    document: Document, examples: Sequence[ExampleRow], look: Look, *, has_ids: bool
) -> Iterator[tuple[str, ...]]:
    nats = NATS_PER[document.report.unit]
    rows = (
        (
            example.row,
            (
                *_row_cells(example, has_ids=has_ids),
                figure(example.likelihood, _DIGITS),
                figure(example.loss / nats, _DIGITS),
                figure(example.running_product, 4),
                figure(example.running_log_likelihood / nats, 6),
            ),
        )
        for example in examples
    )
    return with_gaps(rows, look.pick("⋮", ":"))
