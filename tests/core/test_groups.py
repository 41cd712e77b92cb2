"""Segments: each is what its rows alone come to, and together they are the whole."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.groups import grouped
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Categories, Rows, concatenated
from bce_cli.core.segments import MOST_SEGMENTS, Segmented, segment_reports
from bce_cli.core.totals import LossTotals
from bce_cli.errors import DataError

CONVENTIONS = [EXACT, Convention(clip=0.01), Convention(like="torch"), Convention(like="catboost")]
OF_AN_ORDER = {"first_impossible_row", "held_weights", "doubts"}  # or of the whole alone
SUMS = [field.name for field in fields(LossTotals) if field.name not in OF_AN_ORDER]


def categories(words: list[str]) -> Categories:
    names = sorted(set(words))
    return Categories(np.array([names.index(word) for word in words], np.int32), tuple(names))


@st.composite
def parted(draw: st.DrawFn) -> tuple[Rows, list[tuple[str, str]]]:
    """Draw rows, and the words of two columns for each."""
    rows = draw(st.from_type(Rows).filter(len))
    words = draw(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "", "y z"])),
            min_size=len(rows),
            max_size=len(rows),
        )
    )
    columns = tuple(categories([pair[i] for pair in words]) for i in (0, 1))
    return replace(rows, segments=columns), words


def totals_of(rows: Rows, convention: Convention) -> Segmented[LossTotals]:
    held = convention.held(rows)
    return Segmented.of(
        held, lambda part, _: LossTotals.of(part, convention.losses(part), convention)
    )


def in_pieces(pieces: list[Rows]) -> Segmented[LossTotals]:
    merged: Segmented[LossTotals] = Segmented()
    for piece in pieces:
        merged += totals_of(piece, EXACT)
    return merged


@given(parted(), st.sampled_from(CONVENTIONS))
def test_a_segment_is_what_its_rows_alone_come_to(
    case: tuple[Rows, list[tuple[str, str]]], convention: Convention
) -> None:
    rows, words = case
    found = totals_of(rows, convention).totals
    assert set(found) == set(words)
    for name, totals in found.items():
        places = np.array([i for i, pair in enumerate(words) if pair == name])
        alone = LossTotals.of(rows.at(places), convention=convention)
        assert totals == replace(alone, doubts=None)  # of the whole alone


@given(parted(), st.sampled_from(CONVENTIONS))
def test_segments_add_up_to_the_whole_exactly(
    case: tuple[Rows, list[tuple[str, str]]], convention: Convention
) -> None:
    rows, _ = case
    whole = LossTotals.of(rows, convention=convention)
    together = sum(totals_of(rows, convention).totals.values(), LossTotals())
    assert [getattr(together, name) for name in SUMS] == [getattr(whole, name) for name in SUMS]


@given(parted(), st.integers(1, 5))
def test_segments_do_not_depend_on_pieces(
    case: tuple[Rows, list[tuple[str, str]]], size: int
) -> None:
    rows, _ = case
    pieces = [rows.at(slice(start, start + size)) for start in range(0, len(rows), size)]
    assert in_pieces(pieces) == totals_of(rows, EXACT)


@given(parted(), st.randoms())
def test_the_order_of_rows_changes_no_figure(
    case: tuple[Rows, list[tuple[str, str]]], random: np.random.Generator
) -> None:
    rows, _ = case
    order = list(range(len(rows)))
    random.shuffle(order)
    mixed = rows.at(np.array(order))
    if not LossTotals.of(rows).weights.units:
        return
    whole = loss_report(LossTotals.of(rows))
    found = [segment_reports(totals_of(part, EXACT), whole) for part in (rows, mixed)]
    plain = [
        [
            replace(item, report=item.report and replace(item.report, first_impossible_row=None))
            for item in items
        ]
        for items in found
    ]
    assert plain[0] == plain[1]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), min_size=1))
def test_groups_are_slices_that_keep_the_order_of_rows(words: list[tuple[str, str]]) -> None:
    columns = tuple(categories([pair[i] for pair in words]) for i in (0, 1))
    order, starts, names = grouped(columns)
    for name, places in zip(names, np.split(order, starts[1:]), strict=True):
        assert places.tolist() == [i for i, pair in enumerate(words) if pair == name]


def test_codes_too_large_for_16_bits_are_grouped_too() -> None:
    codes = np.arange(70_000, dtype=np.int32)[::-1].copy()
    order, starts, names = grouped((Categories(codes, tuple(map(str, range(70_000)))),))
    assert order.tolist() == list(range(70_000))[::-1]
    assert (starts.tolist(), names[-1]) == (list(range(70_000)), ("69999",))


def test_a_word_that_stands_twice_in_a_column_is_one_segment() -> None:
    column = Categories(np.array([0, 1, 2], np.int32), ("a", "b", "a"))
    rows = Rows(np.array([True] * 3), np.array([0.5, 0.25, 0.5]), segments=(column,))
    found = totals_of(concatenated([rows, rows]), EXACT).totals
    assert {name: totals.n for name, totals in found.items()} == {("a",): 4, ("b",): 2}


def _two_sites(labels: list[bool], predictions: list[float], weights: list[float]) -> Rows:
    sites = Categories(np.array([0, 0, 1, 1], np.int32), ("a", "b"))
    return Rows(np.array(labels), np.array(predictions), np.array(weights), segments=(sites,))


def test_shares_are_of_the_whole_loss_and_the_greatest_comes_first() -> None:
    rows = _two_sites([True, False, True, False], [0.5, 0.5, 0.25, 0.75], [1.0] * 4)
    whole = loss_report(LossTotals.of(rows), "bits")
    found = segment_reports(totals_of(rows, EXACT), whole, "bits")
    assert [item.names for item in found] == [("b",), ("a",)]
    assert [item.share_of_total for item in found] == [4.0 / 6.0, 2.0 / 6.0]
    assert [item.report and item.report.mean_loss for item in found] == [2.0, 1.0]
    assert all(item.is_small for item in found)


def test_a_segment_without_weight_has_no_figures() -> None:
    rows = _two_sites([True, False, True, False], [0.5] * 4, [1.0, 1.0, 0.0, 0.0])
    first, second = segment_reports(totals_of(rows, EXACT), loss_report(LossTotals.of(rows)))
    assert (first.names, first.share_of_total) == (("a",), 1.0)
    assert (second.names, second.n, second.report, second.share_of_total) == (("b",), 2, None, None)


def test_an_infinite_segment_comes_first_and_leaves_no_shares() -> None:
    rows = _two_sites([True, True, True, False], [0.5, 0.5, 0.0, 0.5], [1.0] * 4)
    first, second = segment_reports(totals_of(rows, EXACT), loss_report(LossTotals.of(rows)))
    assert first.report is not None
    assert (first.names, first.report.mean_loss) == (("b",), math.inf)
    assert (first.share_of_total, second.share_of_total) == (None, None)


def test_a_loss_of_0_has_no_shares() -> None:
    rows = _two_sites([True] * 4, [1.0] * 4, [1.0] * 4)
    found = segment_reports(totals_of(rows, EXACT), loss_report(LossTotals.of(rows)))
    assert [item.share_of_total for item in found] == [None, None]


def test_rows_that_are_left_out_make_no_segment() -> None:
    sites = Categories(np.array([0, 1], np.int32), ("a", "b"))
    rows = Rows(
        np.array([True, False]),
        np.array([0.5, 0.0]),
        missing=np.array([False, True]),
        segments=(sites,),
    )
    (only,) = segment_reports(totals_of(rows, EXACT), loss_report(LossTotals.of(rows)))
    assert (only.names, only.n) == (("a",), 1)


@pytest.mark.few(1)
@pytest.mark.parametrize("n_pieces", [1, 2])
def test_too_many_segments_are_refused(n_pieces: int) -> None:
    n = MOST_SEGMENTS + 1
    column = Categories(np.arange(n, dtype=np.int32), tuple(map(str, range(n))))
    rows = Rows(np.zeros(n, np.bool_), np.full(n, 0.5), segments=(column,))
    size = -(-n // n_pieces)
    pieces = [rows.at(slice(start, start + size)) for start in range(0, n, size)]
    with pytest.raises(DataError, match="more than 10,000 segments"):
        in_pieces(pieces)


@pytest.mark.deep
def test_as_many_segments_as_are_allowed_are_fine() -> None:
    n = MOST_SEGMENTS
    column = Categories(np.arange(n, dtype=np.int32), tuple(map(str, range(n))))
    rows = Rows(np.zeros(n, np.bool_), np.full(n, 0.5), segments=(column,))
    assert len(totals_of(rows, EXACT).totals) == n
