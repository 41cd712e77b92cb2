"""bce help: what commands do, and their options under headings; exit codes."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeAlias

import typer
from typer.core import TyperArgument, TyperGroup

from bce_cli.cli.diagnostics import ExitCode
from bce_cli.errors import UsageError, did_you_mean, quoted

Examples: TypeAlias = Sequence[tuple[str, str]]
"""Command lines, and in a few words what each does."""

_JUDGED = "What is judged"
_HEADINGS = {
    "Columns": "--label --prediction --by --cut --id --weight --cluster --order --positive "
    "--soft-labels --logits",
    "Input": "MAP SOURCE --labels --on --join --missing --input-format --delimiter --decimal "
    "--no-header --encoding --comment",
    _JUDGED: "STEP",
    "The new column": "--column --logit --formula",
    "Output": "--format --output --save --brief --quiet --table --sort --plot --per-example "
    "--rows --worst --picture-format --stamp --color --excel-safe",
    "Running": "--workers --engine --scheduler --help",
}
"""What stands under which heading, the commonest first; all else is what is judged."""

_WIDEST, _NARROWEST = 120, 50
_GAP = 2
_SHORT = len("-h")
_NO_BREAK = "\xa0"
TOPIC = "exit-codes"
_MEANINGS = {
    ExitCode.OK: "fine; of bce check: every check has passed",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.GATE_FAILED: "bce check, bce report: a check has failed",
    ExitCode.GATE_UNDECIDED: "bce check, bce report: none has failed, but one cannot be decided",
    ExitCode.DATA: "the input was read and cannot be used",
    ExitCode.NO_INPUT: "the input cannot be read",
    ExitCode.UNAVAILABLE: "the cluster cannot be reached, or was lost",
    ExitCode.SHORTAGE: "memory or threads were lacking",
    ExitCode.CANNOT_CREATE: "the output cannot be created",
    ExitCode.CANNOT_WRITE: "the output cannot be written",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
    ExitCode.BROKEN_PIPE: "whoever read the output has left",
}
EXAMPLES: Examples = (
    ("bce help compute", "the options of a command"),
    (f"bce help {TOPIC}", "what a shell or a CI job learns"),
)
_MORE = f"bce help compute tells its options, bce help {TOPIC} what a CI job learns."
_OF_COMPLETION = {
    "--install-completion": "Install completion; --show-completion prints it.",
}
"""In fewer words than Typer's, so that all of it fits a terminal of 24 lines."""


class Helpful:
    """A command or a group whose help begins with examples and has its options under headings.

    Attributes
    ----------
    examples : Examples
    """

    examples: Examples = ()

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 -- of a class without a public name
        """Return the help; see the base class."""
        width = _width()
        lines = [ctx.get_usage(), "", *_exemplified(self.examples, width)]
        lines += _paragraphs(str(ctx.command.help), width)
        if isinstance(ctx.command, TyperGroup):
            lines += _commands(ctx.command, ctx, width)
        else:
            lines += _options(ctx.command.get_params(ctx), width)
        lines += _paragraphs(ctx.command.epilog or "", width)
        return "\n".join(lines)


def no_sources(ctx: typer.Context) -> list[str]:
    """Return what to say where nothing is to be read: what is missing, and two examples."""
    command = ctx.command
    assert isinstance(command, Helpful)  # noqa: S101 -- as all of them are
    return [
        "bce: error: no SOURCE was given, and nothing is piped in",
        "bce: a source has columns such as y (label) and p (probability of label 1)",
        *(f"  {line}" for line, _ in command.examples[:2]),
        f"bce: '{ctx.command_path} --help' tells more",
    ]


def help(  # noqa: A001 -- the name of the command
    ctx: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="COMMAND", help=f"A command, or {TOPIC}; without one, all commands."
        ),
    ] = None,
) -> None:
    """What does a command do, and which options does it have?"""
    root = ctx.find_root()
    group = root.command
    assert isinstance(group, TyperGroup)  # noqa: S101 -- as registered
    if topic is None:
        typer.echo(group.get_help(root))
    elif topic == TOPIC:
        rows = [(str(int(code)), meaning) for code, meaning in _MEANINGS.items()]
        typer.echo("\n".join(["Exit codes:", *_listed(rows, _width())]))
    elif topic in group.commands:
        command = group.commands[topic]
        with command.make_context(topic, [], parent=root, resilient_parsing=True) as below:
            typer.echo(below.get_help())
    else:
        known = [*group.commands, TOPIC]
        message = f"there is no command {quoted(topic)}{did_you_mean(topic, known)}"
        raise UsageError(message, f"bce help knows {', '.join(known)}")


def _width() -> int:
    from shutil import get_terminal_size  # noqa: PLC0415 -- for help alone

    return max(_NARROWEST, min(get_terminal_size((80, 24)).columns, _WIDEST))


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap  # noqa: PLC0415 -- for help alone

    lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _paragraphs(text: str, width: int) -> Iterator[str]:
    """Yield paragraphs in lines of that width, an empty line before each."""
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            yield from ("", *_wrapped(" ".join(paragraph.split()), width))


def _listed(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield names and what they mean, in two columns."""
    column = max((len(name) for name, _ in rows), default=0) + _GAP
    for name, text in rows:
        first, *more = _wrapped(text, width - column - _GAP)
        yield f"  {name:<{column}}{first}"
        yield from (" " * (column + _GAP) + line for line in more)


def _exemplified(examples: Examples, width: int) -> Iterator[str]:
    """Yield command lines and what they do, beside or, where that is too long, below them."""
    column = max(len(line) for line, _ in examples) + _GAP
    is_wide = all(_GAP + column + len(what) <= width for _, what in examples)
    for line, what in examples:
        yield from [f"  {line:<{column}}{what}"] if is_wide else [f"  {line}", f"      {what}"]


def _commands(group: TyperGroup, ctx: Any, width: int) -> Iterator[str]:  # noqa: ANN401
    rows = [(name, str(command.help)) for name, command in group.commands.items()]
    yield from ("", "Commands:", *_listed(rows, width))
    options: list[Any] = [p for p in group.get_params(ctx) if _key(p) != "--show-completion"]
    options.sort(key=lambda option: str(option.name).endswith("_completion"))
    rows = [(_name(option), _OF_COMPLETION.get(_key(option), option.help)) for option in options]
    yield from ("", "Options:", *_listed(rows, width), *_wrapped(_MORE, width))


def _options(parameters: Sequence[Any], width: int) -> Iterator[str]:
    places = {
        name: (heading, place)
        for heading, names in _HEADINGS.items()
        for place, name in enumerate(names.split())
    }
    under: dict[str, list[tuple[int, str, str]]] = {heading: [] for heading in _HEADINGS}
    for parameter in parameters:
        heading, place = places.get(_key(parameter), (_JUDGED, len(places)))
        under[heading].append((place, _name(parameter), _meaning(parameter)))
    for heading, rows in under.items():
        if rows:
            rows.sort(key=lambda row: row[0])
            yield from ("", f"{heading}:", *_listed([row[1:] for row in rows], width))


def _key(parameter: Any) -> str:  # noqa: ANN401 -- of a class without a public name
    """Return what a parameter is called in the table of headings."""
    if isinstance(parameter, TyperArgument):
        return str(parameter.metavar)
    return str(max(parameter.opts, key=len))


def _name(parameter: Any) -> str:  # noqa: ANN401
    if isinstance(parameter, TyperArgument):
        return f"{parameter.metavar}..." if parameter.nargs == -1 else str(parameter.metavar)
    short, long = min(parameter.opts, key=len), max(parameter.opts, key=len)
    names = long if short == long else f"{short}, {long}"
    indent = "" if short != long or len(long) == _SHORT else " " * (_SHORT + len(", "))
    return f"{indent}{names}" if parameter.is_flag else f"{indent}{names} {parameter.metavar}"


def _meaning(parameter: Any) -> str:  # noqa: ANN401
    text, default = str(parameter.help), parameter.default
    if not parameter.show_default or default is None or isinstance(default, bool):
        return text
    return f"{text} [default:{_NO_BREAK}{default}]"
