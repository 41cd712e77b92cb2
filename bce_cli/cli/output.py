"""The output: nothing of it is seen before all of it is known to be good."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from bce_cli.cli.diagnostics import ExitCode
from bce_cli.errors import OutputCreationError, OutputError, os_reason
from bce_cli.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KEPT_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20


@contextmanager
def staged_output(path: str | None, inputs: Sequence[str]) -> Iterator[IO[bytes]]:
    """Provide a stream whose bytes reach their place when the block ends without an error.

    A regular file is replaced in one step, so it holds the old bytes or all of the new ones. For
    standard output, pipes and devices the bytes wait in a temporary file and are copied at the end.

    Parameters
    ----------
    path : str or None
        The file; standard output without one.
    inputs : sequence of str
        Paths that must not be overwritten.

    Raises
    ------
    OutputCreationError
        The file is an input, or cannot be created.
    OutputError
        Writing fails.
    """
    if path is None:
        with _spool() as spool:
            yield spool
            _copy_to_stdout(spool)
        return
    target = Path(path).resolve()  # a link the user named is followed
    _refuse_inputs(path, target, inputs)
    if target.is_dir():
        message = f"{safe_text(path)}: is a directory"
        raise OutputCreationError(message)
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        with _spool() as spool:
            yield spool
            _copy_to_special_file(spool, path)
        return
    with _replacing(path, target) as stream:
        yield stream


def write_stdout(text: str) -> None:
    """Write text to standard output at once."""
    with staged_output(None, ()) as stream:
        stream.write(text.encode(stdout_encoding(), "backslashreplace"))


def stdout_encoding() -> str:
    """How standard output wants its text."""
    return (sys.stdout.encoding if sys.stdout is not None else None) or "utf-8"


def _refuse_inputs(path: str, target: Path, inputs: Sequence[str]) -> None:
    for name in inputs:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            status = os.fstat(sys.stdin.fileno()) if name == "-" else Path(name).stat()
            if os.path.samestat(target.stat(), status):
                message = f"{safe_text(path)}: the output would overwrite an input"
                raise OutputCreationError(message, "choose another file for --output")


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    try:
        with tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY) as spool:
            yield spool
    except OSError as error:  # the temporary folder is full, say
        message = f"temporary file: {os_reason(error)}"
        raise OutputError(message) from None


def _copy_to_stdout(spool: IO[bytes]) -> None:
    if sys.stdout is None:
        message = "standard output is closed"
        raise OutputError(message)
    spool.seek(0)
    try:
        _copy(spool, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        abandon_stdout()
        raise typer.Exit(ExitCode.BROKEN_PIPE) from None
    except OSError as error:
        abandon_stdout()
        message = f"standard output: {os_reason(error)}"
        raise OutputError(message) from None


def abandon_stdout() -> None:
    """Keep the interpreter from flushing what is left, and complaining, when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _copy(spool: IO[bytes], stream: IO[bytes]) -> None:
    """Copy all bytes, also to a stream that takes a part of them at a time."""
    while chunk := spool.read(_CHUNK):
        rest = memoryview(chunk)
        while rest:
            rest = rest[stream.write(rest) :]


def _copy_to_special_file(spool: IO[bytes], path: str) -> None:
    spool.seek(0)
    try:
        stream = Path(path).open("wb")  # noqa: SIM115 -- closed below
    except OSError as error:
        message = f"{safe_text(path)}: {os_reason(error)}"
        raise OutputCreationError(message) from None
    try:
        with stream:
            _copy(spool, stream)
    except BrokenPipeError:
        raise typer.Exit(ExitCode.BROKEN_PIPE) from None
    except OSError as error:
        message = f"{safe_text(path)}: {os_reason(error)}"
        raise OutputError(message) from None


@contextmanager
def _replacing(path: str, target: Path) -> Iterator[IO[bytes]]:
    # Named before it is made, so that no signal can come between the making and the removing.
    temporary = target.parent / f".{target.name[:50]}.{os.urandom(8).hex()}"
    try:
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            message = f"{safe_text(path)}: {os_reason(error)}"
            raise OutputCreationError(message) from None
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except OSError as error:
        message = f"{safe_text(path)}: {os_reason(error)}"
        raise OutputError(message) from None
    finally:
        with contextlib.suppress(OSError):  # it was never made, say
            temporary.unlink()


def _mode(target: Path) -> int:
    """Return the mode of the old file, or what a new one would get."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
