"""Rows that only several columns together tell from each other, joined by all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.readers.texts import Texts, one_by_one
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

ON = ("--labels", "truth.csv", "--on", "user", "--on", "item")
MEAN = "0.5579921445238906\n"

texts = st.lists(st.text("ab\x01\x02\x1e\x1f", min_size=1, max_size=4), min_size=2, max_size=2)


@settings(max_examples=examples(200))
@given(st.lists(texts, min_size=1, max_size=8))
def test_other_texts_are_another_key(rows: list[list[str]]) -> None:
    import pyarrow as pa

    columns = [Texts(pa.array(column)) for column in zip(*rows, strict=True)]
    keys = list(Texts.side_by_side(columns))
    assert [one_by_one(key) for key in keys] == rows


def write(name: str, text: str) -> None:
    Path(name).write_text(text)


def test_where_one_text_ends_tells_keys_apart(bce: Callable[..., Result]) -> None:
    write("preds.csv", "user,item,p\na,bc,0.5\nab,c,0.25\n")
    write("truth.csv", "y,item,user\n0,c,ab\n1,bc,a\n")
    result = bce("compute", "preds.csv", *ON, "-q")
    assert (result.exit_code, result.stdout) == (0, "0.4904146265058631\n")


FORMS = ("csv", "jsonl", "parquet", "feather")


def in_form(form: str, columns: dict[str, list[object]]) -> str:
    import pandas as pd

    name, frame = f"preds.{form}", pd.DataFrame(columns)
    if form == "csv":
        frame.to_csv(name, index=False)
    elif form == "jsonl":
        frame.to_json(name, orient="records", lines=True)
    elif form == "parquet":
        frame.astype({"user": "category"}).to_parquet(name, row_group_size=2)
    else:
        frame.to_feather(name)
    return name


@pytest.mark.parametrize("form", FORMS)
def test_a_value_has_one_text_in_every_form(form: str, bce: Callable[..., Result]) -> None:
    columns = {"item": [1.0, 2.0, 1.0], "p": [0.5, 0.25, 0.75], "user": [7, 7, 8]}
    write("truth.csv", "user,item,y\n8,1,1\n7,2,0\n7,1,1\n")
    result = bce("compute", in_form(form, columns), *ON, "-q")  # type: ignore[arg-type]
    if form == "csv":  # where text is what it is
        assert "('user': '7', 'item': '1.0')" in result.stderr
    else:
        assert (result.exit_code, result.stdout) == (0, "0.4228371084878357\n")


def test_models_are_joined_by_several_columns(bce: Callable[..., Result]) -> None:
    write("a.csv", "user,item,p,y\na,x,0.5,1\na,y,0.25,0\nb,x,0.5,0\n")
    write("b.csv", "item,user,p,y\nx,b,0.25,0\ny,a,0.5,0\nx,a,0.5,1\n")
    options = ("--on", "user", "--on", "item", "--cluster", "user", "--id", "item", "-f", "json")
    report = json.loads(bce("compare", "a.csv", "b.csv", *options).stdout)
    assert (report["n"], report["n_clusters"]) == (3, 2)
    models = [model["mean_loss"] for model in report["models"]]
    assert models[0] == models[1]


PREDS = "user,item,p\na,x,0.5\na,y,0.25\nb,x,0.5\n"
TRUTH = "user,item,y\na,x,1\na,y,0\nb,x,1\n"
BROKEN = {
    "no partner": (
        (PREDS, TRUTH.replace("b,x", "b,y") + "c,z,1\n"),
        (
            "preds.csv, row 3: the key ('user': 'b', 'item': 'x') has no partner in truth.csv\n"
            "bce: --join inner leaves out rows without a partner, and counts them\n"
        ),
    ),
    "no partners": (
        (PREDS, TRUTH + "c,',1\nd,a\x1f,0\n"),
        (
            "truth.csv, row 4: the key ('user': 'c', 'item': ''') has no partner in preds.csv; "
            "1 more have none: ('user': 'd', 'item': 'a\\x1f')\n"
            "bce: --join inner leaves out rows without a partner, and counts them\n"
        ),
    ),
    "a key twice": (
        (PREDS, TRUTH + "a,y,1\n"),
        (
            "truth.csv, row 4: the key ('user': 'a', 'item': 'y') stands in row 2 too\n"
            "bce: each row needs a key of its own\n"
        ),
    ),
    "a key twice here, and a fault there": (
        (PREDS + "a,y,0.75\n", TRUTH.replace("a,x", "a, ")),
        (
            "preds.csv, row 4: the key ('user': 'a', 'item': 'y') stands in row 2 too\n"
            "bce: each row needs a key of its own\n"
        ),
    ),
    "a fault here, and a key twice there": (
        (PREDS.replace("0.25", "2.5"), TRUTH + "a,y,1\n"),
        "preds.csv, line 3: prediction 2.5 (column 'p') is not in [0, 1]\n",
    ),
    "one column is empty": (
        (PREDS, TRUTH.replace("a,y", "a, ")),
        "truth.csv, line 3: the key (column 'item') is empty\n",
    ),
    "one column is lacking": (
        (PREDS.replace("item", "it"), TRUTH),
        (
            "preds.csv: there is no column 'item'; did you mean 'it'?\n"
            "bce: the columns are 'user', 'it', 'p'\n"
        ),
    ),
    "another Unicode form": (
        (PREDS.replace("b,x", "b,\xe9"), TRUTH.replace("b,x", "b,e\u0301")),
        (
            "preds.csv, row 3: the key ('user': 'b', 'item': '\xe9') has no partner in truth.csv\n"
            "bce: 1 key differs from the other file's only in Unicode form (NFC, NFD): write both "
            "files in the same one\n"
        ),
    ),
}


@pytest.mark.parametrize(("files", "message"), BROKEN.values(), ids=BROKEN)
def test_an_error_names_all_columns_and_their_texts(
    files: tuple[str, str], message: str, bce: Callable[..., Result]
) -> None:
    write("preds.csv", files[0])
    write("truth.csv", files[1])
    result = bce("compute", "preds.csv", *ON)
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == f"bce: error: {message}"


def test_a_column_is_one_key_alone(bce: Callable[..., Result]) -> None:
    write("preds.csv", PREDS)
    write("truth.csv", TRUTH)
    result = bce("compute", "preds.csv", *ON, "--on", "#1")
    assert result.stderr == (
        "bce: error: preds.csv: column 'user' was named as a key more than once\n"
    )


def test_rows_without_a_partner_are_counted_by_their_keys(bce: Callable[..., Result]) -> None:
    write("preds.csv", PREDS + "c,x,1\n")
    write("truth.csv", TRUTH + "c,y,1\nd,x,0\n")
    result = bce("compute", "preds.csv", *ON, "--join", "inner", "-f", "json")
    report = json.loads(result.stdout)
    assert (report["n"], report["n_unmatched"], report["mean_loss"]) == (3, 3, float(MEAN))
