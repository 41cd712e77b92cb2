"""What spares a conversion gives what the conversion would have given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from bce_cli.cli.app import app
from bce_cli.cli.parsing import DeferredCommand
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    Parameter = TyperOption | TyperArgument

GROUP = typer.main.get_command(app)
assert isinstance(GROUP, TyperGroup)
COMMANDS = {name: c.load() for name, c in GROUP.commands.items() if isinstance(c, DeferredCommand)}


NUMBERS = (
    *("0", "1", "007", "+1", "1.", ".5", "+.5", "-.5e-1", "1e3", "1E-3", "10001", "0.1", "-0.0"),
    *("5e-324", "1e-400", "1e999", "-1e999", "inf", "9" * 18, "9" * 19, "9" * 400, "1_0", "1 "),
    *("e", "-", "1e", "1e5.5", "1-1", "--1", "0x1", "\N{ARABIC-INDIC DIGIT ONE}"),
)


def _parameters() -> list[pytest.ParameterSet]:
    found = []
    for name, command in COMMANDS.items():
        context = typer.Context(command)
        found += [
            pytest.param(context, parameter, id=f"{name} {parameter.name}")
            for parameter in command.get_params(context)
            if parameter.callback is None
        ]
    return found


def _values(parameter: Parameter) -> list[object]:
    if getattr(parameter, "multiple", False) or parameter.nargs == -1:
        return [None, ["a", "b"], ("",), ["1"], []]
    choices = parameter.type_descriptor.choices or ()
    return [
        None,
        parameter.default,
        "a",
        "",
        " x ",
        "3",
        "0.25",
        "-1",
        "true",
        "AUTO",
        *NUMBERS,
        *choices,
    ]


def _outcome(process: Callable[..., object], *given: object) -> object:
    try:
        found = process(*given)
    except (typer.TyperException, UsageError):  # in Typer's words, or in ours
        return "refused"
    return type(found), found


def test_there_are_parameters() -> None:
    assert len(_parameters()) > 100


@pytest.mark.few(10)
@pytest.mark.parametrize(("context", "parameter"), _parameters())
def test_a_value_is_what_typer_makes_of_it(context: typer.Context, parameter: Parameter) -> None:
    for value in _values(parameter):
        converted = _outcome(type(parameter).process_value, parameter, context, value)
        assert _outcome(parameter.process_value, context, value) == converted, repr(value)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_listed_with_the_first_line_of_its_help(name: str) -> None:
    assert isinstance(GROUP, TyperGroup)
    text = COMMANDS[name].help
    assert text is not None
    assert text.partition("\n")[0] == GROUP.commands[name].help
