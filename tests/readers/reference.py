"""A second reader of CSV text and JSON lines, written by the rules alone: slow, small, strict.

It shares nothing with the readers under test. `Refused` means that the rules allow no answer.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[float, float, str]
"""Label, prediction, id."""

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SPECIAL = {"nan", "inf", "infinity"}
_MISSING = {"", "na", "n/a", "null", "none", "<na>", "#n/a", "#na", "#n/a n/a", "\\n", "."}
_NOTHING = re.compile(r"\.[a-z_]|[+-]?nan(\(\w*\))?|[+-]?1\.#(ind|[qs]?nan)0*", re.ASCII)
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)


class Refused(Exception):  # noqa: N818 -- no error of ours
    """The rules allow no answer."""


@dataclass(frozen=True)
class Rules:
    """What is said about a source whose columns are y, p and t."""

    delimiter: str | None = None
    decimal: str = "."
    has_header: bool = True  # without one, y, p and t stand in this order
    comment: str | None = None
    encoding: str | None = None
    positive: str | None = None
    drop_missing: bool = False


def read_csv(data: bytes, rules: Rules) -> list[Row]:
    """Read CSV text."""
    text = _decoded(data, rules)
    signs = [rules.delimiter] if rules.delimiter else [s for s in ",;\t|" if s != rules.decimal]
    failure = Refused("no delimiter fits")
    for sign in signs:
        try:
            header, *rest = _records(text, sign, rules) or [[]]
            places = _places(header, rules)
        except Refused as error:
            failure = error
            continue
        records = rest if rules.has_header else [header, *rest]
        if any(len(record) != len(header) for record in records):
            raise Refused("a record has another number of fields")  # noqa: EM101, TRY003
        cells = [tuple(record[place] for place in places) for record in records]
        return _rows(cells, rules)
    raise failure


def _decoded(data: bytes, rules: Rules) -> str:
    encoding = rules.encoding
    for mark, known in _MARKS if encoding is None else ():
        if data.startswith(mark):
            data, encoding = data[len(mark) :], known
            break
    try:
        if encoding in (None, "utf-8"):
            return data.decode("utf-8", "surrogateescape")
        return data.decode(encoding or "").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Refused(str(error)) from None


def _places(header: list[str], rules: Rules) -> list[int]:
    if not rules.has_header:
        return [0, 1, 2] if len(header) > 2 else _refuse("too few columns")
    for name in header:
        _strict(name)
    names = [name.strip(" \t") for name in header]
    if any(names.count(wanted) != 1 for wanted in "ypt"):
        raise Refused("a column is missing or there twice")  # noqa: EM101, TRY003
    return [names.index(wanted) for wanted in "ypt"]


def _records(text: str, delimiter: str, rules: Rules) -> list[list[str]]:
    """Split by RFC 4180; quotes stand around whole fields, or doubled within them."""
    records: list[list[str]] = []
    at, size = 0, len(text)
    ends = {delimiter, "\r", "\n"}
    while at < size:
        if rules.comment and text.startswith(rules.comment, at):
            while at < size and text[at] not in "\r\n":
                at += 1
            continue
        if text[at] in "\r\n":  # blank, or the second half of a line end
            at += 1
            continue
        record: list[str] = []
        while True:
            value, at = _field(text, at, ends)
            record.append(value)
            if at >= size or text[at] != delimiter:
                break
            at += 1
        records.append(record)
    return records


def _field(text: str, at: int, ends: set[str]) -> tuple[str, int]:
    start, size = at, len(text)
    if text[at : at + 1] != '"':
        while at < size and text[at] not in ends:
            at += 1
        if '"' in text[start:at]:
            _refuse("a quote in the middle of a field")
        return text[start:at], at
    at += 1
    while True:
        at = text.find('"', at)
        if at < 0:
            _refuse("an open quote")
        if text[at + 1 : at + 2] != '"':
            break
        at += 2
    if at + 1 < size and text[at + 1] not in ends:
        _refuse("something follows a quote")
    return text[start + 1 : at].replace('""', '"'), at + 1


def read_json(data: bytes, rules: Rules) -> list[Row]:
    """Read JSON lines."""
    cells: list[tuple[Any, ...]] = []
    for line in _decoded(data, rules).split("\n"):
        if not line.strip(" \t\r"):
            continue
        try:
            pairs = json.loads(line, object_pairs_hook=_Pairs, parse_int=_Raw, parse_float=_Raw)
        except ValueError as error:
            raise Refused(str(error)) from None
        if not isinstance(pairs, _Pairs):
            _refuse("no object")
        cells.append(tuple(_value(pairs, key, rules) for key in "ypt"))
    return _rows(cells, rules)


class _Pairs(list[tuple[str, Any]]):
    pass


class _Raw(str):
    __slots__ = ()


def _value(pairs: _Pairs, key: str, rules: Rules) -> str | None:
    values = [value for found, value in pairs if found == key]
    if len(values) > 1 or (not values and key != "t" and not rules.drop_missing):
        _refuse("a key is missing or there twice")
    value = values[0] if values else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):  # the constants NaN and Infinity
        return str(value)
    if isinstance(value, _Raw) and key == "y" and rules.positive is not None:
        return f"{float(value):g}"
    return value if value is None or isinstance(value, str) else _refuse("no text or number")


def _rows(cells: list[tuple[Any, ...]], rules: Rules) -> list[Row]:
    rows: list[Row] = []
    others: set[str | Fraction] = set()
    for label, prediction, name in cells:
        y, p = _label(label, rules), _prediction(prediction, rules)
        if rules.positive is not None and y == 0.0:
            others.add(_meaning(label, rules))
        _strict(name or "")
        if y is not None and p is not None:
            rows.append((y, p, name or ""))
    if len(others) > 1 or not rows:
        _refuse("three labels, or no rows")
    has_positive = any(y == 1.0 for y, _, _ in rows)
    if others and _truth(rules.positive, rules) in {_truth(str(x), rules) for x in others} - {None}:
        _refuse("both labels mean the same")
    if not has_positive and (rules.positive or "").casefold() in {
        str(x).casefold() for x in others
    }:
        _refuse("the positive label is written otherwise")
    return rows


def _label(text: str | None, rules: Rules) -> float | None:
    cell = (text or "").strip(" \t")
    if rules.positive is not None:
        _strict(cell)
        if not cell:
            return None if rules.drop_missing else _refuse("no label")
        return float(_meaning(cell, rules) == _meaning(rules.positive, rules))
    if cell.lower() in ("true", "false"):
        return float(cell.lower() == "true")
    value = _number(cell, rules)
    return value if value in (None, 0.0, 1.0) else _refuse("no label")


def _meaning(text: str, rules: Rules) -> str | Fraction:
    """Return what a named label is compared by."""
    cell = text.strip(" \t")
    number = cell.translate(str.maketrans(",.", ".,")) if rules.decimal == "," else cell
    return Fraction(number) if _NUMBER.fullmatch(number) else cell


def _truth(text: str | None, rules: Rules) -> int | None:
    """Return what a label stands for where none is named."""
    words = {"true": 1, "false": 0, Fraction(0): 0, Fraction(1): 1}
    meaning = _meaning(text or "", rules)
    return words.get(meaning.lower() if isinstance(meaning, str) else meaning)


def _prediction(text: str | None, rules: Rules) -> float | None:
    value = _number((text or "").strip(" \t"), rules)
    return value if value is None or 0.0 <= value <= 1.0 else _refuse("no probability")


def _number(cell: str, rules: Rules) -> float | None:
    if cell.lower() in _MISSING or _NOTHING.fullmatch(cell.lower()):
        return None if rules.drop_missing else _refuse("nothing there")
    if rules.decimal == ",":
        cell = cell.translate(str.maketrans(",.", ".,"))
    if cell.lower().lstrip("+-") in _SPECIAL or not _NUMBER.fullmatch(cell):
        _refuse("no number")
    value = float(cell)
    if value in (0.0, 1.0) and Fraction(cell) != value:
        _refuse("no float64")
    return value


def _strict(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        _refuse("no UTF-8")


def _refuse(why: str) -> Any:  # noqa: ANN401 -- never returns
    raise Refused(why)


def variations(data: bytes, signs: bytes) -> Iterator[bytes]:
    """Yield what one replaced, inserted or deleted byte makes of a file."""
    for at in range(len(data) + 1):
        for sign in signs:
            yield data[:at] + bytes([sign]) + data[at:]
            yield data[:at] + bytes([sign]) + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
