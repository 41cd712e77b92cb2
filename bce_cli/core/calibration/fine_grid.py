"""Fine bins of predictions, by their odds: a grid that is the same for all data.

Odds are those of the less likely label, q / (1 - q) with q = min(p, 1 - p), so that predictions
near 0 and near 1 are told apart alike. Each halving of the odds is cut into `PER_HALVING` bins of
equal width, until they are 2**-20, about one in a million. From there on bins are coarse: a halving
each down to 2**-32, then ever more, so that losses of wrong predictions differ by a quarter at the
most. Predictions of exactly 0 and exactly 1 have bins of their own.

The bin is read off the bits of the odds, which come about by one subtraction and one division. So
it is the same on every machine, where predictions are probabilities; logits need an exponential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bce_cli.core.calibration.exact_parts import Places
    from bce_cli.core.rows import BoolArray, FloatArray, Rows

_BITS = 4
PER_HALVING = 1 << _BITS
GREATEST_ODDS_RATIO = 1.0 + 1.0 / PER_HALVING
"""Of two predictions in one bin that is not coarse."""

_FINE_HALVINGS = 20
_N_FINE = _FINE_HALVINGS << _BITS
_COARSE = np.array(
    [
        *range(_FINE_HALVINGS, 32),
        *(n + n // 4 * i for n in (32, 64, 128, 256, 512) for i in range(4)),
    ]
)
"""After how many halvings of the odds each coarse bin begins."""

_N_COARSE_BEFORE = np.maximum(np.searchsorted(_COARSE, np.arange(1024), side="right") - 1, 0)
"""By halvings, how many coarse bins come before that of such odds."""

_N_SIDE = _N_FINE + len(_COARSE)
N_FINE_BINS = 2 * (_N_SIDE + 1)

_STEP = 52 - _BITS  # the bits of a float64 below those that tell bins apart
_BITS_OF_ONE = int(np.float64(1.0).view(np.int64))
FURTHEST_LOGIT = 700.0
"""Finite logits further from 0 count as if they were here; their sigmoids would underflow."""


def chances_of(rows: Rows) -> FloatArray:
    """Return the predicted probability of the less likely label, exact in float64; shape (n,).

    Where predictions are logits, they are the sigmoids of minus their distance from 0.
    """
    if rows.logits is None:
        p = rows.probabilities
        return np.minimum(p, 1.0 - p)
    odds = _logit_odds(rows.logits)
    return odds / (1.0 + odds)


def fine_bins_of(rows: Rows, chances: FloatArray) -> Places:
    """Return the bin of each row, from 0 for predictions of 0 to the last for those of 1.

    Parameters
    ----------
    rows : Rows
    chances : ndarray of float64, shape (n,)
        As `chances_of` returns them.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> p = np.array([0.0, 1e-300, 0.25, 0.2501, 0.5, 0.75, 1.0])
    >>> rows = Rows(np.zeros(7, np.bool_), p)
    >>> fine_bins_of(rows, chances_of(rows)).tolist()
    [0, 1, 326, 326, 352, 379, 705]
    """
    if rows.logits is None:
        odds, is_high = chances / (1.0 - chances), rows.probabilities > chances
    else:
        odds = _logit_odds(rows.logits)
        is_high = (rows.logits > 0.0) & (odds < 1.0)  # those near 0 are as good as 0
    # Of the odds of 0 upper ends belong to bins, and of those of 1 lower ends: both are upper ends
    # of probabilities.
    steps = odds.view(np.int64)
    np.subtract(_BITS_OF_ONE, steps, out=steps)
    steps -= is_high
    steps >>= _STEP
    beyond = _N_COARSE_BEFORE[steps >> _BITS]
    np.minimum(steps, _N_FINE, out=steps)
    steps += beyond
    steps[chances == 0.0] = _N_SIDE
    return np.where(is_high, steps + (_N_SIDE + 1), _N_SIDE - steps)


def _logit_odds(logits: FloatArray) -> FloatArray:
    distances = np.abs(logits)
    furthest = np.where(np.isinf(distances), np.inf, FURTHEST_LOGIT)
    return np.exp(-np.minimum(distances, furthest))


def is_above_half() -> BoolArray:
    """Whether a bin is one of predictions above 1/2; shape (N_FINE_BINS,)."""
    found: BoolArray = np.arange(N_FINE_BINS) > _N_SIDE
    return found


def is_certain() -> BoolArray:
    """Whether a bin is one of predictions of exactly 0 or exactly 1; shape (N_FINE_BINS,)."""
    found: BoolArray = np.arange(N_FINE_BINS) % (N_FINE_BINS - 1) == 0
    return found


def is_coarse() -> BoolArray:
    """Whether a bin is one of a whole halving of the odds, or of more; shape (N_FINE_BINS,)."""
    steps = np.abs(np.arange(N_FINE_BINS) - (_N_SIDE + 0.5)) - 0.5
    found: BoolArray = (steps >= _N_FINE) & ~is_certain()
    return found


def fine_edges() -> FloatArray:
    """Return the ends of all bins as probabilities, ascending; shape (N_FINE_BINS + 1,).

    Examples
    --------
    >>> edges = fine_edges()
    >>> edges[[0, 1, -2, -1]].tolist(), edges[352:355].round(6).tolist()
    ([0.0, 0.0, 1.0, 1.0], [0.492063, 0.5, 0.507937])
    """
    fine = np.arange(_N_FINE, dtype=np.int64)
    steps = np.concatenate([fine, _COARSE << _BITS])
    odds = (_BITS_OF_ONE - (steps << _STEP)).view(np.float64)
    below = np.concatenate([[0.0, 0.0], (odds / (1.0 + odds))[::-1]])
    return np.concatenate([below, 1.0 - below[-2::-1]])
