"""The lines of a block, one by one, as the standard library reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.errors import DataError, quoted
from bce_cli.readers.blocks import as_bytes
from bce_cli.readers.grammar import DROP_HINT
from bce_cli.readers.typed_columns import bool_text, number_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.blocks import Block
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.second_look import Record

_LF = ord("\n")
_ONE_A_LINE = "each line must be one JSON object"
_KINDS = {"Pairs": "an object", "list": "an array", "str": "a string", "bool": "true or false"}


class Number(str):
    """The text of a JSON number, as it stands."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, in order, with repeated keys."""


_decoder = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_float=Number, parse_int=Number, parse_constant=Number
)


class JsonLines:
    """Records that end with a line feed, and nowhere else."""

    def clean(self, buffer: bytearray, filled: int, *, is_last: bool) -> bytearray:
        """Return the bytes as they are; JSON has no comments."""
        del filled, is_last
        return buffer

    def cut(self, buffer: bytearray, filled: int, *, is_last: bool) -> int:
        """Return the position after the last line feed; 0 if there is none."""
        return filled if is_last else buffer.rfind(b"\n", 0, filled) + 1

    def count_lines(self, buffer: bytearray, end: int) -> int:
        """Count line feeds."""
        return int(np.count_nonzero(as_bytes(memoryview(buffer)[:end]) == _LF))


def objects_of(block: Block, source: str) -> Iterator[tuple[str, Pairs | DataError]]:
    """Yield the object on each line with its place; blank lines are passed over."""
    for line, raw in enumerate(bytes(block.data).split(b"\n"), start=block.first_line):
        text = raw.decode("utf-8", "surrogateescape").strip(" \t\r")
        if text:
            place = f"{source}, line {line}"
            yield place, _object(text, place)


def count_filled(block: Block) -> int:
    """Count the lines that are not blank."""
    return sum(bool(raw.strip(b" \t\r")) for raw in bytes(block.data).split(b"\n"))


def _object(text: str, place: str) -> Pairs | DataError:
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
    if not isinstance(value, Pairs):
        hint = "an array becomes lines with jq -c '.[]'" if isinstance(value, list) else _ONE_A_LINE
        return DataError(f"{place}: the line holds {kind_of(value)}, not an object", hint)
    return value


def kind_of(value: Any) -> str:  # noqa: ANN401 -- any JSON value
    """Call a JSON value by its kind."""
    if value is None:
        return "null"
    return _KINDS.get(type(value).__name__, "a number")


def cells_of(block: Block, columns: Columns, grammar: Grammar, source: str) -> Iterator[Record]:
    """Yield the wanted cells of each line, or why it has none."""
    wanted = [(key, columns.names[place]) for key, place in columns.wanted]
    for place, found in objects_of(block, source):
        if isinstance(found, DataError):
            yield place, found
        else:
            yield place, _cells(found, wanted, grammar, place)


def _cells(
    pairs: Pairs, wanted: list[tuple[str, str]], grammar: Grammar, place: str
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
            return DataError(f"{place}: {role} (key {quoted(name)}) is {kind_of(value)}")
        cells[wanted_key] = _text(value, grammar.positive if role == "label" else None)
    return cells


def _text(value: str | bool | None, positive: str | None) -> str | None:
    if isinstance(value, bool):
        return bool_text(value, positive)
    if positive is not None and isinstance(value, Number):
        return number_text(float(value))
    return value
