"""Pages of web servers, whole or by ranges, each answer of which is held to what it promises."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from bce_cli.errors import InputError
from bce_cli.storage.paths import shown_path
from bce_cli.storage.stamps import Stamp
from bce_cli.storage.stores import CONNECT_SECONDS, READ_SECONDS
from bce_cli.storage.streams import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from _typeshed import WriteableBuffer

T = TypeVar("T")

_MOST = 1 << 20  # bytes that are waited for at a time
_BROKEN_OFF = "the answer breaks off before its end"
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_READABLE = ("", "identity", "gzip", "x-gzip", "zstd")
"""Content codings that are none, or such as files of their own have: those are recognised."""


class WebServer:
    """What answers for one page.

    Nothing is asked for in another content coding, and what comes in one is not decoded here: so
    bytes are counted as the server counts them.

    Parameters
    ----------
    address : str
    known : Stamp, optional
        What the page was when it was first looked at; otherwise the first answer says that.

    Raises
    ------
    InputError
        A library is missing; or an answer is of another version of the page.
    """

    def __init__(self, address: str, known: Stamp | None = None) -> None:
        self._address = address
        self._known = known
        self._files = _web_files(address)

    def stamp(self) -> Stamp | None:
        """Return what is told of the page by an answer that is not read."""
        self._run(self._first_byte)
        return self._known

    def size_with_ranges(self) -> int | None:
        """Return the bytes of the page; None if it can only be had as a whole, or is empty."""
        given = self._run(self._first_byte)
        return None if given is None else given[2]

    async def _first_byte(self) -> tuple[int, int, int] | None:
        """Ask for the first byte, as the least that tells all; return the range that is given."""
        answer = await self._asked({"Range": "bytes=0-0"})
        try:
            given = _range_of(answer)
            if given is not None:
                await answer.read()  # which leaves the connection open for what follows
        finally:
            answer.close()
        return given

    def range(self, start: int, n_bytes: int) -> bytes:
        """Return so many bytes from a place.

        Raises
        ------
        OSError
            The server gives others, or fewer.
        """

        async def ask() -> bytes:
            wanted = f"bytes={start}-{start + n_bytes - 1}"
            answer = await self._asked({"Range": wanted})
            try:
                given = _range_of(answer)
                if given is None or given[:2] != (start, start + n_bytes - 1):
                    message = "the server gave another range than it was asked for"
                    raise OSError(message)
                data: bytes = await answer.read()
            finally:
                answer.close()
            return data

        data = self._run(ask)
        if len(data) != n_bytes:
            message = "the server gave less than it was asked for"
            raise OSError(message)
        return data

    def page(self) -> Page:
        """Ask for the whole page, of which nothing has been read yet."""

        async def ask() -> tuple[Any, int | None]:
            answer = await self._asked({})
            return answer, await self._promised(answer)

        return Page(self._run, *self._run(ask))

    async def _promised(self, answer: Any) -> int | None:  # noqa: ANN401 -- aiohttp's
        """Return how long an answer is to be; None if there is no telling but by its end.

        One that says nothing of its length ends wherever the connection does. So whatever else
        tells the size of the page is asked for that.
        """
        size = _stamp_of(answer).size
        if size is not None or "Transfer-Encoding" in answer.headers:
            return size
        if self._known is not None and self._known.size is not None:
            return self._known.size
        given = await self._first_byte()
        if given is not None:
            return given[2]
        session = await self._files.set_session()
        async with session.head(self._files.encode_url(self._address)) as head:
            return _stamp_of(head).size if head.ok else None

    async def _asked(self, headers: Mapping[str, str]) -> Any:  # noqa: ANN401 -- aiohttp's
        """Send a request; return its answer, if that is of the known version."""
        known = self._known
        condition = {}
        if known is not None and known.tag is not None and known.tag.startswith('"'):
            condition["If-Match"] = known.tag
        session = await self._files.set_session()
        url = self._files.encode_url(self._address)
        answer = await session.get(url, headers={**headers, **condition})
        try:
            self._check(answer, is_range=bool(headers))
        except BaseException:
            answer.close()
            raise
        return answer

    def _check(self, answer: Any, *, is_range: bool) -> None:  # noqa: ANN401
        name = shown_path(self._address)
        if answer.status == HTTPStatus.PRECONDITION_FAILED and self._known is not None:
            raise self._known.refusal(name)
        if is_range and answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            found = Stamp(0)
        else:
            answer.raise_for_status()
            coding = answer.headers.get("Content-Encoding", "").strip().lower()
            if coding not in _READABLE:
                message = f"{name}: the server sends it in the content coding {coding}"
                raise InputError(message)
            found = _stamp_of(answer)
        if self._known is None:
            self._known = found
        self._known.refuse(found, name)
        if self._known.is_untold_by(found):
            raise self._known.refusal(name)

    def _run(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Run what asks the server, where all requests run, and wait for its end."""
        import aiohttp  # noqa: PLC0415 -- an extra
        from fsspec.asyn import sync  # noqa: PLC0415 -- an extra

        try:
            found: T = sync(self._files.loop, ask)
        except aiohttp.ClientPayloadError:
            raise OSError(_BROKEN_OFF) from None
        return found


def _stamp_of(answer: Any) -> Stamp:  # noqa: ANN401 -- aiohttp's
    """Return which version an answer is of, whether it has all or a range of it."""
    headers = answer.headers
    given = _range_of(answer)
    size = headers.get("Content-Length", "")
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        n_bytes = None if given is None else given[2]
    else:
        n_bytes = int(size) if size.isdigit() else None
    return Stamp(n_bytes, _time_of(headers.get("Last-Modified", "")), headers.get("ETag"))


def _range_of(answer: Any) -> tuple[int, int, int] | None:  # noqa: ANN401 -- aiohttp's
    """Return the first and the last byte of a range, and how many there are in all."""
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
    if answer.status != HTTPStatus.PARTIAL_CONTENT or found is None:
        return None
    first, last, size = map(int, found.groups())
    return first, last, size


def _time_of(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp()) * 10**9
    except ValueError:
        return None


class Page(ReadOnly):
    """The bytes of one answer, in order.

    Parameters
    ----------
    run : callable (callable () -> awaitable) -> value
    answer : aiohttp.ClientResponse
    size : int or None
        Bytes that are promised.
    """

    def __init__(self, run: Callable[..., Any], answer: Any, size: int | None) -> None:  # noqa: ANN401
        super().__init__()
        self._run = run
        self._answer = answer
        self._n_left = size
        self._is_over = False

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")[:_MOST]
        filled: int = 0 if self._is_over else self._run(lambda: self._fill(view))
        if self._n_left is not None:
            self._n_left -= filled
            if self._n_left < 0:
                message = "the answer is longer than it was to be"
                raise OSError(message)
            if self._n_left and not filled and len(view):
                raise OSError(_BROKEN_OFF)
        return filled

    async def _fill(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view):
            data = await self._answer.content.read(len(view) - filled)
            if not data:
                self._is_over = True
                break
            view[filled : filled + len(data)] = data
            filled += len(data)
        return filled

    def close(self) -> None:
        """Let go of the connection."""
        if not self.closed:

            async def let_go() -> None:
                self._answer.close()

            self._run(let_go)
        super().close()


def _web_files(address: str) -> Any:  # noqa: ANN401 -- fsspec has no types
    try:
        return _of_fsspec()
    except ModuleNotFoundError:
        message = f"{shown_path(address)}: reading from the web needs fsspec and aiohttp"
        raise InputError(message, "pip install 'fsspec[http]'") from None


@cache
def _of_fsspec() -> Any:  # noqa: ANN401
    import aiohttp  # noqa: PLC0415 -- an extra
    from fsspec.implementations.http import HTTPFileSystem  # noqa: PLC0415

    limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    return HTTPFileSystem(
        client_kwargs={
            "timeout": limits,
            "trust_env": True,
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity"},
        },
        use_listings_cache=False,
    )
