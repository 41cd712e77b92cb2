"""Where the bytes come from: paths and standard input."""

from __future__ import annotations

import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from bce_cli.errors import InputError
from bce_cli.readers.streams import Translated, unreadable
from bce_cli.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    Attributes
    ----------
    path : str
        A path, or ``-`` for standard input.
    shown : str, optional
        What the user calls it, if not by that path.
    """

    path: str
    shown: str | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return (
            "standard input" if self.path == STANDARD_INPUT else safe_text(self.shown or self.path)
        )

    @property
    def extensions(self) -> tuple[str, ...]:
        """The endings of its name, in lower case, the last one first."""
        suffixes = () if self.path == STANDARD_INPUT else Path(self.path).suffixes
        return tuple(suffix.lower() for suffix in reversed(suffixes))

    def size(self) -> int | None:
        """Bytes of a regular file; None for anything else."""
        if self.path == STANDARD_INPUT:
            return None
        try:
            status = Path(self.path).stat()
        except (OSError, ValueError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading bytes.

        Raises
        ------
        InputError
            If it cannot be opened, with the reason of the operating system; so does each read.
        """
        if self.path == STANDARD_INPUT:
            if sys.stdin is None:
                message = "standard input is closed"
                raise InputError(message)
            yield self._explained(sys.stdin.buffer)
            return
        try:
            stream = Path(self.path).open("rb", buffering=0)  # noqa: SIM115 -- closed below
        except (OSError, ValueError) as error:
            raise unreadable(self.name, error) from None
        with stream:
            yield self._explained(cast("IO[bytes]", stream))

    def _explained(self, stream: IO[bytes]) -> IO[bytes]:
        def explain(error: Exception) -> Exception | None:
            return unreadable(self.name, error) if isinstance(error, OSError) else None

        return cast("IO[bytes]", Translated(stream, explain))
