"""Quotes that open, close, stray or stay open, and line breaks within them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

SOUND = {
    "every cell quoted": good('"y","p"\n"1","0.5"\n"0","0.25"\n'),
    "quoted commas": good('t,y,p\n"a,b",1,.5\n",,,",0,.25\n'),
    "doubled quotes": good('t,y,p\n"a ""b""",1,.5\n"""",0,.25\n'),
    "empty quoted cells": good('t,y,p\n"",1,.5\n"",0,.25\n'),
    "line breaks before, between, after": good(
        't,y,u,p,v\n"\n",1,"a\nb",.5,"\n\n"\n"",0,"",.25,x\n'
    ),
    "a line break in an unwanted name": good('y,"a\nb",p\n1,x,.5\n0,x,.25\n'),
    "a line break in a wanted name": good(
        'y,"p\nhat"\n1,.5\n0,.25\n', TWO, "-l", "y", "-p", "p\nhat"
    ),
    "a quote in a wanted name": good('"a ""b""",p\n1,.5\n0,.25\n', TWO, "-l", 'a "b"', "-p", "p"),
    "a comma in a wanted name": good('"a,b",p\n1,.5\n0,.25\n', TWO, "-l", "a,b", "-p", "p"),
    "rows that look like data within a cell": good(
        'y,p,t\n1,.5,a\n0,.25,"b\n1,.5,c\n0,.25,d"\n1,.125,e\n', (*TWO, (1, 0.125))
    ),
    "CRLF within and LF between": good('y,p,t\n1,.5,"a\r\nb"\n0,.25,"\r\n"\n'),
    "LF within and CRLF between": good('y,p,t\r\n1,.5,"a\nb"\r\n0,.25,"\n"\r\n'),
    "CR alone within and between": good('y,p,t\r1,.5,"a\rb"\r0,.25,c\r'),
    "apostrophes are text": good("y,p,t\n1,.5,it's\n0,.25,'\n"),
    "a quoted number with spaces": good('y,p\n" 1 "," 0.5 "\n0,"\t.25"\n'),
    "the last cell quoted without a line end": good('y,p\n1,.5\n0,"0.25"'),
    "a thousand line breaks in one cell": good('y,p,t\n1,.5,"' + "\n" * 1000 + '"\n0,.25,\n'),
    "quotes of Excel": good('y,p,t\n1,.5,"=""007"""\n0,.25,"=""008"""\n'),
    "typographic quotes are text": good("y,p,t\n1,.5,\u201ca\n0,.25,b\u201d\n"),
}

BROKEN = {
    "never closed": bad('y,p,t\n1,.5,a\n0,.5,"ab\n1,.5,c\n', r"preds\.csv, line 3: .*quote"),
    "never closed, last row": bad('y,p,t\n1,.5,a\n0,.5,"ab', r"preds\.csv, line 3: .*quote"),
    "never closed, wanted cell": bad('y,p\n1,.5\n0,".5\n1,.3\n', r"preds\.csv, line 3: .*quote"),
    "never closed in the header": bad('y,"p\n1,.5\n0,.5\n', r"preds\.csv, line 1: .*quote"),
    "a lone quote at the end": bad('y,p\n1,.5\n"', r"preds\.csv, line 3: "),
    "within a field": bad('y,p,t\n1,.5,a"b\n0,.2,c"d\n', r"preds\.csv, line 2: .*quote"),
    "text behind a closing quote": bad('y,p,t\n1,.5,"a"b\n', r"preds\.csv, line 2: .*quote"),
    "a space behind a closing quote": bad('y,p\n1,.5\n1,"0.5" \n', r"preds\.csv, line 3: .*quote"),
    "a space before a quote": bad('y,p\n1,.5\n1, "0.5"\n', r"preds\.csv, line 3: .*quote"),
    "backslashes for quotes": bad('y,p,t\n1,.5,"a\\"b"\n', r"preds\.csv, line 2: .*quote"),
    "inches": bad('y,p,t\n1,.5,a\n0,.5,5"\n1,.5,b\n0,.5,6"\n', r"preds\.csv, line 3: .*quote"),
    "three quotes": bad('y,p,t\n1,.5,"""\n0,.2,a\n', r"preds\.csv, line 2: .*quote"),
    "a quote in a name": bad('y,p,5"\n1,.5,a\n', r"preds\.csv, line 1: .*quote"),
    "apostrophes around a number": bad(
        "y,p\n1,'0.5'\n", r"preds\.csv, line 2: prediction '?'0\.5'"
    ),
    "typographic quotes around a number": bad(
        "y,p\n1,\u201c0.5\u201d\n", "preds\\.csv, line 2: prediction '\u201c0\\.5\u201d'"
    ),
    "quoted twice": bad('y,p\n1,"""0.5"""\n', r"preds\.csv, line 2: prediction '\"0\.5\"'"),
}


@each(SOUND)
def test_quoted_text_never_costs_a_row(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


@each(BROKEN)
def test_a_quote_out_of_place_is_refused_with_its_line(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


LINES = {
    "below quoted line breaks": (b'y,p,t\n1,.5,"a\n\nb"\n1,.5,"\n"\n2,.5,x\n', 7),
    "within quoted line breaks": (b'y,p,t\n1,.5,"a\nb"\n2,.5,"c\nd\ne"\n', 4),
    "below a header of two lines": (b'y,p,"a\nb"\n2,.5,c\n', 3),
    "below blank lines": (b"\n\ny,p\n\n1,.5\n\n\n2,.5\n", 8),
    "with CRLF": (b'y,p,t\r\n1,.5,"a\r\nb"\r\n\r\n2,.5,c\r\n', 5),
    "with CR alone": (b'y,p,t\r1,.5,"a\rb"\r\r2,.5,c\r', 5),
    "with mixed line ends": (b"y,p\n1,.5\r\n0,.5\r1,.5\n2,.5\n", 5),
    "below line separators that are none": (
        "y,p,t\n1,.5,a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\n2,.5,x\n".encode(),
        3,
    ),
    "after a byte order mark": (b"\xef\xbb\xbf\ny,p\n2,.5\n", 3),
}


@each(
    {
        name: bad(data, rf"preds\.csv, line {line}: label 2\b")
        for name, (data, line) in LINES.items()
    }
)
def test_a_line_is_counted_as_an_editor_counts(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


def _tall(last: str) -> bytes:
    return ("y,p\n" + "1,.5\n0,.25\n" * 150_000 + last).encode()


def _wide(width: int) -> bytes:
    header = ",".join([f"c{i}" for i in range(width - 2)] + ["y", "p"])
    return (header + "".join(f"\n{'x,' * (width - 2)}{y},{p}" for y, p in TWO)).encode()


LARGE = {
    "a field of 5 MB": good(lambda: b'y,p,t\n1,.5,"' + b"ab,\n" * 1_300_000 + b'"\n0,.25,c\n'),
    "a field of 5 MB, a fault below": bad(
        lambda: b'y,p,t\n1,.5,"' + b"ab,\n" * 1_300_000 + b'"\n0,7,c\n',
        r"preds\.csv, line 1300003: prediction 7\b",
    ),
    "20,000 columns": good(lambda: _wide(20_000)),
    "a row of 20,000 columns": bad(
        lambda: b"y,p\n1,.5\n" + b"0," * 20_000 + b"0\n", r"preds\.csv, line 3: 20,?001 fields"
    ),
    "a fault in the last of 300,001 rows": bad(
        lambda: _tall("0,1.5"), r"preds\.csv, line 300002: prediction 1\.5"
    ),
    "a ragged last of 300,001 rows": bad(lambda: _tall("0"), r"preds\.csv, line 300002: 1 field"),
    "300,001 rows": good(lambda: _tall("1,.75"), TWO * 150_000 + ((1, 0.75),)),
    "a text in the last of 300,001 rows": bad(
        lambda: _tall("abc,.5\n"), r"preds\.csv, line 300002: label 'abc'"
    ),
}


@pytest.mark.usefixtures("any_blocks")
@each(LARGE)
def test_size_changes_nothing(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
