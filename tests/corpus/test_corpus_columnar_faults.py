"""Parquet and Arrow: a value that cannot be used is refused with the number of its row."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import Case, bad
from tests.corpus.columnar import WRITE, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

formats = pytest.mark.parametrize("kind", WRITE)

FAULTS: dict[str, tuple[tuple[Sequence[object], str], str, str]] = {
    "a null": (([0.5, 0.5, None], "float64"), "prediction", "row 3: prediction"),
    "a NaN": (([0.5, 0.5, float("nan")], "float64"), "prediction", "row 3: prediction"),
    "a NaN of float32": (([0.5, float("nan"), 1], "float32"), "prediction", "row 2: prediction"),
    "1.2": (([0.5, 1.2, 0.5], "float64"), "prediction", r"row 2: prediction 1\.2"),
    "an ulp too much": (
        ([0.5, 0.5, 1.0000000000000002], "float64"),
        "prediction",
        r"row 3: prediction 1\.0000000000000002",
    ),
    "an ulp too little": (([-5e-324, 0, 0], "float64"), "prediction", "row 1: prediction -5e-324"),
    "infinity": (([0.5, 0.5, float("inf")], "float64"), "prediction", "row 3: prediction inf"),
    "an integer": (([1, 0, 2], "int64"), "prediction", "row 3: prediction 2"),
    "a decimal": (
        ([Decimal("0.50"), Decimal("1.01"), Decimal(0)], "decimal128:3,2"),
        "prediction",
        r"row 2: prediction 1\.01",
    ),
    "a decimal that rounds to 1": (
        ([Decimal(0), Decimal("-0.01"), Decimal(0)], "decimal128:3,2"),
        "prediction",
        r"row 2: prediction -0\.01",
    ),
    "a text": (([".5", ".5", "abc"], "string"), "prediction", "row 3: prediction 'abc'"),
    "an underscore": (([".5", "0_5", "1"], "string"), "prediction", "row 2: prediction '0_5'"),
    "a text in a dictionary": (
        ([".5", "50%", ".5"], "dictionary:string"),
        "prediction",
        "row 2: prediction '50%'",
    ),
    "an empty text": (([".5", "", ".5"], "string"), "prediction", "row 2: prediction"),
    "NA": (([".5", "NA", ".5"], "large_string"), "prediction", "row 2: prediction"),
    "a label null": (([1, 0, None], "int64"), "label", "row 3: label"),
    "a label NaN": (([1.0, float("nan"), 0.0], "float64"), "label", "row 2: label"),
    "a bool null": (([True, None, False], "bool_"), "label", "row 2: label"),
    "2": (([1, 0, 2], "int8"), "label", r"row 3: label 2\b"),
    "-1": (([1, -1, 1], "int64"), "label", r"row 2: label -1\b"),
    "257": (([1, 257, 1], "int16"), "label", r"row 2: label 257\b"),
    "2^32 + 1": (([1, 2**32 + 1, 1], "int64"), "label", "row 2: label 4294967297"),
    "2^64 - 1": (([1, 2**64 - 1, 1], "uint64"), "label", "row 2: label 18446744073709551615"),
    "2^53 + 1": (([1, 2**53 + 1, 1], "int64"), "label", "row 2: label 9007199254740993"),
    "0.5": (([1.0, 0.5, 0.0], "float64"), "label", r"row 2: label 0\.5"),
    "1 and an ulp": (
        ([1.0, 1 + 2**-52, 0.0], "float64"),
        "label",
        r"row 2: label 1\.0000000000000002",
    ),
    "a decimal label": (
        ([Decimal("1.00"), Decimal("0.99"), Decimal(0)], "decimal128:3,2"),
        "label",
        r"row 2: label 0\.99",
    ),
    "10^32": (
        ([Decimal(1), Decimal(10**32), Decimal(0)], "decimal128:38,0"),
        "label",
        "row 2: label",
    ),
    "a word": ((["1", "yes", "0"], "string"), "label", "row 2: label 'yes'"),
    "an escape": ((["1", "\x1b[2J", "0"], "string"), "label", r"row 2: label '\\x1b\[2J'"),
    "all null": (([None, None, None], "null"), "label", r"(row 1: label|.*label)"),
}


@pytest.mark.few(20)
@formats
@pytest.mark.parametrize(("values", "role", "error"), FAULTS.values(), ids=FAULTS)
def test_a_value_that_is_none_is_refused_with_its_row(
    values: tuple[Sequence[object], str],
    role: str,
    error: str,
    kind: str,
    judge: Callable[[Case], None],
) -> None:
    columns: dict[str, object] = {"label": ([1, 0, 1],), "prediction": ([0.5, 0.5, 0.5],)}
    data = WRITE[kind](table(**(columns | {role: values})))
    place = rf"preds\.{kind}, " if "|" not in error else rf"preds\.{kind}(, |: )"
    judge(bad(data, place + error, name=f"preds.{kind}"))
