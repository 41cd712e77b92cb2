"""Rows by their distinct predictions: how much of either label each of them met.

Pools of predictions are merged into larger ones again and again. For a pool to have the same sums,
to the last bit, however it came about, its numbers are split into parts, each of them on a grid so
coarse that every sum of any of its members is exact in float64. Counts need one part, weights of
ordinary size three.
"""

from __future__ import annotations

from itertools import pairwise
from operator import sub
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.calibration.bins import N_HISTOGRAM_BINS, uniform_edges
from bce_cli.core.exact_sum import UNIT_EXPONENT, ExactSum, peak_of, slices, two_product
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.validate import positive_labels
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray, Places, Rows


Parts: TypeAlias = "tuple[FloatArray, ...]"
"""Arrays of one shape whose sum is meant, coarsest grid first."""

_LARGEST_ANCHOR_BITS = 51


def run_sums(values: FloatArray, starts: Places) -> Parts:
    """Sum runs of non-negative finite numbers below 2**900.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    starts : ndarray of intp, shape (m,)
        Where each run begins, ascending from 0.

    Returns
    -------
    tuple of ndarray of float64, shape (m,)
        Any of one part's numbers add up exactly.

    Examples
    --------
    >>> parts = run_sums(np.array([0.1, 0.2, 0.3]), np.array([0, 1]))
    >>> total(parts).tolist()
    [0.1, 0.5]
    """
    return _summed(values.copy(), starts)


def _summed(rest: FloatArray, starts: Places) -> Parts:
    """Do the same, and use the numbers up."""
    bits = min(53 - len(rest).bit_length() - 1, _LARGEST_ANCHOR_BITS)
    parts = []
    peak = peak_of(rest)
    while peak:
        grid = max(int(np.frexp(peak)[1]) - bits, UNIT_EXPONENT)
        on_grid, peak = _taken(rest, float(np.ldexp(1.5, grid + 52)))
        # Most predictions are a run of one.
        is_sum = len(starts) == len(rest)
        parts.append(on_grid if is_sum else np.add.reduceat(on_grid, starts))
    return tuple(parts) or (np.zeros(len(starts)),)


def _taken(rest: FloatArray, anchor: float) -> tuple[FloatArray, float]:
    """Take what is on a grid from what is left of numbers; return the peak of the rest as well."""
    on_grid, peak = np.empty_like(rest), 0.0
    for block in slices(len(rest)):
        np.add(rest[block], anchor, out=on_grid[block])
        on_grid[block] -= anchor
        rest[block] -= on_grid[block]
        peak = max(peak, peak_of(rest[block]))
    return on_grid, peak


def split(sums: Sequence[ExactSum]) -> Parts:
    """Turn exact sums into parts.

    Examples
    --------
    >>> [part.tolist() for part in split([ExactSum.of(np.array([1e16, 1.0])), ExactSum()])]
    [[1e+16, 0.0], [1.0, 0.0]]
    """
    places = np.arange(len(sums))
    parts: Parts = ()
    rest = tuple(sums)
    while any(total.units for total in rest):
        rounded = np.array([float(total) for total in rest])
        parts += run_sums(rounded, places)
        taken = ExactSum.by_group(rounded, places)
        rest = tuple(map(sub, rest, taken))
    return parts or (np.zeros(len(sums)),)


def pooled(parts: Parts, starts: Places) -> Parts:
    """Sum runs of sums, exactly."""
    return tuple(np.add.reduceat(part, starts) for part in parts)


def total(parts: Parts) -> FloatArray:
    """Add the parts up, from the finest grid to the coarsest; shape (m,)."""
    if len(parts) == 1:
        return parts[0]
    result = parts[-1].copy()
    for part in reversed(parts[:-1]):
        result += part
    return result


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
        None stands for what is all the same without weights and soft labels, or was not asked for.
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
    def of(cls, rows: Rows, *, with_squares: bool = True) -> Tally:
        """Sort rows by prediction and sum up those of the same one; weight 0 counts for nothing.

        Parameters
        ----------
        rows : Rows
            At least one of them with a weight, and none left out.
        with_squares : bool, default True
            Whether to sum up squares of weights and labels, which a decomposition does not need.

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
        order, keys = ascending(rows.probabilities if rows.logits is None else rows.logits)
        starts = run_starts(keys)
        keys = keys if len(starts) == len(keys) else keys[starts]
        labels = (rows.labels if hard is None else hard)[order]
        weights = None if rows.weights is None else rows.weights[order]
        is_logit = rows.logits is not None
        positives, negatives = product_sums(labels, weights, starts)
        return cls(
            predictions=rows.probabilities[order[starts]] if is_logit else keys,
            logits=keys if is_logit else None,
            positives=positives,
            negatives=negatives,
            squares=_squares(labels, weights, starts) if with_squares else None,
            label_spread=label_spread(rows) if hard is None else None,
        )


def _count(labels: BoolArray, predictions: FloatArray) -> Tally:
    """Tally labels that are 0 or 1 and have no weights.

    The bits of non-negative floats are in the order of their values, and leave room for the label.
    So no places need be sorted along, which takes half the time and memory.
    """
    keys = predictions.view(np.uint64) << _ONE
    keys |= labels
    keys.sort()
    positives = np.empty(len(keys))
    for block in slices(len(keys)):
        np.copyto(positives[block], keys[block] & _ONE)
        keys[block] >>= _ONE
    found = keys.view(np.float64)
    are_new = is_new(found)
    if are_new.all():
        return Tally(found, None, (positives,), (1.0 - positives,))
    starts = np.flatnonzero(are_new)
    positives = np.add.reduceat(positives, starts)
    negatives = np.diff(starts, append=len(keys)) - positives
    return Tally(found[starts], None, (positives,), (negatives,))


_ALL_BUT_SIGN = np.int64(2**63 - 1)
_MOST_TIED = 4  # a share of one in so many is sorted again


def ascending(values: FloatArray) -> tuple[Places, FloatArray]:
    """Sort numbers; return their places as well.

    The bits of a float, those of a negative one turned round, are in the order of the values. With
    the place in the lowest bits of the same integer there is one array to sort, which takes a
    quarter of the time. What the place leaves no room for makes few differ that are not next to
    each other already; these are sorted again.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least one; not NaN.

    Returns
    -------
    order : ndarray of intp, shape (n,)
    sorted : ndarray of float64, shape (n,)

    Examples
    --------
    >>> [found.tolist() for found in ascending(np.array([0.5, -1.0, 0.25]))]
    [[1, 2, 0], [-1.0, 0.25, 0.5]]
    """
    n_bits = len(values).bit_length()
    keys = values.view(np.int64) >> np.int64(63)
    keys &= _ALL_BUT_SIGN
    keys ^= values.view(np.int64)
    keys -= keys.min()
    codes = keys.view(np.uint64)
    lost = max(int(codes.max()).bit_length() + n_bits - 64, 0)
    codes >>= np.uint64(lost)
    codes <<= np.uint64(n_bits)
    codes |= np.arange(len(values), dtype=np.uint64)
    codes.sort()
    order = (codes & np.uint64((1 << n_bits) - 1)).view(np.intp)
    found = values[order]
    if lost and np.any(found[1:] < found[:-1]):
        codes >>= np.uint64(n_bits)
        are_tied = np.zeros(len(codes) + 1, np.bool_)
        np.equal(codes[1:], codes[:-1], out=are_tied[1:-1])
        tied = np.flatnonzero(are_tied[1:] | are_tied[:-1])
        if len(tied) > len(codes) // _MOST_TIED:
            order = np.argsort(values)
            return order, values[order]
        again = tied[np.lexsort((found[tied], codes[tied]))]
        order[tied], found[tied] = order[again], found[again]
    return order, found


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


def is_new(keys: FloatArray | Places) -> BoolArray:
    """Whether each of some keys differs from the one before; the first one does."""
    found = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=found[1:])
    return found


def run_starts(keys: FloatArray) -> Places:
    """Return where runs of equal keys begin; there is at least one key."""
    return np.flatnonzero(is_new(keys))


def _hard_labels(labels: LabelArray) -> BoolArray | None:
    """Return the labels as 0 or 1; None where one of them is neither."""
    is_hard = labels.dtype == np.bool_
    return labels.view(np.bool_) if is_hard else positive_labels(as_floats(labels))


def label_spread(rows: Rows) -> ExactSum:
    """Sum weights times label times one minus the label."""
    labels = as_floats(rows.labels)
    return ExactSum.of(weighted(labels * (1.0 - labels), rows.weights))


def _rest(labels: LabelArray) -> LabelArray:
    return np.logical_not(labels) if labels.dtype == np.bool_ else 1.0 - as_floats(labels)


def product_sums(
    labels: LabelArray, weights: FloatArray | None, starts: Places
) -> tuple[Parts, Parts]:
    """Sum up the weights of label 1, and of label 0, over runs of rows, exactly."""
    return _product_sums(labels, weights, starts), _product_sums(_rest(labels), weights, starts)


def _product_sums(shares: LabelArray, weights: FloatArray | None, starts: Places) -> Parts:
    """Sum up weights times shares, exactly."""
    if weights is None:
        return run_sums(as_floats(shares), starts)
    if shares.dtype == np.bool_:
        return _summed(np.where(shares, weights, 0.0), starts)
    products, errors = two_product(weights, as_floats(shares))
    return (*_summed(products, starts), *_summed(errors, starts))


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


def histogram(tally: Tally) -> tuple[float, ...]:
    """Sum the weights of predictions over `N_HISTOGRAM_BINS` bins of equal width.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> heights = histogram(Tally.of(Rows(np.array([True, False]), np.array([0.0, 0.995]))))
    >>> heights[0], heights[-1], sum(heights)
    (1.0, 1.0, 2.0)
    """
    edges = np.array(uniform_edges(N_HISTOGRAM_BINS))
    ends = np.searchsorted(tally.predictions, edges[1:-1], side="right")
    weights = total(tally.positives) + total(tally.negatives)
    places = [0, *ends.tolist(), len(tally)]
    return tuple(float(weights[low:high].sum()) for low, high in pairwise(places))
