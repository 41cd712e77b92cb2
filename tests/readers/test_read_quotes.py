"""Quote characters as bytes, against a walk over every one of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli.readers import blocks

LF = ord("\n")
texts = st.text('",\n\ra', max_size=30).map(str.encode)


def _last_end(text: bytes) -> int:
    last, is_quoted = -1, False
    for place, byte in enumerate(text):
        is_quoted ^= byte == ord('"')
        if byte == LF and not is_quoted:
            last = place
    return last


def _misplaced(text: bytes) -> int | None:
    places = [place for place, byte in enumerate(text) if byte == ord('"')]
    for number, place in enumerate(places):
        neighbour = place - 1 if number % 2 == 0 else place + 1
        if 0 <= neighbour < len(text) and text[neighbour] not in b',\n\r"':
            return place
    return places[-1] if len(places) % 2 else None


@pytest.mark.parametrize("most_steps", [0, 1, 1000])
@given(text=texts, behind=texts)
@example(text=b'"a"\n"b\n"\n"c\n', behind=b'"\n')
@example(text=b'"a"\n"b"\n', behind=b"\n")
@example(text=b'"\n\n', behind=b"")
@example(text=b'\n"a\n', behind=b"")
@example(text=b'1\n"a\n\n', behind=b'"')
def test_the_last_end_of_a_record_is_found(text: bytes, behind: bytes, most_steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_MOST_STEPS", most_steps)
        found = blocks.last_end_outside_quotes(bytearray(text + behind), len(text), LF)
    assert found == _last_end(text)


@given(texts)
@example(b'a,"b"')
@example(b'"a",b')
@example(b'"a"')
@example(b'a"b",c')
@example(b'"a","b"c,"d"')
@example(b'"a",x"b"')
@example(b'"a","b')
@example(b'"a","b","c"d,"e"')
@example(b'"a"b')
def test_the_first_misplaced_quote_is_found(text: bytes) -> None:
    assert blocks.misplaced_quote(np.frombuffer(text, np.uint8)) == _misplaced(text)
    other = np.frombuffer(text.replace(b",", b";"), np.uint8)
    assert blocks.misplaced_quote(other, ";") == _misplaced(text)


def test_a_record_of_line_ends_is_passed_over_at_once() -> None:
    text = bytearray(b'1,0\n"' + b"\n" * (1 << 20))
    assert blocks.last_end_outside_quotes(text, len(text), LF) == 3
