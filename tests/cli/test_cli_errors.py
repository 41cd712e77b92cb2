"""Every error is one line, perhaps a hint, an exit code, and nothing on standard output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.cli.diagnostics import exit_code_for
from bce_cli.errors import (
    ArgumentError,
    BceError,
    DataError,
    InputError,
    LabelError,
    OutputCreationError,
    OutputError,
    ProbabilityError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

GOOD = "y,p\n1,0.9\n0,0.2\n"
ALONE = "--quiet prints one number alone; it goes with neither --per-example nor --worst"
WHAT_COUNTS = "names that begin with . or _ do not count"
TRY = "try 'bce compute --help'"

ERRORS: dict[str, tuple[list[str], int, str, str | None]] = {
    "bad cell": (
        ["bad.csv", "-l", "y", "-p", "p"],
        65,
        "bad.csv, line 2: prediction 1.2 (column 'p') is not in [0, 1]",
        None,
    ),
    "no such column": (
        ["good.csv", "-l", "z"],
        65,
        "good.csv: there is no column 'z'",
        "the columns are 'y', 'p'",
    ),
    "empty": (
        ["empty.csv"],
        65,
        "empty.csv: the input is empty",
        "its first line must name the columns",
    ),
    "missing": (
        ["no.csv"],
        66,
        "no.csv: no such file or directory",
        "its folder has 'bad.csv', 'empty.csv', 'good.csv'",
    ),
    "mistyped": (
        ["god.csv"],
        66,
        "god.csv: no such file or directory",
        "did you mean 'good.csv'?",
    ),
    "without its ending": (
        ["bad"],
        66,
        "bad: no such file or directory",
        "did you mean 'bad.csv'?",
    ),
    "in no folder": (
        ["data/good.csv"],
        66,
        "data/good.csv: no such file or directory",
        "there is no folder 'data'",
    ),
    "columns as sources": (
        ["good.csv", "y", "p"],
        66,
        "y: no such file or directory",
        "columns are options: --label y, or -p y",
    ),
    "missing, with markup": (["[b].csv"], 66, "[b].csv: no file matches this pattern", WHAT_COUNTS),
    "folder": (["empty"], 66, "empty: there are no data files in this folder", WHAT_COUNTS),
    "stdin twice": (["-", "-"], 2, "standard input can be read only once", None),
    "quiet rows": (["good.csv", "-q", "--per-example"], 2, ALONE, None),
    "quiet worst": (["good.csv", "-q", "--worst", "1"], 2, ALONE, None),
    "rows and worst": (
        ["good.csv", "--per-example", "--worst", "1"],
        2,
        "--per-example and --worst are two different outputs",
        None,
    ),
    "clip": (
        ["good.csv", "--clip", "0.5"],
        2,
        "--clip must be greater than 0 and less than 0.5, got 0.5",
        None,
    ),
    "clip of nan": (
        ["good.csv", "--clip", "nan"],
        2,
        "--clip must be greater than 0 and less than 0.5, got nan",
        None,
    ),
    "unknown option": (
        ["good.csv", "--zzz"],
        2,
        "there is no option '--zzz'",
        TRY,
    ),
    "mistyped option": (
        ["good.csv", "--lable", "y"],
        2,
        "there is no option '--lable'; did you mean '--label' or '--labels'?",
        TRY,
    ),
    "one dash": (
        ["good.csv", "-format", "json"],
        2,
        "there is no option '-format'; did you mean '--format'?",
        "short options are one letter behind one dash",
    ),
    "called otherwise elsewhere": (
        ["good.csv", "--json"],
        2,
        "there is no option '--json'; did you mean '-f json'?",
        TRY,
    ),
    "the separator of others": (
        ["good.csv", "--sep", ";"],
        2,
        "there is no option '--sep'; did you mean '--delimiter'?",
        TRY,
    ),
    "the start of one": (
        ["good.csv", "--pred", "p"],
        2,
        "there is no option '--pred'; did you mean '--prediction'?",
        TRY,
    ),
    "the start of two": (
        ["good.csv", "--lab", "y"],
        2,
        "there is no option '--lab'; did you mean '--label' or '--labels'?",
        TRY,
    ),
    "more words": (
        ["good.csv", "-v"],
        2,
        "there is no option '-v'",
        "a report leaves nothing out; --brief and --quiet say less",
    ),
    "of another command": (
        ["good.csv", "--max-loss", "1"],
        2,
        "there is no option '--max-loss'",
        "bce check has it",
    ),
    "no value": (["good.csv", "--label"], 2, "--label needs a value, COLUMN", TRY),
    "a value too many": (["good.csv", "--logits=yes"], 2, "--logits takes no value", TRY),
    "output is input": (
        ["good.csv", "-o", "good.csv"],
        73,
        "good.csv: the output would overwrite an input",
        "choose another file for --output",
    ),
    "output in no folder": (
        ["good.csv", "-o", "no/out.txt"],
        73,
        "no/out.txt: no such file or directory",
        "there is no folder 'no'",
    ),
    "output below a file": (
        ["good.csv", "-o", "good.csv/out.txt"],
        73,
        "good.csv/out.txt: not a directory",
        None,
    ),
}


@pytest.mark.few(10)
@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_an_error_is_one_line_and_a_code(
    case: tuple[list[str], int, str, str | None],
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    args, code, message, hint = case
    preds(GOOD, "good.csv")
    preds("y,p\n1,1.2\n", "bad.csv")
    preds("", "empty.csv")
    Path("empty").mkdir()
    result = bce("compute", *args)
    lines = [line for line in result.stderr.splitlines() if "label column" not in line]
    assert lines == [f"bce: error: {message}", *([f"bce: {hint}"] if hint else [])]
    assert result.stdout == ""
    assert result.exit_code == code


FORMATS = "known are table, json, csv, markdown, html, parquet"


@pytest.mark.few(10)
@pytest.mark.parametrize(
    "case",
    [
        ("--format", "xml", "'xml' is not known", FORMATS),
        ("--format", "jsn", "'jsn' is not known; did you mean 'json'?", FORMATS),
        ("--format", "TABLE", "'TABLE' is not known; did you mean 'table'?", FORMATS),
        ("--format", "md", "'md' is not known; did you mean 'markdown'?", FORMATS),
        ("--unit", "bit", "'bit' is not known; did you mean 'bits'?", "known are nats, bits"),
        ("--missing", "dorp", "'dorp' is not known; did you mean 'drop'?", "known are error, drop"),
        ("--join", "iner", "'iner' is not known; did you mean 'inner'?", "known are all, inner"),
        ("--engine", "dusk", "'dusk' is not known; did you mean 'dask'?", "known are local, dask"),
        ("--color", "blue\x1b", r"'blue\x1b' is not known", "known are auto, always, never"),
        (
            "--input-format",
            "tvs",
            "'tvs' is not known; did you mean 'tsv'?",
            "known are csv, tsv, json, jsonl, parquet, arrow, orc",
        ),
        ("--workers", "0", "must be at least 1, got 0", None),
        ("--workers", "x", "must be a whole number, got 'x'", None),
        ("--rows", "-1", "must be at least 0, got -1", None),
        ("--rows", "1.5", "must be a whole number, got '1.5'", None),
        ("--worst", "10001", "must be at most 10000, got 10001", None),
        ("--clip", "x", "must be a number, got 'x'", None),
        ("--clip", "0,1", "must be a number, got '0,1'", "write it as 0.1"),
        ("--clip", "5%", "must be a number, got '5%'", "write it as 0.05"),
        ("--decimal", "comma", "'comma' is not known", "known are '.', ','"),
    ],
)
def test_an_invalid_value_is_told_with_what_would_do(
    case: tuple[str, str, str, str | None], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    option, value, message, hint = case
    result = bce("compute", preds(GOOD), option, value)
    said = [f"bce: error: {option} {message}", *([f"bce: {hint}"] if hint else [])]
    assert result.stderr.splitlines() == said
    assert (result.stdout, result.exit_code) == ("", 2)


COMMANDS = (
    "the commands are compute, compare, calibration, recalibrate, check, report, apply, demo, help"
)


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["comptue"], "there is no command 'comptue'; did you mean 'compute'?", COMMANDS),
        (["\x1b[2J"], r"there is no command '\x1b[2J'", COMMANDS),
        (
            ["preds.csv"],
            "there is no command 'preds.csv'; a command comes before the file",
            "such as bce compute preds.csv",
        ),
        (["--nope"], "there is no option '--nope'", "try 'bce --help'"),
        (["-f", "json"], "there is no option '-f'", "bce compute has it"),
        (
            ["calibration", "x", "--strategy", "quantiles"],
            "--strategy 'quantiles' is not known; did you mean 'quantile'?",
            "known are uniform, quantile",
        ),
        (
            ["--show-completion", "bahs"],
            "--show-completion cannot serve the shell 'bahs'; did you mean 'bash'?",
            "known are bash, zsh, fish, powershell, pwsh",
        ),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    args: list[str], message: str, hint: str, bce: Callable[..., Result]
) -> None:
    result = bce(*args)
    assert result.stderr == f"bce: error: {message}\nbce: {hint}\n"
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_file_of_the_same_ending_is_meant_rather(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("", "pred.npy")
    preds("y,p\n1,.5\n", "preds.csv")
    result = bce("compute", "pred.csv")
    assert result.stderr.splitlines()[1:] == ["bce: did you mean 'preds.csv'?"]
    assert bce("compute", "pred.arrow").stderr.endswith("did you mean 'pred.npy'?\n")


def test_a_value_behind_an_option_may_look_like_a_long_one(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds("y,p\n-like,0.9\nno,0.2\n"), "--positive", "-like", "-q")
    assert (result.stderr, result.exit_code) == ("", 0)


@pytest.mark.parametrize("wrong", ["kagle", "KAGGLE", "kggl"])
def test_a_convention_that_is_not_there_is_guessed(
    wrong: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    said = bce("compute", preds(GOOD), "--like", wrong).stderr.splitlines()[0]
    assert said == f"bce: error: --like '{wrong}' is not known; did you mean 'kaggle'?"


def test_control_characters_of_a_path_do_not_reach_the_terminal(bce: Callable[..., Result]) -> None:
    result = bce("compute", "a\x1b[2J\u202e\n.csv")
    expected = "bce: error: a\\x1b[2J\\u202e\\n.csv: no such file or directory\n"
    assert (result.stderr, result.exit_code) == (expected, 66)


@pytest.mark.deep
def test_an_error_late_in_the_rows_leaves_standard_output_empty(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,p\n" + "1,0.5\n" * 200_000 + "1,2\n")
    result = bce("compute", path, "--per-example", "-l", "y", "-p", "p")
    message = "preds.csv, line 200002: prediction 2 (column 'p') is not in [0, 1]"
    assert result.stderr == f"bce: error: {message}\n"
    assert (result.stdout, result.exit_code) == ("", 65)


CODES: dict[type[BceError], int] = {
    UsageError: 2,
    ArgumentError: 2,
    DataError: 65,
    LabelError: 65,
    ProbabilityError: 65,
    InputError: 66,
    OutputCreationError: 73,
    OutputError: 74,
}


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_every_kind_of_error_has_a_code(kind: type[BceError], code: int) -> None:
    assert exit_code_for(kind("wrong")) == code


def test_no_file_is_left_behind_by_any_error(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds("y,p\n1,1.2\n", "bad.csv")
    for args in (["bad.csv"], ["no.csv"], ["bad.csv", "-q"], ["bad.csv", "--per-example"]):
        assert bce("compute", *args, "-o", "out.txt").exit_code in (65, 66)
    assert [path.name for path in Path().iterdir()] == ["bad.csv"]
