"""What one pass over a range of bytes finds out, so that text can be cut at the ends of records.

Whether a line end is quoted depends on the quotes of all ranges before, which are counted at the
same time elsewhere. So the last line end of a range is noted for either case.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np

from bce_cli.readers.blocks import as_bytes, count_lines
from bce_cli.storage.sources import opened_at
from bce_cli.storage.streams import read_fully

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.blocks import ByteArray
    from bce_cli.storage.sources import Source

_QUOTE, _LF = b'"\n'
_TAIL_SHARE, _LEAST_TAIL = 4, 1 << 16
"""Line feeds are looked for in the last quarter of a block alone, unless it is short."""


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
        unless every block of the range has such a one in its last quarter.
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
        data = as_bytes(text)
        quotes = int(np.count_nonzero(data == _QUOTE))
        # A line end that begins with the byte before was counted there.
        lines = count_lines(text) - (before == b"\r" and text[:1] == b"\n")
        for parity, end in enumerate(_last_ends(data, n_quotes, quotes)):
            if end < 0 or (position > start and ends[parity] is None):
                ends[parity] = None
                continue
            behind = count_lines(text[end + 1 :])
            ends[parity] = LineEnd(position + end + 1, n_lines + lines - behind)
        n_quotes += quotes
        n_lines += lines
        position += len(text)
    return RangeCount(position, n_quotes, n_lines, (ends[0], ends[1]))


def _blocks(
    source: Source, start: int, stop: int, block_bytes: int
) -> Iterator[tuple[bytes, bytearray]]:
    """Yield each block behind the byte that precedes it."""
    with ExitStack() as opened:
        stream = opened_at(source, max(start - 1, 0), opened)
        before = bytes(_read(stream, 1)) if start else b""
        for position in range(start, stop, block_bytes):
            text = _read(stream, min(block_bytes, stop - position))
            if not text:
                return
            yield before, text
            before = bytes(text[-1:])


def _read(stream: IO[bytes], n_bytes: int) -> bytearray:
    buffer = bytearray(n_bytes)
    filled = read_fully(stream, memoryview(buffer))
    del buffer[filled:]
    return buffer


def _last_ends(data: ByteArray, n_before: int, n_quotes: int) -> tuple[int, int]:
    """Return the places of the last line feed behind an even and an odd number of quotes, or -1.

    Parameters
    ----------
    data : ndarray of uint8, shape (n,)
    n_before, n_quotes : int
        Quotes before the data, and in them.
    """
    start = len(data) - max(len(data) // _TAIL_SHARE, _LEAST_TAIL)
    tail = data[max(start, 0) :]
    offset = len(data) - len(tail)
    ends = np.flatnonzero(tail == _LF)
    quotes = np.flatnonzero(tail == _QUOTE)
    parity = (n_before + n_quotes - len(quotes)) % 2
    is_odd = (np.searchsorted(quotes, ends) + parity) % 2 == 1
    even, odd = ends[~is_odd], ends[is_odd]
    return tuple(offset + int(found[-1]) if len(found) else -1 for found in (even, odd))  # type: ignore[return-value]
