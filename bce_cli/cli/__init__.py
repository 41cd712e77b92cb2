"""The command line; the only package that knows Typer."""

import contextlib
import gc
import os
import sys
from typing import NoReturn

gc.set_threshold(100_000, 20, 20)  # loading modules makes many objects and hardly any garbage

from bce_cli.cli.app import app  # noqa: E402 -- after the setting above
from bce_cli.cli.diagnostics import ExitCode  # noqa: E402


def main() -> None:
    """Run `bce`; ends in SystemExit."""
    app()


def run() -> NoReturn:
    """Run `bce`, and end the process at once.

    Taking the interpreter and its libraries apart would last longer than the work on a small file,
    and by now all output is flushed, every file closed and every thread joined.
    """
    code: str | int | None
    try:
        main()
        code = ExitCode.OK
    except SystemExit as stop:
        code = stop.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)
