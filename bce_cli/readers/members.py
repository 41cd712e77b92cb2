"""Members of a compressed stream, one after the other, and nothing else between or behind them.

The file objects of bz2 and lzma take whatever follows a member and is no other one for the end of
the data, so that a damaged second member would be lost without a word.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

_CHUNK = 1 << 18


class Members(io.RawIOBase):
    """The decompressed bytes of all members.

    Parameters
    ----------
    stream : binary stream
    decompressor : callable () -> decompressor
        Of bz2 or lzma; called once a member.
    padding : int
        Zeros between and behind members come in groups of so many; 0 for none at all.

    Raises
    ------
    EOFError
        While reading, if the last member is cut off.
    OSError, lzma.LZMAError
        While reading, if the data are damaged.
    """

    def __init__(self, stream: IO[bytes], decompressor: Callable[[], Any], padding: int) -> None:
        super().__init__()
        self._stream = stream
        self._new = decompressor
        self._member = decompressor()
        self._padding = padding
        self._n_zeros = 0
        self._is_between = False

    def readable(self) -> bool:
        """Whether bytes can be read; they can."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")
        while len(view):
            compressed = self._compressed()
            if compressed is None:
                return 0
            data: bytes = self._member.decompress(compressed, len(view))
            if data:
                view[: len(data)] = data
                return len(data)
        return 0

    def _compressed(self) -> bytes | None:
        """Return bytes for the member in hand, empty if it has enough; None at the end."""
        if self._member.eof:
            unused = self._member.unused_data
            self._member = self._new()
            self._is_between = True
            self._n_zeros = 0
            if unused and (start := self._behind_padding(unused)):
                return start
        if not self._is_between and not self._member.needs_input:
            return b""
        while chunk := self._chunk():
            start = self._behind_padding(chunk) if self._is_between else chunk
            if start:
                return start
        if not self._is_between:
            raise EOFError
        self._check_padding()
        return None

    def _chunk(self) -> bytes:
        chunk = bytearray(_CHUNK)
        count = self._stream.readinto(chunk)  # type: ignore[attr-defined]
        return bytes(chunk[: count or 0])

    def _behind_padding(self, data: bytes) -> bytes:
        """Return what follows the zeros, which begins a member; empty if there are zeros only."""
        start = data.lstrip(b"\0") if self._padding else data
        self._n_zeros += len(data) - len(start)
        if start:
            self._check_padding()
            self._is_between = False
        return start

    def _check_padding(self) -> None:
        if self._padding and self._n_zeros % self._padding:
            message = "zeros behind it do not come in fours"
            raise OSError(message)
