"""CSV bytes, cut into blocks that begin and end with whole records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from bce_cli.errors import DataError
from bce_cli.readers.quotes import QUOTE, as_bytes, count_lines, ends_outside_quotes
from bce_cli.readers.sources import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_BYTES = 4 << 20
LONGEST_RECORD = 64 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole records.

    Attributes
    ----------
    data : memoryview
        Their bytes; the last line end may be missing at the end of the source.
    first_line : int
        1-based physical line on which they begin.
    """

    data: memoryview
    first_line: int


def read_blocks(stream: IO[bytes], name: str, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Read a stream to its end, block by block.

    Parameters
    ----------
    stream : binary stream
    name : str
        What messages call it.
    block_bytes : int
        Bytes to read at a time; a block is longer only if one record is.

    Raises
    ------
    InputError
        Reading fails.
    DataError
        A record is longer than `LONGEST_RECORD`.
    """
    rest = b""
    line = 1
    step = block_bytes
    while True:
        buffer = bytearray(len(rest) + step)
        buffer[: len(rest)] = rest
        filled = _fill(stream, memoryview(buffer), len(rest), name)
        is_last = filled < len(buffer)
        data = memoryview(buffer)[:filled]
        line_end = line_end_of(buffer[:filled] if is_last else buffer)
        cut = filled if is_last else _cut(buffer, data, line_end)
        if cut:
            yield Block(data[:cut], line)
            line += count_lines(as_bytes(data[:cut]))
        if is_last:
            return
        rest = bytes(data[cut:])
        if len(rest) > LONGEST_RECORD:
            message = f"{name}, line {line}: the record is longer than {LONGEST_RECORD >> 20} MiB"
            raise DataError(message, "a quote that is never closed can be the reason")
        step = block_bytes if cut else len(buffer)  # one long record: grow by doubling


def _fill(stream: IO[bytes], buffer: memoryview, start: int, name: str) -> int:
    """Read until the buffer is full or the stream ends; return how far it is filled."""
    filled = start
    while filled < len(buffer):
        try:
            count = stream.readinto(buffer[filled:])  # type: ignore[attr-defined]
        except OSError as error:
            raise unreadable(name, error) from None
        if not count:
            break
        filled += count
    return filled


def line_end_of(text: bytes | bytearray) -> int:
    """Return the byte that ends lines: a line feed, unless there are carriage returns only."""
    first_return = text.find(b"\r")
    only_returns = 0 <= first_return < len(text) - 1 and text.find(b"\n") < 0
    return ord("\r") if only_returns else ord("\n")


def _cut(buffer: bytearray, data: memoryview, line_end: int) -> int:
    """Return the position after the last record's end; 0 if no record ends here."""
    if buffer.find(QUOTE, 0, len(data)) < 0:
        return buffer.rfind(line_end, 0, len(data)) + 1
    ends = ends_outside_quotes(as_bytes(data), line_end)
    return int(ends[-1]) + 1 if len(ends) else 0
