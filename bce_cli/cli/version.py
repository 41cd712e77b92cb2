"""The option that prints the version."""

from __future__ import annotations

from typing import Annotated

import typer

from bce_cli import __version__
from bce_cli.cli.output import write_stdout


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        write_stdout(f"bce {__version__}\n")
        raise typer.Exit


VersionOpt = Annotated[
    bool,
    typer.Option(
        "--version", help="Print the version and exit.", is_eager=True, callback=show_version
    ),
]
