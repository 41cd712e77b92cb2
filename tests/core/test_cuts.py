"""Numbers fall into intervals by their exact value, and quantiles part them as evenly as can be."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.cuts import Cut, in_order
from tests.budgets import examples

GREAT = 2**53

Costs: TypeAlias = dict[tuple[str, ...], tuple[float, int]]


def cut_at(*edges: str) -> Cut:
    return Cut(tuple(map(Decimal, edges)))


def words(cut: Cut, values: object, kind: str = "float64") -> list[str]:
    found = cut.categories(np.array(values, kind))
    return [found.names[code] for code in found.codes]


@pytest.mark.parametrize(
    ("edges", "names"),
    [
        (("18",), ("below 18", "18 or more")),
        (("-2.50", "1e2"), ("below -2.5", "-2.5 to below 100", "100 or more")),
        (("1e-9", "1e308"), ("below 1e-09", "1e-09 to below 1e+308", "1e+308 or more")),
        (("9007199254740993",), ("below 9007199254740993", "9007199254740993 or more")),
        (("-0.0",), ("below 0", "0 or more")),
        ((), ("any number",)),
    ],
)
def test_intervals_are_called_by_their_ends(edges: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert cut_at(*edges).names == names


def test_an_interval_has_its_lower_end_and_not_its_upper() -> None:
    low, middle, high = cut_at("0", "18").names
    values = [-0.0, 0.0, np.nextafter(18.0, 0.0), 18.0, -5e-324, 1e308, np.inf, -np.inf, np.nan]
    expected = [middle, middle, middle, high, low, high, high, low, ""]
    assert words(cut_at("0", "18"), values) == expected


def test_a_float_counts_as_its_text_whatever_its_type_is() -> None:
    cut = cut_at("0.1", "0.7")
    low, middle, high = cut.names
    for kind in ("float16", "float32", "float64"):
        assert words(cut, [0.1, 0.7, 0.0999, 0.699], kind) == [middle, high, low, middle]
    # float32 has no number nearer to 1/3 than the one it writes in eight digits.
    assert words(cut_at("0.33333333"), [1 / 3], "float32") == ["0.33333333 or more"]
    assert words(cut_at("0.33333335"), [1 / 3], "float32") == ["below 0.33333335"]
    assert words(cut_at("1e300"), [3e38, np.inf], "float32") == ["below 1e+300", "1e+300 or more"]


@pytest.mark.parametrize("kind", ["int8", "uint8", "int64", "uint64"])
def test_integers_are_compared_with_edges_of_any_size(kind: str) -> None:
    info = np.iinfo(kind)
    values = [info.min, 0, info.max]
    cut = cut_at("-1e300", "0", "0.5", str(info.max), "1e300")
    expected = [cut.names[bisect_right(cut.edges or (), Decimal(value))] for value in values]
    assert words(cut, values, kind) == expected


def test_whole_numbers_that_no_float_holds_are_told_apart() -> None:
    cut = cut_at(str(GREAT + 1))
    low, high = cut.names
    assert words(cut, [GREAT, GREAT + 1, GREAT + 2], "int64") == [low, high, high]
    assert words(cut, [GREAT, GREAT + 2]) == [low, high]


def quantiles(values: list[float], q: int) -> list[int]:
    """Return where sorted values are parted, by trying all places that leave enough behind."""
    ordered = sorted(values)
    places = [i for i in range(1, len(ordered)) if ordered[i - 1] < ordered[i]]
    q, found = min(q, len(places) + 1), list[int]()
    for k in range(1, q):
        open_places = [at for at in places if at > (found or [0])[-1]]
        open_places = open_places[: len(open_places) - (q - 1 - k)]
        wanted = (len(ordered) - 1) * k // q + 1
        found.append(min(open_places, key=lambda at: (abs(at - wanted), at)))
    return found


@settings(max_examples=examples(300))
@given(
    st.lists(st.integers(-4, 9) | st.floats(-1e9, 1e9), min_size=1, max_size=40),
    st.integers(2, 12),
)
def test_quantiles_part_rows_as_evenly_as_equal_numbers_let_them(
    values: list[float], q: int
) -> None:
    values = [float(value) for value in values]
    cut = Cut(quantiles=q).at_quantiles(np.array([*values, np.nan]))
    ordered, edges = sorted(values), cut.edges or ()
    places = quantiles(values, q)
    assert [sum(Decimal(repr(v)) < edge for v in values) for edge in edges] == places
    for edge, at in zip(edges, places, strict=True):
        digits = len(edge.normalize().as_tuple().digits)
        assert Decimal(repr(ordered[at - 1])) < edge <= Decimal(repr(ordered[at]))
        assert digits <= len(Decimal(repr(ordered[at])).normalize().as_tuple().digits)
    found = cut.categories(np.array(values)).codes
    counts = np.bincount(found, minlength=len(edges) + 1).tolist()
    assert counts == np.diff([0, *places, len(values)]).tolist()


def test_numbers_that_differ_are_parted_where_one_of_them_prevails() -> None:
    for many, few in ((0.0, 1.0), (1.0, 0.0)):
        cut = Cut(quantiles=5).at_quantiles(np.array([many] * 18 + [few] * 2))
        assert cut.names == ("below 1", "1 or more")
    assert Cut(quantiles=5).at_quantiles(np.array([7.0, 7.0])).names == ("any number",)


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([-np.inf, 3.0, np.inf], [3, 4]),
        ([-np.inf, 3.0, 3.0, np.inf, np.nan], [3, 4]),
        ([1.0, np.inf], [2]),
        ([0.0, np.inf, np.inf], [1]),
        ([-0.25, np.inf], [-0.2]),
        ([0.97, np.inf], [1]),
        ([-np.inf, np.inf], [0]),
        ([5e-324, np.inf], [1e-323]),
        ([1.7976931348623155e308, np.inf], [17976931348623157 * 10**292]),
        ([1.7976931348623157e308, np.inf], []),  # no finite number is between them
        ([2.0, 1.7976931348623157e308, np.inf], [3]),
        ([np.inf, np.nan], []),
        ([-np.inf], []),
        ([np.nan], []),
    ],
)
def test_infinity_is_a_number_that_is_parted_from_others(
    values: list[float], edges: list[float]
) -> None:
    cut = Cut(quantiles=3).at_quantiles(np.array(values))
    assert cut.numbers == edges
    codes = cut.categories(np.array(values)).codes.tolist()
    assert codes == [
        len(edges) + 1 if np.isnan(value) else sum(value >= edge for edge in edges)
        for value in values
    ]
    assert {*range(len(edges) + 1)} - {*codes} == ({0} if np.isnan(values).all() else set())


def test_where_nothing_is_cut_the_costliest_come_first() -> None:
    costs: Costs = {("a",): (1.0, 5), ("b",): (2.0, 1), ("c",): (1.0, 9), ("d",): (1.0, 5)}
    assert in_order(costs) == [("b",), ("c",), ("a",), ("d",)]
    assert in_order(costs, (None,)) == in_order(costs)


def test_intervals_stand_in_their_order_and_words_by_all_they_cost() -> None:
    low, high = cut_at("5").names
    costs: Costs = {
        ("x", low): (1.0, 1),
        ("y", ""): (9.0, 1),
        ("y", high): (1.0, 1),
        ("x", high): (7.0, 1),
        ("y", low): (0.5, 1),
    }
    by_site = [("y", low), ("y", high), ("y", ""), ("x", low), ("x", high)]
    assert in_order(costs, (None, cut_at("5"))) == by_site
    turned: Costs = {names[::-1]: cost for names, cost in costs.items()}
    by_cut = [(low, "y"), (low, "x"), (high, "y"), (high, "x"), ("", "y")]
    assert in_order(turned, (cut_at("5"), None)) == by_cut
