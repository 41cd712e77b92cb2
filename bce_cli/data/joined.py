"""Rows of several tables, joined by the text of a key: all at once, or in parts by workers."""

from __future__ import annotations

import uuid
import zlib
from collections import deque
from dataclasses import replace
from functools import partial
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias, cast

import numpy as np

from bce_cli.core.rows import Predictions, Rows, concatenated
from bce_cli.data.keys import Keys, Partners, partners
from bce_cli.data.parts import seen_from_anywhere
from bce_cli.data.table import Facts, ReadRows, Table, label_conflict
from bce_cli.errors import (
    BceError,
    DataError,
    InputError,
    JoinInDoubt,
    MissingInputError,
    SideUnreadable,
    given,
    quoted,
)
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.reading import LabelValues, Reading
from bce_cli.readers.texts import one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray
    from bce_cli.data.keys import Hashes, Places
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.storage.sources import Source

    Bits: TypeAlias = npt.NDArray[np.uint8]

_MOST_SHOWN = 5
_BLOCK_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class Gathered:
    """All rows of a table.

    Attributes
    ----------
    name : str
        What messages call it.
    rows : Rows
    keys : Keys
        The key of each row.
    key_names : tuple of str
        The columns that it was made of.
    """

    name: str
    rows: Rows
    keys: Keys
    key_names: tuple[str, ...] = ()

    def shown(self, row: int) -> str:
        """Return the key of a row as messages show it, with its columns if there are several."""
        (key,) = self.keys.texts(np.array([row]))
        if len(self.key_names) <= 1:
            return quoted(key)
        pairs = zip(self.key_names, one_by_one(key), strict=True)
        return f"({', '.join(f'{quoted(name)}: {quoted(text)}' for name, text in pairs)})"

    def others(self, rows: Sequence[int] | Places, what: str) -> str:
        """Count rows but for the first, and name the keys of some."""
        n = len(rows) - 1
        if not n:
            return ""
        shown = ", ".join(self.shown(int(row)) for row in rows[1 : _MOST_SHOWN + 1])
        more = ", ..." if n > _MOST_SHOWN else ""
        return f"; {n:,} more {what}: {shown}{more}"

    def lone(self, places: Places) -> Places:
        """Return all rows but those at some places."""
        is_lone = np.ones(len(self.keys), np.bool_)
        is_lone[places] = False
        return np.flatnonzero(is_lone)


class KeyedRows(NamedTuple):
    """A block that was read.

    Attributes
    ----------
    reading : Reading
    keys : Keys
        Those of its rows.
    n_bytes : int
        What it was read from.
    """

    reading: Reading
    keys: Keys
    n_bytes: int

    @classmethod
    def of(cls, block: Block) -> KeyedRows:
        """Read a block."""
        reading = block.read()
        return cls(reading, Keys.of(reading.keys or ()), block.n_bytes)


def gathered(
    tables: Sequence[Table],
    run: Callable[..., Iterator[Any]] = map,
    read: Callable[[int], object] = int,
    indexed: Callable[[int], object] = int,
) -> list[Gathered]:
    """Read all rows of some tables, and refuse keys that occur twice in one of them.

    Parameters
    ----------
    tables : sequence of Table
        Opened; they are told what was found out. While the keys of one are sorted, the next is
        read.
    run : callable (function, items) -> iterator
        Calls the function with each item and yields the results in order, as `map` does.
    read, indexed : callable (n) -> object
        Told from how many bytes each block was read; and 0 and 1, before and behind the sorting of
        keys, which takes long.

    Raises
    ------
    DataError
        The first fault in the order of the tables and of their rows; or there are no rows, or a key
        occurs twice.
    """
    found = run(_read, (each for table in tables for each in chain(table.blocks(), [None])))
    return [_gathered(table, iter(partial(next, found), None), read, indexed) for table in tables]


def _read(block: Block | None) -> KeyedRows | None:
    """Read a block; None stands behind the last one of a table."""
    return None if block is None else KeyedRows.of(block)


def _gathered(
    table: Table,
    found: Iterator[Any],
    read: Callable[[int], object],
    indexed: Callable[[int], object],
) -> Gathered:
    """Put all blocks of a table together, and refuse keys that occur twice."""
    blocks, keys, facts = [], [], Facts()
    positive = table.labels.positive
    for block in found:
        facts, error = facts.followed_by(Facts.of(block.reading, 0), positive)
        if error is not None:
            raise error
        blocks.append(block.reading.rows)
        keys.append(block.keys)
        read(block.n_bytes)
    if not any(map(len, keys)):
        message = f"{table.name}: there are no rows"
        raise DataError(message)
    for values in facts.labels:
        table.conclude(values)
    table.labels.finish()
    indexed(0)
    whole = Gathered(table.name, concatenated(blocks), Keys.joined(keys), table.columns.key_names)
    repeats = whole.keys.repeats()
    indexed(1)
    if not repeats:
        return whole
    (row, first), *_ = repeats
    message = (
        f"{table.name}, row {row + 1}: the key {whole.shown(row)} stands in row {first + 1} too"
    )
    others = whole.others([row for row, _ in repeats], "repeat")
    raise DataError(message + others, "each row needs a key of its own")


def _refuse_lone(sides: tuple[Gathered, Gathered], places: tuple[Places, Places]) -> None:
    """Raise DataError unless all rows of a table are at places with a partner in the other."""
    (side, other), (mine, theirs) = sides, places
    if len(mine) == len(side.keys):
        return
    lone = side.lone(mine)
    row = int(lone[0])
    place = f"{side.name}, row {row + 1}"
    message = f"{place}: the key {side.shown(row)} has no partner in {other.name}"
    hint = f"{given(join='inner')} leaves out rows without a partner, and counts them"
    n = len(in_other_form(side.keys, lone, other.keys, other.lone(theirs)))
    if n:
        hint = f"{other_form(n)}: write both files in the same one"
    raise DataError(message + side.others(lone, "have none"), hint)


@dataclass(frozen=True, slots=True)
class Sides:
    """What rows are joined with.

    Attributes
    ----------
    truth : Gathered or None
        Their labels, if they have none themselves.
    rivals : tuple of Gathered
        Predictions of further models.
    segments_of_truth : tuple of bool
        Which segments stand beside the labels.
    """

    truth: Gathered | None
    rivals: tuple[Gathered, ...] = ()
    segments_of_truth: tuple[bool, ...] = ()

    @property
    def all(self) -> tuple[Gathered, ...]:
        """All of them, in the order in which they are joined."""
        return self.rivals if self.truth is None else (self.truth, *self.rivals)


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """Rows that were joined.

    Attributes
    ----------
    rows : Rows
        In their places; those without a partner on some side are left out.
    is_lone : ndarray of bool, shape (n,)
        Which of them have none.
    found : tuple of Partners
        One for each side.
    """

    rows: Rows
    is_lone: BoolArray
    found: tuple[Partners, ...]

    def blocks(self) -> Iterator[ReadRows]:
        """Yield the rows, block by block."""
        for start in range(0, len(self.rows), _BLOCK_ROWS):
            places = slice(start, start + _BLOCK_ROWS)
            n_lone = int(np.count_nonzero(self.is_lone[places]))
            yield ReadRows(Reading(self.rows.at(places), n_lone=n_lone))

    def n_unmatched(self, left: Gathered, sides: Sides) -> int:
        """Count the keys of any table that lack a partner in another."""
        mine = np.flatnonzero(self.is_lone)
        pairs = zip(sides.all, self.found, strict=True)
        theirs = [(side.keys, side.lone(found.right)) for side, found in pairs]
        if len(theirs) == 1:
            return len(mine) + len(theirs[0][1])
        texts = set(left.keys.texts(mine))
        texts.update(chain.from_iterable(keys.texts(lone) for keys, lone in theirs))
        return len(texts)

    def n_in_other_form(self, left: Gathered, sides: Sides) -> int:
        """Count the keys that lack a partner only because of their Unicode form."""
        forms: set[str] = set()
        for side, found in zip(sides.all, self.found, strict=True):
            mine, theirs = left.lone(found.left), side.lone(found.right)
            forms |= in_other_form(left.keys, mine, side.keys, theirs)
        return len(forms)


def joined_rows(
    left: Gathered,
    sides: Sides,
    *,
    is_inner: bool,
    is_whole: bool = True,
    run: Callable[..., Iterator[Any]] = map,
    tell: Callable[[], None] = lambda: None,
) -> JoinedRows:
    """Join rows with all sides.

    Parameters
    ----------
    left : Gathered
    sides : Sides
    is_inner : bool
        Leave out rows without a partner, instead of refusing them.
    is_whole : bool
        Whether the rows are all there are, so that each row of a side must have its partner here.
    run : callable (function, items) -> iterator
        As `partners` has it.
    tell : callable () -> None
        Called after each side.

    Raises
    ------
    DataError
        A row has no partner and should have one, or labels differ.
    """
    rows, is_lone = left.rows, np.zeros(len(left.rows), np.bool_)
    all_found = []
    for side in sides.all:
        found = partners(left.keys, side.keys, run)
        if not is_inner:
            _refuse_lone((left, side), (found.left, found.right))
            if is_whole:
                _refuse_lone((side, left), (found.right, found.left))
        if side is sides.truth:
            rows = _with_labels(rows, side.rows, found, sides.segments_of_truth)
        else:
            if sides.truth is None:
                _refuse_other_labels(left, side, found)
            rows = _with_rival(rows, side.rows, found)
        has_partner = np.zeros(len(is_lone), np.bool_)
        has_partner[found.left] = True
        is_lone |= ~has_partner
        all_found.append(found)
        tell()
    return JoinedRows(rows, is_lone, tuple(all_found))


def _with_labels(
    rows: Rows, truth: Rows, found: Partners, segments_of_truth: tuple[bool, ...]
) -> Rows:
    """Give predictions their labels, and what stands beside those alone.

    Rows without one are left out and keep their places.
    """
    n, left, right = len(rows), found.left, found.right
    labels = cast("LabelArray", np.zeros(n, truth.labels.dtype))
    labels[left] = truth.labels[right]
    weights, ids = None, None
    if truth.weights is not None:
        weights = np.zeros(n)
        weights[left] = truth.weights[right]
    if truth.ids is not None:
        ids = [""] * n
        for place, source in zip(left.tolist(), right.tolist(), strict=True):
            ids[place] = truth.ids[source]
    beside = Rows(
        labels,
        rows.probabilities,
        weights,
        ids,
        cluster=None if truth.cluster is None else truth.cluster.spread(n, left, right),
        order=None if truth.order is None else truth.order.spread(n, left, right),
        segments=tuple(words.spread(n, left, right) for words in truth.segments),
    )
    missing = _missing_with(rows, truth, found)
    return replace(rows.taking(beside, segments_of_truth), missing=missing).blanked()


def _with_rival(rows: Rows, rival: Rows, found: Partners) -> Rows:
    """Put the predictions of another model beside those that are there."""

    def placed(values: FloatArray) -> FloatArray:
        spread = np.zeros(len(rows))
        spread[found.left] = values[found.right]
        return spread

    logits = None if rival.logits is None else placed(rival.logits)
    placed_rival = Predictions(placed(rival.probabilities), logits, rival.float_type)
    rivals = (*rows.rivals, placed_rival)
    return replace(rows, rivals=rivals, missing=_missing_with(rows, rival, found)).blanked()


def _missing_with(rows: Rows, others: Rows, found: Partners) -> BoolArray | None:
    """Return which rows are left out, have no partner, or one that is left out."""
    missing = np.ones(len(rows), np.bool_)
    missing[found.left] = False
    if rows.missing is not None:
        missing |= rows.missing
    if others.missing is not None:
        missing[found.left] |= others.missing[found.right]
    return missing if missing.any() else None


def _refuse_other_labels(baseline: Gathered, rival: Gathered, found: Partners) -> None:
    """Raise DataError if a key has one label here and another one there."""
    mine, theirs = baseline.rows.at(found.left), rival.rows.at(found.right)
    differ = mine.labels != theirs.labels
    for missing in (mine.missing, theirs.missing):
        if missing is not None:
            differ &= ~missing
    if differ.any():
        place = int(np.argmax(differ))
        row = int(found.right[place])
        raise label_conflict(
            (rival.name, theirs.label(place)),
            (baseline.name, mine.label(place)),
            f"{row + 1} (key {rival.shown(row)})",
        )


# In parts: each process holds all sides, rows of the baseline are joined with them as they are
# read, and a tally of keys tells at the end whether all of it has joined as it should.


class SideRecipe(NamedTuple):
    """One side, which can be read in any process."""

    sources: tuple[Source, ...]
    options: InputOptions

    @classmethod
    def of(cls, side: Table) -> SideRecipe:
        """Return how a table is read from anywhere."""
        return cls(tuple(seen_from_anywhere(side.sources)), side.options)


@dataclass(frozen=True, slots=True)
class SidesPlan:
    """What rows are joined with, and how.

    Attributes
    ----------
    run : str
        Another for each run, since files may change from one to the next.
    truth : SideRecipe or None
        As in `Sides`.
    rivals : tuple of SideRecipe
    segments_of_truth : tuple of bool
        As in `Sides`.
    is_inner : bool
        Leave out rows without a partner, instead of refusing them.
    """

    run: str
    truth: SideRecipe | None
    rivals: tuple[SideRecipe, ...]
    segments_of_truth: tuple[bool, ...]
    is_inner: bool

    @classmethod
    def of(
        cls,
        truth: Table | None,
        rivals: Sequence[Table],
        segments_of_truth: tuple[bool, ...] = (),
        *,
        is_inner: bool,
    ) -> SidesPlan:
        """Return the plan of a run that begins."""
        first = None if truth is None else SideRecipe.of(truth)
        others = tuple(map(SideRecipe.of, rivals))
        return cls(uuid.uuid4().hex, first, others, segments_of_truth, is_inner)


@dataclass(frozen=True, slots=True)
class HeldSides(Sides):
    """Sides, and what was found out when they were read.

    Attributes
    ----------
    labels : tuple of LabelValues
        Which labels each side has.
    notes : tuple of tuple of str
        What is worth a word of the sources of each side.
    """

    labels: tuple[LabelValues, ...] = ()
    notes: tuple[tuple[str, ...], ...] = ()


class _Slot:
    """Where a run has its sides, once a thread has read them."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.sides: HeldSides | None = None


_MOST_RUNS = 2
"""Runs whose sides a process holds; one that was lost in the middle must not stay forever."""

_held: dict[str, _Slot] = {}
_over: deque[str] = deque(maxlen=100)
_lock = Lock()


def held(plan: SidesPlan) -> HeldSides:
    """Return what this process holds for a run; the first thread that asks reads it.

    Raises
    ------
    JoinInDoubt
        It cannot be read, or the run is over.
    """
    with _lock:
        if plan.run in _over:  # a task that nobody waits for any more
            message = "the run is over"
            raise JoinInDoubt(message)
        while plan.run not in _held and len(_held) >= _MOST_RUNS:
            del _held[next(iter(_held))]
        slot = _held.setdefault(plan.run, _Slot())
    with slot.lock:  # reading takes long, and those who release must not wait for it
        if slot.sides is None:
            slot.sides = _read_sides(plan)
        return slot.sides


def release(run: str) -> None:
    """Let go of what this process holds for a run."""
    with _lock:
        _held.pop(run, None)
        _over.append(run)


def runs_held() -> list[str]:
    """Return the runs for which this process holds anything."""
    return list(_held)


def _read_sides(plan: SidesPlan) -> HeldSides:
    sides: list[Gathered] = []
    labels: list[LabelValues] = []
    notes: list[tuple[str, ...]] = []
    for recipe in plan.rivals if plan.truth is None else (plan.truth, *plan.rivals):
        try:
            with Table(*recipe) as table:
                sides += gathered([table])
        except InputError as error:
            hint = (
                None if isinstance(error, MissingInputError) else error.said[1]
            )  # of another machine
            raise SideUnreadable(error.said[0], hint) from None
        except OSError as error:
            raise SideUnreadable(str(error)) from None
        except BceError as error:
            raise JoinInDoubt(error.message) from None
        labels.append(table.labels.values)
        notes.append(tuple(table.notes))
    truth = None if plan.truth is None else sides.pop(0)
    return HeldSides(truth, tuple(sides), plan.segments_of_truth, tuple(labels), tuple(notes))


def read_joined(block: Block, plan: SidesPlan) -> Reading:
    """Read a block of the baseline, and join its rows.

    Raises
    ------
    DataError
        As `Block.read` does.
    JoinInDoubt
        They do not join, or what they are joined with cannot be read. Which of these faults comes
        first, and in which words, is up to who reads all sources one after the other.
    """
    reading, keys, _ = KeyedRows.of(block)
    sides = held(plan)
    left = Gathered("", reading.rows, keys)
    try:
        joined = joined_rows(left, sides, is_inner=plan.is_inner, is_whole=False)
    except DataError as error:
        raise JoinInDoubt(error.message) from None
    tally = JoinTally.of(left, sides, joined)
    return Reading(joined.rows, None, reading.label_values, tally.n_lone, tally)


@dataclass(frozen=True, slots=True)
class JoinTally:
    """What is to be known of some joined rows, so that all of them can be checked.

    Attributes
    ----------
    n_lone : int
        Rows without a partner on some side.
    matched : tuple of ndarray of uint8
        A bit for each row of each side: whether it has found its partner.
    lone : ndarray of uint64, shape (m,)
        Hashes of the keys without a partner on the first side, ascending.
    forms : ndarray of uint64
        Hashes of the NFC form of keys without a partner on some side, where they are not ASCII.
    """

    n_lone: int
    matched: tuple[Bits, ...]
    lone: npt.NDArray[np.uint64]
    forms: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, left: Gathered, sides: Sides, joined: JoinedRows) -> JoinTally:
        """Note what some rows have found.

        Raises
        ------
        JoinInDoubt
            A key occurs twice.
        """
        lone = left.keys.hashes[left.lone(joined.found[0].left)]
        matched, forms = [], set[str]()
        for side, found in zip(sides.all, joined.found, strict=True):
            is_matched = np.zeros(len(side.keys), np.bool_)
            is_matched[found.right] = True
            matched.append(np.packbits(is_matched))
            if len(found.left) < len(left.keys) and not left.keys.are_ascii:
                texts = left.keys.texts(left.lone(found.left))
                forms |= composed(text for text in texts if not text.isascii())
        if left.keys.repeats():
            raise _twofold()
        n_lone = int(np.count_nonzero(joined.is_lone))
        return cls(n_lone, tuple(matched), np.sort(lone), hashed(forms))

    def __iadd__(self, other: JoinTally) -> Self:  # written out: it refuses what is in both
        """Merge with what other rows have found.

        Raises
        ------
        JoinInDoubt
            A key occurs in both.
        """
        pairs = list(zip(self.matched, other.matched, strict=True))
        lone = np.sort(np.concatenate([self.lone, other.lone]))
        if np.any(pairs[0][0] & pairs[0][1]) or np.any(lone[1:] == lone[:-1]):
            raise _twofold()
        return type(self)(
            self.n_lone + other.n_lone,
            tuple(mine | theirs for mine, theirs in pairs),
            lone,
            np.union1d(self.forms, other.forms),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without long runs of the same bits; rows often come in the order of the labels."""
        packed = [zlib.compress(bits.tobytes(), 1) for bits in self.matched]
        return _unpacked, (self.n_lone, packed, self.lone.tobytes(), self.forms.tobytes())


def _unpacked(n_lone: int, packed: list[bytes], lone: bytes, forms: bytes) -> JoinTally:
    matched = tuple(np.frombuffer(zlib.decompress(bits), np.uint8) for bits in packed)
    hashes = (np.frombuffer(found, np.uint64) for found in (lone, forms))
    return JoinTally(n_lone, matched, *hashes)


def _twofold() -> JoinInDoubt:
    message = "a key occurs twice"
    return JoinInDoubt(message)


class Settled(NamedTuple):
    """What is known of the sides once all rows were joined.

    Attributes
    ----------
    n_unmatched : int
        Keys of any table that lack a partner in another.
    n_in_other_form : int
        Those of the sides that lack it only because of their Unicode form.
    labels, notes
        As in `HeldSides`.
    """

    n_unmatched: int
    n_in_other_form: int
    labels: tuple[LabelValues, ...]
    notes: tuple[tuple[str, ...], ...]


def settled(plan: SidesPlan, n: int, tally: JoinTally | None) -> Settled:
    """Find out what is known of the sides; `n` rows count.

    Raises
    ------
    JoinInDoubt
        There are no rows, or a row of a side has no partner and should have one.
    """
    if tally is None or n == 0:
        message = "no rows are left"
        raise JoinInDoubt(message)
    sides = held(plan)
    lone: set[str] = set()
    for side, bits in zip(sides.all, tally.matched, strict=True):
        is_matched = np.unpackbits(bits, count=len(side.keys))
        lone.update(side.keys.texts(side.lone(np.flatnonzero(is_matched))))
    if lone and not plan.is_inner:
        message = "a key has no partner"
        raise JoinInDoubt(message)
    forms = hashed(composed(lone if len(tally.forms) else (k for k in lone if not k.isascii())))
    n_forms = int(np.isin(forms, np.concatenate([tally.forms, tally.lone])).sum())
    return Settled(tally.n_lone + len(lone), n_forms, sides.labels, sides.notes)


def composed(keys: Iterable[str]) -> set[str]:
    """Return the NFC form of keys."""
    import unicodedata  # noqa: PLC0415 -- rarely needed

    return {unicodedata.normalize("NFC", key) for key in keys}


def in_other_form(keys: Keys, rows: Places, others: Keys, other_rows: Places) -> set[str]:
    r"""Return the NFC form of keys that differ from others in nothing but their Unicode form.

    Parameters
    ----------
    keys, others : Keys
    rows, other_rows : ndarray of int
        Which of them are compared; no key is among both.

    Examples
    --------
    >>> one = np.array([1])
    >>> len(in_other_form(Keys.of(["a", "\u00e9"]), one, Keys.of(["b", "e\u0301"]), one))
    1
    """
    if not (len(rows) and len(other_rows)) or (keys.are_ascii and others.are_ascii):
        return set()
    return composed(keys.texts(rows)) & composed(others.texts(other_rows))


def other_form(n: int) -> str:
    """Say that so many keys differ in nothing but their Unicode form."""
    keys = "1 key differs" if n == 1 else f"{n:,} keys differ"
    return f"{keys} from the other file's only in Unicode form (NFC, NFD)"


def hashed(keys: Iterable[str]) -> Hashes:
    """Return a hash of each key, ascending; the same in every process."""
    return np.sort(Keys.of(list(keys)).hashes)
