"""Text cut into blocks, and what is counted in it, against a walk over every byte."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli.errors import DataError
from bce_cli.readers import blocks
from bce_cli.readers.blocks import BlockReader, PlainRecords, QuotedRecords, as_bytes

texts = st.text('",\n\ra#', max_size=40).map(str.encode)
cells = st.sampled_from(["a", "", '"b"', '"\n"', '"c\r\nd"', '"x""y"', '"\r"'])
records = st.lists(st.tuples(cells, cells, st.sampled_from(["\n", "\r\n", "\r", "\n\n", ""])))
sizes = st.integers(1, 20)


def line_ends(text: bytes) -> int:
    """Count line ends as an editor does."""
    return len(re.findall(b"\r\n|\r|\n", text))


def without_comments(text: bytes) -> bytes:
    kept, is_quoted, begins_line, is_comment = bytearray(), False, True, False
    for byte in text:
        if byte in b"\r\n":
            is_comment = False
        is_comment |= byte == ord("#") and begins_line and not is_quoted
        if not is_comment:
            is_quoted ^= byte == ord('"')
            kept.append(byte)
        begins_line = byte in b"\r\n"
    return bytes(kept)


def read(text: bytes, framing: PlainRecords, size: int, **begun: object) -> list[tuple[bytes, int]]:
    found = BlockReader(io.BytesIO(text), "preds.csv", framing, size, **begun)  # type: ignore[arg-type]
    return [(bytes(lines.data), lines.first_line) for lines in found]


@given(texts)
def test_line_ends_are_counted_as_an_editor_does(text: bytes) -> None:
    assert blocks.count_lines(text) == line_ends(text)
    assert [blocks.count_lines(text, end) for end in range(len(text))] == [
        line_ends(text[:end]) for end in range(len(text))
    ]


@given(records)
@example([])
@example([("a", "", "\r")])
@example([("a", "b", "")])
@example([('"\n"', '"c\r\nd"', "\n"), ("a", "b", "\n"), ('"\n"', '"\n"', "\r\n")])
@example([("a", "b", "\n\n"), ('"\n"', "", "")])
def test_records_are_counted_as_a_reader_of_csv_does(found: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{a},{b}{end}" for a, b, end in found)
    if any(not end for _, _, end in found[:-1]):
        return
    reader = csv.reader(io.StringIO(text, newline=""))
    assert blocks.count_records(as_bytes(text.encode())) == sum(bool(fields) for fields in reader)


@given(texts, sizes)
@example(b'1\n"2\n"\n3', 2)
@example(b"1\r2\r\r3", 1)
@example(b"1\r\n2\r\n3\r\n4", 2)  # a block ends in the middle of a line end
@example(b"1\r2\r\n3\n4\n", 4)  # and has returns alone
@example(b"1\r22\r333\r4444\r", 3)
@example(b"11111\n2\n3\n4\n5\n", 4)
def test_blocks_are_the_text_cut_behind_records_with_the_lines_they_begin_on(
    text: bytes, size: int
) -> None:
    found = read(text, QuotedRecords(), size)
    assert b"".join(data for data, _ in found) == text
    end = 0
    for data, first_line in found:
        assert first_line == 1 + line_ends(text[:end])
        end += len(data)
        assert end == len(text) or (
            text[end - 1 : end] in {b"\n", b"\r"} and text[:end].count(b'"') % 2 == 0
        )


@given(texts, sizes)
@example(b'1\n22\n"\n3\n\n\r\n44\n5', 2)
def test_plain_records_end_with_a_line_feed_and_nowhere_else(text: bytes, size: int) -> None:
    found = read(text, PlainRecords(), size)
    assert b"".join(data for data, _ in found) == text
    end = 0
    for data, first_line in found:
        assert first_line == 1 + text[:end].count(b"\n")
        end += len(data)
        assert end == len(text) or data.endswith(b"\n")


@given(texts, sizes)
@example(b'a\n#b\n"\n#c"\n#d', 3)
def test_comments_are_emptied_outside_quotes_wherever_blocks_end(text: bytes, size: int) -> None:
    found = read(text, QuotedRecords("#"), size)
    assert b"".join(data for data, _ in found) == without_comments(text)


def test_a_block_is_what_is_read_at_a_time_and_doubles_for_a_longer_record() -> None:
    found = [data for data, _ in read(b"a" * 100 + b"\n" + b"b\n" * 20, QuotedRecords(), 8)]
    assert list(map(len, found)) == [127, 8, 6]


def test_plain_records_are_cut_behind_the_last_line_feed() -> None:
    found = read(b"\naa\nbbb\nc\n", PlainRecords(), 2)
    assert found == [(b"\n", 1), (b"aa\n", 2), (b"bbb\n", 3), (b"c\n", 4)]


def test_what_was_read_before_is_the_start_of_the_first_block() -> None:
    found = read(b"2\n3\n4\n", QuotedRecords(), 2, rest=b"1\r\n0", line=7)
    assert found == [(b"1\r\n02\n", 7), (b"3\n", 9), (b"4\n", 10)]


@pytest.mark.parametrize("size", [1, 1000])
def test_a_record_may_be_as_long_as_the_limit_and_no_longer(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "LONGEST_RECORD", 1 << 12)
    longest = b'a\n\n"' + b"\n" * ((1 << 12) - 2)
    assert b"".join(data for data, _ in read(longest + b'"', QuotedRecords(), size))
    with pytest.raises(DataError, match=r"^preds\.csv, line 3: the record is longer than 0 MiB\n"):
        read(longest + b'\n\n"', QuotedRecords(), size)


def test_a_glance_is_the_start_of_the_records() -> None:
    lines = blocks.Lines(memoryview(b"1,0.5\n" * 20_000), 5)
    assert lines.glance().data == lines.data[: 1 << 16]
    assert lines.glance().first_line == 5
