"""Rows put together by the words of columns."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.groups import grouped
from bce_cli.core.rows import Categories


def categories(words: list[str]) -> Categories:
    names = sorted(set(words))
    return Categories(np.array([names.index(word) for word in words], np.int32), tuple(names))


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
