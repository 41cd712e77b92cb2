"""What one pass over a range of bytes finds out, so that text can be cut at the ends of records.

Whether a line end is quoted depends on the quotes of all ranges before, which are counted at the
same time elsewhere. So the last line end of a range is noted for either case.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np

from bce_cli.readers.blocks import as_bytes
from bce_cli.readers.delimited.quotes import QUOTE
from bce_cli.readers.parts.offset import opened_at
from bce_cli.readers.streams import read_fully

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.sources import Source

_QUOTE, _LF = b'"\n'


@dataclass(frozen=True, slots=True)
class LineEnd:
    """A line feed.

    Attributes
    ----------
    stop : int
        Position behind it, in the source.
    n_lines : int
        Line ends of the range up to it.
    """

    stop: int
    n_lines: int


@dataclass(frozen=True, slots=True)
class RangeCount:
    """What a range of bytes holds.

    Attributes
    ----------
    stop : int
        Position behind it; less than was asked for if the source ends before.
    n_quotes : int
        Quote characters.
    n_lines : int
        Line ends as an editor counts them: LF, CR, or both together.
    ends : tuple of LineEnd or None
        The last line feed behind an even, and behind an odd number of the range's quotes; None
        unless every block of the range has such a one.
    """

    stop: int
    n_quotes: int
    n_lines: int
    ends: tuple[LineEnd | None, LineEnd | None]


def count_range(source: Source, start: int, stop: int, block_bytes: int) -> RangeCount:
    """Count quotes and line ends in a range of a source.

    Parameters
    ----------
    source : Source
    start, stop : int
        Positions.
    block_bytes : int
        Bytes of a block; the last one may be shorter.

    Raises
    ------
    InputError
        The source cannot be read.
    """
    n_quotes, n_lines = 0, 0
    ends: list[LineEnd | None] = [None, None]
    position = start
    for before, text in _blocks(source, start, stop, block_bytes):
        found = _last_ends(text, n_quotes)
        for parity, end in enumerate(found):
            is_regular = end >= 0 and (position == start or ends[parity] is not None)
            lines = n_lines + _count_lines(text[: end + 1], before) if is_regular else 0
            ends[parity] = LineEnd(position + end + 1, lines) if is_regular else None
        n_quotes += text.count(QUOTE)
        n_lines += _count_lines(text, before)
        position += len(text)
    return RangeCount(position, n_quotes, n_lines, (ends[0], ends[1]))


def _blocks(
    source: Source, start: int, stop: int, block_bytes: int
) -> Iterator[tuple[bytes, bytes]]:
    """Yield each block behind the byte that precedes it."""
    with ExitStack() as opened:
        stream = opened_at(source, max(start - 1, 0), opened)
        before = _read(stream, 1) if start else b""
        for position in range(start, stop, block_bytes):
            text = _read(stream, min(block_bytes, stop - position))
            if not text:
                return
            yield before, text
            before = text[-1:]


def _read(stream: IO[bytes], n_bytes: int) -> bytes:
    buffer = bytearray(n_bytes)
    filled = read_fully(stream, memoryview(buffer))
    return bytes(buffer[:filled])


def _last_ends(text: bytes, n_quotes: int) -> tuple[int, int]:
    """Return the places of the last line feed behind an even and an odd number of quotes, or -1."""
    if QUOTE not in text:
        last = text.rfind(b"\n")
        return (-1, last) if n_quotes % 2 else (last, -1)
    data = as_bytes(text)
    ends = np.flatnonzero(data == _LF)
    is_odd = (np.searchsorted(np.flatnonzero(data == _QUOTE), ends) + n_quotes) % 2 == 1
    even, odd = ends[~is_odd], ends[is_odd]
    return int(even[-1]) if len(even) else -1, int(odd[-1]) if len(odd) else -1


def _count_lines(text: bytes, before: bytes) -> int:
    """Count line ends; those that begin with the byte before the text were counted there."""
    n_lines = text.count(b"\n")
    if b"\r" in text:
        n_lines += text.count(b"\r") - text.count(b"\r\n")
    return n_lines - (before == b"\r" and text[:1] == b"\n")
