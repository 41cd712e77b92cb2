"""Sums of runs of numbers whose own sums are exact as well.

Pools of predictions are merged into larger ones again and again. For a pool to have the same sums,
to the last bit, however it came about, its numbers are split into parts, each of them on a grid so
coarse that every sum of any of its members is exact in float64. Counts need one part, weights of
ordinary size three.
"""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.extraction import UNIT_EXPONENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.rows import FloatArray

Places: TypeAlias = npt.NDArray[np.intp]
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
    bits = min(53 - len(values).bit_length() - 1, _LARGEST_ANCHOR_BITS)
    parts = []
    rest, on_grid = values.copy(), np.empty_like(values)
    while peak := _peak(rest):
        grid = max(int(np.frexp(peak)[1]) - bits, UNIT_EXPONENT)
        anchor = float(np.ldexp(1.5, grid + 52))
        np.add(rest, anchor, out=on_grid)
        on_grid -= anchor
        parts.append(np.add.reduceat(on_grid, starts))
        rest -= on_grid
    return tuple(parts) or (np.zeros(len(starts)),)


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


def _peak(values: FloatArray) -> float:
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def merged(parts: Parts, starts: Places) -> Parts:
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
