"""Commands that are loaded when they are called: a run pays for its own options alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand

from bce_cli.cli.groups import with_groups
from bce_cli.cli.once import OnceCommand


class DeferredCommand(TyperCommand):
    """What is listed in the place of a command until that is called.

    Parameters
    ----------
    name : str
        Of the command, of its function and, in ``bce_cli.cli``, of the module of that.
    summary : str
        The first line of its help.
    """

    name: str

    def __init__(self, name: str, summary: str) -> None:
        super().__init__(name, help=summary)

    def load(self) -> OnceCommand:
        """Import the command and build its parameters; its module may have an `EPILOG`."""
        module = import_module(f"bce_cli.cli.{self.name}")
        alone = typer.Typer(rich_markup_mode=None, add_completion=False)
        register = alone.command(self.name, cls=OnceCommand, epilog=getattr(module, "EPILOG", None))
        register(with_groups(getattr(module, self.name)))
        command = typer.main.get_command(alone)
        assert isinstance(command, OnceCommand)  # noqa: S101 -- as registered
        return command

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 -- as in the base class
        """Return the context of the command itself; its call and its completion begin here."""
        return self.load().make_context(*args, **extra)
