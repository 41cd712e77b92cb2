"""Every row and its loss as text, a piece at a time, so that memory stays constant."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.report import NATS_PER
from bce_cli.errors import excel_safe, safe_text
from bce_cli.render.markdown import escaped
from bce_cli.render.number_texts import number_texts
from bce_cli.render.text_arrays import text_array

if TYPE_CHECKING:
    import pyarrow as pa

    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Rows, ScoredRows
    from bce_cli.render.page import Format

_WIDTHS = {"row": 12, "label": 5, "prediction": 24, "weight": 24, "loss": 24}
"""Columns of the table; a float64 in its shortest exact form takes up to 24 characters."""

_ENDS = {
    "table": (" ", "\n", ""),
    "json": (",", "}", "\n"),
    "csv": (",", "\n", ""),
    "markdown": (" ", " ", "|\n"),
}
"""The character behind each cell but the last, that behind the last, and what ends the line."""

_NEEDS_QUOTES = re.compile('[,"\r\n]')
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

    def rows(self, first_row: int, scored: ScoredRows) -> bytes | memoryview:
        """Return the lines of some rows, of which the first has this 1-based number."""
        rows = scored.rows
        numbers = rows.present(np.arange(first_row, first_row + len(rows)))
        if len(numbers) == 0:
            return b""
        values: dict[str, Any] = {
            "row": numbers,
            "label": rows.present(rows.labels),
            "prediction": rows.present(rows.probabilities),
            "loss": rows.present(scored.losses / NATS_PER[self.unit]),
        }
        if self.has_weights and rows.weights is not None:
            values["weight"] = rows.present(rows.weights)
        if self.has_ids:
            values["id"] = self._ids(rows)
        names = self._table_names() if self.output_format == "table" else self.names
        between, last, after = _ENDS[self.output_format]
        parts: list[Any] = []
        for name in names:
            end = last if name == names[-1] else between
            parts += [self._before(name, is_first=not parts), self._cells(name, values[name], end)]
        return _lines([*parts, after])

    def _cells(self, name: str, values: Any, end: str) -> pa.Array:  # noqa: ANN401 -- two kinds
        """Return a column of texts, each with the character that stands behind it."""
        from pyarrow import compute

        if name == "id":
            return text_array(values, end)
        if values.dtype == np.bool_:
            values = values.view(np.int8)
        is_json, is_table = self.output_format == "json", self.output_format == "table"
        texts = number_texts(values, end, infinite_as="null" if is_json else "inf")
        return compute.utf8_lpad(texts, self._width(name) + 1) if is_table else texts

    def _before(self, name: str, *, is_first: bool) -> str:
        """Return what stands before the cells of a column."""
        if self.output_format == "json":
            return f'{{"{name}": ' if is_first else f' "{name}": '
        if self.output_format == "markdown":
            return "| "
        return "" if self.output_format == "csv" or is_first else " "

    def _ids(self, rows: Rows) -> list[str]:
        ids = rows.present_ids()
        if self.output_format == "json":
            return [json.dumps(text) for text in ids]
        if self.output_format == "csv":
            return _csv_cells([excel_safe(text) for text in ids] if self.excel_safe else ids)
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


def _literal(text: str) -> pa.Scalar:
    """Return one text as pyarrow's own scalar; passing a str imports pandas, too."""
    return text_array([text])[0]


def _lines(parts: list[Any]) -> memoryview:
    """Concatenate columns and literals row by row; the text buffer of the result is the output."""
    from pyarrow import compute

    columns = [_literal(part) if isinstance(part, str) else part for part in parts if part != ""]
    lines = compute.binary_join_element_wise(*columns, _literal(""))
    offsets = np.frombuffer(lines.buffers()[1], np.int32, count=len(lines) + 1)
    return memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1])]


def _csv_cells(texts: list[str]) -> list[str]:
    """Quote those texts that need it."""
    if _NEEDS_QUOTES.search("".join(texts)) is None:
        return texts
    return [_quoted(text) if _NEEDS_QUOTES.search(text) else text for text in texts]


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
