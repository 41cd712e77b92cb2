"""Where the rows come from, if the command line does not say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from bce_cli.cli.diagnostics import ExitCode

if TYPE_CHECKING:
    from bce_cli.data.data import Data


def paths_or_help(ctx: typer.Context, sources: list[str] | None) -> list[str]:
    """Return the sources; in a pipe, standard input; on a terminal, show help and stop."""
    if sources:
        return sources
    if sys.stdin is not None and not sys.stdin.isatty():
        return ["-"]
    typer.echo(ctx.get_help(), err=True)
    raise typer.Exit(ExitCode.USAGE)


def paths_read(data: Data) -> list[str]:
    """Return all paths on this machine that are read, and must not be overwritten."""
    return [source.local_path or source.path for source in data.sources]
