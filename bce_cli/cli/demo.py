"""How binary cross-entropy comes about, step by step. That is `bce demo`."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from bce_cli.cli.demo_steps import STEPS, Step, find_steps, following
from bce_cli.cli.diagnostics import note_data
from bce_cli.cli.options import (
    Color,
    ColorOpt,
    DemoFormatOpt,
    DemoSourcesArg,
    KOpt,
    NOpt,
    OutputOpt,
    PlotOpt,
    POpt,
    SeedOpt,
    StepArg,
    WorkersOpt,
)
from bce_cli.cli.output import staged_output, write_stdout
from bce_cli.cli.picture import checked_picture
from bce_cli.cli.rowwise import Rowwise
from bce_cli.cli.sources import paths_read
from bce_cli.cli.terminal import encoding_of, look_for
from bce_cli.errors import EmptyInputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.render.demo import StepPage
    from bce_cli.render.layout import Look

EPILOG = "Steps: " + "; ".join(f"{step.name}: {step.summary}" for step in STEPS) + "."

_N, _P, _SEED, _K = 2000, 0.7, 0, 3.0


def demo(
    step: StepArg = None,
    sources: DemoSourcesArg = None,
    *,
    inputs: Rowwise,
    n: NOpt = None,
    p: POpt = None,
    seed: SeedOpt = None,
    k: KOpt = None,
    output_format: DemoFormatOpt = "table",
    output: OutputOpt = None,
    plot: PlotOpt = None,
    workers: WorkersOpt = None,
    color: ColorOpt = Color.AUTO,
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
        if output_format != "table" or output or plot or (n, p, seed, k) != (None,) * 4:
            message = "these options need a step, such as underflow, or all"
            raise UsageError(message, "bce demo lists the steps")
        _list_steps()
        return
    output = None if output == "-" else output
    steps = find_steps(step)
    if k is not None and not any(chosen.name == "scaling" for chosen in steps):
        message = "--k belongs to the step scaling"
        raise UsageError(message)
    picture = checked_picture(plot, output)
    drawn = None if n is None and p is None and seed is None else (n, p, seed)
    rows, read = _rows_of_user(sources, drawn, inputs, workers)
    factor = _K if k is None else k
    results = [
        (chosen, chosen.compute(_built_in(chosen, drawn) if rows is None else rows, factor))
        for chosen in steps
    ]
    look = look_for(output, color)
    pages = [(chosen, chosen.show(result, look)) for chosen, result in results]
    with ExitStack() as outputs:
        stream = outputs.enter_context(staged_output(output, read))
        text = _text(results, pages, output_format, look)
        stream.write(text.encode(encoding_of(output), "backslashreplace"))
        if plot is not None:
            _plot(pages, outputs, plot, picture, read)


def _list_steps() -> None:
    width = max(len(step.name) for step in STEPS)
    lines = [f"{step.name:<{width}}  {step.summary}\n" for step in STEPS]
    write_stdout("".join(lines) + f"{'all':<{width}}  every step, in this order\n")


def _rows_of_user(
    sources: list[str] | None,
    drawn: tuple[int | None, float | None, int | None] | None,
    inputs: Rowwise,
    workers: int | None,
) -> tuple[Rows | None, list[str]]:
    """Read the rows of the sources, or of a pipe; None means built-in rows. Add the paths read."""
    if drawn is not None:
        if sources:
            message = "--n, --p and --seed draw built-in rows; they do not go with a source"
            raise UsageError(message)
        return None, []
    is_piped = not sources and _stdin_is_piped()
    if not sources and not is_piped:
        return None, []
    from bce_cli.engine.local import default_workers  # noqa: PLC0415
    from bce_cli.engine.run import Job, collect_rows  # noqa: PLC0415

    data = inputs.data(sources or ["-"])
    try:
        rows = collect_rows(Job(data, workers or default_workers()))
    except EmptyInputError:
        if is_piped:  # started by a program that had nothing to say
            return None, []
        raise
    note_data(data, inputs, is_told=False)
    return rows, paths_read(data)


def _stdin_is_piped() -> bool:
    """Whether standard input is a pipe, a socket or a file; a terminal or a device is not."""
    if sys.stdin is None or sys.stdin.isatty():
        return False
    try:
        return not stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError):
        return True


def _built_in(step: Step, drawn: tuple[int | None, float | None, int | None] | None) -> Rows:
    from bce_cli.core.derivation.samples import built_in_rows, drawn_rows  # noqa: PLC0415

    if drawn is None and step.name != "underflow":
        return built_in_rows()
    n, p, seed = drawn or (None, None, None)
    return drawn_rows(
        _N if n is None else n, _P if p is None else p, _SEED if seed is None else seed
    )


def _text(
    results: Sequence[tuple[Step, Any]],
    pages: Sequence[tuple[Step, StepPage]],
    output_format: DemoFormatOpt,
    look: Look,
) -> str:
    if output_format == "json":
        from bce_cli.render.demo import write_steps  # noqa: PLC0415

        return write_steps([(step.name, result) for step, result in results])
    from bce_cli.render.demo import page_sections  # noqa: PLC0415
    from bce_cli.render.write import draw, write_markdown  # noqa: PLC0415

    write = write_markdown if output_format == "markdown" else lambda s: draw(s, look)
    return "\n".join(write(page_sections(page, following(step), look)) for step, page in pages)


def _plot(
    pages: Sequence[tuple[Step, StepPage]],
    outputs: ExitStack,
    plot: str,
    picture: str,
    inputs: Sequence[str],
) -> None:
    from bce_cli.render.drawing import plot_curves  # noqa: PLC0415 -- an extra

    curves = [curve for _, page in pages for curve in page.curves]
    if not curves:
        message = "there is no curve to draw in this step"
        raise UsageError(message, "negative-log, scaling, underflow and gradient have one")
    plot_curves(curves, outputs.enter_context(staged_output(plot, inputs)), picture)
