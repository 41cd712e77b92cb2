"""Rows put together by the words of a column, so that each group is one slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.row_columns import Categories


def grouped(
    columns: tuple[Categories, ...],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], list[tuple[str, ...]]]:
    """Order rows by the words of at least one column.

    Parameters
    ----------
    columns : tuple of Categories, each of shape (n,)

    Returns
    -------
    order : ndarray of int, shape (n,)
        Places of the rows, group by group; within a group they keep their order.
    starts : ndarray of int, shape (m,)
        Where each group begins in `order`.
    names : list of tuple of str, shape (m,)
        The words of each group. Where a column names a word twice, groups may have the same words.

    Examples
    --------
    >>> from bce_cli.core.row_columns import Categories
    >>> column = Categories(np.array([1, 0, 1], np.int32), ("a", "b"))
    >>> order, starts, names = grouped((column,))
    >>> order.tolist(), starts.tolist(), names
    ([1, 0, 2], [0, 1], [('a',), ('b',)])
    """
    codes = columns[0].codes.astype(np.int64)
    for column in columns[1:]:
        codes *= len(column.names)
        codes += column.codes
    order, starts, found = ordered(codes)
    names = []
    for code in found:
        words, rest = [], code
        for column in reversed(columns[1:]):
            rest, place = divmod(rest, len(column.names))
            words.append(column.names[place])
        names.append((columns[0].names[rest], *reversed(words)))
    return order, starts, names


def ordered(
    codes: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], list[int]]:
    """Order rows by a code that is 0 or more; rows of one code keep their order.

    Returns
    -------
    order : ndarray of int, shape (n,)
    starts : ndarray of int, shape (m,)
        Where each code begins in `order`.
    found : list of int, shape (m,)
        The codes that occur, ascending.

    Examples
    --------
    >>> order, starts, found = ordered(np.array([7, 2, 7]))
    >>> order.tolist(), starts.tolist(), found
    ([1, 0, 2], [0, 1], [2, 7])
    """
    order = np.argsort(_narrowed(codes), kind="stable")
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
    return order, starts, sorted_codes[starts].tolist()


def _narrowed(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.integer]:
    """Store small codes in 16 bits, which NumPy sorts by counting."""
    is_small = len(codes) > 0 and codes.max() < 2**16
    return codes.astype(np.uint16) if is_small else codes
