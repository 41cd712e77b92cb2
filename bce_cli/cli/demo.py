"""bce demo: how does binary cross-entropy come about, step by step?"""

import difflib
import os
import stat
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from bce_cli.cli.input import RowInput, paths_read
from bce_cli.cli.options import WorkersOpt
from bce_cli.cli.output import (
    BriefOpt,
    ColorOpt,
    OutputOpt,
    OutputOptions,
    checked_picture,
    format_option,
    plot_option,
    staged_output,
    write_stdout,
)
from bce_cli.cli.parsing import OptionGroup
from bce_cli.errors import EmptyInputError, UsageError, quoted

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows
    from bce_cli.render.demo import StepPage
    from bce_cli.render.layout import Look


class Step(NamedTuple):
    """One step of the derivation.

    Attributes
    ----------
    name : str
    summary : str
        One line.
    numbers : str
        The step whose numbers it shows, if they are not its own.
    """

    name: str
    summary: str
    numbers: str = ""

    def compute(self, rows: "Rows", k: float) -> Any:  # noqa: ANN401 -- each step has its own record
        """Compute the numbers."""
        name = f"{(self.numbers or self.name).replace('-', '_')}_step"
        function = getattr(import_module("bce_cli.core.derivation"), name)
        return function(rows, k) if self.name == "scaling" else function(rows)

    def show(self, result: Any, look: "Look") -> "StepPage":  # noqa: ANN401
        """Make a page of the numbers."""
        name = f"{self.name.replace('-', '_')}_page"
        page: StepPage = getattr(import_module("bce_cli.render.demo"), name)(result, look)
        return page


STEPS = (
    Step("bernoulli", "one trial: p^y (1-p)^(1-y) holds both labels in one expression"),
    Step(
        "likelihood",
        "independent trials multiply: the running product over rows",
        "many-trials",
    ),
    Step("logarithm", "product rule and power rule, checked on numbers"),
    Step(
        "underflow",
        "the raw product dies in every float type; the sum of logs does not",
    ),
    Step(
        "negative-log",
        "logs are concave, their negatives convex: descend to the base rate",
    ),
    Step("single-trial", "the log of one trial and its negative: the loss of a row"),
    Step("many-trials", "the same for n independent trials: a sum of losses"),
    Step("scaling", "a positive factor moves no minimum, so the sum is divided by n"),
    Step(
        "derivation",
        "all of it on one page, ending in the binary cross-entropy",
        "many-trials",
    ),
    Step("gradient", "through a sigmoid the gradient is p - y: wrong answers still learn"),
)
STEP_NAMES = tuple(step.name for step in STEPS)
EPILOG = "Steps: " + "; ".join(f"{step.name}: {step.summary}" for step in STEPS) + "."


class Example(OptionGroup):
    """What a step is shown on, where the user brings no rows; and the factor of one step."""

    n: Annotated[
        int | None,
        typer.Option("--n", metavar="N", help="Draw N built-in rows (underflow: 2000 by default)."),
    ] = None
    p: Annotated[
        float | None,
        typer.Option(
            "--p", metavar="P", help="Draw them with, and predict, this P(label = 1): 0.7."
        ),
    ] = None
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="SEED", help="Draw them with this seed: 0.")
    ] = None
    k: Annotated[
        float | None,
        typer.Option("--k", metavar="K", help="Factor of the step scaling: 3 by default."),
    ] = None

    @property
    def is_drawn(self) -> bool:
        """Whether built-in rows are to be drawn, for every step."""
        return (self.n, self.p, self.seed) != (None, None, None)

    def rows(self, step: Step) -> "Rows":
        """Return rows for a step."""
        from bce_cli.core.derivation import built_in_rows, drawn_rows  # noqa: PLC0415

        if not self.is_drawn and step.name != "underflow":
            return built_in_rows()
        n, p = 2000 if self.n is None else self.n, 0.7 if self.p is None else self.p
        return drawn_rows(n, p, self.seed or 0)


def demo(
    step: Annotated[
        str | None,
        typer.Argument(
            metavar="STEP", help="A step of the list below, or all.", show_default=False
        ),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Files with rows of your own; - or a pipe is standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    inputs: RowInput,
    example: Example,
    output_format: Annotated[Literal["table", "json", "markdown"], format_option()] = "table",
    output: OutputOpt = None,
    brief: BriefOpt = False,
    plot: Annotated[str | None, plot_option("the step's curves")] = None,
    workers: WorkersOpt = None,
    color: ColorOpt = "auto",
) -> None:
    """Derive binary cross-entropy, step by step.

    Without a step, lists them in order; all walks them. Every number is computed on the spot, on a
    few built-in rows or on rows of your own.

    Examples:

      bce demo underflow

      bce demo derivation preds.csv

      bce demo negative-log --plot curves.png
    """
    if step is None:
        is_plain = output_format == "table" and not (output or plot or brief)
        if not is_plain or example.is_drawn or example.k is not None:
            message = "these options need a step, such as underflow, or all"
            raise UsageError(message, "bce demo lists the steps")
        _list_steps()
        return
    out = OutputOptions(output_format=output_format, output=output, color=color)
    out.check()
    steps = find_steps(step)
    if example.k is not None and not any(chosen.name == "scaling" for chosen in steps):
        message = "--k belongs to the step scaling"
        raise UsageError(message)
    picture = checked_picture(plot, out.path)
    rows, read = _rows_of_user(sources, inputs, example, workers)
    k = 3.0 if example.k is None else example.k
    results = [
        (chosen, chosen.compute(example.rows(chosen) if rows is None else rows, k))
        for chosen in steps
    ]
    look = out.look
    pages = [(chosen, chosen.show(result, look)) for chosen, result in results]
    with out.staged(read) as stream:
        if output_format == "json":
            from bce_cli.render.demo import write_steps  # noqa: PLC0415

            named = [(chosen.name, result) for chosen, result in results]
            text = write_steps(named, brief=brief)
        else:
            shown = [(chosen, page.in_brief() if brief else page) for chosen, page in pages]
            text = _text(shown, look, is_markdown=output_format == "markdown")
        stream.write(out.encode(text))
        if plot is not None:
            _plot([page for _, page in pages], plot, picture, read)


def find_steps(name: str) -> tuple[Step, ...]:
    """Return the step of that name, or all of them.

    Raises
    ------
    UsageError
        There is no such step; suggests the closest.
    """
    found = STEPS if name == "all" else tuple(step for step in STEPS if step.name == name)
    if found:
        return found
    close = difflib.get_close_matches(name, [*STEP_NAMES, "all"], n=1)
    also = f"; did you mean '{close[0]}'?" if close else ""
    message = f"there is no step {quoted(name)}{also}"
    raise UsageError(message, f"the steps are {', '.join(STEP_NAMES)}, all")


def _list_steps() -> None:
    width = max(map(len, STEP_NAMES))
    every = ("all", "every step, in this order")
    lines = [(step.name, step.summary) for step in STEPS]
    write_stdout("".join(f"{name:<{width}}  {summary}\n" for name, summary in [*lines, every]))


def _rows_of_user(
    sources: list[str] | None, inputs: RowInput, example: Example, workers: int | None
) -> "tuple[Rows | None, list[str]]":
    """Read the rows of the sources, or of a pipe; None means built-in rows. Add the paths read."""
    if example.is_drawn and sources:
        message = "--n, --p and --seed draw built-in rows; they do not go with a source"
        raise UsageError(message)
    if example.is_drawn or not (sources or _stdin_is_piped()):
        return None, []
    from bce_cli.engine.run import Job, collect_rows, default_workers  # noqa: PLC0415

    data = inputs.data(sources or ["-"])
    try:
        rows = collect_rows(Job(data, workers or default_workers()))
    except EmptyInputError:
        if not sources:  # started by a program that had nothing to say
            return None, []
        raise
    inputs.tell(data, is_told=False)
    return rows, paths_read(data)


def _stdin_is_piped() -> bool:
    """Whether standard input is a pipe, a socket or a file; a terminal or a device is not."""
    if sys.stdin is None or sys.stdin.isatty():
        return False
    try:
        return not stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError):
        return True


def _text(pages: "Sequence[tuple[Step, StepPage]]", look: "Look", *, is_markdown: bool) -> str:
    from bce_cli.render.demo import page_sections  # noqa: PLC0415
    from bce_cli.render.terminal import draw  # noqa: PLC0415
    from bce_cli.render.write import write_markdown  # noqa: PLC0415

    following = dict(pairwise(STEP_NAMES))
    laid_out = [page_sections(page, following.get(step.name), look) for step, page in pages]
    return "\n".join(write_markdown(s) if is_markdown else draw(s, look) for s in laid_out)


def _plot(pages: "Sequence[StepPage]", plot: str, picture: str, read: Sequence[str]) -> None:
    from bce_cli.render.drawing import plot_curves  # noqa: PLC0415 -- an extra

    curves = [curve for page in pages for curve in page.curves]
    if not curves:
        message = "there is no curve to draw in this step"
        raise UsageError(message, "negative-log, scaling, underflow and gradient have one")
    with staged_output(plot, read) as stream:
        plot_curves(curves, stream, picture)
