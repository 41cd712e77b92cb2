"""bce check --against: a model held against another on the same rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pytest

import bce_cli
from bce_cli.errors import ArgumentError, InputError
from tests.in_python import in_python, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

NEW = "id,y,p\na,1,0.9\nb,0,0.2\nc,1,0.7\nd,0,0.5\n"
OLD = "id,y,p\na,1,0.8\nb,0,0.3\nc,1,0.75\nd,0,0.5\n"
TURNED = "id,y,p\nd,0,0.5\nc,1,0.75\nb,0,0.3\na,1,0.8\n"
BOTH = "y,new,old,w,day\n1,0.9,0.8,1,Mon\n0,0.2,0.3,2,Mon\n1,0.7,0.75,0.5,Tue\n0,0.5,0.5,1,Wed\n"
NOTE = "bce: label column 'y', prediction column 'p'\n"


@pytest.fixture
def files(preds: Callable[..., str]) -> None:
    preds(NEW, "new.csv")
    preds(OLD, "old.csv")
    preds(TURNED, "turned.csv")
    preds(BOTH, "both.csv")


def _record(result: Result) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(result.stdout)
    return record


def _difference(bce: Callable[..., Result], *args: str) -> dict[str, Any]:
    found = _record(bce("compare", *args, "-f", "json"))["comparisons"][0]
    return {name: found[name] for name in ("difference", "ci_low", "ci_high")}


@pytest.mark.few(4)
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("checked", "compared"),
    [
        (["new.csv", "--against", "old.csv"], ["old.csv", "new.csv"]),
        (
            ["new.csv", "--against", "turned.csv", "--on", "id"],
            ["turned.csv", "new.csv", "--on", "id"],
        ),
        (
            ["both.csv", "-p", "new", "--against-column", "old"],
            ["both.csv", "-p", "old", "-p", "new"],
        ),
        (
            ["new.csv", "--against", "both.csv", "--against-column", "old", "--unit", "bits"],
            ["old.csv", "new.csv", "--unit", "bits"],
        ),
        (
            ["both.csv", "-p", "new", "--against-column", "old", "-w", "w", "--like", "torch"],
            ["both.csv", "-p", "old", "-p", "new", "-w", "w", "--like", "torch"],
        ),
        (
            ["both.csv", "-p", "new", "--against-column", "old", "--clip", "0.25"],
            ["both.csv", "-p", "old", "-p", "new", "--clip", "0.25"],
        ),
    ],
    ids=str,
)
def test_value_and_interval_are_those_of_compare(
    checked: list[str], compared: list[str], bce: Callable[..., Result]
) -> None:
    record = _record(bce("check", *checked, "--confident", "--budget", "0.5", "-f", "json"))
    (check,) = record["checks"]
    found = {"difference": check["value"], "ci_low": check["ci_low"], "ci_high": check["ci_high"]}
    assert found == _difference(bce, *compared)
    assert (check["name"], check["limit"], check["verdict"]) == ("against", 0.5, "passed")
    assert record["budget"] == 0.5


@pytest.mark.usefixtures("files")
def test_the_json_tells_what_was_held_against(bce: Callable[..., Result]) -> None:
    record = _record(bce("check", "new.csv", "--against", "old.csv", "-f", "json"))
    assert record["against"] == {
        "source": "old.csv",
        "column": "p",
        "mean_loss": bce_cli.compute("old.csv").mean_loss,
        "n_impossible": 0,
        "first_impossible_row": None,
        "n_better": 2,
        "n_worse": 1,
        "n_tied": 1,
        "finite": None,
    }
    assert (record["source"], record["prediction_column"]) == ("new.csv", "p")
    assert record["mean_loss"] == bce_cli.compute("new.csv").mean_loss
    options = ("-p", "new", "--against-column", "old", "-f", "json")
    record = _record(bce("check", "both.csv", *options))
    assert (record["against"]["source"], record["against"]["column"]) == ("both.csv", "old")
    assert record["prediction_column"] == "new"
    assert _record(bce("check", "new.csv", "--max-loss", "1", "-f", "json"))["against"] is None


@pytest.mark.usefixtures("files")
def test_the_report_names_the_other_model(bce: Callable[..., Result]) -> None:
    result = bce("check", "new.csv", "--against", "old.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "new.csv: 4 rows, 1 check\n"
        "check               value      limit  verdict\n"
        "─────────────────────────────────────────────\n"
        "above old.csv  -0.0455804  at most 0  passed\n"
        "The mean loss is 0.344582 nats, and 0.390162 of old.csv: lower on 2 rows, higher\n"
        "on 1, the same on 1.\n"
        "Read: label 'y', prediction 'p'.\n"
        "Passed: the check holds.\n"
    )
    result = bce("check", "both.csv", "-p", "old", "--against-column", "new", "--budget", "0.01")
    assert result.exit_code == 3
    assert "\nabove 'new'  0.0455804  at most 0.01  FAILED\n" in result.stdout
    assert result.stderr == (
        "bce: check failed: mean loss is 0.0455804 above that of 'new', more than the budget of "
        "0.01\n"
    )
    result = bce("check", "new.csv", "--against", "old.csv", "--confident")
    assert result.exit_code == 4
    assert result.stderr == (
        "bce: check undecided: the difference from old.csv of -0.0455804 (-0.1997 to 0.1086) is "
        "not clear of 0\n"
    )
    assert "paired row by row" in result.stdout


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("args", "name"),
    [
        (["new.csv", "--against", "new.csv"], "the other model"),
        (["new.csv", "--against", "both.csv", "--against-column", "new"], "both.csv"),
    ],
)
def test_the_same_model_twice_is_doubted(
    args: list[str], name: str, bce: Callable[..., Result]
) -> None:
    result = bce("check", *args, "--confident", "-f", "json")
    doubt = f"The loss of {name} is the same on every row: is it the same model?"
    assert result.exit_code == 0
    assert result.stderr == f"{_columns(args)}bce: note: {doubt}\n"
    assert _record(result)["notes"] == [doubt]
    Path("saved.json").write_text(result.stdout)
    text = bce("check", *args, "--confident").stdout
    assert words(f"{bce_cli.load('saved.json')}") == words(in_python(text))


def _columns(args: list[str]) -> str:
    others = "" if "both.csv" not in args else ", 'new'"
    return f"bce: label column 'y', prediction column{'s' * bool(others)} 'p'{others}\n"


@pytest.mark.parametrize(
    ("losses", "code", "said"),
    [
        (
            ("0", "0.5"),
            3,
            (
                "bce: check failed: mean loss is infinite: 1 row was certain and wrong, the first "
                "is row 2\n"
            ),
        ),
        (
            ("0.5", "0"),
            4,
            (
                "bce: check undecided: old.csv was certain and wrong on 1 row, which costs "
                "infinity; on the 1 row on which both are finite, the mean loss is 0.405465 below "
                "that of old.csv\n"
            ),
        ),
        (
            ("0", "0"),
            3,
            (
                "bce: check failed: the mean loss and that of old.csv are both infinite, and no "
                "difference can be told\n"
            ),
        ),
    ],
)
def test_infinite_losses_are_told_apart(
    losses: tuple[str, str],
    code: int,
    said: str,
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    new, old = losses
    preds(f"y,p\n0,0.25\n1,{new}\n", "new.csv")
    preds(f"y,p\n0,0.5\n1,{old}\n", "old.csv")
    args = ["check", "new.csv", "--against", "old.csv", "--confident"]
    result = bce(*args)
    assert (result.exit_code, result.stderr) == (code, said)
    below = "Any finite loss is below that of old.csv, which is infinite: 1 row was certain and"
    assert (below in " ".join(result.stdout.split())) == (code == 4)
    Path("saved.json").write_text(bce(*args, "-f", "json").stdout)
    assert words(f"{bce_cli.load('saved.json')}") == words(in_python(result.stdout))


@pytest.mark.usefixtures("files")
def test_a_saved_check_says_the_same_again(bce: Callable[..., Result]) -> None:
    options = ("--max-loss", "1", "--budget", "0.2", "--confident")
    for args in (
        ("new.csv", "--against", "old.csv"),
        ("both.csv", "-p", "new", "--against-column", "old"),
    ):
        Path("saved.json").write_text(bce("check", *args, *options, "-f", "json").stdout)
        loaded = bce_cli.load("saved.json")
        assert words(f"{loaded}") == words(in_python(bce("check", *args, *options).stdout))
        assert isinstance(loaded, bce_cli.CheckResult)
        assert loaded.to_csv() == bce("check", *args, *options, "-f", "csv").stdout


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["new.csv", "--against", ""], 2, "--against must not be empty"),
        (["new.csv", "--against-column", ""], 2, "--against-column must not be empty"),
        (["new.csv", "--against", "no.csv"], 66, "no.csv: no such file or directory"),
        (["new.csv", "--against", "old"], 66, "old: no such file or directory"),
        (["new.csv", "--against-column", "old"], 65, "new.csv: there is no column 'old'"),
        (
            ["new.csv", "--against-column", "p"],
            65,
            "new.csv: column 'p' was named as a prediction more than once",
        ),
        (
            ["new.csv", "--against", "old.csv", "--against-column", "q"],
            65,
            "old.csv: there is no column 'q'",
        ),
        (
            ["both.csv", "-p", "new", "--against", "old.csv"],
            65,
            "old.csv: there is no column 'new'",
        ),
        (
            ["new.csv", "--budget", "1", "--max-loss", "2"],
            2,
            "--budget goes with --against, --against-column or --baseline",
        ),
        (["-", "--against", "-"], 2, "standard input can be read only once"),
        (["new.csv", "--against", "old.csv", "--join", "inner"], 2, "--join needs --on"),
        (
            ["new.csv", "--against", "old.csv", "-o", "old.csv"],
            73,
            "old.csv: the output would overwrite an input",
        ),
        (
            ["new.csv", "--against", "turned.csv"],
            65,
            "turned.csv, row 1: the label is 0, but 1 in new.csv",
        ),
    ],
)
@pytest.mark.usefixtures("files")
def test_an_error_is_told(
    args: list[str], code: int, message: str, bce: Callable[..., Result]
) -> None:
    result = bce("check", *args)
    assert result.stderr.splitlines()[0] == f"bce: error: {message}"
    assert (result.stdout, result.exit_code) == ("", code)


@pytest.mark.usefixtures("files")
def test_what_names_a_column_is_pointed_to_its_option(bce: Callable[..., Result]) -> None:
    hint = "columns are options: --against-column old"
    assert bce("check", "both.csv", "--against", "old").stderr.splitlines()[1] == f"bce: {hint}"


@pytest.mark.deep
@pytest.mark.usefixtures("files")
def test_several_sources_follow_each_other_on_both_sides(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    Path("olds").mkdir()
    preds("id,y,p\na,1,0.8\n", "olds/a.csv")
    preds("id,y,p\nb,0,0.3\nc,1,0.75\nd,0,0.5\n", "olds/b.csv")
    preds("id,y,p\na,1,0.9\nb,0,0.2\nc,1,0.7\n", "one.csv")
    preds("id,y,p\nd,0,0.5\n", "two.csv")
    expected = bce("check", "new.csv", "--against", "old.csv", "-f", "csv").stdout
    for other in ("olds", "olds/*.csv"):
        for joined in ([], ["--on", "id"]):
            args = ["check", "one.csv", "two.csv", "--against", other, *joined]
            assert bce(*args, "-f", "csv").stdout == expected
    Path("saved.json").write_text(bce(*args, "-f", "json").stdout)
    assert f"{bce_cli.load('saved.json')}\n" == bce(*args).stdout
    assert "\nabove *.csv " in bce(*args).stdout


def test_rows_without_a_partner_or_a_value_count_for_nothing(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("id,y,p\na,1,0.9\nb,0,\nc,1,0.7\nd,0,0.5\n", "new.csv")
    preds("id,y,p\na,1,0.8\nb,0,0.3\nc,1,\ne,0,0.5\nd,0,0.25\n", "old.csv")
    options = ("--on", "id", "--join", "inner", "--missing", "drop", "-f", "json")
    record = _record(bce("check", "new.csv", "--against", "old.csv", *options, "--confident"))
    counts = (record["n"], record["n_missing"], record["n_unmatched"])
    assert counts == (2, 2, 1)
    (check,) = record["checks"]
    found = {"difference": check["value"], "ci_low": check["ci_low"], "ci_high": check["ci_high"]}
    assert found == _difference(bce, "old.csv", "new.csv", *options[:-2])


def test_labels_may_stand_in_a_third_file(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("id,p\na,0.9\nb,0.2\n", "new.csv")
    preds("id,p\nb,0.3\na,0.8\n", "old.csv")
    preds("id,y\na,1\nb,0\n", "truth.csv")
    options = ("--labels", "truth.csv", "--on", "id")
    record = _record(bce("check", "new.csv", "--against", "old.csv", *options, "-f", "json"))
    found = _difference(bce, "old.csv", "new.csv", *options)
    assert record["checks"][0]["value"] == found["difference"]


Y, P, Q = [1, 0, 1, 0], [0.9, 0.2, 0.7, 0.5], [0.8, 0.3, 0.75, 0.5]


@pytest.mark.usefixtures("files")
def test_in_python_tables_paths_and_arrays_say_the_same(bce: Callable[..., Result]) -> None:
    new, old = pd.read_csv("new.csv"), pd.read_csv("old.csv")
    record = _record(bce("check", "new.csv", "--against", "old.csv", "--confident", "-f", "json"))
    found = [
        bce_cli.check("new.csv", against="old.csv", confident=True),
        bce_cli.check(Path("new.csv"), against=[Path("old.csv")], confident=True),
        bce_cli.check(new, against=old, confident=True),
        bce_cli.check(new, against=pd.read_csv("turned.csv"), on="id", confident=True),
        bce_cli.check("new.csv", against=old, confident=True),
        bce_cli.check(pd.read_csv("both.csv"), "new", against_column="old", confident=True),
        bce_cli.check(new, against=pd.read_csv("both.csv"), against_column="old", confident=True),
        bce_cli.check(Y, P, against=Q, confident=True),
        bce_cli.check(new["y"], new["p"], against=old["p"], confident=True),
        bce_cli.check(np.array(Y), np.array(P), against=np.array(Q), confident=True),
    ]
    for result in found:
        assert result.checks.to_pylist() == record["checks"]
        assert result.against is not None
        assert result.against.mean_loss == record["against"]["mean_loss"]
    assert found[0].to_dict() == record
    names = [(each.against.source, each.against.column) for each in found if each.against]
    assert names[2] == ("DataFrame", "p")
    assert names[5] == ("DataFrame", "old")
    assert names[7] == ("arrays", "against")
    assert found[7].prediction_column == "prediction"


ask: Any = bce_cli.check


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ask(pd.read_csv("both.csv"), "new", against="old"),
            (
                "against is a table or a path, and 'old' a column of the data\n"
                "name it as against_column='old'"
            ),
        ),
        (
            lambda: ask(pd.read_csv("both.csv"), "new", against=np.array(Q)),
            (
                "against is neither a table nor a path, but 'ndarray'\n"
                "a column of the same table is against_column, a result or saved report baseline"
            ),
        ),
        (
            lambda: ask("new.csv", against=[]),
            "against is empty: there is no table and no path in it",
        ),
        (
            lambda: ask(Y, P, against_column="old"),
            (
                "against_column is for tables; the labels are the first argument here\n"
                "pass the values: against=table['old']"
            ),
        ),
        (
            lambda: ask(Y, P, against="old"),
            (
                "against names a column, 'old', and these are arrays\n"
                "pass the values: against=table['old']"
            ),
        ),
        (
            lambda: ask("both.csv", "new", against_column=["old"]),
            (
                "against_column must be the name of a column of the table, got 'list'\n"
                "put the values into the table, or pass arrays alone"
            ),
        ),
    ],
)
def test_in_python_a_misuse_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        call()
    assert str(caught.value) == message


def test_in_python_a_file_that_is_not_there_is_named(preds: Callable[..., str]) -> None:
    preds(NEW, "new.csv")
    with pytest.raises(InputError, match=r"^no\.csv: no such file or directory"):
        bce_cli.check("new.csv", against="no.csv")
