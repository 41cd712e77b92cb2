"""Semicolons, tabs, pipes, spaces; decimal commas; and delimiters that are given wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAS = 'id,y,p,note\n1,1,.5,"a,b;c\td|e f"\n2,0,.25,\n'


def _with(delimiter: str) -> str:
    return f"id{delimiter}y{delimiter}p{delimiter}note\n" + "".join(
        delimiter.join([number, label, p, note]) + "\n"
        for number, label, p, note in (("1", "1", ".5", '"a,b;c\td|e f"'), ("2", "0", ".25", ""))
    )


SAID = {";": "';'|semicolon", "\t": r"tab|'\\t'", "|": r"'\|'|pipe"}


@pytest.mark.parametrize("delimiter", SAID, ids=["semicolon", "tab", "pipe"])
@pytest.mark.parametrize("name", ["preds.csv", "preds.txt", "preds", "-"])
def test_a_delimiter_is_found_under_which_the_columns_appear(
    delimiter: str, name: str, judge: Callable[[Case], None]
) -> None:
    judge(good(_with(delimiter), name=name, said=SAID[delimiter]))


@pytest.mark.parametrize("name", ["preds.tsv", "preds.tab", "PREDS.TSV"])
def test_a_tab_is_the_delimiter_by_extension(name: str, judge: Callable[[Case], None]) -> None:
    judge(good(_with("\t"), name=name))


NAMES = {
    "comma": ",",
    ",": ",",
    "semicolon": ";",
    ";": ";",
    "tab": "\t",
    "\t": "\t",
    "pipe": "|",
    "|": "|",
    "space": " ",
    " ": " ",
    ":": ":",
    "~": "~",
    "^": "^",
    "\x1f": "\x1f",
    "#": "#",
}


@pytest.mark.parametrize(("name", "delimiter"), NAMES.items(), ids=[repr(name) for name in NAMES])
def test_a_delimiter_may_be_given(name: str, delimiter: str, judge: Callable[[Case], None]) -> None:
    judge(good(_with(delimiter), TWO, "--delimiter", name))


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "], ids=ascii)
def test_a_fault_has_its_line_under_any_delimiter(
    delimiter: str, judge: Callable[[Case], None]
) -> None:
    text = 'y,p,t\n1,.5,"a\nb"\n0,1.5,c\n'.replace(",", delimiter)
    error = r"preds\.csv, line 4: prediction 1\.5"
    judge(bad(text, error, "--delimiter", delimiter))


FOUND = {
    "commas in an unwanted name of a tab file": good("y\tp\tlast, first\n1\t.5\ta\n0\t.25\tb\n"),
    "commas in the cells of a tab file": good("y\tp\tt\n1\t.5\ta,b\n0\t.25\tc,d,e\n"),
    "semicolons in the cells of a comma file": good("y,p,t\n1,.5,a;b\n0,.25,;;;\n"),
    "a semicolon in an unwanted name of a comma file": good("y,p,a;b\n1,.5,c\n0,.25,d\n"),
    "a comma in a quoted name of a semicolon file": good('y;p;"a,b"\n1;.5;c\n0;.25;d\n'),
    "chosen columns decide": good("a;b;c\n1;.5;x,y\n0;.25;z\n", TWO, "-l", "a", "-p", "b"),
    "chosen places decide": good("a;b;c\n1;.5;x\n0;.25;z\n", TWO, "-l", "#1", "-p", "#2"),
    "quoted names between semicolons": good('"y";"p"\n"1";"0.5"\n"0";"0.25"\n'),
    "a byte order mark": good(b"\xef\xbb\xbfy;p\n1;.5\n0;.25\n"),
    "CRLF": good("y;p\r\n1;.5\r\n0;.25\r\n"),
    "CR alone": good("y;p\r1;.5\r0;.25\r"),
    "blank lines above": good("\n\ny;p\n1;.5\n0;.25\n"),
    "a comment above": good("# a,b;c\ny;p\n1;.5\n0;.25\n", TWO, "--comment", "#"),
    "a name with the delimiter, quoted": good('y;p;"a;b"\n1;.5;"c;d"\n0;.25;e\n'),
    "single spaces": good("y p t\n1 .5 a\n0 .25 b\n", TWO, "--delimiter", "space"),
    "tabs around numbers under semicolons": good("y;p\n1\t;\t.5\n0;.25\n"),
    "tsv as the format": good("y\tp\n1\t.5\n0\t.25\n", TWO, "--input-format", "tsv"),
    "csv as the format of a .tsv": good(
        "y,p\n1,.5\n0,.25\n", TWO, "--input-format", "csv", name="preds.tsv"
    ),
    "a comma in a .tsv on request": good(
        "y,p\n1,.5\n0,.25\n", TWO, "--delimiter", ",", name="p.tsv"
    ),
}


@each(FOUND)
def test_the_wanted_columns_decide(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


NO_DELIMITER = r"preds\.[ct]sv, line 1: the header has no delimiter: "

WRONG = {
    "semicolon given, commas there": bad(
        "y,p\n1,.5\n", NO_DELIMITER + "'y,p'", "--delimiter", ";", hint="';'.*--delimiter"
    ),
    "comma given, tabs there": bad(
        "y\tp\n1\t.5\n", NO_DELIMITER + r"'y\\tp'", "--delimiter", ",", hint="comma.*--delimiter"
    ),
    "commas in a .tsv": bad(
        "y,p\n1,.5\n", NO_DELIMITER + "'y,p'", name="preds.tsv", hint="tab.*--delimiter"
    ),
    "aligned by spaces": bad(
        "y  p\n1  .5\n0  .25\n", NO_DELIMITER + "'y  p'", hint="--delimiter space"
    ),
    "two spaces between": bad(
        "y p\n1 .5\n0  .25\n", r"preds\.csv, line 3: 3 fields", "--delimiter", "space"
    ),
    "the delimiter changes below": bad("y;p\n1;.5\n0,.25\n", r"preds\.csv, line 3: 1 field"),
    "a comma row in a tab file": bad("y\tp\n1\t.5\n0,.25\n", r"preds\.csv, line 3: 1 field"),
    "a comma in a cell of a comma file": bad("y,p,t\n1,.5,a,b\n", r"preds\.csv, line 2: 4 fields"),
    "a Markdown table": bad(
        "| y | p |\n|---|---|\n| 1 | .5 |\n", r"preds\.csv, line 2: label '---'"
    ),
    "no such delimiter there": bad("y:p\n1:.5\n", r"preds\.csv: .*", hint="'y:p'"),
    "two characters": bad(COMMAS, r".*--delimiter", "--delimiter", "||", code=2),
    "a word": bad(COMMAS, r".*--delimiter", "--delimiter", "colon", code=2),
    "nothing": bad(COMMAS, r".*--delimiter", "--delimiter", "", code=2),
    "no ASCII": bad(COMMAS, r".*--delimiter", "--delimiter", "\xa6", code=2),
    "an emoji": bad(COMMAS, r".*--delimiter", "--delimiter", "\U0001f44d", code=2),
    "a quote": bad(COMMAS, r".*--delimiter", "--delimiter", '"', code=2),
    "a line end": bad(COMMAS, r".*--delimiter", "--delimiter", "\n", code=2),
    "a carriage return": bad(COMMAS, r".*--delimiter", "--delimiter", "\r", code=2),
    "an escape": bad(COMMAS, r".*--delimiter.*\\x1b", "--delimiter", "\x1b[2J", code=2),
    "an unknown format": bad(COMMAS, r".*--input-format", "--input-format", "xlsx", code=2),
}


@each(WRONG)
def test_a_delimiter_that_does_not_fit_is_refused(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


DECIMAL = ("--decimal", ",")

DECIMALS = {
    "delimiter and decimal alike, in quotes": good('y,p\n1,"0,5"\n0,"0,25"\n', TWO, *DECIMAL),
    "semicolons": good("y;p\n1;0,5\n0;0,25\n", TWO, *DECIMAL),
    "tabs": good("y\tp\n1\t0,5\n0\t0,25\n", TWO, *DECIMAL),
    "a .tsv": good("y\tp\n1\t0,5\n0\t0,25\n", TWO, *DECIMAL, name="preds.tsv"),
    "labels too": good("y;p\n1,0;0,5\n0,0;0,25\n", TWO, *DECIMAL),
    "exponents": good("y;p\n1;5,0e-1\n0;2,5E-1\n", TWO, *DECIMAL),
    "bare commas": good("y;p\n1;,5\n0;,25\n", TWO, *DECIMAL),
    "whole numbers": good("y;p\n1;1\n0;0\n1;0,5\n", ((1, 1), (0, 0), (1, 0.5)), *DECIMAL),
    "seventeen digits": good("y;p\n1;0,30000000000000004\n", ((1, 0.30000000000000004),), *DECIMAL),
    "quoted": good('"y";"p"\n"1";"0,5"\n"0";"0,25"\n', TWO, *DECIMAL),
    "soft labels": good(
        "y;p\n0,5;0,5\n1;0,25\n", ((0.5, 0.5), (1, 0.25)), *DECIMAL, "--soft-labels"
    ),
    "a point by name": good("y;p\n1;0.5\n0;0.25\n", TWO, "--decimal", "."),
    "a point where a comma was said": bad(
        "y;p\n1;0,5\n0;0.25\n", r"preds\.csv, line 3: prediction '0\.25'", *DECIMAL
    ),
    "a comma where a point is meant": bad("y;p\n1;0,5\n", r"preds\.csv, line 2: prediction '0,5'"),
    "thousands": bad(
        "y;p\n1;0,5\n0;1.000,5\n", r"preds\.csv, line 3: prediction '1\.000,5'", *DECIMAL
    ),
    "two commas": bad("y;p\n1;0,5,0\n", r"preds\.csv, line 2: prediction '0,5,0'", *DECIMAL),
    "outside by an ulp": bad(
        "y;p\n1;1,0000000000000002\n",
        r"preds\.csv, line 2: prediction '?1,0000000000000002",
        *DECIMAL,
    ),
    "a label that is none": bad(
        "y;p\n1;0,5\n0,5;0,5\n", r"preds\.csv, line 3: label '?0,5", *DECIMAL
    ),
    "delimiter and decimal alike, without quotes": bad(
        "y,p\n1,0,5\n", r"preds\.csv, line 2: 3 fields", *DECIMAL, "--delimiter", ","
    ),
    "another sign": bad("y;p\n1;0,5\n", r".*--decimal", "--decimal", ";", code=2),
    "nothing": bad("y;p\n1;0,5\n", r".*--decimal", "--decimal", "", code=2),
}


@each(DECIMALS)
def test_a_decimal_comma_is_read_on_request(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
