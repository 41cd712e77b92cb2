"""Files of storage elsewhere, and pages of web servers, read from the start or by ranges."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import BceError, InputError
from bce_cli.storage.paths import is_web, shown_path
from bce_cli.storage.stores import (
    CONNECT_SECONDS,
    READ_SECONDS,
    asked,
    awaited,
    storage_error,
    store_of,
)
from bce_cli.storage.streams import Chunks, ReadOnly, Translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

_GLANCE = 1 << 16
_CHUNK = 8 << 20
_AHEAD = 4
_PARALLEL = 4


def size_of(address: str) -> int | None:
    """Return the bytes of a file; None if they are not known, or it cannot be read."""
    try:
        if is_web(address):
            size: int | None = asked(address, lambda: _web_files(address).info(address))["size"]
            return size
        return _StoredRanges(address).size
    except BceError:
        return None


@contextmanager
def opened_stream(address: str) -> Iterator[IO[bytes]]:
    """Open a file to be read from start to end; a page by one request.

    Raises
    ------
    InputError
        It cannot be opened; so does each read.
    """
    if not is_web(address):
        with ReadAhead(_StoredRanges(address)) as stream:
            yield cast("IO[bytes]", stream)
        return
    files = _web_files(address)
    with asked(address, lambda: files.open(address, mode="rb", block_size=0)) as page:
        yield cast("IO[bytes]", Translated(page, lambda error: storage_error(address, error)))


def opened_ranges(address: str) -> IO[bytes] | None:
    """Open a file to be read by ranges; None if its server has no ranges to give.

    Raises
    ------
    InputError
        It cannot be opened; so does each read.
    """
    ranges = _page_ranges(address) if is_web(address) else _StoredRanges(address)
    return None if ranges is None else cast("IO[bytes]", RangeFile(ranges))


class Ranges(ABC):
    """A file of which any range can be read.

    Attributes
    ----------
    size : int
    n_threads : int
        How many may read it at once.
    """

    size: int
    n_threads: int

    def __init__(self, address: str, file: Any) -> None:  # noqa: ANN401 -- pyarrow's or fsspec's
        self._address = address
        self._file = file
        self._lock = threading.Lock()

    def read_range(self, start: int, n_bytes: int) -> bytes:
        """Return these bytes, all of them."""
        return asked(self._address, lambda: self._read(start, n_bytes))

    @abstractmethod
    def _read(self, start: int, n_bytes: int) -> bytes:
        """Ask for these bytes, and raise OSError unless all of them come."""

    def close(self) -> None:
        """Let go of the file, or leave it to a read that is still under way."""
        self._file.close()


class _StoredRanges(Ranges):
    """A file of pyarrow's."""

    def __init__(self, address: str) -> None:
        store = asked(address, lambda: store_of(address))
        files, path = store.files, store.path_of(address)
        super().__init__(address, asked(address, lambda: files.open_input_file(path)))
        self.size = asked(address, self._file.size)
        self.n_threads = _PARALLEL if store.is_parallel else 1
        self._n_reading = 0

    def _read(self, start: int, n_bytes: int) -> bytes:
        with self._lock:
            self._n_reading += 1
        try:
            data: bytes = self._file.read_at(n_bytes, start)
        finally:
            with self._lock:
                self._n_reading -= 1
        if len(data) < n_bytes:
            message = "it has become shorter while it was read"
            raise OSError(message)
        return data

    def close(self) -> None:
        with self._lock:
            is_idle = self._n_reading == 0
        if is_idle:  # a file is not closed under a read
            super().close()


class _PageRanges(Ranges):
    """A page of which a server gives any range."""

    n_threads = 1

    def _read(self, start: int, n_bytes: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            data: bytes = self._file.read(n_bytes)
        if len(data) < n_bytes:
            message = "the server gave less than it was asked for"
            raise OSError(message)
        return data


def _page_ranges(address: str) -> _PageRanges | None:
    """Return the ranges of a page; None if the server gives it only as a whole."""
    files = _web_files(address)
    file = asked(address, lambda: files.open(address, mode="rb", cache_type="none"))
    if not file.seekable() or not file.size:
        return None
    ranges = _PageRanges(address, file)
    ranges.size = file.size
    try:
        ranges.read_range(file.size - 1, 1)
    except InputError:
        return None
    return ranges


def _web_files(address: str) -> Any:  # noqa: ANN401 -- fsspec has no types
    try:
        return _of_fsspec()
    except ImportError:
        message = f"{shown_path(address)}: reading from the web needs fsspec and aiohttp"
        raise InputError(message, "pip install 'fsspec[http]'") from None


@cache
def _of_fsspec() -> Any:  # noqa: ANN401
    import aiohttp  # noqa: PLC0415 -- an extra
    from fsspec.implementations.http import HTTPFileSystem  # noqa: PLC0415

    limits = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    return HTTPFileSystem(
        client_kwargs={"timeout": limits, "trust_env": True}, use_listings_cache=False
    )


class RangeFile(ReadOnly):
    """A file in which one can seek.

    Parameters
    ----------
    ranges : Ranges
    """

    bytes_at_once = 8 << 20
    """How much is best read in one go, since each read costs a request."""

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._ranges = ranges
        self._position = 0

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


class ReadAhead(Chunks):
    """A file read from start to end, in ranges that are under way before they are wanted.

    The first range is a small one, and nothing is read ahead before it was used up: a glance at the
    first bytes costs no more than that.

    Parameters
    ----------
    ranges : Ranges
    """

    def __init__(self, ranges: Ranges) -> None:
        super().__init__(self._ahead())
        self._ranges = ranges
        self._pool = ThreadPoolExecutor(
            min(ranges.n_threads, _AHEAD), thread_name_prefix="bce-read"
        )

    def close(self) -> None:
        """Give up what is under way."""
        if not self.closed:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._ranges.close()
        super().close()

    def _ahead(self) -> Iterator[bytes]:
        waiting: deque[Future[bytes]] = deque()
        asked, size = 0, self._ranges.size
        while waiting or asked < size:
            most = _AHEAD if asked else 1
            while len(waiting) < most and asked < size:
                count = min(_CHUNK if asked else _GLANCE, size - asked)
                waiting.append(self._pool.submit(self._ranges.read_range, asked, count))
                asked += count
            yield awaited(waiting.popleft())
