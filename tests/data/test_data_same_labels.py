"""Sources that hold the same labels are told from those that do not, however they are read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.data.same_labels import LabelPrint, in_a_row, remark_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LABELS = st.one_of(
    st.lists(st.booleans(), max_size=40).map(lambda cells: np.array(cells, np.bool_)),
    st.lists(st.floats(0, 1), max_size=40).map(lambda cells: np.array(cells, np.float64)),
)


@given(labels=LABELS, cuts=st.lists(st.integers(0, 40), max_size=4))
def test_a_print_does_not_depend_on_blocks(labels: np.ndarray, cuts: list[int]) -> None:
    whole = LabelPrint.of(3, labels)
    merged: tuple[LabelPrint, ...] = ()
    for piece in np.split(labels, sorted(cuts)):
        merged = in_a_row(merged, (LabelPrint.of(3, piece),))
    assert merged == (whole,)


@given(labels=LABELS, place=st.integers(0, 39))
def test_one_other_label_makes_another_print(labels: np.ndarray, place: int) -> None:
    if place < len(labels):
        other = labels.copy()
        other[place] = not labels[place] if labels.dtype == np.bool_ else 1.0 - labels[place] / 2
        same = bool((other == labels).all())
        assert (LabelPrint.of(0, labels).sums == LabelPrint.of(0, other).sums) == same


@pytest.mark.parametrize(
    ("labels", "ways"),
    [("", 1), ("1", 1), ("000", 1), ("10", 2), ("0101", 6), ("1" * 5 + "0" * 5, 252)],
)
def test_arrangements_are_counted(labels: str, ways: int) -> None:
    found = LabelPrint.of(0, np.array([*map(int, labels)], np.bool_))
    assert math.isclose(found.n_arrangements, ways, rel_tol=1e-12)


def prints(*labels: str) -> list[LabelPrint]:
    arrays = [np.array([*map(int, cells)], np.bool_) for cells in labels]
    return [LabelPrint.of(number, array) for number, array in enumerate(arrays)]


NAMES = tuple("abcdefgh")
LONG = "0110" * 10


def said(first: str, n: int) -> str:
    question = "are these models of the same rows? bce compare sets them side by side"
    return f"{first} hold the same {n} labels in the same order: {question}"


def no_ids(_source: int) -> None:
    """Stand for sources without ids."""


def never(_source: int) -> Sequence[str]:
    raise AssertionError


CASES: dict[str, tuple[list[LabelPrint], Callable[[int], Sequence[str] | None], str | None]] = {
    "certain": (prints(LONG, LONG), never, said("a and b", 40)),
    "three": (prints(LONG, LONG, LONG), never, said("a, b and c", 40)),
    "many": (prints(*[LONG] * 6), never, said("a, b, c and 3 more", 40)),
    "another between": (prints(LONG, LONG[1:], LONG), never, said("a and c", 40)),
    "one": (prints(LONG), never, None),
    "another order": (prints(LONG, LONG[::-1][1:] + "1"), never, None),
    "all the same": (prints("0" * 400, "0" * 400), never, None),
    "likely": (prints("100", "100"), no_ids, said("a and b", 3)),
    "an accident": (prints("10", "10"), no_ids, None),
    "an accident among three": (prints("100", "100", "010"), no_ids, None),
    "the same ids": (prints("10", "10"), lambda _: ["x", "y"], said("a and b", 2)),
    "other ids": (prints("100", "100"), lambda source: [str(source)] * 3, None),
    "ids of two of three": (
        prints("10", "10", "10"),
        lambda source: ["x" if source != 1 else "z", "y"],
        said("a and c", 2),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_labels_are_said_unless_they_are_an_accident(name: str) -> None:
    found, ids_of, expected = CASES[name]
    assert remark_on(found, NAMES, ids_of) == expected
