"""The same rows of several models, each in parts of sources of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.readers.alignment import Cursor, aligned_pieces
from bce_cli.readers.parts.counted import CountedPart, readings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from bce_cli.readers.alignment import AlignedPiece
    from bce_cli.storage.sources import Source


@dataclass(frozen=True, slots=True)
class ModelPart:
    """Where rows of one model stand.

    Attributes
    ----------
    name : str
        What messages call its sources.
    parts : tuple of CountedPart
        They follow each other, and may go on behind the rows.
    n_skipped : int
        Rows of these parts before the rows.
    """

    name: str
    parts: tuple[CountedPart, ...]
    n_skipped: int = 0


@dataclass(frozen=True, slots=True)
class AlignedPart:
    """The rows of some parts of the baseline, under every model; see `SourcePart`.

    Attributes
    ----------
    models : tuple of ModelPart
        The baseline first.
    n_before : int
        Rows of the data before these.
    is_last : bool
        Whether the baseline ends with them, as the other models must then.
    """

    models: tuple[ModelPart, ...]
    n_before: int
    is_last: bool

    @property
    def source(self) -> Source:
        """Where the first of its bytes come from."""
        return self.models[0].parts[0].part.source

    def open(self, opened: ExitStack) -> OpenedAlignment:
        """Prepare to read; sources are opened one after the other."""
        return OpenedAlignment(self, opened)


@dataclass(frozen=True, slots=True)
class OpenedAlignment:
    """Models that are being read side by side; see `OpenedPart`."""

    part: AlignedPart
    opened: ExitStack

    @property
    def note(self) -> None:
        """Nothing; those who counted the rows say it."""

    @property
    def n_rows(self) -> None:
        """Unknown; see `OpenedPart`."""

    def blocks(self) -> Iterator[AlignedPiece]:
        """Yield the rows, as far as each model reaches at a time."""
        cursors = []
        for model in self.part.models:
            readings = readings_of(model.parts, model.n_skipped)
            self.opened.callback(readings.close)
            cursors.append(Cursor(model.name, readings, self.part.n_before))
        return aligned_pieces(cursors, is_last=self.part.is_last)
