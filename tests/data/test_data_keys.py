"""Partners are found by hashes, and are those of equal texts whatever the hashes are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.data.keys import Keys, partners
from bce_cli.readers.texts import Texts, strings
from tests.budgets import examples

texts = st.text(st.sampled_from("ab\0é日"), min_size=1, max_size=20)
keys = st.lists(texts, max_size=12)


def with_hashes(found: list[str], n_hashes: int) -> Keys:
    """Return keys that are sorted by so many different hashes only; for 0, by their own."""
    made = Keys.of(found)
    if n_hashes:
        own, made.hashes = made.hashes, made.hashes % np.uint64(n_hashes) << np.uint64(32)
        assert len(made.in_order) == len(found)  # which is found out once
        made.hashes = own
    return made


@settings(max_examples=examples(400))
@given(keys, st.sets(texts, max_size=12), st.integers(0, 3))
def test_partners_have_the_same_text(left: list[str], right: set[str], n_hashes: int) -> None:
    others = sorted(right)
    found = partners(with_hashes(left, n_hashes), with_hashes(others, n_hashes))
    pairs = [(row, others.index(text)) for row, text in enumerate(left) if text in right]
    assert list(zip(*(places.tolist() for places in found), strict=True)) == pairs


@settings(max_examples=examples(200))
@given(st.lists(st.sampled_from(["a", "b", "ab", "a\0", "é" * 9]), max_size=9), st.integers(0, 2))
def test_rows_that_repeat_a_key(found: list[str], n_hashes: int) -> None:
    second: dict[str, tuple[int, int]] = {}
    for row, text in enumerate(found):
        if found.index(text) < row:
            second.setdefault(text, (row, found.index(text)))
    assert with_hashes(found, n_hashes).repeats() == list(second.values())


@settings(max_examples=examples(200))
@given(st.lists(keys, max_size=4))
def test_hashes_and_texts_are_the_same_however_keys_are_stored(blocks: list[list[str]]) -> None:
    import pyarrow as pa

    whole = [text for block in blocks for text in block]
    once = Keys.joined([Keys.of(block) for block in blocks])
    column = strings(["before", *whole])[1:]
    stored = [
        Keys.of(Texts(as_stored))
        for as_stored in (
            column,
            column.cast(pa.large_string()),
            column.cast(pa.string_view()),
            column.dictionary_encode(),
            pa.chunked_array([column, column[:0]]),
            strings([*whole, "behind", "them"]).dictionary_encode()[: len(whole)],
        )
    ]
    for found in (once, *stored):
        assert found.hashes.tolist() == Keys.of(whole).hashes.tolist()
        assert found.texts(np.arange(len(whole))) == whole


@settings(max_examples=examples(200))
@given(texts, texts, texts, st.integers(0, 24))
def test_hashes_of_texts_that_differ_in_eight_bytes_differ(
    start: str, one: str, other: str, n_behind: int
) -> None:
    both = [f"{start}{middle[:2]:2}{'z' * n_behind}" for middle in (one, other)]
    if len({len(text.encode()) for text in both}) == 1 and both[0] != both[1]:
        assert len({*Keys.of(both).hashes.tolist()}) == 2


def test_many_rows_are_matched_span_by_span() -> None:
    n = 140_000
    order = np.random.default_rng(3).permutation(n)
    names = [f"{number:07d}" for number in range(n)]
    left, right = Keys.of(names), Keys.of([names[number] for number in order])
    found = partners(left, right)
    assert np.array_equal(found.left, np.arange(n))
    assert np.array_equal(order[found.right], np.arange(n))
    assert right.repeats() == []


@pytest.mark.parametrize(
    ("words", "has_blank"),
    [
        (["a", "b"], False),
        (["a", ""], True),
        (["a", " "], True),
        ([" a", "é"], False),
        (["a", "\u00a0"], True),
        (["a", None], True),
        ([], False),
    ],
)
def test_blank_texts_are_found(words: list[str | None], *, has_blank: bool) -> None:
    assert Texts(strings(words)).has_blank is has_blank
    assert Texts(strings(words).dictionary_encode()).has_blank is has_blank


def test_long_keys_find_their_partners_wherever_their_bytes_stand() -> None:
    long = ["x" * 1024, "x" * 1025, "x" * 2000 + "a", "x" * 2000 + "b"]
    left, right = Keys.of(["k", *long]), Keys.of([*long[::-1], "other"])
    assert len({*left.hashes.tolist()}) == 5
    assert [places.tolist() for places in partners(left, right)] == [[1, 2, 3, 4], [3, 2, 1, 0]]


def test_equal_texts_are_one_object() -> None:
    keys = Keys.joined([Keys.of(["x" * 2000]), Keys.of(["x" * 2000])])
    first, second = keys.texts(np.array([0, 1]))
    assert first is second
    assert keys.repeats() == [(1, 0)]
