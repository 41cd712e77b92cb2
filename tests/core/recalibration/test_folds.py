"""How rows are dealt into folds, and when there are too few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.recalibration.folds import deal
from bce_cli.core.rows import Categories, Rows
from bce_cli.errors import ArgumentError, DataError
from tests.budgets import examples
from tests.core.recalibration.some_samples import in_clusters


def _rows(labels: str) -> Rows:
    ones = np.array([letter == "1" for letter in labels])
    return Rows(ones, np.full(len(ones), 0.5))


def test_rows_of_each_label_take_turns() -> None:
    folds = deal(_rows("0110001"), 3)
    assert folds.codes.tolist() == [0, 0, 1, 1, 2, 0, 2]
    assert (folds.n, folds.in_order, folds.n_cut) == (3, False, 0)
    assert folds.fitted(folds.codes, 2).tolist() == [True, True, True, True, False, True, False]


def test_soft_labels_of_a_half_stand_for_1() -> None:
    rows = Rows(np.array([0.5, 0.9, 0.4, 0.1]), np.full(4, 0.5))
    assert deal(rows, 2).codes.tolist() == [0, 1, 0, 1]


def test_clusters_take_turns_as_they_appear() -> None:
    rows = in_clusters(_rows("01100101"), ["b", "a", "b", "c", "a", "d", "c", "b"])
    assert deal(rows, 2).codes.tolist() == [0, 1, 0, 0, 1, 1, 0, 0]


def test_clusters_are_known_by_their_words() -> None:
    twice = Categories(np.array([3, 0, 2, 1], np.int32), ("a", "b", "x", "x", "unused"))
    rows = Rows(np.full(4, 0.5), np.full(4, 0.5), cluster=twice)
    assert deal(rows, 2).codes.tolist() == [0, 1, 0, 0]


def test_a_seed_deals_by_chance_and_evenly() -> None:
    rows = _rows("01" * 50 + "0" * 7)
    by_turns, by_chance = deal(rows, 10).codes, deal(rows, 10, seed=1).codes
    assert by_chance.tolist() == deal(rows, 10, seed=1).codes.tolist()
    assert by_chance.tolist() != by_turns.tolist()
    assert by_chance.tolist() != deal(rows, 10, seed=2).codes.tolist()
    for label in (True, False):
        there = rows.labels == label
        assert sorted(by_chance[there].tolist()) == sorted(by_turns[there].tolist())
    clusters = in_clusters(rows, [str(i // 5) for i in range(len(rows))])
    dealt = deal(clusters, 10, seed=1).codes
    assert all(len(set(dealt[i : i + 5].tolist())) == 1 for i in range(0, len(rows), 5))
    assert sorted(dealt[::5].tolist()) == sorted(deal(clusters, 10).codes[::5].tolist())


@pytest.mark.parametrize(
    ("order", "n", "expected"),
    [
        ([1, 2, 3, 4, 5, 6], 2, [-1, -1, 0, 0, 1, 1]),
        ([6, 5, 4, 3, 2, 1], 2, [1, 1, 0, 0, -1, -1]),
        ([1, 1, 1, 1, 2, 3], 2, [-1, -1, -1, -1, 0, 1]),
        ([1, 2, 3, 3, 3, 3], 2, [-1, 0, 1, 1, 1, 1]),
        ([1, 1, 2, 2, 2, 3], 1, [-1, -1, 0, 0, 0, 0]),
        ([0.5, -np.inf, 7.0, 7.0, 0.5, np.inf], 1, [-1, -1, 0, 0, -1, 0]),
    ],
)
def test_in_order_each_block_is_fitted_to_those_before(
    order: list[float], n: int, expected: list[int]
) -> None:
    rows = Rows(np.array([0.4, 0.6] * 3), np.full(6, 0.5))
    folds = deal(rows, n, order=order)
    assert folds.codes.tolist() == expected
    assert folds.fitted(folds.codes, 0).tolist() == [code == -1 for code in expected]


def test_order_may_be_times() -> None:
    days = np.array(["2024-01-02", "2024-01-01", "2024-01-03"], "datetime64[D]")
    rows = Rows(np.array([0.4, 0.6, 0.6]), np.full(3, 0.5))
    assert deal(rows, 1, order=days).codes.tolist() == [0, -1, 0]


@given(st.lists(st.integers(0, 6), min_size=2, max_size=30), st.integers(1, 6))
@settings(max_examples=examples(100))
def test_blocks_are_in_order_whole_and_never_empty(order: list[int], n: int) -> None:
    rows = Rows(np.full(len(order), 0.5), np.full(len(order), 0.5))
    if len(set(order)) <= n:
        with pytest.raises(DataError, match=rf"there are {len(set(order))}(\n|$)"):
            deal(rows, n, order=order)
        return
    codes = deal(rows, n, order=order).codes.tolist()
    assert set(codes) == set(range(-1, n))
    pairs = sorted(set(zip(order, codes, strict=True)))
    assert len(pairs) == len(set(order))  # equal rows stay together
    assert [code for _, code in pairs] == sorted(code for _, code in pairs)


def test_clusters_that_an_order_cuts_are_counted() -> None:
    rows = in_clusters(_rows("010101"), ["a", "a", "b", "b", "b", "c"])
    assert deal(rows, 2, order=np.arange(6)).n_cut == 1
    assert deal(rows, 1, order=[1, 1, 2, 2, 2, 2]).n_cut == 0


@pytest.mark.parametrize(
    ("labels", "n", "options", "message", "hint"),
    [
        (
            "00011",
            4,
            {},
            "4 folds take as many rows of a label, and there are 2 of label 1 and 3 of label 0",
            "at most folds=3",
        ),
        (
            "01",
            2,
            {},
            "2 folds take as many rows of a label, and there are 1 of label 1 and 1 of label 0",
            None,
        ),
        (
            "0001",
            3,
            {},
            "the only row of label 1 is in fold 1, whose map is fitted to the others",
            None,
        ),
        (
            "010101",
            3,
            {"clusters": "aabbbb"},
            "3 folds take as many clusters, and there are 2",
            "at most folds=2",
        ),
        (
            "110000",
            3,
            {"clusters": "aabbcc"},
            "all 2 rows of label 1 are in fold 1, whose map is fitted to the others",
            None,
        ),
        (
            "010101",
            2,
            {"order": [1, 1, 1, 2, 2, 2]},
            "2 folds in order take 3 different values, and there are 2",
            "at most folds=1",
        ),
        (
            "000011",
            2,
            {"order": [1, 2, 3, 4, 5, 6]},
            "no row before fold 1 has label 1, and a map takes both",
            "fewer folds leave more rows before the first",
        ),
        (
            "000111",
            1,
            {"order": [1, 2, 3, 4, 5, 6]},
            "no row before fold 1 has label 1, and a map takes both",
            None,
        ),
    ],
)
def test_too_few_rows_are_refused(
    labels: str, n: int, options: dict[str, Any], message: str, hint: str | None
) -> None:
    rows = _rows(labels)
    if "clusters" in options:
        rows = in_clusters(rows, list(options.pop("clusters")))
    with pytest.raises(DataError) as caught:
        deal(rows, n, **options)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"seed": 1, "order": [1, 2, 3]},
            "seed deals rows by chance, and order by what came before",
        ),
        ({"order": [1, 2]}, "order must have one value for each of 3 rows, got shape (2,)"),
        ({"order": [1, np.nan, 2]}, "order must be numbers or times, none of them missing"),
        ({"order": ["a", "b", "c"]}, "order must be numbers or times, none of them missing"),
        (
            {"order": np.array([0, "NaT", 2], "datetime64[D]")},
            "order must be numbers or times, none of them missing",
        ),
    ],
)
def test_what_is_no_order_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        deal(_rows("010"), 1, **options)
    assert caught.value.message == message
