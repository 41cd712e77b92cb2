"""Rows dealt into folds: what each is judged by was fitted to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.rows import as_floats
from bce_cli.errors import ArgumentError, DataError, given
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, Rows

    Codes = npt.NDArray[np.int32]

USUAL_FOLDS = 10
_HALF = 0.5


@dataclass(frozen=True)
class Folds:
    """Which rows are judged by a map that was fitted to which others.

    Attributes
    ----------
    codes : ndarray of int32, shape (n,)
        Of each row: the fold that it is judged in, from 0; -1 for rows that are judged in none,
        which are those before all others in order.
    n : int
        Folds.
    in_order : bool
        Whether a fold is fitted to the rows before it alone, and not to all others.
    n_cut : int
        Clusters that stand in more than one fold; none unless rows are in order.
    """

    codes: Codes
    n: int
    in_order: bool = False
    n_cut: int = 0

    def fitted(self, codes: Codes, fold: int) -> BoolArray:
        """Which of some codes take part in the fit for one fold."""
        fitted: BoolArray = codes < fold if self.in_order else codes != fold
        return fitted


def default_folds(rows: Rows, order: npt.ArrayLike | None = None) -> int:
    """Return how many folds to deal rows into where nobody has said it.

    They are 10; or with `order`, as many up to that as its different values make.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, True]), np.full(3, 0.5))
    >>> default_folds(rows), default_folds(rows, [1, 2, 3])
    (10, 2)
    """
    if order is None:
        return USUAL_FOLDS
    n_values = int(_ranks(order, len(rows), None).max(initial=0)) + 1
    return min(USUAL_FOLDS, max(n_values - 1, 1))


def deal(
    rows: Rows, n: int, *, seed: int | None = None, order: npt.ArrayLike | None = None
) -> Folds:
    """Deal rows into folds.

    Rows of each label get the folds 0, 1, ... by turns, in their order; soft labels of a half and
    more stand for 1. Clusters get them whole, in the order in which they appear. With `seed`, rows
    of a label, or clusters, take their turns in an order by chance. With `order`, rows that are
    sorted by it are cut into n + 1 blocks of about as many rows each. Each but the first is a fold,
    and is fitted to all blocks before it. Rows that are equal in `order` stay in one block.

    Parameters
    ----------
    rows : Rows
        None left out.
    n : int
        Folds, at least 2, or 1 with `order`.
    seed : int, optional
    order : array-like, shape (n,), optional
        Numbers; rows of a smaller one came before.

    Raises
    ------
    DataError
        There are fewer rows of either label, clusters, or different values of `order` than it
        takes; or the rows of some fit have one label only.
    ArgumentError
        Both `seed` and `order` are given, or `order` is no number for each row.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, True, False, True, False]), np.full(5, 0.5))
    >>> deal(rows, 2).codes.tolist()
    [0, 1, 0, 0, 1]
    >>> deal(rows, 1, order=[3, 1, 2, 4, 2]).codes.tolist()
    [0, -1, -1, 0, -1]
    """
    if order is not None:
        folds = _in_order(rows, n, _ranks(order, len(rows), seed))
    else:
        rng = None if seed is None else np.random.default_rng(seed)
        codes = _by_label(rows, n, rng) if rows.cluster is None else _by_cluster(rows, n, rng)
        folds = Folds(codes, n)
    _refuse_one_label(rows, folds)
    return folds


def _turns(n: int, folds: int, rng: np.random.Generator | None) -> Codes:
    turns = (np.arange(n) % folds).astype(np.int32)
    return turns if rng is None else rng.permutation(turns)


def _are_positive(rows: Rows) -> BoolArray:
    if rows.labels.dtype == np.bool_:
        return rows.labels  # type: ignore[return-value]
    positive: BoolArray = as_floats(rows.labels) >= _HALF
    return positive


def _by_label(rows: Rows, n: int, rng: np.random.Generator | None) -> Codes:
    positive = _are_positive(rows)
    n_positive = int(np.count_nonzero(positive))
    n_negative = len(rows) - n_positive
    if max(n_positive, n_negative) < n:
        message = (
            f"{n} folds take as many rows of a label, and there are {n_positive} of label 1 and "
            f"{n_negative} of label 0"
        )
        raise DataError(message, _fewer(max(n_positive, n_negative)))
    codes = np.empty(len(rows), np.int32)
    codes[positive] = _turns(n_positive, n, rng)
    codes[~positive] = _turns(n_negative, n, rng)
    return codes


def _fewer(most: int, least: int = 2) -> str | None:
    """Return the hint that there may be so many folds, if there may be any."""
    return f"at most {given(folds=most)}" if most >= least else None


def _by_cluster(rows: Rows, n: int, rng: np.random.Generator | None) -> Codes:
    cluster = _clusters(rows)
    n_clusters = int(cluster.max(initial=-1)) + 1
    if n_clusters < n:
        message = f"{n} folds take as many clusters, and there are {n_clusters}"
        raise DataError(message, _fewer(n_clusters))
    return _turns(n_clusters, n, rng)[cluster]


def _clusters(rows: Rows) -> npt.NDArray[np.intp]:
    """Give clusters, known by their words, numbers in the order in which they appear."""
    assert rows.cluster is not None  # noqa: S101 -- whoever calls has seen it
    codes, names = rows.cluster.codes, rows.cluster.names
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    words = np.array([numbers[name] for name in names], np.intp)[codes]
    firsts = np.full(len(numbers), len(words))
    np.minimum.at(firsts, words, np.arange(len(words)))
    turn = np.empty(len(numbers), np.intp)
    turn[np.argsort(firsts, kind="stable")] = np.arange(len(numbers))
    return turn[words]


def _ranks(order: npt.ArrayLike, n: int, seed: int | None) -> npt.NDArray[np.intp]:
    """Give the different values of an order numbers, ascending; shape (n,)."""
    if seed is not None:
        message = "seed deals rows by chance, and order by what came before"
        raise ArgumentError(message, "give one of them", "seed", "order")
    values = np.asarray(order)
    if values.shape != (n,):
        message = f"order must have one value for each of {n} rows, got shape {values.shape}"
        raise ArgumentError(message, None, "order")
    if values.dtype.kind not in "biufmM" or (values != values).any():  # noqa: PLR0124 -- NaN, NaT
        message = "order must be numbers or times, none of them missing"
        raise ArgumentError(message, None, "order")
    return np.unique(values, return_inverse=True)[1]


def _in_order(rows: Rows, n: int, ranks: npt.NDArray[np.intp]) -> Folds:
    """Cut sorted rows where the next value begins that is nearest to equal shares."""
    ends = np.cumsum(np.bincount(ranks))[:-1]  # of each value but the last: rows up to there
    if len(ends) < n:
        take = f"{n} folds in order take" if n > 1 else "1 fold in order takes"
        message = f"{take} {n + 1} different values, and there are {len(ends) + 1}"
        raise DataError(message, _fewer(len(ends), least=1))
    block = np.zeros(len(ends) + 1, np.int32)
    last = -1
    for cut in range(1, n + 1):
        share = cut * len(rows) / (n + 1)
        low, high = last + 1, len(ends) - (n - cut)
        last = low + int(np.argmin(np.abs(ends[low:high] - share)))
        block[last + 1] = 1
    codes = (np.cumsum(block, dtype=np.int32) - 1)[ranks]
    return Folds(codes, n, in_order=True, n_cut=_count_cut(rows, codes))


def _count_cut(rows: Rows, codes: Codes) -> int:
    """Count the clusters that stand in more than one block."""
    if rows.cluster is None:
        return 0
    clusters = _clusters(rows)
    n = int(clusters.max()) + 1
    least, greatest = np.full(n, len(rows)), np.full(n, -2)
    np.minimum.at(least, clusters, codes)
    np.maximum.at(greatest, clusters, codes)
    return int(np.count_nonzero(least < greatest))


def _refuse_one_label(rows: Rows, folds: Folds) -> None:
    """Raise DataError where a fit would see one label alone."""
    labels, blocks = as_floats(rows.labels), np.arange(-1, folds.n, dtype=np.int32)
    for label, shares in ((1, labels), (0, 1.0 - labels)):
        counts = np.bincount(folds.codes + 1, weights=shares > 0.0, minlength=folds.n + 1)
        for fold in range(folds.n):
            if counts[folds.fitted(blocks, fold)].sum():
                continue
            if folds.in_order:
                message = f"no row before fold {fold + 1} has label {label}, and a map takes both"
                hint = "fewer folds leave more rows before the first" if folds.n > 1 else None
                raise DataError(message, hint)
            n = int(counts.sum())
            rows_of = (
                f"the only row of label {label} is"
                if n == 1
                else f"all {n:,} rows of label {label} are"
            )
            message = f"{rows_of} in fold {fold + 1}, whose map is fitted to the others"
            raise DataError(message)
