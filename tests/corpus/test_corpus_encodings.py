"""Byte order marks, UTF-16, other encodings on request, and characters that only look like ends."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "y,p,t\n1,.5,a\n0,.25,b\n"
WORDS = 'y,p,t\n1,.5,"caf\xe9, na\xefve"\n0,.25,\xfcber\n'
GURMUKHI = "y,p,t\n1,.5,\u0a0d\u0a22\u0d0a\u2c22\n0,.25,\u220a\u0a2c\n"
"""Letters whose UTF-16 bytes are those of line ends, quotes and commas."""


def _marked(text: str, encoding: str) -> bytes:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}[encoding]
    return mark + text.encode(encoding)


MARKS = {
    "UTF-8 with a mark": good(TEXT.encode("utf-8-sig")),
    "a mark before a quoted name": good(b'\xef\xbb\xbf"y","p"\n1,.5\n0,.25\n'),
    "a mark before the wanted column, by name": good(
        TEXT.encode("utf-8-sig"), TWO, "-l", "y", "-p", "p"
    ),
    "a mark and blank lines": good(b"\xef\xbb\xbf\n\ny,p\n1,.5\n0,.25\n"),
    "a mark in an unwanted cell": good("t,y,p\n\ufeffa,1,.5\n\ufeffb,0,.25\n"),
    "a mark in a wanted cell": bad(
        "y,p\n1,.5\n\ufeff0,.25\n", r"preds\.csv, line 3: label '\\ufeff0'"
    ),
    "two marks": bad(b"\xef\xbb\xbf" * 2 + b"y,p\n1,.5\n", r"preds\.csv", "-l", "y", "-p", "p"),
    "standard input with a mark": good(TEXT.encode("utf-8-sig"), name="-"),
    "UTF-16 from standard input": good(_marked(TEXT, "utf-16-le"), name="-"),
    "UTF-16 as Excel writes it": good(_marked(TEXT.replace(",", "\t"), "utf-16-le"), name="p.txt"),
    "an odd last byte": bad(_marked(TEXT, "utf-16-le") + b"1", r"preds\.csv"),
    "half a pair of surrogates": bad(
        _marked("y,p,t\n1,.5,", "utf-16-le") + b"\x00\xd8\n\x00", r"preds\.csv"
    ),
    "a mark of UTF-16 alone": bad(codecs.BOM_UTF16_LE, r"preds\.csv"),
    "UTF-16 without a mark": bad(TEXT.encode("utf-16-le"), r"preds\.csv", hint="(?i)encoding"),
    "UTF-16 BE without a mark": bad(TEXT.encode("utf-16-be"), r"preds\.csv", hint="(?i)encoding"),
    "the wrong mark": bad(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-le"), r"preds\.csv"),
}


@each(MARKS)
def test_a_mark_says_the_encoding(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        *(TEXT, TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\r"), WORDS, GURMUKHI),
        *(
            TEXT.rstrip(),
            TEXT.replace("a", "\U0001f44d\U00010a0d"),
            TEXT.replace("b", '"\n\u0a0a\r\n"'),
        ),
        TEXT.replace(",", ";"),
    ],
    ids=["LF", "CRLF", "CR", "words", "Gurmukhi", "no last end", "pairs", "quotes", "semicolons"],
)
def test_utf16_with_a_mark_is_read_unasked(
    text: str, encoding: str, judge: Callable[[Case], None]
) -> None:
    judge(good(_marked(text, encoding)))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_fault_in_utf16_has_its_line(encoding: str, judge: Callable[[Case], None]) -> None:
    text = 'y,p,t\n1,.5,"\u0a0a\n\u0a0d"\n2,.5,\u0a22\n'
    judge(bad(_marked(text, encoding), r"preds\.csv, line 4: label 2\b"))


def test_a_long_file_of_utf16_is_read_to_its_end(judge: Callable[[Case], None]) -> None:
    text = "y,p,t\n" + "1,.5,\U0001f44d\n0,.25,\u0a0d\n" * 100_000
    judge(good(_marked(text, "utf-16-le"), TWO * 100_000))


ASKED = {
    "Latin-1": good(WORDS.encode("latin-1"), TWO, "--encoding", "latin-1"),
    "Latin-1, a wanted name": good(
        "y,pr\xe9vu\n1,.5\n0,.25\n".encode("latin-1"), TWO, "--encoding", "latin1", "-p", "pr\xe9vu"
    ),
    "Latin-1, labels": good(
        "y,p\nma\xf1ana,.5\nhoy,.25\n".encode("latin-1"),
        TWO,
        *("--encoding", "iso-8859-1", "--positive", "ma\xf1ana"),
    ),
    "Latin-1, a byte that is a line end in Unicode": good(
        b"y,p,t\n1,.5,a\x85b\n0,.25,\x85\n", TWO, "--encoding", "latin-1"
    ),
    "Windows-1252, an ellipsis": good(
        b"y,p,t\n1,.5,\x85\n0,.25,\x80\n", TWO, "--encoding", "cp1252"
    ),
    "Windows-1251": good(
        "\u043e\u0442\u0432\u0435\u0442,p\n1,.5\n0,.25\n".encode("cp1251"),
        TWO,
        *("--encoding", "windows-1251", "-l", "\u043e\u0442\u0432\u0435\u0442"),
    ),
    "Shift JIS, second bytes like a pipe": good(
        "y|p|t\n1|.5|\u30dd\u30dd\n0|.25|\u8868\n".encode("shift_jis"),
        TWO,
        *("--encoding", "shift_jis", "--delimiter", "|"),
    ),
    "GB 18030": good(
        "y,p,t\n1,.5,\u6982\u7387\n0,.25,\u4e02\n".encode("gb18030"), TWO, "--encoding", "gb18030"
    ),
    "EBCDIC": good(TEXT.encode("cp037"), TWO, "--encoding", "cp037"),
    "UTF-16 without a mark": good(TEXT.encode("utf-16-le"), TWO, "--encoding", "utf-16-le"),
    "UTF-16 BE without a mark": good(TEXT.encode("utf-16-be"), TWO, "--encoding", "utf-16-be"),
    "UTF-16 with a mark": good(_marked(GURMUKHI, "utf-16-be"), TWO, "--encoding", "utf-16"),
    "UTF-32": good(GURMUKHI.encode("utf-32"), TWO, "--encoding", "utf-32"),
    "UTF-8": good(WORDS, TWO, "--encoding", "utf-8"),
    "UTF-8 by another name": good(WORDS, TWO, "--encoding", "UTF8"),
    "UTF-8 with a mark": good(WORDS.encode("utf-8-sig"), TWO, "--encoding", "utf-8-sig"),
    "UTF-8 with a mark, not said": good(WORDS.encode("utf-8-sig"), TWO, "--encoding", "utf-8"),
    "from standard input": good(WORDS.encode("latin-1"), TWO, "--encoding", "latin-1", name="-"),
    "a fault below accents": bad(
        "y,p,t\n1,.5,\xe9\xe9\n2,.5,\xe9\n".encode("latin-1"),
        r"preds\.csv, line 3: label 2\b",
        *("--encoding", "latin-1"),
    ),
    "ASCII that is none": bad(WORDS, r"preds\.csv", "--encoding", "ascii"),
    "a byte that the encoding lacks": bad(
        b"y,p\n1,.5\n\x81,.5\n", r"preds\.csv", "--encoding", "cp1252"
    ),
    "an encoding that nobody knows": bad(TEXT, r".*nonsense", "--encoding", "nonsense", code=2),
    "an encoding with escapes": bad(TEXT, r".*\\x1b", "--encoding", "\x1b[2J", code=2),
    "no encoding of text": bad(TEXT, r".*base64", "--encoding", "base64", code=2),
    "no encoding of text either": bad(TEXT, r".*rot13", "--encoding", "rot13", code=2),
    "an empty name": bad(TEXT, r".*--encoding", "--encoding", "", code=2),
    "a name with NUL": bad(TEXT, r".*\\x00", "--encoding", "utf\x00", code=2),
}


@each(ASKED)
def test_another_encoding_is_read_on_request(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


BYTES = {
    "an unwanted cell that is no UTF-8": good(b"y,p,t\n1,.5,caf\xe9\n0,.25,\xff\xfe\n"),
    "an unwanted cell with NUL": good(b"y,p,t\n1,.5,\x00\n0,.25,a\x00b\n"),
    "a name that is no UTF-8": bad(
        b"y,p,caf\xe9\n1,.5,a\n",
        r"preds\.csv, line 1: .*UTF-8.*0xe9",
        hint="--encoding",
    ),
    "a wanted prediction that is no UTF-8": bad(
        b"y,p\n1,.5\n0,.2\xff\n", r"preds\.csv, line 3: prediction '\.2\\xff'"
    ),
    "a wanted label that is no UTF-8": bad(
        b"y,p\n1,.5\n\xe9,.2\n", r"preds\.csv, line 3: label '\\xe9'"
    ),
    "an overlong zero": bad(b"y,p\n1,.5\n\xc0\xb0,.2\n", r"preds\.csv, line 3: label '\\xc0\\xb0'"),
    "a surrogate in UTF-8": bad(b"y,p\n1,.5\n\xed\xa0\x80,.2\n", r"preds\.csv, line 3: label '\\x"),
    "NUL in a wanted label": bad(b"y,p\n1,.5\n0\x00,.2\n", r"preds\.csv, line 3: label '0\\x00'"),
    "NUL in a wanted prediction": bad(
        b"y,p\n1,.5\n0,1\x00xyz\n", r"preds\.csv, line 3: prediction '1\\x00xyz'"
    ),
    "NUL in a wanted name": bad(b"y\x00,p\n1,.5\n", r"preds\.csv", hint=r"y\\x00"),
    "NUL alone": bad(b"\x00" * 4096, r"preds\.csv"),
    "NUL behind the rows": bad(b"y,p\n1,.5\n0,.25\n" + b"\x00" * 512, r"preds\.csv, line 4: "),
    "Ctrl-Z behind the rows": bad(b"y,p\n1,.5\n0,.25\n\x1a", r"preds\.csv, line 4: 1 field"),
    "U+2028 in cells": good("y,p,t\n1,.5,a\u2028b\n0,.25,\u2029\n"),
    "NEL in cells": good("y,p,t\n1,.5,a\x85b\n0,.25,\x85\n"),
    "VT and FF in cells": good("y,p,t\n1,.5,a\x0bb\n0,.25,\x0c\n"),
    "separators of ASCII in cells": good("y,p,t\n1,.5,a\x1cb\x1d\n0,.25,\x1e\x1f\n"),
    "U+2028 in a name": good("y,p,a\u2028b\n1,.5,c\n0,.25,d\n"),
    "a wanted name with U+2028": good("y,a\u2028b\n1,.5\n0,.25\n", TWO, "-p", "a\u2028b"),
    "other scripts": good("\u0440,y\n.5,1\n.25,0\n", TWO, "-p", "\u0440"),
    "a name that only looks like p": bad("y,\u0440\n1,.5\n", r"preds\.csv", "-p", "p"),
    "another normal form of a name": bad(
        "y,e\u0301\n1,.5\n", r"preds\.csv: there is no column", "-p", "\xe9"
    ),
    "CRLF": good("y,p\r\n1,.5\r\n0,.25\r\n"),
    "CR alone": good("y,p\r1,.5\r0,.25\r"),
    "CR alone, no last one": good("y,p\r1,.5\r0,.25"),
    "mixed ends": good("y,p\r\n1,.5\r0,.25\n1,.5\n0,.25", TWO * 2),
    "mixed ends the other way": good("y,p\r1,.5\n0,.25\r\n1,.5\r0,.25", TWO * 2),
    "CRCRLF": good("y,p\r\r\n1,.5\r\r\n0,.25\r\r\n"),
    "LFCR": good("y,p\n\r1,.5\n\r0,.25\n\r"),
    "CRLF over many blocks": good(
        lambda: b"y,p\r\n" + b"1,.5\r\n0,.25\r\n" * 150_000, TWO * 150_000
    ),
    "CR over many blocks": good(lambda: b"y,p\r" + b"1,.5\r0,.25\r" * 150_000, TWO * 150_000),
}


@pytest.mark.few(20)
@each(BYTES)
def test_bytes_matter_only_where_they_are_wanted(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
