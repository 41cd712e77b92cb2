"""Sources, opened at some byte."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import ExitStack

    from bce_cli.readers.sources import Source


def opened_at(source: Source, start: int, opened: ExitStack) -> IO[bytes]:
    """Open a file for reading on from a byte; `opened` closes it.

    Raises
    ------
    InputError
        It cannot be opened; so does each read.
    """
    stream = opened.enter_context(source.open())
    if start:
        stream.seek(start)
    return stream
