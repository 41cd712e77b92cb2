"""Files of storage elsewhere, and pages of web servers, read from the start or by ranges."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import BceError
from bce_cli.storage.paths import is_web, shown_path
from bce_cli.storage.stamps import Stamp, unchanged
from bce_cli.storage.stores import asked, awaited, storage_error, store_of
from bce_cli.storage.streams import Chunks, ReadOnly, Translated
from bce_cli.storage.web import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _typeshed import WriteableBuffer

_GLANCE = 1 << 16
_CHUNK = 8 << 20
_AHEAD = 4
_PARALLEL = 4
_MARKS = (0xFF, 0x00)


def stamp_of(address: str) -> Stamp | None:
    """Return which version of a file is there; None if that is not known, or it cannot be read."""
    try:
        if is_web(address):
            return asked(address, lambda: WebServer(address).stamp())
        return _stored_stamp(address)
    except BceError:
        return None


@contextmanager
def opened_stream(address: str, known: Stamp | None) -> Iterator[IO[bytes]]:
    """Open a file to be read from start to end; a page by one request.

    Parameters
    ----------
    address : str
    known : Stamp or None
        What it was when it was first looked at.

    Raises
    ------
    InputError
        It cannot be opened, or is another version; so does each read.
    """
    if is_web(address):
        with closing(asked(address, lambda: WebServer(address, known).page())) as page:
            stream = cast("IO[bytes]", page)
            yield cast("IO[bytes]", Translated(stream, lambda error: storage_error(address, error)))
        return
    with ExitStack() as opened:
        ranges = _stored_ranges(address, known, opened)
        yield cast("IO[bytes]", opened.enter_context(ReadAhead(ranges)))


def opened_ranges(address: str, known: Stamp | None, opened: ExitStack) -> IO[bytes] | None:
    """Open a file to be read by ranges; None if its server has no ranges to give.

    Parameters
    ----------
    address : str
    known : Stamp or None
        What it was when it was first looked at.
    opened : ExitStack
        Closes what is opened here.

    Raises
    ------
    InputError
        It cannot be opened, or is another version; so does each read.
    """
    if not is_web(address):
        ranges: Ranges = _stored_ranges(address, known, opened)
    else:
        server = WebServer(address, known)
        size = asked(address, server.size_with_ranges)
        if not size:
            return None
        ranges = _PageRanges(address, size, server)
    return cast("IO[bytes]", opened.enter_context(RangeFile(ranges)))


def _stored_ranges(address: str, known: Stamp | None, opened: ExitStack) -> _StoredRanges:
    """Open a file of storage, all ranges of which must come from one version.

    Storage takes no condition with a question for a range. So it is asked for the version before
    and afterwards.
    """
    ranges = _StoredRanges(address)
    look = partial(_stored_stamp, address)
    opened.enter_context(unchanged(shown_path(address), known, ranges.stamp, look))
    return ranges


def _stored_stamp(address: str) -> Stamp:
    ranges = _StoredRanges(address)
    ranges.close()
    return ranges.stamp


class Ranges(ABC):
    """A file of which any range can be read.

    Parameters
    ----------
    address : str
    size : int
    n_threads : int
        How many may read it at once.
    """

    def __init__(self, address: str, size: int, n_threads: int) -> None:
        self._address = address
        self.size = size
        self.n_threads = n_threads

    def read_range(self, start: int, n_bytes: int) -> bytes | bytearray:
        """Return these bytes, all of them."""
        return asked(self._address, lambda: self._read(start, n_bytes))

    @abstractmethod
    def _read(self, start: int, n_bytes: int) -> bytes | bytearray:
        """Ask for these bytes, and raise OSError unless all of them come."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file, or leave it to a read that is still under way."""


class _StoredRanges(Ranges):
    """A file of pyarrow's."""

    def __init__(self, address: str) -> None:
        store = asked(address, lambda: store_of(address))
        files, path = store.files, store.path_of(address)
        self._file = asked(address, lambda: files.open_input_file(path))
        size = asked(address, self._file.size)
        super().__init__(address, size, _PARALLEL if store.is_parallel else 1)
        self._lock = threading.Lock()
        self._n_reading = 0
        told = asked(address, lambda: _told(self._file))
        time_ns = _time_of(told)
        if time_ns is None and "generation" not in told:
            time_ns = asked(address, lambda: files.get_file_info(path)).mtime_ns
        tag = told.get("generation") or told.get("ETag") or told.get("etag")
        self.stamp = Stamp(size, time_ns, tag or None)

    def _read(self, start: int, n_bytes: int) -> bytearray:
        with self._lock:
            self._n_reading += 1
        try:
            return self._all_of(start, n_bytes)
        finally:
            with self._lock:
                self._n_reading -= 1

    def _all_of(self, start: int, n_bytes: int) -> bytearray:
        """Read into bytes of our own, the last of which tells whether all of them came.

        pyarrow says of S3 that a range is there in full, however much of it has come. The last byte
        stays as it is then; where it is what came, too, another one before it says which it was.
        """
        for mark in _MARKS:
            data = bytearray(n_bytes)
            data[-1] = mark
            count = self._file.get_stream(start, n_bytes).readinto(data)
            if count < n_bytes:
                break
            if data[-1] != mark:
                return data
        message = "less of it came than was asked for"
        raise OSError(message)

    def close(self) -> None:
        with self._lock:
            is_idle = self._n_reading == 0
        if is_idle:  # a file is not closed under a read
            self._file.close()


def _told(file: Any) -> dict[str, str]:  # noqa: ANN401 -- pyarrow has no types
    """Return what storage tells of an opened file beside its size."""
    return {
        name: value.decode("utf-8", "replace") for name, value in (file.metadata() or {}).items()
    }


def _time_of(told: Mapping[str, str]) -> int | None:
    """Return when a file was modified, as storage tells it with the file; None if it does not."""
    try:
        time = datetime.fromisoformat(told.get("Last-Modified") or told["updated"])
    except (KeyError, ValueError):
        return None
    return int(time.timestamp()) * 10**9


class _PageRanges(Ranges):
    """A page of which a server gives any range."""

    def __init__(self, address: str, size: int, server: WebServer) -> None:
        super().__init__(address, size, n_threads=1)
        self._server = server

    def _read(self, start: int, n_bytes: int) -> bytes:
        return self._server.range(start, n_bytes)

    def close(self) -> None:
        """Do nothing: each range is a request of its own."""


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

    def _ahead(self) -> Iterator[bytes | bytearray]:
        waiting: deque[Future[bytes | bytearray]] = deque()
        asked, size = 0, self._ranges.size
        while waiting or asked < size:
            most = _AHEAD if asked else 1
            while len(waiting) < most and asked < size:
                count = min(_CHUNK if asked else _GLANCE, size - asked)
                waiting.append(self._pool.submit(self._ranges.read_range, asked, count))
                asked += count
            yield awaited(waiting.popleft())
