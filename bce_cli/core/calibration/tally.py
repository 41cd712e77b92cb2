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
from bce_cli.core.exact_sum import (
    UNIT_EXPONENT,
    ExactSum,
    groups_within,
    peak_of,
    slices,
    two_product,
)
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.validate import positive_labels
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

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


def _summed(rest: FloatArray, starts: Places, n_rows: int | None = None) -> Parts:
    """Do the same, and use the numbers up; more rows may be 0, and so are none of the numbers."""
    bits = min(53 - (n_rows or len(rest)).bit_length() - 1, _LARGEST_ANCHOR_BITS)
    parts = []
    peak = peak_of(rest)
    while peak:
        grid = max(int(np.frexp(peak)[1]) - bits, UNIT_EXPONENT)
        sums, peak = _taken(rest, float(np.ldexp(1.5, grid + 52)), starts)
        parts.append(sums)
    return tuple(parts) or (np.zeros(len(starts)),)


def _taken(rest: FloatArray, anchor: float, starts: Places) -> tuple[FloatArray, float]:
    """Take what is on a grid from what is left of numbers, and sum it up over runs.

    Returns
    -------
    sums : ndarray of float64, shape (m,)
    peak : float
        That of the rest.
    """
    sums, peak = np.zeros(len(starts)), 0.0
    is_sum = len(starts) == len(rest)  # most predictions are a run of one
    for block in slices(len(rest)):
        some = rest[block]
        on_grid = some + anchor
        on_grid -= anchor
        some -= on_grid
        peak = max(peak, peak_of(some))
        if is_sum:
            sums[block] = on_grid
            continue
        runs, begins = groups_within(starts, block.start, len(some))
        sums[runs] += np.add.reduceat(on_grid, begins)
    return sums, peak


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
    """Tally labels that are 0 or 1 and have no weights."""
    keys = _labelled_keys(labels, predictions)
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


def _labelled_keys(labels: BoolArray, predictions: FloatArray) -> npt.NDArray[np.uint64]:
    """Sort the bits of predictions, with the label as the last one.

    The bits of non-negative floats are in the order of their values, and leave room for the label.
    So no places need be sorted along, which takes half the time and memory.
    """
    keys = predictions.view(np.uint64) << _ONE
    keys |= labels
    keys.sort()
    return keys


def tally_of_runs(rows: Rows) -> Tally | None:
    """Tally neighbours together that are pooled in any case, as those of the same label are.

    A run of predictions of label 1 and the run of label 0 behind it stand under the first one.

    Parameters
    ----------
    rows : Rows
        At least one of them with a weight, and none left out.

    Returns
    -------
    Tally or None
        Without squares. None where that is not all: labels are soft, or a prediction has both.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> p, y = np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([False, True, True, False, True])
    >>> tally = tally_of_runs(Rows(y, p))
    >>> tally.predictions.tolist(), tally.positives[0].tolist(), tally.negatives[0].tolist()
    ([0.1, 0.2, 0.5], [0.0, 2.0, 1.0], [1.0, 1.0, 0.0])
    """
    if rows.weights is not None and not rows.weights.all():
        rows = rows.at(np.flatnonzero(rows.weights))
    hard = _hard_labels(rows.labels)
    if hard is None:
        return None
    if rows.weights is None and rows.logits is None:
        keys = _labelled_keys(hard, rows.probabilities)
        labels = np.empty(len(keys), np.bool_)
        for block in slices(len(keys)):
            np.copyto(labels[block], keys[block] & _ONE, casting="unsafe")
        changes = _changes(labels)
        if np.any(keys[changes] - keys[changes - 1] == _ONE):
            return None
        firsts, ones, zeros = _runs(labels, changes)
        found = (keys[firsts] >> _ONE).view(np.float64)
        n = len(rows)
        return Tally(found, None, _sums_of_runs(None, ones, n), _sums_of_runs(None, zeros, n))
    values = rows.probabilities if rows.logits is None else rows.logits
    order = order_of(values)
    labels = hard[order]
    changes = _changes(labels)
    if np.any(values[order[changes]] == values[order[changes - 1]]):
        return None
    firsts, ones, zeros = _runs(labels, changes)
    weights = None if rows.weights is None else rows.weights[order]
    at = order[firsts]
    return Tally(
        rows.probabilities[at],
        None if rows.logits is None else rows.logits[at],
        _sums_of_runs(None if weights is None else weights[labels], ones, len(rows)),
        _sums_of_runs(None if weights is None else weights[~labels], zeros, len(rows)),
    )


def _changes(labels: BoolArray) -> Places:
    """Return the places of labels that differ from the one before."""
    return np.flatnonzero(labels[1:] != labels[:-1]) + 1


def _runs(labels: BoolArray, changes: Places) -> tuple[Places, Places, Places]:
    """Return where label 1 follows label 0, and how many of label 1 and of 0 there are from there.

    The first label counts as such a place.
    """
    begins_with_1 = bool(labels[0])
    rises, falls = changes[begins_with_1::2], changes[1 - begins_with_1 :: 2]
    firsts = np.concatenate([[0], rises])
    falls = np.concatenate([[0] * (not begins_with_1), falls, [len(labels)] * bool(labels[-1])])
    falls = falls.astype(np.intp)
    return firsts, falls - firsts, np.append(firsts[1:], len(labels)) - falls


def _sums_of_runs(weights: FloatArray | None, counts: Places, n_rows: int) -> Parts:
    """Sum up weights, so many in each run; the first and the last run may have none."""
    if weights is None:
        return (counts.astype(np.float64),)
    has_any = counts > 0
    counts = counts[has_any]
    sums = _summed(weights, np.cumsum(counts) - counts, n_rows)
    if has_any.all():
        return sums
    spread = tuple(np.zeros(len(has_any)) for _ in sums)
    for whole, part in zip(spread, sums, strict=True):
        whole[has_any] = part
    return spread


_ALL_BUT_SIGN = np.int64(2**63 - 1)
_MOST_TIED = 4  # a share of one in so many is sorted again


def ascending(values: FloatArray) -> tuple[Places, FloatArray]:
    """Sort numbers; return their places as well; see `order_of`.

    Examples
    --------
    >>> [found.tolist() for found in ascending(np.array([0.5, -1.0, 0.25]))]
    [[1, 2, 0], [-1.0, 0.25, 0.5]]
    """
    order = order_of(values)
    return order, values[order]


def order_of(values: FloatArray) -> Places:
    """Return the places of numbers in their order.

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
    ndarray of intp, shape (n,)

    Examples
    --------
    >>> order_of(np.array([0.5, -1.0, 0.25])).tolist()
    [1, 2, 0]
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
    are_tied = _are_tied(codes, n_bits) if lost else np.zeros(0, np.bool_)
    codes &= np.uint64((1 << n_bits) - 1)
    order = codes.view(np.intp)
    if np.count_nonzero(are_tied) > len(order) // _MOST_TIED:
        found = values[order]
        return np.argsort(values) if np.any(found[1:] < found[:-1]) else order
    tied = np.flatnonzero(are_tied)
    found = values[order[tied]]
    if np.any(found[1:] < found[:-1]):
        order[tied] = order[tied[np.argsort(found, kind="stable")]]
    return order


def _are_tied(codes: npt.NDArray[np.uint64], n_bits: int) -> BoolArray:
    """Whether each of some codes is the same as one beside it, but for so many last bits."""
    are_same = np.zeros(len(codes) + 1, np.bool_)
    for block in slices(len(codes) - 1):
        some = codes[block.start : block.stop + 1] >> np.uint64(n_bits)
        np.equal(some[1:], some[:-1], out=are_same[block.start + 1 : block.start + len(some)])
    return are_same[1:] | are_same[:-1]


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
