"""Numbers that float64 reads as 0, 1 or infinity, and that are none: refused in every format."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.readers.held import may_hide
from tests.corpus.cases import TWO, Case, Rows, bad, each, good
from tests.corpus.columnar import parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable

ZERO, ONE = "is not 0, but float64 cannot tell it from 0", "is not 1, but float64 cannot tell it"
OUTSIDE = r"is not in \[0, 1\]"
NINES, ABOVE = "0." + "9" * 20, "1." + "0" * 18 + "1"

FAULTS = {
    "below the smallest": ("1e-400", ZERO),
    "just below the smallest": ("2e-324", ZERO),
    "a capital exponent": ("1E-0999", ZERO),
    "a great exponent": ("1e-99999999999999999999", ZERO),
    "no exponent": ("0." + "0" * 400 + "1", ZERO),
    "a short exponent": ("0." + "0" * 300 + "1e-99", ZERO),
    "nines": (NINES, ONE),
    "nines around a point": ("9999999999.9999999999e-10", ONE),
    "nines behind a digit": ("9.9999999999999999999e-1", ONE),
    "nearly a thousandth too much": ("0." + "0" * 9 + "9" * 18 + "e9", ONE),
    "a little above": (ABOVE, OUTSIDE),
    "a little above, around a point": ("10000000000.00000000001e-10", OUTSIDE),
    "a little above, a positive exponent": ("0.0001000000000000000000001e4", OUTSIDE),
    "a little below 0": ("-1e-400", OUTSIDE),
}


@pytest.mark.parametrize(("text", "what"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("label", [0, 1])
def test_a_prediction_that_float64_cannot_hold_is_refused(
    text: str, what: str, label: int, judge: Callable[[Case], None]
) -> None:
    hint = "--logits" if what in (ZERO, ONE) else None
    error = rf"preds\.csv, line 3: prediction {text[:70]}.* {what}".replace("+", r"\+")
    judge(bad(f"y,p\n1,.5\n{label},{text}\n0,.25\n", error, hint=hint))


TEXTS = [text for text, _ in FAULTS.values()]


@pytest.mark.parametrize("text", TEXTS[::3])
def test_it_is_refused_in_other_formats(text: str, judge: Callable[[Case], None]) -> None:
    p = ["0.5", text]
    judge(bad(lambda: parquet(table(y=([1, 0],), p=(p,))), r"preds\.csv, row 2: prediction "))
    for value in (text, json.dumps(text)):
        rows = f'{{"y": 1, "p": 0.5}}\n{{"y": 0, "p": {value}}}\n'
        judge(bad(rows, r"preds\.csv, line 2: prediction ", name="preds.csv"))
    quoted = f'y;p\n1;0,5\n0;"{text.replace(".", ",")}"\n'
    judge(bad(quoted, r"preds\.csv, line 3: prediction ", "--decimal", ","))


@pytest.mark.parametrize("text", ["0.99999999999999999999", "1E-38"])
def test_a_decimal_that_float64_cannot_hold_is_refused(
    text: str, judge: Callable[[Case], None]
) -> None:
    values = [Decimal("0.5"), Decimal(text)]
    data = parquet(table(y=([1, 0],), p=(values, "decimal128:38,38")))
    held = Decimal(text) < Decimal("0.1")  # 1e-38 is no fault of float64
    rows: Rows = ((1, 0.5), (0, 1e-38))
    judge(good(data, rows) if held else bad(data, rf"preds\.csv, row 2: prediction .* {ONE}"))


CERTAIN: dict[str, Case] = {
    text: good(f"y,p\n1,.5\n{label},{text}\n", ((1, 0.5), (label, float(text))))
    for label, text in [
        *((1, text) for text in ("0", "-0.0", "0.00000000000000000000", "0e-400", "0E5")),
        *((0, "0.000000000000000000e+00"), (0, "1.000000000000000000e+00"), (0, "1e0")),
        *((0, text) for text in ("1.", "+1", "01", "10e-1", "0.1e1", "1" + "0" * 30 + "e-30")),
    ]
}


@each(CERTAIN)
def test_what_is_exactly_0_or_1_is_certain(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


OTHER_ROLES = {
    "a weight": bad(
        "y,p,w\n0,.9,1e-400\n0,.2,1\n",
        r".* line 2: weight 1e-400 \(column 'w'\) is neither 0 nor in \[1e-100, 1e\+100\]$",
        *("-w", "w"),
    ),
    "a weight in JSON": bad(
        '{"y":0,"p":0.9,"w":1}\n{"y":0,"p":0.9,"w":1e-400}',
        r"preds\.csv, line 2: weight",
        "-w",
        "w",
    ),
    "a weight near 1": good(f"y,p,w\n1,.5,1\n0,.25,{NINES}\n", TWO, "-w", "w"),
    "a weight near 1 in JSON": good(
        f'{{"y":1,"p":0.5,"w":1}}\n{{"y":0,"p":0.25,"w":{NINES}}}', TWO, "-w", "w"
    ),
    "a label near 0": bad("y,p\n1,.5\n1e-400,.5\n", r".* line 3: label 1e-400 .*is not 0 or 1$"),
    "a label near 1": bad(f"y,p\n{NINES},.5\n", r".* line 2: label 0\.9+ .*is not 0 or 1$"),
    "a label near 1 in JSON": bad(f'{{"y":{NINES},"p":0.5}}', r".* line 1: label 0\.9+ .*is not"),
    "a label that is named": bad(
        "y,p\n1,.5\n0,.5\n1e-400,.5\n", r".* line 4: label '1e-400' is neither", "--positive", "1"
    ),
    "a label that is named in JSON": bad(
        '{"y":1,"p":0.5}\n{"y":0,"p":0.5}\n{"y":1e-400,"p":0.5}',
        r".* line 3: label '1e-400' is neither",
        *("--positive", "1"),
    ),
    "a soft label near 0": bad(
        "y,p\n.5,.5\n1e-400,.5\n", rf".* line 3: label 1e-400 .*{ZERO}$", "--soft-labels"
    ),
    "a soft label beyond 1": bad(
        f"y,p\n.5,.5\n{ABOVE},.5\n", rf".* line 3: label {ABOVE} .*{OUTSIDE}$", "--soft-labels"
    ),
    "a logit near 0": good("y,p\n1,1e-400\n0,0\n", ((1, 0.5), (0, 0.5)), "--logits"),
    "an infinite logit": good("y,p\n1,0\n0,inf\n", ((1, 0.5), (0, 1.0)), "--logits"),
    "a logit that is too large": bad(
        "y,p\n1,0\n1,1e999\n",
        r".* line 3: prediction 1e999 \(column 'p'\) is finite, but float64 cannot hold it$",
        "--logits",
        hint="inf",
    ),
    "a rival": bad("y,p\n1,.5\n0,2e-400\n", r".* line 3: prediction 2e-400", "-p", "p"),
    "with missing cells": bad(
        "y,p\n1,NA\n0,1e-400\n", r".* line 3: prediction 1e-400", "--missing", "drop"
    ),
    "a column that nobody reads": good("y,p,q\n1,.5,1e-400\n0,.25,0\n", TWO),
}


@each(OTHER_ROLES)
def test_other_numbers_are_refused_where_it_matters(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


BOTH_LOOKS = ["1,0.0", "0,1.000000000000000000e+00", "1,1e-150", "1," + "0" * 20, "0,1e-05"]


@pytest.mark.parametrize("row", BOTH_LOOKS)
def test_certain_predictions_need_no_second_look(
    row: str, judge: Callable[[Case], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bce_cli.readers.second_look.look_again", None)
    label, text = row.split(",")
    judge(good(f"y,p\n1,.5\n{row}\n", ((1, 0.5), (int(label), float(text)))))


@pytest.mark.parametrize("text", TEXTS)
def test_no_such_number_is_overlooked_in_a_text(text: str) -> None:
    for padding in range(8):
        data = (" " * padding + text + ",0.5\n1,").encode()
        assert may_hide(np.frombuffer(data, np.uint8))
