"""Sources, opened at some byte."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from bce_cli.errors import InputError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from bce_cli.readers.sources import Source


def opened_at(source: Source, start: int, opened: ExitStack) -> IO[bytes]:
    """Open a file for reading on from a byte; `opened` closes it.

    Raises
    ------
    InputError
        It cannot be opened, or not there; so does each read.
    """
    if start == 0 or source.local_path is not None:
        stream = opened.enter_context(source.open())
        if start:
            stream.seek(start)
        return stream
    file: IO[bytes] | None = source.random_access(opened)
    if file is None:
        message = f"{source.name}: it can be read from its start alone"
        raise InputError(message)
    file.seek(start)
    return file
