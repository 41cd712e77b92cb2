"""How miscalibrated predictions are, between what hindsight finds and what foresight does."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.decomposition import decompose_log_loss, pool_adjacent_violators
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.comparison.differences import difference_of, paired_moments
from bce_cli.core.conventions import EXACT
from bce_cli.core.progress import silent
from bce_cli.core.recalibration.cross_fit import Cells, cross_fit
from bce_cli.core.recalibration.fitting import fit_whole
from bce_cli.core.recalibration.folds import deal
from bce_cli.core.recalibration.gain import MOST, drawn_places
from bce_cli.core.report import NATS_PER
from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.decomposition import Pools
    from bce_cli.core.comparison.differences import Difference
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Rows

_MANY = 50_000
_FOLDS, _FOLDS_OF_MANY = 10, 2


@dataclass(frozen=True, slots=True)
class Miscalibration:
    """What the best recalibration would remove of the mean loss.

    Attributes
    ----------
    value : float
        Mean loss less that of isotonic recalibration, in the unit that was asked for; infinite
        where the loss is.
    low, high : float or None
        Interval; None where there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None


def miscalibration(
    rows: Rows, unit: Unit = "nats", confidence: float | None = None
) -> Miscalibration:
    """Find the CORP miscalibration of the log loss, and an interval of the true one.

    The value is that of a report on calibration (Dimitriadis, Gneiting and Jordan, PNAS 118, 2021).
    It overestimates the true one, E[loss(p) - loss(P(y = 1 | p))]: the isotonic map was chosen to
    have the least loss on these very rows, so that its loss is at most that of the true map, where
    that rises with p. What maps gain that were fitted to the other folds underestimates it, as no
    map of p has a lower expected loss than the true one. So the interval is from the gain on rows
    that maps have not seen, less some standard errors, and no less than 0, to the gain on the rows
    that the map was fitted to, and so many standard errors more. Each error is that of paired
    differences, by Student's t distribution; with clusters it is robust to them, and these are
    dealt into folds as a whole. It holds the true value more often than its level promises.

    Of more than 50,000 rows there are 2 folds, as half of them are many, else 10; of more than
    1,000,000, so many are drawn, evenly, to be judged by maps that have not seen them. Nothing of
    that depends on how the rows were read.

    Parameters
    ----------
    rows : Rows
        At least one of some weight, and none left out.
    unit : {"nats", "bits"}, default "nats"
    confidence : float, optional
        No interval without it.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.arange(400) % 4 > 0, np.tile([0.25, 0.5], 200))
    >>> found = miscalibration(rows, confidence=0.95)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.4185, 0.3709, 0.4653)
    """
    rows = replace(rows, ids=None, rivals=(), segments=(), order=None)
    if rows.weights is not None and not rows.weights.all():
        rows = rows.at(np.flatnonzero(rows.weights))
    tally = Tally.of(rows)
    pools = pool_adjacent_violators(tally)
    nats = NATS_PER[unit]
    value = decompose_log_loss(tally, pools).miscalibration / nats
    if confidence is None or math.isinf(value):
        return Miscalibration(value)
    seen = _gain(rows, EXACT.losses(_recalibrated(rows, tally, pools)), nats, confidence)
    unseen = _gain_on_unseen(rows, nats, confidence)
    if unseen is None or unseen.ci_low is None or seen.ci_high is None:
        return Miscalibration(value)
    low, high = max(unseen.ci_low, 0.0), max(seen.ci_high, value)
    return Miscalibration(value, min(low, value), high)


def _recalibrated(rows: Rows, tally: Tally, pools: Pools) -> Rows:
    """Give each row the event rate of the pool that its prediction is in."""
    keys = tally.predictions if tally.logits is None else tally.logits
    own = rows.probabilities if rows.logits is None else rows.logits
    places = np.searchsorted(keys[pools.starts], own, side="right") - 1
    return replace(rows, probabilities=pools.means[places], logits=None)


def _gain(rows: Rows, recalibrated: FloatArray, nats: float, confidence: float) -> Difference:
    """Return what recalibrated losses are below those of the rows, row by row."""
    clusters = None if rows.cluster is None else ClusteredRows(rows.cluster)
    moments, _ = paired_moments(rows, recalibrated, EXACT.losses(rows), clusters)
    return difference_of(len(rows), moments, nats, confidence)


def _gain_on_unseen(rows: Rows, nats: float, confidence: float) -> Difference | None:
    """Do so with maps that were fitted to other folds; None where there is too little for these."""
    if len(rows) > MOST:
        rows = rows.at(drawn_places(len(rows), MOST))
    n = _FOLDS_OF_MANY if len(rows) > _MANY else _FOLDS
    if rows.cluster is not None:
        n = min(n, len(ClusteredRows(rows.cluster)))
    if n < 2:  # noqa: PLR2004 -- of one cluster alone
        return None
    try:
        folds = deal(rows, n)
        whole = fit_whole(rows, ("as-is", "isotonic"))
    except DataError:
        return None
    cells = Cells.of(rows, folds)
    losses, _ = cross_fit(cells, whole, silent)
    if "isotonic" not in losses:
        return None
    judged = cells.judged
    seen_late = cells.rows if isinstance(judged, slice) else cells.rows.at(judged)
    return _gain(seen_late, losses["isotonic"], nats, confidence)
