"""The arrays that every computation starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
LabelArray: TypeAlias = BoolArray | FloatArray
"""Bool where every label is 0 or 1; float64 in [0, 1] for soft labels."""

Values = TypeVar("Values", bound=npt.NDArray[Any])


@dataclass(frozen=True, slots=True)
class Rows:
    """Validated rows of one piece of the data, in their order.

    Attributes
    ----------
    labels : ndarray of bool or float64, shape (n,)
        True where the label is 1; with soft labels, the probability that it is.
    probabilities : ndarray of float64, shape (n,)
        Predicted P(label = 1), each in [0, 1].
    weights : ndarray of float64, shape (n,), optional
        Non-negative case weights; None stands for all ones.
    ids : sequence of str, shape (n,), optional
        What the user calls each row.
    missing : ndarray of bool, shape (n,), optional
        True for rows that are left out. They keep their places, so that every other row keeps its
        number, with label 0, probability 0 and weight 0, and count for nothing. None stands for
        none of them.
    logits : ndarray of float64, shape (n,), optional
        Where predictions are logits; `probabilities` holds their sigmoids then, which may round to
        0 or 1 where the loss is finite all the same. Any number will do for rows left out.
    """

    labels: LabelArray
    probabilities: FloatArray
    weights: FloatArray | None = None
    ids: Sequence[str] | None = None
    missing: BoolArray | None = None
    logits: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def n_missing(self) -> int:
        """How many rows are left out."""
        return 0 if self.missing is None else int(np.count_nonzero(self.missing))

    @property
    def last(self) -> int:
        """0-based place of the last row that is not left out; -1 if there is none."""
        if self.missing is None:
            return len(self) - 1
        present = np.flatnonzero(~self.missing)
        return int(present[-1]) if len(present) else -1

    def present(self, values: Values) -> Values:
        """Return the values, shape (n,), of the rows that are not left out."""
        return values if self.missing is None else values[~self.missing]  # type: ignore[return-value]

    def label(self, index: int) -> float:
        """Return one label: an integer where labels are 0 or 1."""
        value = self.labels[index]
        return int(value) if self.labels.dtype == np.bool_ else float(value)

    def weight(self, index: int) -> float | None:
        """Return one weight, or None where there are no weights."""
        return None if self.weights is None else float(self.weights[index])

    def impossible_places(self) -> npt.NDArray[np.intp]:
        """Return the places of the rows whose exact loss is infinite, ascending; shape (m,)."""
        values, lowest, highest = self.probabilities, 0.0, 1.0
        if self.logits is not None:
            values, lowest, highest = self.logits, -np.inf, np.inf
        if len(values) == 0 or (values.min() > lowest and values.max() < highest):
            return np.zeros(0, np.intp)
        labels = self.labels
        impossible = ((labels > 0.0) & (values == lowest)) | ((labels < 1.0) & (values == highest))
        if self.missing is not None:
            impossible &= ~self.missing
        return np.flatnonzero(impossible)

    def at(self, places: npt.NDArray[np.intp]) -> Rows:
        """Return copies of the rows at some 0-based places, in that order."""
        return Rows(
            labels=self.labels[places],
            probabilities=self.probabilities[places],
            weights=None if self.weights is None else self.weights[places],
            ids=None if self.ids is None else [self.ids[place] for place in places.tolist()],
            missing=None if self.missing is None else self.missing[places],
            logits=None if self.logits is None else self.logits[places],
        )

    def between(self, start: int, stop: int) -> Rows:
        """Return views of the rows from `start` up to `stop`."""
        run = slice(start, stop)
        return Rows(
            labels=self.labels[run],
            probabilities=self.probabilities[run],
            weights=None if self.weights is None else self.weights[run],
            ids=None if self.ids is None else self.ids[run],
            missing=None if self.missing is None else self.missing[run],
            logits=None if self.logits is None else self.logits[run],
        )

    def counted(self) -> Rows:
        """Return the rows that are not left out."""
        if self.missing is None:
            return self
        return replace(self.at(np.flatnonzero(~self.missing)), missing=None)

    def blanked(self) -> Rows:
        """Return the rows with zeros in the places of those that are left out."""
        if self.missing is None:
            return self
        present = ~self.missing
        return replace(
            self,
            labels=np.where(present, self.labels, np.zeros(1, self.labels.dtype)),
            probabilities=np.where(present, self.probabilities, 0.0),
            weights=None if self.weights is None else np.where(present, self.weights, 0.0),
        )

    def tail(self) -> Rows:
        """Return the last row that counts alone, without holding on to the others."""
        last = self.last
        return replace(self.at(np.arange(max(last, 0), last + 1)), missing=None)


def concatenated(pieces: Sequence[Rows]) -> Rows:
    """Return the rows of at least one piece, one after the other."""
    first = pieces[0]
    missing = None
    if any(piece.missing is not None for piece in pieces):
        missing = np.concatenate(
            [
                np.zeros(len(piece), np.bool_) if piece.missing is None else piece.missing
                for piece in pieces
            ]
        )

    def joined(name: str) -> Any:  # noqa: ANN401 -- an array of any kind, or None
        if getattr(first, name) is None:
            return None
        return np.concatenate([getattr(piece, name) for piece in pieces])

    ids = None if first.ids is None else [text for piece in pieces for text in piece.ids or ()]
    return Rows(
        joined("labels"), joined("probabilities"), joined("weights"), ids, missing, joined("logits")
    )


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Rows with what a convention makes of them.

    Attributes
    ----------
    rows : Rows
    likelihoods : ndarray of float64, shape (n,)
        The probability given to each label; 1 for rows that are left out.
    losses : ndarray of float64, shape (n,)
        In nats; 0 for rows that are left out.
    """

    rows: Rows
    likelihoods: FloatArray
    losses: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def factors(self) -> FloatArray:
        """What each row multiplies the likelihood of the data by; weights are exponents."""
        weights = self.rows.weights
        return self.likelihoods if weights is None else self.likelihoods**weights

    def weighted_losses(self, start: int, stop: int) -> FloatArray:
        """Return the losses of some rows times their weights."""
        losses, weights = self.losses[start:stop], self.rows.weights
        return weighted(losses, None if weights is None else weights[start:stop])


def as_floats(labels: LabelArray) -> FloatArray:
    """Return labels as numbers; shape (n,)."""
    return labels.astype(np.float64, copy=False)


def weighted(losses: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return losses times weights; a row of weight 0 counts for nothing, even if infinite."""
    if weights is None:
        return losses
    products = np.zeros(len(losses))
    return np.multiply(losses, weights, out=products, where=weights > 0.0)
