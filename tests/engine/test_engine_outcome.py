"""Outcomes merge to the same, however they are grouped: sums, counts, and the first error."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.rows import Rows
from bce_cli.data.parts import OpenedPart
from bce_cli.data.table import Facts, ReadRows, read_block
from bce_cli.engine.cluster import FAN_IN, MergeTree
from bce_cli.engine.outcome import Outcome, RunPart, in_a_row
from bce_cli.errors import DataError, InputError, ShortageError
from bce_cli.readers.reading import LabelTally, LabelValues, Reading
from bce_cli.storage.sources import Source

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from contextlib import ExitStack

    from bce_cli.data.parts import Part
    from bce_cli.readers.blocks import Block

MOST = 6
POSITIVE = "yes"


@dataclass
class Names:
    """A state that is merged in place, and refuses to grow."""

    found: set[str]

    def __iadd__(self, other: Names) -> Self:
        self.found |= other.found
        if len(self.found) > MOST:
            message = "too many"
            raise DataError(message)
        return self


def outcome(number: int, names: str, label: str | None, error: bool) -> Outcome:
    if error:
        return Outcome(error=InputError(f"fault {number}", "hint"))
    values = LabelValues(has_positive=number % 2 == 0)
    if label is not None:
        values = replace(values, other=label, other_place=f"line {number}")
    return Outcome(Names(set(names)), Facts((values,), 1, number, 10, (f"note {number}",)))


plain = st.tuples(st.text("abc", max_size=3), st.none(), st.just(False))
errors = st.tuples(st.just(""), st.none(), st.just(True))
labels = st.tuples(st.just("a"), st.sampled_from(["no", "no", "maybe"]), st.just(False))
greedy = st.tuples(st.text("abcdefgh", max_size=4), st.none(), st.just(False))


def told(found: Outcome) -> object:
    if found.error is not None:
        return type(found.error), found.error.message, found.error.hint
    return found.state, found.facts


def one_after_the_other(outcomes: list[Outcome]) -> object:
    """Do what the local engine does."""
    tally, n_missing = LabelTally(POSITIVE), 0
    state: Names | None = None
    place = ""
    for item in pickle.loads(pickle.dumps(outcomes)):  # noqa: S301 -- a copy
        try:
            if item.error is not None:
                raise item.error
            (values,) = item.facts.labels
            tally.add(values)
            n_missing += item.facts.n_missing
            place = place or values.other_place
            if state is None:
                state = item.state
            else:
                state += item.state
        except (DataError, InputError) as error:
            return type(error), error.message, error.hint
    values = LabelValues(tally.has_positive, tally.other, place)
    notes = tuple(note for item in outcomes for note in item.facts.notes)
    n = len(outcomes)
    return state, Facts((values,), n, n_missing, 10 * n, notes)


def grouped(outcomes: list[Outcome], rng: random.Random) -> Outcome:
    if len(outcomes) == 1:
        return outcomes[0]
    cut = rng.randrange(1, len(outcomes))
    left, right = grouped(outcomes[:cut], rng), grouped(outcomes[cut:], rng)
    return in_a_row([left, right], POSITIVE)


@given(
    st.one_of(
        st.lists(plain | labels | errors, min_size=1, max_size=12),
        st.lists(greedy | errors, min_size=1, max_size=12),
    ),
    st.randoms(use_true_random=False),
)
def test_the_grouping_changes_neither_sums_nor_the_first_error(
    drawn: list[tuple[str, str | None, bool]], rng: random.Random
) -> None:
    outcomes = [outcome(number, *item) for number, item in enumerate(drawn)]
    before = pickle.dumps(outcomes)
    found = told(grouped(outcomes, rng))
    assert found == one_after_the_other(outcomes)
    assert told(in_a_row(outcomes, POSITIVE)) == found
    assert told(grouped(pickle.loads(before), rng)) == found  # noqa: S301 -- our own


steps = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.sampled_from(["no", "maybe", None])), max_size=12
)


@given(steps, st.randoms(use_true_random=False))
def test_of_several_models_the_first_third_label_in_the_rows_counts(
    drawn: list[tuple[int, str | None]], rng: random.Random
) -> None:
    outcomes = []
    for row, (model, label) in enumerate(drawn):
        values = [LabelValues(), LabelValues()]
        values[model] = LabelValues(False, label, f"model {model}, line {row}", row)
        outcomes.append(Outcome(Names(set()), Facts(tuple(values))))
    if not outcomes:
        return
    seen: dict[int, str] = {}
    first = None
    for row, (model, label) in enumerate(drawn):
        if label is not None and seen.setdefault(model, label) != label:
            first = f"model {model}, line {row}: "
            break
    found = grouped(outcomes, rng)
    assert (found.error is None) == (first is None)
    assert str(found.error).startswith(first or "None")


@given(st.lists(plain, min_size=2, max_size=12))
def test_what_was_merged_is_as_it_was(drawn: list[tuple[str, str | None, bool]]) -> None:
    outcomes = [outcome(number, *item) for number, item in enumerate(drawn)]
    outcomes.insert(0, Outcome())
    copies = pickle.loads(pickle.dumps(outcomes))  # noqa: S301 -- our own
    in_a_row(outcomes, POSITIVE)
    assert outcomes == copies


def test_what_is_known_of_rows_adds_up_and_the_first_remark_stays() -> None:
    first = Facts(n=1, n_missing=2, n_bytes=3, notes=("a",))
    second = Facts(n=10, n_missing=20, n_bytes=30, notes=("b",), remark="second", tally=5)
    third = Facts(remark="third", tally=6)
    both = Facts(n=11, n_missing=22, n_bytes=33, notes=("a", "b"), remark="second", tally=5)
    assert first.followed_by(second, None) == (both, None)
    assert both.followed_by(third, None) == (replace(both, tally=11), None)
    assert second.followed_by(Facts(), None) == (second, None)


def test_rows_without_a_partner_are_neither_counted_nor_missing() -> None:
    rows = Rows(np.ones(4, np.bool_), np.full(4, 0.5), missing=np.array([False, True, True, True]))
    assert Facts.of(Reading(rows, n_lone=1), 7) == Facts(n=1, n_missing=2, n_bytes=7)


def test_a_state_that_refuses_to_grow_is_an_error_before_those_that_follow() -> None:
    later = Outcome(Names(set("efgh")), Facts(n=1), InputError("later"))
    found = Outcome(Names(set("abcd")), Facts(n=2)).followed_by(later, None)
    assert (type(found.error), str(found.error), found.facts.n) == (DataError, "too many", 3)


@dataclass(frozen=True)
class Item:
    """A block of one row, a fault of its data, or of the state that it would come to."""

    name: str
    is_faulty: bool = False
    n_bytes: int = 10
    n_rows: int = 1

    def read(self) -> Reading:
        if self.is_faulty:
            message = f"fault {self.name}"
            raise DataError(message)
        return Reading(Rows(np.array([True]), np.array([0.5]), ids=[self.name]))


@dataclass(frozen=True)
class Items:
    """A part of some blocks, behind which storage may fail."""

    items: tuple[Item, ...] = ()
    note: str | None = None
    failure: Exception | None = None
    source: Source = Source("a.csv")  # noqa: RUF009 -- frozen

    def open(self, opened: ExitStack) -> OpenedPart:
        opened.callback(CLOSED.append, self)
        return OpenedPart(self.note, None, self._blocks())

    def _blocks(self) -> Iterator[Block]:
        yield from self.items
        if self.failure is not None:
            raise self.failure


CLOSED: list[object] = []


def run(part: Items) -> Outcome:
    def names(rows: Rows) -> Names:
        if rows.ids == ["x"]:
            message = "no state"
            raise DataError(message)
        return Names(set(rows.ids or ()))

    CLOSED.clear()
    found = RunPart(names, read_block, None)(cast("Part", part))
    assert list(CLOSED) == [part]
    return found


def test_a_part_comes_to_what_its_blocks_come_to_and_is_closed() -> None:
    found = run(Items((Item("a"), Item("b"), Item("c")), "a note"))
    assert found == Outcome(Names(set("abc")), Facts(n=3, n_bytes=30, notes=("a note",)))
    assert run(Items()) == Outcome()


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Items((Item("a"), Item("b", is_faulty=True), Item("c")), "note"), "fault b"),
        (Items((Item("a"), Item("x"), Item("c")), "note"), "no state"),
        (Items((Item("a"),), "note", DataError("cut short")), "cut short"),
        (
            Items((Item("a"),), "note", OSError(28, "No space left on device")),
            "a.csv: No space left on device",
        ),
    ],
)
def test_what_came_before_the_first_error_of_a_part_is_kept(part: Items, message: str) -> None:
    found = run(part)
    assert found.error is not None
    assert str(found.error).casefold() == message.casefold()
    assert (found.state, found.facts) == (Names({"a"}), Facts(n=1, n_bytes=10, notes=("note",)))


def test_no_block_is_read_behind_an_error() -> None:
    seen = []

    def read(block: Block) -> Reading:
        seen.append(block)
        return block.read()

    items = Item("a"), Item("b", is_faulty=True), Item("c")
    RunPart(lambda rows: Names(set(rows.ids or ())), read, None)(cast("Part", Items(items)))
    assert seen == list(items[:2])


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 64, 65, 513])
def test_a_tree_keeps_the_order_and_merges_eight_at_a_time(n: int) -> None:
    sizes = []

    def merge(nodes: list[str]) -> str:
        sizes.append(len(nodes))
        return "".join(nodes)

    tree = MergeTree(merge)
    for i in range(n):
        tree.add(chr(i + 0x4E00))
    assert (tree.root() or "") == "".join(chr(i + 0x4E00) for i in range(n))
    assert max(sizes, default=0) <= FAN_IN


def raising(error: Exception) -> RunPart:
    def read(_block: object) -> Reading:
        raise error

    return RunPart(len, read, None)


def test_a_shortage_in_a_worker_is_an_error_that_can_travel() -> None:
    block = ReadRows(Reading(Rows(np.zeros(0), np.zeros(0))))
    run_part = raising(MemoryError("malloc of size 64 failed"))
    error = pickle.loads(pickle.dumps(run_part.of_block(block).error))  # noqa: S301 -- our own
    assert isinstance(error, ShortageError)
    assert str(error) == "out of memory; fewer workers take less"
    with pytest.raises(KeyError):
        raising(KeyError("memory")).of_block(block)
