"""The sections of `bce compute` that show rows: an excerpt in order, and the worst ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.core.report import NATS_PER
from bce_cli.errors import safe_text
from bce_cli.render.numbers import count, figure, percent
from bce_cli.render.section import Column, Section, with_gaps

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
    rows = list(_example_rows(document, examples, look))
    marked = next((i for i, row in enumerate(rows) if row[0] == count(zero_row)), None)
    return Section(
        title="Row by row",
        columns=(
            *_row_columns(examples),
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
    nats = NATS_PER[document.report.unit]
    return Section(
        title="The rows that cost most" if len(worst) != 1 else "The row that costs most",
        columns=(*_row_columns(worst), Column("loss"), Column("share of total")),
        rows=tuple(
            (
                *_row_cells(row, worst),
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
    if totals.n_infinite or total == 0.0:
        return None
    return (row.loss if row.weight is None else row.loss * row.weight) / total


def _row_columns(rows: Sequence[ExampleRow | WorstRow]) -> tuple[Column, ...]:
    ids = (Column("id", is_text=True),) if _have_ids(rows) else ()
    weights = (Column("weight"),) if _have_weights(rows) else ()
    return (Column("row"), *ids, Column("label"), Column("prediction"), *weights)


def _row_cells(
    row: ExampleRow | WorstRow, rows: Sequence[ExampleRow | WorstRow]
) -> tuple[str, ...]:
    ids = (safe_text(row.id or "", _LONGEST_ID),) if _have_ids(rows) else ()
    weights = (figure(row.weight, _DIGITS),) if _have_weights(rows) else ()
    label = figure(row.label, _DIGITS)
    return (count(row.row), *ids, label, figure(row.prediction, _DIGITS), *weights)


def _have_ids(rows: Sequence[ExampleRow | WorstRow]) -> bool:
    return any(row.id is not None for row in rows)


def _have_weights(rows: Sequence[ExampleRow | WorstRow]) -> bool:
    return any(row.weight is not None for row in rows)


def _example_rows(
    document: Document, examples: Sequence[ExampleRow], look: Look
) -> Iterator[tuple[str, ...]]:
    nats = NATS_PER[document.report.unit]
    rows = (
        (
            example.row,
            (
                *_row_cells(example, examples),
                figure(example.likelihood, _DIGITS),
                figure(example.loss / nats, _DIGITS),
                figure(example.running_product, 4),
                figure(example.running_log_likelihood / nats, 6),
            ),
        )
        for example in examples
    )
    return with_gaps(rows, look.pick("⋮", ":"))
