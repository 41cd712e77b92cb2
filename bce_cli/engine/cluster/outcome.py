"""What some rows came to, as a value that merges: sums, checks, and the first error."""

from __future__ import annotations

import operator
import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bce_cli.errors import BceError
from bce_cli.readers.label_tally import LabelTally
from bce_cli.readers.reading import LabelValues, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_added: Callable[[Any, Any], Any] = operator.iadd


@dataclass(frozen=True, slots=True)
class Outcome:
    """What rows that follow each other came to, up to the first error among them.

    Errors are values here, so that which of them is the first does not depend on which worker was
    the fastest. What came before an error is kept: merged with the rows before it, that may turn
    out to be an error of its own, which is the first then.

    Attributes
    ----------
    state : mergeable state or None
        None without any piece.
    summary : Summary
    n : int
        Rows that count.
    n_bytes : int
        Read so far, for a progress bar.
    notes : tuple of str
        What was found out about sources.
    error : BceError or None
    """

    state: Any = None
    summary: Summary = Summary(LabelValues(), 0)  # noqa: RUF009 -- frozen
    n: int = 0
    n_bytes: int = 0
    notes: tuple[str, ...] = ()
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
        read = replace(
            self,
            n=self.n + other.n,
            n_bytes=self.n_bytes + other.n_bytes,
            notes=self.notes + other.notes,
        )
        try:
            summary = _followed(self.summary, other.summary, positive)
            state = _merged(self.state, other.state)
        except BceError as error:
            return replace(read, error=error)
        return replace(read, summary=summary, state=state, error=other.error)


def _followed(left: Summary, right: Summary, positive: str | None) -> Summary:
    """Merge what is checked of labels, as `LabelTally` checks it."""
    tally = LabelTally(positive)
    tally.add(left.label_values)
    tally.add(right.label_values)
    place = left.label_values.other_place or right.label_values.other_place
    values = LabelValues(tally.has_positive, tally.other, place)
    return Summary(values, left.n_missing + right.n_missing)


def _merged(left: Any, right: Any) -> Any:  # noqa: ANN401 -- any mergeable state
    if left is None or right is None:
        return right if left is None else left
    return _added(left, right)


def in_a_row(outcomes: Sequence[Outcome], positive: str | None) -> Outcome:
    """Merge outcomes in the order of their rows, and leave each of them as it is.

    A cluster may need an outcome again, and states are merged in place, so the first is copied.
    """
    whole = Outcome()
    for outcome in outcomes:
        is_first = whole.state is None
        whole = whole.followed_by(_copied(outcome) if is_first else outcome, positive)
    return whole


def _copied(outcome: Outcome) -> Outcome:
    return replace(outcome, state=pickle.loads(pickle.dumps(outcome.state)))  # noqa: S301 -- ours
