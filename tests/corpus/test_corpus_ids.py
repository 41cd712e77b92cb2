"""Ids beside every row: the exact text of any format, and harmless to a spreadsheet on request."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import Case, assert_visible
from tests.corpus.columnar import WRITE, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

IDS = ["a", "", " \xe9 ", "007", "NA", "a,b", 'a"b', "a\nb", "=1+1", "+1", "-1", "@x", "\tx", "\rx"]
IDS += ["1e5", "\x1b[2J", "[red]", "\u202ex", "\u2028", "'a", "x" * 5000, "\U0001f44d", "a\\"]


def _written(bce: Callable[..., Result], name: str, *options: str) -> list[list[str]]:
    shared = ("-l", "y", "-p", "p", "--id", "id", "--per-example", "-f", "csv")
    result = bce("compute", name, *shared, *options)
    assert result.exit_code == 0, result.stderr
    assert_visible(result.stderr)
    return list(csv.reader(io.StringIO(result.stdout_bytes.decode(), newline="")))


@pytest.fixture
def rows() -> list[list[str]]:
    """Give the rows of a file, whose predictions are all a half."""
    return [["id", "y", "p"], *([text, "1", "0.5"] for text in IDS)]


@pytest.fixture
def source(rows: list[list[str]]) -> str:
    """Write the rows as CSV."""
    sink = io.StringIO()
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows(rows)
    Case(data=sink.getvalue()).write()
    return "preds.csv"


def test_an_id_is_the_exact_text_of_its_cell(source: str, bce: Callable[..., Result]) -> None:
    header, *written = _written(bce, source)
    assert header == ["row", "id", "label", "prediction", "loss"]
    assert [row[1] for row in written] == IDS


def test_an_id_that_a_spreadsheet_would_run_is_marked_on_request(
    source: str, bce: Callable[..., Result]
) -> None:
    _, *written = _written(bce, source, "--excel-safe")
    expected = [f"'{text}" if text[:1] in {*"=+-@\t\r"} else text for text in IDS]
    assert [row[1] for row in written] == expected


@pytest.mark.parametrize("kind", WRITE)
def test_an_id_is_the_exact_text_of_a_columnar_string(
    kind: str, bce: Callable[..., Result]
) -> None:
    data = table(id=(IDS,), y=([1] * len(IDS),), p=([0.5] * len(IDS),))
    Case(data=WRITE[kind](data), name=f"preds.{kind}").write()
    _, *written = _written(bce, f"preds.{kind}")
    assert [row[1] for row in written] == IDS


@pytest.mark.parametrize("kind", WRITE)
def test_an_id_may_be_an_integer_of_any_size(kind: str, bce: Callable[..., Result]) -> None:
    numbers = [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)]
    data = table(id=(numbers,), y=([1] * 5,), p=([0.5] * 5,))
    Case(data=WRITE[kind](data), name=f"preds.{kind}").write()
    _, *written = _written(bce, f"preds.{kind}")
    assert [row[1] for row in written] == [str(number) for number in numbers]


def test_an_id_in_json_lines_is_a_text_or_a_number(bce: Callable[..., Result]) -> None:
    values = ['"a"', '"\\u00e9\\n"', "7", "9007199254740993", '"007"', '""']
    Case(
        data="".join(f'{{"id":{value},"y":1,"p":0.5}}\n' for value in values), name="preds.jsonl"
    ).write()
    _, *written = _written(bce, "preds.jsonl")
    assert [row[1] for row in written] == ["a", "\xe9\n", "7", "9007199254740993", "007", ""]


def test_rows_that_are_dropped_leave_their_numbers(bce: Callable[..., Result]) -> None:
    Case(data="id,y,p\na,1,.5\nb,,.5\nc,0,\nd,1,.5\n").write()
    _, *written = _written(bce, "preds.csv", "--missing", "drop")
    assert [row[:2] for row in written] == [["1", "a"], ["4", "d"]]


def test_words_as_labels_are_written_as_0_and_1_or_as_words(bce: Callable[..., Result]) -> None:
    Case(data="id,y,p\na,yes,.5\nb,no,.25\n").write()
    _, *written = _written(bce, "preds.csv", "--positive", "yes")
    assert [row[2] for row in written] in (["1", "0"], ["yes", "no"])
    assert [row[3] for row in written] == ["0.5", "0.25"]
