"""Reports for programs: JSON and CSV, in full precision."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bce_cli.core.report import NATS_PER
from bce_cli.render.comparison import comparison_record, convention_record
from bce_cli.render.examples import share_of_total
from bce_cli.safe_text import excel_safe

if TYPE_CHECKING:
    from bce_cli.core.likelihood import LikelihoodProduct
    from bce_cli.core.worst import WorstRow
    from bce_cli.render.document import Document


_HEAD = ("n", "n_positive", "weight_sum", "effective_n", "base_rate")


def write_json(document: Document) -> str:
    """Write one strict JSON object; a number that is infinite or undefined is null."""
    record = _record(document)
    if document.result.products:
        record["products"] = [_product(product) for product in document.result.products]
    if document.comparison:
        record |= comparison_record(document)
    if document.result.worst:
        record["worst_rows"] = [_worst(row, document) for row in document.result.worst]
    return json.dumps(strict(record), indent=2, allow_nan=False) + "\n"


def write_csv(document: Document) -> str:
    """Write a header and one line of figures; or a line a convention; or a line a worst row."""
    records = (
        [_worst(row, document) for row in document.result.worst]
        or [convention_record(item) for item in document.comparison]
        or [_record(document) | {"source": " ".join(document.sources)}]
    )
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    return stream.getvalue()


def _record(document: Document) -> dict[str, Any]:
    report = asdict(document.report)
    unit = report.pop("unit")
    n_clipped = report.pop("n_clipped")
    head = {key: report.pop(key) for key in _HEAD}
    sources = document.sources
    record: dict[str, Any] = {
        "source": sources[0] if len(sources) == 1 else list(sources),
        "label_column": document.label_column,
        "prediction_column": document.prediction_column,
        **({} if document.weight_column is None else {"weight_column": document.weight_column}),
        **({} if document.labels_source is None else {"labels_source": document.labels_source}),
        "positive_label": document.positive_label,
        "negative_label": document.negative_label,
        **head,
        "n_missing": document.n_missing,
        "n_unmatched": document.n_unmatched,
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


def strict(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Replace every number that JSON cannot hold by None."""
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strict(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> Any:  # noqa: ANN401 -- any CSV value
    return "" if value is None else value
