"""Runs of row groups of a Parquet file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bce_cli.readers.files import open_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from bce_cli.readers.columnar import ColumnarBlock, ColumnarFile, RowGroups
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.storage.sources import Source


@dataclass(frozen=True, slots=True)
class ColumnarPart:
    """The rows of one run."""

    source: Source
    options: InputOptions
    run: RowGroups

    def open(self, opened: ExitStack) -> OpenedRun:
        """Open the source; see `SourcePart`."""
        file, _ = open_file(self.source, self.options, opened)
        return OpenedRun(cast("ColumnarFile", file), self.run)


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run that is being read; see `OpenedPart`."""

    file: ColumnarFile
    run: RowGroups

    @property
    def note(self) -> str | None:
        """What was found out about the source."""
        return self.file.note

    @property
    def n_rows(self) -> int:
        """Its rows; see `OpenedPart`."""
        return self.run.n_rows

    def blocks(self) -> Iterator[ColumnarBlock]:
        """Yield the rows, a batch at a time."""
        return self.file.blocks((self.run,))
