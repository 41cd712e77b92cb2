"""Pages of web servers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cache
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import InputError, safe_text
from bce_cli.readers.storage.addresses import without_secrets
from bce_cli.readers.storage.faults import asked, explained
from bce_cli.readers.storage.stores import CONNECT_SECONDS, READ_SECONDS
from bce_cli.readers.streams import Translated

if TYPE_CHECKING:
    from collections.abc import Iterator


class PageRanges:
    """A page of which a server gives any range; see `Ranges`."""

    n_threads = 1

    def __init__(self, address: str, file: Any) -> None:  # noqa: ANN401 -- fsspec has no types
        self._address = address
        self._file = file
        self._lock = threading.Lock()
        self.size: int = file.size

    def read_range(self, start: int, n_bytes: int) -> bytes:
        """Return these bytes, all of them."""

        def read() -> bytes:
            with self._lock:
                self._file.seek(start)
                data: bytes = self._file.read(n_bytes)
            if len(data) < n_bytes:
                message = "the server gave less than it was asked for"
                raise OSError(message)
            return data

        return asked(self._address, read)

    def close(self) -> None:
        """Let go of the page."""
        self._file.close()


@contextmanager
def opened_page(address: str) -> Iterator[IO[bytes]]:
    """Open a page to be read from start to end, by one request.

    Raises
    ------
    InputError
        It cannot be opened; so does each read.
    """
    files = _web_files(address)
    file = asked(address, lambda: files.open(address, mode="rb", block_size=0))
    with file:
        yield cast("IO[bytes]", Translated(file, lambda error: explained(address, error)))


def page_ranges(address: str) -> PageRanges | None:
    """Return the ranges of a page; None if the server gives it only as a whole."""
    files = _web_files(address)
    file = asked(address, lambda: files.open(address, mode="rb", cache_type="none"))
    if not file.seekable() or not file.size:
        return None
    ranges = PageRanges(address, file)
    try:
        ranges.read_range(file.size - 1, 1)
    except InputError:
        return None
    return ranges


def page_size(address: str) -> int | None:
    """Return the bytes of a page, where its server says them."""
    size: int | None = asked(address, lambda: _web_files(address).info(address))["size"]
    return size


def _web_files(address: str) -> Any:  # noqa: ANN401 -- fsspec has no types
    try:
        return _of_fsspec()
    except ImportError:
        message = (
            f"{safe_text(without_secrets(address))}: reading from the web needs fsspec and aiohttp"
        )
        raise InputError(message, "pip install 'fsspec[http]'") from None


@cache
def _of_fsspec() -> Any:  # noqa: ANN401
    import aiohttp  # noqa: PLC0415 -- an extra
    from fsspec.implementations.http import HTTPFileSystem  # noqa: PLC0415

    limits = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    return HTTPFileSystem(
        client_kwargs={"timeout": limits, "trust_env": True}, use_listings_cache=False
    )
