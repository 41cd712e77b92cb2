"""Ranges of bytes of delimited text that begin and end with whole records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from bce_cli.readers.blocks import QuotedRecords, read_blocks
from bce_cli.readers.delimited import DelimitedFile, blocks_of
from bce_cli.readers.files import utf8
from bce_cli.storage.sources import opened_at
from bce_cli.storage.streams import Limited, read_fully

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.delimited import DelimitedBlock, Dialect
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.parts.part import OpenedPart
    from bce_cli.storage.sources import Source


@dataclass(frozen=True, slots=True)
class DelimitedStart:
    """The first records of a source, and its header.

    Attributes
    ----------
    source : Source
    options : InputOptions
    stop : int
        Position of the byte behind them.
    """

    source: Source
    options: InputOptions
    stop: int

    def open(self, opened: ExitStack) -> OpenedPart:
        """Open the source; see `SourcePart`."""
        return head_of(self.source, self.options, self.stop, opened)


def head_of(
    source: Source, options: InputOptions, n_bytes: int, opened: ExitStack
) -> DelimitedFile:
    """Open a source of UTF-8 text as if it ended after some bytes."""
    stream = cast("IO[bytes]", Limited(opened_at(source, 0, opened), n_bytes))
    return DelimitedFile(utf8(stream, None, source.name), source.name, source.extensions, options)


@dataclass(frozen=True, slots=True)
class DelimitedPart:
    """Further records of a source.

    Attributes
    ----------
    source : Source
    options : InputOptions
    columns : Columns
    dialect : Dialect
        As the header says.
    start : int
        Position of their first byte.
    stop : int or None
        Position of the byte behind them; None for the end of the source.
    n_begun : int
        How many of their bytes precede the next block of the source. The first block takes them
        in, so that blocks end where they do when the source is read from its start.
    line : int
        1-based physical line on which they begin.
    """

    source: Source
    options: InputOptions
    columns: Columns
    dialect: Dialect
    start: int
    stop: int | None
    n_begun: int
    line: int

    def open(self, opened: ExitStack) -> OpenedRange:
        """Open the source; see `SourcePart`."""
        stream = opened_at(self.source, self.start, opened)
        if self.stop is not None:
            stream = cast("IO[bytes]", Limited(stream, self.stop - self.start))
        return OpenedRange(self, stream)


@dataclass(frozen=True, slots=True)
class OpenedRange:
    """A range of bytes that is being read; see `OpenedPart`."""

    part: DelimitedPart
    stream: IO[bytes]

    @property
    def note(self) -> None:
        """Nothing; the start of the source says it."""

    @property
    def n_rows(self) -> None:
        """Unknown; see `OpenedPart`."""

    def blocks(self) -> Iterator[DelimitedBlock]:
        """Yield the records, block by block."""
        part = self.part
        begun = bytearray(part.n_begun)
        filled = read_fully(self.stream, memoryview(begun))
        name, options = part.source.name, part.options
        blocks = read_blocks(
            self.stream,
            name,
            QuotedRecords(),
            options.block_bytes,
            rest=bytes(begun[:filled]),
            line=part.line,
        )
        return blocks_of(blocks, part.columns, part.dialect, options.grammar, name)
