"""Missing cells: an error unless rows are to be dropped, and then they are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

DROP = ("--missing", "drop")

SPELLINGS = ["", " ", '""', '" "', "NA", "na", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL"]
SPELLINGS += [
    "Null",
    "None",
    "none",
    "<NA>",
    "<na>",
    "#N/A",
    "#n/a",
    " NA ",
    '"NA"',
    '" null "',
    "\tNaN",
]
SPELLINGS += ["-nan", "-NaN", "+nan", "nan(ind)", "-nan(ind)", "nan(snan)", "nan(0x8000000000000)"]
SPELLINGS += ["1.#QNAN", "-1.#IND", "1.#IND00", "-1.#SNAN", ".", ".A", ".z", "._", "\\N", "\\n"]
SPELLINGS += ["#NA", "#N/A N/A", "nan(1)", '"."', '"-nan"', " . "]


def _file(role: str, text: str) -> str:
    row = f"{text},.9" if role == "label" else f"1,{text}"
    return f"y,p\n1,.5\n{row}\n0,.25\n"


@pytest.mark.few(20)
@pytest.mark.parametrize("role", ["label", "prediction"])
@pytest.mark.parametrize("text", SPELLINGS, ids=repr)
def test_a_missing_cell_is_an_error_by_default(
    text: str, role: str, judge: Callable[[Case], None]
) -> None:
    judge(bad(_file(role, text), rf"preds\.csv, line 3: {role}\b"))


@pytest.mark.few(20)
@pytest.mark.parametrize("role", ["label", "prediction"])
@pytest.mark.parametrize("text", SPELLINGS, ids=repr)
def test_a_row_with_a_missing_cell_is_dropped_on_request(
    text: str, role: str, judge: Callable[[Case], None]
) -> None:
    judge(good(_file(role, text), TWO, *DROP, facts={"n_missing": 1}, said="1"))


NO_SPELLINGS = ["-", "--", "..", "?", "nil", "N.A.", "NaNa", "NA NA", "#DIV/0!", "missing", "nan("]
NO_SPELLINGS += [
    "--nan",
    "nan()x",
    "1.#INF",
    ".AB",
    ".1.",
    "1.#",
    "inf",
    "#NULL!",
    "1e999",
    "void",
    "0xNA",
    "'NA'",
    "\xa0",
    "\x00",
    "\u200b",
]


@pytest.mark.few(20)
@pytest.mark.parametrize("role", ["label", "prediction"])
@pytest.mark.parametrize("text", NO_SPELLINGS, ids=ascii)
def test_what_is_merely_odd_is_not_dropped(
    text: str, role: str, judge: Callable[[Case], None]
) -> None:
    judge(bad(_file(role, text), rf"preds\.csv, line 3: {role}\b", *DROP))


CASES = {
    "nothing is missing": good("y,p\n1,.5\n0,.25\n", TWO, *DROP, facts={"n_missing": 0}),
    "both cells of a row": good("y,p\n1,.5\n,\n0,.25\n", TWO, *DROP, facts={"n_missing": 1}),
    "the first rows": good("y,p\n,.1\nNA,.1\n1,.5\n0,.25\n", TWO, *DROP, facts={"n_missing": 2}),
    "the last row": good("y,p\n1,.5\n0,.25\n1,", TWO, *DROP, facts={"n_missing": 1}),
    "a column of numbers and NaN": good(
        "y,p\n1.0,.5\nNaN,.5\n0.0,.25\n", TWO, *DROP, facts={"n_missing": 1}
    ),
    "unwanted cells do not matter": good(
        "y,p,t\n1,.5,\n0,.25,NA\n", TWO, *DROP, facts={"n_missing": 0}
    ),
    "unwanted cells never matter": good("y,p,t\n1,.5,\n0,.25,NA\n"),
    "every second of 200,000": good(
        lambda: b"y,p\n" + b"1,.5\n1,\n" * 100_000,
        ((1, 0.5),) * 100_000,
        *DROP,
        facts={"n_missing": 100_000},
    ),
    "rows keep their numbers": good(
        "y,p\n1,.5\n,.5\n1,0\n",
        ((1, 0.5), (1, 0.0)),
        *DROP,
        facts={"n_missing": 1, "first_impossible_row": 3},
    ),
    "every label": bad("y,p\n,.5\nNA,.5\n", r"preds\.csv: ", *DROP),
    "every prediction": bad("y,p\n1,\n0,nan\n", r"preds\.csv: ", *DROP),
    "a short row is not missing": bad("y,p\n1,.5\n0\n", r"preds\.csv, line 3: 1 field", *DROP),
    "a fault below keeps its line": bad(
        "y,p\n1,\n\n,.5\n0,7\n", r"preds\.csv, line 5: prediction 7\b", *DROP
    ),
    "an error by name": bad(
        "y,p\n1,.5\n0,\n", r"preds\.csv, line 3: prediction", "--missing", "error"
    ),
    "several missing": bad(
        "y,p\n1,.5\n0,\n,.5\n",
        r"preds\.csv, line 3: prediction .*; at least 1 more row is faulty$",
    ),
    "an unknown way": bad("y,p\n1,.5\n", r".*--missing", "--missing", "zero", code=2),
    "words as labels, an empty one dropped": good(
        "y,p\nyes,.5\n,.5\nno,.25\n", TWO, *DROP, "--positive", "yes", facts={"n_missing": 1}
    ),
    "words as labels, NA is one": good(
        "y,p\nyes,.5\nNA,.25\n", TWO, *DROP, "--positive", "yes", facts={"n_missing": 0}
    ),
    "words as labels, a prediction dropped": good(
        "y,p\nyes,.5\nno,NA\nno,.25\n", TWO, *DROP, "--positive", "yes", facts={"n_missing": 1}
    ),
    "soft labels": good(
        "y,p\n.5,.5\nNaN,.5\n", ((0.5, 0.5),), *DROP, "--soft-labels", facts={"n_missing": 1}
    ),
    "a decimal comma": good(
        "y;p\n1;0,5\n0;NA\n0;0,25\n", TWO, *DROP, "--decimal", ",", facts={"n_missing": 1}
    ),
    "a tab file with empty cells at its end": good(
        "y\tp\n1\t.5\n0\t\n0\t.25\n", TWO, *DROP, name="preds.tsv", facts={"n_missing": 1}
    ),
}


@each(CASES)
def test_dropping_is_counted_and_excuses_nothing_else(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)
