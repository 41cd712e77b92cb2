"""Fine bins: what is known of rows that are not held, on a grid that is the same for all data.

Odds are those of the less likely label, q / (1 - q) with q = min(p, 1 - p), so that predictions
near 0 and near 1 are told apart alike. Each halving of the odds is cut into `PER_HALVING` bins of
equal width, until they are 2**-20, about one in a million. From there on bins are coarse: a halving
each down to 2**-32, then ever more, so that losses of wrong predictions differ by a quarter at the
most. Predictions of exactly 0 and exactly 1 have bins of their own.

The bin is read off the bits of the odds, which come about by one subtraction and one division. So
it is the same on every machine, where predictions are probabilities; logits need an exponential.
"""

from __future__ import annotations

import zlib
from array import array
from dataclasses import field
from itertools import accumulate, pairwise
from operator import sub
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from bce_cli.core.calibration.bins import (
    N_HISTOGRAM_BINS,
    ReliabilityTotals,
    bins_of,
    uniform_edges,
)
from bce_cli.core.calibration.decomposition import SpiegelhalterSums
from bce_cli.core.calibration.tally import SquareSums, Tally, label_spread, split
from bce_cli.core.cuts import even_cuts
from bce_cli.core.exact_sum import ExactSum, trailing_zeros
from bce_cli.core.groups import GroupedRows
from bce_cli.core.rows import as_floats
from bce_cli.core.state import FIRST, State
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bce_cli.core.rows import BoolArray, FloatArray, Places, Rows

    Sums = tuple[ExactSum, ...]


_ORDER: Literal["little"] = "little"


@dataclass(frozen=True, slots=True, eq=False)
class SumTable(State):
    """Exact sums, by kind and by group.

    Attributes
    ----------
    kinds : tuple of str, shape (k,)
    units : ndarray of int, shape (k, m)
        Python integers: the sums over m groups, in units of 2**-1074.

    Examples
    --------
    >>> table = SumTable.of({"rows": [ExactSum.of_count(2), ExactSum.of_count(3)]})
    >>> [float(total) for total in (table + table)["rows"]]
    [4.0, 6.0]
    """

    kinds: tuple[str, ...] = field(metadata=FIRST)
    units: npt.NDArray[np.object_]

    @classmethod
    def of(cls, sums: Mapping[str, Sequence[ExactSum]]) -> SumTable:
        """Put the sums of several kinds together, each of shape (m,)."""
        units = [[total.units for total in of_kind] for of_kind in sums.values()]
        return cls(tuple(sums), np.array(units, np.object_))

    def __reduce__(self) -> tuple[Callable[..., SumTable], tuple[object, ...]]:
        """Pickle each sum as an odd number and a power of two: most of its bits are zeros."""
        flat = self.units.ravel().tolist()
        shifts = list(map(trailing_zeros, flat))
        odd = [units >> shift for units, shift in zip(flat, shifts, strict=True)]
        sizes = bytes(number.bit_length() // 8 + 1 for number in odd)
        digits = (
            number.to_bytes(size, _ORDER, signed=True)
            for number, size in zip(odd, sizes, strict=True)
        )
        frame = zlib.compress(array("H", shifts).tobytes() + sizes)
        return _unpickled, (self.kinds, frame, b"".join(digits))

    def __getitem__(self, kind: str) -> tuple[ExactSum, ...]:
        """Return the sums of one kind; shape (m,)."""
        return tuple(map(ExactSum, self.units[self.kinds.index(kind)].tolist()))


def _unpickled(kinds: tuple[str, ...], frame: bytes, digits: bytes) -> SumTable:
    frame = zlib.decompress(frame)
    n = len(frame) // 3
    shifts, ends = array("H", frame[: 2 * n]), accumulate(frame[2 * n :], initial=0)
    units = [
        int.from_bytes(digits[start:end], _ORDER, signed=True) << shift
        for shift, (start, end) in zip(shifts, pairwise(ends), strict=True)
    ]
    return SumTable(kinds, np.array(units, np.object_).reshape(len(kinds), -1))


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


@dataclass(frozen=True, slots=True)
class FineBins(State):
    """Sums over the rows of each fine bin, and what else is summed up instead of sorting rows.

    It is as large for a thousand rows as for 10**12, and does not depend on how they were split.

    Attributes
    ----------
    table : SumTable
        By bin of `fine_grid`: rows (``n``), weights times label (``labels``), and weights times the
        predicted chance of the less likely label (``chances``). With weights, or where labels may
        be soft, weights (``weights``), their squares (``squares``), and these times label
        (``square_labels``) as well; in the second case times squared label, too
        (``square_label_squares``).
    heights : SumTable
        Weights (``weights``) by bin of the histogram.
    spiegelhalter : SpiegelhalterSums
    label_spread : ExactSum
        Sum of weights times label times one minus the label.
    n_soft, n_in_fit : int
        Rows of some weight with a label that is neither 0 nor 1, and with a finite logit.
    are_logits, have_weights : bool

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, True]), np.array([0.25, 0.2501, 0.75]))
    >>> table = (FineBins.of(rows) + FineBins.of(rows)).table
    >>> [float(n) for n in table["n"] if n.units]
    [4.0, 2.0]
    """

    table: SumTable
    heights: SumTable
    spiegelhalter: SpiegelhalterSums
    label_spread: ExactSum
    n_soft: int
    n_in_fit: int
    are_logits: bool = field(metadata=FIRST)
    have_weights: bool = field(metadata=FIRST)

    @classmethod
    def of(cls, rows: Rows) -> FineBins:
        """Sum up some rows."""
        rows = rows.counted()
        chances = chances_of(rows)
        labels, is_hard = rows.labels, rows.labels.dtype == np.bool_
        return cls(
            table=_table(rows, chances, fine_bins_of(rows, chances)),
            heights=_heights(rows),
            spiegelhalter=SpiegelhalterSums.of_rows(rows),
            label_spread=ExactSum() if is_hard else label_spread(rows),
            n_soft=_count_weighted((labels > 0.0) & (labels < 1.0), rows.weights),
            n_in_fit=_count_weighted(chances > 0.0, rows.weights),
            are_logits=rows.logits is not None,
            have_weights=rows.weights is not None,
        )


def _table(rows: Rows, chances: FloatArray, places: Places) -> SumTable:
    sums, n = GroupedRows(places, N_FINE_BINS), _counts(places, N_FINE_BINS)
    is_hard = rows.labels.dtype == np.bool_
    if rows.weights is None and is_hard:
        ones = _counts(places[rows.labels.view(np.bool_)], N_FINE_BINS)
        return SumTable.of({"n": n, "labels": ones, "chances": sums.of(chances)})
    labels = as_floats(rows.labels)
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    squares = weights * weights
    square_labels = squares * labels
    return SumTable.of(
        {
            "n": n,
            "labels": sums.of_products(weights, labels),
            "chances": sums.of_products(weights, chances),
            "weights": sums.of(weights),
            "squares": sums.of(squares),
            "square_labels": sums.of(square_labels),
        }
        | ({} if is_hard else {"square_label_squares": sums.of(square_labels * labels)})
    )


def _counts(groups: Places, n_groups: int) -> list[ExactSum]:
    return [ExactSum.of_count(n) for n in np.bincount(groups, minlength=n_groups).tolist()]


def _heights(rows: Rows) -> SumTable:
    bins = bins_of(rows.probabilities, uniform_edges(N_HISTOGRAM_BINS))
    if rows.weights is None:
        return SumTable.of({"weights": _counts(bins, N_HISTOGRAM_BINS)})
    return SumTable.of({"weights": GroupedRows(bins, N_HISTOGRAM_BINS).of(rows.weights)})


def _count_weighted(chosen: BoolArray, weights: FloatArray | None) -> int:
    return int(np.count_nonzero(chosen if weights is None else chosen & (weights > 0.0)))


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
        There are fewer where fewer fine bins have rows; see `even_cuts`.

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
    firsts = firsts[firsts < len(places)]
    if len(firsts) < min(n_bins, len(places)):
        firsts = np.array(even_cuts(counts[places].tolist(), n_bins))
    cuts = [*places[firsts].tolist(), int(places[-1]) + 1]
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
