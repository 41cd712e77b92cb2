"""Sources cut into parts that any worker can open and read, in the order of their rows."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from bce_cli.data.same_labels import numbered
from bce_cli.data.table import empty_note
from bce_cli.errors import BceError, EmptyInputError
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.blocks import BlockReader, QuotedRecords, as_bytes, count_lines
from bce_cli.readers.delimited import DelimitedFile, blocks_of
from bce_cli.readers.files import at_its_path, open_file, utf8, utf8_mark_length
from bce_cli.storage.sources import opened_at
from bce_cli.storage.streams import Limited, read_fully

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.readers.arrow_files import RowGroups
    from bce_cli.readers.blocks import Block, ByteArray
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.dialect import Dialect
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.storage.sources import Source


@dataclass(frozen=True, slots=True)
class ByteSpan:
    """Whole records of delimited text.

    Attributes
    ----------
    start : int
        Position of their first byte; 0 where the header precedes them.
    stop : int or None
        Position of the byte behind them; None for the end of the source.
    n_begun : int
        How many of their bytes precede the next block of the source. The first block takes them
        in, so that blocks end where they do when the source is read from its start.
    line : int
        1-based physical line on which they begin.
    header : tuple of Columns and Dialect, optional
        As the header says; None where it precedes them.
    """

    start: int
    stop: int | None
    n_begun: int = 0
    line: int = 1
    header: tuple[Columns, Dialect] | None = None


class OpenedPart(NamedTuple):
    """A part that is being read.

    Attributes
    ----------
    note : str or None
        What was found out about its source and is worth a word; the first part says it.
    n_rows : int or None
        Its rows, where the source says how many there are.
    blocks : iterator of Block
        Its blocks, which are those of the whole source at this place.
    """

    note: str | None
    n_rows: int | None
    blocks: Iterator[Block]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one source that follow each other; small, picklable, and read as often as need be.

    Attributes
    ----------
    source : Source
    options : InputOptions
        With the columns named.
    span : ByteSpan or RowGroups, optional
        Bytes of delimited text, or row groups of Parquet; None for all of the source.
    number : int, optional
        Which of several sources that is, whose labels might be the same.
    """

    source: Source
    options: InputOptions
    span: ByteSpan | RowGroups | None = None
    number: int | None = None

    def open(self, opened: ExitStack) -> OpenedPart:
        """Open the source for reading; `opened` closes it.

        Raises
        ------
        DataError, InputError, UsageError
            As `open_file` does.
        """
        found = self._opened(opened)
        return found._replace(blocks=numbered(found.blocks, self.number))

    def _opened(self, opened: ExitStack) -> OpenedPart:
        if isinstance(self.span, ByteSpan):
            return self._open_bytes(self.span, opened)
        try:
            file, _ = open_file(self.source, self.options, opened)
        except EmptyInputError:
            if not self.source.is_part:
                raise
            return OpenedPart(empty_note(self.source), 0, iter(()))
        if self.span is None:
            return OpenedPart(file.note, file.n_rows, file.blocks())
        of_groups: Any = file
        return OpenedPart(file.note, self.span.n_rows, of_groups.blocks((self.span,)))

    def _open_bytes(self, span: ByteSpan, opened: ExitStack) -> OpenedPart:
        if span.header is None:
            file = _text_up_to(self, span.stop or 0, opened)
            return OpenedPart(file.note, None, file.blocks())
        stream = opened_at(self.source, span.start, opened)
        if span.stop is not None:
            stream = cast("IO[bytes]", Limited(stream, span.stop - span.start))
        begun = bytearray(span.n_begun)
        del begun[read_fully(stream, memoryview(begun)) :]
        name, options = self.source.name, self.options
        framing, size = QuotedRecords(), options.block_bytes
        blocks = BlockReader(stream, name, framing, size, rest=bytes(begun), line=span.line)
        return OpenedPart(None, None, blocks_of(blocks, *span.header, options.grammar, name))


def _text_up_to(whole: Part, stop: int, opened: ExitStack) -> DelimitedFile:
    """Open a source of UTF-8 text as if it ended after some bytes."""
    source = whole.source
    stream = cast("IO[bytes]", Limited(opened_at(source, 0, opened), stop))
    text = utf8(stream, None, source.name)
    options = at_its_path(whole.options, source)
    return DelimitedFile(text, source.name, source.extensions, options)


def seen_from_anywhere(sources: Sequence[Source]) -> list[Source]:
    """Return sources by their full paths, for workers that may run in another folder.

    What the caller has seen of them goes along, and any other copy is refused.
    """
    return [_seen_from_anywhere(source) for source in sources]


def _seen_from_anywhere(source: Source) -> Source:
    found = source if source.stamp is not None else source.looked_at()
    if found.stamp is not None:
        found = replace(found, stamp=found.stamp.for_others())
    if found.local_path is None:
        return found
    path = str(Path(found.local_path).absolute())
    return replace(found, path=path, shown=found.shown or found.path)


@dataclass(frozen=True, slots=True)
class Cutting:
    """How sources are cut.

    Attributes
    ----------
    part_blocks : int
        Blocks of text in a part.
    least_bytes : int
        Sources with fewer bytes stay whole, and are not looked at before they are read.
    """

    part_blocks: int = 16
    least_bytes: int = 16 << 20


CUTTING = Cutting()


def parts_of(
    sources: Sequence[Source],
    options: InputOptions,
    run: Callable[..., Iterator[Any]],
    cutting: Cutting | None = None,
) -> Iterator[Part]:
    """Yield the parts of all sources.

    Parquet files are cut between row groups. Delimited text is cut behind records, if it is UTF-8
    and neither compressed nor commented, and its lines end with a line feed; a first pass counts
    its quotes. Everything else, and what cannot be opened, is one part a source.

    Parameters
    ----------
    sources : sequence of Source
    options : InputOptions
        With the columns named.
    run : callable (function, items) -> iterator
        Calls the function with each item and yields the results in order, as `map` does.
    cutting : Cutting, optional
    """
    how = cutting or CUTTING

    def is_great(source: Source) -> bool:
        return (source.size() or 0) >= how.least_bytes

    for are_great, group in groupby(sources, is_great):
        if are_great:
            for plan in run(partial(_plan_of, options=options, cutting=how), group):
                yield from plan.parts(run) if isinstance(plan, _TextRanges) else plan
        else:
            yield from (Part(source, options) for source in group)


class _TextRanges(NamedTuple):
    """Ranges of text that are to be counted, so that it can be cut near their ends.

    Attributes
    ----------
    whole : Part
    header : tuple of Columns and Dialect
    bounds : tuple of int
        Where the ranges begin, and where the last one ends.
    """

    whole: Part
    header: tuple[Columns, Dialect]
    bounds: tuple[int, ...]

    def parts(self, run: Callable[..., Iterator[Any]]) -> Sequence[Part]:
        """Count all ranges, and cut behind the last record of each."""
        count = partial(_count, self.whole.source, block_bytes=self.whole.options.block_bytes)
        ranges = zip(self.bounds[:-1], self.bounds[1:], strict=True)
        return self._cut(list(run(count, ranges)))

    def _cut(self, counts: Sequence[RangeCount | None]) -> Sequence[Part]:
        """Cut the text; all of it is one part, unless each block has the end of a record."""
        spans: list[ByteSpan] = []
        n_quotes, line, cut, cut_line = 0, 1, 0, 1

        def span(stop: int | None) -> ByteSpan:
            if not spans:
                return ByteSpan(0, stop)
            return ByteSpan(cut, stop, self.bounds[len(spans)] - cut, cut_line, self.header)

        for count, bound in zip(counts[:-1], self.bounds[1:-1], strict=True):
            end = None if count is None else count.ends[n_quotes % 2]
            if count is None or end is None or count.stop != bound:
                return [self.whole]
            spans.append(span(end.stop))
            cut, cut_line = end.stop, line + end.n_lines
            n_quotes += count.n_quotes
            line += count.n_lines
        return [replace(self.whole, span=found) for found in (*spans, span(None))]


def _plan_of(
    source: Source, options: InputOptions, cutting: Cutting
) -> tuple[Part, ...] | _TextRanges:
    """Find out how a source can be cut; what is wrong with it is left to whoever reads it."""
    whole = Part(source, options)
    try:
        source = source.looked_at()
        whole = Part(source, options)
        with ExitStack() as opened:
            file, is_compressed = open_file(source, options, opened)
            if is_compressed:
                return (whole,)
            if isinstance(file, DelimitedFile):
                return _ranges_of_text(whole, cutting) or (whole,)
            row_groups = getattr(file, "row_groups", ())
            return (
                tuple(replace(whole, span=found) for found in row_groups)
                if len(row_groups) > 1
                else (whole,)
            )
    except (BceError, OSError):
        return (whole,)


def _ranges_of_text(whole: Part, cutting: Cutting) -> _TextRanges | None:
    source, options = whole.source, whole.options
    size = source.size()
    if options.layout.encoding is not None or options.layout.comment is not None or size is None:
        return None
    with source.open() as stream:
        head = bytearray(4)
        read_fully(stream, memoryview(head))
    base = utf8_mark_length(bytes(head))
    if base is None:
        return None
    bounds = (*range(base, size, cutting.part_blocks * options.block_bytes), size)
    if len(bounds) <= 2:  # noqa: PLR2004 -- one range
        return None
    with ExitStack() as opened:
        file = _text_up_to(whole, base + options.block_bytes, opened)
        return _TextRanges(whole, (file.columns, file.dialect), bounds)


def _count(source: Source, bounds: tuple[int, int], block_bytes: int) -> RangeCount | None:
    """Count a range; None if it cannot be read, which whoever reads it will be told."""
    try:
        return count_range(source, *bounds, block_bytes)
    except (BceError, OSError):
        return None


_QUOTE, _LF = b'"\n'
_TAIL_SHARE, _LEAST_TAIL = 4, 1 << 16
"""Line feeds are looked for in the last quarter of a block alone, unless it is short."""


@dataclass(frozen=True, slots=True)
class LineEnd:
    """A line feed.

    Attributes
    ----------
    stop : int
        Position behind it, in the source.
    n_lines : int
        Line ends of the range up to it.
    """

    stop: int
    n_lines: int


@dataclass(frozen=True, slots=True)
class RangeCount:
    """What a range of bytes holds.

    Attributes
    ----------
    stop : int
        Position behind it; less than was asked for if the source ends before.
    n_quotes : int
        Quote characters.
    n_lines : int
        Line ends as an editor counts them: LF, CR, or both together.
    ends : tuple of LineEnd or None
        The last line feed behind an even, and behind an odd number of the range's quotes; None
        unless every block of the range has such a one in its last quarter.
    """

    stop: int
    n_quotes: int
    n_lines: int
    ends: tuple[LineEnd | None, LineEnd | None]


def count_range(source: Source, start: int, stop: int, block_bytes: int) -> RangeCount:
    """Count quotes and line ends in a range of a source.

    Parameters
    ----------
    source : Source
    start, stop : int
        Positions.
    block_bytes : int
        Bytes of a block; the last one may be shorter.

    Raises
    ------
    InputError
        The source cannot be read.
    """
    n_quotes, n_lines = 0, 0
    ends: list[LineEnd | None] = [None, None]
    position = start
    for before, text in _blocks(source, start, stop, block_bytes):
        data = as_bytes(text)
        quotes = int(np.count_nonzero(data == _QUOTE))
        # A line end that begins with the byte before was counted there.
        lines = count_lines(text) - (before == b"\r" and text[:1] == b"\n")
        for parity, end in enumerate(_last_ends(data, n_quotes, quotes)):
            if end < 0 or (position > start and ends[parity] is None):
                ends[parity] = None
                continue
            behind = count_lines(text[end + 1 :])
            ends[parity] = LineEnd(position + end + 1, n_lines + lines - behind)
        n_quotes += quotes
        n_lines += lines
        position += len(text)
    return RangeCount(position, n_quotes, n_lines, (ends[0], ends[1]))


def _blocks(
    source: Source, start: int, stop: int, block_bytes: int
) -> Iterator[tuple[bytes, bytearray]]:
    """Yield each block behind the byte that precedes it."""
    with ExitStack() as opened:
        stream = opened_at(source, max(start - 1, 0), opened)
        before = bytes(_read(stream, 1)) if start else b""
        for position in range(start, stop, block_bytes):
            text = _read(stream, min(block_bytes, stop - position))
            if not text:
                return
            yield before, text
            before = bytes(text[-1:])


def _read(stream: IO[bytes], n_bytes: int) -> bytearray:
    buffer = bytearray(n_bytes)
    filled = read_fully(stream, memoryview(buffer))
    del buffer[filled:]
    return buffer


def _last_ends(data: ByteArray, n_before: int, n_quotes: int) -> tuple[int, int]:
    """Return the places of the last line feed behind an even and an odd number of quotes, or -1.

    Parameters
    ----------
    data : ndarray of uint8, shape (n,)
    n_before, n_quotes : int
        Quotes before the data, and in them.
    """
    start = len(data) - max(len(data) // _TAIL_SHARE, _LEAST_TAIL)
    tail = data[max(start, 0) :]
    offset = len(data) - len(tail)
    ends = np.flatnonzero(tail == _LF)
    quotes = np.flatnonzero(tail == _QUOTE)
    parity = (n_before + n_quotes - len(quotes)) % 2
    is_odd = (np.searchsorted(quotes, ends) + parity) % 2 == 1
    even, odd = ends[~is_odd], ends[is_odd]
    return tuple(offset + int(found[-1]) if len(found) else -1 for found in (even, odd))  # type: ignore[return-value]
