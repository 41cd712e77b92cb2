"""Options that say what the input is: they reach the rows, and what they did is told."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli import mean_binary_cross_entropy

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]
    Preds = Callable[..., str]

TEXT = "id,y,p,w,z,s,word\na,1,0.9,2,2.5,0.75,yes\nb,0,0.2,0,-inf,0,no\nc,1,0.7,1,-1,1,yes\n"
COLUMNS = ("-l", "y", "-p", "p")


def report(bce: Bce, *args: str) -> dict[str, Any]:
    result = bce("compute", *args, "-f", "json")
    assert (result.stderr, result.exit_code) == ("", 0)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_column_of_weights_weighs(bce: Bce, preds: Preds) -> None:
    found = report(bce, preds(TEXT), *COLUMNS, "--weight", "w")
    mean = mean_binary_cross_entropy([1, 0, 1], [0.9, 0.2, 0.7], weights=[2, 0, 1])
    assert (found["mean_loss"], found["weight_column"], found["weight_sum"]) == (mean, "w", 3.0)
    assert found["effective_n"] == 9.0 / 5.0


@pytest.mark.parametrize(("weight", "shown"), [("-1", "-1"), ("nan", "nan"), ("inf", "inf")])
def test_a_weight_outside_its_domain_is_named(
    weight: str, shown: str, bce: Bce, preds: Preds
) -> None:
    result = bce("compute", preds(f"y,p,w\n1,.5,1\n0,.5,{weight}\n"), "-w", "w", "-q")
    message = f"preds.csv, line 3: weight {shown} (column 'w') is neither 0 nor in [1e-100, 1e+100]"
    assert result.stderr.splitlines()[0] == f"bce: error: {message}"
    assert (result.stdout, result.exit_code) == ("", 65)


def test_weights_that_are_all_zero_are_refused(bce: Bce, preds: Preds) -> None:
    result = bce("compute", preds("y,p,w\n1,.5,0\n0,.5,0\n"), "-w", "w", "-q")
    assert result.exit_code == 65
    assert result.stderr == "bce: error: all weights are 0, so there is no mean\n"


def test_logits_are_taken_as_they_are(bce: Bce, preds: Preds) -> None:
    found = report(bce, preds(TEXT), "-l", "y", "-p", "z", "--logits")
    mean = mean_binary_cross_entropy([1, 0, 1], [2.5, -math.inf, -1.0], logits=True)
    assert (found["mean_loss"], found["n_impossible"]) == (mean, 0)


def test_a_logit_that_is_not_a_number_is_refused(bce: Bce, preds: Preds) -> None:
    result = bce("compute", preds("y,p\n1,2\n0,nan\n"), "--logits", "-q")
    first = "bce: error: preds.csv, line 3: prediction nan (column 'p') is not a number"
    assert result.stderr.splitlines()[0] == first
    assert result.exit_code == 65


def test_soft_labels_are_read_on_request_alone(bce: Bce, preds: Preds) -> None:
    path = preds(TEXT)
    found = report(bce, path, "-l", "s", "-p", "p", "--soft-labels")
    mean = mean_binary_cross_entropy([0.75, 0, 1], [0.9, 0.2, 0.7], soft_labels=True)
    assert (found["mean_loss"], found["base_rate"]) == (mean, 1.75 / 3.0)
    refused = bce("compute", path, "-l", "s", "-p", "p", "-q")
    assert refused.exit_code == 65
    assert refused.stderr.splitlines() == [
        "bce: error: preds.csv, line 2: label 0.75 (column 's') is not 0 or 1",
        "bce: labels that are probabilities themselves need --soft-labels",
    ]


def test_every_row_shows_its_weight_and_its_soft_label(bce: Bce, preds: Preds) -> None:
    options = ("-l", "s", "-p", "p", "--soft-labels", "--weight", "w", "--per-example", "-f", "csv")
    lines = bce("compute", preds(TEXT), *options).stdout.splitlines()
    assert lines[0] == "row,label,prediction,weight,loss"
    assert [line.rsplit(",", 1)[0] for line in lines[1:]] == [
        "1,0.75,0.9,2",
        "2,0,0.2,0",
        "3,1,0.7,1",
    ]


def test_the_other_label_is_named(bce: Bce, preds: Preds) -> None:
    path = preds(TEXT)
    found = report(bce, path, "-l", "word", "-p", "p", "--positive", "yes")
    assert (found["positive_label"], found["negative_label"]) == ("yes", "no")
    table = bce("compute", path, "-l", "word", "-p", "p", "--positive", "no").stdout
    assert "Label 1 is 'no'; label 0 is 'yes'." in table


def test_a_label_that_never_occurs_is_told(bce: Bce, preds: Preds) -> None:
    result = bce("compute", preds("y,p\nham,.5\n"), *COLUMNS, "--positive", "spam", "-f", "json")
    assert result.stderr == "bce: no label is 'spam'; all are 'ham'\n"


def test_quiet_tells_it_too(bce: Bce, preds: Preds) -> None:
    result = bce("compute", preds("y,p\nham,.5\n"), *COLUMNS, "--positive", "spam", "-q")
    assert result.stdout == "0.6931471805599453\n"
    assert result.stderr == "bce: note: no label is 'spam'; all are 'ham'\n"


def test_a_label_of_another_case_is_not_taken_for_the_other_one(bce: Bce, preds: Preds) -> None:
    result = bce("compute", preds("y,p\nYes,.5\nYes,.5\n"), "--positive", "yes", "-q")
    assert result.stderr.splitlines() == [
        "bce: error: no label is 'yes', but 'Yes' occurs",
        "bce: did you mean --positive Yes?",
    ]
    assert (result.stdout, result.exit_code) == ("", 65)


MISSING = "y,p\n1,.9\n,.5\n0,.2\n1,NA\n1,.7\n"


def test_rows_left_out_are_counted_and_the_others_keep_their_numbers(
    bce: Bce, preds: Preds
) -> None:
    path = preds(MISSING)
    result = bce("compute", path, *COLUMNS, "--missing", "drop", "-f", "json")
    assert result.stderr == "bce: left out 2 rows with a missing value\n"
    found = json.loads(result.stdout)
    assert (found["n"], found["n_missing"]) == (3, 2)
    assert found["mean_loss"] == mean_binary_cross_entropy([1, 0, 1], [0.9, 0.2, 0.7])
    table = bce("compute", path, "--missing", "drop").stdout
    assert "2 rows with a missing value were left out." in table
    rows = bce("compute", path, "--missing", "drop", "--per-example", "-f", "csv").stdout
    assert [line.split(",")[0] for line in rows.splitlines()] == ["row", "1", "3", "5"]


def test_a_column_that_is_not_a_comma_file_is_said(bce: Bce, preds: Preds) -> None:
    result = bce("compute", preds("y;p\n1;0,9\n"), *COLUMNS, "--decimal", ",", "-f", "json")
    assert result.stderr == "bce: preds.csv: delimiter ';'\n"
    assert json.loads(result.stdout)["mean_loss"] == mean_binary_cross_entropy([1], [0.9])


@pytest.mark.parametrize("options", [["--per-example"], ["--worst", "2"]])
def test_ids_look_like_no_formula_on_request(options: list[str], bce: Bce, preds: Preds) -> None:
    path = preds('id,y,p\n"=1+1",1,.5\n-2,0,.5\n')
    shown = (*COLUMNS, "--id", "id", "-f", "csv", *options)
    ids = [line.split(",")[1] for line in bce("compute", path, *shown).stdout.splitlines()]
    safe = bce("compute", path, *shown, "--excel-safe").stdout.splitlines()
    assert ids == ["id", "=1+1", "-2"]
    assert [line.split(",")[1] for line in safe] == ["id", "'=1+1", "'-2"]


@pytest.mark.parametrize("command", ["compute", "calibration", "check", "compare"])
def test_no_text_of_any_command_looks_like_a_formula_on_request(
    command: str, bce: Bce, preds: Preds
) -> None:
    path = preds("y,=H(1),@b\n1,.5,.7\n0,.5,.2\n")
    names = {"compute": ["=H(1)"], "compare": ["@b", "=H(1)"]}.get(command, [])
    args = [command, path, "-p", "=H(1)", "-f", "csv"]
    args += {"compare": ["-p", "@b"], "check": ["--max-loss", "1"]}.get(command, [])
    raw, safe = bce(*args).stdout, bce(*args, "--excel-safe").stdout
    assert re.findall("(?<=,)[=@][^,]+|^[=@][^,]+", raw, re.MULTILINE) == names
    assert safe == re.sub("(?<=,)(?=[=@])|^(?=[=@])", "'", raw, flags=re.MULTILINE)


@pytest.mark.parametrize("first", "=+-@\t\n＝＋－＠")  # noqa: RUF001
def test_the_name_of_a_column_looks_like_no_formula(first: str, bce: Bce, preds: Preds) -> None:
    path = preds(f'y,p,"g"\n1,.5,"{first}x"\n0,.5,"{first}x"\n')
    named = preds(f"y,p,{first}g\n1,.5,a\n0,.5,a\n", "named.csv")
    args = ("-f", "csv", "--excel-safe", "--by")
    (row,) = csv.DictReader(io.StringIO(bce("compute", path, *args, "g").stdout, newline=""))
    assert row["g"] == f"'{first}x"
    if first.strip():
        assert bce("compute", named, *args, f"{first}g").stdout.startswith(f"'{first}g,n,")


USAGE = {
    "--excel-safe goes with --format csv": ["--excel-safe"],
    "--labels and --on go together: a file, and the column that joins it": ["--on", "id"],
    "--join needs --labels and --on": ["--join", "inner"],
    "--positive must not be empty": ["--positive", " "],
    "--positive names one of two labels; it does not go with --soft-labels": [
        "--positive",
        "1",
        "--soft-labels",
    ],
    "--comment must be some text without quotes and line ends": ["--comment", ""],
    "--delimiter must be one ASCII character, got '::'": ["--delimiter", "::"],
    "--encoding 'utf-9' is not known": ["--encoding", "utf-9"],
    "--no-header needs the places of the columns": ["--no-header"],
}


@pytest.mark.parametrize(("message", "options"), USAGE.items())
def test_options_without_a_meaning_are_refused(
    message: str, options: list[str], bce: Bce, preds: Preds
) -> None:
    result = bce("compute", preds(TEXT), *options)
    assert result.stderr.splitlines()[0] == f"bce: error: {message}"
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_demonstration_reads_what_compute_reads(bce: Bce, preds: Preds) -> None:
    path = preds("y;p\nyes;0,9\nno;0,2\n;0,5\n")
    options = ("--positive", "yes", "--missing", "drop", "--decimal", ",", "-f", "json")
    result = bce("demo", "underflow", path, *options)
    found = json.loads(result.stdout)
    assert (found["n"], result.exit_code) == (2, 0)
    assert found["mean_loss"] == mean_binary_cross_entropy([1, 0], [0.9, 0.2])


TRUTH = "id,target\nb,0\na,1\nc,1\n"
JOIN = ("--labels", "truth.csv", "--on", "id")


def test_labels_find_their_predictions(bce: Bce, preds: Preds) -> None:
    preds(TRUTH, "truth.csv")
    path = preds("id,score\na,.9\nb,.2\nc,.7\n", "submission.csv")
    found = json.loads(bce("compute", path, *JOIN, "-f", "json").stdout)
    assert found["mean_loss"] == mean_binary_cross_entropy([1, 0, 1], [0.9, 0.2, 0.7])
    assert (found["label_column"], found["prediction_column"]) == ("target", "score")
    assert (found["n_missing"], found["n_unmatched"]) == (0, 0)


def test_keys_without_a_partner_are_refused_or_left_out(bce: Bce, preds: Preds) -> None:
    preds(TRUTH, "truth.csv")
    path = preds("id,p\nx,.1\nb,.2\ny,.3\na,.9\n", "submission.csv")
    refused = bce("compute", path, *JOIN, "-q")
    lone = "the key 'x' has no partner in truth.csv"
    assert refused.stderr.splitlines() == [
        f"bce: error: submission.csv, row 1: {lone}; 1 more have none: 'y'",
        "bce: --join inner leaves out rows without a partner, and counts them",
    ]
    assert (refused.stdout, refused.exit_code) == ("", 65)
    rows = bce("compute", path, *JOIN, "--join", "inner", "--per-example", "-f", "csv")
    assert [line.split(",")[0] for line in rows.stdout.splitlines()] == ["row", "2", "4"]
    assert "bce: left out 3 keys without a partner\n" in rows.stderr


def test_the_file_of_labels_is_never_overwritten(bce: Bce, preds: Preds) -> None:
    preds(TRUTH, "truth.csv")
    path = preds("id,p\na,.9\nb,.2\nc,.5\n", "submission.csv")
    result = bce("compute", path, *JOIN, "-o", "truth.csv")
    assert result.exit_code == 73
    assert result.stderr.startswith("bce: error: truth.csv: the output would overwrite an input")
