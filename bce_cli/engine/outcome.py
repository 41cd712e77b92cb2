"""What rows came to, as a value that merges: the state, what was noted, the first error."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bce_cli.core.state import merged
from bce_cli.data.table import Facts
from bce_cli.errors import BceError, shortage
from bce_cli.lean_dataclass import dataclass
from bce_cli.storage.sources import faults_of
from bce_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bce_cli.core.rows import Rows
    from bce_cli.data.aligned import AlignedPart
    from bce_cli.data.parts import Part
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.reading import Reading


@dataclass(frozen=True, slots=True)
class Outcome:
    """What rows that follow each other came to, up to the first error among them.

    Errors are values here, so that which of them is the first does not depend on which worker was
    the fastest. What came before an error is kept: merged with the rows before it, that may turn
    out to be an error of its own, which is the first then.

    Attributes
    ----------
    state : mergeable state or None
        None without any block.
    facts : Facts
    error : BceError or None
    """

    state: Any = None
    facts: Facts = Facts()
    error: BceError | None = None

    def followed_by(self, other: Outcome, positive: str | None) -> Outcome:
        """Merge with what the rows that follow came to; the state on the left is used up.

        Parameters
        ----------
        other : Outcome
        positive : str or None
            The label that counts as 1, where it was named.
        """
        if self.error is not None:
            return self
        facts, error = self.facts.followed_by(other.facts, positive)
        if error is not None:
            return Outcome(self.state, facts, error)
        try:
            return Outcome(merged(self.state, other.state), facts, other.error)
        except BceError as refusal:
            return Outcome(self.state, facts, refusal)


def in_a_row(outcomes: Iterable[Outcome], positive: str | None) -> Outcome:
    """Merge outcomes in the order of their rows, and leave each of them as it is.

    A cluster may need an outcome again, and the first state to be merged is copied.
    """
    whole = Outcome()
    for outcome in outcomes:
        whole = whole.followed_by(outcome, positive)
    return whole


@dataclass(frozen=True, slots=True)
class RunPart:
    """From a block, or a part of several blocks, to what its rows came to.

    Attributes
    ----------
    of_rows : callable (Rows) -> state
    read : callable (Block) -> Reading
    positive : str or None
        The label that counts as 1, where it was named.
    """

    of_rows: Callable[[Rows], Any]
    read: Callable[[Block], Reading]
    positive: str | None

    def of_block(self, block: Block) -> Outcome:
        """Read one block."""
        try:
            with _shortages():
                reading = self.read(block)
                return Outcome(self.of_rows(reading.rows), Facts.of(reading, block.n_bytes))
        except BceError as error:
            return Outcome(error=error)

    def __call__(self, part: Part | AlignedPart) -> Outcome:
        """Open a part and read it block by block, up to the first error."""
        outcome = Outcome()
        try:
            with _shortages(), faults_of(part.source), ExitStack() as opened:
                file = part.open(opened)
                outcome = Outcome(facts=Facts(notes=() if file.note is None else (file.note,)))
                for block in file.blocks:
                    outcome = outcome.followed_by(self.of_block(block), self.positive)
                    if outcome.error is not None:
                        break
        except BceError as error:
            outcome = replace(outcome, error=error)
        return outcome


@contextmanager
def _shortages() -> Iterator[None]:
    """Turn what says that memory or threads are lacking into an error that can travel."""
    try:
        yield
    except BceError:
        raise
    except Exception as error:
        lacking = shortage(error)
        if lacking is None:
            raise
        raise lacking from None


def version_here() -> str:
    """Return the version of this program on a worker."""
    return __version__
