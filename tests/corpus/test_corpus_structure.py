"""Ragged rows, blank lines, headers, comments: rows are counted as a careful reader would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.corpus.cases import TWO, Case, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

RAGGED = {
    "long first row": bad("y,p\n7,1,.5\n0,.2\n", r"preds\.csv, line 2: 3 fields .*\b2\b"),
    "all rows long": bad("y,p\n1,.5,x\n0,.2,x\n", r"preds\.csv, line 2: 3 fields .*\b2\b"),
    "long last row": bad("y,p\n1,.5\n0,.2,9", r"preds\.csv, line 3: 3 fields .*\b2\b"),
    "long row in the middle": bad(
        "y,p\n1,.5\n0,.2,\n1,.3\n", r"preds\.csv, line 3: 3 fields .*\b2\b"
    ),
    "short first row": bad("y,p,t\n1,.5\n0,.2,a\n", r"preds\.csv, line 2: 2 fields .*\b3\b"),
    "short last row": bad("y,p,t\n1,.5,a\n0,.2", r"preds\.csv, line 3: 2 fields .*\b3\b"),
    "short row that holds all wanted cells": bad(
        "y,p,t\n1,.5,a\n0,.2\n1,.3,c\n", r"preds\.csv, line 3: 2 fields .*\b3\b"
    ),
    "row of one cell": bad("y,p\n1,.5\n0\n1,.3\n", r"preds\.csv, line 3: 1 field .*\b2\b"),
    "row of spaces": bad("y,p\n1,.5\n   \n0,.2\n", r"preds\.csv, line 3: "),
    "row of one empty quoted cell": bad('y,p\n1,.5\n""\n', r"preds\.csv, line 3: 1 field .*\b2\b"),
    "row of commas": bad("y,p\n1,.5\n,\n", r"preds\.csv, line 3: label .*(empty|missing)"),
    "trailing commas in rows alone": bad("y,p\n1,.5,\n0,.2,\n", r"preds\.csv, line 2: 3 fields"),
    "trailing comma in the header alone": bad("y,p,\n1,.5\n", r"preds\.csv, line 2: 2 fields"),
    "decimal commas": bad("y,p\n1,0,5\n0,0,2\n", r"preds\.csv, line 2: 3 fields .*\b2\b"),
    "cut off in the last row": bad("y,p\n1,.5\n0,.25\n1", r"preds\.csv, line 4: 1 field"),
    "a second table below": bad("y,p\n1,.5\n\na,b,c\n1,2,3\n", r"preds\.csv, line 4: 3 fields"),
    "a total below": bad("y,p\n1,.5\n0,.2\nmean,.35\n", r"preds\.csv, line 4: label 'mean'"),
    "header repeated below": bad("y,p\n1,.5\ny,p\n0,.2\n", r"preds\.csv, line 3: label 'y'"),
    "title above": bad("Predictions of March\n\ny,p\n1,.5\n", r"preds\.csv"),
    "two ragged rows": bad(
        "y,p\n1,.5\n0\n1,.5\n1\n1\n",
        r"preds\.csv, line 3: 1 field .*; at least 2 more rows are faulty$",
    ),
    "one more faulty row": bad(
        "y,p\n1,.5\n0,7\n1,8\n",
        r"preds\.csv, line 3: prediction 7\b.*; at least 1 more row is faulty$",
    ),
}


@each(RAGGED)
def test_a_ragged_row_is_refused_with_its_line(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


BLANKS = {
    "a line for Excel": good("sep=;\r\ny;p\r\n1;.5\r\n0;.25\r\n"),
    "plain": good("y,p\n1,.5\n0,.25\n"),
    "no final line end": good("y,p\n1,.5\n0,.25"),
    "many final line ends": good("y,p\n1,.5\n0,.25\n\n\n\n\n"),
    "blank lines everywhere": good("\n\ny,p\n\n1,.5\n\n\n0,.25\n"),
    "blank CRLF lines": good("\r\ny,p\r\n\r\n1,.5\r\n\r\n0,.25\r\n\r\n"),
    "single row": good("y,p\n1,.5", ((1, 0.5),)),
    "trailing commas everywhere": good("y,p,\n1,.5,\n0,.25,\n"),
    "an index without a name": good(",y,p\n0,1,.5\n1,0,.25\n"),
    "names with spaces around": good(" y , p \n1,.5\n0,.25\n"),
    "quoted names": good('"y","p"\n1,.5\n0,.25\n'),
    "spaces around cells": good("y,p\n 1 , .5 \n0\t,\t.25\n"),
    "columns that nobody wants": good("a,y,b,p,c\n,1,x,.5,\n1e999,0,,.25,NA\n"),
    "a column called after a place": good("#2,y,p\n.5,1,9\n.25,0,9\n", TWO, "-p", "#2", "-l", "y"),
    "columns by place": good("a,a,a\n1,x,.5\n0,x,.25\n", TWO, "-l", "#1", "-p", "#3"),
    "names that look like options": good("-l,-p\n1,.5\n0,.25\n", TWO, "--label=-l", "-p", "-p"),
    "names of digits": good("y,0,1\n1,.5,.5\n0,.75,.25\n", TWO, "-p", "1"),
    "names in brackets": good("y[1],p[1]\n1,.5\n0,.25\n", TWO, "-l", "y[1]", "-p", "p[1]"),
    "standard input": good("y,p\n1,.5\n0,.25\n", name="-"),
    "standard input without a dash": good("y,p\n1,.5\n0,.25\n", name="-", sources=()),
}


@each(BLANKS)
def test_a_sound_file_gives_all_its_rows(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


HEADERS = {
    "empty file": bad("", r"preds\.csv: .*empty"),
    "blank file": bad(" \n\n \n", r"preds\.csv"),
    "byte order mark alone": bad(b"\xef\xbb\xbf", r"preds\.csv: .*empty"),
    "header alone": bad("y,p\n", r"preds\.csv: .*no rows"),
    "header alone, comments below": bad(
        "y,p\n# 1,.5\n", r"preds\.csv: .*no rows", "--comment", "#"
    ),
    "no header, numbers": bad(
        "1,0.5\n0,0.25\n", r"preds\.csv, line 1: .*'1,0\.5'", hint="--no-header"
    ),
    "no header, with ids": bad("a1,1,0.5\na2,0,0.25\n", r"preds\.csv", hint=r"header|'a1'"),
    "no header, chosen by name": bad("1,0.5\n0,0.25\n", r"preds\.csv", "-l", "y", "-p", "p"),
    "duplicate prediction": bad("y,p,p\n1,.5,.6\n", r"preds\.csv: .*'p'.*#2.*#3", "-p", "p"),
    "duplicate label": bad("y,p,y\n1,.5,0\n", r"preds\.csv: .*'y'.*#1.*#3", "-l", "y"),
    "duplicate names, guessed": bad("y,p,p\n1,.5,.6\n", r"preds\.csv: .*'p', 'p'"),
    "thrice the same name": bad("y,y,y,p\n1,1,1,.5\n", r".*#1.*#2.*#3", "-l", "y"),
    "duplicates but for case, guessed": bad("Y,y,p\n1,1,.5\n", r"preds\.csv: .*'Y', 'y'"),
    "one column": bad("p\n.5\n.25\n", r"preds\.csv: .*label"),
    "a name that is not there": bad(
        "id,outcome_2024,p\n1,1,.5\n", r".*'outcome_2042'.*'outcome_2024'", "-l", "outcome_2042"
    ),
    "a name in other case": bad("Truth,p\n1,.5\n", r".*'truth'.*'Truth'", "-l", "truth"),
    "a place beyond the last": bad("y,p\n1,.5\n", r"preds\.csv: .*#3", "-l", "#3"),
    "place zero": bad("y,p\n1,.5\n", r"preds\.csv: .*#0", "-l", "#0"),
    "label and prediction the same": bad("y,p\n1,.5\n", r"preds\.csv: .*'p'", "-l", "p", "-p", "p"),
    "a line for Excel and no header": bad("sep=;\n", r"preds\.csv: the input is empty"),
}


@each(HEADERS)
def test_a_header_that_does_not_fit_is_refused(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


PLACES = ("-l", "#1", "-p", "#2", "--no-header")

NO_HEADER = {
    "two rows": good("1,.5\n0,.25\n", TWO, *PLACES),
    "byte order mark": good(b"\xef\xbb\xbf1,.5\n0,.25\n", TWO, *PLACES),
    "blank lines above": good("\n\n1,.5\n0,.25\n", TWO, *PLACES),
    "semicolons, said": good("1;.5\n0;.25\n", TWO, *PLACES, "--delimiter", ";"),
    "tabs by extension": good("1\t.5\n0\t.25\n", TWO, *PLACES, name="preds.tsv"),
    "a fault in the first row": bad(
        "1,1.5\n0,.25\n", r"preds\.csv, line 1: prediction 1\.5", *PLACES
    ),
    "a header after all": bad("y,p\n1,.5\n", r"preds\.csv, line 1: label 'y'", *PLACES),
    "a ragged row": bad("1,.5\n0,.25,1\n", r"preds\.csv, line 2: 3 fields", *PLACES),
    "a place beyond the last": bad("1\n0\n", r"preds\.csv.*#2", *PLACES),
    "an empty file": bad("", r"preds\.csv: .*empty", *PLACES),
    "no columns given": bad("1,.5\n", r".*", "--no-header", code=2),
    "no prediction given": bad("1,.5\n", r".*", "--no-header", "-l", "#1", code=2),
    "columns by name": bad("1,.5\n", r".*", "--no-header", "-l", "y", "-p", "#2", code=(2, 65)),
    "quoted line break in the first row": good('1,.5,"a\nb"\n0,.25,c\n', TWO, *PLACES),
}


@each(NO_HEADER)
def test_without_a_header_no_row_is_lost(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


COMMENT = ("--comment", "#")

COMMENTS = {
    "above": good("# made today\ny,p\n1,.5\n0,.25\n", TWO, *COMMENT),
    "between and below": good("y,p\n1,.5\n# half\n0,.25\n# end", TWO, *COMMENT),
    "commas in them": good("# a,b,c,d\ny,p\n1,.5\n# ,,,\n0,.25\n", TWO, *COMMENT),
    "a quote in one": good('# 5" wide\ny,p\n1,.5\n# it"s\n0,.25\n', TWO, *COMMENT),
    "quotes in many": good('# "\n# "a\ny,p\n1,.5\n# b"\n# "\n# "\n0,.25\n', TWO, *COMMENT),
    "CRLF": good('# a"\r\ny,p\r\n1,.5\r\n#\r\n0,.25\r\n', TWO, *COMMENT),
    "two characters": good("// a\ny,p\n1,.5\n// b\n0,.25\n", TWO, "--comment", "//"),
    "after a byte order mark": good(b"\xef\xbb\xbf# a\ny,p\n1,.5\n0,.25\n", TWO, *COMMENT),
    "within a quoted cell they are text": good('y,p,t\n1,.5,"a\n# b"\n0,.25,"#"\n', TWO, *COMMENT),
    "a mark within a line is text": good("y,p,t\n1,.5,#\n0,.25,a # b\n", TWO, *COMMENT),
    "a fault below is counted physically": bad(
        '# a\n# b"\ny,p\n# c\n1,.5\n# d\n2,.5\n', r"preds\.csv, line 7: label 2", *COMMENT
    ),
    "no header, a comment above": good("# y,p\n1,.5\n0,.25\n", TWO, *PLACES, *COMMENT),
    "not asked for, above": bad("# made today\ny,p\n1,.5\n", r"preds\.csv"),
    "not asked for, below": bad("y,p\n1,.5\n# end\n", r"preds\.csv, line 3: 1 field"),
    "a header that is one": bad("#y,p\n1,.5\n0,.25\n", r"preds\.csv", *COMMENT),
    "nothing else": bad("# a\n# b\n", r"preds\.csv: .*empty", *COMMENT),
    "an empty mark": bad("y,p\n1,.5\n", r".*--comment", "--comment", "", code=2),
}


@each(COMMENTS)
def test_comments_are_passed_over_when_asked(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


ROW_NAMES = r"R's write\.table writes row names so: row\.names = FALSE leaves them out$"
SHORT_BY_ONE = r"preds\.csv, line 2: 3 fields where the header has 2, which is one name short"
LONG = r"preds\.csv, line 2: 3 fields where the header has 2(?:$|;)"
SURPLUS = {
    "row names": bad('"y","p"\n"1",1,0.9\n"2",0,0.2\n', f"{SHORT_BY_ONE}; at", hint=ROW_NAMES),
    "row names, tabs": bad("y\tp\na\t1\t0.9\n", f"{SHORT_BY_ONE}$", hint=ROW_NAMES),
    "row names, spaces": bad(
        '"y" "p"\n"1" 1 0.9\n', f"{SHORT_BY_ONE}$", "--delimiter", "space", hint=ROW_NAMES
    ),
    "row names, decimal commas": bad(
        '"y";"p"\n"1";1;0,9\n"2";0;0,2\n', SHORT_BY_ONE, hint=ROW_NAMES
    ),
    "row names, a missing value": bad(
        "y,p\n1,1,NA\n2,0,0.2\n", SHORT_BY_ONE, "--missing", "drop", hint=ROW_NAMES
    ),
    "row names, named labels": bad(
        "y,p\n1,no,.1\n2,yes,0.2\n", SHORT_BY_ONE, "--positive", "yes", hint=ROW_NAMES
    ),
    "a comma at the end of each line": bad(
        "y,p\n1,.5,\n0,.2,\n", LONG, hint="lines end with a comma, and the header does not"
    ),
    "decimal commas": bad("y,p\n1,0,5\n0,0,25\n", LONG, hint="a comma inside a field must be"),
    "a comma in one row": bad("y,p\n1,1,.5\n0,.2\n", LONG, hint="a comma inside a field must be"),
}


@each(SURPLUS)
def test_a_field_too_many_is_explained(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
