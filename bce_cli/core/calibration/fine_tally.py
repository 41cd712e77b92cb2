"""From the sums of fine bins to what is computed from sorted rows otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from operator import sub
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import ReliabilityTotals
from bce_cli.core.calibration.exact_parts import split
from bce_cli.core.calibration.fine_grid import (
    fine_edges,
    is_above_half,
    is_certain,
    is_coarse,
)
from bce_cli.core.calibration.tally import SquareSums, Tally
from bce_cli.core.exact_sum import ExactSum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.exact_parts import Places
    from bce_cli.core.calibration.fine_bins import FineBins
    from bce_cli.core.rows import BoolArray, FloatArray

    Sums = tuple[ExactSum, ...]

_LEAST = float(np.nextafter(0.0, 1.0))


def fine_tally(fine: FineBins) -> Tally:
    """Take the mean prediction of each bin for that of all its rows.

    Parameters
    ----------
    fine : FineBins
        Of at least one row of some weight.

    Returns
    -------
    Tally
        Of the bins with rows of some weight. Where predictions are logits, the logit of a bin is
        that of the mean of the probabilities.

    Examples
    --------
    >>> from bce_cli.core.calibration.fine_bins import FineBins
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, False]), np.array([0.25, 0.2501, 0.75]))
    >>> tally = fine_tally(FineBins.of(rows))
    >>> tally.predictions.round(5).tolist(), tally.positives[0].tolist()
    ([0.25005, 0.75], [1.0, 0.0])
    """
    places = _used(fine)
    weights, positives = (_at(places, sums) for sums in (_weights(fine), fine.table["labels"]))
    chances = _means(_at(places, fine.table["chances"]), weights)
    tiny = (chances == 0.0) & ~is_certain()[places]
    chances[tiny] = _LEAST  # the product of a weight and a chance may underflow
    is_high = is_above_half()[places]
    return Tally(
        predictions=np.where(is_high, 1.0 - chances, chances),
        logits=_logits(chances, is_high=is_high) if fine.are_logits else None,
        positives=split(positives),
        negatives=split(tuple(map(sub, weights, positives))),
        squares=_squares(fine, places) if fine.have_weights or fine.n_soft else None,
        label_spread=fine.label_spread if fine.n_soft else None,
    )


@dataclass(frozen=True, slots=True)
class UsedBins:
    """How many fine bins have rows of some weight, and how many of these are coarse."""

    n: int
    n_coarse: int

    @classmethod
    def of(cls, fine: FineBins) -> UsedBins:
        """Count them."""
        places = _used(fine)
        return cls(len(places), int(np.count_nonzero(is_coarse()[places])))


def fine_quantiles(fine: FineBins, n_bins: int) -> ReliabilityTotals:
    """Put neighbouring fine bins together, so that there are about as many rows in each.

    Parameters
    ----------
    fine : FineBins
        Of at least one row.
    n_bins : int
        There are fewer where one fine bin has rows enough for several.

    Returns
    -------
    ReliabilityTotals
        Whose edges are those of fine bins.

    Examples
    --------
    >>> from bce_cli.core.calibration.fine_bins import FineBins
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.zeros(4, np.bool_), np.array([0.1, 0.2, 0.3, 0.4]))
    >>> fine_quantiles(FineBins.of(rows), 2).n
    (2, 2)
    """
    counts = np.array([int(float(total)) for total in fine.table["n"]])
    places = np.flatnonzero(counts)
    ends = np.cumsum(counts[places])
    shares = ends[-1] * np.arange(n_bins) / n_bins
    firsts = np.unique(np.searchsorted(ends - counts[places] / 2.0, shares))
    cuts = [*places[firsts[firsts < len(places)]].tolist(), int(places[-1]) + 1]
    is_high = is_above_half().tolist()
    weights, chances = _weights(fine), fine.table["chances"]
    predictions = tuple(
        w - chance if high else chance
        for w, chance, high in zip(weights, chances, is_high, strict=True)
    )
    squares = fine.table["squares"] if "squares" in fine.table.kinds else weights
    sums = (_merged(each, cuts) for each in (weights, squares, fine.table["labels"], predictions))
    n = tuple(int(counts[low:high].sum()) for low, high in pairwise(cuts))
    return ReliabilityTotals(tuple(fine_edges()[cuts].tolist()), n, *sums)


def _weights(fine: FineBins) -> Sums:
    return fine.table["weights" if "weights" in fine.table.kinds else "n"]


def _used(fine: FineBins) -> Places:
    return np.array([place for place, total in enumerate(_weights(fine)) if total.units], np.intp)


def _at(places: Places, sums: Sums) -> Sums:
    return tuple(sums[place] for place in places.tolist())


def _merged(sums: Sums, cuts: Sequence[int]) -> Sums:
    return tuple(sum(sums[low:high], ExactSum()) for low, high in pairwise(cuts))


def _means(sums: Sums, weights: Sums) -> FloatArray:
    """Divide, and round once."""
    return np.array([a.units / b.units for a, b in zip(sums, weights, strict=True)])


def _logits(chances: FloatArray, *, is_high: BoolArray) -> FloatArray:
    with np.errstate(divide="ignore"):  # bins of the infinite ones
        logits = np.log(chances)
    logits -= np.log1p(-chances)
    return np.where(is_high, -logits, logits)


def _squares(fine: FineBins, places: Places) -> SquareSums:
    def of(kind: str) -> FloatArray:
        return np.array([float(total) for total in _at(places, fine.table[kind])])

    labels = of("square_labels")
    is_hard = "square_label_squares" not in fine.table.kinds
    return SquareSums(of("squares"), labels, labels if is_hard else of("square_label_squares"))
