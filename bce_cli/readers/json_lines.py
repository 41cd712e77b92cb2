"""JSON Lines: an object on each line."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from bce_cli.errors import DataError, EmptyInputError, quoted
from bce_cli.readers.blocks import Lines, PlainRecords, TextBlock, as_bytes, read_blocks
from bce_cli.readers.columns import find_columns
from bce_cli.readers.grammar import DROP_HINT
from bce_cli.readers.held import hides
from bce_cli.readers.texts import literal_text
from bce_cli.readers.typed_columns import bool_text, typed_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bce_cli.readers.columns import ColumnChoice, Columns
    from bce_cli.readers.grammar import Grammar, InputOptions
    from bce_cli.readers.reading import ConvertedColumns
    from bce_cli.readers.second_look import Record

_LF, _CR, _OPEN, _CLOSE = b"\n\r{}"
_MOST_LOOKED_AT = 100
_ONE_A_LINE = "each line must be one JSON object"
_KINDS = {"_Pairs": "an object", "list": "an array", "str": "a string", "bool": "true or false"}


class _Number(str):
    """The text of a JSON number, as it stands."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, in order, with repeated keys."""


_decoder = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=_Number, parse_int=_Number, parse_constant=_Number
)


def _objects_of(lines: Lines, source: str) -> Iterator[tuple[str, _Pairs | DataError]]:
    """Yield the object on each line with its place; blank lines are passed over."""
    for line, raw in enumerate(bytes(lines.data).split(b"\n"), start=lines.first_line):
        text = raw.decode("utf-8", "surrogateescape").strip(" \t\r")
        if text:
            place = f"{source}, line {line}"
            yield place, _object(text, place)


def _object(text: str, place: str) -> _Pairs | DataError:
    try:
        value, end = _decoder.raw_decode(text)
    except RecursionError:
        return DataError(f"{place}: the JSON value is nested too deeply")
    except ValueError as error:
        reason = str(error).partition(": line ")[0]
        what = f"{reason[:1].lower()}{reason[1:]}"
        return DataError(f"{place}: not JSON, {what}: {quoted(text)}", _ONE_A_LINE)
    if end != len(text):
        rest = quoted(text[end:].strip())
        return DataError(f"{place}: something follows the JSON value: {rest}", _ONE_A_LINE)
    if not isinstance(value, _Pairs):
        hint = "an array becomes lines with jq -c '.[]'" if isinstance(value, list) else _ONE_A_LINE
        return DataError(f"{place}: the line holds {_kind_of(value)}, not an object", hint)
    return value


def _kind_of(value: Any) -> str:  # noqa: ANN401 -- any JSON value
    """Call a JSON value by its kind."""
    if value is None:
        return "null"
    return _KINDS.get(type(value).__name__, "a number")


def _cells(
    pairs: _Pairs, wanted: list[tuple[str, str]], grammar: Grammar, place: str
) -> dict[str, str | None] | DataError:
    cells: dict[str, str | None] = {}
    for wanted_key, name in wanted:
        role = wanted_key.partition(" ")[0]
        values = [value for key, value in pairs if key == name]
        if len(values) > 1:
            return DataError(f"{place}: the key {quoted(name)} occurs {len(values)} times")
        if not values and role != "id" and not grammar.drop_missing:
            hint = DROP_HINT if role in ("label", "prediction", "weight") else None
            return DataError(f"{place}: {role} is missing, there is no key {quoted(name)}", hint)
        value = values[0] if values else None
        if isinstance(value, list):
            return DataError(f"{place}: {role} (key {quoted(name)}) is {_kind_of(value)}")
        cells[wanted_key] = _text(value, role, grammar.positive)
    return cells


def _text(value: str | bool | None, role: str, positive: str | None) -> str | None:
    """Return the text of a cell; a number that is read as one is shown as it stands."""
    if isinstance(value, bool):
        return bool_text(value, positive if role == "label" else None)
    is_read = role in ("prediction", "weight") or (role == "label" and positive is None)
    return literal_text(value) if isinstance(value, _Number) and not is_read else value


@dataclass(frozen=True, slots=True)
class JsonBlock(TextBlock):
    """Whole lines of one source; the names of its columns are keys.

    Attributes
    ----------
    kinds : dict of str to str
        The kind of value that each wanted key had in the first object: string, bool, integer or
        number.
        Other kinds are read as well, but slower.
    """

    kinds: dict[str, str]

    @property
    def n_rows(self) -> int:
        """Rows it turns into; see `Block`."""
        return count_objects(self.lines.data) or sum(
            bool(raw.strip(b" \t\r")) for raw in bytes(self.lines.data).split(b"\n")
        )

    def records(self) -> Iterator[Record]:
        """Yield the cells of each line, or why it has none."""
        wanted = [(key, self.columns.names[place]) for key, place in self.columns.wanted]
        for place, found in _objects_of(self.lines, self.source):
            if isinstance(found, DataError):
                yield place, found
            else:
                yield place, _cells(found, wanted, self.grammar, place)

    def convert(self) -> ConvertedColumns | None:
        """Convert the wanted keys, typed, in this thread; None for what is odd."""
        n = count_objects(self.lines.data)
        if not n:
            return None
        table = self._table()
        if len(table) != n:
            return None
        table.validate(full=True)  # the parser lets text through that is not UTF-8
        if hides(self.lines.data):
            return None
        return typed_cells(
            n, self.columns, lambda place: table.column(self.columns.names[place]), self.grammar
        )

    def _table(self) -> pa.Table:
        import pyarrow as pa
        from pyarrow import json

        types = {"string": pa.string(), "bool": pa.bool_()}
        schema: dict[str, pa.DataType] = {}
        for _, role, place in self.columns.numbers:
            name = self.columns.names[place]
            kind = self.kinds.get(name, "number")
            has_text = role == "label" and self.grammar.positive is not None
            is_whole = has_text and kind == "integer"  # which float64 may be too coarse for
            schema[name] = types.get(kind, pa.int64() if is_whole else pa.float64())
        for _, place in self.columns.texts:
            name = self.columns.names[place]
            is_whole = self.kinds.get(name) == "integer"
            schema.setdefault(name, pa.int64() if is_whole else pa.string())
        data = self.lines.data
        return json.read_json(
            pa.BufferReader(pa.py_buffer(data)),
            json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            json.ParseOptions(
                explicit_schema=pa.schema(list(schema.items())), unexpected_field_behavior="ignore"
            ),
        )

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        place, found = next(islice(self.records(), index, None))
        return place, str(found["label"])  # type: ignore[index]


def count_objects(data: memoryview) -> int:
    r"""Count the lines, if each that is not blank begins and ends with a brace; 0 otherwise.

    pyarrow takes what spans lines or shares one, and crashes on a lone ``null``; what passes here
    and gives as many rows is an object a line.

    Examples
    --------
    >>> count_objects(memoryview(b'{"y": 1}\n\n{"y": 0}\n')), count_objects(memoryview(b"null"))
    (2, 0)
    """
    text = as_bytes(data)
    ends = np.append(np.flatnonzero(text == _LF), len(text))
    starts = np.append(0, ends[:-1] + 1)
    last = ends - 1
    last -= (last >= starts) & (text[np.maximum(last, 0)] == _CR)
    filled = last >= starts
    starts, last = starts[filled], last[filled]
    is_plain = bool(np.all((text[starts] == _OPEN) & (text[last] == _CLOSE)))
    return len(starts) if is_plain else 0


class JsonFile:
    """An opened source of JSON lines, of which the first object is read at once.

    Parameters
    ----------
    stream : binary stream
        UTF-8 text.
    name : str
        What messages call it.
    options : InputOptions

    Attributes
    ----------
    columns : Columns
        Their names are the keys of the first objects.

    Raises
    ------
    DataError
        The source is empty or no JSON, or its first objects lack a key.
    InputError
        Reading fails.
    """

    note: str | None = None
    n_rows: int | None = None

    def __init__(self, stream: IO[bytes], name: str, options: InputOptions) -> None:
        self._name = name
        self._grammar = options.grammar
        self._texts = read_blocks(stream, name, PlainRecords(), options.block_bytes)
        self._first, found = self._first_object()
        _refuse_places(options.columns, name)
        self.columns = self._find_columns(found, options.columns)
        self._kinds = {key: _kind(value) for key, value in found}

    def blocks(self) -> Iterator[JsonBlock]:
        """Yield the lines, block by block."""
        for lines in chain([self._first], self._texts):
            yield JsonBlock(self.columns, self._grammar, self._name, lines, self._kinds)

    def _find_columns(self, first: _Pairs, choice: ColumnChoice) -> Columns:
        """Find the keys in the first object, or else in those that follow, where it lacks some."""
        strict = replace(choice, may_lack=False)
        with suppress(DataError):
            return find_columns(_keys([first]), strict, self._name)
        near = islice(_objects_of(self._first, self._name), _MOST_LOOKED_AT)
        keys = _keys([found for _, found in near if not isinstance(found, DataError)])
        for wanted in (strict, choice):
            with suppress(DataError):
                return find_columns(keys, wanted, self._name)
        return find_columns(_keys([first]), choice, self._name)

    def _first_object(self) -> tuple[Lines, _Pairs]:
        for lines in self._texts:
            for _, found in _objects_of(lines, self._name):
                if isinstance(found, DataError):
                    raise found
                return lines, found
        message = f"{self._name}: the input is empty"
        raise EmptyInputError(message, _ONE_A_LINE)


def _keys(objects: list[_Pairs]) -> list[str]:
    return list(dict.fromkeys(key for found in objects for key, _ in found))


def _refuse_places(choice: ColumnChoice, name: str) -> None:
    for wanted in choice.named:
        if wanted[:1] == "#" and wanted[1:].isdigit():
            message = f"{name}: JSON keys have names and no places, so not {quoted(wanted)}"
            raise DataError(message, "name the key")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, _Number):
        return "integer" if value.lstrip("-").isdigit() else "number"
    return "string" if isinstance(value, str) else "number"
