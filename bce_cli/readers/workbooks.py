"""Workbooks of Excel: one sheet of it, as rows of typed cells; numbers as stored, not as shown.

A sheet is held in memory as a whole. So what a workbook unpacks to is read once before, which also
compares its checksums, and is refused where it would be too much.
"""

from __future__ import annotations

import datetime as dt
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bce_cli.errors import DataError, EmptyInputError, InputError, quoted, safe_text
from bce_cli.readers.columnar import ColumnarBlock, ColumnarFile
from bce_cli.readers.columns import find_columns
from bce_cli.readers.texts import number_text, texts_of
from bce_cli.readers.typed_columns import bool_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from bce_cli.readers.archives import Archive
    from bce_cli.readers.arrow_files import RowGroups
    from bce_cli.readers.grammar import InputOptions

_MOST_BYTES = 1 << 30
_MOST_CELLS = 1 << 26
_STEP = 1 << 20
_LONGEST_PLACE = 16
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,3})([0-9]{1,7})["']""")
_ROW_BYTES = 256  # what a row of a batch counts for, where bytes to read at a time are given
_MOST_LISTED = 20
_LETTERS = 26


class WorkbookFile(ColumnarFile):
    """An opened sheet of a workbook; see `ColumnarFile`.

    Its first row that is not empty names the columns. Places in messages are rows of the sheet.

    Parameters
    ----------
    archive : Archive
        What a workbook is packed in.
    sheet : str or None
        The sheet that is meant; None for the first one.
    name : str
        What messages call the source.
    options : InputOptions

    Raises
    ------
    DataError
        The workbook is damaged or too large, has no such sheet, or that lacks a column.
    InputError
        The library that reads workbooks is not there.
    """

    def __init__(
        self, archive: Archive, sheet: str | None, *, name: str, options: InputOptions
    ) -> None:
        self._name, self.kind, self._size = name, "excel", None
        self._grammar = options.grammar
        self._most = max(1, options.block_bytes // _ROW_BYTES)
        _refuse_great(archive, name)
        found, others = _opened(archive, sheet, name)
        self.note = None
        if sheet is None:
            self._name = f"{name}, sheet {quoted(found.name)}"
            if others > 1:
                self.note = f"{self._name}, the first of {others}"
        self._rows = _numbered(found)
        header = next(self._rows, None)
        if header is None:
            message = f"{self._name}: the sheet is empty"
            raise EmptyInputError(message, "its first row must name the columns")
        names = [_text(cell).strip() for cell in header[1]]
        self.columns = find_columns(names, options.columns, self._name)
        self._places = sorted({place for _, place in self.columns.wanted})
        self._keeps_all = options.keeps_all
        if options.keeps_all:
            self._places = [*range(len(names))]
        self._names = [names[place] for place in self._places]
        self.row_groups, self.n_rows = (), None

    def blocks(self, row_groups: tuple[RowGroups, ...] | None = None) -> Iterator[ColumnarBlock]:
        """Yield the rows below the header, some at a time; empty ones are passed over."""
        del row_groups  # there are none
        for first_row, rows in _runs(self._rows, self._most):
            place = first_row
            for some in self._portions(self._batch(rows)):
                whole = some if self._keeps_all else None
                yield ColumnarBlock(
                    self.columns, self._grammar, self._name, some, self._places, place, 0, whole
                )
                place += len(some)

    def _batch(self, rows: list[list[Any]]) -> pa.RecordBatch:
        import pyarrow as pa

        columns = [
            _column([row[place] for row in rows], is_label=place == self.columns.label)
            for place in self._places
        ]
        columns.append(pa.nulls(len(rows)))  # rows of no columns are rows all the same
        batch = pa.RecordBatch.from_arrays(columns, names=[*self._names, ""])
        return batch.select(range(len(self._names)))


def _refuse_great(archive: Archive, name: str) -> None:
    """Raise DataError if what is packed is damaged, or more than a machine should have to hold."""
    tables = [info for info in archive.files if info.filename.startswith("xl/")]
    n_bytes = sum(info.file_size for info in tables)
    if n_bytes > _MOST_BYTES:
        message = f"{name}: the workbook unpacks to {n_bytes:,} bytes"
        raise DataError(message, f"sheets are read up to {_MOST_BYTES >> 30} GiB; save it as CSV")
    for info in tables:
        stream = archive.unpacked(info)
        n_columns = n_rows = 0
        tail = b""
        while data := bytes(stream.read(_STEP)):
            for letters, row in _PLACE.findall(tail + data):
                n_columns = max(n_columns, _column_number(letters))
                n_rows = max(n_rows, int(row))
            tail = data[-_LONGEST_PLACE:]
        if "worksheets/" in info.filename and n_columns * n_rows > _MOST_CELLS:
            message = (
                f"{name}: a sheet has {n_rows:,} times {n_columns:,} cells, empty ones among them"
            )
            raise DataError(message, f"sheets are read up to {_MOST_CELLS:,} cells; save it as CSV")


def _column_number(letters: bytes) -> int:
    """Return the place of a column that is called so, counted from 1."""
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number


def _opened(archive: Archive, wanted: str | None, name: str) -> tuple[Any, int]:
    """Return the sheet that is meant, and how many there are."""
    try:
        import python_calamine  # noqa: PLC0415 -- an extra
    except ModuleNotFoundError:
        message = f"{name}: reading a workbook needs python-calamine"
        raise InputError(message, "pip install python-calamine, or save the sheet as CSV") from None
    with _named_damage(name):
        book = python_calamine.CalamineWorkbook.from_filelike(archive.rewound())
        kind, visible = python_calamine.SheetTypeEnum, python_calamine.SheetVisibleEnum
        sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == kind.WorkSheet]
    shown = [sheet.name for sheet in sheets if sheet.visible == visible.Visible]
    names = shown if wanted is None else [sheet.name for sheet in sheets if sheet.name == wanted]
    if not names:
        what = "there is no sheet that is shown" if wanted is None else "there is no such sheet"
        listed = ", ".join(quoted(sheet.name) for sheet in sheets[:_MOST_LISTED])
        message = f"{name}: {what}"
        raise DataError(message, f"the sheets are {listed}" if sheets else None)
    with _named_damage(name):
        return book.get_sheet_by_name(names[0]), len(shown)


@contextmanager
def _named_damage(name: str) -> Iterator[None]:
    """Turn whatever the library raises into DataError; where it panics, that is no Exception."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001
        message = f"{name}: the Excel data are damaged: {safe_text(str(error), 80)}"
        raise DataError(message) from None


def _numbered(sheet: Any) -> Iterator[tuple[int, list[Any]]]:  # noqa: ANN401 -- calamine's
    """Yield the rows that are not empty, and their numbers, which begin with 1."""
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if any(cell != "" for cell in row):
            yield number, row


def _runs(
    rows: Iterator[tuple[int, list[Any]]], most: int
) -> Iterator[tuple[int, list[list[Any]]]]:
    """Put rows together whose numbers follow each other, with the number of the first."""
    first_row, run = 0, list[list[Any]]()
    for number, row in rows:
        if run and (number != first_row + len(run) or len(run) == most):
            yield first_row, run
            run = []
        first_row = first_row if run else number
        run.append(row)
    if run:
        yield first_row, run


def _column(cells: Sequence[Any], *, is_label: bool) -> pa.Array:
    """Turn cells into an array of the type that all of them have, or else of texts."""
    import pyarrow as pa

    kinds = {type(cell) for cell in cells if cell != ""}
    values = [None if cell == "" else cell for cell in cells]
    if kinds <= {float, int}:
        return pa.array(values, pa.float64())
    if kinds == {bool} and is_label:
        return pa.array(values, pa.bool_())
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(cell: Any) -> str:  # noqa: ANN401 -- any value of a cell
    """Return the text of a cell."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return bool_text(cell, None)
    if isinstance(cell, float | int):
        return number_text(float(cell))
    import pyarrow as pa

    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        cell = dt.datetime.combine(cell, dt.time())
    return str(texts_of(pa.array([cell]))[0])
