"""Predictions and labels in two files: which of them each column is taken from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

ON = ("--labels", "sol.csv", "--on", "id")
SUBMISSION = "id,target\na,0.9\nb,0.2\nc,0.5\n"
SOLUTION = "id,target,Usage\na,1,Public\nb,0,Private\nc,1,Ignored\n"
MEAN = "0.3405504158439938\n"


def write(submission: str, solution: str) -> None:
    Path("sub.csv").write_text(submission)
    Path("sol.csv").write_text(solution)


HEADERS = {
    "as Kaggle has it": (SUBMISSION, SOLUTION),
    "no Usage": (SUBMISSION, SOLUTION.replace(",Usage", ",t").replace("target", "label")),
    "numbers of rows": (
        ",id,target\n0,a,0.9\n1,b,0.2\n2,c,0.5\n",
        "Unnamed: 0,id,Survived\n0,a,1\n1,b,0\n2,c,1\n",
    ),
    "labels of any name": (SUBMISSION, SOLUTION.replace("target", "Survived")),
    "both of any name": (
        SUBMISSION.replace("target", "Survived"),
        SOLUTION.replace("target", "Survived"),
    ),
    "labels called as the predictions": (
        SUBMISSION.replace("target", "Survived"),
        "id,Survived,fold\na,1,0\nb,0,1\nc,1,2\n",
    ),
    "a customary name before all else": (
        "id,p,target\na,0.9,1\nb,0.2,2\nc,0.5,3\n",
        "id,p,target\na,3,1\nb,3,0\nc,3,1\n",
    ),
}


@pytest.mark.parametrize("files", HEADERS.values(), ids=HEADERS)
def test_the_one_other_column_is_what_is_looked_for(
    files: tuple[str, str], bce: Callable[..., Result]
) -> None:
    write(*files)
    result = bce("compute", "sub.csv", *ON, "-q")
    assert (result.exit_code, result.stdout) == (0, MEAN)


def test_a_named_column_is_not_the_other_one(bce: Callable[..., Result]) -> None:
    write("id,target,w,g\na,0.9,1,x\nb,0.2,1,y\nc,0.5,1,z\n", SOLUTION)
    options = ("--weight", "w", "--by", "g", "--by", "Usage", "-f", "json")
    report = json.loads(bce("compute", "sub.csv", *ON, *options).stdout)
    assert report["mean_loss"] == float(MEAN)
    assert [found["segment"] for found in report["segments"]] == [
        {"g": "z", "Usage": "Ignored"},
        {"g": "y", "Usage": "Private"},
        {"g": "x", "Usage": "Public"},
    ]


UNCLEAR = {
    "two others": (
        ("id,a,b\na,.9,1\n", "id,y\na,1\n"),
        (
            "sub.csv: no column has a customary name for the prediction, such as 'prediction'\n"
            "bce: choose one with --prediction; the columns are 'id', 'a', 'b'\n"
        ),
    ),
    "two others beside the labels": (
        ("id,a\na,.9\n", "id,b,c,usage\na,1,1,x\n"),
        (
            "sol.csv: no column has a customary name for the label, such as 'label'\n"
            "bce: choose one with --label; the columns are 'id', 'b', 'c', 'usage'\n"
        ),
    ),
    "two of a customary name": (
        ("id,a\na,.9\n", "id,y,label\na,1,1\n"),
        (
            "sol.csv: several columns could be the label: 'y', 'label'\n"
            "bce: choose one with --label; the columns are 'id', 'y', 'label'\n"
        ),
    ),
    "files that are swapped": (
        ("id,target\na,1\n", "id,target\na,.9\n"),
        (
            "sol.csv, line 2: label .9 (column 'target') is not 0 or 1\n"
            "bce: are these the predictions, and the two files swapped? or --soft-labels\n"
        ),
    ),
}


@pytest.mark.parametrize(("files", "message"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_not_clear_is_asked(
    files: tuple[str, str], message: str, bce: Callable[..., Result]
) -> None:
    write(*files)
    result = bce("compute", "sub.csv", *ON)
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == f"bce: error: {message}"


def test_usage_is_not_looked_at_unless_asked_for(bce: Callable[..., Result]) -> None:
    write(SUBMISSION, SOLUTION)
    said = "bce: sol.csv: every row counts, whatever 'Usage' says\n"
    assert bce("compute", "sub.csv", *ON).stderr == said
    assert bce("compute", "sub.csv", *ON, "--by", "Usage").stderr == ""


# What either file may hold, at first beside the predictions.
WHOLE = {
    "id": ["a", "b", "c", "d", "e", "f"],
    "p": ["0.9", "0.2", "0.5", "0.25", "0.75", "0.125"],
    "w": ["1", "2", "0", "3", "1.5", "NA"],
    "g": ["x", "y", "x", '"z,1"', "", "x"],
    "h": ["1", "2", "3", "1", "2", "3"],
}
LABELS = {"id": ["f", "e", "d", "c", "b", "a"], "y": ["0", "1", "0", "1", "0", "1"]}
MOVED = ("", "g", "wgh")
CALLS = (
    ("compute", "--weight", "w", "--by", "g", "--by", "h", "-f", "json"),
    ("compute", "--by", "h", "--by", "g", "-f", "csv"),
    ("compute", "--weight", "w", "--id", "g", "--worst", "3", "-f", "csv"),
    ("compute", "--weight", "w", "--id", "h", "--per-example", "-f", "csv"),
    ("check", "--weight", "w", "--max-ece", "1", "-f", "json"),
    ("calibration", "--weight", "w", "-f", "json"),
)


def written(name: str, columns: dict[str, list[str]], rows: int) -> None:
    cells = ([column, *values[:rows]] for column, values in columns.items())
    Path(name).write_text("".join(",".join(row) + "\n" for row in zip(*cells, strict=True)))


def split(moved: str, *, n_labels: int = 6, n_predictions: int = 6) -> None:
    """Write the two files, some columns beside the labels."""
    there = {name: WHOLE[name][::-1] for name in moved}
    written("sub.csv", {k: v for k, v in WHOLE.items() if k not in moved}, n_predictions)
    written("sol.csv", there | LABELS, n_labels)


@pytest.mark.few(2)
@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_a_column_may_stand_in_either_file(
    call: tuple[str, ...], bce: Callable[..., Result]
) -> None:
    command, *options = call
    found = set()
    for moved in MOVED:
        split(moved)
        result = bce(command, "sub.csv", *ON, *options, "--missing", "drop")
        assert result.exit_code == 0, result.stderr
        found.add(result.stdout)
    assert len(found) == 1


@pytest.mark.parametrize("moved", ["w", "gh", "wgh"])
def test_rows_without_a_partner_are_left_out_with_all_their_columns(
    moved: str, bce: Callable[..., Result]
) -> None:
    options = (*CALLS[0][1:], "--missing", "drop", "--join", "inner")
    split("", n_labels=5, n_predictions=5)
    wanted = json.loads(bce("compute", "sub.csv", *ON, *options).stdout)
    assert (wanted["n"], wanted["n_unmatched"]) == (4, 2)
    split(moved, n_labels=5, n_predictions=5)
    assert json.loads(bce("compute", "sub.csv", *ON, *options).stdout) == wanted


def test_models_share_what_stands_beside_their_labels(bce: Callable[..., Result]) -> None:
    found = set()
    for moved in ("", "gh", "wgh"):
        split(moved)
        written("rival.csv", {"id": WHOLE["id"], "other": WHOLE["p"][::-1]}, 6)
        options = ("--weight", "w", "--cluster", "h", "--id", "g", "--missing", "drop")
        result = bce("compare", "sub.csv", "rival.csv", *ON, *options, "-f", "json")
        assert result.exit_code == 0, result.stderr
        found.add(result.stdout)
    assert len(found) == 1
    assert json.loads(found.pop())["n_clusters"] == 2


def test_a_column_of_both_files_is_that_of_the_predictions(bce: Callable[..., Result]) -> None:
    write("id,p,g,w\na,0.9,x,1\nb,0.2,y,1\n", "id,y,g,w\na,1,u,5\nb,0,v,5\n")
    result = bce("compute", "sub.csv", *ON, "--by", "g", "--weight", "w", "-f", "json")
    report: dict[str, Any] = json.loads(result.stdout)
    assert [found["segment"]["g"] for found in report["segments"]] == ["y", "x"]
    assert result.stderr.startswith(
        "bce: column 'w' is in both files: that of sub.csv is taken\n"
        "bce: column 'g' is in both files: that of sub.csv is taken\n"
    )
    assert bce("compute", "sub.csv", *ON, "--by", "id").stderr == ""


BROKEN = {
    "in neither": (
        ("--by", "usages"),
        (
            "sub.csv: there is no column 'usages', nor in sol.csv; did you mean 'Usage'?\n"
            "bce: the columns are 'id', 'target'; in sol.csv, the columns are 'id', 'target', "
            "'Usage', 'w', 'w'\n"
        ),
    ),
    "a place is one of the predictions": (
        ("--by", "#3"),
        "sub.csv: there is no column #3, only 2\nbce: the columns are 'id', 'target'\n",
    ),
    "twice beside the labels": (
        ("--weight", "w"),
        (
            "sol.csv: several columns are called 'w': #4 and #5\n"
            "bce: choose one by its place, such as #4\n"
        ),
    ),
    "the label as well": (
        ("--label", "Usage", "--by", "Usage"),
        "sol.csv: column 'Usage' cannot be the segment as well\n",
    ),
    "a faulty weight": (
        ("--weight", "Usage"),
        (
            "sol.csv, line 2: weight 'Public' (column 'Usage') is not a number; "
            "at least 2 more rows are faulty\n"
        ),
    ),
}


@pytest.mark.parametrize(("options", "message"), BROKEN.values(), ids=BROKEN)
def test_an_error_names_the_file_it_is_in(
    options: tuple[str, ...], message: str, bce: Callable[..., Result]
) -> None:
    write(SUBMISSION, SOLUTION.replace("\n", ",1,1\n").replace("Usage,1,1", "Usage,w,w"))
    result = bce("compute", "sub.csv", *ON, *options)
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == f"bce: error: {message}"


def test_a_key_that_later_objects_have_is_that_of_the_predictions(
    bce: Callable[..., Result],
) -> None:
    Path("sub.jsonl").write_text('{"id":"a","p":0.9}\n{"id":"b","p":0.2,"g":"x"}\n')
    Path("sol.csv").write_text("id,y,g\na,1,u\nb,0,v\n")
    options = ("--missing", "drop", "--by", "g", "-f", "csv")
    result = bce("compute", "sub.jsonl", *ON, *options)
    assert [line.split(",")[0] for line in result.stdout.split()] == ["g", "x", ""]


@pytest.mark.parametrize("call", CALLS[:3], ids=" ".join)
def test_labels_in_order_may_have_them_as_well(
    call: tuple[str, ...], bce: Callable[..., Result]
) -> None:
    command, *options = call
    found = set()
    for moved in MOVED:
        here = {name: cells for name, cells in WHOLE.items() if name not in moved}
        there = {name: WHOLE[name] for name in moved}
        written("sub.csv", here, 6)
        written("sol.csv", there | {"y": LABELS["y"][::-1]}, 6)
        result = bce(command, "sub.csv", "--labels", "sol.csv", *options, "--missing", "drop")
        assert result.exit_code == 0, result.stderr
        found.add(result.stdout)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["compute", "sub.csv", "sol.csv"],
            (
                "sub.csv: no column has a customary name for the prediction, such as 'prediction'\n"
                "bce: choose one with --prediction, or a file of labels with --labels "
                "sol.csv --on id; the columns are 'id', 'target'\n"
            ),
        ),
        (
            ["compute", "sub.csv", "sol.csv", "-p", "target"],
            (
                "sub.csv: column 'target' cannot be both label and prediction\n"
                "bce: --label or --prediction names another column, or a file of labels with "
                "--labels sol.csv --on id\n"
            ),
        ),
        (
            ["compare", "sub.csv", "sub.csv"],
            (
                "sub.csv: no column has a customary name for the prediction, such as 'prediction'\n"
                "bce: choose one with --prediction, or a file of labels with --labels "
                "FILE --on id; the columns are 'id', 'target'\n"
            ),
        ),
    ],
)
def test_labels_as_a_second_source_are_told_where_they_belong(
    words: list[str], message: str, bce: Callable[..., Result]
) -> None:
    write("id,target\na,.9\n", "id,target\na,1\n")
    result = bce(*words)
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == f"bce: error: {message}"
