"""Rows by their distinct predictions: how much of either label each of them met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.exact_parts import Parts, Places, run_sums, total
from bce_cli.core.exact_sum import two_product
from bce_cli.core.rows import as_floats

if TYPE_CHECKING:
    from bce_cli.core.rows import BoolArray, FloatArray, Rows


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
    has_soft_labels : bool
        Whether a label is neither 0 nor 1.
    """

    predictions: FloatArray
    logits: FloatArray | None
    positives: Parts
    negatives: Parts
    squares: SquareSums | None = None
    has_soft_labels: bool = False

    def __len__(self) -> int:
        return len(self.predictions)

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
        keys = rows.probabilities if rows.logits is None else rows.logits
        order = np.argsort(keys)
        keys = keys[order]
        starts = run_starts(keys)
        predictions = keys[starts]
        logits = None
        if rows.logits is not None:
            predictions, logits = rows.probabilities[order[starts]], predictions
        del keys
        labels = rows.labels[order]
        if rows.weights is None and labels.dtype == np.bool_:
            n = np.diff(starts, append=len(labels))
            positives = np.add.reduceat(labels, starts, dtype=np.float64)
            return cls(predictions, logits, (positives,), (n - positives,))
        weights = np.ones(len(labels)) if rows.weights is None else rows.weights[order]
        shares = as_floats(labels)
        return cls(
            predictions,
            logits,
            _product_sums(weights, shares, starts),
            _product_sums(weights, 1.0 - shares, starts),
            SquareSums.of(weights, shares, starts),
            bool(np.any((shares > 0.0) & (shares < 1.0))),
        )


@dataclass(frozen=True, slots=True)
class SquareSums:
    """Sums of squared weights, of those times label, and times squared label; shape (m,)."""

    weights: FloatArray
    labels: FloatArray
    label_squares: FloatArray

    @classmethod
    def of(cls, weights: FloatArray, labels: FloatArray, starts: Places) -> SquareSums:
        """Sum up runs of sorted rows."""
        squares = weights * weights
        return cls(
            total(run_sums(squares, starts)),
            total(run_sums(squares * labels, starts)),
            total(run_sums(squares * labels * labels, starts)),
        )

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


def _product_sums(weights: FloatArray, shares: FloatArray, starts: Places) -> Parts:
    products, errors = two_product(weights, shares)
    parts = run_sums(products, starts)
    return (*parts, *run_sums(errors, starts)) if errors.any() else parts
