"""JSON lines that all look like the first: the same keys in the same order, and numbers alone.

Of such lines all but the numbers is blanked out, and what is left is CSV, which pyarrow parses four
times as fast. Whatever is otherwise, or is no JSON, is left to the parser of JSON.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.readers.blocks import as_bytes
from bce_cli.readers.buffers import floats_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from bce_cli.readers.blocks import ByteArray, Positions

_MEMBER = re.compile(
    rb"""([{,][ \t]*"([^"\\,.\x00-\x1f\x7f-\xff]+)"[ \t]*:[ \t]*)-?[0-9][0-9.eE+-]*"""
)
_TAIL = re.compile(rb"[ \t]*\}\r?\n")
_LONGEST = 1 << 12
_WORD = 8
_LF, _COMMA, _MINUS, _POINT, _ZERO, _NINE = b"\n,-.09"


def numbers_of(data: memoryview) -> pa.Table | None:
    r"""Read lines that hold numbers alone.

    Parameters
    ----------
    data : memoryview
        Whole lines.

    Returns
    -------
    pyarrow.Table or None
        A column of float64 for each key; None where any line is not like the first, or has a number
        that is not written as JSON wants it, or is too large.

    Examples
    --------
    >>> numbers_of(memoryview(b'{"y": 1, "p": 0.5}\n{"y": 0, "p": 1e-3}\n')).column_names
    ['y', 'p']
    >>> numbers_of(memoryview(b'{"y": 1, "p": 0.5}\n{"p": 0.25, "y": 0}\n'))
    """
    found = _template(bytes(data[:_LONGEST]))
    if found is None:
        return None
    names, literals, tail = found
    text = as_bytes(data)
    ends = np.flatnonzero(text == _LF) + 1
    commas = np.flatnonzero(text == _COMMA)
    n = len(ends)
    if ends[-1] != len(text) or len(commas) != n * (len(names) - 1):
        return None
    starts = np.append(0, ends[:-1])
    places = [starts, *commas.reshape(n, -1).T] if len(names) > 1 else [starts]
    if not (np.all(places[-1] < ends) and np.all(places[min(1, len(names) - 1)] >= starts)):
        return None
    blanked = text.copy()
    for literal, at in ((tail, ends - len(tail)), *zip(literals, places, strict=True)):
        if at[0] < 0 or not _blank(blanked, text, literal, at):
            return None
    values = [at + len(literal) for literal, at in zip(literals, places, strict=True)]
    are_plain = _have_digits_behind_points(text) and all(_begin_as_numbers(text, v) for v in values)
    return _parsed(blanked, names, n) if are_plain else None


def _template(start: bytes) -> tuple[list[str], list[bytes], bytes] | None:
    """Return the keys of the first line, what stands before each of its numbers, and its end."""
    names: list[str] = []
    literals: list[bytes] = []
    end = 0
    while (member := _MEMBER.match(start, end)) is not None:
        if member[1].startswith(b"{") != (not names):
            return None
        names.append(member[2].decode())
        literals.append(member[1])
        end = member.end()
    tail = _TAIL.match(start, end)
    return (names, literals, tail[0]) if tail and len(set(names)) == len(names) > 0 else None


def _blank(blanked: ByteArray, text: ByteArray, literal: bytes, at: Positions) -> bool:
    """Put spaces for all but commas and line ends of what must stand at some places; or say no."""
    blank = re.sub(rb"[^,\r\n]", b" ", literal)
    step = _WORD if len(literal) >= _WORD else 1
    if at[-1] + len(literal) > len(text):
        return False
    before, after = _words(text, step), _words(blanked, step)
    for offset in {*range(0, len(literal) - step, step), len(literal) - step}:
        word, space = (
            int.from_bytes(t[offset : offset + step], "little") for t in (literal, blank)
        )
        if np.any(before[at + offset] != before.dtype.type(word)):
            return False
        after[at + offset] = space
    return True


def _words(text: ByteArray, size: int) -> npt.NDArray[np.unsignedinteger]:
    """View the word that begins at each byte."""
    return np.ndarray(len(text) - size + 1, f"<u{size}", text, strides=(1,))


def _is_digit(signs: ByteArray) -> npt.NDArray[np.bool_]:
    return (signs >= _ZERO) & (signs <= _NINE)


def _begin_as_numbers(text: ByteArray, at: Positions) -> bool:
    """Whether numbers begin with a digit behind a sign, and with 0 only if no digit follows."""
    at = at + (text[at] == _MINUS)
    first = text[at]
    return bool(np.all(_is_digit(first)) and not np.any(_is_digit(text[at + 1]) & (first == _ZERO)))


def _have_digits_behind_points(text: ByteArray) -> bool:
    return bool(np.all(_is_digit(text[np.flatnonzero(text == _POINT) + 1])))


def _parsed(text: ByteArray, names: list[str], n: int) -> pa.Table | None:
    import pyarrow as pa
    from pyarrow import csv

    try:
        table = csv.read_csv(
            pa.py_buffer(text),
            csv.ReadOptions(use_threads=False, column_names=names, block_size=len(text) + 1),
            csv.ParseOptions(quote_char=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float64()), null_values=[]),
        )
    except pa.ArrowInvalid:  # a value is no number
        return None
    # The parser of JSON refuses what float64 cannot hold, where this one says infinite.
    are_held = all(np.isfinite(floats_of(column)).all() for column in table.columns)
    return table if are_held and len(table) == n else None
