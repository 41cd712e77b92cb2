"""Draw the time of every tool against the number of rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchmarks.peer_tasks import TASKS
from benchmarks.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peer_result import Result

SHADES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#b8a400")
ALIKE = {"scikit-learn": "scikit-learn, pandas", "NumPy": "NumPy, pandas with pyarrow"}
ACROSS = 3  # panels beside each other, at the most


def curves(results: Sequence[Result], name: str) -> dict[str, list[tuple[int, float]]]:
    """Return (rows, seconds) of every tool for a piece of work, in the order of the rows."""
    points: dict[str, list[tuple[int, float]]] = {}
    for result in sorted(results, key=lambda result: result.rows):
        if result.name == name and result.rows:
            for tool in result.tools:
                points.setdefault(tool.tool, []).append((result.rows, tool.seconds))
    return points


def n_sizes(points: dict[str, list[tuple[int, float]]]) -> int:
    """Return how many sizes of files were read at the most."""
    return max(map(len, points.values()))


def style(tool: str) -> dict[str, Any]:
    """Return how the line of a tool looks: the same in every panel, and bce before all others."""
    names = [peer.name for peer in PEERS.values()]
    if ALIKE.get(tool, tool) in names:
        shade = SHADES[names.index(ALIKE.get(tool, tool))]
        return {"color": shade, "linewidth": 1.3, "markersize": 3.5, "zorder": 2}
    first = tool in {"bce", "bce, 2 workers"}
    line = "-" if first else ":"
    return {"color": "black", "linewidth": 2.4, "markersize": 5, "zorder": 3, "linestyle": line}


def draw(results: Sequence[Result], path: Path) -> None:
    """Write a chart with a panel for each piece of work of several sizes, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    found = [(name, points) for name in TASKS if (points := curves(results, name))]
    panels = [panel for panel in found if n_sizes(panel[1]) > 1] or found
    across = min(len(panels), ACROSS)
    down = math.ceil(len(panels) / across)
    figure, axes = plt.subplots(
        down, across, squeeze=False, figsize=(7 * across, 5 * down), layout="constrained"
    )
    lines: dict[str, Any] = {}
    for axis, (name, points) in zip(axes.flat, panels, strict=False):
        for tool, line in points.items():
            (lines[tool],) = axis.plot(*zip(*line, strict=True), marker="o", **style(tool))
        axis.set(xscale="log", yscale="log", title=TASKS[name].title)
        timed = "a call" if TASKS[name].is_call else "whole process"
        axis.set(xlabel="rows", ylabel=f"seconds ({timed}, median)")
        axis.grid(which="major", color="#dddddd")
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    names = sorted(lines, key=lambda tool: not tool.startswith("bce"))
    handles = [lines[name] for name in names]
    figure.legend(handles, names, loc="outside right upper", frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
