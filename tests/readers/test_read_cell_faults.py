"""Cells that cannot be used: what is said about each, in one line, and what to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bce_cli.errors import DataError, LabelError, ProbabilityError
from bce_cli.readers.columns import ColumnChoice

if TYPE_CHECKING:
    from collections.abc import Callable

DROP_HINT = "missing='drop' leaves such rows out, and counts them"
PREDICTION_HINT = "predictions must be probabilities such as 0.25"

NO_NUMBERS = {
    "abc": "abc",
    "0_5": "0_5",
    "0x1p-1": "0x1p-1",
    "\uff10.\uff15": "\uff10.\uff15",  # full-width digits
    "50%": "50%",
    "1e": "1e",
    "..": "..",
    "+-1": "+-1",
    "0.5f": "0.5f",
    "1d-1": "1d-1",
    "0 .5": "0 .5",
    "NA": "NA",
    "null": "null",
    "nan[1]": "nan[1]",
    "\x00.5": r"\x00.5",
    ".5\x0c": r".5\x0c",
    "\xa0.5": "\xa0.5",
    "\x1b[31m.5": r"\x1b[31m.5",
    "\u202e.5": r"\u202e.5",
    "[red].5[/red]": "[red].5[/red]",
    "x" * 81: "x" * 80 + "...",
}
"""Text of a cell, and how it is shown."""

OUTSIDE = ["nan", "NaN", "-nan", "inf", "infinity", "1e999", "-0.1", "-5e-324", "2"]
OUTSIDE += ["1.0000000000000002", "1.1e0"]


def fault(path: str, block_bytes: int, read: Callable[..., object]) -> DataError:
    with pytest.raises(DataError) as caught:
        read(path, block_bytes=block_bytes)
    return caught.value


@pytest.mark.few(10)
@pytest.mark.parametrize(("text", "shown"), NO_NUMBERS.items())
def test_a_prediction_that_is_no_number_is_quoted(
    text: str, shown: str, block_bytes: int, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    error = fault(preds(f"y,prediction\n1,.5\n1,{text}\n0,.5\n"), block_bytes, read)
    assert type(error) is ProbabilityError
    assert error.message == f"preds.csv, line 3: prediction '{shown}' is not a number"
    hints = {"50%": "percentages must be divided by 100 first", "NA": DROP_HINT, "null": DROP_HINT}
    assert error.hint == hints.get(text, PREDICTION_HINT)


@pytest.mark.few(10)
@pytest.mark.parametrize("text", [*OUTSIDE, " 1.5 "])
def test_a_prediction_outside_0_to_1_is_shown_as_it_stands(
    text: str, block_bytes: int, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    error = fault(preds(f"y,prediction\n1,.5\n1,{text}\n0,.5\n"), block_bytes, read)
    assert type(error) is ProbabilityError
    assert error.message == f"preds.csv, line 3: prediction {text.strip()} is not in [0, 1]"


@pytest.mark.few(10)
@pytest.mark.parametrize("text", ["2", "-1", "0.5", "nan", "1e999", "1.0000000000000002"])
def test_a_label_that_is_another_number_is_shown_as_it_stands(
    text: str, block_bytes: int, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    error = fault(preds(f"label,p\n1,.5\n{text},.5\n0,.5\n"), block_bytes, read)
    assert type(error) is LabelError
    assert error.message == f"preds.csv, line 3: label {text} is not 0 or 1"


@pytest.mark.few(10)
@pytest.mark.parametrize("text", ["yes", "wahr", "NA", "1_0", "\u0661"])
def test_a_label_that_is_no_number_is_quoted(
    text: str, block_bytes: int, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    error = fault(preds(f"label,p\n1,.5\n{text},.5\n0,.5\n"), block_bytes, read)
    assert type(error) is LabelError
    assert error.message == f"preds.csv, line 3: label '{text}' is not 0 or 1"


@pytest.mark.parametrize("cell", ["", " ", "\t", '""'])
@pytest.mark.parametrize(("role", "row"), [("label", "{},.5"), ("prediction", "1,{}")])
def test_a_missing_cell_is_named(
    cell: str, role: str, row: str, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    path = preds(f"label,prediction\n1,.5\n{row.format(cell)}\n")
    error = fault(path, 7, read)
    assert type(error) is {"label": LabelError, "prediction": ProbabilityError}[role]
    assert (error.message, error.hint) == (f"preds.csv, line 3: {role} is empty", DROP_HINT)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("truth,score\n1,1.2\n", "prediction 1.2 (column 'score') is not in [0, 1]"),
        ("truth,score\n3,.5\n", "label 3 (column 'truth') is not 0 or 1"),
        ("truth,score\n,.5\n", "label (column 'truth') is empty"),
        ("truth,score\n1,x\n", "prediction 'x' (column 'score') is not a number"),
        ("Label,Prediction\n1,x\n", "prediction 'x' (column 'Prediction') is not a number"),
    ],
)
def test_a_column_called_otherwise_is_named_too(
    data: str, message: str, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    assert fault(preds(data), 64, read).message == f"preds.csv, line 2: {message}"


def test_control_characters_in_a_column_name_are_escaped(
    preds: Callable[..., str], read: Callable[..., object]
) -> None:
    path = preds("y,a\x1b[2J\u202e\n1,2\n")
    with pytest.raises(DataError) as caught:
        read(path, choice=ColumnChoice(prediction="#2"))
    expected = r"prediction 2 (column 'a\x1b[2J\u202e') is not in [0, 1]"
    assert caught.value.message == f"preds.csv, line 2: {expected}"


def test_control_characters_in_a_path_are_escaped(
    preds: Callable[..., str], read: Callable[..., object]
) -> None:
    error = fault(preds("y,p\n2,.5\n", "a\x1b[2J\n.csv"), 64, read)
    assert error.message == r"a\x1b[2J\n.csv, line 2: label 2 (column 'y') is not 0 or 1"


def test_of_several_faults_the_first_is_named(
    block_bytes: int, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    error = fault(preds('y,p,t\n1,.5,a\n2,7,a\n1\n1,.5,a"b\n'), block_bytes, read)
    message, _, more = error.message.partition("; ")
    assert message == "preds.csv, line 3: label 2 (column 'y') is not 0 or 1"
    assert more in {
        "",
        "at least 1 more row is faulty",
        "at least 2 more rows are faulty",
    }


def test_an_id_that_is_no_utf8_is_refused(
    block_bytes: int, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    path = preds(b"y,p,t\n1,.5,a\n0,.5,caf\xe9\n")
    with pytest.raises(DataError) as caught:
        read(path, block_bytes=block_bytes, choice=ColumnChoice(id="t"))
    assert caught.value.message == r"preds.csv, line 3: id 'caf\xe9' is not UTF-8 text"
