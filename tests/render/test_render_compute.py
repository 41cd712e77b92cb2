"""Whole reports, byte by byte; those for programs strict, complete, and equal to each other.

After a wanted change, run ``BCE_REGENERATE_GOLDEN=1 pytest tests/render``, and read the difference.
"""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bce_cli as bce
from bce_cli.readers.columns import ColumnChoice
from bce_cli.render.layout import Look
from bce_cli.render.write import write_document
from tests.golden import assert_golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.render import Format
    from bce_cli.render.compute import ComputeDocument


GOLDEN = Path(__file__).parent / "golden"

PLAIN = "label,prediction\n1,0.9\n0,0.2\n1,0.8\n0,0.1\n1,0.35\n0,0.4\n1,0.75\n1,0.99\n"

HOSTILE = (
    "y_true,p,name\n"
    '1,0.5,"[red]x[/red]"\n'
    "0,1,:smile:\n"
    "1,0.25,\x1b[31mred\x1b[0m\n"
    "0,0.125,\u202egnp.exe\n"
    '1,1e-300,"a|b, ""c""\n<b>*d*</b>"\n'
    "0,0,\u0440\u044f\u0434\n"
)

UNDERFLOW = "y,p\n" + "1,0.5\n" * 1100

PARTED = "1,0.75,most\n0,0.25,most\n" * 15

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (PLAIN, {}),
    "hostile": (HOSTILE, {"choice": ColumnChoice(id="name"), "n_worst": 3, "unit": "bits"}),
    "clipped": (HOSTILE, {"clip": 1e-6}),
    "underflow": (UNDERFLOW, {}),
    "segments": (HOSTILE + PARTED, {"choice": ColumnChoice(segments=("name",)), "clip": 1e-6}),
}

FORMATS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "ascii.txt": ("table", Look(unicode=False)),
    "json": ("json", Look()),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}


@pytest.mark.few(10)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_report_is_the_golden_file(
    name: str, suffix: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    text, options = CASES[name]
    report = write_document(document(preds(text), **options), *FORMATS[suffix]).encode()
    assert_golden(GOLDEN / f"{name}.{suffix}", report)


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_format_lets_an_escape_or_a_bidirectional_character_through(
    suffix: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    text, options = CASES["hostile"]
    report = write_document(document(preds(text), **options), *FORMATS[suffix])
    if suffix == "csv":  # data for programs: the cell as it is
        assert "\x1b[31mred\x1b[0m" not in report.splitlines()[0]
    else:
        assert not set(report) & {"\x1b", "\u202e", "\r"}


@pytest.mark.parametrize("name", CASES)
def test_a_report_in_ascii_has_nothing_else(
    name: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    text, options = CASES[name]
    built = document(preds(text), **options)
    report = write_document(built, "table", Look(unicode=False))
    foreign = {character for character in report if not character.isascii()}
    assert foreign <= set(text)


FINITE = "y,p\n1,0.9\n0,0.2\n1,0.7\n"
IMPOSSIBLE = "y,p\n1,0.9\n0,1\n1,0.7\n"
ONE_ROW = "y,p\n1,0.9\n"
TEXTS = {"finite": FINITE, "impossible": IMPOSSIBLE, "one row": ONE_ROW, "zero": "y,p\n1,1\n1,1\n"}

KEYS = [
    "source",
    "n",
    "n_positive",
    "weight_sum",
    "base_rate",
    "unit",
    "convention",
    "n_clipped",
    "mean_loss",
    "std_error",
    "ci_low",
    "ci_high",
    "total_loss",
    "log_likelihood",
    "log10_likelihood",
    "effective_probability",
    "base_rate_loss",
    "skill",
    "brier",
    "n_impossible",
    "first_impossible_row",
    "finite_mean_loss",
    "likelihood_product",
    "product_subnormal_row",
    "product_zero_row",
]


def strict(text: str) -> dict[str, Any]:
    def refuse(token: str) -> None:
        pytest.fail(f"{token} is no JSON")

    record: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return record


def only_row(text: str) -> dict[str, str]:
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    return row


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_json_is_strict_and_has_every_documented_key(
    text: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    record = strict(write_document(document(preds(text)), "json", Look()))
    assert [key for key in KEYS if key not in record] == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_json_and_csv_hold_the_same_numbers(
    text: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    built = document(preds(text))
    record, row = (
        strict(write_document(built, "json", Look())),
        only_row(write_document(built, "csv", Look())),
    )
    assert [key for key in record if key in row] == list(row)
    for key, cell in row.items():
        if record[key] is None:
            assert cell in ("", "inf", "-inf"), key
        elif isinstance(record[key], str):
            assert cell == record[key]
        else:
            assert float(cell) == record[key], key


def test_what_is_infinite_is_null_in_json_and_inf_in_csv(
    preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    built = document(preds(IMPOSSIBLE))
    record, row = (
        strict(write_document(built, "json", Look())),
        only_row(write_document(built, "csv", Look())),
    )
    for key, cell in {"mean_loss": "inf", "total_loss": "inf", "log_likelihood": "-inf"}.items():
        assert (record[key], row[key]) == (None, cell)
    assert (record["std_error"], row["std_error"]) == (None, "")
    assert (record["n_impossible"], record["first_impossible_row"]) == (1, 2)


@pytest.mark.parametrize("name", ["mean_loss", "brier", "skill", "ci_low", "log_likelihood"])
def test_a_number_is_written_in_full(
    name: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    built = document(preds(FINITE))
    assert strict(write_document(built, "json", Look()))[name] == getattr(built.report, name)
    assert only_row(write_document(built, "csv", Look()))[name] == repr(getattr(built.report, name))


def test_one_source_is_a_string_and_several_are_a_list(
    preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    first, second = preds(FINITE, "a b.csv"), preds(FINITE, "c.csv")
    assert strict(write_document(document(first), "json", Look()))["source"] == first
    assert strict(write_document(document(first, second), "json", Look()))["source"] == [
        first,
        second,
    ]
    assert (
        only_row(write_document(document(first, second), "csv", Look()))["source"]
        == f"{first} {second}"
    )


def test_worst_rows_hold_exact_numbers_and_raw_ids(
    preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    path = preds('y,p,id\n1,0.9,a\n0,0.75,"b,""\n\x1b[0m"\n')
    built = document(path, n_worst=1, choice=ColumnChoice(id="id"), unit="bits")
    (worst,) = strict(write_document(built, "json", Look()))["worst_rows"]
    expected = {"row": 2, "id": 'b,"\n\x1b[0m', "label": 0, "prediction": 0.75, "loss": 2.0}
    share = worst.pop("share_of_total")
    assert worst == expected
    assert share == pytest.approx(2.0 / (2.0 - math.log2(0.9)), rel=1e-12)
    row = only_row(write_document(built, "csv", Look()))
    assert row == {key: str(value) for key, value in expected.items()} | {
        "share_of_total": repr(share)
    }


@pytest.mark.parametrize("clip", [None, 1e-6])
@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (
            "1,0,0\n1,0.8,1\n",
            (
                "1 row was certain and wrong; the first is row 1. It has no weight, and "
                "adds nothing to the mean."
            ),
        ),
        (
            "1,0.8,1\n0,1,0\n0,1,0\n",
            (
                "2 rows were certain and wrong; the first is row 2. They have no "
                "weight, and add nothing to the mean."
            ),
        ),
    ],
)
def test_impossible_rows_of_no_weight_leave_the_mean_as_it_is(
    rows: str, note: str, clip: float | None
) -> None:
    Path("weighted.csv").write_text(f"label,p,w\n{rows}", encoding="utf-8")
    found = bce.compute("weighted.csv", weight="w", clip=clip)
    assert note in found.to_markdown()
    assert "infinite" not in found.to_markdown()


def test_no_weight_is_said_of_impossible_rows_where_nothing_costs_anything() -> None:
    found = bce.compute([1, 1], [0.0, 1.0], weight=[0.0, 1.0])
    assert "It has no weight, and adds nothing to the mean." in found.to_markdown()


def test_the_share_of_an_impossible_row_is_undefined(
    preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    built = document(preds(IMPOSSIBLE), n_worst=1)
    (worst,) = strict(write_document(built, "json", Look()))["worst_rows"]
    assert worst == {
        "row": 2,
        "label": 0,
        "prediction": 1.0,
        "loss": None,
        "share_of_total": None,
    }
    assert only_row(write_document(built, "csv", Look()))["loss"] == "inf"
