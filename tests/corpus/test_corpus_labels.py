"""Labels: 0 and 1 however written, any two values on request, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = [
    *(("0.0", "1.0"), ("0.", "1."), ("+0", "+1"), ("-0", "1e0"), ("00", "01"), ("0e5", "10e-1")),
    *(("false", "true"), ("False", "True"), ("FALSE", "TRUE"), ("fAlSe", "tRuE")),
    *((" 0 ", " 1"), ("\t0", "1\t"), ('"0"', '"1"'), ('" false "', '" true"'), ("-0.0", "1.000")),
    *((".0", "1"), ("0" * 400, "0" * 400 + "1"), ("0." + "0" * 400, "1." + "0" * 400)),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: repr(pair)[:28])
def test_a_pair_of_labels_is_0_and_1(pair: tuple[str, str], judge: Callable[[Case], None]) -> None:
    facts = {"positive_label": None, "negative_label": None}
    judge(good(f"y,p\n{pair[1]},.5\n{pair[0]},.25\n", TWO, facts=facts))


STRANGE = [
    *("2", "257", "256", "-1", "1e32", "1" + "0" * 32, "0.5", "1.0000000000000002", "1e-5"),
    *("4294967297", "18446744073709551617", "-18446744073709551615", "1e999", "inf", "65536"),
    *("1_0", "\uff11", "\u0661", "0x1", "1%", "1/1", "1e", "yes", "t", "b'1'", "[1]", "1 0", "1;"),
    *("1\x00", "\x0b1", "1\x0c", "\xa01", "truer", "True.", "1.0.0", "--1", "1\u2028", "class 1"),
]


@pytest.mark.few(20)
@pytest.mark.parametrize("text", STRANGE, ids=ascii)
def test_a_label_that_is_neither_0_nor_1_is_refused(
    text: str, judge: Callable[[Case], None]
) -> None:
    shown = "".join(c if c.isprintable() or c == "\xa0" else ascii(c)[1:-1] for c in text)
    error = rf"preds\.csv, line 3: label '?{re.escape(shown)}"
    judge(bad(f"y,p\n1,.5\n{text},.25\n0,.5\n", error))


def _column(labels: str) -> str:
    return "y,p\n" + "".join(f"{label},.5\n" for label in labels.split())


UNASKED = {
    "-1 and 1": bad(_column("1 -1 1"), r"preds\.csv, line 3: label '?-1", hint="--positive"),
    "1 and 2": bad(_column("1 2 1"), r"preds\.csv, line 3: label '?2", hint="--positive"),
    "yes and no": bad(_column("yes no yes"), r"preds\.csv, line 2: label 'yes'", hint="--positive"),
    "y and n": bad(_column("n y y"), r"preds\.csv, line 2: label 'n'", hint="--positive"),
    "spam and ham": bad(_column("ham spam"), r"preds\.csv, line 2: label 'ham'", hint="--positive"),
    "letters": bad(_column("T F T"), r"preds\.csv, line 2: label 'T'", hint="--positive"),
    "one word": bad(_column("yes yes"), r"preds\.csv, line 2: label 'yes'", hint="--positive"),
    "three words": bad(
        _column("cat dog cat bird"),
        r"preds\.csv, line 2: label 'cat'",
        hint="(?=.*'cat')(?=.*'dog')(?=.*'bird')",
    ),
    "three numbers": bad(
        _column("0 1 2 0"), r"preds\.csv, line 4: label 2\b", hint=r"(?=.*\b0)(?=.*\b1)(?=.*\b2)"
    ),
    "a fraction": bad(_column("1 0.5 0"), r"preds\.csv, line 3: label 0\.5"),
    "empty": bad("y,p\n1,.5\n,.5\n", r"preds\.csv, line 3: label .*(empty|missing)"),
    "an index instead": bad("y,p\n0,.5\n1,.5\n2,.5\n", r"preds\.csv, line 4: label 2\b"),
}


@each(UNASKED)
def test_other_labels_need_to_be_asked_for(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


def _positive(value: str, labels: list[str], rows: Rows, negative: str | None) -> Case:
    facts = {"positive_label": value, "negative_label": negative}
    lines = "".join(f'"{label}",{p}\n' for label, (_, p) in zip(labels, rows, strict=True))
    return good("y,p\n" + lines, rows, "--positive", value, facts=facts)


POSITIVE = {
    "yes and no": _positive("yes", ["yes", "no"], TWO, "no"),
    "no is positive": _positive("no", ["no", "yes"], TWO, "yes"),
    "-1 and 1": _positive("1", ["1", "-1"], TWO, "-1"),
    "-1 is positive": _positive("-1", ["-1", "1"], TWO, "1"),
    "1 and 2": _positive("2", ["2", "1"], TWO, "1"),
    "0 and 1": _positive("1", ["1", "0"], TWO, "0"),
    "0 is positive": _positive("0", ["0", "1"], TWO, "1"),
    "1.0 and 0.0": _positive("1.0", ["1.0", "0.0"], TWO, "0.0"),
    "1 and 1.0 are one": _positive("1", ["1", "1.0"], ((1, 0.5), (1, 0.25)), None),
    "1 is written otherwise": _positive("1", ["+1.0", "0"], TWO, "0"),
    "0 and 0.0 are one": _positive("1", ["1", "0", "0.0"], (*TWO, (0, 0.75)), "0"),
    "-1 and -1.0 are one": _positive("1", ["1e0", "-1", "-1.0"], (*TWO, (0, 0.75)), "-1"),
    "zero has no sign": _positive("0", ["-0.0", "1"], TWO, "1"),
    "leading zeros": _positive("2", ["02", "01", "1"], (*TWO, (0, 0.75)), "01"),
    "a tenth": _positive(".10", ["0.1", "1e-1", "0"], ((1, 0.5), (1, 0.25), (0, 0.75)), "0"),
    "beyond float64": _positive(
        "1", ["1", "1.00000000000000000001"], TWO, "1.00000000000000000001"
    ),
    "next to nothing": _positive("1", ["1", "1e-400"], TWO, "1e-400"),
    "integers that float64 merges": _positive(
        "9007199254740993", ["9007199254740993.0", "9007199254740992"], TWO, "9007199254740992"
    ),
    "infinity is a word": _positive("inf", ["inf", "Infinity"], TWO, "Infinity"),
    "true and false": _positive("false", ["false", "true"], TWO, "true"),
    "case matters": _positive("yes", ["yes", "YES"], TWO, "YES"),
    "spaces around": _positive("yes", [" yes", "no "], TWO, "no"),
    "NA is a text": _positive("yes", ["yes", "NA"], TWO, "NA"),
    "NA is positive": _positive("NA", ["NA", "ham"], TWO, "ham"),
    "nan and null": _positive("null", ["null", "nan"], TWO, "nan"),
    "None is a text": _positive("Some", ["Some", "None"], TWO, "None"),
    "spaces within": _positive("very good", ["very good", "not so"], TWO, "not so"),
    "commas": _positive("a,b", ["a,b", "c,d"], TWO, "c,d"),
    "a line break": _positive("a\nb", ["a\nb", "c"], TWO, "c"),
    "accents": _positive("ma\xf1ana", ["ma\xf1ana", "caf\xe9"], TWO, "caf\xe9"),
    "other scripts": _positive("\u662f", ["\u662f", "\u5426"], TWO, "\u5426"),
    "an emoji": _positive("\U0001f44d", ["\U0001f44d", "\U0001f44e"], TWO, "\U0001f44e"),
    "markup": _positive("[red]x[/red]", ["[red]x[/red]", "[/]"], TWO, "[/]"),
    "escapes": _positive("\x1b[2J", ["\x1b[2J", "\u202e"], TWO, "\u202e"),
    "huge integers": _positive("1" + "0" * 40, ["1" + "0" * 40, "0"], TWO, "0"),
    "no negatives": _positive("yes", ["yes", "yes"], ((1, 0.5), (1, 0.25)), None),
    "no positives": _positive("yes", ["no", "no"], ((0, 0.5), (0, 0.25)), "no"),
    "labels of the normal forms differ": _positive("\xe9", ["\xe9", "e\u0301"], TWO, "e\u0301"),
    "a dash": _positive("-", ["-", "+"], TWO, "+"),
    "a long text": _positive("x" * 5000, ["x" * 5000, "x" * 4999], TWO, "x" * 4999),
}


@pytest.mark.few(20)
@each(POSITIVE)
def test_any_two_values_are_labels_when_one_is_called_positive(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


NOT_POSITIVE = {
    "a third value": bad(
        _column("yes no yes maybe no"), r"preds\.csv, line 5: .*'maybe'", "--positive", "yes"
    ),
    "a third value, much later": bad(
        lambda: (_column("yes no " * 200_000 + "No")).encode(),
        r"preds\.csv, line 400002: .*'No'",
        *("--positive", "yes"),
    ),
    "another case of the positive one": bad(
        _column("yes no Yes"), r"preds\.csv, line 4: .*'Yes'", "--positive", "yes"
    ),
    "never there, but for case": bad(_column("yes no"), r".*'Yes'", "--positive", "Yes"),
    "never there, TRUE and true": bad(_column("TRUE FALSE"), r".*'true'", "--positive", "true"),
    "never there, two others": bad(_column("cat dog"), r".*'dog'", "--positive", "yes"),
    "1 and true": bad(
        _column("1 0 1 true"), r"preds\.csv, line 5: .*'true' is neither", "--positive", "1"
    ),
    "true for the other of 1": bad(
        _column("1 true 1"),
        r"preds\.csv, line 3: label 'true' means the same as '1', but is written otherwise$",
        *("--positive", "1"),
        hint="--positive true is as it is written; without --positive, 1 and true are one label",
    ),
    "False and FALSE": bad(
        _column("False FALSE"), r"preds\.csv, line 3: label 'FALSE' means", "--positive", "False"
    ),
    "0 and False": bad(
        _column("1 0 False"),
        r"preds\.csv, line 4: label 'False' is neither '1' nor '0'$",
        *("--positive", "1"),
    ),
    "an empty label": bad(
        "y,p\nyes,.5\n,.5\nno,.5\n",
        r"preds\.csv, line 3: label .*(empty|missing)",
        "--positive",
        "yes",
    ),
    "an empty value": bad(_column("yes no"), r".*--positive", "--positive", "", code=2),
    "soft labels as well": bad(
        _column("1 0"), r".*--(positive|soft-labels)", "--positive", "1", "--soft-labels", code=2
    ),
    "bytes that are no UTF-8": bad(
        b"y,p\nyes,.5\nn\xff,.5\n", r"preds\.csv, line 3: .*n\\xff", "--positive", "yes"
    ),
    "an escape": bad(
        _column("yes no \x1b[31mno"), r"preds\.csv, line 4: .*'\\x1b\[31mno'", "--positive", "yes"
    ),
    "a NUL": bad(_column("yes no no\x00"), r"preds\.csv, line 4: .*'no\\x00'", "--positive", "yes"),
}


@pytest.mark.deep
@pytest.mark.usefixtures("any_blocks")
@each(NOT_POSITIVE)
def test_a_third_value_or_an_unseen_one_is_refused(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


SOFT = {
    "fractions": good("y,p\n.3,.5\n.75,.25\n", ((0.3, 0.5), (0.75, 0.25)), "--soft-labels"),
    "0 and 1 too": good("y,p\n1,.5\n0,.25\n", TWO, "--soft-labels"),
    "exponents": good("y,p\n3e-1,.9\n1e-300,.5\n", ((0.3, 0.9), (1e-300, 0.5)), "--soft-labels"),
    "certain and half right": good("y,p\n.5,0\n1,.5\n", ((0.5, 0.0), (1, 0.5)), "--soft-labels"),
    "certain and nearly right": good(
        "y,p\n.9999999999999999,1\n1,.5\n", ((0.9999999999999999, 1.0), (1, 0.5)), "--soft-labels"
    ),
    "certain and right": good(
        "y,p\n1,1\n0,0\n.5,.5\n", ((1, 1), (0, 0), (0.5, 0.5)), "--soft-labels"
    ),
    "an ulp too much": bad(
        "y,p\n1,.5\n1.0000000000000002,.5\n",
        r"preds\.csv, line 3: label 1\.0000000000000002 .*\[0, 1\]",
        "--soft-labels",
    ),
    "an ulp too little": bad(
        "y,p\n-5e-324,.5\n", r"preds\.csv, line 2: label -5e-324", "--soft-labels"
    ),
    "a word": bad("y,p\n.5,.5\nyes,.5\n", r"preds\.csv, line 3: label 'yes'", "--soft-labels"),
    "missing": bad(
        "y,p\n.5,.5\n,.5\n", r"preds\.csv, line 3: label .*(empty|missing)", "--soft-labels"
    ),
    "infinite": bad("y,p\n.5,.5\ninf,.5\n", r"preds\.csv, line 3: label inf", "--soft-labels"),
}


@each(SOFT)
def test_soft_labels_are_numbers_from_0_to_1(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
