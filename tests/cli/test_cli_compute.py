"""bce compute: what is printed, where, and in which colours."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli import mean_binary_cross_entropy

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

GOOD = "y,p,id\n1,0.9,a\n0,0.2,b\n1,0.7,c\n"
MEAN = mean_binary_cross_entropy([1, 0, 1], [0.9, 0.2, 0.7])
NOTE = "bce: label column 'y', prediction column 'p'\n"


def test_quiet_prints_the_mean_alone(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    result = bce("compute", preds(GOOD), "-q")
    assert (result.stdout, result.stderr, result.exit_code) == (f"{MEAN!r}\n", "", 0)


def test_quiet_prints_inf_for_an_infinite_mean(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds("y,p\n1,0\n1,1\n"), "-q")
    assert (result.stdout, result.stderr, result.exit_code) == ("inf\n", "", 0)


@pytest.mark.parametrize(
    ("options", "mean"),
    [
        (["--unit", "bits"], MEAN / math.log(2.0)),
        (["--workers", "3"], MEAN),
        (["--clip", "0.25"], mean_binary_cross_entropy([1, 0, 1], [0.75, 0.25, 0.7])),
        (["-l", "y", "-p", "p"], MEAN),
        (["--label", "#1", "--prediction", "#2"], MEAN),
        (["-f", "json"], MEAN),
    ],
)
def test_quiet_prints_the_mean_that_the_options_ask_for(
    options: list[str],
    mean: float,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    result = bce("compute", preds(GOOD), "-q", *options)
    assert (result.stdout, result.stderr, result.exit_code) == (f"{mean!r}\n", "", 0)


@pytest.mark.parametrize(
    "options", [["-f", "csv"], ["-f", "json"], ["--per-example"], ["-f", "csv", "-l", "y"]]
)
def test_columns_that_were_guessed_are_said_on_standard_error(
    options: list[str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), *options)
    assert (result.stderr, result.exit_code) == (NOTE, 0)
    assert NOTE not in result.stdout


@pytest.mark.parametrize("output_format", ["table", "markdown"])
def test_a_report_for_people_says_the_columns_itself(
    output_format: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), "-f", output_format)
    assert (result.stderr, result.exit_code) == ("", 0)
    assert "\nRead: label 'y', prediction 'p'.\n" in result.stdout


def test_columns_that_were_named_are_not_said(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), "-f", "json", "-l", "y", "-p", "p")
    assert (result.stderr, result.exit_code) == ("", 0)


@pytest.mark.parametrize("sources", [["-"], []])
def test_a_pipe_is_read(sources: list[str], bce: Callable[..., Result]) -> None:
    result = bce("compute", "-q", *sources, stdin=GOOD.encode())
    assert (result.stdout, result.stderr, result.exit_code) == (f"{MEAN!r}\n", "", 0)


def test_faults_of_a_pipe_name_standard_input(bce: Callable[..., Result]) -> None:
    result = bce("compute", "-q", stdin=b"y,p\n1,x\n")
    message = "standard input, line 2: prediction 'x' (column 'p') is not a number"
    hint = "predictions must be probabilities such as 0.25"
    assert result.stderr == f"bce: error: {message}\nbce: {hint}\n"
    assert (result.stdout, result.exit_code) == ("", 65)


def test_a_pipe_and_files_are_one_data_set(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce(
        "compute", preds("p,y\n.5,1\n"), "-", "--per-example", "-f", "csv", stdin=b"y,p\n0,.5\n"
    )
    loss = repr(math.log(2.0))
    assert result.stdout == f"row,label,prediction,loss\n1,1,0.5,{loss}\n2,0,0.5,{loss}\n"


def test_per_example_writes_a_json_object_a_line(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), "--per-example", "-f", "json", "--id", "id")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [list(record) for record in records] == [
        ["row", "id", "label", "prediction", "loss"]
    ] * 3
    assert [record["id"] for record in records] == ["a", "b", "c"]
    assert math.fsum(record["loss"] for record in records) / 3 == MEAN


@pytest.mark.parametrize("output_format", ["table", "markdown"])
@pytest.mark.parametrize(("n", "shown"), [(0, 0), (1, 2), (2, 3), (100, 3)])
def test_rows_says_how_many_first_rows_are_shown_besides_the_last(
    output_format: str,
    n: int,
    shown: int,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    path = preds("y,p\n1,0.123\n1,0.123\n1,0.123\n")
    result = bce("compute", path, "--rows", str(n), "-f", output_format)
    _, _, excerpt = result.stdout.partition("Row by row")
    assert sum("0.123" in line for line in excerpt.splitlines()) == shown


@pytest.mark.parametrize("output_format", ["table", "markdown"])
def test_the_effect_of_clip_is_told(
    output_format: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds("y,p\n1,0\n0,.5\n"), "--clip", "0.01", "-f", output_format)
    assert "[0.01, 1 - 0.01]" in result.stdout.replace("\\", "")


@pytest.mark.parametrize("option", ["--rows", "--worst"])
def test_a_table_of_too_many_rows_is_refused(
    option: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), option, "10001")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr == f"bce: error: {option} must be at most 10000, got 10001\n"


def test_a_dash_as_output_is_standard_output(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds(GOOD)
    assert bce("compute", path, "-q", "-o", "-").stdout == bce("compute", path, "-q").stdout
    assert not Path("-").exists()


def test_a_clip_that_changes_nothing_is_refused(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), "--clip", "1e-17")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("bce: error: --clip 1e-17 is too small: 1 - 1e-17 rounds to 1")


def test_no_mean_is_shown_where_every_row_is_impossible(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    text = bce("compute", preds("y,p\n1,0\n0,1\n")).stdout
    assert "2 rows were certain and wrong; the first is row 1." in text
    assert "The mean of the other" not in text


@pytest.mark.parametrize("width", [24, 40, 60])
def test_the_ids_that_were_asked_for_are_never_left_out(
    width: int,
    preds: Callable[..., str],
    bce: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    path = preds("id,y,p\n" + "".join(f"flight-{i}-JFK,{i % 2},0.3{i}7\n" for i in range(9)))
    rows, *_, worst, _ = bce("compute", path, "--id", "id", "--worst", "2").stdout.split("\n\n")
    assert ("flight-0-JFK" in rows, worst.count("-JFK")) == (True, 2)
    if width == 60:
        head = ["row", "id", "label", "prediction", "loss", "product"]
        assert rows.splitlines()[1].split() == head


def test_which_column_of_which_file_is_which(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("id,target\na,1\nb,0\n", "truth.csv")
    joined = ("compute", preds("id,target\nb,0.3\na,0.6\n"), "--labels", "truth.csv", "--on", "id")
    read = "\nRead: label 'target' of truth.csv, prediction 'target' of preds.csv.\n"
    assert read in bce(*joined).stdout
    said = "bce: label column 'target' of truth.csv, prediction column 'target' of preds.csv\n"
    assert bce(*joined, "-f", "json").stderr == said


@pytest.mark.parametrize(
    "command", [("compute",), ("compute", "--like", "all"), ("calibration",), ("check",)]
)
def test_a_row_that_is_named_is_one_of_the_file_of_predictions(
    command: tuple[str, ...], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("id,target\na,1\nb,0\nc,1\n", "truth.csv")
    path = preds("id,target\nb,0.3\na,0\nc,0.6\n")
    limit = ["--max-loss", "1"] if command == ("check",) else []
    text = bce(*command, path, "--labels", "truth.csv", "--on", "id", *limit).stdout
    assert "the first is row 2 of preds.csv" in " ".join(text.split())
