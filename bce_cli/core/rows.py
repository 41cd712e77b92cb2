"""The arrays that every computation starts from."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast

import numpy as np

from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


FloatType: TypeAlias = Literal["float16", "float32", "float64"]
"""What predictions were stored as, before they were widened to float64."""

FLOAT_TYPES: tuple[FloatType, ...] = ("float16", "float32", "float64")

MIXED = "mixed"
"""In place of a float type: some predictions were stored as one, and some as another."""

FloatArray: TypeAlias = "npt.NDArray[np.float64]"
BoolArray: TypeAlias = "npt.NDArray[np.bool_]"
Places: TypeAlias = "npt.NDArray[np.intp]"
LabelArray: TypeAlias = "BoolArray | FloatArray"
"""Bool where every label is 0 or 1; float64 in [0, 1] for soft labels."""

Value = TypeVar("Value")
Values = TypeVar("Values", bound="npt.NDArray[Any]")


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model says of some rows.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (n,)
    logits : ndarray of float64, shape (n,), optional
    float_type : str, default "float64"
        As in `Rows`.
    """

    probabilities: FloatArray
    logits: FloatArray | None = None
    float_type: str = "float64"

    def at(self, places: Places | slice) -> Predictions:
        """Return copies of some predictions."""
        return replace(
            self, probabilities=self.probabilities[places], logits=_at(self.logits, places)
        )


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of words, most of which occur more than once.

    Attributes
    ----------
    codes : ndarray of int32, shape (n,)
        Places in `names`.
    names : tuple of str
        The same word may stand at several places.
    """

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]

    def at(self, places: Places | slice) -> Categories:
        """Return copies of some cells."""
        return Categories(self.codes[places], self.names)

    def spread(self, n: int, places: Places, sources: Places) -> Categories:
        """Return n cells, some of which are copies; the others hold any word, for rows left out.

        Parameters
        ----------
        n : int
        places : ndarray of int, shape (m,)
            Where the copies stand.
        sources : ndarray of int, shape (m,)
            Where they stand here. Words of no copy are left behind.
        """
        found, copies = np.unique(self.codes[sources], return_inverse=True)
        codes = np.zeros(n, np.int32)
        codes[places] = copies
        return Categories(codes, tuple(self.names[code] for code in found.tolist()) or ("",))


@dataclass(frozen=True, slots=True)
class Quantities:
    """A column of numbers that is cut into intervals once all of them are known.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        NaN where there is none.
    """

    values: FloatArray

    def at(self, places: Places | slice) -> Quantities:
        """Return copies of some cells."""
        return Quantities(self.values[places])

    def spread(self, n: int, places: Places, sources: Places) -> Quantities:
        """Return n cells, some of which are copies; see `Categories.spread`."""
        values = np.full(n, np.nan)
        values[places] = self.values[sources]
        return Quantities(values)


@dataclass(frozen=True, slots=True)
class Rows:
    """Validated rows, in their order.

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
    rivals : tuple of Predictions
        What further models say of the rows.
    cluster : Categories, optional
        Rows of one cluster depend on each other.
    segments : tuple of Categories or Quantities
        Columns whose words, or intervals of numbers, part the rows.
    order : Categories, optional
        Words that say which rows came before which others; see `bce_cli.readers.order`.
    float_type : str, default "float64"
        The `FloatType` that the predictions were stored in, or `MIXED`; all other types and text
        count as float64.
    """

    labels: LabelArray
    probabilities: FloatArray
    weights: FloatArray | None = None
    ids: Sequence[str] | None = None
    missing: BoolArray | None = None
    logits: FloatArray | None = None
    rivals: tuple[Predictions, ...] = ()
    cluster: Categories | None = None
    segments: tuple[Categories | Quantities, ...] = ()
    float_type: str = "float64"
    order: Categories | None = None

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def predictions(self) -> Predictions:
        """What the model says of the rows."""
        return Predictions(self.probabilities, self.logits, self.float_type)

    @property
    def words(self) -> tuple[Categories, ...]:
        """The columns whose words part the rows, all of which are cut by now."""
        return cast("tuple[Categories, ...]", self.segments)

    def under_models(self) -> tuple[Rows, ...]:
        """Return the rows as each model sees them: its own predictions, and no rivals."""
        alone = replace(self, rivals=())
        rivals = (
            replace(
                alone,
                probabilities=rival.probabilities,
                logits=rival.logits,
                float_type=rival.float_type,
            )
            for rival in self.rivals
        )
        return (alone, *rivals)

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

    def present_ids(self) -> list[str]:
        """Return the ids of the rows that are not left out; none where rows have no ids."""
        ids = list(self.ids or ())
        if self.missing is None:
            return ids
        return list(compress(ids, (~self.missing).tolist()))

    def id_at(self, index: int) -> str | None:
        """Return what the user calls one row."""
        return None if self.ids is None else self.ids[index]

    def label(self, index: int) -> float:
        """Return one label: an integer where labels are 0 or 1."""
        value = self.labels[index]
        return int(value) if self.labels.dtype == np.bool_ else float(value)

    def weight(self, index: int) -> float | None:
        """Return one weight, or None where there are no weights."""
        return None if self.weights is None else float(self.weights[index])

    def impossible_places(self) -> Places:
        """Return the places of the rows whose exact loss is infinite, ascending; shape (m,)."""
        return self.certainties()[1]

    def certainties(self) -> tuple[int, Places]:
        """Count the certain predictions, and find those that are wrong.

        Returns
        -------
        n_certain : int
            Rows with a probability of exactly 0 or 1, or an infinite logit.
        impossible : ndarray of int, shape (m,)
            Places of those whose exact loss is infinite, ascending.
        """
        values, lowest, highest = self.probabilities, 0.0, 1.0
        if self.logits is not None:
            values, lowest, highest = self.logits, -np.inf, np.inf
        if len(values) == 0 or (values.min() > lowest and values.max() < highest):
            return 0, np.zeros(0, np.intp)
        labels, are_low, are_high = self.labels, values == lowest, values == highest
        if self.missing is not None:
            are_low &= ~self.missing
            are_high &= ~self.missing
        n_certain = int(np.count_nonzero(are_low)) + int(np.count_nonzero(are_high))
        impossible = ((labels > 0.0) & are_low) | ((labels < 1.0) & are_high)
        return n_certain, np.flatnonzero(impossible)

    def at(self, places: Places | slice) -> Rows:
        """Return the rows at some 0-based places, in that order; those of a slice are no copies."""
        return Rows(
            labels=self.labels[places],
            probabilities=self.probabilities[places],
            weights=_at(self.weights, places),
            ids=None if self.ids is None else _texts_at(self.ids, places),
            missing=_at(self.missing, places),
            logits=_at(self.logits, places),
            rivals=tuple(rival.at(places) for rival in self.rivals),
            cluster=None if self.cluster is None else self.cluster.at(places),
            segments=tuple(segment.at(places) for segment in self.segments),
            float_type=self.float_type,
            order=None if self.order is None else self.order.at(places),
        )

    def taking(self, others: Rows, are_others: Sequence[bool]) -> Rows:
        """Return the rows with the labels of others, and what else those alone have.

        Parameters
        ----------
        others : Rows, shape (n,)
        are_others : sequence of bool
            Which of all segments they have.
        """
        return replace(
            self,
            labels=others.labels,
            weights=self.weights if others.weights is None else others.weights,
            ids=self.ids if others.ids is None else others.ids,
            cluster=self.cluster if others.cluster is None else others.cluster,
            order=self.order if others.order is None else others.order,
            segments=in_their_order(are_others, self.segments, others.segments),
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
            rivals=tuple(
                replace(rival, probabilities=np.where(present, rival.probabilities, 0.0))
                for rival in self.rivals
            ),
        )

    def tail(self) -> Rows:
        """Return the last row that counts alone, without holding on to the others."""
        last = self.last
        return replace(self.at(np.arange(max(last, 0), last + 1)), missing=None)


def _at(values: Values | None, places: Places | slice) -> Values | None:
    return None if values is None else values[places]  # type: ignore[return-value]


def _texts_at(texts: Sequence[str], places: Places | slice) -> Sequence[str]:
    if isinstance(places, slice):
        return texts[places]
    return [texts[place] for place in places.tolist()]


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


def in_their_order(
    are_others: Sequence[bool], mine: Sequence[Value], others: Sequence[Value]
) -> tuple[Value, ...]:
    """Put together what was asked for in one order and found in two places.

    Examples
    --------
    >>> in_their_order([False, True, False], "ac", "b")
    ('a', 'b', 'c')
    """
    left, right = iter(mine), iter(others)
    return tuple(next(right if is_other else left) for is_other in are_others)


def as_floats(labels: LabelArray) -> FloatArray:
    """Return labels as numbers; shape (n,)."""
    return labels.astype(np.float64, copy=False)


def weighted(losses: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return losses times weights; a row of weight 0 counts for nothing, even if infinite."""
    if weights is None:
        return losses
    products = np.zeros(len(losses))
    with np.errstate(over="ignore"):  # see `refuse_overflow`
        return np.multiply(losses, weights, out=products, where=weights > 0.0)


def concatenated(blocks: Sequence[Rows]) -> Rows:
    """Put at least one block of rows after the other."""
    first, missing = blocks[0], None
    if len(blocks) == 1:
        return first
    if any(rows.missing is not None for rows in blocks):
        missing = np.concatenate(
            [np.zeros(len(r), np.bool_) if r.missing is None else r.missing for r in blocks]
        )
    clusters = [rows.cluster for rows in blocks if rows.cluster is not None]
    orders = [rows.order for rows in blocks if rows.order is not None]
    rivals = zip(*(rows.rivals for rows in blocks), strict=True)
    segments = zip(*(rows.segments for rows in blocks), strict=True)
    return Rows(
        labels=np.concatenate([rows.labels for rows in blocks]),
        probabilities=np.concatenate([rows.probabilities for rows in blocks]),
        weights=_joined([rows.weights for rows in blocks]),
        ids=None if first.ids is None else [text for rows in blocks for text in rows.ids or ()],
        missing=missing,
        logits=_joined([rows.logits for rows in blocks]),
        rivals=tuple(_joined_predictions(rival) for rival in rivals),
        cluster=_joined_categories(clusters) if clusters else None,
        segments=tuple(map(_joined_segments, segments)),
        float_type=one_float_type([rows.float_type for rows in blocks if len(rows)]),
        order=_joined_categories(orders) if orders else None,
    )


def one_float_type(types: Sequence[str]) -> str:
    """Return the type that all predictions were stored in, or that there are several.

    Examples
    --------
    >>> one_float_type(["float32", "float32"]), one_float_type(["float32", "float64"])
    ('float32', 'mixed')
    """
    found = set(types) or {"float64"}
    return found.pop() if len(found) == 1 else MIXED


def _joined(arrays: Sequence[FloatArray | None]) -> FloatArray | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if present else None


def _joined_predictions(blocks: Sequence[Predictions]) -> Predictions:
    return Predictions(
        np.concatenate([block.probabilities for block in blocks]),
        _joined([block.logits for block in blocks]),
        one_float_type([block.float_type for block in blocks if len(block.probabilities)]),
    )


def _joined_segments(blocks: Sequence[Categories | Quantities]) -> Categories | Quantities:
    numbers = [block.values for block in blocks if isinstance(block, Quantities)]
    if numbers:
        return Quantities(np.concatenate(numbers))
    return _joined_categories(cast("Sequence[Categories]", blocks))


def _joined_categories(blocks: Sequence[Categories]) -> Categories:
    codes: list[npt.NDArray[np.int32]] = []
    names: list[str] = []
    for block in blocks:
        codes.append(np.add(block.codes, len(names), dtype=np.int32))
        names += block.names
    return Categories(np.concatenate(codes), tuple(names))
