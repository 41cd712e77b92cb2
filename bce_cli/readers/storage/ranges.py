"""Files of storage elsewhere, read by ranges of bytes."""

from __future__ import annotations

import io
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GLANCE = 1 << 16
_CHUNK = 8 << 20
_AHEAD = 4


class Ranges(Protocol):
    """A file of which any range can be read.

    Attributes
    ----------
    size : int
    n_threads : int
        How many may read it at once.
    """

    size: int
    n_threads: int

    def read_range(self, start: int, n_bytes: int) -> bytes:
        """Return these bytes, all of them."""

    def close(self) -> None:
        """Let go of the file, or leave it to a read that is still under way."""


class RangeFile(io.RawIOBase):
    """A file in which one can seek.

    Parameters
    ----------
    ranges : Ranges
    """

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._ranges = ranges
        self._position = 0

    def readable(self) -> bool:
        """Whether bytes can be read; they can."""
        return True

    def seekable(self) -> bool:
        """Whether any place can be gone to; it can."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; return it, counted from the start."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._ranges.size}
        self._position = start[whence] + offset
        return self._position

    def tell(self) -> int:
        """Return the place, counted from the start."""
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, unless the file ends before; return how many bytes that are."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._ranges.size - self._position))
        if count:
            view[:count] = self._ranges.read_range(self._position, count)
            self._position += count
        return count

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            self._ranges.close()
        super().close()


class ReadAhead(io.RawIOBase):
    """A file read from start to end, in ranges that are under way before they are wanted.

    The first range is a small one, and nothing is read ahead before it was used up: a glance at the
    first bytes costs no more than that.

    Parameters
    ----------
    ranges : Ranges
    """

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._ranges = ranges
        self._pool = ThreadPoolExecutor(
            min(ranges.n_threads, _AHEAD), thread_name_prefix="bce-read"
        )
        self._waiting: deque[Future[bytes]] = deque()
        self._asked = 0
        self._chunk = memoryview(b"")

    def readable(self) -> bool:
        """Whether bytes can be read; they can."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")
        if not self._chunk:
            self._ask()
            if not self._waiting:
                return 0
            self._chunk = memoryview(self._waiting.popleft().result())
        count = min(len(view), len(self._chunk))
        view[:count] = self._chunk[:count]
        self._chunk = self._chunk[count:]
        return count

    def close(self) -> None:
        """Give up what is under way."""
        if not self.closed:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._ranges.close()
        super().close()

    def _ask(self) -> None:
        most = _AHEAD if self._asked else 1
        while len(self._waiting) < most and self._asked < self._ranges.size:
            count = min(_CHUNK if self._asked else _GLANCE, self._ranges.size - self._asked)
            self._waiting.append(self._pool.submit(self._ranges.read_range, self._asked, count))
            self._asked += count
