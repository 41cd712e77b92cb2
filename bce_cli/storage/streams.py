"""The small tools that all streams of bytes are made with, and a file that is written at once."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import IO, TYPE_CHECKING, cast

from bce_cli.errors import (
    BceError,
    InputError,
    MissingInputError,
    OutputCreationError,
    ShortageError,
    names_like,
    os_reason,
    quoted,
    safe_text,
    shortage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from _typeshed import WriteableBuffer

_FEW = 3


def read_some(stream: IO[bytes], buffer: WriteableBuffer) -> int:
    r"""Fill the start of `buffer` with what a stream holds next; wait until there is some.

    A pipe that does not block says None where nothing has come yet, which is no end.

    Returns
    -------
    int
        How many bytes that are; 0 at the end alone.

    Raises
    ------
    OSError
        Reading fails; or nothing has come yet, and what it could be waited for is not known.

    Examples
    --------
    >>> buffer = bytearray(4)
    >>> read_some(io.BytesIO(b"y,p"), buffer), bytes(buffer)
    (3, b'y,p\x00')
    """
    while True:
        count: int | None = stream.readinto(buffer)  # type: ignore[attr-defined]
        if count is not None:
            return count
        _wait_for(stream)


def _wait_for(stream: IO[bytes]) -> None:
    """Wait until something has come; Ctrl-C ends that, as it ends a read."""
    import selectors  # noqa: PLC0415 -- few pipes do not block

    try:
        descriptor = stream.fileno()
    except OSError:
        message = "it has nothing yet, and cannot be waited for"
        raise OSError(message) from None
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        selector.select()


class ReadOnly(io.RawIOBase):
    """A stream of which every kind says by `readinto` alone what it holds."""

    def readable(self) -> bool:
        """Whether bytes can be read; they can."""
        return True


class Rejoined(ReadOnly):
    """Bytes that were read already, followed by the rest of their stream.

    Parameters
    ----------
    head : bytes
    rest : binary stream
    """

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        super().__init__()
        self._head = head
        self._rest = rest

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to some byte of the stream, if that can do it."""
        if whence == io.SEEK_CUR:
            offset, whence = offset + self._rest.seek(0, whence) - len(self._head), io.SEEK_SET
        position = self._rest.seek(offset, whence)
        self._head = b""
        return position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")
        if self._head:
            count = min(len(view), len(self._head))
            view[:count] = self._head[:count]
            self._head = self._head[count:]
            return count
        return read_some(self._rest, view)


class Chunks(ReadOnly):
    """Bytes that come in chunks of any size.

    Parameters
    ----------
    chunks : iterator of bytes or bytearray

    Attributes
    ----------
    n_wanted : int
        For how many bytes there is room when a chunk is asked for.
    """

    def __init__(self, chunks: Iterator[bytes | bytearray]) -> None:
        super().__init__()
        self._chunks = chunks
        self._ready = memoryview(b"")
        self.n_wanted = 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")
        self.n_wanted = len(view)
        while len(view) and not self._ready:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._ready = memoryview(chunk)
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


class Limited(ReadOnly):
    """The next bytes of a stream, up to so many.

    Parameters
    ----------
    stream : binary stream
    n_bytes : int
    """

    def __init__(self, stream: IO[bytes], n_bytes: int) -> None:
        super().__init__()
        self._stream = stream
        self._n_left = n_bytes

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")[: self._n_left]
        count = read_some(self._stream, view)
        self._n_left -= count
        return count


class Translated(ReadOnly):
    """A stream whose failures become errors of this package.

    Parameters
    ----------
    stream : binary stream
    explain : callable (Exception) -> Exception or None
        Told of a failure; what it returns is raised instead.
    """

    def __init__(self, stream: IO[bytes], explain: Callable[[Exception], Exception | None]) -> None:
        super().__init__()
        self._stream = stream
        self._explain = explain

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to some byte, if the stream within can do that."""
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        try:
            return read_some(self._stream, buffer)
        except (BceError, MemoryError):  # which tells nothing of the stream
            raise
        except Exception as error:
            explained = self._explain(error)
            if explained is None:
                raise
            raise explained from None


def read_fully(stream: IO[bytes], buffer: memoryview) -> int:
    """Read until the buffer is full or the stream ends; return how many bytes there are."""
    filled = 0
    while filled < len(buffer):
        count = read_some(stream, buffer[filled:])
        if not count:
            break
        filled += count
    return filled


def peeked(stream: IO[bytes], n_bytes: int) -> tuple[bytes, IO[bytes]]:
    """Return the first bytes of a stream, and a stream that still begins with them."""
    buffer = bytearray(n_bytes)
    filled = read_fully(stream, memoryview(buffer))
    head = bytes(buffer[:filled])
    return head, cast("IO[bytes]", Rejoined(head, stream))


def refuse_overwriting(path: str | os.PathLike[str], read: Iterable[str], what: str) -> None:
    """Refuse to write where something was read, by whatever name.

    Parameters
    ----------
    path : str or path-like
    read : iterable of str
        Paths.
    what : str
        What is to be written.

    Raises
    ------
    OutputCreationError
        The path leads to a file that was read.
    """
    for name in read:
        with suppress(OSError, ValueError):  # one of them is not there
            if Path(path).samefile(name):
                message = f"{safe_text(os.fspath(path))}: the {what} would overwrite what was read"
                raise OutputCreationError(message, "choose another name")


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file of this machine, whole or not at all.

    What is there keeps its mode, and its place where a link leads to it; a pipe or a device is
    written to as it is.

    Parameters
    ----------
    path : str or path-like
    content : bytes

    Raises
    ------
    OutputCreationError
        The file cannot be written.
    """
    place = os.fspath(path)
    temporary = None
    try:
        target = Path(os.path.realpath(place))  # a link that the user named is followed
        with suppress(FileNotFoundError):
            if not S_ISREG(target.stat().st_mode):
                target.write_bytes(content)
                return
        temporary = target.parent / f".{target.name[:50]}.{os.urandom(8).hex()}"
        with temporary.open("xb") as file:
            file.write(content)
        with suppress(FileNotFoundError):
            temporary.chmod(S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except (OSError, ValueError) as error:  # the latter of a NUL
        message = f"{safe_text(place)}: {os_reason(error)}"
        hint = without_folder(place) if isinstance(error, FileNotFoundError) else None
        raise shortage(error) or OutputCreationError(message, hint) from None
    finally:
        if temporary is not None:
            with suppress(OSError):  # it was never made, or is in its place
                temporary.unlink()


def without_folder(path: str) -> str | None:
    """Say which folder a file cannot be written to, as it is not there; None if there is one."""
    there = Path(os.path.realpath(path)).parent
    if there.exists():
        return None
    folder = os.path.dirname(path)  # noqa: PTH120 -- Path takes an address apart
    lacking = str(there) if os.path.isdir(folder) else folder  # noqa: PTH112 -- a link
    return f"there is no folder {quoted(lacking)}"


def unreadable(name: str, error: Exception) -> InputError | ShortageError:
    """Say in one line why an input cannot be read, and in another what may have been meant."""
    lacking = shortage(error)
    if lacking is not None:
        return lacking
    message = f"{name}: {os_reason(error)}"
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
        return MissingInputError(message, _what_there_is(Path(error.filename)))
    return InputError(message)


def _what_there_is(path: Path) -> str | None:
    """Return what is in the place of a file that is not there."""
    try:
        names = sorted(found.name for found in path.parent.iterdir())
    except OSError:
        return f"there is no folder {quoted(str(path.parent))}"
    if path.name in names:
        return "it is a link that leads nowhere"
    alike = [name for name in names if Path(name).suffix == path.suffix != ""]
    close = _close_to(path, alike) or _close_to(path, names)
    if close:
        return f"did you mean {' or '.join(quoted(str(path.parent / name)) for name in close)}?"
    more = f" and {len(alike) - _FEW} more" if len(alike) > _FEW else ""
    listed = ", ".join(map(quoted, alike[:_FEW]))
    return f"its folder has {listed}{more}" if alike else None


def _close_to(path: Path, names: Sequence[str]) -> list[str]:
    """Return the names whose first part is like that of a path."""
    by_stem = {_stem(name): name for name in reversed(names)}
    return [by_stem[stem] for stem in names_like(_stem(path.name), by_stem)]


def _stem(name: str) -> str:
    return name.partition(".")[0] or name
