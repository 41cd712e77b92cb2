"""Distinct rows and how often each occurs, so that samples can be drawn of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.tally import Tally, run_starts
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import Rows, as_floats

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.calibration.exact_parts import Places
    from bce_cli.core.rows import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Cells:
    """Distinct rows, sorted, and how often each occurs.

    Attributes
    ----------
    counts : ndarray of int64, shape (m,)
    positives, negatives : ndarray of float64, shape (m,)
        Weight times label, and the rest of the weight.
    label_spreads : ndarray of float64, shape (m,)
        Weight times label times one minus the label.
    starts : ndarray of intp, shape (k,)
        Where a new prediction begins.
    predictions, logits : ndarray of float64, shape (k,)
    """

    counts: npt.NDArray[np.int64]
    positives: FloatArray
    negatives: FloatArray
    label_spreads: FloatArray
    starts: Places
    predictions: FloatArray
    logits: FloatArray | None

    @classmethod
    def of(cls, rows: Rows) -> Cells:
        """Find the distinct rows among some; those of weight 0 are left out."""
        if rows.weights is not None:
            rows = rows.at(np.flatnonzero(rows.weights))
        keys = rows.probabilities if rows.logits is None else rows.logits
        weights = np.ones(len(rows)) if rows.weights is None else rows.weights
        order = np.lexsort((weights, rows.labels, keys))
        columns = keys[order], as_floats(rows.labels[order]), weights[order]
        firsts = np.flatnonzero(np.any([_is_new(column) for column in columns], axis=0))
        keys, labels, weights = (column[firsts] for column in columns)
        starts = run_starts(keys)
        chosen = order[firsts[starts]]
        return cls(
            counts=np.diff(firsts, append=len(order)),
            positives=weights * labels,
            negatives=weights * (1.0 - labels),
            label_spreads=weights * (labels * (1.0 - labels)),
            starts=starts,
            predictions=rows.probabilities[chosen],
            logits=None if rows.logits is None else rows.logits[chosen],
        )

    def tally(self, counts: npt.NDArray[np.int64]) -> Tally:
        """Tally distinct rows that occur so often; predictions that do not occur are left out."""
        spread = ExactSum.of(counts * self.label_spreads)
        return self._tally(counts * self.positives, counts * self.negatives, spread)

    def relabelled(self, ones: npt.NDArray[np.int64]) -> Tally:
        """Tally all rows, where so many of each cell have label 1 and the others have label 0."""
        weights = self.positives + self.negatives
        return self._tally(ones * weights, (self.counts - ones) * weights)

    def _tally(
        self, positives: FloatArray, negatives: FloatArray, spread: ExactSum | None = None
    ) -> Tally:
        positives = np.add.reduceat(positives, self.starts)
        negatives = np.add.reduceat(negatives, self.starts)
        seen = positives + negatives > 0.0
        return Tally(
            self.predictions[seen],
            None if self.logits is None else self.logits[seen],
            (positives[seen],),
            (negatives[seen],),
            label_spread=spread,
        )


def _is_new(values: FloatArray) -> BoolArray:
    is_new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=is_new[1:])
    return is_new
