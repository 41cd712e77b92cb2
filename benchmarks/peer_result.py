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

    Parameters
    ----------
    tool
        Its name.
    command
        What was run.
    runs
        The timed runs.
    answers
        Means as they were printed; empty if the work has none.
    """

    tool: str
    command: Command
    runs: list[Run] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @property
    def is_bce(self) -> bool:
        """Whether the tool is bce itself."""
        return self.tool.startswith("bce")

    @property
    def seconds(self) -> float:
        """Median of the wall times."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """Median of the processor times."""
        return statistics.median(run.cpu_seconds for run in self.runs)

    @property
    def megabytes(self) -> float:
        """Median of the peaks of memory."""
        return statistics.median(run.megabytes for run in self.runs)

    def times_of(self, first: Timed) -> float:
        """Return the median of the ratios of paired runs: a drift of the machine hits both."""
        pairs = zip(self.runs, first.runs, strict=True)
        return statistics.median(mine.seconds / other.seconds for mine, other in pairs)

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

    def wrong(self) -> list[Timed]:
        """Return the tools whose answers are not those of the first."""
        return [tool for tool in self.tools if not tool.agrees_with(self.tools[0])]
