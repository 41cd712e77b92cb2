"""What was aimed at, and what came of it: the time of bce as a ratio to that of another tool."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.peer_table import peak, rows_in_words, seconds, section, span
from benchmarks.peer_tasks import TASKS
from benchmarks.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.peer_result import Result, Timed

ONE_WORKER, ARGSORT = "bce, 1 worker", "np.argsort"
TEN_THOUSAND, MILLION = 10_000, 1_000_000


@dataclass(frozen=True)
class Target:
    """A piece of work that should take no longer than so many times what another tool takes.

    Parameters
    ----------
    work
        Key of the work in `TASKS`.
    rows
    times
        At most so many times.
    tool
        The other tool; `best_peer`, if it is empty.
    """

    work: str
    rows: int
    times: float
    tool: str = ""


TARGETS = (
    Target("csv", TEN_THOUSAND, 0.95),
    Target("csv", MILLION, 0.95),
    Target("csv", 10 * MILLION, 0.95),
    Target("csv", 100 * MILLION, 1.3),
    Target("wide", MILLION, 1.0),
    Target("gzip", MILLION, 1.0),
    Target("parquet", 10 * MILLION, 1.1),
    Target("jsonl", MILLION, 1.2),
    Target("losses-csv", 10 * MILLION, 1.0),
    Target("losses-parquet", 10 * MILLION, 1.0),
    Target("segments", MILLION, 3.0),
    Target("join", MILLION, 1.5),
    Target("compare", 10 * MILLION, 1.1),
    # 2.5 s and, with weights, 4 s where np.argsort takes 1.44 s, and 0.36 s to read what it sorts
    Target("calibration", 10 * MILLION, 1.4, ARGSORT),
    Target("calibration-weights", 10 * MILLION, 2.2, ARGSORT),
    Target("workers", 10 * MILLION, 0.588, ONE_WORKER),  # 1.7 times as fast
    Target("call", TEN_THOUSAND, 0.5, "scikit-learn"),
    Target("call", MILLION, 0.5, "scikit-learn"),
    Target("call", MILLION, 3.0, "NumPy"),
    Target("call", 10 * MILLION, 3.0, "NumPy"),
)


def sizes(work: str) -> list[int]:
    """Return the numbers of rows that a piece of work has targets for."""
    return sorted({target.rows for target in TARGETS if target.work == work})


def best_peer(result: Result) -> Timed | None:
    """Return the fastest tool that is neither bce nor a program without Python's start."""
    programs = {peer.name for peer in PEERS.values() if peer.program}
    peers = [tool for tool in result.tools if not tool.is_bce and tool.tool not in programs]
    return min(peers, key=lambda tool: tool.seconds, default=None)


def met(results: Sequence[Result]) -> Iterator[tuple[Result, Timed, Target | None]]:
    """Give every result with what bce is held against, and the target if there is one."""
    for result in results:
        targets: list[Target | None] = [
            target for target in TARGETS if (target.work, target.rows) == (result.name, result.rows)
        ]
        for target in targets or [None]:
            named = target.tool if target is not None else ""
            other = result.tool(named) if named else best_peer(result)
            if other is not None and result.rows:
                yield result, other, target


def line_of(result: Result, other: Timed, target: Target | None) -> dict[str, str]:
    """Return a line of the table by the heads of its columns."""
    bce = result.tools[0]
    ratios = bce.each_times_of(other)
    ratio = statistics.median(ratios)
    cells = {
        "work": f"{TASKS[result.name].title}, {rows_in_words(result.rows)}",
        "beside": other.tool,
        "its seconds": seconds(other.seconds),
        "seconds": seconds(bce.seconds),
    }
    if result.n_series > 1:
        cells["range"] = span(*bce.span)
    cells |= {"CPU seconds": seconds(bce.cpu_seconds), "peak MB": peak(bce.megabytes)}
    cells["ratio"] = f"{ratio:.2f}"
    if result.n_series > 1:
        cells["its range"] = f"{min(ratios):.2f} to {max(ratios):.2f}"
    cells["target"] = "" if target is None else f"{target.times:.2f}"
    cells["of the target"] = "" if target is None else f"{ratio / target.times:.2f}"
    return cells


def targets_table(results: Sequence[Result], markdown: bool) -> str:
    """Return what bce takes beside the fastest other tool, with the targets; or nothing."""
    lines = [line_of(*found) for found in met(results)]
    if not lines:
        return ""
    n_targets = sum(bool(line["target"]) for line in lines)
    n_met = sum(float(line["of the target"] or 2) <= 1 for line in lines)
    notes = [f"Of {n_targets} targets {n_met} are met: 1.00 of the target, or less."]
    cells = [[*line.values()] for line in lines]
    head = [*lines[0]]
    return section(
        "Beside the best", head, cells, notes if n_targets else [], markdown=markdown, texts=2
    )
