"""Sources read one after the other that hold the same labels: models of the same rows, most likely.

Whoever names the files of two models where days or shards are meant gets one number for both, as if
there were twice as many rows. Labels are summed up in a value that merges, so blocks may be read in
any order, anywhere.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bce_cli.errors import safe_text
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bce_cli.core.rows import LabelArray
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.reading import Reading

MOST_SOURCES = 100
"""With more of them, they are shards of one data set."""
_PRIMES = ((1 << 31) - 1, (1 << 31) - 19)
_BASE = 1_234_567_891
_CERTAIN, _LIKELY = 1000.0, 3.0
"""Ways to arrange labels, for each pair of sources that might share one: with so many, that is no
accident, or rather none."""
_MOST_NAMED = 3


class NumberedBlock(NamedTuple):
    """A block of one of several sources; see `Block`.

    Attributes
    ----------
    block : Block
    source : int
        Which of them.
    """

    block: Block
    source: int

    @property
    def n_rows(self) -> int:
        """Rows of the block."""
        return self.block.n_rows

    @property
    def n_bytes(self) -> int:
        """What it is read from."""
        return self.block.n_bytes

    def read(self) -> Reading:
        """Parse and validate every row, and sum up the labels."""
        reading = self.block.read()
        return replace(reading, label_print=LabelPrint.of(self.source, reading.rows.labels))


def numbered(blocks: Iterable[Block], source: int | None) -> Iterator[Block]:
    """Yield blocks of one of several sources; of None, as they are."""
    return iter(blocks) if source is None else (NumberedBlock(block, source) for block in blocks)


@dataclass(frozen=True, slots=True)
class LabelPrint:
    """What tells the labels of rows of one source, which follow each other, from all others.

    Attributes
    ----------
    source : int
    n, n_positive : int
    sums : tuple of int
        The labels as the digits of a number, by two primes.
    """

    source: int
    n: int
    n_positive: int
    sums: tuple[int, ...]

    @classmethod
    def of(cls, source: int, labels: LabelArray) -> LabelPrint:
        """Sum up some labels.

        Parameters
        ----------
        source : int
        labels : ndarray of bool or float64, shape (n,)

        Examples
        --------
        >>> left, right = (LabelPrint.of(0, np.array(x, bool)) for x in ([1, 0], [1]))
        >>> left.followed_by(right) == LabelPrint.of(0, np.array([1, 0, 1], bool))
        True
        """
        n = len(labels)
        if labels.dtype == np.bool_:
            sums = tuple(int(_powers(p, n)[labels].sum()) % p for p in _PRIMES)
            return cls(source, n, int(np.count_nonzero(labels)), sums)
        bits = labels.view(np.uint64)
        sums = tuple(
            int((bits % np.uint64(p) * _powers(p, n) % np.uint64(p)).sum()) % p for p in _PRIMES
        )
        return cls(source, n, int(np.count_nonzero(labels >= 0.5)), sums)  # noqa: PLR2004

    def followed_by(self, other: LabelPrint) -> LabelPrint:
        """Merge with the rows that follow."""
        pairs = zip(self.sums, other.sums, _PRIMES, strict=True)
        sums = tuple((a + b * pow(_BASE, self.n, p)) % p for a, b, p in pairs)
        n, n_positive = self.n + other.n, self.n_positive + other.n_positive
        return LabelPrint(self.source, n, n_positive, sums)

    @property
    def n_arrangements(self) -> float:
        """In how many ways its labels could stand; 1 where all are the same."""
        n, k = self.n, self.n_positive
        if not 0 < k < n:
            return 1.0
        log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        return math.exp(min(log, 700.0))


def _powers(prime: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return _table_of_powers(prime, max(n - 1, 1).bit_length())[:n]


@cache
def _table_of_powers(prime: int, n_doubled: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    powers = np.ones(1, np.uint64)
    for _ in range(n_doubled):
        factor = np.uint64(pow(_BASE, len(powers), prime))
        powers = np.concatenate([powers, powers * factor % np.uint64(prime)])
    return powers


def in_a_row(left: tuple[LabelPrint, ...], right: tuple[LabelPrint, ...]) -> tuple[LabelPrint, ...]:
    """Merge what is known of rows that follow each other."""
    if left and right and left[-1].source == right[0].source:
        return (*left[:-1], left[-1].followed_by(right[0]), *right[1:])
    return left + right


def remark_on(
    prints: Sequence[LabelPrint],
    names: Sequence[str],
    ids_of: Callable[[int], Sequence[str] | None],
) -> str | None:
    """Say which sources hold the same labels, if that is no accident.

    Where it may be one, the ids of the rows decide, if there are any.

    Parameters
    ----------
    prints : sequence of LabelPrint
        One for each source.
    names : sequence of str
        What messages call the sources.
    ids_of : callable (source) -> sequence of str or None
    """
    alike: dict[tuple[int, tuple[int, ...]], list[LabelPrint]] = {}
    for found in prints:
        alike.setdefault((found.n, found.sums), []).append(found)
    of_size = Counter(found.n for found in prints)
    for first, *others in alike.values():
        same, ways = others, first.n_arrangements
        n_pairs = math.comb(of_size[first.n], 2)
        if ways == 1.0 or not others:
            continue
        if ways < _CERTAIN * n_pairs:
            ids = ids_of(first.source)
            is_likely = ids is not None or ways >= _LIKELY * n_pairs
            same = [each for each in others if is_likely and ids_of(each.source) == ids]
        if same:
            return _said([names[each.source] for each in (first, *same)], first.n)
    return None


def _said(names: Sequence[str], n: int) -> str:
    shown, more = [safe_text(name) for name in names[:_MOST_NAMED]], len(names) - _MOST_NAMED
    last = f"{more} more" if more > 0 else shown.pop()
    listed = f"{', '.join(shown)} and {last}"
    question = "are these models of the same rows? bce compare sets them side by side"
    return f"{listed} hold the same {n:,} labels in the same order: {question}"
