"""Every row and its loss as text, a piece at a time, so that memory stays constant."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.report import NATS_PER
from bce_cli.render.markdown import escaped
from bce_cli.render.text_arrays import text_array
from bce_cli.safe_text import excel_safe, safe_text

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Rows, ScoredRows
    from bce_cli.render.page import Format

_WIDTHS = {"row": 12, "label": 5, "prediction": 24, "weight": 24, "loss": 24}
"""Columns of the table; a float64 in its shortest exact form takes up to 24 characters."""

_LONGEST_ID = 200  # of what people are to read; data for programs hold all of it


@dataclass(frozen=True, slots=True)
class RowStream:
    """Writes `row, id, label, prediction, weight, loss` in one format; every number is exact.

    Attributes
    ----------
    output_format : {"table", "json", "csv", "markdown"}
        JSON means a JSON object on each line, in which an infinite loss is null.
    unit : {"nats", "bits"}
    has_ids, has_weights : bool
        Without them, these columns are left out.
    soft_labels : bool
        Whether labels need as much room in a table as other numbers.
    excel_safe : bool
        Whether ids in CSV must not look like formulas.
    """

    output_format: Format
    unit: Unit
    has_ids: bool
    has_weights: bool = False
    soft_labels: bool = False
    excel_safe: bool = False

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        ids = ["id"] if self.has_ids else []
        weights = ["weight"] if self.has_weights else []
        return ["row", *ids, "label", "prediction", *weights, "loss"]

    def header(self) -> bytes:
        """Return what comes before the first row."""
        if self.output_format == "json":
            return b""
        if self.output_format == "csv":
            return ",".join(self.names).encode() + b"\n"
        if self.output_format == "markdown":
            rule = [":---" if name == "id" else "---:" for name in self.names]
            lines = f"| {' | '.join(self.names)} |\n| {' | '.join(rule)} |\n"
            return lines.encode()
        return (
            "  ".join(name.rjust(self._width(name)) for name in self._table_names()).encode()
            + b"\n"
        )

    def rows(self, first_row: int, scored: ScoredRows) -> bytes:
        """Return the lines of some rows, of which the first has this 1-based number."""
        rows = scored.rows
        numbers = rows.present(np.arange(first_row, first_row + len(rows)))
        if len(numbers) == 0:
            return b""
        labels = rows.labels.view(np.int8) if rows.labels.dtype == np.bool_ else rows.labels
        cells: dict[str, Any] = {
            "row": _texts(numbers),
            "label": _texts(rows.present(labels)),
            "prediction": _texts(rows.present(rows.probabilities)),
            "loss": _texts(rows.present(scored.losses / NATS_PER[self.unit])),
        }
        if self.has_weights and rows.weights is not None:
            cells["weight"] = _texts(rows.present(rows.weights))
        if self.has_ids:
            cells["id"] = text_array(self._ids(rows, numbers - first_row))
        if self.output_format == "json":
            cells["loss"] = _finite_or_null(cells["loss"])
        return _lines(self._layout(cells))

    def _ids(self, rows: Rows, places: np.ndarray[Any, Any]) -> list[str]:
        ids = [] if rows.ids is None else [rows.ids[place] for place in places.tolist()]
        if self.output_format == "json":
            return [json.dumps(text) for text in ids]
        if self.output_format == "csv":
            return [_csv_cell(excel_safe(text) if self.excel_safe else text) for text in ids]
        if self.output_format == "markdown":
            return [escaped(safe_text(text, _LONGEST_ID)) for text in ids]
        return [safe_text(text, _LONGEST_ID) for text in ids]

    def _table_names(self) -> list[str]:
        """Ids come last, since they alone have no width."""
        return [name for name in self.names if name != "id"] + (["id"] if self.has_ids else [])

    def _width(self, name: str) -> int:
        return (
            _WIDTHS["prediction"] if self.soft_labels and name == "label" else _WIDTHS.get(name, 0)
        )

    def _layout(self, cells: dict[str, Any]) -> list[Any]:
        """Return the columns and the literals between them."""
        from pyarrow import compute

        if self.output_format == "table":
            padded = [
                compute.utf8_lpad(cells[name], self._width(name))
                if name in _WIDTHS
                else cells[name]
                for name in self._table_names()
            ]
            return _joined(padded, "", "  ", "\n")
        columns = [cells[name] for name in self.names]
        if self.output_format == "csv":
            return _joined(columns, "", ",", "\n")
        if self.output_format == "markdown":
            return _joined(columns, "| ", " | ", " |\n")
        parts: list[Any] = []
        for name, column in zip(self.names, columns, strict=True):
            parts += [("{" if name == "row" else ", ") + f'"{name}": ', column]
        return [*parts, "}\n"]


def _joined(columns: list[Any], before: str, between: str, after: str) -> list[Any]:
    parts: list[Any] = [before]
    for column in columns:
        parts += [column, between]
    return [*parts[:-1], after]


def _texts(values: np.ndarray[Any, Any]) -> pa.Array:
    """Numbers in their shortest exact form."""
    import pyarrow as pa

    kind = {"f": pa.float64(), "i": pa.int64()}[values.dtype.kind]
    wide = np.ascontiguousarray(values, dtype=np.float64 if values.dtype.kind == "f" else np.int64)
    # from_buffers, since pa.array(ndarray) imports pandas
    column = pa.Array.from_buffers(kind, len(wide), [None, pa.py_buffer(wide)])
    return column.cast(pa.string())


def _finite_or_null(texts: pa.Array) -> pa.Array:
    from pyarrow import compute

    return compute.if_else(compute.equal(texts, _literal("inf")), _literal("null"), texts)


def _literal(text: str) -> pa.Scalar:
    """Return one text as pyarrow's own scalar; passing a str imports pandas, too."""
    return text_array([text])[0]


def _lines(parts: list[Any]) -> bytes:
    """Concatenate columns and literals row by row; the text buffer of the result is the output."""
    from pyarrow import compute

    columns = [_literal(part) if isinstance(part, str) else part for part in parts]
    lines = compute.binary_join_element_wise(*columns, _literal(""))
    offsets = np.frombuffer(lines.buffers()[1], np.int32, count=len(lines) + 1)
    return bytes(lines.buffers()[2][int(offsets[0]) : int(offsets[-1])])


def _csv_cell(text: str) -> str:
    if any(character in text for character in ',"\r\n'):
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text
