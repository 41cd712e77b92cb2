from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.errors import quoted, safe_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\r\nc\x00\x07\x08\x7f", r"a\tb\r\nc\x00\x07\x08\x7f"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("\x85\x9b2J", r"\x85\x9b2J"),
        ("\u202egnp.\u202c\u2066x\u2069\u200f", r"\u202egnp.\u202c\u2066x\u2069\u200f"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("zero\u200bwidth\ufeff\u00ad", r"zero\u200bwidth\ufeff\xad"),
        (b"caf\xe9 \xff\x80".decode("utf-8", "surrogateescape"), r"caf\xe9 \xff\x80"),
        ("\ud800 \U000e0041 \ue000 \uffff", r"\ud800 \U000e0041 \ue000 \uffff"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@pytest.mark.parametrize(
    "text", ["", "preds.csv", "[red]markup[/red]", r"C:\data", "café", "確率", "naïve 100 % → ½ 😀"]
)
def test_what_can_be_seen_is_left_alone(text: str) -> None:
    assert safe_text(text) == text


@given(st.text(st.characters(categories=None)) | st.binary().map(lambda b: b.decode("latin-1")))
def test_nothing_invisible_is_left_and_the_text_can_be_encoded(text: str) -> None:
    shown = safe_text(text)
    categories = {unicodedata.category(character) for character in shown}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert shown.encode().decode() == shown
    assert safe_text(shown) == shown


@pytest.mark.parametrize(
    ("text", "longest", "shown"),
    [
        ("abcd", 4, "abcd"),
        ("abcde", 4, "abcd..."),
        ("abcde", None, "abcde"),
        ("\x1b\x1b\x1b", 2, r"\x1b\x1b..."),
        ("éééé", 1, "é..."),
    ],
)
def test_a_long_text_is_cut_before_it_is_escaped(
    text: str, longest: int | None, shown: str
) -> None:
    assert safe_text(text, longest) == shown


def test_a_quoted_text_is_escaped_and_cut_to_eighty_characters() -> None:
    assert quoted("a\nb") == r"'a\nb'"
    assert quoted("x" * 80) == f"'{'x' * 80}'"
    assert quoted("x" * 81) == f"'{'x' * 80}...'"
