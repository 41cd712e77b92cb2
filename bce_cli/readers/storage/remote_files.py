"""Opens files of storage elsewhere, to be read from the start or by ranges."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.readers.storage.addresses import is_web
from bce_cli.readers.storage.faults import asked
from bce_cli.readers.storage.ranges import RangeFile, ReadAhead
from bce_cli.readers.storage.stores import store_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.storage.ranges import Ranges
    from bce_cli.readers.storage.stores import Store

_PARALLEL = 4


class StoredFile:
    """A file of pyarrow's; see `Ranges`."""

    def __init__(self, address: str, store: Store) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._n_reading = 0
        files, path = store.files, store.path_of(address)
        self._file: Any = asked(address, lambda: files.open_input_file(path))
        self.size: int = asked(address, self._file.size)
        self.n_threads = _PARALLEL if store.is_parallel else 1

    def read_range(self, start: int, n_bytes: int) -> bytes:
        """Return these bytes, all of them."""

        def read() -> bytes:
            with self._counted():
                data: bytes = self._file.read_at(n_bytes, start)
            if len(data) < n_bytes:
                message = "it has become shorter while it was read"
                raise OSError(message)
            return data

        return asked(self._address, read)

    def close(self) -> None:
        """Let go of the file, or leave it to a read that is still under way."""
        with self._lock:
            is_idle = self._n_reading == 0
        if is_idle:  # closing would wait for a server that does not answer
            self._file.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._n_reading += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_reading -= 1


@contextmanager
def opened(address: str) -> Iterator[IO[bytes]]:
    """Open a file to be read from start to end.

    Raises
    ------
    InputError
        It cannot be opened; so does each read.
    """
    if is_web(address):
        from bce_cli.readers.storage.web import opened_page  # noqa: PLC0415 -- loads fsspec

        with opened_page(address) as page:
            yield page
        return
    stream = ReadAhead(_stored(address))
    try:
        yield cast("IO[bytes]", stream)
    finally:
        stream.close()


def random_access(address: str) -> IO[bytes] | None:
    """Open a file to be read by ranges; None if its server has no ranges to give.

    Raises
    ------
    InputError
        It cannot be opened; so does each read.
    """
    if is_web(address):
        from bce_cli.readers.storage.web import page_ranges  # noqa: PLC0415 -- loads fsspec

        ranges: Ranges | None = page_ranges(address)
    else:
        ranges = _stored(address)
    return None if ranges is None else cast("IO[bytes]", RangeFile(ranges))


def size_of(address: str) -> int | None:
    """Return the bytes of a file; None if they are not known, or it cannot be read."""
    from bce_cli.errors import BceError  # noqa: PLC0415

    try:
        if is_web(address):
            from bce_cli.readers.storage.web import page_size  # noqa: PLC0415 -- loads fsspec

            return page_size(address)
        return _stored(address).size
    except BceError:
        return None


def _stored(address: str) -> StoredFile:
    return StoredFile(address, asked(address, lambda: store_of(address)))
