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
    "missing": (["no.csv"], 66, "no.csv: no such file or directory", None),
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
        "No such option: --zzz",
        TRY,
    ),
    "no value": (["good.csv", "--label"], 2, "Option '--label' requires an argument", TRY),
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
        None,
    ),
    "output below a file": (
        ["good.csv", "-o", "good.csv/out.txt"],
        73,
        "good.csv/out.txt: not a directory",
        None,
    ),
}


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


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--format", "xml"),
        ("--unit", "dB"),
        ("--workers", "0"),
        ("--workers", "x"),
        ("--rows", "-1"),
        ("--worst", "-1"),
        ("--color", "blue"),
        ("--clip", "x"),
    ],
)
def test_an_invalid_value_names_the_option(
    option: str, value: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), option, value)
    message, hint = result.stderr.splitlines()
    assert message.startswith(f"bce: error: Invalid value for '{option}'")
    assert "error," not in message.lower()  # no words of a library underneath
    assert hint == f"bce: {TRY}"
    assert (result.stdout, result.exit_code) == ("", 2)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["comptue"], "No such command 'comptue'. Did you mean 'compute', 'compare'?"),
        (["\x1b[2J"], r"No such command '\x1b[2J'."),
        (["--nope"], "No such option: --nope"),
    ],
)
def test_an_unknown_command_or_option_is_a_usage_error(
    args: list[str], message: str, bce: Callable[..., Result]
) -> None:
    result = bce(*args)
    said = result.stderr.splitlines()
    assert [line.rstrip(".") for line in said] == [
        f"bce: error: {message}".rstrip("."),
        "bce: try 'bce --help'",
    ]
    assert (result.stdout, result.exit_code) == ("", 2)


def test_control_characters_of_a_path_do_not_reach_the_terminal(bce: Callable[..., Result]) -> None:
    result = bce("compute", "a\x1b[2J\u202e\n.csv")
    expected = "bce: error: a\\x1b[2J\\u202e\\n.csv: no such file or directory\n"
    assert (result.stderr, result.exit_code) == (expected, 66)


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
