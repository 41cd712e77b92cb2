"""Exact sums of numbers by group, for few groups and many numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.extraction import UNIT_EXPONENT

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray

GroupArray: TypeAlias = npt.NDArray[np.intp]

_SEGMENT = 4096  # 2**12 values of 40 bits each add up within 53 bits
_GRID_BITS = 40
_SEGMENTS = 16  # bounds the scratch memory
_LARGE = 2.0**900  # beyond this the extraction constant could overflow


def group_sums(values: FloatArray, groups: GroupArray, n_groups: int) -> tuple[ExactSum, ...]:
    """Sum the finite numbers of every group.

    Works as `ExactSum.of` does, with a table of as many partial sums as there are groups.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    groups : ndarray of intp, shape (n,)
        The group of every value, from 0 to ``n_groups - 1``.
    n_groups : int

    Returns
    -------
    tuple of ExactSum
        One for every group.

    Raises
    ------
    ValueError
        If a value is infinite or not a number.

    Examples
    --------
    >>> sums = group_sums(np.array([1e16, 0.5, 1.0, -1e16]), np.array([0, 1, 0, 0]), 3)
    >>> [float(total) for total in sums]
    [1.0, 0.5, 0.0]
    """
    units = [0] * n_groups
    block = _SEGMENT * _SEGMENTS
    for start in range(0, len(values), block):
        piece = slice(start, start + block)
        _add_block(units, values[piece], groups[piece])
    return tuple(ExactSum(total) for total in units)


def _add_block(units: list[int], values: FloatArray, groups: GroupArray) -> None:
    n_groups = len(units)
    cells = groups + np.arange(len(groups)) // _SEGMENT * n_groups
    rest = values
    while peak := float(np.abs(rest).max()):
        if not peak < _LARGE:  # nor is that which is no number
            for group in np.unique(groups).tolist():
                units[group] += ExactSum.of(rest[groups == group]).units
            return
        grid = max(int(np.frexp(peak)[1]) - _GRID_BITS, UNIT_EXPONENT)
        anchor = float(np.ldexp(1.5, grid + 52))
        on_grid = (rest + anchor) - anchor
        sums = np.bincount(cells, on_grid, minlength=_SEGMENTS * n_groups)
        counts = np.ldexp(sums, -grid).astype(np.int64).reshape(-1, n_groups).sum(axis=0)
        for group in np.flatnonzero(counts).tolist():
            units[group] += int(counts[group]) << (grid - UNIT_EXPONENT)
        rest = rest - on_grid
