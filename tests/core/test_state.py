"""How states are merged: field by field, what is left of += used up, what is right of it not."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field

import numpy as np
import pytest

from bce_cli.core.state import FIRST, State, merged


@dataclass(frozen=True, slots=True)
class Inner(State):
    n: int = 0


@dataclass(frozen=True, slots=True)
class Outer(State):
    name: str = field(metadata=FIRST)
    n: int = 0
    inner: Inner | None = None
    pair: tuple[Inner, Inner] = (Inner(), Inner())
    items: list[int] = field(default_factory=list)
    highest: int = field(default=0, metadata={"merge": max})


def test_states_merge_field_by_field() -> None:
    left = Outer("a", 1, Inner(2), (Inner(3), Inner(4)), [5], 9)
    right = Outer("b", 10, Inner(20), (Inner(30), Inner(40)), [50], 7)
    assert left + right == Outer("a", 11, Inner(22), (Inner(33), Inner(44)), [5, 50], 9)


def test_none_is_what_is_known_of_no_rows() -> None:
    nothing, something = Outer("a"), Outer("a", inner=Inner(3))
    assert (nothing + something).inner == (something + nothing).inner == Inner(3)
    assert (nothing + nothing).inner is None


def test_a_sum_leaves_both_sides_as_they_are() -> None:
    left, right = Outer("a", items=[1]), Outer("a", items=[2])
    assert (left + right).items == [1, 2]
    assert (left.items, right.items) == ([1], [2])


def test_adding_in_place_uses_up_the_left_and_leaves_the_right() -> None:
    left = whole = Outer("a", items=[1])
    right = Outer("a", items=[2])
    whole += right
    assert whole.items is left.items
    whole += right
    assert (whole.items, right.items) == ([1, 2, 2], [2])


def test_what_takes_the_place_of_none_is_a_copy() -> None:
    items = [1]
    found = merged(None, items)
    found = merged(found, [2])
    assert (found, items) == ([1, 2], [1])


def test_tuples_of_different_lengths_do_not_merge() -> None:
    with pytest.raises(ValueError, match="shorter"):
        merged((1, 2), (1,))


def test_arrays_are_added_in_place() -> None:
    array = np.array([1.0, 2.0])
    assert merged(array, np.array([1.0, 1.0])) is array
    assert array.tolist() == [2.0, 3.0]


def test_a_state_survives_the_way_to_another_process() -> None:
    state = Outer("a", 1, Inner(2), items=[3])
    assert pickle.loads(pickle.dumps(state)) == state  # noqa: S301 -- our own
    assert pickle.loads(pickle.dumps(state)) + state == state + state  # noqa: S301
