"""JSON lines that all look like the first: the same keys in the same order, and numbers alone.

What stands between two numbers is then the same on every line, and has one comma or line end. NumPy
finds these, looks whether all around them is as it was on the first line, and thus knows where each
number begins and ends; Arrow reads it from there. Whatever is otherwise, or is no JSON, is left to
the parser of JSON.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from bce_cli.readers.blocks import as_bytes
from bce_cli.readers.plain_fields import PlainFields, bits_between, floats_between

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray
    from bce_cli.readers.plain_fields import ByteArray, Offsets

_MEMBER = re.compile(
    rb"""((?:\{|[ \t]*,)[ \t]*"([^"\\,.\x00-\x1f\x7f-\xff]+)"[ \t]*:[ \t]*)-?[0-9][0-9.eE+-]*"""
)
_TAIL = re.compile(rb"[ \t]*\}\r?\n")
_LONGEST = 1 << 12
_WORD = 8
_MINUS, _POINT, _ZERO = b"-.0"


class RegularLines(NamedTuple):
    r"""Where the numbers of lines begin and end.

    Attributes
    ----------
    data : ndarray of uint8
    spans : dict of str to tuple of two ndarrays of int32, shape (n,)
        By key, where its numbers begin, and where they end.

    Examples
    --------
    >>> lines = RegularLines.found(memoryview(b'{"y": 1, "p": 0.5}\n{"y": 0, "p": 1e-3}\n'))
    >>> lines.bits("y").tolist(), lines.floats("p").tolist()
    ([True, False], [0.5, 0.001])
    >>> RegularLines.found(memoryview(b'{"y": 1, "p": 0.5}\n{"p": 0.25, "y": 0}\n')) is None
    True
    """

    data: ByteArray
    spans: dict[str, tuple[Offsets, Offsets]]

    @classmethod
    def found(cls, data: memoryview) -> Self | None:
        """Find the numbers in whole lines; None where any line is not like the first.

        What stands in the place of a number is not looked at, but is not empty.
        """
        found = _template(bytes(data[:_LONGEST]))
        if found is None:
            return None
        names, literals, tail = found
        text = as_bytes(data)
        fields = PlainFields.found(text, ",", len(names), range(len(names)))
        if fields is None or data[-len(tail) :] != tail:
            return None
        line_ends = fields.ends[len(names) - 1] - np.int32(len(tail) - 1)
        places = [
            fields.ends[at] - np.int32(literals[at + 1].index(b",")) for at in range(len(names) - 1)
        ]
        betweens = [*zip(literals[1:], places, strict=True), (tail + literals[0], line_ends[:-1])]
        if not all(_stands_at(text, literal, at) for literal, at in betweens):
            return None
        begins = [at + np.int32(len(literal)) for literal, at in betweens]
        begins.insert(0, np.append(np.int32(len(literals[0])), begins.pop()))
        ends = [*places, line_ends]
        if not all(np.all(b < e) for b, e in zip(begins, ends, strict=True)):
            return None
        return cls(text, dict(zip(names, zip(begins, ends, strict=True), strict=True)))

    @property
    def n(self) -> int:
        """How many lines there are."""
        return len(next(iter(self.spans.values()))[0])

    def bits(self, name: str) -> BoolArray | None:
        """Read a key of which each number is the character 0 or 1; None where there is none."""
        return bits_between(self.data, *self.spans[name]) if name in self.spans else None

    def floats(self, name: str) -> FloatArray | None:
        """Read a key of numbers that are written as JSON wants it; None where there is none.

        One that float64 cannot hold is none either: the parser of JSON refuses it.
        """
        begins, ends = self.spans.get(name, (None, None))
        if begins is None or ends is None or not _are_spelled_as_in_json(self.data, begins):
            return None
        return floats_between(self.data, begins, ends)


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


def _stands_at(text: ByteArray, literal: bytes, at: Offsets) -> bool:
    """Whether some bytes, five or more, stand at places that ascend."""
    if not len(at):
        return True
    if int(at[-1]) + len(literal) > len(text):
        return False
    size = _WORD if len(literal) >= _WORD else _WORD // 2
    words = _words(text, size)
    for offset in {*range(0, len(literal) - size, size), len(literal) - size}:
        word = int.from_bytes(literal[offset : offset + size], "little")
        if not np.all(words[at + np.int32(offset)] == words.dtype.type(word)):
            return False
    return True


def _words(text: ByteArray, size: int) -> npt.NDArray[np.unsignedinteger]:
    """View the word that begins at each byte."""
    return np.ndarray(len(text) - size + 1, f"<u{size}", text, strides=(1,))


def _are_digits(signs: ByteArray) -> BoolArray:
    return signs - np.uint8(_ZERO) <= 9  # noqa: PLR2004


def _are_spelled_as_in_json(text: ByteArray, begins: Offsets) -> bool:
    """Whether what Arrow takes for numbers is what JSON does.

    They begin with a digit behind a sign, and with 0 only if no digit follows; and a digit follows
    the point behind the first digits: Arrow takes no other.
    """
    at = begins + (text[begins] == _MINUS)
    first = text[at]
    if not (
        np.all(_are_digits(first)) and not np.any(_are_digits(text[at + 1]) & (first == _ZERO))
    ):
        return False
    while len(at):
        at = at + np.int32(1)
        signs = text[at]
        if not np.all(_are_digits(text[at[signs == _POINT] + 1])):
            return False
        at = at[_are_digits(signs)]
    return True
