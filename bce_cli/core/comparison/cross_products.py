"""Sums of products of many columns with each other, exact, by products of matrices.

Each column is cut into slices of so few bits that sums of products of two slices are exact in
float64, in whatever order a product of matrices adds them up; as in Ozaki, Ogita, Oishi and Rump,
"Error-free transformations of matrix multiplication by using fast routines of matrix
multiplication and its applications", Numer. Algorithms 59 (2012). For a handful of columns that is
several times as fast as one sum of products after the other.
"""

from __future__ import annotations

import math
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.exact_sum import BLOCK, UNIT_EXPONENT, ExactSum, peak_of, product_units, slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.rows import FloatArray, Places

_SEGMENT = 512  # of so many products a product of matrices is one that BLAS does in this thread
_CHUNK = 16 * _SEGMENT  # rows of a handful of columns that a cache holds
_BITS = 22  # 2 * 22 of a product, and 9 of the sum of a segment, are 53
_MOST_SLICES = 8
_MOST_LEFT = 1.0 / 64.0  # of the rows, which are left to be multiplied one by one
_LARGEST = 300  # 2**±300: beyond, products of slices might be too large or too small


def pair_products(columns: Sequence[FloatArray]) -> tuple[ExactSum, ...]:
    """Sum the products of each pair of columns, and the squares of each.

    Parameters
    ----------
    columns : sequence of ndarray of float64, shape (n,)
        Finite.

    Returns
    -------
    tuple of ExactSum
        Of the pairs in the order of `itertools.combinations_with_replacement`; each is what
        `ExactSum.of_products` gives, but for units of 2**-1074.

    Examples
    --------
    >>> import numpy as np
    >>> columns = np.array([0.1, 0.2]), np.array([3.0, 4.0])
    >>> [float(total) for total in pair_products(columns)]
    [0.05, 1.1, 25.0]
    """
    pairs = [*combinations_with_replacement(range(len(columns)), 2)]
    units = [0] * len(pairs)
    for block in slices(len(columns[0]) if pairs else 0):
        found = _block_units([column[block] for column in columns], pairs)
        units = [total + more for total, more in zip(units, found, strict=True)]
    return tuple(map(ExactSum, units))


def _block_units(columns: list[FloatArray], pairs: list[tuple[int, int]]) -> list[int]:
    bound = math.frexp(max(map(peak_of, columns)))[1]
    if abs(bound) > _LARGEST:
        return [product_units(columns[i], columns[j]) for i, j in pairs]
    exponent = 2 * (bound - _BITS) - UNIT_EXPONENT  # of a product of slices that are the first
    units = [0] * len(pairs)
    for most_left in (_MOST_LEFT, 0.0):
        sums, left = _sums_of_slices(columns, bound, most_left)
        for place, (i, j) in enumerate(pairs):
            for a, of_a in enumerate(sums[i][j]):
                for b, found in enumerate(of_a):
                    units[place] += found << (exponent - _BITS * (a + b))
        if not len(left):
            return units
        columns = [column[left] for column in columns]
    rest = [product_units(columns[i], columns[j]) for i, j in pairs]
    return [total + more for total, more in zip(units, rest, strict=True)]


def _sums_of_slices(
    columns: list[FloatArray], bound: int, most_left: float
) -> tuple[list[Any], Places]:
    """Sum the products of slices of a block; slice a of all columns has units of its own.

    Parameters
    ----------
    columns : list of ndarray of float64, shape (n,)
    bound : int
        None of them is beyond 2**bound.
    most_left : float
        Share of rows that may be left over.

    Returns
    -------
    sums : list of list of list of list of int
        Of columns i and j, and of their slices a and b.
    left : ndarray of int, shape (m,)
        Rows of numbers so small that they would need more slices; they are in no sum.
    """
    n, k = len(columns[0]), len(columns)
    parts = np.empty((_MOST_SLICES, k, _CHUNK))
    sums = np.zeros((_MOST_SLICES, k, _MOST_SLICES, k), np.int64)
    most, lefts = 0, []
    for chunk in slices(n, _CHUNK):
        rows = np.array([column[chunk] for column in columns])
        n_slices, left = _cut(rows, bound, most_left, parts)
        whole = parts[:n_slices].reshape(n_slices * k, -1, _SEGMENT)
        segments = whole[:, : -(-rows.shape[1] // _SEGMENT)].transpose(1, 0, 2)
        products = (segments @ segments.transpose(0, 2, 1)).astype(np.int64).sum(axis=0)
        sums[:n_slices, :, :n_slices] += products.reshape(n_slices, k, n_slices, k)
        most = max(most, n_slices)
        lefts.append(left + chunk.start)
    found = sums[:most, :, :most].transpose(1, 3, 0, 2).tolist()
    return found, np.concatenate(lefts)


def _cut(rests: FloatArray, bound: int, most_left: float, parts: FloatArray) -> tuple[int, Places]:
    """Fill `parts` with slices, whole numbers of at most 2**22, and return how many there are.

    Rows that are left over, and places up to the next whole segment, are 0 there.
    """
    n = rests.shape[1]
    grid = np.empty_like(rests)
    n_slices, left = 0, np.arange(n)
    while n_slices < _MOST_SLICES and len(left) > most_left * n:
        exponent = bound - _BITS * (n_slices + 1)
        anchor = math.ldexp(1.5, exponent + 52)
        np.add(rests, anchor, out=grid)
        grid -= anchor
        rests -= grid
        np.multiply(grid, math.ldexp(1.0, -exponent), out=parts[n_slices, :, :n])
        n_slices += 1
        left = np.flatnonzero(rests.any(axis=0))
    parts[:n_slices, :, n : n + _SEGMENT] = 0.0
    if len(left):
        parts[:n_slices, :, left] = 0.0
    return n_slices, left


assert BLOCK // _SEGMENT * 2**53 < 2**63  # noqa: S101 -- so that sums of their sums are exact, too
