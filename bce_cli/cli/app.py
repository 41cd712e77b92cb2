"""The application: commands are listed here, and errors become messages and exit codes."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.completion import (  # type: ignore[attr-defined]  # it has `install` from elsewhere
    install,
    install_callback,
    show_callback,
)
from typer.core import TyperGroup

from bce_cli.cli.diagnostics import ExitCode, exit_code_for, in_options, report_error
from bce_cli.cli.help import Examples, Helpful
from bce_cli.cli.parsing import DeferredCommand, PlainValues
from bce_cli.cli.staging import abandon_stdout, write_stdout
from bce_cli.errors import (
    BceError,
    OutputCreationError,
    UsageError,
    did_you_mean,
    names_like,
    os_reason,
    quoted,
    safe_text,
    shortage,
)
from bce_cli.version import __version__

_EXAMPLES: Examples = (
    ("bce compute preds.csv", "with columns such as y and p"),
    ("bce compare preds.csv -p old -p new", "two columns of it, two models"),
)


_COMPLETION: dict[str, Callable[..., object]] = {
    "--show-completion": show_callback,
    "--install-completion": install_callback,
}
_COMMANDS = {
    "compute": "How good are these predictions, row by row and on average?",
    "compare": "Which model is better, by how much, and is the difference real?",
    "calibration": "Where does the loss come from, and are predictions calibrated?",
    "recalibrate": "Would another map of the probabilities do better, and which?",
    "check": "May this model pass? A gate for CI, by exit code.",
    "report": "What can be told of predictions, on one page to send or print?",
    "apply": "What are the recalibrated predictions, or the map as a formula?",
    "demo": "How does binary cross-entropy come about, step by step?",
    "help": "What does a command do, and which options does it have?",
}


_ELSEWHERE = {
    **{f"--{name}": f"-f {name}" for name in ("json", "csv", "markdown", "html", "table")},
    "--md": "-f markdown",
    "--parquet": "-f parquet --per-example",
    **dict.fromkeys(("--sep", "--separator"), "--delimiter"),
    **dict.fromkeys(("--target", "--y", "--y-true", "--y_true", "--true"), "--label"),
    **dict.fromkeys(("--truth", "--solution"), "--labels"),
    **dict.fromkeys(("--y-pred", "--y_pred", "--proba", "--score"), "--prediction"),
    **dict.fromkeys(("--weights", "--sample-weight"), "--weight"),
    **dict.fromkeys(("--group", "--group-by", "--groupby", "--segment"), "--by"),
    **dict.fromkeys(("--eps", "--epsilon"), "--clip"),
    **dict.fromkeys(("--jobs", "--threads", "-j"), "--workers"),
    **dict.fromkeys(("--out", "--file"), "--output"),
    "--silent": "--quiet",
}
"""What other tools call options, and what stands for them here."""
_MOST_MEANT = 3
_TALKATIVE = ("-v", "--verbose")


class BceGroup(PlainValues, Helpful, TyperGroup):
    """All commands; every error is one line on standard error and one exit code."""

    examples = _EXAMPLES

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 -- as in the base class
        super().__init__(**settings)
        for name, question in _COMMANDS.items():
            self.add_command(DeferredCommand(name, question))

    def main(
        self,
        args: Sequence[str] | None = None,
        *more: Any,  # noqa: ANN401 -- as in the base class
        standalone_mode: bool = True,
        **extra: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Run the command line; see the base class."""
        extra |= {"prog_name": "bce", "standalone_mode": False}
        try:
            code = super().main(args, *more, **extra)
        except BceError as error:
            report_error(*in_options(error))
            code = exit_code_for(error)
        except typer.TyperException as error:
            report_error(*self._in_our_words(error, args))
            code = ExitCode.USAGE
        except SystemExit as stop:  # Typer's own end of a broken pipe; completion ends so, too
            if not _is_broken_pipe(stop.__context__):
                raise
            abandon_stdout()
            code = ExitCode.BROKEN_PIPE
        except Exception as error:
            lacking = shortage(error)
            if lacking is not None:
                report_error(*in_options(lacking))
                code = ExitCode.SHORTAGE
            elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
                abandon_stdout()  # while Typer wrote a help text; all else is a BceError
                report_error(f"standard output: {os_reason(error)}")
                code = ExitCode.CANNOT_WRITE
            else:
                raise
        if standalone_mode:
            sys.exit(int(code or ExitCode.OK))
        return code

    def parse_args(
        self,
        ctx: Any,  # noqa: ANN401 -- of a class without a public name
        args: list[str],
    ) -> list[str]:
        """Parse what was given, a shell behind an option of completion among it."""
        option, _, shell = args[0].partition("=") if args else ("", "", "")
        shell = shell or "".join(args[1:2])
        if option in _COMPLETION and not shell.startswith("-") and not ctx.resilient_parsing:
            _complete(ctx, option, shell)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 -- as above
        """Find the command that the first word names; see the base class."""
        word = args[0]
        if word in self.commands or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        if _is_path_like(word):
            message = f"there is no command {quoted(word)}; a command comes before the file"
            raise UsageError(message, f"such as bce compute {safe_text(word)}")
        message = f"there is no command {quoted(word)}{did_you_mean(word, self.commands)}"
        raise UsageError(message, f"the commands are {', '.join(self.commands)}")

    def _in_our_words(
        self, error: typer.TyperException, args: Sequence[str] | None
    ) -> tuple[str, str]:
        """Return message and hint of an error of Typer's."""
        words = sys.argv[1:] if args is None else args
        deferred = {n: c for n, c in self.commands.items() if isinstance(c, DeferredCommand)}
        name = next((word for word in words if word in deferred), "")
        hint = f"try '{f'bce {name}'.rstrip()} --help'"
        option = getattr(error, "option_name", "")
        if not option:
            return error.format_message().rstrip("."), hint
        command = deferred[name].load() if name else self
        options: dict[str, Any] = {text: p for p in command.params for text in p.opts}
        known = [*options, "--help"]
        if option in options:
            what = options[option].metavar
            return f"{option} needs a value, {what}" if what else f"{option} takes no value", hint
        owner = next((n for n, c in deferred.items() if option in c.option_names()), None)
        if owner is not None:
            return f"there is no option {quoted(option)}", f"bce {owner} has it"
        message, meant = f"there is no option {quoted(option)}", _ELSEWHERE.get(option, "")
        if meant.partition(" ")[0] in known:
            return f"{message}; did you mean {quoted(meant)}?", hint
        if option in _TALKATIVE:
            return message, "a report leaves nothing out; --brief and --quiet say less"
        return f"{message}{_option_like(option, known)}", hint


def _option_like(wanted: str, known: Sequence[str]) -> str:
    """Return what to add about an option that is not known: what begins so, or else is like it."""
    begun = [option for option in known if option.startswith(wanted)]
    if not begun or len(wanted) <= len("--"):
        bare = {option.lstrip("-"): option for option in known}
        begun = [bare[name] for name in names_like(wanted.lstrip("-"), bare)]
    meant = " or ".join(map(quoted, begun[:_MOST_MEANT]))
    return f"; did you mean {meant}?" if begun else ""


def _is_path_like(word: str) -> bool:
    """Whether a word is rather a file than a mistyped command."""
    return "." in word or os.sep in word or word == "-" or os.path.exists(word)  # noqa: PTH110


def _complete(ctx: Any, option: str, shell: str) -> None:  # noqa: ANN401
    """Show or install completion for a shell, or else for that around this process; then end.

    Typer takes no name, and asks the ancestors alone: a cron job or a container has no shell there.
    """
    from bce_cli.cli.completion import SCRIPTS, SHELLS  # noqa: PLC0415 -- for this alone

    if shell and shell not in SHELLS:
        message = f"{option} cannot serve the shell {quoted(shell)}{did_you_mean(shell, SHELLS)}"
        raise UsageError(message, f"known are {', '.join(SHELLS)}")
    if not shell:
        from shellingham import detect_shell  # noqa: PLC0415 -- for this alone

        with suppress(OSError, RuntimeError):  # it found none, or knows no way to look here
            shell, _ = detect_shell()
    if shell not in SHELLS:
        message = f"{option} cannot tell which shell this is; name one, such as {option} bash"
        raise UsageError(message)
    said = SCRIPTS.get(shell, "")
    try:
        if shell not in SCRIPTS:
            _COMPLETION[option](ctx, None, shell)
        elif option == "--install-completion":
            _, path = install(shell, "bce")
            path.write_text(SCRIPTS[shell])  # in the place of Typer's own
            where = safe_text(str(path))
            said = f"{shell} completion installed in {where}; it works in new terminals\n"
    except OSError as error:
        if error.filename is None:  # standard output
            raise
        message = f"{safe_text(str(error.filename))}: {os_reason(error)}"
        raise OutputCreationError(message) from None
    except RuntimeError:  # Python's: it finds no home folder
        message = f"{option} needs a home folder, and there is none"
        raise OutputCreationError(message, "HOME may name one") from None
    write_stdout(said)
    raise typer.Exit


def _is_broken_pipe(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _show_version(wanted: bool) -> None:
    if wanted:
        write_stdout(f"bce {__version__}\n")
        raise typer.Exit


def root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    """Judge probabilistic binary predictions by their exact binary cross-entropy."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)


app = typer.Typer(
    cls=BceGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback(invoke_without_command=True)(root)
