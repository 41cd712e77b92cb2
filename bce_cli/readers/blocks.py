"""Text, cut into blocks that begin and end with whole records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

import numpy as np

from bce_cli.errors import DataError
from bce_cli.storage.streams import read_fully

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    ByteArray = npt.NDArray[np.uint8]


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


class Framing(Protocol):
    """How a format tells records from each other."""

    def clean(self, buffer: bytearray, filled: int, *, is_last: bool) -> bytearray:
        """Blank out what does not count in bytes that begin with a record.

        May return other bytes of other length; must do nothing to what it has blanked out before.
        """

    def cut(self, buffer: bytearray, filled: int, *, is_last: bool) -> int:
        """Return the position after the end of the last whole record; 0 if there is none."""

    def count_lines(self, buffer: bytearray, end: int) -> int:
        """Count the line ends of whole records, which stand before `end`."""


def as_bytes(data: object) -> ByteArray:
    """View a buffer as an array of bytes, without a copy."""
    return np.frombuffer(data, dtype=np.uint8)  # type: ignore[call-overload, no-any-return]


def read_blocks(
    stream: IO[bytes],
    name: str,
    framing: Framing,
    block_bytes: int,
    *,
    rest: bytes = b"",
    line: int = 1,
) -> Iterator[Block]:
    """Read a stream to its end, block by block.

    Parameters
    ----------
    stream : binary stream
    name : str
        What messages call it.
    framing : Framing
    block_bytes : int
        Bytes to read at a time; a block is longer only if one record is.
    rest : bytes
        What was read of the first record before.
    line : int
        1-based physical line on which that begins.

    Raises
    ------
    InputError
        Reading fails.
    DataError
        A record is longer than `LONGEST_RECORD`.
    """
    step = block_bytes
    while True:
        buffer = bytearray(len(rest) + step)
        buffer[: len(rest)] = rest
        filled = len(rest) + read_fully(stream, memoryview(buffer)[len(rest) :])
        is_last = filled < len(buffer)
        size = len(buffer)
        cleaned = framing.clean(buffer, filled, is_last=is_last)
        if cleaned is not buffer:
            buffer, filled = cleaned, len(cleaned)
        cut = framing.cut(buffer, filled, is_last=is_last)
        data = memoryview(buffer)[:filled]
        if cut:
            yield Block(data[:cut], line)
            line += framing.count_lines(buffer, cut)
        if is_last:
            return
        rest = bytes(data[cut:])
        if len(rest) > LONGEST_RECORD:
            message = f"{name}, line {line}: the record is longer than {LONGEST_RECORD >> 20} MiB"
            raise DataError(message, "a quote that is never closed can be the reason")
        # One long record: grow by doubling, up to the limit.
        step = block_bytes if cut else max(min(size, LONGEST_RECORD + 1 - len(rest)), 1)
