"""What a command says of itself: help under headings, exit codes, the version.

After a wanted change, run ``BCE_REGENERATE_GOLDEN=1 pytest tests/cli``, and read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from bce_cli import __version__
from bce_cli.cli.app import app
from bce_cli.cli.parsing import DeferredCommand
from bce_cli.core.rules import RULES
from tests.golden import assert_golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

GOLDEN = Path(__file__).parent / "golden"
GROUP = typer.main.get_command(app)
assert isinstance(GROUP, TyperGroup)
COMMANDS = {name: c.load() for name, c in GROUP.commands.items() if isinstance(c, DeferredCommand)}
PAGES = {"bce": [], **{f"bce-{name}": [name] for name in COMMANDS}}
HEADINGS = ["Columns", "Input", "What is judged", "Output", "Running"]
KNOWN = f"bce help knows {', '.join([*COMMANDS, 'exit-codes'])}"
EXIT_CODES = ["0", "2", "3", "4", "65", "66", "69", "71", "73", "74", "130", "141"]


def test_the_version_is_printed(bce: Callable[..., Result]) -> None:
    result = bce("--version")
    assert (result.stdout, result.stderr, result.exit_code) == (f"bce {__version__}\n", "", 0)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("page", ["bce", "bce-compute"])
def test_help_stands_on_the_screen_like_this(
    page: str, width: int, bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    result = bce(*PAGES[page], "--help")
    assert (result.stderr, result.exit_code) == ("", 0)
    assert max(map(len, result.stdout.splitlines())) <= width
    assert_golden(GOLDEN / f"{page}.help.{width}.txt", result.stdout_bytes)


@pytest.mark.parametrize("page", PAGES)
def test_help_fits_and_has_no_escapes(page: str, bce: Callable[..., Result]) -> None:
    text = bce(*PAGES[page], "-h").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "…" not in text
    assert set(re.findall(r"\S*\.\.\.", text)) <= {"[SOURCE]...", "[ARGS]...", "SOURCE...", "..."}


@pytest.mark.parametrize(
    "name", ["compute", "compare", "calibration", "recalibrate", "check", "report", "demo"]
)
def test_options_stand_under_headings_each_once(name: str, bce: Callable[..., Result]) -> None:
    text = bce(name, "--help").stdout
    assert re.findall(r"^([A-Z].*):$", text, re.MULTILINE) == HEADINGS
    listed = re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", text, re.MULTILINE)
    context = typer.Context(COMMANDS[name], help_option_names=["-h", "--help"])
    options = [p for p in COMMANDS[name].get_params(context) if isinstance(p, TyperOption)]
    assert sorted(listed) == sorted(max(option.opts, key=len) for option in options)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_examples_and_half_as_long_as_it_was(
    name: str, bce: Callable[..., Result]
) -> None:
    lines = bce(name, "--help").stdout.splitlines()
    assert lines[0].startswith(f"Usage: bce {name} [OPTIONS]")
    assert lines[1] == ""
    assert lines[2].startswith(f"  bce {name} ")
    assert len(lines) <= (110 if name == "report" else 100)  # it has the options of others, too


@pytest.mark.parametrize("name", COMMANDS)
def test_help_tells_all_choices(name: str) -> None:
    for option in COMMANDS[name].params:
        assert isinstance(option, TyperOption | TyperArgument)
        for choice in option.type_descriptor.choices or ():
            assert re.search(rf"(?<![\w-]){re.escape(choice)}(?![\w-])", str(option.help)), choice


def test_help_of_like_names_the_conventions() -> None:
    for name, command in COMMANDS.items():
        for option in command.params:
            if option.name == "like":
                assert isinstance(option, TyperOption)
                text = str(option.help)
                named = re.split(r", | or |[;.:] ", text.partition(": ")[2].rstrip("."))
                assert {*named} - {"all sets them side by side"} == {*RULES} - {"exact"}
                assert ("all sets" in text) == (name == "compute")


def test_help_shows_brackets_as_they_are_written(bce: Callable[..., Result]) -> None:
    assert "[EPS, 1 - EPS]" in bce("compute", "--help").stdout


def test_help_of_demo_says_which_steps_have_curves(bce: Callable[..., Result]) -> None:
    text = " ".join(bce("demo", "--help").stdout.split())
    assert "Draw the curves (steps 3, 4, 6, 9 and 11 have some) as well" in text


def test_a_page_of_its_own_tells_the_exit_codes(bce: Callable[..., Result]) -> None:
    result = bce("help", "exit-codes")
    assert (result.stderr, result.exit_code) == ("", 0)
    assert re.findall(r"^  (\d+) +[a-z]", result.stdout, re.MULTILINE) == EXIT_CODES
    assert bce("--help").stdout.endswith(", bce help exit-codes what a CI job learns.\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_a_command_as_well(name: str, bce: Callable[..., Result]) -> None:
    assert bce("help", name).output == bce(name, "--help").output


def test_help_alone_is_that_of_all_commands(bce: Callable[..., Result]) -> None:
    assert bce("help").output == bce("--help").output


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (
            ["nonsense"],
            "there is no command 'nonsense'",
            KNOWN,
        ),
        (
            ["compte"],
            "there is no command 'compte'; did you mean 'compute'?",
            KNOWN,
        ),
    ],
)
def test_help_of_what_is_not_there_is_refused(
    args: list[str], message: str, hint: str, bce: Callable[..., Result]
) -> None:
    result = bce("help", *args)
    assert result.stderr == f"bce: error: {message}\nbce: {hint}\n"
    assert (result.stdout, result.exit_code) == ("", 2)


def test_bce_alone_shows_help_and_is_an_error(bce: Callable[..., Result]) -> None:
    result = bce()
    assert result.stderr == bce("--help").stdout
    assert (result.stdout, result.exit_code) == ("", 2)
    assert len(result.stderr.splitlines()) == 23  # and a prompt below, in 24 lines


MISSING = """bce: error: no SOURCE was given, and nothing is piped in
bce: a source has columns such as y (label) and p (probability of label 1)
  bce {name} {first}
  bce {name} {second}
bce: 'bce {name} --help' tells more
"""


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("compute", "preds.csv", "preds.csv -l bought -p score_b"),
        ("compare", "preds.csv -p old -p new", "old.csv new.csv"),
        ("calibration", "preds.csv", "preds.csv --bootstrap 1000"),
        ("recalibrate", "preds.csv", "preds.csv --save map.json"),
        ("check", "preds.csv --max-loss 0.65", "preds.csv --min-skill 0 --confident"),
        ("report", "preds.csv -o report.html", "preds.csv -p new -p old -o r.html"),
    ],
)
def test_on_a_terminal_without_a_source_it_is_said_what_is_missing(
    name: str,
    first: str,
    second: str,
    bce: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrapper = "typer.testing._NamedTextIOWrapper"
    monkeypatch.setattr(f"{wrapper}.isatty", lambda _: True, raising=False)
    result = bce(name)
    assert result.stderr == MISSING.format(name=name, first=first, second=second)
    assert (result.stdout, result.exit_code) == ("", 2)
