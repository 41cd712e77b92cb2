"""bce demo: how does binary cross-entropy come about, step by step?"""

import os
import stat
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args

import typer

from bce_cli.cli.input import RowInput, paths_read
from bce_cli.cli.options import WorkersOpt
from bce_cli.cli.output import (
    BriefOpt,
    ColorOpt,
    OutputOptions,
    checked_picture,
    format_option,
    output_option,
    plot_option,
)
from bce_cli.cli.parsing import OptionGroup
from bce_cli.cli.staging import staged_output, write_stdout
from bce_cli.errors import EmptyInputError, UsageError, did_you_mean, quoted

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
    why : str
        Why it follows the one before: a sentence.
    numbers : str
        The step whose numbers it shows, if they are not its own.
    """

    name: str
    summary: str
    why: str
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
    Step("bernoulli", "one trial: p^y (1-p)^(1-y) holds both labels", ""),
    Step(
        "likelihood",
        "independent trials multiply: the running product",
        "A data set is many trials, and the probabilities of independent trials multiply.",
        "many-trials",
    ),
    Step(
        "underflow",
        "the product dies in every float type, the sum of logs does not",
        "A product that only shrinks is soon smaller than any number that a computer holds.",
    ),
    Step(
        "monotone",
        "the logarithm keeps the place of the maximum",
        "A sum of logs may stand for the product only if both are greatest at the same place.",
    ),
    Step(
        "logarithm",
        "product rule and power rule, checked on numbers",
        "Many functions keep the maximum, but this one turns products into sums.",
    ),
    Step(
        "negative-log",
        "logs are concave, so their negatives are minimised",
        "The sum is to be made as great as possible, and the shape of the logarithm says how.",
    ),
    Step(
        "single-trial",
        "the log of one trial and its negative: the loss of a row",
        "With logarithm and sign settled, one row can be given its loss.",
    ),
    Step(
        "many-trials",
        "the same for n independent trials: a sum of losses",
        "The log of a product is a sum of logs, so the losses of all rows add up.",
    ),
    Step(
        "scaling",
        "a positive factor moves no minimum: divide by n",
        "A sum grows with the rows, so it is divided by n, if that leaves the minimum where it is.",
    ),
    Step(
        "derivation",
        "all of it on one page: the binary cross-entropy",
        "Every piece is there, and they fit on one page.",
        "many-trials",
    ),
    Step(
        "gradient",
        "through a sigmoid the gradient is p - y",
        "Models learn by the slope of this loss, and there it does what squared error does not.",
    ),
)
CURVED = ("underflow", "monotone", "negative-log", "scaling", "gradient")
STEP_NAMES = tuple(step.name for step in STEPS)
EXAMPLES = (
    ("bce demo 3", "the third step: why a product of probabilities dies"),
    ("bce demo derivation preds.csv", "all on one page, on your own rows"),
    ("bce demo negative-log --plot curves.png", "a picture of the loss"),
)
EPILOG = f"Steps, in order: {', '.join(STEP_NAMES)}. bce demo says what each shows."

_AT = [str(STEP_NAMES.index(name) + 1) for name in CURVED]
_CURVES = f"the curves (steps {', '.join(_AT[:-1])} and {_AT[-1]} have some)"
_MOST_DIGITS = 9  # of the number of a step
_NARROWEST = 40
_TITLE = "How binary cross-entropy comes about"
_LIST_USAGE = "bce demo 3 shows the third, and bce demo underflow preds.csv the same on your rows."


StepFormat = Literal["table", "json", "markdown", "html"]


class StepOutput(OutputOptions):
    """The same options as of a report, for steps, which fill no lines of CSV."""

    FORMATS = get_args(StepFormat)


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
            metavar="STEP",
            help="A step by name or number (bce demo lists them), or all.",
            show_default=False,
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
    output_format: Annotated[
        StepFormat | None, format_option("table, json, markdown or html")
    ] = None,
    output: Annotated[str | None, output_option(".json .md .html .txt")] = None,
    brief: BriefOpt = False,
    plot: Annotated[str | None, plot_option(_CURVES)] = None,
    workers: WorkersOpt = None,
    color: ColorOpt = "auto",
) -> None:
    """How does binary cross-entropy come about, step by step?

    Without a step, lists them in order; all walks them. Every number is computed on the spot, on a
    few built-in rows or on rows of your own.
    """
    out = StepOutput(output_format=output_format, output=output, brief=brief, color=color)
    if step is None:
        is_plain = not (output_format or output or plot or brief)
        if not is_plain or example.is_drawn or example.k is not None:
            message = "these options need a step, such as underflow, or all"
            raise UsageError(message, "bce demo lists the steps")
        write_stdout(_listed(out.look.width))
        return
    out.check()
    steps = find_steps(step)
    if example.k is not None and not any(chosen.name == "scaling" for chosen in steps):
        message = "--k belongs to the step scaling"
        raise UsageError(message)
    picture = checked_picture(plot, out.path)
    rows, read = _rows_of_user(sources, inputs, example, workers)
    k = 3.0 if example.k is None else example.k
    used = [(chosen, example.rows(chosen) if rows is None else rows) for chosen in steps]
    results = [(chosen, chosen.compute(of_step, k)) for chosen, of_step in used]
    pages = [(chosen, chosen.show(result, out.look)) for chosen, result in results]
    with out.staged(read) as stream:
        stream.write(out.encode(_text(results, pages, out)))
        if plot is not None:
            shown = [(*page, of_step) for page, (_, of_step) in zip(pages, used, strict=True)]
            _plot(shown, plot, picture, read)


def find_steps(name: str) -> tuple[Step, ...]:
    """Return the step of that name or number, or all of them.

    Raises
    ------
    UsageError
        There is no such step; suggests the closest.
    """
    if name == "all":
        return STEPS
    if name.isascii() and name.isdigit():
        number = int(name) if len(name) < _MOST_DIGITS else 0
        if 1 <= number <= len(STEPS):
            return (STEPS[number - 1],)
        message = f"there is no step {quoted(name)}: they are numbered from 1 to {len(STEPS)}"
        raise UsageError(message, "bce demo lists the steps")
    found = tuple(step for step in STEPS if step.name == name)
    if found:
        return found
    if os.path.exists(name):  # noqa: PTH110 -- Path drops a slash at the end
        message = f"there is no step {quoted(name)}; a step comes before the file"
        raise UsageError(message, f"try bce demo derivation {quoted(name)}")
    message = f"there is no step {quoted(name)}{did_you_mean(name, [*STEP_NAMES, 'all'])}"
    raise UsageError(message, f"the steps are {', '.join(STEP_NAMES)}, all")


def _listed(width: int) -> str:
    """Return the numbered list of the steps, with lines that break between words."""
    from bce_cli.render.layout import wrapped  # noqa: PLC0415 -- not for --help

    width = max(width, _NARROWEST)
    names = [*STEP_NAMES, "all"]
    summaries = [*(step.summary for step in STEPS), "every step, in this order"]
    numbers = [*(f"{i:2}" for i in range(1, len(STEPS) + 1)), "  "]
    longest = max(map(len, names))
    lines = []
    for number, name, summary in zip(numbers, names, summaries, strict=True):
        head = f"{number}  {name:<{longest}}  "
        lines += wrapped(summary, width, head)
    return "".join(f"{line}\n" for line in [*lines, "", *wrapped(_LIST_USAGE, width)])


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

    data = inputs.asked().data(sources or ["-"])
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


def _text(
    results: Sequence[tuple[Step, Any]], pages: "Sequence[tuple[Step, StepPage]]", out: StepOutput
) -> str:
    """Write steps, as records or as their pages, one below the other."""
    from bce_cli.render.demo import page_sections, write_steps  # noqa: PLC0415
    from bce_cli.render.markdown import write_markdown  # noqa: PLC0415
    from bce_cli.render.terminal import draw  # noqa: PLC0415

    if out.text_format == "json":
        return write_steps([(step.name, result) for step, result in results], brief=out.brief)
    look = out.look
    onward = {
        step.name: f"Next: bce demo {then.name}. {then.why}" for step, then in pairwise(STEPS)
    }
    laid_out = [
        page_sections(page.in_brief() if out.brief else page, onward.get(step.name, ""), look)
        for step, page in pages
    ]
    if out.text_format == "html":
        from bce_cli.render.page.page import write_html  # noqa: PLC0415 -- not for other formats

        sections = [section for of_page in laid_out for section in of_page]
        return write_html(sections, sections[0].title if len(pages) == 1 else _TITLE)
    return "\n".join(
        write_markdown(s) if out.text_format == "markdown" else draw(s, look) for s in laid_out
    )


def _plot(
    shown: "Sequence[tuple[Step, StepPage, Rows]]", plot: str, picture: str, read: Sequence[str]
) -> None:
    from bce_cli.render.demo import plot_pages  # noqa: PLC0415 -- an extra

    if not any(page.curves for _, page, _ in shown):
        message = "there is no curve to draw in this step"
        raise UsageError(message, f"{', '.join(CURVED[:-1])} and {CURVED[-1]} have some")
    headed = [
        (f"{STEPS.index(step) + 1}  {step.name}: {step.summary}", page, rows)
        for step, page, rows in shown
    ]
    with staged_output(plot, read, "--plot") as stream:
        plot_pages(headed, stream, picture)
