"""Parquet and Arrow: every type a label or a prediction may have, and every one it may not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good
from tests.corpus.columnar import WRITE, array, arrow_file, parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

formats = pytest.mark.parametrize("kind", WRITE)

PREDICTIONS = [0.5, 0.25]
TENTHS: Rows = ((1, 0.1), (0, 0.2))
DROP = ("--missing", "drop")

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]

LABELS: dict[str, tuple[Sequence[object], str]] = {
    **{kind: ([1, 0], kind) for kind in INTEGERS},
    "float32": ([1.0, 0.0], "float32"),
    "float64": ([1.0, -0.0], "float64"),
    "half": ([1.0, 0.0], "half"),
    "bool": ([True, False], "bool_"),
    "decimal": ([Decimal("1.00"), Decimal("0.00")], "decimal128:5,2"),
    "wide decimal": ([Decimal(1), Decimal(0)], "decimal256:60,20"),
    "string": (["1", "0"], "string"),
    "string of words": (["True", "FALSE"], "string"),
    "large string": (["1.0", " 0 "], "large_string"),
    "dictionary of strings": (["1", "0"], "dictionary:string"),
    "dictionary of large strings": (["true", "false"], "dictionary:large_string"),
    "dictionary of integers": ([1, 0], "dictionary:int64"),
}


@pytest.mark.few(20)
@formats
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_a_label_of_this_type_is_read(
    labels: tuple[Sequence[object], str], kind: str, judge: Callable[[Case], None]
) -> None:
    data = WRITE[kind](table(y=labels, p=(PREDICTIONS,)))
    facts = {"n": 2, "positive_label": None}
    judge(good(data, TWO, name=f"preds.{kind}", facts=facts))


NUMBERS: dict[str, tuple[tuple[Sequence[object], str], Rows]] = {
    "float64": (([0.1, 0.2], "float64"), TENTHS),
    "float32": (
        ([0.1, 0.2], "float32"),
        ((1, float(np.float32(0.1))), (0, float(np.float32(0.2)))),
    ),
    "half": (([0.1, 0.2], "half"), ((1, float(np.float16(0.1))), (0, float(np.float16(0.2))))),
    "decimal": (([Decimal("0.10"), Decimal("0.20")], "decimal128:3,2"), TENTHS),
    "decimal of 38 digits": (
        ([Decimal("0.1"), Decimal("0.30000000000000004440892098500626161695")], "decimal128:38,38"),
        ((1, 0.1), (0, 0.30000000000000004)),
    ),
    "wide decimal": (([Decimal("0.1"), Decimal("0.2")], "decimal256:76,70"), TENTHS),
    "integer": (([1, 0], "int64"), ((1, 1.0), (0, 0.0))),
    "unsigned byte": (([1, 0], "uint8"), ((1, 1.0), (0, 0.0))),
    "string": (([".1", " 2e-1 "], "string"), TENTHS),
    "large string": ((["0.1", "0.2"], "large_string"), TENTHS),
    "dictionary of strings": ((["0.1", "0.2"], "dictionary:string"), TENTHS),
    "dictionary of floats": (([0.1, 0.2], "dictionary:float64"), TENTHS),
    "smallest": (([5e-324, 5e-324], "float64"), ((1, 5e-324), (0, 5e-324))),
    "ends": (([0.0, 1.0], "float64"), ((1, 0.0), (0, 1.0))),
}


@pytest.mark.few(20)
@formats
@pytest.mark.parametrize(("predictions", "rows"), NUMBERS.values(), ids=NUMBERS)
def test_a_prediction_of_this_type_is_read(
    predictions: tuple[Sequence[object], str],
    rows: Rows,
    kind: str,
    judge: Callable[[Case], None],
) -> None:
    data = WRITE[kind](table(y=([1, 0, 1], "int8"), p=([*predictions[0], None], predictions[1])))
    if predictions[1] == "half":
        data = WRITE[kind](table(y=([1, 0], "int8"), p=predictions))
        judge(good(data, rows, name=f"preds.{kind}"))
    else:
        judge(good(data, rows, *DROP, name=f"preds.{kind}", facts={"n_missing": 1}))


NO_COLUMNS: dict[str, tuple[Sequence[object], str]] = {
    "timestamp": ([dt.datetime(2026, 1, 1), None], "timestamp:us"),  # noqa: DTZ001
    "date": ([dt.date(2026, 1, 1), dt.date(1970, 1, 2)], "date32"),
    "time": ([dt.time(1), dt.time(0)], "time64:us"),
    "duration": ([dt.timedelta(1), dt.timedelta(0)], "duration:us"),
}


@formats
@pytest.mark.parametrize("role", ["label", "prediction"])
@pytest.mark.parametrize("values", NO_COLUMNS.values(), ids=NO_COLUMNS)
def test_a_column_of_another_type_is_refused(
    values: tuple[Sequence[object], str], role: str, kind: str, judge: Callable[[Case], None]
) -> None:
    columns: dict[str, object] = {"label": ([1, 0],), "prediction": (PREDICTIONS,)}
    data = table(**(columns | {role: values}))
    error = rf"preds\.{kind}\b.*{role}.*(timestamp|date|time|duration)"
    judge(bad(WRITE[kind](data), error, name=f"preds.{kind}"))


def _nested(kind: str) -> object:
    import pyarrow as pa

    return {
        "list": pa.array([[0.5], [0.25]]),
        "fixed list": pa.array([[0.5], [0.25]], pa.list_(pa.float64(), 1)),
        "struct": pa.array([{"p": 0.5}, {"p": 0.25}]),
        "map": pa.array([[("a", 0.5)], []], pa.map_(pa.string(), pa.float64())),
        "binary": pa.array([b"0.5", b"0.25"]),
        "bool": pa.array([True, False]),
    }[kind]


@formats
@pytest.mark.parametrize("shape", ["list", "fixed list", "struct", "map", "binary", "bool"])
def test_a_prediction_that_is_no_number_by_type_is_refused(
    shape: str, kind: str, judge: Callable[[Case], None]
) -> None:
    import pyarrow as pa

    data = pa.table({"y": [1, 0], "p": _nested(shape)})
    word = shape.rpartition(" ")[2]
    error = rf"preds\.{kind}\b.*('p'|prediction).*{word}|preds\.{kind}\b.*{word}.*'p'"
    judge(bad(WRITE[kind](data), error, name=f"preds.{kind}"))


@formats
@pytest.mark.parametrize("shape", ["list", "fixed list", "struct", "map", "binary"])
def test_a_column_that_nobody_wants_may_have_any_type(
    shape: str, kind: str, judge: Callable[[Case], None]
) -> None:
    import pyarrow as pa

    data = pa.table({"a": _nested(shape), "y": [1, 0], "b": _nested(shape), "p": PREDICTIONS})
    judge(good(WRITE[kind](data), name=f"preds.{kind}"))


def _spare() -> bytes:
    import pyarrow as pa

    values = pa.DictionaryArray.from_arrays([1, 2], pa.array(["abc", "0.5", "0.25", None]))
    return arrow_file(pa.table({"y": [1, 0], "p": values}))


def _null_in_dictionary() -> bytes:
    import pyarrow as pa

    values = pa.DictionaryArray.from_arrays([0, 1, 2], pa.array(["0.5", None, "0.25"]))
    return arrow_file(pa.table({"y": [1, 1, 0], "p": values}))


def _words(first: Sequence[object], kind: str) -> Callable[[], bytes]:
    return lambda: parquet(table(y=(first, kind), p=(PREDICTIONS,)))


SPECIAL = {
    "words in a dictionary that no row has": good(_spare),
    "a null within a dictionary": bad(
        _null_in_dictionary, r"preds\.arrow, row 2: prediction", name="preds.arrow"
    ),
    "a null within a dictionary, dropped": good(
        _null_in_dictionary, TWO, *DROP, name="preds.arrow", facts={"n_missing": 1}
    ),
    "words": good(
        _words(["yes", "no"], "string"),
        TWO,
        *("--positive", "yes"),
        facts={"positive_label": "yes", "negative_label": "no"},
    ),
    "words of a dictionary": good(_words(["a", "b"], "dictionary:string"), TWO, "--positive", "a"),
    "integers 2 and 1": good(
        _words([2, 1], "int64"), TWO, "--positive", "2", facts={"negative_label": "1"}
    ),
    "integers 1 and -1": good(_words([1, -1], "int8"), TWO, "--positive", "1"),
    "bools": good(_words([True, False], "bool_"), TWO, "--positive", "true"),
    "words unasked": bad(
        _words(["no", "yes"], "string"), r".*row 1: label 'no'", hint="--positive"
    ),
    "-1 unasked": bad(_words([1, -1], "int8"), r"preds\.csv, row 2: label -1", hint="--positive"),
    "soft labels": good(_words([0.3, 1.0], "float64"), ((0.3, 0.5), (1, 0.25)), "--soft-labels"),
    "soft labels, decimal": good(
        _words([Decimal("0.3"), Decimal(1)], "decimal128:2,1"),
        ((0.3, 0.5), (1, 0.25)),
        "--soft-labels",
    ),
    "every label null": bad(_words([None, None], "int64"), r"preds\.csv: ", *DROP),
}


@each(SPECIAL)
def test_dictionaries_words_and_soft_labels(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)


def test_arrays_are_of_the_types_that_the_cases_say() -> None:
    assert str(array([1], "dictionary:int64").type).startswith("dictionary<values=int64")
    assert str(array([0.5], "half").type) == "halffloat"
