"""What the text of one cell stands for, or what is wrong with it."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.errors import LabelError, ProbabilityError, WeightError, given
from bce_cli.readers.grammar import (
    CellFault,
    Grammar,
    cell_error,
    is_missing,
    label_key,
    mean_the_same,
    parse_number,
    read_cell,
)

if TYPE_CHECKING:
    from bce_cli.readers.columns import Role

NO_NUMBER, OUTSIDE, NO_LABEL = "is not a number", "is not in [0, 1]", "is not 0 or 1"
NO_WEIGHT = "is neither 0 nor in [1e-100, 1e+100]"
LOGITS_HINT = f"{given(logits=True)} takes log(p / (1 - p)) in its place, which float64 holds"
NINES = "0." + "9" * 20

VALUES: list[tuple[Role, str, dict[str, Any], float]] = [
    *(("prediction", text, {}, 0.5) for text in ("0.5", " .5\t", "+.5", "5e-1", "0.5000", "50E-2")),
    *(("prediction", text, {}, 0.0) for text in ("0", "-0.0", "0e400", ".0", "0.")),
    *(("prediction", text, {}, 1.0) for text in ("1", "1.", "+1.0", "10e-1", "0001")),
    ("prediction", "5e-324", {}, 5e-324),
    ("prediction", "0,25", {"decimal": ","}, 0.25),
    ("prediction", "-3.5", {"logits": True}, -3.5),
    ("prediction", "inf", {"logits": True}, math.inf),
    ("prediction", "-Infinity", {"logits": True}, -math.inf),
    ("prediction", "1e-400", {"logits": True}, 0.0),
    ("prediction", NINES, {"logits": True}, 1.0),
    ("weight", "0", {}, 0.0),
    ("weight", "1e-100", {}, 1e-100),
    ("weight", "1e100", {}, 1e100),
    ("weight", NINES, {}, 1.0),
    *(("label", text, {}, 1.0) for text in ("1", "1.0", "true", "TRUE", " True ", "+1", "1e0")),
    *(("label", text, {}, 0.0) for text in ("0", "0.0", "-0", "false", "False")),
    ("label", "0.25", {"soft_labels": True}, 0.25),
    ("label", "0", {"soft_labels": True}, 0.0),
    ("label", "1", {"soft_labels": True}, 1.0),
    ("label", "yes", {"positive": " yes"}, 1.0),
    ("label", "no", {"positive": "yes"}, 0.0),
    ("label", "1.0", {"positive": "1"}, 1.0),
    ("label", "NA", {"positive": "yes", "drop_missing": True}, 0.0),
]

FAULTS: list[tuple[Role, str, dict[str, Any], str, str | None]] = [
    *(
        ("prediction", text, {}, NO_NUMBER, None)
        for text in ("abc", "1_0", "50%", "0,5", "1e", "+")
    ),
    *(("prediction", text, {}, OUTSIDE, None) for text in ("1.5", "-0.1", "inf", "-inf", "1e999")),
    ("prediction", "1.0000000000000002", {}, OUTSIDE, None),
    ("prediction", "-5e-324", {}, OUTSIDE, None),
    ("prediction", "0.5", {"decimal": ","}, NO_NUMBER, None),
    *(("prediction", text, {}, OUTSIDE, None) for text in ("-1e-400", "1." + "0" * 20 + "1")),
    ("prediction", "1e-400", {}, "is not 0, but float64 cannot tell it from 0", LOGITS_HINT),
    ("prediction", NINES, {}, "is not 1, but float64 cannot tell it from 1", LOGITS_HINT),
    (
        *("prediction", "1e999", {"logits": True}, "is finite, but float64 cannot hold it"),
        "a logit may be infinite, if it is written as inf",
    ),
    *(("label", text, {}, NO_LABEL, None) for text in ("2", "-1", "0.5", "yes", "1e-400", NINES)),
    *(("label", text, {"soft_labels": True}, OUTSIDE, None) for text in ("1.5", "-0.5")),
    ("label", "true", {"soft_labels": True}, NO_NUMBER, None),
    ("label", "2", {"soft_labels": True, "logits": True}, OUTSIDE, None),
    (
        *("label", "1e-400", {"soft_labels": True}, "is not 0, but float64 cannot tell it from 0"),
        "write 0 where that is meant",
    ),
    (
        *("label", NINES, {"soft_labels": True}, "is not 1, but float64 cannot tell it from 1"),
        "write 1 where that is meant",
    ),
    ("label", "\udcff", {"positive": "yes"}, "is not UTF-8 text", None),
    *(("weight", text, {}, NO_WEIGHT, None) for text in ("-1", "1e-101", "1e101", "inf", "1e-400")),
    ("weight", "-1", {"logits": True}, NO_WEIGHT, None),
    ("weight", "x", {}, NO_NUMBER, None),
]

MISSING = ["", " \t", "NA", "n/a", "NaN", "-nan", "null", "None", "<NA>", "#N/A", "\\N", "."]


@pytest.mark.few(10)
@pytest.mark.parametrize(("role", "text", "options", "value"), VALUES)
def test_a_cell_is_read(role: Role, text: str, options: dict[str, Any], value: float) -> None:
    assert read_cell(role, text, Grammar(**options)) == value


@pytest.mark.few(10)
@pytest.mark.parametrize(("role", "text", "options", "what", "hint"), FAULTS)
def test_a_cell_that_cannot_be_used_says_why(
    role: Role, text: str, options: dict[str, Any], what: str, hint: str | None
) -> None:
    for drop_missing in (False, True):
        with pytest.raises(CellFault) as caught:
            read_cell(role, text, Grammar(drop_missing=drop_missing, **options))
        fault = caught.value
        assert (fault.what, fault.hint, fault.is_missing) == (what, hint, False)


@pytest.mark.few(10)
@pytest.mark.parametrize("role", ["label", "prediction", "weight"])
@pytest.mark.parametrize("text", [None, *MISSING])
def test_a_missing_value_is_left_out_or_refused(role: Role, text: str | None) -> None:
    assert is_missing(role, text, Grammar())
    assert read_cell(role, text, Grammar(drop_missing=True)) is None
    with pytest.raises(CellFault) as caught:
        read_cell(role, text, Grammar())
    assert caught.value.is_missing
    if text is None or not text.strip():
        assert caught.value.what == ("is null" if text is None else "is empty")


def test_where_a_class_is_named_only_what_is_empty_is_missing() -> None:
    grammar = Grammar(positive="yes")
    assert [text for text in MISSING if is_missing("label", text, grammar)] == ["", " \t"]
    assert is_missing("label", None, grammar)
    assert all(is_missing("prediction", text, grammar) for text in MISSING)
    assert not is_missing("label", "0", Grammar())


@pytest.mark.parametrize(
    ("role", "text", "column", "kind", "message"),
    [
        ("label", "2", "label", LabelError, "label 2 is wrong"),
        ("prediction", " 1.5 ", "p", ProbabilityError, "prediction 1.5 (column 'p') is wrong"),
        ("weight", " x", "w", WeightError, "weight ' x' (column 'w') is wrong"),
        ("label", " ", "y", LabelError, "label (column 'y') is wrong"),
        ("label", None, "label", LabelError, "label is wrong"),
        ("label", "1" * 81, "label", LabelError, f"label {'1' * 80}... is wrong"),
    ],
)
def test_an_error_names_the_place_the_role_the_text_and_the_column(
    role: Role, text: str | None, column: str, kind: type[Exception], message: str
) -> None:
    for fault, hint in (
        (CellFault("is wrong"), None),
        (CellFault("is wrong", hint="try"), "try"),
        (
            CellFault("is wrong", is_missing=True, hint="try"),
            "missing='drop' leaves such rows out, and counts them",
        ),
    ):
        error = cell_error(role, text, fault, column=column, place="a.csv, line 2")
        assert (type(error), error.message, error.hint) == (kind, f"a.csv, line 2: {message}", hint)


def test_a_number_is_shown_as_it_stands_with_its_own_decimal_sign() -> None:
    fault = CellFault(OUTSIDE)
    shown = [
        str(cell_error("prediction", "1,5", fault, column="prediction", place="", decimal=sign))
        for sign in ",."
    ]
    assert shown == [": prediction 1,5 is not in [0, 1]", ": prediction '1,5' is not in [0, 1]"]


NUMBERS = [
    "".join(parts)
    for parts in product(
        ("", "+", "-"),
        ("0", "1", "10", "205"),
        ("", ".", ".0", ".50", ".05"),
        ("", "e0", "E1", "e-1", "e+02", "e-03"),
    )
]


def test_labels_are_compared_by_the_value_of_their_number() -> None:
    keys = {Fraction(text): label_key(text) for text in NUMBERS}
    assert len(set(keys.values())) == len(keys)
    for text in NUMBERS:
        assert label_key(text) == label_key(f" {text}\t") == keys[Fraction(text)]
        assert label_key(text.replace(".", ","), ",") == label_key(text)
        assert Fraction(label_key(text)) == Fraction(text)


def test_an_exponent_is_worked_out_up_to_18_digits() -> None:
    longest, longer = f"10e{'9' * 18}", f"10e{'9' * 19}"
    assert (label_key(longest), label_key(longer)) == (f"1e{10**18}", longer)


def test_words_for_truth_mean_what_their_numbers_mean() -> None:
    texts = ["1", "TRUE", "1.0", "0", "false", "no"]
    assert [mean_the_same("true", text) for text in texts] == [True] * 3 + [False] * 3
    assert [mean_the_same(text, "False") for text in texts] == [False] * 3 + [True] * 2 + [False]


def test_a_decimal_comma_leaves_no_other_sign_to_stand_for_it() -> None:
    assert [parse_number(text, ",") for text in ("0,5", "0.5", "1.000,5")] == [0.5, None, None]
