"""Sources, cut into parts that can be read anywhere, in the order of their rows."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bce_cli.errors import BceError
from bce_cli.readers.counts import RangeCount, count_range
from bce_cli.readers.delimited import DelimitedFile
from bce_cli.readers.files import open_file, utf8_mark_length
from bce_cli.readers.parts.columnar import ColumnarPart
from bce_cli.readers.parts.delimited import DelimitedPart, DelimitedStart, head_of
from bce_cli.readers.parts.part import SourcePart, WholePart
from bce_cli.storage.streams import read_fully

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.delimited import Dialect
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.storage.sources import Source


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


@dataclass(frozen=True, slots=True)
class CutPlan:
    """What is known of a source before it is read.

    Attributes
    ----------
    whole : WholePart
    parts : tuple of SourcePart
        All its parts; empty where ranges of it have to be counted first.
    header : tuple of Columns and Dialect, optional
        Of text that can be cut.
    bounds : tuple of int
        Where its ranges begin, and where the last one ends.
    """

    whole: WholePart
    parts: tuple[SourcePart, ...] = ()
    header: tuple[Columns, Dialect] | None = None
    bounds: tuple[int, ...] = ()


def parts_of(
    sources: Sequence[Source],
    options: InputOptions,
    run: Callable[..., Iterator[Any]],
    cutting: Cutting | None = None,
) -> Iterator[SourcePart]:
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
            for plan in run(partial(plan_of, options=options, cutting=how), group):
                yield from _parts_of_plan(plan, run)
        else:
            yield from (WholePart(source, options) for source in group)


def plan_of(source: Source, options: InputOptions, cutting: Cutting) -> CutPlan:
    """Find out how a source can be cut; what is wrong with it is left to whoever reads it."""
    whole = WholePart(source, options)
    try:
        with ExitStack() as opened:
            file, is_compressed = open_file(source, options, opened)
            if is_compressed:
                return CutPlan(whole, (whole,))
            if isinstance(file, DelimitedFile):
                return _plan_of_text(whole, cutting) or CutPlan(whole, (whole,))
            runs = getattr(file, "row_groups", ())
            parts = tuple(ColumnarPart(source, options, run) for run in runs)
            return CutPlan(whole, parts if len(parts) > 1 else (whole,))
    except (BceError, OSError):
        return CutPlan(whole, (whole,))


def _plan_of_text(whole: WholePart, cutting: Cutting) -> CutPlan | None:
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
        file = head_of(source, options, base + options.block_bytes, opened)
        return CutPlan(whole, (), (file.columns, file.dialect), bounds)


def _parts_of_plan(plan: CutPlan, run: Callable[..., Iterator[Any]]) -> Iterator[SourcePart]:
    if plan.parts:
        yield from plan.parts
        return
    starts, stops = plan.bounds[:-1], plan.bounds[1:]
    whole = plan.whole
    count = partial(_count, whole.source, block_bytes=whole.options.block_bytes)
    counts = list(run(count, zip(starts, stops, strict=True)))
    yield from cut_text(plan, counts)


def _count(source: Source, bounds: tuple[int, int], block_bytes: int) -> RangeCount | None:
    """Count a range; None if it cannot be read, which whoever reads it will be told."""
    try:
        return count_range(source, *bounds, block_bytes)
    except (BceError, OSError):
        return None


def cut_text(plan: CutPlan, counts: Sequence[RangeCount | None]) -> list[SourcePart]:
    """Cut text behind the last record of each range, if each block of it has the end of one.

    Parameters
    ----------
    plan : CutPlan
        With ranges.
    counts : sequence of RangeCount or None
        One for each range.
    """
    source, options = plan.whole.source, plan.whole.options
    assert plan.header is not None  # noqa: S101 -- there are ranges
    parts: list[SourcePart] = []
    n_quotes, line, cut, cut_line = 0, 1, 0, 1
    for count, bound in zip(counts[:-1], plan.bounds[1:-1], strict=True):
        end = None if count is None else count.ends[n_quotes % 2]
        if count is None or end is None or count.stop != bound:
            return [plan.whole]
        if parts:
            start = plan.bounds[len(parts)]
            parts.append(
                DelimitedPart(source, options, *plan.header, cut, end.stop, start - cut, cut_line)
            )
        else:
            parts.append(DelimitedStart(source, options, end.stop))
        cut, cut_line = end.stop, line + end.n_lines
        n_quotes += count.n_quotes
        line += count.n_lines
    start = plan.bounds[len(parts)]
    last = DelimitedPart(source, options, *plan.header, cut, None, start - cut, cut_line)
    return [*parts, last]
