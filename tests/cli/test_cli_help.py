"""--help and --version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bce_cli import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

OPTIONS = """--weight --positive --soft-labels --logits --missing --labels --on --join
--input-format --delimiter --decimal --no-header --encoding --comment --excel-safe
--label --prediction --id --unit --like --clip --format --per-example --rows --worst
--output --quiet --workers --color --help"""


def test_the_version_is_printed(bce: Callable[..., Result]) -> None:
    result = bce("--version")
    assert (result.stdout, result.stderr, result.exit_code) == (f"bce {__version__}\n", "", 0)


@pytest.mark.parametrize("args", [["--help"], ["-h"]])
def test_help_names_the_command_and_the_exit_codes(
    args: list[str], bce: Callable[..., Result]
) -> None:
    result = bce(*args)
    assert (result.stderr, result.exit_code) == ("", 0)
    assert " compute Judge predictions, row by row and on average. " in " ".join(
        result.stdout.split()
    )
    words = " ".join(result.stdout.split())
    assert re.findall(r"\b(\d+) [a-z]", words.partition("Exit codes:")[2]) == (
        ["0", "2", "3", "4", "65", "66", "69", "71", "73", "74", "130", "141"]
    )


@pytest.mark.parametrize("args", [["compute", "--help"], ["compute", "-h"]])
def test_help_of_compute_names_every_option(args: list[str], bce: Callable[..., Result]) -> None:
    result = bce(*args)
    assert (result.stderr, result.exit_code) == ("", 0)
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", result.stdout)) >= set(OPTIONS.split())


def test_help_shows_brackets_as_they_are_written(bce: Callable[..., Result]) -> None:
    assert "[EPS, 1 - EPS]" in " ".join(bce("compute", "--help").stdout.split())


@pytest.mark.parametrize("args", [["--help"], ["compute", "--help"]])
def test_help_fits_80_columns_and_has_no_escapes(
    args: list[str], bce: Callable[..., Result]
) -> None:
    text = bce(*args).stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


@pytest.mark.parametrize("command", ["check", "compare"])
def test_help_offers_no_convention_that_is_refused(
    command: str, bce: Callable[..., Result]
) -> None:
    text = " ".join(bce(command, "--help").stdout.split())
    assert "catboost, kaggle, yardstick or spark. [default: exact]" in text
    assert "with all" not in text
