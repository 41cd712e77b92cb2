"""JSON Lines: an object on each line."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from bce_cli.errors import DataError, EmptyInputError, quoted
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.blocks import BlockReader, Lines, PlainRecords, TextBlock, as_bytes
from bce_cli.readers.buffers import floats_of
from bce_cli.readers.columns import find_columns
from bce_cli.readers.grammar import DROP_HINT
from bce_cli.readers.held import doubtful, hides
from bce_cli.readers.json_values import (
    JsonParts,
    Number,
    Pairs,
    decoder,
    is_array,
    kind_of,
    reason_of,
)
from bce_cli.readers.parts import part_hint
from bce_cli.readers.reading import ConvertedColumns
from bce_cli.readers.regular_lines import RegularLines
from bce_cli.readers.texts import literal_text
from bce_cli.readers.typed_columns import bool_text, typed_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bce_cli.core.rows import BoolArray, FloatArray
    from bce_cli.readers.columns import ColumnChoice, Columns
    from bce_cli.readers.grammar import Grammar, InputOptions
    from bce_cli.readers.parts import Step
    from bce_cli.readers.second_look import Record

_LF, _CR, _OPEN, _CLOSE = b"\n\r{}"
_MOST_LOOKED_AT = 100
_RULES = {
    "line": "each line must be one JSON object",
    "row": "each element of the array must be one JSON object",
}


def _objects_of(lines: Lines, source: str, unit: str) -> Iterator[tuple[str, Pairs | DataError]]:
    """Yield the object on each line with its place; blank lines are passed over."""
    for line, raw in enumerate(io.BytesIO(lines.data), start=lines.first_line):
        text = raw.removesuffix(b"\n").decode("utf-8", "surrogateescape").strip(" \t\r")
        if text:
            place = f"{source}, {unit} {line}"
            yield place, _object(text, place, unit)


def _object(text: str, place: str, unit: str) -> Pairs | DataError:
    rule = _RULES[unit]
    if unit == "row" and text.startswith("]"):
        behind = text[1:].strip()
        what = "nothing follows the last comma of the array"
        if behind:
            what = f"something follows the end of the array: {quoted(behind)}"
        return DataError(f"{place}: {what}")
    try:
        value, end = decoder.raw_decode(text)
    except RecursionError:
        return DataError(f"{place}: the JSON value is nested too deeply")
    except ValueError as error:
        return DataError(f"{place}: not JSON, {reason_of(error)}: {quoted(text)}", rule)
    if end != len(text):
        rest = quoted(text[end:].strip())
        return DataError(f"{place}: something follows the JSON value: {rest}", rule)
    if not isinstance(value, Pairs):
        hint = "an array becomes lines with jq -c '.[]'" if isinstance(value, list) else rule
        return DataError(f"{place}: the {unit} holds {kind_of(value)}, not an object", hint)
    return value


_MISSING = object()


def _cells(pairs: Pairs, columns: Columns, grammar: Grammar, place: str) -> Any:  # noqa: ANN401
    """Return the cells of a record; or a DataError where it has none."""
    cells: dict[str, str | None] = {}
    for wanted_key, at in columns.wanted:
        role, name = wanted_key.partition(" ")[0], columns.names[at]
        value = _value_at(pairs, columns.path(at), name, place)
        if isinstance(value, DataError):
            return value
        if value is _MISSING and role != "id" and not grammar.drop_missing:
            hint = DROP_HINT if role in ("label", "prediction", "weight") else None
            return DataError(f"{place}: {role} is missing, there is no key {quoted(name)}", hint)
        if isinstance(value, list):
            hint = part_hint(JsonParts([pairs]), columns.path(at), name)
            return DataError(f"{place}: {role} (key {quoted(name)}) is {kind_of(value)}", hint)
        cells[wanted_key] = _text(None if value is _MISSING else value, role, grammar.positive)
    return cells


def _value_at(pairs: Pairs, path: tuple[Step, ...], name: str, place: str) -> Any:  # noqa: ANN401
    """Return the value of a key, or of a part; `_MISSING`, or why it cannot be told."""
    value: Any = pairs
    if len(path) > 1 and any(key == name for key, _ in pairs):  # earlier records had no such key
        what = f"the key {quoted(name)} stands beside the part of {quoted(str(path[0]))} so called"
        return DataError(f"{place}: {what}")
    for step in path:
        if value is None:
            return None
        is_fit = is_array(value) if isinstance(step, int) else isinstance(value, Pairs)
        if not is_fit:
            what = f"there is no key {quoted(name)} within {kind_of(value)}"
            return DataError(f"{place}: {what}")
        if isinstance(step, int):
            found = value[step : step + 1]
        else:
            found = [item for key, item in value if key == step]
        if len(found) > 1:
            return DataError(f"{place}: the key {quoted(str(step))} occurs {len(found)} times")
        if not found:
            return _MISSING
        value = found[0]
    return value


def _text(value: str | bool | None, role: str, positive: str | None) -> str | None:
    """Return the text of a cell; a number that is read as one is shown as it stands."""
    if isinstance(value, bool):
        return bool_text(value, positive if role == "label" else None)
    is_read = role in ("prediction", "weight") or (role == "label" and positive is None)
    return literal_text(value) if isinstance(value, Number) and not is_read else value


@dataclass(frozen=True, slots=True)
class JsonBlock(TextBlock):
    """Whole lines of one source; the names of its columns are keys.

    Attributes
    ----------
    kinds : dict of str to str
        The kind of value that each wanted key had in the first object: string, bool, integer or
        number.
        Other kinds are read as well, but slower.
    unit : {"line", "row"}
        What messages call a line.
    """

    kinds: dict[str, str]
    unit: str = "line"

    @property
    def n_rows(self) -> int:
        """Rows it turns into; see `Block`."""
        return count_objects(self.lines.data) or sum(
            bool(raw.strip(b" \t\r")) for raw in bytes(self.lines.data).split(b"\n")
        )

    def records(self) -> Iterator[Record]:
        """Yield the cells of each line, or why it has none."""
        for place, found in _objects_of(self.lines, self.source, self.unit):
            if isinstance(found, DataError):
                yield place, found
            else:
                yield place, _cells(found, self.columns, self.grammar, place)

    def convert(self) -> ConvertedColumns | None:
        """Convert the wanted keys, typed, in this thread; None for what is odd."""
        data = self.lines.data
        if any(name in bytes(data) for name in self._named_parts()):
            return None
        n = count_objects(data)
        table = self._parsed() if n else None
        if table is None or len(table) != n:
            return None
        table.validate(full=True)  # the parser lets text through that is not UTF-8
        if hides(data) or self._has_coarse_numbers(table):
            return None
        return typed_cells(len(table), self.columns, partial(self._column, table), self.grammar)

    def plain_numbers(self) -> ConvertedColumns | None:
        """Convert numbers of lines that all look alike; None for what is to be parsed."""
        lines = RegularLines.found(self.lines.data) if self._are_numbers() else None
        if lines is None:
            return None
        cells = ConvertedColumns(lines.n, cuts=self.columns.cuts, decimal=self.grammar.decimal)
        names = {key: str(self.columns.path(place)[0]) for key, place in self.columns.wanted}
        has_doubts = bool(self.columns.texts)
        for key, role, _ in self.columns.numbers:
            is_hard = role == "label" and not self.grammar.soft_labels
            values: BoolArray | FloatArray | None = lines.bits(names[key]) if is_hard else None
            if values is None:
                values = numbers = lines.floats(names[key])
                if numbers is None:
                    return None
                has_doubts = has_doubts or bool(doubtful(numbers, role, self.grammar).any())
            if role == "label":
                cells.labels = values
            else:
                cells.numbers[key] = cast("FloatArray", values)
        for key, _ in self.columns.texts:  # each is to be cut
            numbers = lines.floats(names[key])
            if numbers is None or self._is_coarse(key, numbers):
                return None
            cells.add_text(key, _float_column(numbers))
        are_numbers = all(
            lines.floats(name) is not None for name in lines.spans.keys() - names.values()
        )
        return None if not are_numbers or (has_doubts and hides(self.lines.data)) else cells

    def _are_numbers(self) -> bool:
        """Whether the first object holds a number wherever one is wanted, and nothing else is."""
        places = [place for _, place in self.columns.wanted]
        kinds = {self.kinds.get(self.columns.names[place], "number") for place in places}
        return (
            self.grammar.positive is None
            and kinds <= {"integer", "number"}
            and all(len(self.columns.path(place)) == 1 for place in places)
            and all(key in self.columns.cuts for key, _ in self.columns.texts)
        )

    def _named_parts(self) -> set[bytes]:
        """Return the names of parts that are wanted, as keys that are called so have them."""
        places = {place for _, place in self.columns.wanted}
        names = [self.columns.names[at] for at in places if len(self.columns.path(at)) > 1]
        return {json.dumps(n, ensure_ascii=kind).encode() for n in names for kind in (True, False)}

    def _has_coarse_numbers(self, table: pa.Table) -> bool:
        columns = {
            key: self._column(table, place)
            for key, place in self.columns.texts
            if key in self.columns.cuts
        }
        return any(
            str(column.type) == "double" and self._is_coarse(key, floats_of(column))
            for key, column in columns.items()
        )

    def _is_coarse(self, key: str, numbers: FloatArray) -> bool:
        """Whether a number that is to be cut may have more digits than were read."""
        from bce_cli.readers.cuts import is_coarse  # noqa: PLC0415 -- rarely needed

        return is_coarse(numbers, self.columns.cuts[key])

    def _column(self, table: pa.Table, place: int) -> pa.ChunkedArray | pa.Array:
        name, *path = self.columns.path(place)
        column = table.column(name)
        if not path:
            return column
        from bce_cli.readers.nested import part_of  # noqa: PLC0415 -- rarely needed

        return part_of(column, path)

    def _tree(self) -> _Tree:
        import pyarrow as pa

        types = {"string": pa.string(), "bool": pa.bool_()}
        schema: _Tree = {}
        for _, role, place in self.columns.numbers:
            kind = self.kinds.get(self.columns.names[place], "number")
            has_text = role == "label" and self.grammar.positive is not None
            is_whole = has_text and kind == "integer"  # which float64 may be too coarse for
            chosen = types.get(kind, pa.int64() if is_whole else pa.float64())
            _set_type(schema, self.columns.path(place), chosen)
        for key, place in self.columns.texts:
            found = self.kinds.get(self.columns.names[place])
            chosen = pa.int64() if found == "integer" else pa.string()
            if key in self.columns.cuts and found in ("integer", "number"):
                chosen = pa.float64()
            _set_type(schema, self.columns.path(place), chosen)
        return schema

    def _parsed(self) -> pa.Table:
        import pyarrow as pa
        from pyarrow import json

        data = self.lines.data
        return json.read_json(
            pa.BufferReader(pa.py_buffer(data)),
            json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            json.ParseOptions(
                explicit_schema=pa.schema(_fields(self._tree())), unexpected_field_behavior="ignore"
            ),
        )

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        place, found = next(islice(self.records(), index, None))
        return place, str(found["label"])  # type: ignore[index]


_Tree: TypeAlias = "dict[Step, pa.DataType | _Tree]"
"""The types of values, below the steps that lead to them; -1 leads to any element of a list."""


def _set_type(tree: _Tree, path: tuple[Step, ...], kind: pa.DataType) -> None:
    """Take in the type of a value, unless it is there."""
    import pyarrow as pa

    *above, last = (-1 if isinstance(step, int) else step for step in path)
    for step in above:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            break
        tree = below
    else:
        if tree.setdefault(last, kind) == kind or len(path) == 1:
            return
    message = "a part is wanted in two ways"
    raise pa.ArrowInvalid(message)


def _float_column(values: FloatArray) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(values)])


def _fields(tree: _Tree) -> list[tuple[str, pa.DataType]]:
    return [(str(step), _type_of(below)) for step, below in tree.items()]


def _type_of(below: pa.DataType | _Tree) -> pa.DataType:
    import pyarrow as pa

    if not isinstance(below, dict):
        return below
    return pa.list_(_type_of(below[-1])) if -1 in below else pa.struct(_fields(below))


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
    unit : {"line", "row"}
        What messages call a line.
    has_places : bool
        Whether keys come in an order, so that ``#2`` is the second one.

    Attributes
    ----------
    texts : BlockReader
        Of what follows the first block.
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

    def __init__(
        self,
        stream: IO[bytes],
        name: str,
        options: InputOptions,
        *,
        unit: str = "line",
        has_places: bool = False,
    ) -> None:
        self._name = name
        self._unit = unit
        self._grammar = options.grammar
        self.texts = BlockReader(stream, name, PlainRecords(), options.block_bytes)
        self._first, found = self._first_object()
        if not has_places:
            _refuse_places(options.columns, name)
        self.columns = self._find_columns(found, options.columns)
        self._kinds = self._kinds_in(JsonParts([found]))

    def blocks(self) -> Iterator[JsonBlock]:
        """Yield the lines, block by block."""
        for lines in chain([self._first], self.texts):
            yield JsonBlock(self.columns, self._grammar, self._name, lines, self._kinds, self._unit)

    def _find_columns(self, first: Pairs, choice: ColumnChoice) -> Columns:
        """Find the keys in the first object, or else in those that follow, where it lacks some.

        It may lack some that match a pattern, and nobody would know.
        """
        strict = replace(choice, may_lack=False)
        if not choice.least_models:
            with suppress(DataError):
                return _columns_of([first], strict, self._name)
        near = islice(_objects_of(self._first, self._name, self._unit), _MOST_LOOKED_AT)
        objects = [found for _, found in near if not isinstance(found, DataError)]
        for wanted in (strict, choice):
            with suppress(DataError):
                return _columns_of(objects, wanted, self._name)
        return _columns_of([first], choice, self._name)

    def _first_object(self) -> tuple[Lines, Pairs]:
        for lines in self.texts:
            for _, found in _objects_of(lines, self._name, self._unit):
                if isinstance(found, DataError):
                    raise found
                return lines, found
        message = f"{self._name}: the input is empty"
        raise EmptyInputError(message, _RULES[self._unit])

    def _kinds_in(self, first: JsonParts) -> dict[str, str]:
        """Return the kinds of the values that are wanted, as the first object has them."""
        kinds = {}
        for _, place in self.columns.wanted:
            found: JsonParts | None = first
            for step in self.columns.path(place):
                found = None if found is None else found.part(step)
            if found is not None:
                kinds[self.columns.names[place]] = _kind(found.values[-1])
        return kinds


def _columns_of(objects: list[Pairs], choice: ColumnChoice, name: str) -> Columns:
    whole = JsonParts(objects)
    return find_columns(whole.names(), choice, name, whole)


def _refuse_places(choice: ColumnChoice, name: str) -> None:
    for wanted in choice.named:
        if wanted[:1] == "#" and wanted[1:].isdigit():
            message = f"{name}: JSON keys have names and no places, so not {quoted(wanted)}"
            raise DataError(message, "name the key")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Number):
        return "integer" if value.lstrip("-").isdigit() else "number"
    return "string" if isinstance(value, str) else "number"
