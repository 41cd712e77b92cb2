"""Rows by their distinct predictions: how much of either label each of them met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.exact_parts import Parts, Places, run_sums, total
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.extraction import two_product
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.validate import positive_labels

if TYPE_CHECKING:
    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray, Rows

_ONE = np.uint64(1)


@dataclass(frozen=True, slots=True)
class Tally:
    """Distinct predictions, ascending, with the weights of both labels.

    Predictions are the same only if they are equal; those that differ in the last bit are two.

    Attributes
    ----------
    predictions : ndarray of float64, shape (m,)
        Probabilities. Where predictions are logits, their sigmoids, of which several may be equal.
    logits : ndarray of float64, shape (m,), optional
        Where predictions are logits: these, and they are distinct.
    positives, negatives : tuple of ndarray of float64, shape (m,)
        Parts of the sums of weights times label, and of weights times one minus the label.
    squares : SquareSums, optional
        None stands for what is all the same without weights and soft labels.
    label_spread : ExactSum or None
        Sum of weights times label times one minus the label, which is 0 for labels 0 and 1; None
        stands for no label that is neither.
    """

    predictions: FloatArray
    logits: FloatArray | None
    positives: Parts
    negatives: Parts
    squares: SquareSums | None = None
    label_spread: ExactSum | None = None

    def __len__(self) -> int:
        return len(self.predictions)

    @property
    def has_soft_labels(self) -> bool:
        """Whether a label is neither 0 nor 1."""
        return self.label_spread is not None

    @classmethod
    def of(cls, rows: Rows) -> Tally:
        """Sort rows by prediction and sum up those of the same one; weight 0 counts for nothing.

        Parameters
        ----------
        rows : Rows
            At least one of them with a weight, and none left out.

        Examples
        --------
        >>> from bce_cli.core.rows import Rows
        >>> rows = Rows(np.array([True, False, False]), np.array([0.5, 0.5, 0.25]))
        >>> tally = Tally.of(rows)
        >>> tally.predictions.tolist(), tally.positives[0].tolist(), tally.negatives[0].tolist()
        ([0.25, 0.5], [0.0, 1.0], [1.0, 1.0])
        """
        if rows.weights is not None and not rows.weights.all():
            rows = rows.at(np.flatnonzero(rows.weights))
        hard = _hard_labels(rows.labels)
        if hard is not None and rows.weights is None and rows.logits is None:
            return _count(hard, rows.probabilities)
        keys = rows.probabilities if rows.logits is None else rows.logits
        order = np.argsort(keys)
        keys = keys[order]
        starts = run_starts(keys)
        keys = keys[starts]
        labels = (rows.labels if hard is None else hard)[order]
        weights = None if rows.weights is None else rows.weights[order]
        is_logit = rows.logits is not None
        return cls(
            predictions=rows.probabilities[order[starts]] if is_logit else keys,
            logits=keys if is_logit else None,
            positives=_product_sums(labels, weights, starts),
            negatives=_product_sums(_rest(labels), weights, starts),
            squares=_squares(labels, weights, starts),
            label_spread=_label_spread(rows) if hard is None else None,
        )


def _count(labels: BoolArray, predictions: FloatArray) -> Tally:
    """Tally labels that are 0 or 1 and have no weights.

    The bits of non-negative floats are in the order of their values, and leave room for the label.
    So no places need be sorted along, which takes half the time and memory.
    """
    keys = predictions.view(np.uint64) << _ONE
    keys |= labels
    keys.sort()
    labels = (keys & _ONE).astype(np.bool_)
    keys >>= _ONE
    starts = run_starts(keys.view(np.float64))
    positives = np.add.reduceat(labels, starts, dtype=np.float64)
    negatives = np.diff(starts, append=len(keys)) - positives
    return Tally(keys.view(np.float64)[starts], None, (positives,), (negatives,))


@dataclass(frozen=True, slots=True)
class SquareSums:
    """Sums of squared weights, of those times label, and times squared label; shape (m,)."""

    weights: FloatArray
    labels: FloatArray
    label_squares: FloatArray

    def at(self, places: BoolArray) -> SquareSums:
        """Return those of some predictions."""
        return SquareSums(self.weights[places], self.labels[places], self.label_squares[places])

    def residuals(self, block: slice, rates: FloatArray) -> FloatArray:
        """Sum squared weights times squared differences between labels and rates."""
        weights, labels = self.weights[block], self.labels[block]
        means = labels / weights
        within = np.maximum(self.label_squares[block] - labels * means, 0.0)
        return within + weights * (means - rates) ** 2


def run_starts(keys: FloatArray) -> Places:
    """Return where runs of equal keys begin; there is at least one key."""
    is_new = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=is_new[1:])
    return np.flatnonzero(is_new)


def _hard_labels(labels: LabelArray) -> BoolArray | None:
    """Return the labels as 0 or 1; None where one of them is neither."""
    is_hard = labels.dtype == np.bool_
    return labels.view(np.bool_) if is_hard else positive_labels(as_floats(labels))


def _label_spread(rows: Rows) -> ExactSum:
    labels = as_floats(rows.labels)
    return ExactSum.of(weighted(labels * (1.0 - labels), rows.weights))


def _rest(labels: LabelArray) -> LabelArray:
    return np.logical_not(labels) if labels.dtype == np.bool_ else 1.0 - as_floats(labels)


def _product_sums(shares: LabelArray, weights: FloatArray | None, starts: Places) -> Parts:
    """Sum up weights times shares, exactly."""
    if weights is None:
        return run_sums(as_floats(shares), starts)
    if shares.dtype == np.bool_:
        return run_sums(np.where(shares, weights, 0.0), starts)
    products, errors = two_product(weights, as_floats(shares))
    return (*run_sums(products, starts), *run_sums(errors, starts))


def _squares(labels: LabelArray, weights: FloatArray | None, starts: Places) -> SquareSums | None:
    is_hard = labels.dtype == np.bool_
    if weights is None and is_hard:
        return None
    shares = as_floats(labels)
    squares = np.ones(len(labels)) if weights is None else weights * weights
    sums = _totals(squares, starts)
    squares = squares * shares
    label_sums = _totals(squares, starts)
    if is_hard:
        return SquareSums(sums, label_sums, label_sums)
    return SquareSums(sums, label_sums, _totals(squares * shares, starts))


def _totals(values: FloatArray, starts: Places) -> FloatArray:
    return values if len(starts) == len(values) else total(run_sums(values, starts))
