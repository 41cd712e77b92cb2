"""What runs on the workers: pure functions of what they are sent."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bce_cli import __version__
from bce_cli.engine.cluster.outcome import Outcome, in_a_row
from bce_cli.errors import BceError
from bce_cli.readers.parts.part import faults_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.readers.parts.part import SourcePart


@dataclass(frozen=True, slots=True)
class RunPart:
    """From a part of a source to what its rows came to.

    Attributes
    ----------
    of_rows : callable (Rows) -> state
    positive : str or None
        The label that counts as 1, where it was named.
    """

    of_rows: Callable[[Rows], Any]
    positive: str | None

    def __call__(self, part: SourcePart) -> Outcome:
        """Read the part piece by piece, up to the first error."""
        outcome = Outcome()
        try:
            with faults_of(part.source), ExitStack() as opened:
                file = part.open(opened)
                outcome = Outcome(notes=() if file.note is None else (file.note,))
                for piece in file.blocks():
                    reading = piece.read()
                    state, n = self.of_rows(reading.rows), reading.n_present
                    found = Outcome(state, reading.summary, n, piece.n_bytes)
                    outcome = outcome.followed_by(found, self.positive)
                    if outcome.error is not None:
                        break
        except BceError as error:
            outcome = replace(outcome, error=error)
        return outcome


@dataclass(frozen=True, slots=True)
class Merge:
    """From outcomes whose rows follow each other to one."""

    positive: str | None

    def __call__(self, outcomes: Sequence[Outcome]) -> Outcome:
        """Merge them in their order."""
        return in_a_row(outcomes, self.positive)


class Brief(NamedTuple):
    """All that the driver learns of an outcome before the end."""

    n_bytes: int
    is_over: bool


def brief_of(outcome: Outcome) -> Brief:
    """Say how much was read, and whether there was an error, which ends the run."""
    return Brief(outcome.n_bytes, outcome.error is not None)


def version_here() -> str:
    """Return the version of this program on a worker."""
    return __version__
