"""Tables of what was measured, as text in columns or as Markdown."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from benchmarks.peer_tasks import TASKS
from benchmarks.process_times import PEAK_UNIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peer_result import Result, Timed

LARGE = 1_000_000  # with fewer rows, most of the time is the start
SHORT = 0.01  # seconds, of which three digits say too little


def rows_in_words(rows: int) -> str:
    """Return a number of rows as a person says it.

    Examples
    --------
    >>> rows_in_words(10_000_000)
    '10 million rows'
    """
    for size, word in ((1_000_000, "million"), (1_000, "thousand")):
        if rows and rows % size == 0:
            return f"{rows // size} {word} rows"
    return f"{rows:,} rows"


def heading(result: Result) -> str:
    """Say what was timed."""
    rows = f", {rows_in_words(result.rows)}" if result.rows else ""
    return f"{TASKS[result.name].title}{rows}"


def peak(megabytes: float) -> str:
    """Return a peak of memory; less than that of this script cannot be told from it."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / 1e6
    return f"{megabytes:.0f}" if megabytes > own else f"≤ {own:.0f}"


def digits(tool: Timed, first: Timed) -> str:
    """Say whether a tool's answers agree with those of the first, and with one another."""
    if not tool.agrees_with(first):
        return "WRONG"
    different = len(set(tool.answers))
    return "the same" if different == 1 else f"{different} different"


def seconds(number: float) -> str:
    """Return seconds in digits enough for a call of microseconds.

    Examples
    --------
    >>> seconds(1.2345), seconds(0.0001234)
    ('1.234', '0.000123')
    """
    return f"{number:.3f}" if number >= SHORT else f"{number:.6f}"


def span(low: float, high: float) -> str:
    """Return the least and the greatest of several."""
    return f"{seconds(low)} to {seconds(high)}"


def line_of(tool: Timed, first: Timed, answer: str) -> dict[str, str]:
    """Return a tool's line of the table by the heads of its columns."""
    cells = {"tool": tool.tool, "seconds": seconds(tool.seconds)}
    if len(tool.series) > 1:
        cells["range"] = span(*tool.span)
    cells |= {
        "of the first": f"{tool.times_of(first):.2f}",
        "CPU seconds": seconds(tool.cpu_seconds),
        "peak MB": peak(tool.megabytes),
    }
    if first.answers:
        has_answer = bool(tool.answers)
        cells[answer] = tool.answers[0] if has_answer else ""
        cells["digits"] = digits(tool, first) if has_answer else ""
    return cells


def table(result: Result, markdown: bool) -> str:
    """Return a piece of work with a line for each tool, and notes on what was left out."""
    first, answer = result.tools[0], TASKS[result.name].answer
    lines = [line_of(tool, first, answer) for tool in result.tools]
    notes = [f"Left out: {note}." for note in result.notes]
    cells = [[*line.values()] for line in lines]
    return section(heading(result), [*lines[0]], cells, notes, markdown=markdown)


def growth(results: Sequence[Result], markdown: bool) -> str:
    """Return the time a row of the two largest files of each form, or nothing."""
    lines = []
    for name in TASKS:
        sizes = [result for result in results if result.name == name and result.rows >= LARGE]
        if len(sizes) > 1:
            small, large = sorted(sizes, key=lambda result: result.rows)[-2:]
            lines += growth_lines(small, large)
    head = ("work", "tool", "rows", "ns a row", "rows", "ns a row", "ratio")
    return section("Growth", head, lines, [], markdown=markdown, texts=2) if lines else ""


def growth_lines(small: Result, large: Result) -> list[list[str]]:
    """Return a line for each tool that has read both files."""
    lines = []
    for tool in small.tools:
        for same in (other for other in large.tools if other.tool == tool.tool):
            few, many = (1e9 * tool.seconds / small.rows, 1e9 * same.seconds / large.rows)
            sizes = [f"{small.rows:,}", f"{few:.1f}", f"{large.rows:,}", f"{many:.1f}"]
            lines.append([TASKS[small.name].title, tool.tool, *sizes, f"{many / few:.3f}"])
    return lines


def section(
    title: str,
    head: Sequence[str],
    lines: Sequence[Sequence[str]],
    notes: Sequence[str],
    *,
    markdown: bool,
    texts: int = 1,
) -> str:
    """Lay out a table; its first `texts` columns are words, the others are numbers."""
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    if markdown:
        rule = "|".join(":---" if column < texts else "---:" for column in range(len(head)))
        body = [f"| {' | '.join(line)} |" for line in (head, *lines)]
        return "\n".join([f"**{title}**", "", body[0], f"|{rule}|", *body[1:], *spaced(notes)])
    body = ["  ".join(padded(line, widths, texts)).rstrip() for line in (head, *lines)]
    return "\n".join([title, "-" * len(body[0]), *body, *notes])


def padded(line: Sequence[str], widths: Sequence[int], texts: int) -> list[str]:
    """Pad the cells of a line to the widths of their columns."""
    left = [cell.ljust(width) for cell, width in zip(line[:texts], widths, strict=False)]
    return left + [
        cell.rjust(width) for cell, width in zip(line[texts:], widths[texts:], strict=True)
    ]


def spaced(notes: Sequence[str]) -> list[str]:
    """Return notes as a list of Markdown, which needs an empty line before it."""
    return ["", *(f"- {note}" for note in notes)] if notes else []
