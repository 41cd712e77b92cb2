"""What some rows came to, as a value that merges: sums, checks, and the first error."""

from __future__ import annotations

import operator
import pickle
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from bce_cli.errors import BceError, JoinInDoubt, LabelError
from bce_cli.readers.reading import LabelTally, LabelValues, Summary

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
    summary: Summary = Summary()  # noqa: RUF009 -- frozen
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
        summary, error = _followed(self.summary, other.summary, positive)
        read = replace(read, summary=summary, error=error or other.error)
        if error is not None:
            return read
        try:
            return replace(read, state=_merged(self.state, other.state))
        except BceError as error:
            return replace(read, error=error)


def _followed(
    left: Summary, right: Summary, positive: str | None
) -> tuple[Summary, BceError | None]:
    """Merge what is checked, up to the first error in the order of the rows."""
    pairs = zip_longest(left.label_values, right.label_values, fillvalue=LabelValues())
    found = [mine for mine, _ in pairs]
    error: BceError | None = None
    of_models = enumerate(right.label_values)
    for model, values in sorted(of_models, key=lambda item: item[1].n_before):
        try:
            found[model] = _both(found[model], values, positive)
        except LabelError as third_label:
            error = third_label
            break
    tally = left.join_tally or right.join_tally
    if error is None and left.join_tally is not None and right.join_tally is not None:
        try:
            tally = left.join_tally + right.join_tally
        except JoinInDoubt as doubt:
            error = doubt
    return Summary(tuple(found), left.n_missing + right.n_missing, tally), error


def _both(left: LabelValues, right: LabelValues, positive: str | None) -> LabelValues:
    """Merge the labels of one model, as `LabelTally` checks them."""
    tally = LabelTally(positive)
    tally.add(left)
    tally.add(right)
    first = right if left.other is None else left
    return replace(first, has_positive=tally.has_positive, other=tally.other)


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
