"""Predictions: the numbers people write, the nearest float64 of each, and what is no number."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

HALVES = [
    *(".5", "0.5", "+.5", "+0.5", "5e-1", "5E-1", "5.e-1", "+5.0e-01", "0.5e0", "0.5e+0", "00.5"),
    *("0.500000", "50e-2", "500E-003", " .5", ".5 ", "\t.5\t", '"0.5"', '" .5 "', "0.05e1"),
    *("0." + "5".ljust(5000, "0"), "5" + "0" * 400 + "e-401", "0" * 400 + ".5"),
]


@pytest.mark.parametrize("text", HALVES, ids=lambda text: repr(text[:12]))
def test_a_half_may_be_written_so(text: str, judge: Callable[[Case], None]) -> None:
    judge(good(f"y,p\n1,{text}\n0,.25\n"))


NEAREST = {
    "zero, right": ("0", 0, 0.0),
    "zero, wrong": ("0", 1, 0.0),
    "zero with a sign": ("-0.0", 0, 0.0),
    "zero with an exponent": ("0e999", 0, 0.0),
    "one, right": ("1", 1, 1.0),
    "one, wrong": ("1", 0, 1.0),
    "one with zeros": ("1.0000", 1, 1.0),
    "one of thousandths": ("1000e-3", 1, 1.0),
    "below one by an ulp, label 1": ("0.9999999999999999", 1, 0.9999999999999999),
    "below one by an ulp, label 0": ("0.9999999999999999", 0, 0.9999999999999999),
    "seventeen digits": ("0.30000000000000004", 1, 0.30000000000000004),
    "nearest below one": ("0.99999999999999994", 0, 0.9999999999999999),
    "smallest, label 1": ("5e-324", 1, 5e-324),
    "smallest, label 0": ("5e-324", 0, 5e-324),
    "rounds to the smallest": ("4e-324", 1, 5e-324),
    "subnormal": ("1.2345e-310", 1, 1.2345e-310),
    "famous": ("2.2250738585072011e-308", 1, 2.225073858507201e-308),
    "all digits of a tenth": (
        "0.1000000000000000055511151231257827021181583404541015625",
        1,
        0.1,
    ),
    "midway, to even": ("0.50000000000000005551115123125782702118158340454101562", 1, 0.5),
    "midway and a little more": (
        "0.500000000000000055511151231257827021181583404541015625" + "0" * 800 + "1",
        1,
        0.5000000000000001,
    ),
    "tiny, label 0": ("1e-20", 0, 1e-20),
    "near a half": ("0.4999999999999999", 0, 0.4999999999999999),
}


@pytest.mark.parametrize(("text", "label", "value"), NEAREST.values(), ids=NEAREST)
def test_a_number_is_the_nearest_float(
    text: str, label: int, value: float, judge: Callable[[Case], None]
) -> None:
    judge(good(f"y,p\n{label},{text}\n1,.75\n", ((label, value), (1, 0.75))))


def _many(shape: str) -> tuple[str, Rows]:
    source = random.Random(shape)  # noqa: S311 -- nothing secret
    rows = [
        (source.randrange(2), source.random() ** source.choice([1, 9, 40])) for _ in range(2000)
    ]
    rows = [(label, min(max(p, 1e-300), 1 - 2**-53)) for label, p in rows]
    lines = [f"{label},{p:{shape}}" if shape else f"{label},{p!r}" for label, p in rows]
    exact = tuple(
        (label, float(line.split(",")[1])) for (label, _), line in zip(rows, lines, strict=True)
    )
    return "y,p\n" + "\n".join(lines), exact


@pytest.mark.parametrize("shape", ["", ".17g", ".16e", ".25f", ".6f", ".3e"])
def test_two_thousand_numbers_are_exact(shape: str, judge: Callable[[Case], None]) -> None:
    judge(good(*_many(shape)))


OUTSIDE = ["1.0000000000000002", "-5e-324", "1.1", "2", "-0.1", "-1", "100", "1e308", "1e999"]
OUTSIDE += ["-1e999", "inf", "-inf", "+inf", "Infinity", "1" + "0" * 40, "-1e-300"]


@pytest.mark.few(20)
@pytest.mark.parametrize("text", OUTSIDE)
@pytest.mark.parametrize("place", [0, 2])
def test_a_prediction_outside_0_to_1_is_refused(
    text: str, place: int, judge: Callable[[Case], None]
) -> None:
    rows = ["0,.5", "1,.5", "0,.25"]
    rows[place] = f"1,{text}"
    error = rf"preds\.csv, line {place + 2}: prediction .?{re.escape(text)}"
    judge(bad("y,p\n" + "\n".join(rows), error))


NO_NUMBERS = {
    "underscore": ("0_5", "0_5"),
    "underscored digits": ("0.1_0", "0.1_0"),
    "hexadecimal": ("0x1p-1", "0x1p-1"),
    "hexadecimal integer": ("0x0", "0x0"),
    "binary": ("0b1", "0b1"),
    "full-width digits": ("\uff10.\uff15", "\uff10.\uff15"),
    "Arabic digits": ("\u0660.\u0665", "\u0660.\u0665"),
    "Devanagari one": ("\u0967", "\u0967"),
    "superscript": ("\xb9", "\xb9"),
    "a vulgar fraction": ("\xbd", "\xbd"),
    "a percentage": ("50%", "50%"),
    "a fraction": ("1/2", "1/2"),
    "a decimal comma": ('"0,5"', "0,5"),
    "thousands": ('"1,000e-3"', "1,000e-3"),
    "an exponent without digits": ("1e", "1e"),
    "an exponent alone": ("e-1", "e-1"),
    "a point alone": (".", "."),
    "a sign alone": ("-", "-"),
    "two signs": ("+-0.5", "+-0.5"),
    "two points": ("0.5.0", "0.5.0"),
    "a space within": ("0 .5", "0 .5"),
    "two numbers": ("0.5 0.5", "0.5 0.5"),
    "a suffix of C": ("0.5f", "0.5f"),
    "an exponent of Fortran": ("5d-1", "5d-1"),
    "currency": ("$0.5", "$0.5"),
    "brackets": ("(0.5)", "(0.5)"),
    "a list": ("[0.5]", "[0.5]"),
    "a tuple": ('"(0.5, 0.5)"', "(0.5, 0.5)"),
    "an interval": ("0.4-0.6", "0.4-0.6"),
    "less than": ("<0.05", "<0.05"),
    "about": ("~0.5", "~0.5"),
    "a formula": ("=0.5", "=0.5"),
    "an apostrophe of a spreadsheet": ("'0.5", "'0.5"),
    "true": ("True", "True"),
    "a word": ("abc", "abc"),
    "a NaN with a payload": ("nan(1)", "nan(1)"),
    "a division by zero": ("#DIV/0!", "#DIV/0!"),
    "a typographic minus": ("\u22120.5", "\u22120.5"),
    "a no-break space": ("\xa00.5", "\xa00.5"),
    "a thin space": ("0\u20095", "0\u20095"),
    "a form feed": ("0.5\x0c", r"0.5\x0c"),
    "a vertical tab": ("\x0b0.5", r"\x0b0.5"),
    "NUL and more": ("1\x00xyz", r"1\x00xyz"),
    "NUL at the end": ("0.5\x00", r"0.5\x00"),
    "a zero-width space": ("0.5\u200b", r"0.5\u200b"),
    "a byte order mark": ("\ufeff0.5", r"\ufeff0.5"),
    "a tensor": ("tensor(0.5000)", "tensor(0.5000)"),
    "a NumPy scalar": ("np.float64(0.5)", "np.float64(0.5)"),
    "scientific with a times sign": ("5\xd710-1", "5\xd710-1"),
}


@pytest.mark.few(20)
@pytest.mark.parametrize(("text", "shown"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_a_prediction_that_is_no_number_is_quoted(
    text: str, shown: str, judge: Callable[[Case], None]
) -> None:
    error = rf"preds\.csv, line 3: prediction '{re.escape(shown)}'"
    judge(bad(f"y,p\n1,.5\n1,{text}\n0,.25\n", error))


SUSPECT = {
    "logits": bad(
        "y,p\n1,2.3\n0,-1.7\n1,.4\n0,-3.1\n1,4.2\n",
        r"preds\.csv, line 2: prediction 2\.3\b",
        hint="(?i)logit",
    ),
    "percentages": bad(
        "y,p\n1,50\n0,12.5\n1,90\n0,3\n1,100\n",
        r"preds\.csv, line 2: prediction 50\b",
        hint="(?i)percent",
    ),
    "label and prediction swapped": bad(
        "y,p\n.9,1\n.2,0\n.7,1\n", r"preds\.csv, line 2: label \.9 ", hint="(?i)swap"
    ),
    "a fraction of NaN": bad("y,p\n1,.5\n0,nan\n", r"preds\.csv, line 3: prediction .*"),
    "one outlier among probabilities": bad(
        "y,p\n1,.5\n0,.25\n1,.75\n1,1.2\n", r"preds\.csv, line 5: prediction 1\.2\b"
    ),
    "a column of another name": bad(
        "truth,score\n1,.5\n0,1.5\n",
        r"preds\.csv, line 3: prediction 1\.5 .*'score'",
        *("-l", "truth"),
    ),
    "a number of 100,000 digits": bad(
        "y,p\n1,.5\n1," + "9" * 100_000 + "\n",
        r"preds\.csv, line 3: prediction .?9{10}.{0,300}$",
    ),
    "a text of 100,000 letters": bad(
        "y,p\n1,.5\n1," + "z" * 100_000 + "\n",
        r"preds\.csv, line 3: prediction 'z{60,90}.{0,60}$",
    ),
}


@each(SUSPECT)
def test_an_error_says_what_the_column_looks_like(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


@each(
    {
        "an ulp inside on both sides": good(
            "y,p\n1,1\n0,0\n1,5e-324\n", ((1, 1), (0, 0), (1, 5e-324))
        )
    }
)
def test_the_ends_of_the_interval_belong_to_it(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


def test_an_impossible_row_is_counted_and_named(judge: Callable[[Case], None]) -> None:
    rows = ((1, 0.5), (0, 1.0), (1, 0.0), (0, 0.25))
    judge(good("y,p\n1,.5\n0,1\n1,0\n0,.25\n", rows, facts={"first_impossible_row": 2}))


def test_a_plain_file_has_the_rows_that_all_other_cases_expect(
    judge: Callable[[Case], None],
) -> None:
    judge(good("y,p\n1,.5\n0,.25\n", TWO, facts={"n": 2, "n_positive": 1, "weight_sum": 2}))
