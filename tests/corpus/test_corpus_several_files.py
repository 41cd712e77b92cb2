"""Several files are one data set, each with its own columns, delimiter, format and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.corpus.cases import TWO, Case, bad, each, good
from tests.corpus.columnar import arrow_stream, parquet, table
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    from collections.abc import Callable

CSV = "y,p\n1,.5\n0,.25\n"
JSON = '{"p": 0.5, "y": 1}\n{"p": 0.25, "y": 0}\n'
PAIR = ("preds.csv", "more.data")
WORDS = "y,p\nyes,.5\nno,.25\n"


def both(more: Any, *options: str, **rest: Any) -> Case:  # noqa: ANN401
    """Say that a second file adds the same two rows."""
    return good(CSV, TWO * 2, *options, files={"more.data": more}, sources=PAIR, **rest)


def second(more: Any, error: str, *options: str, **rest: Any) -> Case:  # noqa: ANN401
    """Say what is wrong with a second file."""
    return bad(
        rest.pop("first", CSV), error, *options, files={"more.data": more}, sources=PAIR, **rest
    )


TOGETHER = {
    "the same columns": both(CSV),
    "1 here and 1.0 there, named": both(
        "y,p\n1.0,.5\n0.0,.25\n", "--positive", "1", facts={"negative_label": "0"}
    ),
    "1 here and 1.0 there, named and typed": both(
        lambda: parquet(table(y=(["01", "-0"],), p=([0.5, 0.25],))), "--positive", "1.0"
    ),
    "1 here and a number there, named": both(
        lambda: parquet(table(y=([1.0, 0.0],), p=([0.5, 0.25],))), "--positive", "1.0"
    ),
    "1 here and JSON there, named": both(JSON.replace('"y": 1', '"y": 1.00'), "--positive", "+1"),
    "columns in another order": both("p,y\n.5,1\n.25,0\n"),
    "more columns": both("t,p,u,y\nx,.5,x,1\n,.25,,0\n"),
    "columns by name": both("p,y\n.5,1\n.25,0\n", "-l", "y", "-p", "p"),
    "semicolons": both(CSV.replace(",", ";")),
    "tabs": both(CSV.replace(",", "\t")),
    "CRLF": both(CSV.replace("\n", "\r\n")),
    "CR": both(CSV.replace("\n", "\r")),
    "a byte order mark": both("\ufeff" + CSV),
    "UTF-16": both(CSV.encode("utf-16")),
    "no last line end": both(CSV.rstrip()),
    "JSON Lines": both(JSON),
    "Parquet": both(lambda: parquet(table(p=([0.5, 0.25],), y=([True, False],)))),
    "an Arrow stream": both(lambda: arrow_stream(table(p=(["0.5", ".25"],), y=([1, 0],)))),
    "gzip": both(lambda: PACK["gz"](CSV.encode())),
    "xz of JSON Lines": both(lambda: PACK["xz"](JSON.encode())),
    "a file and standard input": good(
        CSV, TWO * 2, name="-", files={"more.csv": JSON}, sources=("more.csv", "-")
    ),
    "rows are counted through": good(
        "y,p\n1,.5\n",
        ((1, 0.5), (0, 0.25), (1, 0.0)),
        files={"more.data": '{"y":0,"p":0.25}\n{"y":1,"p":0}\n'},
        sources=PAIR,
        facts={"first_impossible_row": 3, "n": 3},
    ),
    "missing rows of both are counted": good(
        CSV + "1,\n",
        TWO * 2,
        "--missing",
        "drop",
        files={"more.data": CSV + ",.5\nNA,NA\n"},
        sources=PAIR,
        facts={"n_missing": 3},
    ),
    "a file of which every row is missing": good(
        CSV,
        TWO,
        "--missing",
        "drop",
        files={"more.data": "y,p\n1,\n"},
        sources=PAIR,
        facts={"n_missing": 1},
    ),
    "the same words": good(
        WORDS,
        TWO * 2,
        "--positive",
        "yes",
        files={"more.data": "p,y\n.5,yes\n.25,no\n"},
        sources=PAIR,
    ),
    "each word in a file of its own": good(
        "y,p\nyes,.5\n",
        TWO,
        "--positive",
        "yes",
        files={"more.data": "y,p\nno,.25\n"},
        sources=PAIR,
        facts={"positive_label": "yes", "negative_label": "no"},
    ),
    "words here, a category there": good(
        WORDS,
        TWO * 2,
        "--positive",
        "yes",
        sources=PAIR,
        files={
            "more.data": lambda: parquet(
                table(y=(["yes", "no"], "dictionary:string"), p=([0.5, 0.25],))
            )
        },
    ),
    "1 here and 1.0 there": both("y,p\n1.0,.5\n0.0,.25\n"),
    "forty files": good(
        CSV,
        TWO * 40,
        sources=tuple(f"{i}.csv" for i in range(40)),
        files={f"{i}.csv": CSV for i in range(40)},
    ),
}


@each(TOGETHER)
def test_several_files_are_one_data_set(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


APART = {
    "a fault in the second": second("p,y\n.5,1\n1.5,0\n", r"more\.data, line 3: prediction 1\.5"),
    "a fault in the second, JSON": second(JSON + '{"y":2,"p":0}', r"more\.data, line 3: label 2\b"),
    "a fault in the second, Parquet": second(
        lambda: parquet(table(y=([1, 7],), p=([0.5, 0.5],))), r"more\.data, row 2: label 7\b"
    ),
    "a fault in both": second("y,p\n1,9\n", r"preds\.csv, line 2: label 3\b", first="y,p\n3,.5\n"),
    "the same file twice": bad(
        CSV,
        r"preds\.csv is named twice: its rows would count twice$",
        sources=("preds.csv", "preds.csv"),
        hint="name each file once",
        code=2,
    ),
    "0 and 1 here, 1 and true there, named": second(
        "y,p\n1,.5\ntrue,.5\n", r"more\.data, line 3: label 'true' ", "--positive", "1"
    ),
    "no label column": second("t,p\n1,.5\n", r"more\.data: .*('y'|label)"),
    "no such name": second(
        "t,p\n1,.5\n", r"more\.data: there is no column 'y'", "-l", "y", "-p", "p"
    ),
    "another customary name": second(
        "target,p\n1,.5\n", r"more\.data: .*'y'|more\.data: .*'target'", "-l", "y"
    ),
    "a twofold name": second("y,p,p\n1,.5,.5\n", r"more\.data: .*'p'"),
    "a place beyond the last": second("p\n.5\n", r"more\.data: .*#2", "-l", "#1", "-p", "#2"),
    "ragged": second("y,p\n1,.5,1\n", r"more\.data, line 2: 3 fields"),
    "empty": second("", r"more\.data: .*empty"),
    "a picture": second(b"\x89PNG\r\n\x1a\n" + bytes(60), r"more\.data\b"),
    "truncated": second(lambda: PACK["zst"](CSV.encode() * 999)[:-9], r"more\.data: "),
    "missing file": bad(CSV, r"more\.data: no such file", sources=PAIR, code=66),
    "missing file first": bad(CSV, r"more\.data: no such file", sources=PAIR[::-1], code=66),
    "standard input twice": bad(CSV, r"standard input", name="-", sources=("-", "-"), code=2),
    "a third word in the second": second(
        "y,p\nyes,.5\nmaybe,.5\n",
        r"more\.data, line 3: .*'maybe'",
        "--positive",
        "yes",
        first=WORDS,
    ),
    "another negative word": second(
        "y,p\nyes,.5\nNo,.5\n", r"more\.data, line 3: .*'No'", "--positive", "yes", first=WORDS
    ),
    "1 and 0 here, yes and no there": second(WORDS, r"more\.data, line 2: label 'yes'"),
    "no UTF-8 in the header": second(b"y,p,\xe9\n1,.5,a\n", r"more\.data, line 1: .*0xe9"),
    "a missing cell": second("y,p\n1,\n", r"more\.data, line 2: prediction"),
    "a missing cell on standard input": bad(
        "y,p\n1,.5\n0,\n",
        r"standard input, line 3: prediction",
        name="-",
        files={"more.csv": CSV},
        sources=("more.csv", "-"),
    ),
}


@each(APART)
def test_a_fault_names_its_own_file_and_line(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
