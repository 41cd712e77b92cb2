"""Rows by prediction and fold, each judged by maps that were fitted to others."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.tally import is_new, product_sums
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.progress import Stage
from bce_cli.core.recalibration.fitting import fit_maps
from bce_cli.core.recalibration.maps import Points
from bce_cli.core.recalibration.sample import Sample
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.rules import softplus
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.calibration.log_odds import Obstacle
    from bce_cli.core.progress import Progress
    from bce_cli.core.recalibration.fitting import Fits
    from bce_cli.core.recalibration.folds import Folds
    from bce_cli.core.recalibration.maps import Method
    from bce_cli.core.rows import FloatArray, LabelArray, Places, Rows


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows sorted by prediction and fold; those that are equal in both are a cell.

    Attributes
    ----------
    rows : Rows
    folds : Folds
        Of the rows; `codes` are those of the cells.
    sample : Sample
        Of the cells.
    codes : ndarray of int32, shape (m,)
    counts : ndarray of int, shape (m,)
        Rows in each; of shape (1,) where there is one in every cell.
    """

    rows: Rows
    folds: Folds
    sample: Sample
    codes: npt.NDArray[np.int32]
    counts: Places

    @property
    def judged(self) -> Places | slice:
        """The places of the rows that are judged in some fold.

        Those of a cluster stand together: every two methods are compared by cluster, and rows that
        are in order are put together in no time.
        """
        if self.rows.cluster is None:
            return np.flatnonzero(self.folds.codes >= 0) if self.folds.in_order else slice(None)
        places: Places = np.argsort(self.rows.cluster.codes, kind="stable")
        return places[self.folds.codes[places] >= 0]

    @property
    def points(self) -> Points:
        """The predictions of the cells."""
        return self.sample.points

    @classmethod
    def of(cls, rows: Rows, folds: Folds) -> Cells:
        """Sort some rows."""
        keys = rows.probabilities if rows.logits is None else rows.logits
        places = np.argsort(keys)
        if not is_new(keys[places]).all():
            places = np.lexsort((folds.codes, keys))
        rows, codes = rows.at(places), folds.codes[places]
        del keys, places
        are_first = is_new(rows.probabilities if rows.logits is None else rows.logits)
        are_first[1:] |= codes[1:] != codes[:-1]
        starts = np.flatnonzero(are_first)
        positives, negatives = product_sums(rows.labels, rows.weights, starts)
        first, counts = rows, np.ones(1, np.intp)
        if len(starts) < len(rows):
            first, counts = rows.at(starts), np.diff(starts, append=len(rows))
        points = Points.of(first.probabilities, first.logits)
        sample = Sample(points, positives, negatives, len(rows))
        first_codes = codes if first is rows else codes[starts]
        return cls(rows, replace(folds, codes=codes), sample, first_codes, counts)

    @property
    def n_certain(self) -> tuple[int, int]:
        """How many rows have a prediction of exactly 0, and of exactly 1."""
        inner = self.sample.inner
        counts = np.broadcast_to(self.counts, self.codes.shape)
        return int(counts[: inner.start].sum()), int(counts[inner.stop :].sum())

    def for_fold(self, fold: int) -> Sample:
        """Return the cells that the maps of a fold are fitted to."""
        fitted = self.folds.fitted(self.codes, fold)
        counts = np.broadcast_to(self.counts, self.codes.shape)
        return self.sample.where(fitted, int(np.sum(counts, where=fitted)))

    def losses(self, logits: FloatArray) -> FloatArray:
        """Return the loss of each row, given the recalibrated log odds of the cells."""
        if len(self.codes) < len(self.rows):
            logits = np.repeat(logits, self.counts)
        return _losses(self.rows.labels, logits)


def _losses(labels: LabelArray, logits: FloatArray) -> FloatArray:
    """Exact losses of log odds, in nats; shape (n,)."""
    if labels.dtype == np.bool_:
        return softplus(np.where(labels, -logits, logits))
    shares = as_floats(labels)
    return shares * softplus(-logits) + (1.0 - shares) * softplus(logits)


def mean_loss(losses: FloatArray, weights: FloatArray | None) -> float:
    """Return the (weighted) mean of losses, shape (n,); infinite if one of some weight is.

    Examples
    --------
    >>> mean_loss(np.array([0.5, 1.0]), np.array([3.0, 1.0])), mean_loss(np.array([np.inf]), None)
    (0.625, inf)
    """
    products = weighted(losses, weights)
    if np.isinf(products).any():
        return math.inf
    divisor = ExactSum.of_count(len(losses)) if weights is None else ExactSum.of(weights)
    return ExactSum.of(products).over(divisor)


def cross_fit(
    cells: Cells, whole: Fits, progress: Progress
) -> tuple[dict[Method, FloatArray], dict[Method, Obstacle | None]]:
    """Map the predictions of each fold by maps that were fitted to others, and cost them.

    Parameters
    ----------
    cells : Cells
    whole : mapping of str to Fit
        Maps of all rows, to start from; those that there are none of are left out, and *as-is* too.
    progress : callable (Stage) -> None

    Returns
    -------
    losses : dict of str to ndarray of float64, shape (n,)
        Of each row that is judged, in nats.
    obstacles : dict of str to str
        Why some fold has no map of a method, which has no losses then.
    """
    obstacles: dict[Method, Obstacle | None] = {}
    values: dict[Method, FloatArray] = {  # log odds of cells, and then losses of rows
        method: np.zeros(len(cells.codes))
        for method, fit in whole.items()
        if method != "as-is" and fit.map is not None
    }
    for fold in range(cells.folds.n):
        places = np.flatnonzero(cells.codes == fold)
        points = cells.points.at(places)
        for method, fit in fit_maps(cells.for_fold(fold), list(values), near=whole).items():
            if fit.map is None:
                obstacles[method] = fit.obstacle
                del values[method]
            else:
                values[method][places] = fit.map.logits_at(points)
        progress(Stage("fitting", fold + 2, cells.folds.n + 1, "folds"))
    judged = cells.judged
    for method, logits in values.items():
        values[method] = cells.losses(logits)[judged]
    return values, obstacles
