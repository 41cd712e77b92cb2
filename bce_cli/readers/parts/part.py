"""What a part of a source is, and the simplest one: all of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bce_cli.readers.files import open_file
from bce_cli.storage.streams import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from bce_cli.readers.blocks import Block
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.storage.sources import Source


class OpenedPart(Protocol):
    """A part that is being read."""

    @property
    def note(self) -> str | None:
        """What was found out about its source and is worth a word; the first part says it."""

    @property
    def n_rows(self) -> int | None:
        """Its rows, where the source says how many there are."""

    def blocks(self) -> Iterator[Block]:
        """Yield its pieces, which are those of the whole source at this place."""


class SourcePart(Protocol):
    """Rows of one source that follow each other; small, picklable, and read as often as need be."""

    @property
    def source(self) -> Source:
        """Where its bytes come from."""

    def open(self, opened: ExitStack) -> OpenedPart:
        """Open the source for reading; `opened` closes it.

        Raises
        ------
        DataError, InputError, UsageError
            As `open_file` does.
        """


@contextmanager
def faults_of(source: Source) -> Iterator[None]:
    """Turn what a machine may lack while it reads a source, such as disk space, into InputError."""
    try:
        yield
    except OSError as error:
        raise unreadable(source.name, error) from None


@dataclass(frozen=True, slots=True)
class WholePart:
    """All rows of a source, of any format."""

    source: Source
    options: InputOptions

    def open(self, opened: ExitStack) -> OpenedPart:
        """Open the source; see `SourcePart`."""
        file, _ = open_file(self.source, self.options, opened)
        return file
