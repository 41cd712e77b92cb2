"""Text that is no table, and the line on which that shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bce_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import EllipsisType

    Hint = str | None | EllipsisType

COMMA_HINT = "a comma inside a field must be quoted"
SHORT_HINT = "the line was cut short, or another character is the delimiter"
QUOTE = "a quote opens or closes in the middle of a field"
QUOTE_HINT = "quote the whole field and double each quote within it"
HEADER_HINT = "without a header, pass no_header=True, label='#1', prediction='#2'"
EMPTY_HINT = "its first line must name the columns"
LATIN_HINT = "it may be written in encoding='latin-1'"

FAULTS: dict[str, tuple[bytes, str, Hint]] = {
    "short": (b"y,p\n1,.5\n1\n", ", line 3: 1 field where the header has 2", SHORT_HINT),
    "long": (b"y,p\n1,0,5\n", ", line 2: 3 fields where the header has 2", COMMA_HINT),
    "spaces": (b"y,p\n1,.5\n  \n", ", line 3: 1 field where the header has 2", SHORT_HINT),
    "stray quote": (b'y,p,t\n1,.5,a"b\n', f", line 2: {QUOTE}", QUOTE_HINT),
    "quote after space": (b'y,p\n1, "0.5"\n', f", line 2: {QUOTE}", QUOTE_HINT),
    "text after quote": (b'y,p,t\n1,.5,"a"b\n', f", line 2: {QUOTE}", QUOTE_HINT),
    "unclosed quote": (b'y,p,t\n1,.5,a\n0,.5,"ab\n1,.5,c\n', f", line 3: {QUOTE}", QUOTE_HINT),
    "unclosed quote first": (b'y,p\n"1,.5\n', f", line 2: {QUOTE}", QUOTE_HINT),
    "lone quote": (b'y,p\n1,.5\n"', f", line 3: {QUOTE}", QUOTE_HINT),
    "empty": (b"", ": the input is empty", EMPTY_HINT),
    "byte order mark only": (b"\xef\xbb\xbf", ": the input is empty", EMPTY_HINT),
    "line ends only": (b"\n\n\r\n\n", ": the input is empty", EMPTY_HINT),
    "header only": (b"y,p\n", ": there are no rows", None),
    "header without end": (b"y,p", ": there are no rows", None),
    "header, blank lines": (b"y,p\n\n\r\n", ": there are no rows", None),
    "no header": (
        b"\n1,0.5\n0,0.2\n",
        ", line 2: the header holds numbers, not names: '1,0.5'",
        HEADER_HINT,
    ),
    "header in Latin-1": (
        b"y,p,caf\xe9\n1,.5,a\n",
        ", line 1: the header is not UTF-8 text: byte 0xe9 at position 8",
        LATIN_HINT,
    ),
    "byte order mark at a block's start": (
        b"y,p\n1,.5\n\xef\xbb\xbf1,.5\n",
        ", line 3: label '\\ufeff1' (column 'y') is not 0 or 1",
        ...,
    ),
    "byte order mark below the header": (
        b"y,p\n\xef\xbb\xbf1,.5\n",
        ", line 2: label '\\ufeff1' (column 'y') is not 0 or 1",
        ...,
    ),
}


@pytest.mark.few(10)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_structure_is_named(
    fault: tuple[bytes, str, Hint],
    block_bytes: int,
    preds: Callable[..., str],
    evaluated: Callable[..., object],
) -> None:
    data, message, hint = fault
    with pytest.raises(DataError) as caught:
        evaluated(preds(data), block_bytes=block_bytes)
    assert caught.value.message == f"preds.csv{message}"
    if hint is not ...:  # which depends on what else is in the block
        assert caught.value.hint == hint


SIGNATURES: dict[str, tuple[bytes, str, str | None]] = {
    "pickle": (
        b"\x80\x04\x95",
        "is a Python pickle",
        (
            "to load one runs whatever is in it; "
            "if it is yours, pandas.read_pickle(FILE).to_parquet(...)"
        ),
    ),
    "SQLite": (
        b"SQLite format 3\x00",
        "is an SQLite database",
        "sqlite3 -header -csv FILE 'SELECT ...' | bce compute -",
    ),
    "HTML": (b"<!DOCTYPE html>", "is a web page", "was it downloaded without signing in?"),
    "encrypted": (b"PARE", "is an encrypted Parquet file", None),
}


@pytest.mark.few(10)
@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_another_format_is_recognised_by_its_first_bytes(
    signature: tuple[bytes, str, str | None],
    block_bytes: int,
    preds: Callable[..., str],
    read: Callable[..., object],
) -> None:
    start, what, hint = signature
    with pytest.raises(DataError) as caught:
        read(preds(start + b"\x00 more"), block_bytes=block_bytes)
    assert caught.value.message == f"preds.csv: it {what}, not a table of predictions"
    assert caught.value.hint == hint


PHYSICAL_LINES = {
    "after blank lines": (b"\n\ny,p\n\n1,.5\n\n\n2,.5\n", 8),
    "after quoted line breaks": (b'y,p,t\n1,.5,"a\n\nb"\n1,.5,"\n"\n2,.5,x\n', 7),
    "within quoted line breaks": (b'y,p,t\n1,.5,"a\nb"\n2,.5,"c\nd\ne"\n', 4),
    "after a header of two lines": (b'y,p,"a\nb"\n2,.5,c\n', 3),
    "CRLF": (b'y,p,t\r\n1,.5,"a\r\nb"\r\n\r\n2,.5,c\r\n', 5),
    "quoted line feeds in CRLF": (b'y,p,t\r\n1,.5,"a\nb"\r\n2,.5,c\r\n', 4),
    "CR only": (b'y,p,t\r1,.5,"a\rb"\r\r2,.5,c\r', 5),
    "no final line end": (b"y,p\n1,.5\n2,.5", 3),
    "after a lone CR": (b'y,p,t\n1,.5,"a"\r1,.5,b\n2,.5,c\n', 4),
    "after a byte order mark": (b"\xef\xbb\xbf\ny,p\n2,.5\n", 3),
}


@pytest.mark.few(10)
@pytest.mark.parametrize(("data", "line"), PHYSICAL_LINES.values(), ids=PHYSICAL_LINES)
def test_a_line_is_counted_as_an_editor_counts(
    data: bytes,
    line: int,
    block_bytes: int,
    preds: Callable[..., str],
    read: Callable[..., object],
) -> None:
    with pytest.raises(DataError) as caught:
        read(preds(data), block_bytes=block_bytes)
    expected = f"preds.csv, line {line}: label 2 (column 'y') is not 0 or 1"
    assert caught.value.message == expected


def test_a_fault_in_a_later_file_names_that_file_and_its_own_line(
    block_bytes: int, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    first = preds("y,p\n1,.5\n0,.5\n", "first.csv")
    second = preds("p,y\n.5,1\n.5,2\n", "second.csv")
    with pytest.raises(DataError) as caught:
        read(first, second, block_bytes=block_bytes)
    assert caught.value.message == "second.csv, line 3: label 2 (column 'y') is not 0 or 1"
