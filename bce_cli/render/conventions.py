"""Every convention side by side: their means, and the rows that make them differ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bce_cli.core.report import NATS_PER
from bce_cli.errors import safe_text
from bce_cli.render.numbers import count, figure, percent, rows
from bce_cli.render.origin import source_names
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.convention_totals import ConventionReport
    from bce_cli.core.differences import DifferenceRow
    from bce_cli.render.document import Document

_LONGEST_ID = 24
_DIGITS = 5
_LEAST_SHARE = 0.0005


def comparison_sections(document: Document) -> list[Section]:
    """Show what each convention makes of the rows, and where the differences come from."""
    sections = [_means_section(document)]
    found = [row for row in document.result.differences if _matters(row, document)]
    if found:
        sections += [_rows_section(document, found), _shares_section(document, found)]
    return sections


def _matters(row: DifferenceRow, document: Document) -> bool:
    """Whether a row is impossible, or its share of any mean is more than 0.0 % when rounded."""
    shares = (share_of(row, index, document) for index in range(len(row.losses)))
    return row.is_impossible or any(share is not None and share >= _LEAST_SHARE for share in shares)


def _means_section(document: Document) -> Section:
    report = document.report
    names = source_names(document.origin)
    exact = report.mean_loss
    return Section(
        title=f"{names}: the mean loss of {rows(report.n)} by every convention, {report.unit}",
        columns=(
            Column("convention", is_text=True),
            Column("mean"),
            Column("minus exact"),
            Column("rows changed"),
            Column("y=1, p=0 costs"),
            Column("y=0, p=1 costs"),
        ),
        rows=tuple(_mean_row(item, exact) for item in document.comparison),
        notes=_notes(document),
        marked=frozenset({0}),
    )


def _mean_row(item: ConventionReport, exact: float) -> tuple[str, ...]:
    mean = item.mean_loss
    difference = None if mean is None or math.isinf(exact) else mean - exact
    return (
        item.name,
        figure(mean),
        figure(difference, 3),
        "-" if item.n_clipped is None else count(item.n_clipped),
        figure(item.cap_positive, _DIGITS),
        figure(item.cap_negative, _DIGITS),
    )


def _notes(document: Document) -> tuple[str, ...]:
    report = document.report
    changed = "Rows changed: those in whose loss a limit of the convention shows."
    notes = [f"{changed} The last two columns are what one certain, wrong row costs."]
    if report.n_impossible:
        mean = figure(report.finite_mean_loss)
        notes.append(
            f"The exact mean is infinite: {rows(report.n_impossible)} certain and wrong, the first "
            f"is row {count(report.first_impossible_row)}. Without such rows it is {mean}."
        )
    if not any(item.n_clipped for item in document.comparison) and not report.n_impossible:
        notes.append(f"No limit changes a row; differences come from {_reasons(document)}.")
    if any(item.mean_loss is None for item in document.comparison):
        notes.append("Conventions without a mean take the labels 0 and 1 only.")
    return tuple(notes)


def _reasons(document: Document) -> str:
    """Say why means differ where no limit is met."""
    reasons = ["float32 and the 1e-7 that tf-keras adds"]
    if document.origin.has_weights:
        reasons.append("torch, which divides by the number of rows and not by the sum of weights")
    if document.report.label_entropy is not None:
        reasons.append("lightgbm and catboost, which count soft labels as 0 or 1")
    return ", ".join(reasons[:-1]) + " and from " * (len(reasons) > 1) + reasons[-1]


def _rows_section(document: Document, found: list[DifferenceRow]) -> Section:
    has_ids = any(row.id is not None for row in found)
    nats = NATS_PER[document.report.unit]
    ids = (Column("id", is_text=True),) if has_ids else ()
    weighted = ", losses times weights" if document.origin.has_weights else ""
    return Section(
        title=f"Rows that make the difference{weighted}",
        columns=(
            Column("row"),
            *ids,
            Column("label"),
            Column("prediction"),
            Column("least loss"),
            Column("highest loss"),
        ),
        rows=tuple(
            (
                count(row.row),
                *((safe_text(row.id or "", _LONGEST_ID),) if has_ids else ()),
                figure(row.label, _DIGITS),
                figure(row.prediction, _DIGITS),
                *(figure(loss / nats, _DIGITS) for loss in _limits(row)),
            )
            for row in found
        ),
    )


def _limits(row: DifferenceRow) -> tuple[float, float]:
    losses = [loss for loss in row.losses if loss is not None]
    return min(losses), max(losses)


def _shares_section(document: Document, found: list[DifferenceRow]) -> Section:
    return Section(
        title="Their shares of each mean",
        columns=(
            Column("convention", is_text=True),
            *(Column(f"row {count(row.row)}") for row in found),
        ),
        rows=tuple(
            (item.name, *(percent(share_of(row, index, document)) for row in found))
            for index, item in enumerate(document.comparison)
        ),
    )


def share_of(row: DifferenceRow, index: int, document: Document) -> float | None:
    """Share of a row in the sum of the losses under one convention; None where that is infinite."""
    loss, total = row.losses[index], document.result.compared[index].total_loss
    if loss is None or not total or math.isinf(total):
        return None
    return loss / total


def comparison_record(document: Document) -> dict[str, Any]:
    """Return the conventions and the rows that make them differ, for JSON."""
    nats = NATS_PER[document.report.unit]
    names = [item.name for item in document.comparison]
    return {
        "conventions": [convention_record(item) for item in document.comparison],
        "difference_rows": [
            {
                **_row_record(row),
                "losses": {
                    name: None if loss is None else loss / nats
                    for name, loss in zip(names, row.losses, strict=True)
                },
                "shares": {
                    name: share_of(row, index, document) for index, name in enumerate(names)
                },
            }
            for row in document.result.differences
        ],
        "impossible_rows": [
            _row_record(row) for row in document.result.differences if row.is_impossible
        ],
    }


def convention_record(item: ConventionReport) -> dict[str, Any]:
    """Return the figures of one convention, for JSON and CSV."""
    return {
        "name": item.name,
        "mean_loss": item.mean_loss,
        "n_clipped": item.n_clipped,
        "cap_positive": item.cap_positive,
        "cap_negative": item.cap_negative,
    }


def _row_record(row: DifferenceRow) -> dict[str, Any]:
    ids = {} if row.id is None else {"id": row.id}
    return {"row": row.row, **ids, "label": row.label, "prediction": row.prediction}
