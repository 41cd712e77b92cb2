"""--brief: the answer and what was asked for, in every format, on every command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

ROWS = "y,p,q,g\n1,0.9,0.8,a\n0,0.2,0.3,b\n1,0.7,0.9,a\n1,0.6,0.5,b\n0,0.4,0.1,a\n"
LEFT_OUT = {
    ("compute", "-p", "p"): {"products"},
    ("compute", "-p", "p", "--worst", "2"): {"products"},
    ("compute", "-p", "p", "--by", "g"): set(),
    ("compute", "-p", "p", "--like", "all"): {"difference_rows", "impossible_rows"},
    ("compare", "-p", "p", "-p", "q"): set(),
    ("calibration", "-p", "p"): {"bins", "histogram", "isotonic"},
    ("calibration", "-p", "p", "--bootstrap", "20"): {"bins", "histogram", "isotonic"},
    ("check", "-p", "p", "--max-loss", "1", "--max-ece", "1"): set(),
}


N_ASKED: dict[tuple[str, ...], int] = {
    ("compute", "-p", "p", "--worst", "2"): 1,
    ("compute", "-p", "p", "--by", "g"): 1,
    ("calibration", "-p", "p", "--bootstrap", "20"): 1,
}


def run(bce: Callable[..., Result], command: tuple[str, ...], *more: str) -> str:
    result = bce(command[0], "preds.csv", *command[1:], *more)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("command", LEFT_OUT)
def test_a_terminal_shows_the_sections_that_are_last_without_it(
    command: tuple[str, ...], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds(ROWS)
    whole, brief = run(bce, command), run(bce, command, "--brief")
    sections = whole.split("\n\n")[-1 - N_ASKED.get(command, 0) :]
    assert brief == "\n\n".join(sections)
    assert sections[-1].startswith("preds.csv: ")


@pytest.mark.parametrize("command", LEFT_OUT)
def test_markdown_has_the_sections_that_are_first_without_it(
    command: tuple[str, ...], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds(ROWS)
    whole = run(bce, command, "-f", "markdown")
    brief = run(bce, command, "-f", "markdown", "--brief")
    assert brief == "\n### ".join(whole.split("\n### ")[: 1 + N_ASKED.get(command, 0)])


@pytest.mark.parametrize("command", LEFT_OUT)
def test_json_has_all_but_tables(
    command: tuple[str, ...], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds(ROWS)
    whole = json.loads(run(bce, command, "-f", "json"))
    brief = json.loads(run(bce, command, "-f", "json", "--brief"))
    assert set(whole) - set(brief) == LEFT_OUT[command]
    for item in whole.get("comparisons", []):
        del item["gained"], item["lost"]
    assert brief == {key: value for key, value in whole.items() if key in brief}


def test_csv_has_the_lines_of_the_answer(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds(ROWS)
    (plain, worst, segments, *others) = LEFT_OUT
    figures = run(bce, plain, "-f", "csv")
    assert figures.count("\n") == 2
    by = {command: run(bce, command, "-f", "csv", "--brief") for command in others}
    assert run(bce, plain, "-f", "csv", "--brief") == figures
    assert run(bce, worst, "-f", "csv", "--brief") == run(bce, worst, "-f", "csv")
    assert run(bce, segments, "-f", "csv", "--brief") == run(bce, segments, "-f", "csv")
    assert {command[0]: text.count("\n") for command, text in by.items()} == {
        "compute": 14,  # the last of them has a line for each convention
        "compare": 2,
        "calibration": 2,
        "check": 3,
    }
    names = by["calibration", "-p", "p"].partition("\n")[0].split(",")
    assert names[:3] == ["source", "label_column", "prediction_column"]
    assert {"mean_loss", "log_loss_miscalibration", "brier_score", "slope_ci_low"} <= {*names}


def test_quiet_is_briefer_still(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    preds(ROWS)
    for command in (("compute", "-p", "p"), ("calibration", "-p", "p")):
        assert run(bce, command, "-q", "--brief") == run(bce, command, "-q")


def test_every_row_is_not_brief(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    result = bce("compute", preds(ROWS), "-p", "p", "--per-example", "--brief")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--per-example writes every row, and --brief none" in result.stderr


def test_a_step_of_the_demo_in_brief_is_its_formulas_and_what_was_seen(
    bce: Callable[..., Result],
) -> None:
    whole = bce("demo", "negative-log").stdout
    brief = bce("demo", "negative-log", "--brief").stdout
    assert brief.splitlines()[:2] == whole.splitlines()[:2]
    assert "\u2500" not in brief
    assert brief.splitlines()[-1] == whole.splitlines()[-1]
    record = json.loads(bce("demo", "negative-log", "--brief", "-f", "json").stdout)
    assert not any(isinstance(value, list) for value in record.values())
    assert bce("demo", "--brief").exit_code == 2


def test_no_rows_are_no_table_of_rows(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds(ROWS)
    plain = run(bce, ("compute", "-p", "p")).split("\n\n")
    assert plain[0].startswith("Row by row\n")
    assert run(bce, ("compute", "-p", "p"), "--rows", "0") == "\n\n".join(plain[1:])
    assert (
        run(bce, ("compute", "-p", "p"), "--worst", "1")
        .split("\n\n")[-2]
        .startswith("The row that costs most\n")
    )


@pytest.mark.parametrize(
    ("step", "gone"), [("3", ("due: ", "Why the product ")), ("11", ("measured: ", "The same on"))]
)
def test_a_step_in_brief_tells_nothing_of_tables_that_are_gone(
    step: str, gone: tuple[str, ...], bce: Callable[..., Result]
) -> None:
    whole, brief = bce("demo", step).stdout, bce("demo", step, "--brief").stdout
    assert [part in whole for part in gone] == [True, True]
    assert [part in brief for part in gone] == [False, False]
