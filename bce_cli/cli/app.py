"""The application: commands are listed here, and errors become messages and exit codes."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from bce_cli.cli.deferred import DeferredCommand
from bce_cli.cli.diagnostics import ExitCode, exit_code_for, in_options, report_error
from bce_cli.cli.output import abandon_stdout
from bce_cli.cli.plain_values import PlainValues
from bce_cli.cli.version import VersionOpt
from bce_cli.errors import BceError, os_reason

_EPILOG = (
    "Exit codes: 0 fine, 2 usage, 3 check failed, 4 check undecided, 65 bad data, 66 input cannot "
    "be read, 69 cluster cannot be reached or was lost, 73 output cannot be created, 74 output "
    "cannot be written, 130 interrupted, 141 broken pipe."
)


_COMMANDS = {
    "compute": "Judge predictions, row by row and on average.",
    "calibration": "Tell miscalibration from lack of discrimination and plain uncertainty.",
    "demo": "Derive binary cross-entropy, step by step.",
    "compare": "Compare models on the same rows.",
    "check": "Hold predictions to limits, and tell by the exit code.",
}


class BceGroup(PlainValues, TyperGroup):
    """All commands; every error is one line on standard error and one exit code."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 -- as in the base class
        super().__init__(**settings)
        for name, summary in _COMMANDS.items():
            self.add_command(DeferredCommand(name, summary))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 -- as in the base class
    ) -> Any:  # noqa: ANN401
        """Run the command line; see the base class."""
        try:
            code = super().main(
                args,
                prog_name="bce",
                complete_var=complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except BceError as error:
            report_error(*in_options(error))
            code = exit_code_for(error)
        except typer.TyperException as error:
            message = error.format_message().rstrip(".").replace("Value error, ", "")
            report_error(message, f"try '{self._command_path(args)} --help'")
            code = ExitCode.USAGE
        except SystemExit as stop:  # Typer's own end of a broken pipe; completion ends so, too
            if not _is_broken_pipe(stop.__context__):
                raise
            abandon_stdout()
            code = ExitCode.BROKEN_PIPE
        except OSError as error:  # while Typer wrote a help text; all else is a BceError
            if error.errno != errno.ENOSPC:
                raise
            abandon_stdout()
            report_error(f"standard output: {os_reason(error)}")
            code = ExitCode.CANNOT_WRITE
        if standalone_mode:
            sys.exit(int(code or ExitCode.OK))
        return code

    def _command_path(self, args: Sequence[str] | None) -> str:
        words = sys.argv[1:] if args is None else args
        command = next((word for word in words if word in self.commands), "")
        return f"bce {command}".rstrip()


def _is_broken_pipe(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def root(ctx: typer.Context, version: VersionOpt = False) -> None:
    """Judge probabilistic binary predictions by their exact binary cross-entropy."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)


app = typer.Typer(
    cls=BceGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)
app.callback(invoke_without_command=True)(root)
