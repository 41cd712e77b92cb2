"""Keys of rows, which find their partners by hashes; bytes are compared, and few become texts."""

from __future__ import annotations

from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from bce_cli.readers.buffers import codes_of, offsets_of
from bce_cli.readers.texts import Texts, strings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from bce_cli.core.rows import BoolArray

Integers: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Places: TypeAlias = npt.NDArray[np.int64]
Hashes: TypeAlias = npt.NDArray[np.uint64]

_WORD = 8
_WORDS = np.dtype("<u8")
_MASKS = np.array([(1 << 8 * n_bytes) - 1 for n_bytes in range(_WORD + 1)], np.uint64)
"""What counts of a word, of which so many bytes belong to a text."""
_NOT_ASCII = np.uint64(0x8080_8080_8080_8080)
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(0xD6E8_FEB8_6659_FD93)
_HALF = np.uint64(32)
_ROWS_AT_ONCE = 1 << 16
_LONG = 1 << 10  # bytes


class Partners(NamedTuple):
    """Which rows of two tables belong together.

    Attributes
    ----------
    left, right : ndarray of int, shape (m,)
        Places of the rows that have a partner, in pairs.
    """

    left: Places
    right: Places


class Keys:
    """The keys of some rows.

    Parameters
    ----------
    words : ndarray of uint64
        The bytes of all texts, and at least one word behind them.
    starts, lengths : ndarray of int, shape (n,)
        Where the bytes of each text stand; texts may share them.
    hashes : ndarray of uint64, shape (n,)
        The same for the same text, in every process.
    """

    def __init__(self, words: Hashes, starts: Integers, lengths: Integers, hashes: Hashes) -> None:
        self.words = words
        self.starts = starts
        self.lengths = lengths
        self.hashes = hashes

    @classmethod
    def of(cls, texts: Sequence[str]) -> Keys:
        """Return the keys of rows whose keys have some texts.

        Examples
        --------
        >>> Keys.of(["a", "b", "a"]).repeats()
        [(2, 0)]
        """
        chunks = texts.chunks if isinstance(texts, Texts) else [strings(texts)]
        return cls.joined([_of_chunk(chunk) for chunk in chunks])

    @classmethod
    def joined(cls, parts: Sequence[Keys]) -> Keys:
        """Put keys one after the other."""
        if len(parts) == 1:
            return parts[0]
        words = [np.zeros(0, _WORDS), *(part.words for part in parts)]
        before = np.cumsum([_WORD * len(each) for each in words])
        starts = [part.starts + n_bytes for part, n_bytes in zip(parts, before, strict=False)]
        none = np.zeros(0, np.int64)
        return cls(
            np.concatenate(words),
            np.concatenate([none, *starts]),
            np.concatenate([np.zeros(0, np.int32), *(part.lengths for part in parts)]),
            np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)]),
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def n_bits(self) -> int:
        """Bits that the number of a row takes."""
        return len(self).bit_length()

    @cached_property
    def in_order(self) -> Hashes:
        """Hashes in their order, with the number of the row in place of their last `n_bits`.

        Sorting these takes a fifth of the time of `argsort`.
        """
        bits = np.uint64(self.n_bits)
        found = self.hashes >> bits
        found <<= bits
        found |= np.arange(len(self), dtype=np.uint64)
        found.sort()
        return found

    def rows(self, found: Hashes) -> Places:
        """Return the numbers of the rows from what `in_order` holds of them."""
        return (found & np.uint64((1 << self.n_bits) - 1)).astype(np.int64)

    def spans(self, edges: Hashes) -> list[Hashes]:
        """Cut `in_order` before the first hash that is not less than each edge."""
        at = [*np.searchsorted(self.in_order, edges).tolist(), len(self)]
        return [self.in_order[start:stop] for start, stop in pairwise(at)]

    @property
    def are_ascii(self) -> bool:
        """Whether no text has any other character."""
        return not np.any(self.words & _NOT_ASCII)

    def at(self, rows: Integers) -> Keys:
        """Return the keys of some rows."""
        return Keys(self.words, self.starts[rows], self.lengths[rows], self.hashes[rows])

    def texts(self, rows: Places) -> list[str]:
        """Return the texts of some rows; equal ones are one object, so none is compared twice."""
        data = self.words.view(np.uint8).data
        known: dict[tuple[int, int], str] = {}
        one_of: dict[str, str] = {}
        found = []
        for place in zip(self.starts[rows].tolist(), self.lengths[rows].tolist(), strict=True):
            if place not in known:
                text = str(data[place[0] : sum(place)], "utf-8")
                known[place] = one_of.setdefault(text, text)
            found.append(known[place])
        return found

    def repeats(self) -> list[tuple[int, int]]:
        """Return the row in which each key stands for the second time, and that of the first."""
        found, n_bits = self.in_order, np.uint64(self.n_bits)
        at = np.flatnonzero((found[1:] ^ found[:-1]) >> n_bits == 0)
        if not len(at):
            return []
        rows = np.unique(self.rows(found[np.concatenate([at, at + 1])]))
        first: dict[str, int] = {}
        second: dict[str, tuple[int, int]] = {}
        for row, text in zip(rows.tolist(), self.texts(rows), strict=True):
            if first.setdefault(text, row) != row:
                second.setdefault(text, (row, first[text]))
        return list(second.values())


def partners(left: Keys, right: Keys, run: Callable[..., Iterator[Any]] = map) -> Partners:
    """Find out which rows of two tables belong together, in the order of the left ones.

    Parameters
    ----------
    left, right : Keys
        No key of the right ones repeats.
    run : callable (function, items) -> iterator
        Calls the function with each item and yields the results in order, as `map` does.

    Examples
    --------
    >>> [places.tolist() for places in partners(Keys.of(["a", "b", "c"]), Keys.of(["c", "a"]))]
    [[0, 2], [1, 0]]
    """
    n_spans = 1 << max((len(left) // _ROWS_AT_ONCE).bit_length(), 1)
    edges = np.arange(n_spans, dtype=np.uint64) * np.uint64((1 << 64) // n_spans)
    spans = zip(left.spans(edges), right.spans(edges), strict=True)
    found = np.full(len(left), -1)
    for rows, places in run(partial(_likely_partners, left, right), spans):
        found[rows] = places
    # In the order of the rows, in which half of what is compared stands together.
    starts = range(0, len(left), _ROWS_AT_ONCE)
    parts = ((start, found[start : start + _ROWS_AT_ONCE]) for start in starts)
    pairs = [Partners(*[np.zeros(0, np.int64)] * 2)]
    pairs += run(partial(_partners_among, left, right), parts)
    return Partners(*map(np.concatenate, zip(*pairs, strict=True)))


def _likely_partners(left: Keys, right: Keys, span: tuple[Hashes, Hashes]) -> Partners:
    """Find the partners of rows in a span of hashes, which are not compared but for a few."""
    found, others = span
    bits = np.uint64(max(left.n_bits, right.n_bits))
    hashes, theirs = found >> bits, others >> bits
    is_pair = np.array_equal(hashes, theirs)  # as they are where each row has a partner
    at = np.arange(len(hashes)) if is_pair else np.searchsorted(theirs, hashes)
    is_met = at < len(others)
    is_met[is_met] = theirs[at[is_met]] == hashes[is_met]
    is_doubtful = at + 1 < len(others)
    is_doubtful[is_doubtful] = theirs[at[is_doubtful] + 1] == hashes[is_doubtful]
    is_alike = hashes[1:] == hashes[:-1]
    is_doubtful[1:] |= is_alike
    is_doubtful[:-1] |= is_alike
    is_sure = is_met & ~is_doubtful
    rows, places = left.rows(found[is_sure]), right.rows(others[at[is_sure]])
    is_doubtful &= is_met
    if is_doubtful.any():  # keys with the same hash, as far as it is left
        lefts = left.rows(found[is_doubtful])
        rights = right.rows(others[np.isin(theirs, hashes[is_doubtful])])
        place_of = dict(zip(right.texts(rights), rights.tolist(), strict=True))
        more = np.array([place_of.get(text, -1) for text in left.texts(lefts)])
        rows = np.concatenate([rows, lefts[more >= 0]])
        places = np.concatenate([places, more[more >= 0]])
    return Partners(rows, places)


def _partners_among(left: Keys, right: Keys, likely: tuple[int, Places]) -> Partners:
    """Compare rows from some place on with their likely partners, or -1, of which some stay."""
    start, places = likely
    rows = np.arange(start, start + len(places))
    is_likely = places >= 0
    if not is_likely.all():
        rows, places = rows[is_likely], places[is_likely]
    is_same = _are_same(left.at(rows), right, places)
    return Partners(rows, places) if is_same.all() else Partners(rows[is_same], places[is_same])


def _are_same(left: Keys, right: Keys, places: Places) -> BoolArray:
    """Compare keys with as many at some places.

    Where hashes are the same, and so are lengths and all bytes but eight, so are these: each step
    of a hash can be undone.
    """
    lengths, others = left.lengths, right.lengths[places]
    is_same: BoolArray = lengths == others
    is_same &= left.hashes == right.hashes[places]
    n_compared = np.minimum(lengths, others)
    n_compared = np.where(n_compared > _LONG, n_compared, (n_compared - 1) & -_WORD)
    mine, theirs = left.starts, right.starts[places]
    for step in _steps(n_compared):
        is_same[step.rows] &= step.words(left.words, mine) == step.words(right.words, theirs)
    return is_same


class _Step(NamedTuple):
    """Eight bytes of some texts.

    Attributes
    ----------
    start : int
        How many stand before them.
    rows : ndarray of int, or slice
        Which texts have any.
    masks : ndarray of uint64
        Which bytes they have.
    """

    start: int
    rows: Any
    masks: Hashes

    def words(self, words: Hashes, starts: Integers) -> Hashes:
        """Return these bytes of the texts that begin at some places, as numbers."""
        place = starts[self.rows] + self.start
        at, shift = place >> 3, (place & 7).astype(np.uint64) << np.uint64(3)
        low = words.take(at) >> shift
        high = words.take(at + 1) << np.uint64(1) << (np.uint64(63) - shift)
        found: Hashes = (low | high) & self.masks
        return found


def _steps(lengths: Integers) -> Iterator[_Step]:
    """Go through texts of some lengths, eight bytes at a time."""
    rows: Any = slice(None)
    n_left = lengths
    for start in range(0, int(lengths.max(initial=0)), _WORD):
        if start:
            n_left = n_left - _WORD
        has_any = n_left > 0
        if not has_any.all():
            rows = np.arange(len(lengths))[rows][has_any]
            n_left = n_left[has_any]
        yield _Step(start, rows, _MASKS.take(n_left, mode="clip"))


def _of_chunk(column: pa.Array) -> Keys:
    """Return the keys of rows of an array of strings, dictionary-encoded or not."""
    import pyarrow as pa

    if hasattr(column, "dictionary"):
        if len(column.dictionary) > len(column):
            return _of_chunk(column.dictionary_decode())
        return _of_chunk(column.dictionary).at(codes_of(column))
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    offsets = offsets_of(column)
    start, stop = int(offsets[0]), int(offsets[-1])
    words = np.zeros((stop - start) // _WORD + 2, _WORDS)
    if stop > start:
        data = np.frombuffer(column.buffers()[2], np.uint8)
        words.view(np.uint8)[: stop - start] = data[start:stop]
    starts, lengths = offsets[:-1] - start, np.diff(offsets).astype(np.int32)
    return Keys(words, starts, lengths, _hashes(words, starts, lengths))


def _hashes(words: Hashes, starts: Integers, lengths: Integers) -> Hashes:
    """Mix the bytes of each key into a number."""
    is_long = lengths > _LONG
    hashes = lengths.astype(np.uint64)
    for step in _steps(np.where(is_long, 0, lengths)):
        mixed = (hashes[step.rows] ^ step.words(words, starts)) * _ODD[0]
        hashes[step.rows] = mixed ^ mixed >> _HALF
    hashes *= _ODD[1]
    hashes ^= hashes >> _HALF
    if is_long.any():  # by arrays, 64 KiB take 8192 steps, though there may be one such text
        from hashlib import blake2b  # noqa: PLC0415 -- hardly any key is long

        data = words.view(np.uint8).data
        for row in np.flatnonzero(is_long).tolist():
            text = data[starts[row] : starts[row] + lengths[row]]
            hashes[row] = int.from_bytes(blake2b(text, digest_size=_WORD).digest(), "little")
    return hashes
