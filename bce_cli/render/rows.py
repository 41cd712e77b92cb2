"""Every row and its loss as text or Parquet, some rows at a time, so that memory stays constant."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from bce_cli.core.report import NATS_PER
from bce_cli.errors import safe_text, without_formula
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.markdown import escaped, markdown_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Rows

    Array = np.ndarray[Any, Any]
    ByteArray = npt.NDArray[np.uint8]
    IntArray = npt.NDArray[np.intp]

RowFormat: TypeAlias = Literal["table", "json", "csv", "markdown"]

_WIDTHS = {"row": 12, "label": 5, "prediction": 24, "weight": 24, "loss": 24}
"""Columns of the table; a float64 in its shortest exact form takes up to 24 characters."""

_TIGHT = {"row": 6, "label": 5, "prediction": 23, "weight": 19, "loss": 23}
"""The same where that is too wide; numbers have no sign, and few weights so many digits."""

_ENDS = {
    "table": (" ", "\n", ""),
    "stacked": ("\n", "\n", "\n"),
    "json": (",", "}", "\n"),
    "csv": (",", "\n", ""),
    "markdown": (" ", " ", "|\n"),
}
"""The character behind each cell but the last, that behind the last, and what ends the line."""

_NEEDS_QUOTES = re.compile('[,"\r\n]')
_LONGEST_ID = 200  # of what people are to read; data for programs hold all of it

_AT_ONCE = 32_768  # rows whose texts a core's own cache holds
_COMMA = ord(",")
_MANY = 8  # where more than one in so many is to be written otherwise, all are


def _names(*, has_ids: bool, has_weights: bool) -> list[str]:
    """Return the names of the columns, in order."""
    ids, weights = ["id"] * has_ids, ["weight"] * has_weights
    return ["row", *ids, "label", "prediction", *weights, "loss"]


def _numbers(first_row: int, rows: Rows, losses: FloatArray, unit: Unit) -> dict[str, Array]:
    """Return the columns of numbers, of those rows that are present."""
    is_hard = rows.labels.dtype == np.bool_
    columns = {
        "row": np.arange(first_row, first_row + len(rows)),
        "label": rows.labels.view(np.int8) if is_hard else rows.labels,
        "prediction": rows.probabilities,
        "loss": losses if unit == "nats" else losses / NATS_PER[unit],
    }
    if rows.weights is not None:
        columns["weight"] = rows.weights
    return {name: rows.present(values) for name, values in columns.items()}


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
    width : int, optional
        Of the terminal. A table that is too wide is set closer, or else each row below the other,
        a cell to a line. By default there is room for all.
    """

    output_format: RowFormat
    unit: Unit
    has_ids: bool
    has_weights: bool = False
    soft_labels: bool = False
    excel_safe: bool = False
    width: int | None = None

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        names = _names(has_ids=self.has_ids, has_weights=self.has_weights)
        if self.output_format == "table":  # ids come last, since they alone have no width
            names.sort(key=lambda name: name == "id")
        return names

    def header(self) -> bytes:
        """Return what comes before the first row."""
        names = self.names
        if self._layout in {"json", "stacked"}:
            return b""
        if self.output_format == "csv":
            lines = [",".join(names)]
        elif self.output_format == "markdown":
            rule = (":---" if name == "id" else "---:" for name in names)
            lines = [markdown_row(names), markdown_row(rule)]
        else:
            lines = [self._gap.join(name.rjust(self._widths[name]) for name in names)]
        return "".join(f"{line}\n" for line in lines).encode()

    def rows(self, first_row: int, rows: Rows, losses: FloatArray) -> list[bytes | memoryview]:
        """Return the lines of some rows, of which the first has this 1-based number."""
        cuts = (slice(start, start + _AT_ONCE) for start in range(0, len(rows), _AT_ONCE))
        return [self._lines(first_row + cut.start, rows.at(cut), losses[cut]) for cut in cuts]

    def _lines(self, first_row: int, rows: Rows, losses: FloatArray) -> bytes | memoryview:
        numbers = _numbers(first_row, rows, losses, self.unit)
        if len(numbers["row"]) == 0:
            return b""
        names = self.names
        between, last, after = _ENDS[self._layout]
        parts: list[Any] = []
        for group in self._groups(numbers):
            end = last if group[-1] == names[-1] else between
            if group == ["id"]:
                cells = text_array(self._ids(rows.present_ids()), end)
            else:
                ends = between * (len(group) - 1) + end
                cells = self._cells(group[0], [numbers[name] for name in group], ends)
            parts += [self._before(group[0], is_first=not parts), cells]
        return joined_lines([*parts, after])

    def _groups(self, numbers: dict[str, Array]) -> list[list[str]]:
        """Return the names of columns that are written at once: in CSV, neighbours of one kind."""
        if self.output_format != "csv":
            return [[name] for name in self.names]
        kinds = {name: values.dtype.kind for name, values in numbers.items()}
        return [list(group) for _, group in groupby(self.names, kinds.get)]

    def _cells(self, name: str, columns: list[Array], ends: str) -> pa.Array:
        """Return columns of numbers as texts, each with the character that stands behind it."""
        from pyarrow import compute

        values = columns[0] if len(columns) == 1 else np.stack(columns, axis=1).reshape(-1)
        texts = number_texts(
            values, ends, infinite_as="null" if self.output_format == "json" else "inf"
        )
        is_table = self._layout == "table"
        return compute.utf8_lpad(texts, self._widths[name] + 1) if is_table else texts

    def _before(self, name: str, *, is_first: bool) -> str:
        """Return what stands before the cells of a column."""
        if self.output_format == "json":
            return f'{{"{name}": ' if is_first else f' "{name}": '
        if self.output_format == "markdown":
            return "| "
        if self._layout == "stacked":
            return f"{name:<{len('prediction')}}  "
        return "" if self.output_format == "csv" or is_first else self._gap[1:]

    def _ids(self, ids: list[str]) -> list[str]:
        if self.output_format == "json":
            return [json.dumps(text) for text in ids]
        if self.output_format == "csv":
            return csv_cells([without_formula(text) for text in ids] if self.excel_safe else ids)
        shown = [safe_text(text, _LONGEST_ID) for text in ids]
        return [escaped(text) for text in shown] if self.output_format == "markdown" else shown

    @property
    def _layout(self) -> str:
        """The format, or stacked."""
        is_stacked = self.output_format == "table" and not (self._fits("  ") or self._fits(" "))
        return "stacked" if is_stacked else self.output_format

    @property
    def _gap(self) -> str:
        """What stands between two columns of the table."""
        return "  " if self._fits("  ") else " "

    @property
    def _widths(self) -> dict[str, int]:
        """The columns of the table."""
        return self._widths_at(self._gap)

    def _fits(self, gap: str) -> bool:
        if self.width is None:
            return True
        widths = self._widths_at(gap).values()
        return sum(widths) + len(gap) * (len(widths) - 1) <= self.width

    def _widths_at(self, gap: str) -> dict[str, int]:
        widths = _WIDTHS if gap == "  " else _TIGHT
        if self.soft_labels:
            widths = widths | {"label": widths["prediction"]}
        return {name: widths.get(name, len(name)) for name in self.names}


@dataclass(frozen=True, slots=True)
class RowTable:
    """Builds tables of `row, id, label, prediction, weight, loss`.

    Attributes
    ----------
    unit : {"nats", "bits"}
    has_ids, has_weights : bool
        Without them, these columns are left out.
    soft_labels : bool
        Whether labels are float64 rather than int8.
    """

    unit: Unit
    has_ids: bool
    has_weights: bool = False
    soft_labels: bool = False

    @property
    def whole(self) -> list[str]:
        """Names of the columns of whole numbers."""
        return ["row"] if self.soft_labels else ["row", "label"]

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        import pyarrow as pa

        kinds = {"row": pa.int64(), "id": pa.string()}
        kinds["label"] = pa.float64() if self.soft_labels else pa.int8()
        names = _names(has_ids=self.has_ids, has_weights=self.has_weights)
        return pa.schema(
            [pa.field(name, kinds.get(name, pa.float64()), nullable=False) for name in names]
        )

    def rows(self, first_row: int, rows: Rows, losses: FloatArray) -> pa.Table:
        """Return some rows, of which the first has this 1-based number."""
        import pyarrow as pa

        schema, numbers = self.schema, _numbers(first_row, rows, losses, self.unit)
        arrays = [
            text_array(rows.present_ids())
            if field.name == "id"
            else number_array(numbers[field.name], field.type)
            for field in schema
        ]
        return pa.Table.from_arrays(arrays, schema=schema)


def number_array(values: Array, kind: pa.DataType) -> pa.Array:
    """Wrap numbers; pa.array would import pandas."""
    import pyarrow as pa

    typed = np.ascontiguousarray(values, dtype=str(kind).replace("double", "float64"))
    return pa.Array.from_buffers(kind, len(typed), [None, pa.py_buffer(typed)])


@contextmanager
def parquet_writer(
    stream: IO[bytes], schema: pa.Schema, words: Sequence[str] = (), whole: Sequence[str] = ()
) -> Iterator[Any]:
    """Provide a writer of a Parquet file, which is complete at the end.

    After an error nothing more is written, not even when the writer is collected: its stream is
    closed by then.

    Parameters
    ----------
    stream : binary stream
    schema : pyarrow.Schema
    words : sequence of str
        Columns that get a dictionary; a number that hardly occurs twice is not worth one.
    whole : sequence of str
        Columns of whole numbers that are stored as differences, in a quarter of the time and room.
    """
    from pyarrow import parquet

    encodings = dict.fromkeys(whole, "DELTA_BINARY_PACKED")
    writer = parquet.ParquetWriter(
        stream, schema, use_dictionary=[*words], column_encoding=encodings or None
    )
    try:
        yield writer
        writer.close()
    finally:
        writer.is_open = False


def _literal(text: str) -> pa.Scalar:
    """Return one text as pyarrow's own scalar; passing a str imports pandas, too."""
    return text_array([text])[0]


def joined_lines(parts: list[Any]) -> memoryview:
    """Concatenate columns and literals row by row; the text buffer of the result is the output."""
    from pyarrow import compute

    columns = [_literal(part) if isinstance(part, str) else part for part in parts if part != ""]
    lines = compute.binary_join_element_wise(*columns, _literal(""))
    offsets = np.frombuffer(lines.buffers()[1], np.int32, count=len(lines) + 1)
    return memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1])]


def csv_cells(texts: list[str], delimiter: str = ",") -> list[str]:
    """Quote those texts that need it."""
    needs = _NEEDS_QUOTES if delimiter == "," else re.compile(f'[{re.escape(delimiter)}"\r\n]')
    if needs.search("".join(texts)) is None:
        return texts
    return ['"' + text.replace('"', '""') + '"' if needs.search(text) else text for text in texts]


def text_array(texts: Sequence[str], end: str = "") -> pa.StringArray:
    """Build a column of texts from its buffers; pa.array(list) would import pandas.

    Parameters
    ----------
    texts : sequence of str
    end : str
        ASCII characters that stand behind each.

    Examples
    --------
    >>> text_array(["a", "", "é"], ";").to_pylist()
    ['a;', ';', 'é;']
    """
    joined = end.join([*texts, ""])
    data = joined.encode()
    if len(data) == len(joined):  # a character is a byte
        lengths = np.fromiter(map(len, texts), np.int32, len(texts))
    else:
        lengths = np.fromiter((len(text.encode()) for text in texts), np.int32, len(texts))
    offsets = np.zeros(len(texts) + 1, np.int32)
    np.cumsum(lengths + np.int32(len(end)), out=offsets[1:])
    return string_array(data, offsets)


def number_texts(
    values: Array, signs: str, *, infinite_as: str = "inf", is_before: bool = False
) -> pa.StringArray:
    r"""Write numbers as text.

    Parameters
    ----------
    values : ndarray of int8, int64 or float64, shape (n,)
        None is NaN.
    signs : str
        The ASCII character that stands behind each. With several, so many numbers are one text.
    infinite_as : str, default "inf"
        What stands for positive infinity.
    is_before : bool, default False
        The character stands before each instead; it is one.

    Returns
    -------
    pyarrow.StringArray

    Examples
    --------
    >>> number_texts(np.array([0.1, 1.0, 1e-5, np.inf]), ";").to_pylist()
    ['0.1;', '1;', '0.00001;', 'inf;']
    >>> number_texts(np.array([0.1, 1.0, 1e-5, np.inf]), ",\n").to_pylist()
    ['0.1,1\n', '0.00001,inf\n']
    >>> number_texts(np.array([7, -8]), ",").to_pylist()
    ['7,', '-8,']
    >>> number_texts(np.array([0.5, -1.0, 0.25]), ";", is_before=True).to_pylist()
    [';0.5', ';-1', ';0.25']
    """
    characters, commas = _with_commas(np.ascontiguousarray(values), infinite_as)
    every = len(signs)
    for place, sign in enumerate(signs):
        if sign != ",":
            characters[commas[place + (not is_before) :: every]] = ord(sign)
    offsets = commas[::every]
    return string_array(characters, offsets if is_before else offsets + 1)


def _with_commas(values: Array, infinite_as: str) -> tuple[ByteArray, IntArray]:
    """Write numbers with a comma before, between and behind them; return where commas are, too."""
    import orjson

    places = _places_written_otherwise(values)
    if len(places) > len(values) // _MANY:
        return _written_by_arrow(values, infinite_as)
    text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)  # four times as fast as pyarrow
    characters = np.frombuffer(text, np.uint8).copy()
    characters[0] = characters[-1] = _COMMA  # where brackets are
    commas = np.flatnonzero(characters == _COMMA)
    if len(places):
        others, ends = _written_by_arrow(values[places], infinite_as)
        return _replaced((characters, commas), places, (others, ends))
    return characters, commas


def string_array(characters: Any, offsets: Array) -> pa.StringArray:  # noqa: ANN401 -- bytes
    """Build a column of texts, one behind the other in some bytes, from where each begins."""
    import pyarrow as pa

    ends = offsets.astype(np.int32, copy=False)
    return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(characters))


def _places_written_otherwise(values: Array) -> IntArray:
    """Where one writes 1, 0.000001, 1e+10 and inf, and the other 1.0, 1e-6, 10000000000.0, null."""
    if values.dtype.kind == "i":
        return np.zeros(0, np.intp)
    otherwise = np.floor(values) == values  # infinite ones are, too
    sizes = np.abs(values)
    otherwise |= (sizes >= 1e-6) & (sizes < 1e-5)  # noqa: PLR2004
    otherwise |= sizes >= 1e10  # noqa: PLR2004
    return np.flatnonzero(otherwise)


def _written_by_arrow(values: Array, infinite_as: str) -> tuple[ByteArray, IntArray]:
    import pyarrow as pa
    from pyarrow import compute

    # from_buffers, since pa.array(ndarray) imports pandas
    column = pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(values)])
    texts = column.cast(pa.string())
    if not np.isfinite(values.max()):
        inf, shown = text_array(["inf", infinite_as])
        texts = compute.if_else(compute.equal(texts, inf), shown, texts)
    comma, nothing = text_array([",", ""])
    found = compute.binary_join_element_wise(comma, texts, nothing)
    commas = np.frombuffer(found.buffers()[1], np.int32, count=len(found) + 1)
    characters = np.frombuffer(found.buffers()[2], np.uint8, count=commas[-1])
    return np.append(characters, np.uint8(_COMMA)), commas.astype(np.intp)


def _replaced(
    text: tuple[ByteArray, IntArray], places: IntArray, others: tuple[ByteArray, IntArray]
) -> tuple[ByteArray, IntArray]:
    """Put other numbers in some places; all are texts with commas, and where these are."""
    (characters, commas), (new, ends) = text, others
    parts: list[Any] = []
    last = 0
    for number, place in enumerate(places.tolist()):
        parts += [characters[last : commas[place]], new[ends[number] : ends[number + 1]]]
        last = commas[place + 1]
    lengths = np.diff(commas)
    lengths[places] = np.diff(ends)
    moved = np.cumsum(np.concatenate([commas[:1], lengths]))
    return np.concatenate([*parts, characters[last:]]), moved
