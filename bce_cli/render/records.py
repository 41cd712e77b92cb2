"""Reports for programs: JSON and CSV, in full precision."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bce_cli.core.report import NATS_PER
from bce_cli.errors import excel_safe
from bce_cli.render.conventions import comparison_record, convention_record
from bce_cli.render.examples import share_of_total
from bce_cli.render.origin import origin_record
from bce_cli.render.segments import segment_lines, segments_record

if TYPE_CHECKING:
    from bce_cli.core.likelihood import LikelihoodProduct
    from bce_cli.core.worst import WorstRow
    from bce_cli.render.document import Document


_HEAD = ("n", "n_positive", "weight_sum", "effective_n", "base_rate")


def json_record(document: Document) -> dict[str, Any]:
    """Return all figures by name, with what was asked for beside them."""
    record = _record(document)
    if document.result.products:
        record["products"] = [_product(product) for product in document.result.products]
    if document.comparison:
        record |= comparison_record(document)
    if document.segments:
        record["segments"] = segments_record(document)
    if document.result.worst:
        record["worst_rows"] = [_worst(row, document) for row in document.result.worst]
    return record


def csv_lines(document: Document) -> list[dict[str, Any]]:
    """Return one line of figures; or a line a segment, a convention or a worst row."""
    return (
        segment_lines(document)
        or [_worst(row, document) for row in document.result.worst]
        or [convention_record(item) for item in document.comparison]
        or [_record(document) | {"source": " ".join(document.origin.sources)}]
    )


def _record(document: Document) -> dict[str, Any]:
    report = asdict(document.report)
    unit = report.pop("unit")
    n_clipped = report.pop("n_clipped")
    head = {key: report.pop(key) for key in _HEAD}
    record: dict[str, Any] = {
        **origin_record(document.origin),
        **head,
        "n_missing": document.origin.n_missing,
        "n_unmatched": document.origin.n_unmatched,
        "unit": unit,
        "convention": document.convention.name,
        "clip": document.convention.clip,
        "n_clipped": n_clipped,
        **report,
    }
    if document.result.products:
        product = document.result.products[-1]
        record["likelihood_product"] = product.product
        record["product_subnormal_row"] = product.subnormal_row
        record["product_zero_row"] = product.zero_row
    return record


def _product(product: LikelihoodProduct) -> dict[str, Any]:
    return asdict(product) | {"log_of_product": product.log_of_product}


def _worst(row: WorstRow, document: Document) -> dict[str, Any]:
    record = asdict(row)
    if row.id is None:
        del record["id"]
    elif document.excel_safe:
        record["id"] = excel_safe(row.id)
    if row.weight is None:
        del record["weight"]
    record["loss"] = row.loss / NATS_PER[document.report.unit]
    record["share_of_total"] = share_of_total(row, document)
    return record
