"""Where the bytes come from: paths, addresses and standard input."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import InputError, UsageError, safe_text
from bce_cli.readers.storage.addresses import file_name, local_path, without_secrets
from bce_cli.readers.streams import Translated, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack

STANDARD_INPUT = "-"


def refuse_second_pipe(paths: Sequence[str | None]) -> None:
    """Raise UsageError if standard input is named more than once; what is None is no path."""
    if paths.count(STANDARD_INPUT) > 1:
        message = "standard input can be read only once"
        raise UsageError(message)


@dataclass(frozen=True, slots=True)
class Source:
    """One input, which can be opened in any process.

    Attributes
    ----------
    path : str
        A path or an address, or ``-`` for standard input.
    known_size : int, optional
        Its bytes, if storage has told them already.
    shown : str, optional
        What the user calls it, if not by that path.
    """

    path: str
    known_size: int | None = None
    shown: str | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        if self.path == STANDARD_INPUT:
            return "standard input"
        return safe_text(without_secrets(self.shown or self.path))

    @property
    def extensions(self) -> tuple[str, ...]:
        """The endings of its name, in lower case, the last one first."""
        suffixes = () if self.path == STANDARD_INPUT else PurePath(file_name(self.path)).suffixes
        return tuple(suffix.lower() for suffix in reversed(suffixes))

    @property
    def local_path(self) -> str | None:
        """The path on this machine; None for standard input and addresses elsewhere."""
        return None if self.path == STANDARD_INPUT else local_path(self.path)

    def size(self) -> int | None:
        """Bytes of a regular file, or of one in storage elsewhere; None for anything else."""
        if self.known_size is not None or self.path == STANDARD_INPUT:
            return self.known_size
        if self.local_path is None:
            from bce_cli.readers.storage.remote_files import size_of  # noqa: PLC0415 -- rare

            return size_of(self.path)
        try:
            status = Path(self.local_path).stat()
        except (OSError, ValueError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading bytes, from start to end.

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
        if self.local_path is None:
            from bce_cli.readers.storage.remote_files import opened  # noqa: PLC0415 -- rare

            with opened(self.path) as remote:
                yield remote
            return
        try:
            stream = Path(self.local_path).open("rb", buffering=0)  # noqa: SIM115 -- closed below
        except (OSError, ValueError) as error:
            raise unreadable(self.name, error) from None
        with stream:
            yield self._explained(cast("IO[bytes]", stream))

    def random_access(self, opened: ExitStack) -> Any | None:  # noqa: ANN401 -- files of any kind
        """Open for reading any range of bytes, with `seek`; None if it gives a stream alone.

        Parameters
        ----------
        opened : ExitStack
            Closes what is opened here.

        Raises
        ------
        InputError
            It cannot be opened; where it is elsewhere, so does each read.
        """
        if self.path == STANDARD_INPUT:
            return None
        if self.local_path is None:
            from bce_cli.readers.storage.remote_files import random_access  # noqa: PLC0415 -- rare

            file = random_access(self.path)
            return None if file is None else opened.enter_context(file)
        if self.size() is None:
            return None
        import pyarrow as pa

        try:
            return opened.enter_context(pa.OSFile(os.fsencode(self.local_path)))
        except OSError as error:
            raise unreadable(self.name, error) from None

    def _explained(self, stream: IO[bytes]) -> IO[bytes]:
        def explain(error: Exception) -> Exception | None:
            return unreadable(self.name, error) if isinstance(error, OSError) else None

        return cast("IO[bytes]", Translated(stream, explain))
