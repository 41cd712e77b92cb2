"""What was measured: a tool's runs of a piece of work, and all tools' runs side by side."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.peer_commands import Command
    from benchmarks.process_times import Run

AGREEMENT = 1e-9  # relative: sums of floats may differ in their last digits, and not in more


@dataclass
class Timed:
    """A tool's runs of a piece of work, and what it answered, the warm-up's included.

    Figures are medians of the runs of a series; of several series, medians of these.

    Parameters
    ----------
    tool
        Its name.
    command
        What was run.
    series
        The timed runs, in one list for each time that all was measured.
    answers
        Means as they were printed; empty if the work has none.
    """

    tool: str
    command: Command
    series: list[list[Run]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @property
    def is_bce(self) -> bool:
        """Whether the tool is bce itself."""
        return self.tool.startswith("bce")

    @property
    def seconds(self) -> float:
        """Median of the wall times."""
        return statistics.median(self._medians("seconds"))

    @property
    def span(self) -> tuple[float, float]:
        """Least and greatest wall time of a series."""
        medians = self._medians("seconds")
        return min(medians), max(medians)

    @property
    def cpu_seconds(self) -> float:
        """Median of the processor times."""
        return statistics.median(self._medians("cpu_seconds"))

    @property
    def megabytes(self) -> float:
        """Median of the peaks of memory."""
        return statistics.median(self._medians("megabytes"))

    def _medians(self, figure: str) -> list[float]:
        return [statistics.median(getattr(run, figure) for run in runs) for runs in self.series]

    def times_of(self, first: Timed) -> float:
        """Return the median of the ratios of paired runs: a drift of the machine hits both."""
        return statistics.median(self.each_times_of(first))

    def each_times_of(self, first: Timed) -> list[float]:
        """Return the same of each series."""
        return [
            statistics.median(
                mine.seconds / other.seconds for mine, other in zip(*runs, strict=True)
            )
            for runs in zip(self.series, first.series, strict=True)
        ]

    def agrees_with(self, first: Timed) -> bool:
        """Say whether every answer is that of the first tool, but for rounding."""
        expected = [float(answer) for answer in first.answers[:1]]
        return all(
            math.isclose(float(answer), mean, rel_tol=AGREEMENT)
            for answer in self.answers
            for mean in expected
        )


@dataclass(frozen=True)
class Result:
    """All tools' runs of a piece of work.

    Parameters
    ----------
    name
        Key of the work in `TASKS`.
    rows
        Rows of the file, 0 if there is none.
    tools
        The tools, first the one that all are compared with.
    notes
        What was left out, and why.
    """

    name: str
    rows: int
    tools: list[Timed]
    notes: list[str]

    @property
    def n_series(self) -> int:
        """How often all was measured."""
        return len(self.tools[0].series)

    def tool(self, name: str) -> Timed | None:
        """Return the tool that is called so."""
        return next((tool for tool in self.tools if tool.tool == name), None)

    def with_series(self, other: Result) -> Result:
        """Return the series of both, of the tools that were measured in both."""
        tools = [
            Timed(mine.tool, mine.command, mine.series + its.series, mine.answers + its.answers)
            for mine in self.tools
            for its in other.tools
            if mine.tool == its.tool
        ]
        return Result(self.name, self.rows, tools, list(dict.fromkeys(self.notes + other.notes)))

    def wrong(self) -> list[Timed]:
        """Return the tools whose answers are not those of the first."""
        return [tool for tool in self.tools if not tool.agrees_with(self.tools[0])]
