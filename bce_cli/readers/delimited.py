"""CSV and its kin: what separates the fields, the header, and blocks of delimited records."""

from __future__ import annotations

import codecs
import csv
import io
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import (
    ArgumentError,
    DataError,
    EmptyInputError,
    argument,
    given,
    quoted,
    safe_text,
)
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.blocks import (
    LONGEST_RECORD,
    BlockReader,
    Lines,
    QuotedRecords,
    TextBlock,
    as_bytes,
    count_lines,
    count_records,
    ends_outside_quotes,
    misplaced_quote,
)
from bce_cli.readers.buffers import bits_of, categories_of, floats_of, null_mask
from bce_cli.readers.columns import BY_PLACE, LABELS_BESIDE, WATCHED, find_columns
from bce_cli.readers.dialect import (
    EXCEL_MARK,
    SNIFFED,
    Dialect,
    Encoding,
    delimiter_name,
    delimiters_to_try,
)
from bce_cli.readers.grammar import CellFault, label_key, parse_number, read_cell
from bce_cli.readers.held import are_held, doubtful, may_hide
from bce_cli.readers.plain_fields import PlainFields
from bce_cli.readers.reading import ConvertedColumns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from bce_cli.core.rows import FloatArray
    from bce_cli.readers.columns import ColumnChoice, Columns, Role
    from bce_cli.readers.grammar import Grammar, InputOptions
    from bce_cli.readers.second_look import Record

_NULLS = [
    *("", "NA", "na", "N/A", "n/a", "NaN", "nan", "NAN", "-nan", "-NaN", "-nan(ind)", "nan(ind)"),
    *("NULL", "null", "Null", "None", "none", "<NA>", "<na>", "#N/A", "#n/a", r"\N", "."),
    *("1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND"),
]
"""Spellings that the parser knows; the second look knows all others."""

_ONES = ("1", "1.0", "true", "True", "TRUE")
_ZEROS = ("0", "0.0", "false", "False", "FALSE")
"""Labels that the parser knows; others are read as words."""

_BITS = ("0", "1")

_ONE_NUMBER = ("#1",)
"""The columns of a file without a header that holds one number a line."""

_ROW_NAMES = "R's write.table writes row names so: row.names = FALSE leaves them out"
_FEW = 4  # a NUL in so many bytes: two bytes a character
_MARK: bytes = codecs.BOM_UTF8


def read_header(
    blocks: Iterator[Lines], name: str, extensions: tuple[str, ...], options: InputOptions
) -> tuple[Columns, Dialect, Lines, bytes, bytes]:
    """Find the columns in the first record of a source, and what separates its fields.

    Parameters
    ----------
    blocks : iterator of Lines
        From the start of the source; those read here are used up.
    name : str
        What messages call the source.
    extensions : tuple of str
        The endings of its name.
    options : InputOptions

    Returns
    -------
    columns : Columns
    dialect : Dialect
    rest : Lines
        What follows the header in its block; all of it where there is none.
    header : bytes
        The header as it stands; empty where there is none.
    mark : bytes
        The line before it that says the delimiter, likewise.

    Raises
    ------
    DataError
        The source is empty, is no text, begins with data, or lacks a column.
    """
    told: tuple[str, ...] | None = None
    before = b""
    for block in blocks:
        header, body, rest = _split(block)
        mark = EXCEL_MARK.fullmatch(header.data) if told is None else None
        if mark is not None:  # spreadsheets write the delimiter on a line of its own
            told, before = (mark[1].decode(),), bytes(header.data)
            header, body, rest = _split(rest)
        if not header.data:
            continue
        _check_text(header, name)
        signs = told or delimiters_to_try(
            options.layout.delimiter,
            options.layout.input_format,
            options.grammar.decimal,
            extensions,
        )
        columns, dialect = _first_that_fits(header, signs, name, options)
        if not dialect.has_header:
            return columns, dialect, body, b"", before
        return columns, dialect, rest, bytes(header.data), before
    message = f"{name}: the input is empty"
    hint = "its first line must name the columns" if options.layout.has_header else None
    raise EmptyInputError(message, hint)


def _split(block: Lines) -> tuple[Lines, Lines, Lines]:
    """Return the first record that is not blank, or nothing; all from there on; what follows it."""
    data = block.data
    for near in (block.glance().data, data):  # which begin with the same record
        text = bytes(near)
        start = len(text) - len(text.lstrip(b"\r\n"))
        ends = [ends_outside_quotes(as_bytes(near)[start:], ord(sign)) for sign in "\r\n"]
        end = min((start + int(found[0]) + 1 for found in ends if len(found)), default=len(data))
        if end < len(near):
            break
    end += bytes(data[end - 1 : end + 1]) == b"\r\n"
    line = block.first_line + count_lines(text, start)
    return (
        Lines(data[start:end], line),
        Lines(data[start:], line),
        Lines(data[end:], block.first_line + count_lines(bytes(data[:end]))),
    )


def _check_text(header: Lines, name: str) -> None:
    place = f"{name}, line {header.first_line}"
    data = bytes(header.data)
    if data.count(b"\0") * _FEW >= len(data):
        message = f"{place}: the header has NUL bytes"
        raise DataError(
            message, f"is it UTF-16 without a byte order mark? try {given(encoding='utf-16-le')}"
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = f"byte 0x{data[error.start]:02x} at position {error.start + 1}"
        message = f"{place}: the header is not UTF-8 text: {bad}"
        from bce_cli.readers.decoding import suggested_encoding  # noqa: PLC0415 -- a fault is rare

        encoding = suggested_encoding(data.decode("utf-8", "surrogateescape"))
        raise DataError(message, f"it may be written in {given(encoding=encoding)}") from None


def _first_that_fits(
    header: Lines, signs: tuple[str, ...], name: str, options: InputOptions
) -> tuple[Columns, Dialect]:
    """Try the delimiters in turn; where none fits, the likeliest one says what is wrong."""
    failure: DataError | None = None
    fallback: tuple[Columns, Dialect] | None = None
    for sign in sorted(signs, key=lambda sign: sign.encode() not in bytes(header.data)):
        dialect = Dialect(sign, options.grammar.decimal, options.layout.has_header)
        try:
            fields, columns = _columns_of(header, dialect, name, options)
            if columns.names == _ONE_NUMBER and fields[0].strip(" \t") not in _ONE_NUMBER:
                dialect = dialect._replace(has_header=False)
        except DataError as error:
            failure = failure or error
            continue
        at = columns.prediction  # where data begin at once, a number stands there
        if options.layout.has_header or at is None or _is_number(fields[at], options):
            return columns, dialect
        fallback = fallback or (columns, dialect)
    if fallback is None:
        raise _without_delimiter(header, signs, name) or failure or DataError(name)
    return fallback


def _without_delimiter(header: Lines, signs: tuple[str, ...], name: str) -> DataError | None:
    """Say that fields are separated by something else, if that is what the header looks like."""
    text = bytes(header.data).decode().strip()
    if any(sign in text for sign in signs):
        return None
    message = f"{name}, line {header.first_line}: the header has no delimiter: {quoted(text)}"
    if " " in text:
        hint = f"are its fields separated by spaces? {given(delimiter='space')} says so"
        return DataError(message, hint)
    if len(signs) == 1 and any(sign in text for sign in SNIFFED):
        hint = f"it was to be {delimiter_name(signs[0])}; {argument('delimiter=')} says what it is"
        return DataError(message, hint)
    return None


def _columns_of(
    header: Lines, dialect: Dialect, name: str, options: InputOptions
) -> tuple[list[str], Columns]:
    place = f"{name}, line {header.first_line}"
    if misplaced_quote(as_bytes(header.data), dialect.delimiter) is not None:
        raise _quote_error(place)
    _, fields = next(_fields_of(header, dialect))
    if not options.layout.has_header:
        return fields, _numbered_columns(fields, name, options)
    are_numbers = all(_is_number(cell, options) for cell in fields)
    is_one_value = len(fields) == 1 and (are_numbers or _is_positive(fields[0], options))
    if is_one_value and _may_lack_header(options.columns):
        return fields, find_columns(_ONE_NUMBER, options.columns, name)
    if are_numbers:
        shown = quoted(bytes(header.data).decode().strip())
        message = f"{place}: the header holds numbers, not names: {shown}"
        hint = f"without a header, pass {given(no_header=True, **_by_place(options.columns))}"
        if len(fields) == 1:
            hint = f"where these are predictions, {LABELS_BESIDE}"
        raise DataError(message, hint)
    return fields, find_columns(fields, options.columns, name)


def _may_lack_header(choice: ColumnChoice) -> bool:
    """Whether a file may hold one number a line and nothing else."""
    wanted = choice.label if choice.reads_label else choice.prediction
    return choice.is_one_number and wanted in (None, *_ONE_NUMBER)


def _is_positive(cell: str, options: InputOptions) -> bool:
    """Whether a cell is the label that was named."""
    positive, decimal = options.grammar.positive, options.grammar.decimal
    if positive is None or not options.columns.reads_label:
        return False
    return label_key(cell, decimal) == label_key(positive, decimal)


def _is_number(cell: str, options: InputOptions) -> bool:
    return parse_number(cell, options.grammar.decimal) is not None


def _numbered_columns(fields: list[str], name: str, options: InputOptions) -> Columns:
    if len(fields) == 1 and options.columns.is_one_number:
        return find_columns(_ONE_NUMBER, options.columns, name)
    names = [f"#{i + 1}" for i in range(len(fields))]
    choice, places = options.columns.with_preferred(names), _by_place(options.columns)
    if any(getattr(choice, role) is None for role in places):
        what = "places of the columns" if len(places) > 1 else "place of the column"
        message = f"{given(no_header=True)} needs the {what}"
        raise ArgumentError(message, f"such as {given(**places)}")
    return find_columns(names, choice, name)


def _by_place(choice: ColumnChoice) -> dict[str, str]:
    """Return how labels and predictions may be asked for, as far as they are read."""
    are_read = {"label": choice.reads_label, "prediction": choice.reads_prediction}
    return {role: place for role, place in BY_PLACE.items() if are_read[role]}


def _fields_of(lines: Lines, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the physical line it begins on; blank lines are passed over."""
    text = bytes(lines.data).decode("utf-8", "surrogateescape")
    csv.field_size_limit(2 * LONGEST_RECORD)  # a setting of the whole process, so always the same
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    while True:
        line = lines.first_line + reader.line_num
        try:
            fields = next(reader)
        except StopIteration:
            return
        if fields:
            yield line, fields


def _quote_error(place: str) -> DataError:
    """Say that a quote stands where it has no meaning."""
    message = f"{place}: a quote opens or closes in the middle of a field"
    return DataError(message, "quote the whole field and double each quote within it")


def _wrong_count(place: str, n_fields: int, expected: int, hint: str) -> DataError:
    fields = "1 field" if n_fields == 1 else f"{n_fields} fields"
    message = f"{place}: {fields} where the header has {expected}"
    if n_fields < expected:
        hint = "the line was cut short, or another character is the delimiter"
    elif hint == _ROW_NAMES:
        message += ", which is one name short"
    return DataError(message, hint)


@dataclass(frozen=True, slots=True)
class DelimitedBlock(TextBlock):
    """Whole records of one source.

    Attributes
    ----------
    dialect : Dialect
    has_text_labels : bool
        Whether labels are likely to be other than numbers.
    is_plain : bool
        Whether lines are likely to have the form in which `PlainFields` finds numbers.
    """

    dialect: Dialect
    has_text_labels: bool
    is_plain: bool = False

    @property
    def n_rows(self) -> int:
        """Rows it turns into; see `Block`."""
        return count_records(as_bytes(self.lines.data))

    def records(self) -> Iterator[Record]:
        """Yield the cells of each record, or why it is none; ends at a misplaced quote."""
        data, delimiter = self.lines.data, self.dialect.delimiter
        quote = misplaced_quote(as_bytes(data), delimiter)
        last_line, hint = None, ""
        if quote is not None:
            last_line = self.lines.first_line + count_lines(bytes(data[:quote]))
        expected = len(self.columns.names)
        wanted = self.columns.wanted
        for line, fields in _fields_of(self.lines, self.dialect):
            if last_line is not None and line >= last_line:
                break
            place = f"{self.source}, line {line}"
            if len(fields) != expected:
                hint = hint or self._hint_for_surplus()
                yield place, _wrong_count(place, len(fields), expected, hint)
            else:
                yield place, {key: fields[position] for key, position in wanted}
        if last_line is not None:
            place = f"{self.source}, line {last_line}"
            yield place, _quote_error(place)

    def _hint_for_surplus(self) -> str:
        """Say why a record may have more fields than the header, from what others look like."""
        records = [fields for _, fields in islice(_fields_of(self.lines.glance(), self.dialect), 2)]
        sign = delimiter_name(self.dialect.delimiter)
        if all(len(fields) == len(self.columns.names) + 1 for fields in records):
            if not any(fields[-1] for fields in records):
                return f"lines end with a {sign}, and the header does not"
            if all(map(self._fits_behind_a_name, records)):
                return _ROW_NAMES
        return f"a {sign} inside a field must be quoted"

    def _fits_behind_a_name(self, fields: list[str]) -> bool:
        """Whether a record would be fine without its first field."""
        decimals = ("." if self.dialect.delimiter == "," else ",", self.dialect.decimal)
        return any(self._fits(fields[1:], decimal) for decimal in decimals)

    def _fits(self, fields: list[str], decimal: str) -> bool:
        grammar = replace(self.grammar, drop_missing=True, decimal=decimal)
        try:
            for _, role, place in self.columns.numbers:
                read_cell(role, fields[place], grammar)
        except CellFault:
            return False
        return True

    def plain_numbers(self) -> ConvertedColumns | None:
        """Convert numbers in unquoted lines of the simplest form; None for others."""
        data = self.lines.data
        if not self.is_plain or any(sign in cast("bytearray", data.obj) for sign in (b'"', b"\r")):
            return None
        places = [place for _, _, place in self.columns.numbers]
        width, delimiter = len(self.columns.names), self.dialect.delimiter
        fields = PlainFields.found(as_bytes(data), delimiter, width, places)
        if fields is None:
            return None
        cells = ConvertedColumns(fields.n, cuts=self.columns.cuts)
        for key, role, place in self.columns.numbers:
            is_hard = role == "label" and not self.grammar.soft_labels
            values = fields.bits(place) if is_hard else self._plain_floats(fields, role, place)
            if values is None:
                return None
            if role == "label":
                cells.labels = values
            else:
                cells.numbers[key] = cast("FloatArray", values)
        return cells

    def _plain_floats(self, fields: PlainFields, role: Role, place: int) -> FloatArray | None:
        """Read a column of numbers that are surely what they are read as."""
        values = fields.floats(place)
        if values is None:
            return None
        is_doubtful = doubtful(values, role, self.grammar).any() and may_hide(fields.data)
        return None if is_doubtful else values

    def convert(self) -> ConvertedColumns | None:
        """Convert the wanted columns, typed, in this thread; None for what is odd."""
        import pyarrow as pa

        data = self.lines.data
        has_quotes = b'"' in cast("bytearray", data.obj)
        if has_quotes and misplaced_quote(as_bytes(data), self.dialect.delimiter) is not None:
            return None
        data = _with_mark(data)
        table = self._table(data, has_quotes=has_quotes)
        cells = ConvertedColumns(len(table), cuts=self.columns.cuts, decimal=self.dialect.decimal)
        for key, role, place in self.columns.numbers:
            column = table.column(f"column {place}")
            cells.add_nulls(key, null_mask(column))
            if role == "label" and not self.grammar.soft_labels:
                is_bool = column.type == pa.bool_()
                cells.labels = bits_of(column) if is_bool else categories_of(column)
                continue
            values = floats_of(column)
            is_doubtful = doubtful(values, role, self.grammar)
            if is_doubtful.any() and (self.grammar.logits or may_hide(as_bytes(data))):
                column = self._typed(data, {f"column {place}": pa.string()}, has_quotes=has_quotes)[
                    0
                ]
                if not are_held(
                    column.filter(is_doubtful).unique().to_pylist(), self.dialect.decimal
                ):
                    return None
            if role == "label":
                cells.labels = values
            else:
                cells.numbers[key] = values
        for key, place in self.columns.texts:
            cells.add_text(key, table.column(f"column {place}"))
        return cells

    def _table(self, data: memoryview, *, has_quotes: bool) -> pa.Table:
        import pyarrow as pa

        types: dict[str, Any] = {f"column {at}": pa.float64() for _, _, at in self.columns.numbers}
        words = pa.dictionary(pa.int32(), pa.string())
        for key, place in self.columns.texts:
            is_repeated = key not in ("id", WATCHED) and not key.startswith("key ")
            types.setdefault(f"column {place}", words if is_repeated else pa.string())
        if self.columns.label is None or self.grammar.soft_labels:
            return self._typed(data, types, has_quotes=has_quotes)
        label = f"column {self.columns.label}"
        if not self.has_text_labels:
            with suppress(pa.ArrowInvalid):
                return self._typed(data, types | {label: pa.bool_()}, has_quotes=has_quotes)
        return self._typed(data, types | {label: words}, has_quotes=has_quotes)

    def _typed(self, data: memoryview, types: dict[str, Any], *, has_quotes: bool) -> pa.Table:
        import pyarrow as pa
        from pyarrow import csv

        nulls = _NULLS if self.grammar.positive is None else [""]  # a class may be called NA
        return csv.read_csv(
            pa.py_buffer(data),
            csv.ReadOptions(
                use_threads=False,
                column_names=[f"column {i}" for i in range(len(self.columns.names))],
                block_size=len(data) + 1,
            ),
            csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char='"' if has_quotes else False,
                newlines_in_values=has_quotes,
            ),
            csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                decimal_point=self.dialect.decimal,
                null_values=nulls if self.grammar.drop_missing else [],
                true_values=_ONES,
                false_values=_ZEROS,
                strings_can_be_null=False,  # an id may be called NA
            ),
        )

    def texts(self) -> pa.Table:
        """Return all cells as texts.

        Raises
        ------
        DataError
            One of them is not UTF-8 text.
        """
        import pyarrow as pa

        data = self.lines.data
        types = {f"column {i}": pa.string() for i in range(len(self.columns.names))}
        try:
            has_quotes = b'"' in cast("bytearray", data.obj)
            table = self._typed(_with_mark(data), types, has_quotes=has_quotes)
        except pa.ArrowInvalid as error:
            last = self.lines.first_line + count_lines(bytes(data)) - 1
            place = f"{self.source}, lines {self.lines.first_line} to {last}"
            message = f"{place}: a cell is no text: {safe_text(str(error), 80)}"
            hint = f"{argument('encoding')} says how the text is encoded"
            raise DataError(message, hint) from None
        return table.rename_columns(list(self.columns.names))

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        line, fields = self._record(index)
        return f"{self.source}, line {line}", fields[cast("int", self.columns.label)]

    def _record(self, index: int) -> tuple[int, list[str]]:
        """Return one record; most that are asked for stand near the start."""
        near = list(islice(_fields_of(self.lines.glance(), self.dialect), index, index + 2))
        if len(near) > 1:  # the last one may have been cut
            return near[0]
        return next(islice(_fields_of(self.lines, self.dialect), index, None))


def _with_mark(data: memoryview) -> memoryview:
    """Keep a mark, which the parser would drop, wherever a block happens to begin."""
    if data[:3] != _MARK:
        return data
    return memoryview(b"\n" + bytes(data))  # a blank line is nothing to it


class DelimitedFile:
    """An opened source of delimited text, of which the header is read at once.

    Parameters
    ----------
    stream : binary stream
        UTF-8 text.
    name : str
        What messages call it.
    extensions : tuple of str
        The endings of its name.
    options : InputOptions

    Attributes
    ----------
    texts : BlockReader
        Of what follows the first block.
    columns : Columns
    dialect : Dialect
    header : bytes
        The first record as it stands, if it names the columns.
    mark : bytes
        The line before it that says the delimiter, as it stands.
    encoding : Encoding
        Of the source.
    note : str or None
        What was found out about the source and is worth a word.

    Raises
    ------
    DataError
        The source is empty or no text, or its header lacks a column.
    InputError
        Reading fails.
    """

    n_rows: int | None = None
    """Unknown before they are counted."""
    encoding = Encoding()

    def __init__(
        self, stream: IO[bytes], name: str, extensions: tuple[str, ...], options: InputOptions
    ) -> None:
        self._name = name
        self._grammar = options.grammar
        framing = QuotedRecords(options.layout.comment)
        self.texts = BlockReader(stream, name, framing, options.block_bytes)
        found = read_header(self.texts, name, extensions, options)
        self.columns, self.dialect, self._rest, self.header, self.mark = found
        self.note = self._note(told_of_header=not options.layout.has_header)

    def _note(self, *, told_of_header: bool) -> str | None:
        if not (self.dialect.has_header or told_of_header):
            return f"{self._name}: no header, one value a line"
        if self.dialect.delimiter == ",":
            return None
        return f"{self._name}: delimiter {delimiter_name(self.dialect.delimiter)}"

    def blocks(self) -> Iterator[DelimitedBlock]:
        """Yield the records below the header, block by block."""
        texts = chain([self._rest] if self._rest.data else [], self.texts)
        yield from blocks_of(texts, self.columns, self.dialect, self._grammar, self._name)


def blocks_of(
    texts: Iterable[Lines], columns: Columns, dialect: Dialect, grammar: Grammar, name: str
) -> Iterator[DelimitedBlock]:
    """Yield records that follow each other as blocks."""
    block: DelimitedBlock | None = None
    for lines in texts:
        if block is None:
            likely = _likely_form(lines, columns, dialect, grammar)
            block = DelimitedBlock(columns, grammar, name, lines, dialect, *likely)
        yield replace(block, lines=lines)


def _likely_form(
    lines: Lines, columns: Columns, dialect: Dialect, grammar: Grammar
) -> tuple[bool, bool]:
    """Guess from the first record whether labels are texts, and whether lines are plain.

    Any answer is right, one of them is the fastest.
    """
    may_be_plain = not columns.texts and dialect.decimal == "."
    if columns.label is None or grammar.soft_labels:
        return False, may_be_plain
    if grammar.positive is not None:
        return True, False
    _, fields = next(_fields_of(lines.glance(), dialect), (0, []))
    first = dict(enumerate(fields)).get(columns.label)
    return first not in (None, *_ONES, *_ZEROS), may_be_plain and first in _BITS
