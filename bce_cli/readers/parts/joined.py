"""Parts of the rows of one source, joined with all rows of others, which each process holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.errors import DataError, JoinInDoubt
from bce_cli.readers.join import Gathered, as_keys
from bce_cli.readers.joined_rows import joined_rows
from bce_cli.readers.parts.held_sides import SidesPlan, held
from bce_cli.readers.parts.join_tally import JoinTally
from bce_cli.readers.reading import LabelValues, Reading, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from bce_cli.readers.blocks import Block
    from bce_cli.readers.parts.part import OpenedPart, SourcePart
    from bce_cli.storage.sources import Source


@dataclass(frozen=True, slots=True)
class JoinedPart:
    """Rows of one source that follow each other, and what they are joined with; see `SourcePart`.

    Attributes
    ----------
    part : SourcePart
    plan : SidesPlan
    """

    part: SourcePart
    plan: SidesPlan

    @property
    def source(self) -> Source:
        """Where the rows come from."""
        return self.part.source

    def open(self, opened: ExitStack) -> OpenedJoin:
        """Open the source; what it is joined with is read when the first row needs it."""
        return OpenedJoin(self.part.open(opened), self.plan)


@dataclass(frozen=True, slots=True)
class OpenedJoin:
    """A part that is being read and joined; see `OpenedPart`."""

    file: OpenedPart
    plan: SidesPlan

    @property
    def note(self) -> str | None:
        """What was found out about the source."""
        return self.file.note

    @property
    def n_rows(self) -> int | None:
        """Its rows, where the source says how many there are."""
        return self.file.n_rows

    def blocks(self) -> Iterator[JoinedStretch]:
        """Yield the pieces of the part."""
        return (JoinedStretch(piece, self.plan) for piece in self.file.blocks())


@dataclass(frozen=True, slots=True)
class JoinedStretch:
    """A piece that is joined when it is read; see `Block`."""

    piece: Block
    plan: SidesPlan

    @property
    def n_bytes(self) -> int:
        """Size of the piece, for a progress bar."""
        return self.piece.n_bytes

    @property
    def n_rows(self) -> int:
        """Rows it turns into."""
        return self.piece.n_rows

    def read(self) -> JoinedReading:
        """Read the piece, and then join its rows.

        Raises
        ------
        DataError
            As `Block.read` does.
        JoinInDoubt
            They do not join, or what they are joined with cannot be read. Which of these faults
            comes first, and in which words, is up to who reads all sources one after the other.
        """
        reading = self.piece.read()
        sides = held(self.plan)
        left = Gathered("", reading.rows, as_keys(reading.keys or ()))
        try:
            joined = joined_rows(left, sides, is_inner=self.plan.is_inner, is_whole=False)
        except DataError as error:
            raise JoinInDoubt(str(error)) from None
        tally = JoinTally.of(left, sides, joined)
        n_missing = joined.n_missing
        return JoinedReading(joined.rows, None, reading.label_values, n_missing, tally)


@dataclass(frozen=True, slots=True)
class JoinedReading(Reading):
    """Rows that were joined.

    Attributes
    ----------
    n_missing : int
        Rows that are left out for a missing value, and not for want of a partner.
    tally : JoinTally or None
    """

    n_missing: int = 0
    tally: JoinTally | None = None

    @property
    def summary(self) -> Summary:
        """What a data set checks and counts, without the rows."""
        return Summary(self.label_values, self.n_missing, self.tally)


@dataclass(frozen=True, slots=True)
class JoinFacts:
    """What is known of the sides once all rows were joined.

    Attributes
    ----------
    n_unmatched : int
        Keys of any source that lack a partner in another.
    label_values : tuple of LabelValues
        Which labels each side has.
    notes : tuple of tuple of str
        What was found out about the sources of each side and is worth a word.
    """

    n_unmatched: int
    label_values: tuple[LabelValues, ...]
    notes: tuple[tuple[str, ...], ...]


def facts_of(plan: SidesPlan, tally: JoinTally) -> JoinFacts:
    """Find out what is known of the sides.

    Raises
    ------
    JoinInDoubt
        A row of a side has no partner and should have one.
    """
    sides = held(plan)
    lone: set[str] = set()
    for side, bits in zip(sides.all, tally.matched, strict=True):
        is_matched = np.unpackbits(bits, count=len(side.keys))
        lone.update(side.lone(np.flatnonzero(is_matched))["key"])
    if lone and not plan.is_inner:
        message = "a key has no partner"
        raise JoinInDoubt(message)
    return JoinFacts(tally.n_lone + len(lone), sides.label_values, sides.notes)
