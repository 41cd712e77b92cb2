"""bce compute --like: another library's number, or all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bce_cli import Convention, mean_binary_cross_entropy
from bce_cli.core.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

ROWS = "y,p\n1,0.9\n0,0.2\n1,0\n0,1\n1,1e-12\n"
LABELS, PROBABILITIES = [1, 0, 1, 0, 1], [0.9, 0.2, 0.0, 1.0, 1e-12]


@pytest.mark.parametrize("like", RULES)
def test_like_prints_the_number_of_a_library(
    like: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    mean = mean_binary_cross_entropy(LABELS, PROBABILITIES, convention=Convention(like=like))
    result = bce("compute", preds(ROWS), "-q", "--like", like)
    assert (result.stdout, result.stderr, result.exit_code) == (f"{mean!r}\n", "", 0)


@pytest.mark.parametrize("workers", ["1", "3"])
def test_like_all_has_the_mean_of_every_convention(
    workers: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    options = ["--like", "all", "--clip", "0.01", "-f", "json", "--workers", workers]
    record = json.loads(bce("compute", preds(ROWS), *options).stdout)
    conventions = [*(Convention(like=name) for name in RULES), Convention(clip=0.01)]
    assert [item["name"] for item in record["conventions"]] == [*RULES, "clip"]
    for item, convention in zip(record["conventions"], conventions, strict=True):
        mean = mean_binary_cross_entropy(LABELS, PROBABILITIES, convention=convention)
        assert item["mean_loss"] == (mean if mean < 1e9 else None)
    assert [row["row"] for row in record["impossible_rows"]] == [3, 4]
    assert (record["convention"], record["n_impossible"]) == ("exact", 2)


def test_like_all_is_a_table_of_its_own(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    text = bce("compute", preds(ROWS), "--like", "all").stdout
    assert "\n\npreds.csv: the mean loss of 5 rows by every convention, nats\n" in text
    for part in (*RULES, "Rows that make the difference", "Their shares of each mean"):
        assert part in text
    assert "Row by row" not in text


@pytest.mark.parametrize("option", [["-q"], ["--per-example"], ["--worst", "2"]])
def test_like_all_goes_with_no_other_output(
    option: list[str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(ROWS), "--like", "all", *option)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert "--like all is a table of its own" in result.stderr


def test_an_unknown_convention_is_an_error_of_usage(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(ROWS), "--like", "caffe")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr == (
        f"bce: error: --like 'caffe' is not known\nbce: known are {', '.join([*RULES, 'all'])}\n"
    )


def test_the_library_is_named_beside_its_number(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    words = " ".join(bce("compute", preds(ROWS), "--like", "torch").stdout.split())
    assert "Losses as torch has them (PyTorch 2" in words
    assert "its limits changed 2 rows." in words
    assert "2 rows were certain and wrong; the first is row 3. They make up 87.7 %" in words


def test_where_every_row_is_impossible_no_mean_of_others_is_told(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    words = " ".join(bce("compute", preds("y,p\n1,0\n0,1\n")).stdout.split())
    assert (
        "2 rows were certain and wrong; the first is row 1. They make the mean infinite." in words
    )
    assert "--like all shows other libraries' means" in words
    assert "The mean of the other" not in words


def test_what_else_a_library_does_is_told(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,p,w\n0.9,0.9,10\n0,0.2,10\n")
    options = ("--soft-labels", "-w", "w")
    torch = bce("compute", path, *options, "--like", "torch").stdout
    assert "torch divides by the number of rows, not by the sum of the weights." in torch
    catboost = bce("compute", path, *options, "--like", "catboost").stdout
    assert "catboost counts labels above 0.5 as 1 and the others as 0." in catboost
    text = " ".join(bce("compute", path, *options, "--like", "all").stdout.split())
    assert "torch, which divides by the number of rows and not by the sum of weights" in text
    assert "lightgbm and catboost, which count soft labels as 0 or 1" in text
