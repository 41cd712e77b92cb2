"""Every row as text: exact numbers as pyarrow writes them, and ids that cannot break the format."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import bce_cli.render.rows as render_rows
from bce_cli.core.conventions import EXACT
from bce_cli.core.rows import Rows
from bce_cli.render.rows import RowFormat, RowStream, number_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.report import Unit
    from bce_cli.core.rows import ScoredRows


IDS = ["plain", 'a,"b"', "line\nbreak\r", "pipe|*x*", "[red]", "\x1b[0m\u202e", "", "\u0440"]


def scored(
    labels: Sequence[bool], predictions: Sequence[float], ids: Sequence[str] | None = None
) -> ScoredRows:
    rows = Rows(np.array(labels, dtype=bool), np.array(predictions, dtype=float), ids=ids)
    return EXACT.score(rows)


def text_of(
    output_format: RowFormat, rows: ScoredRows, unit: Unit = "nats", first_row: int = 1
) -> str:
    stream = RowStream(output_format, unit, has_ids=rows.rows.ids is not None)
    return b"".join([stream.header(), *stream.rows(first_row, rows.rows, rows.losses)]).decode()


SMALL = [True, False, True], [0.5, 1.0, 1.0]

WRITTEN = {
    "json": (
        '{"row": 7, "label": 1, "prediction": 0.5, "loss": 1}\n'
        '{"row": 8, "label": 0, "prediction": 1, "loss": null}\n'
        '{"row": 9, "label": 1, "prediction": 1, "loss": 0}\n'
    ),
    "csv": "row,label,prediction,loss\n7,1,0.5,1\n8,0,1,inf\n9,1,1,0\n",
    "markdown": (
        "| row | label | prediction | loss |\n| ---: | ---: | ---: | ---: |\n"
        "| 7 | 1 | 0.5 | 1 |\n| 8 | 0 | 1 | inf |\n| 9 | 1 | 1 | 0 |\n"
    ),
    "table": (
        "         row  label                prediction                      loss\n"
        "           7      1                       0.5                         1\n"
        "           8      0                         1                       inf\n"
        "           9      1                         1                         0\n"
    ),
}


@pytest.mark.parametrize("output_format", get_args(RowFormat))
def test_rows_in_bits_are_written_like_this(output_format: RowFormat) -> None:
    assert text_of(output_format, scored(*SMALL), "bits", first_row=7) == WRITTEN[output_format]


TIGHT = (
    "   row label              prediction                    loss\n"
    "     7     0 2.2250738585072014e-308 2.2250738585072014e-308\n"
)
STACKED = (
    "row         7\nlabel       0\nprediction  2.2250738585072014e-308\n"
    "loss        2.2250738585072014e-308\n"
)


@pytest.mark.parametrize(
    ("ids", "width", "expected"),
    [
        (None, 70, TIGHT),
        (None, 60, TIGHT),
        (None, 59, f"{STACKED}\n"),
        (["a"], 60, f"{STACKED}id          a\n\n"),
    ],
)
def test_a_table_is_as_wide_as_the_terminal(
    ids: list[str] | None, width: int, expected: str
) -> None:
    stream = RowStream("table", "nats", has_ids=ids is not None, width=width)
    rows = scored([False], [2.2250738585072014e-308], ids)
    assert b"".join([stream.header(), *stream.rows(7, rows.rows, rows.losses)]).decode() == expected


def test_a_weight_and_a_soft_label_take_room_too() -> None:
    for width, length in ((97, 97), (96, 80), (80, 80)):
        header = RowStream("table", "nats", has_ids=False, has_weights=True, width=width).header()
        assert len(header) == length + 1
    assert RowStream("table", "nats", has_ids=False, has_weights=True, width=79).header() == b""
    soft = RowStream("table", "nats", has_ids=False, soft_labels=True, width=80)
    assert soft.header().decode() == f"   row {'label':>23} {'prediction':>23} {'loss':>23}\n"


def test_an_id_with_any_character_is_read_back_from_csv() -> None:
    n = len(IDS)
    text = text_of("csv", scored([True] * n, [0.5] * n, IDS))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == IDS


def test_an_id_with_any_character_is_read_back_from_json() -> None:
    n = len(IDS)
    lines = text_of("json", scored([True] * n, [0.5] * n, IDS)).splitlines()
    assert [json.loads(line)["id"] for line in lines] == IDS


@pytest.mark.parametrize(
    ("output_format", "shown"),
    [
        (
            "markdown",
            [
                "plain",
                'a,"b"',
                r"line\\nbreak\\r",
                r"pipe\|\*x\*",
                r"\[red\]",
                r"\\x1b\[0m\\u202e",
                "",
                "\u0440",
            ],
        ),
        (
            "table",
            [
                "plain",
                'a,"b"',
                r"line\nbreak\r",
                "pipe|*x*",
                "[red]",
                r"\x1b[0m\u202e",
                "",
                "\u0440",
            ],
        ),
    ],
)
def test_an_id_is_made_harmless_for_people(output_format: RowFormat, shown: list[str]) -> None:
    n = len(IDS)
    text = text_of(output_format, scored([True] * n, [0.5] * n, IDS))
    lines = text.split("\n")[-n - 1 : -1]
    if output_format == "markdown":
        assert lines == [
            f"| {i} | {cell} | 1 | 0.5 | 0.6931471805599453 |" for i, cell in enumerate(shown, 1)
        ]
    else:
        assert [line[73:] for line in lines] == shown


def parsed(output_format: RowFormat, text: str) -> list[dict[str, Any]]:
    if output_format == "json":
        return [json.loads(line) for line in text.splitlines()]
    if output_format == "csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    lines = [line.strip("|").replace("|", " ").split() for line in text.splitlines()]
    body = lines[2:] if output_format == "markdown" else lines[1:]
    return [dict(zip(lines[0], line, strict=True)) for line in body]


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.0, 1.0)), min_size=1),
    st.sampled_from(get_args(RowFormat)),
    st.integers(1, 2**40),
)
def test_every_number_is_read_back_exactly(
    pairs: list[tuple[bool, float]], output_format: RowFormat, first_row: int
) -> None:
    rows = scored([label for label, _ in pairs], [p for _, p in pairs])
    records = parsed(output_format, text_of(output_format, rows, first_row=first_row))
    assert [int(record["row"]) for record in records] == [first_row + i for i in range(len(pairs))]
    assert [bool(int(record["label"])) for record in records] == [label for label, _ in pairs]
    assert [float(record["prediction"]) for record in records] == [p for _, p in pairs]
    losses = [math.inf if record["loss"] is None else float(record["loss"]) for record in records]
    assert losses == rows.losses.tolist()


@given(st.lists(st.floats(0.0, 1.0), min_size=1))
def test_bits_are_nats_over_the_logarithm_of_two(predictions: list[float]) -> None:
    rows = scored([True] * len(predictions), predictions)
    records = parsed("csv", text_of("csv", rows, "bits"))
    expected = (rows.losses / math.log(2.0)).tolist()
    assert [float(record["loss"]) for record in records] == expected


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.sampled_from(",\n}"))
@example([0.0, 1.0, 100.0, 2.0**53, 1e300], ",")
@example([1e-5, 1e-6, math.nextafter(1e-5, 0.0), math.nextafter(1e-6, 0.0), 5e-324], ",")
@example([math.nextafter(1e10, 0.0), 1e10, math.nextafter(1e10, math.inf)], ",")
@example([math.inf, -math.inf, -0.5], ",")
def test_a_number_is_written_as_pyarrow_does(values: list[float], end: str) -> None:
    import pyarrow as pa

    expected = pa.array(values).cast(pa.string()).to_pylist()
    assert number_texts(np.array(values), end).to_pylist() == [text + end for text in expected]


@given(
    st.lists(st.tuples(st.floats(allow_nan=False), st.floats(0.0, 1.0)), min_size=1),
    st.sampled_from([",\n", ";,", ",,"]),
)
@example([(0.5, 1.0), (math.inf, 0.25), (1e300, 0.0)], ",\n")
@example([(0.5, 0.25), (0.125, 0.75), (0.5, 0.25), (0.5, 0.25), (5e-6, 0.25)], ",\n")
def test_neighbours_are_one_text(pairs: list[tuple[float, float]], signs: str) -> None:
    each = number_texts(np.array(pairs).reshape(-1), ";").to_pylist()
    texts = [text[:-1] for text in each]
    expected = [f"{a}{signs[0]}{b}{signs[1]}" for a, b in zip(texts[::2], texts[1::2], strict=True)]
    assert number_texts(np.array(pairs).reshape(-1), signs).to_pylist() == expected


@pytest.mark.parametrize("output_format", get_args(RowFormat))
def test_rows_that_are_cut_are_written_as_each_of_them(
    output_format: RowFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = scored([True, False, True, True, False], [0.5, 1.0, 0.25, 1.0, 0.125], IDS[:5])
    whole = text_of(output_format, rows, first_row=8)
    monkeypatch.setattr(render_rows, "_AT_ONCE", 2)
    stream = RowStream(output_format, "nats", has_ids=True)
    lines = stream.rows(8, rows.rows, rows.losses)
    assert len(lines) == 3
    assert b"".join([stream.header(), *lines]).decode() == whole


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_an_integer_is_written_in_full(values: list[int]) -> None:
    found = number_texts(np.array(values, np.int64), ",").to_pylist()
    assert found == [f"{value}," for value in values]


@pytest.mark.parametrize("values", [[0.0, math.inf, 0.25], [math.inf]])
def test_an_infinite_number_is_called_as_the_format_wants(values: list[float]) -> None:
    found = number_texts(np.array(values), "}", infinite_as="null").to_pylist()
    names = {0.0: "0}", 0.25: "0.25}", math.inf: "null}"}
    assert found == [names[value] for value in values]


def test_a_slice_with_gaps_is_written_in_its_order() -> None:
    values = np.arange(6, dtype=np.float64)[::-2] / 8
    assert number_texts(values, ",").to_pylist() == ["0.625,", "0.375,", "0.125,"]
