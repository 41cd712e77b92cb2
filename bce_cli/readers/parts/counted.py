"""Parts of which it is known how many rows they have."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bce_cli.errors import BceError, InputError
from bce_cli.readers.parts.part import SourcePart, faults_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from bce_cli.readers.reading import Reading


@dataclass(frozen=True, slots=True)
class CountedPart:
    """A part, and its rows.

    Attributes
    ----------
    part : SourcePart
    n_rows : int
        Up to the fault, if there is one.
    note : str or None
        What was found out about its source and is worth a word.
    fault : BceError or None
        Why the rows behind could not be counted; where it is one of their cells, there is none.
    """

    part: SourcePart
    n_rows: int
    note: str | None = None
    fault: BceError | None = None


def counted(part: SourcePart) -> CountedPart:
    """Count the rows of a part, without a look at their cells."""
    found = CountedPart(part, 0)
    try:
        with faults_of(part.source), ExitStack() as opened:
            file = part.open(opened)
            found = replace(found, note=file.note)
            if file.n_rows is not None:
                return replace(found, n_rows=file.n_rows)
            for piece in file.blocks():
                found = replace(found, n_rows=found.n_rows + piece.n_rows)
    except BceError as error:
        return replace(found, fault=error)
    return found


def readings_of(
    parts: Sequence[CountedPart], n_skipped: int = 0
) -> Generator[tuple[Reading, int], None, None]:
    """Read parts that follow each other, a piece at a time.

    Parameters
    ----------
    parts : sequence of CountedPart
    n_skipped : int
        Rows at the start that another one reads. Pieces that hold no others are not looked at.

    Yields
    ------
    reading : Reading
    n_bytes : int
        What it was read from; 0 where another one reads of the same bytes before.

    Raises
    ------
    DataError, InputError
        The first fault; or there are not as many rows as were counted.
    """
    to_skip = n_skipped
    for found in parts:
        n_rows = 0
        with faults_of(found.part.source), ExitStack() as opened:
            for piece in found.part.open(opened).blocks():
                if to_skip and 0 < piece.n_rows <= to_skip:
                    n_rows += piece.n_rows
                    to_skip -= piece.n_rows
                    continue
                reading, n_bytes = piece.read(), piece.n_bytes
                n_rows += len(reading.rows)
                if to_skip:
                    reading = replace(reading, rows=reading.rows.at(slice(to_skip, None)))
                    n_bytes = to_skip = 0
                yield reading, n_bytes
        _check_count(found, n_rows)


def _check_count(found: CountedPart, n_rows: int) -> None:
    if found.fault is not None:
        raise found.fault
    if n_rows != found.n_rows:
        name = found.part.source.name
        message = (
            f"{name}: {found.n_rows:,} rows were counted in a part of it, {n_rows:,} were read"
        )
        raise InputError(message, "sources must not change while they are read")
