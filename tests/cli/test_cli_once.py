"""An option of one value that is given twice is refused, by every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer
from typer.core import TyperGroup

from bce_cli.cli.app import app
from bce_cli.cli.parsing import DeferredCommand, OnceCommand

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

GOOD = "y,a,b,g\n1,0.9,0.8,u\n0,0.2,0.1,v\n"


def test_every_command_refuses_repetition() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    assert len(group.commands) >= 5
    for command in group.commands.values():
        assert isinstance(command, DeferredCommand)
        assert isinstance(command.load(), OnceCommand)


@pytest.mark.parametrize(
    ("args", "option"),
    [
        (["check", "-p", "a", "-p", "b", "--max-loss", "9"], "--prediction"),
        (["check", "-p", "a", "--prediction=a", "--max-loss", "9"], "--prediction"),
        (["check", "--max-loss", "9", "-p", "a", "--max-loss", ".1"], "--max-loss"),
        (["check", "-pa", "--min-rows", "1", "--min-rows", "1"], "--min-rows"),
        (["compute", "-p", "a", "-ftable", "--format", "json"], "--format"),
        (["calibration", "-p", "a", "--bins", "2", "--bins", "3"], "--bins"),
        (["compare", "-p", "a", "-p", "b", "-l", "y", "-l", "y"], "--label"),
        (["demo", "underflow", "--seed", "1", "--seed", "2"], "--seed"),
        (["check", "-p", "a", "-p", "b", "-o", "x", "-o", "x"], "--prediction"),
    ],
)
def test_an_option_given_twice_is_named_and_nothing_is_written(
    args: list[str], option: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    command, *rest = args
    result = bce(command, preds(GOOD), *rest)
    hint = f"try 'bce {command} --help'"
    if option == "--prediction":
        hint = "for several models: bce compare SOURCE -p old -p new"
    assert result.stderr == f"bce: error: {option} was given more than once\nbce: {hint}\n"
    assert (result.stdout, result.exit_code) == ("", 2)


@pytest.mark.parametrize(
    "args",
    [
        ["check", "-p", "a", "--max-loss", "9", "-q", "--quiet", "--logits", "--logits"],
        ["check", "-p", "a", "--max-loss", "9", "--", "more.csv", "other.csv"],
        ["compare", "-p", "a", "-p", "b", "-q"],
        ["compute", "-p", "a", "--by", "g", "--by", "b"],
    ],
)
def test_flags_sources_and_options_of_several_values_may_be_repeated(
    args: list[str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    command, *rest = args
    preds(GOOD, "more.csv")
    preds(GOOD, "other.csv")
    result = bce(command, preds(GOOD), *rest)
    assert "error" not in result.stderr
    assert result.exit_code == 0


def test_help_outranks_repetition(bce: Callable[..., Result]) -> None:
    result = bce("check", "-p", "a", "-p", "b", "--help")
    assert result.stdout.startswith("Usage: bce check ")
    assert (result.stderr, result.exit_code) == ("", 0)


def test_a_value_that_is_no_number_outranks_repetition(bce: Callable[..., Result]) -> None:
    result = bce("check", "--min-rows", "1", "--min-rows", "x")
    assert result.exit_code == 2
    assert result.stderr == "bce: error: --min-rows must be a whole number, got 'x'\n"


def test_equal_columns_of_by_are_refused(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    result = bce("compute", preds(GOOD), "-p", "a", "--by", "g", "--by", "#4")
    assert (result.stdout, result.exit_code) == ("", 65)
    assert result.stderr == (
        "bce: error: preds.csv: column 'g' was named as a segment more than once\n"
    )
