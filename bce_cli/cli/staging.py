"""Where output goes: nothing of it is seen there before all of it is known to be good."""

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import typer

from bce_cli.cli.diagnostics import ExitCode
from bce_cli.cli.limited import is_limited
from bce_cli.errors import (
    OutputCreationError,
    OutputError,
    os_reason,
    safe_text,
    shortage,
)
from bce_cli.storage.streams import without_folder

_KEPT_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20
_SENT_AT_ONCE = 32 << 20
_HANDLES = "/proc/self/fd"


@contextmanager
def staged_output(
    path: str | None, inputs: Sequence[str], option: str = "--output"
) -> Iterator[IO[bytes]]:
    """Provide a stream whose bytes reach their place when the block ends without an error.

    A regular file is replaced in one step, so it holds the old bytes or all of the new ones. For
    standard output, pipes and devices the bytes wait in a temporary file and are copied at the end.

    Parameters
    ----------
    path : str or None
        The file; standard output without one.
    inputs : sequence of str
        Paths that must not be overwritten.
    option : str
        What has named the file.

    Raises
    ------
    OutputCreationError
        The file is an input, or cannot be created.
    OutputError
        Writing fails.
    """
    if path is None:
        _refuse_inputs_in_stdout(inputs)
        with _spool() as spool:
            yield spool
            _copy_to_stdout(spool)
        return
    place = safe_text(path)
    found = _looked_up(path, place)
    target = Path(os.path.realpath(path))  # a link that the user named is followed
    hint = without_folder(path) if found is None else None
    if hint is not None:
        message = f"{place}: no such file or directory"
        raise OutputCreationError(message, hint)
    if found is not None:
        _refuse_inputs(place, found, inputs, option)
    if found is not None and not stat.S_ISREG(found.st_mode):
        with _spool() as spool:
            yield spool
            with _naming(place, OutputCreationError):
                special = Path(path).open("wb")  # noqa: SIM115 -- closed below
            with _naming(place), special:
                _copy(spool, special)
        return
    with _replacing(place, target, found) as stream:
        yield stream


def _looked_up(path: str, place: str) -> os.stat_result | None:
    """Return what is there now, through links; None if nothing is, and a file can be made.

    Raises
    ------
    OutputCreationError
        A folder is there, or is what the path names, or it leads nowhere.
    """
    with _naming(place, OutputCreationError):
        try:
            found = os.stat(path)  # noqa: PTH116 -- Path drops a slash at the end
        except FileNotFoundError:
            found = None
        except ValueError as error:  # it has a NUL
            message = f"{place}: {os_reason(error)}"
            raise OutputCreationError(message) from None
    if (found is not None and stat.S_ISDIR(found.st_mode)) or _names_folder(path):
        message = f"{place}: is a directory"
        raise OutputCreationError(message, None if found else "name a file in it")
    return found


def _names_folder(path: str) -> bool:
    return os.path.basename(path) in ("", os.curdir, os.pardir)  # noqa: PTH119 -- as above


def write_stdout(text: str) -> None:
    """Write text to standard output at once."""
    with staged_output(None, ()) as stream:
        stream.write(text.encode(stdout_encoding(), "backslashreplace"))


def stdout_encoding() -> str:
    """How standard output wants its text."""
    return (sys.stdout.encoding if sys.stdout is not None else None) or "utf-8"


def are_same(plot: str, output: str | None) -> bool:
    """Whether two outputs go to one file, of whatever names; None is standard output."""
    found, other = status_of(plot), status_of(output)
    if found is not None and other is not None:
        return os.path.samestat(found, other)
    with contextlib.suppress(OSError, ValueError):  # neither is there yet, through links
        return output is not None and os.path.realpath(plot) == os.path.realpath(output)
    return False


@contextmanager
def _naming(place: str, kind: type[OutputError] = OutputError) -> Iterator[None]:
    """Turn what goes wrong into an error that names the place, or into the end of a pipe."""
    try:
        yield
    except BrokenPipeError:
        raise typer.Exit(ExitCode.BROKEN_PIPE) from None
    except OSError as error:
        lacking = shortage(error)
        if lacking is not None:
            raise lacking from None
        message = f"{place}: {os_reason(error)}"
        raise kind(message) from None


def _refuse_inputs(
    place: str, found: os.stat_result, inputs: Sequence[str], option: str = "--output"
) -> None:
    for name in inputs:
        status = status_of(name)
        if status is not None and os.path.samestat(found, status):
            message = f"{place}: the output would overwrite an input"
            raise OutputCreationError(message, f"choose another file for {option}")


def _refuse_inputs_in_stdout(inputs: Sequence[str]) -> None:
    """Refuse to append to what is read, as with ``>>``; a terminal may be both."""
    found = status_of(None)
    if found is not None and stat.S_ISREG(found.st_mode):
        _refuse_inputs("standard output", found, inputs)


def status_of(path: str | None) -> os.stat_result | None:
    """Return what is there, standard input for a hyphen, standard output for None; or None."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if path is None or path == "-":
            return os.fstat((sys.stdin if path else sys.stdout).fileno())
        return os.stat(path)  # noqa: PTH116 -- as above
    return None


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    import tempfile  # noqa: PLC0415 -- a number alone needs none

    with (
        _naming("temporary file"),  # its folder is full, say
        tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY) as spool,
    ):
        yield spool


def _copy_to_stdout(spool: IO[bytes]) -> None:
    if sys.stdout is None:
        message = "standard output is closed"
        raise OutputError(message)
    try:
        with _naming("standard output"):
            _copy(spool, sys.stdout.buffer)
    except (OutputError, typer.Exit):
        abandon_stdout()
        raise


def abandon_stdout() -> None:
    """Keep the interpreter from flushing what is left, and complaining, when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _copy(spool: IO[bytes], stream: IO[bytes]) -> None:
    """Copy all bytes, also to a stream that takes a part of them at a time."""
    spool.seek(0)
    while chunk := spool.read(_CHUNK):
        rest = memoryview(chunk)
        while rest:
            rest = rest[stream.write(rest) :]
    stream.flush()


class SentEarly(io.FileIO):
    """A new file whose bytes go to the disk while others are made; the end waits for the last."""

    _n_written = _n_sent = 0

    def write(self, data: Any) -> int:  # noqa: ANN401 -- any buffer
        """Write bytes, and have the system begin to send those it holds when they are many."""
        n = super().write(data)
        self._n_written += n
        n_waiting = self._n_written - self._n_sent
        if n_waiting >= _SENT_AT_ONCE and hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):  # what fails to be written, fsync tells
                os.posix_fadvise(self.fileno(), self._n_sent, n_waiting, os.POSIX_FADV_DONTNEED)
            self._n_sent = self._n_written
        return n


@contextmanager
def _replacing(place: str, target: Path, old: os.stat_result | None) -> Iterator[IO[bytes]]:
    # Named before it is made, so that no signal can come between the making and the removing.
    temporary = target.parent / f".{target.name[:50]}.{os.urandom(8).hex()}"
    try:
        with _naming(place, OutputCreationError):
            handle = _without_name(target.parent)
            has_name = handle is None
            if handle is None:
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with _naming(place):
            with io.BufferedWriter(SentEarly(handle, "wb")) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                if not has_name:
                    _name(stream.fileno(), temporary)
            _give_to_owner(temporary, old)
            temporary.chmod(_mode(old))
            temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):  # it was never made, say
            temporary.unlink()


def _without_name(folder: Path) -> int | None:
    """Open a new file without a name, of which nothing is left however suddenly this process ends.

    None where that is not to be feared, or the system has no such files.
    """
    kind = getattr(os, "O_TMPFILE", None)
    if kind is not None and is_limited() and os.path.isdir(_HANDLES):  # noqa: PTH112
        with contextlib.suppress(OSError):
            return os.open(folder, os.O_WRONLY | kind, 0o600)
    return None


def _name(handle: int, path: Path) -> None:
    """Give a name to an open file that has none."""
    # Python follows the link to the file only where a folder is named, which does not matter here.
    os.link(f"{_HANDLES}/{handle}", path, src_dir_fd=handle, follow_symlinks=True)


def _give_to_owner(path: Path, old: os.stat_result | None) -> None:
    """Let a file belong to whom the old one belonged, as far as this process may."""
    if old is None or not hasattr(os, "chown"):
        return
    now = path.stat()
    for uid, gid in ((old.st_uid, -1), (-1, old.st_gid)):
        if uid not in (-1, now.st_uid) or gid not in (-1, now.st_gid):
            with contextlib.suppress(OSError):
                os.chown(path, uid, gid)


def _mode(old: os.stat_result | None) -> int:
    """Return the mode of the old file, or what a new one would get.

    New bytes do not run as whoever owns the file.
    """
    if old is not None:
        return stat.S_IMODE(old.st_mode) & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
