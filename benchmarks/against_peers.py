"""Time bce beside the tools that people would use otherwise.

Run `python benchmarks/against_peers.py` where `bce` is installed with its extra `bench`. It makes
its data once, runs bce and every peer that is installed in turn, each as a process of its own, and
prints medians, ratios, processor time and peak memory. `--help` says what can be chosen.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1]))  # so that its neighbours are found

from benchmarks.machine import machine
from benchmarks.peer_chart import draw
from benchmarks.peer_data import DATA
from benchmarks.peer_table import growth, heading, rows_in_words, table
from benchmarks.peer_targets import sizes, targets_table
from benchmarks.peer_tasks import TASKS, Task, commands, shown
from benchmarks.peer_times import SkippedError, measure
from benchmarks.peers import PEERS
from benchmarks.process_times import FailedRunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.peer_result import Result

ROWS = (10_000, 1_000_000, 10_000_000)
UNITS = {"k": 1_000, "M": 1_000_000}
UNFIT = set("'\"\\$`")  # they would end the quotes around a path in the peers' commands


def number_of_rows(text: str) -> int:
    """Read a number such as 10000, 10_000, 10k or 100M."""
    unit = UNITS.get(text[-1:], 1)
    try:
        rows = int(text.rstrip("kM") if unit > 1 else text) * unit
    except ValueError:
        rows = 0
    if rows < 1:
        message = f"{text!r} is no number of rows such as 10000, 10k or 100M"
        raise argparse.ArgumentTypeError(message)
    return rows


def number_of_pairs(text: str) -> int:
    """Read a number that is 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        message = f"{text!r} is not 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def folder_of_data(text: str) -> Path:
    """Read a path that can stand in quotes."""
    path = Path(text).absolute()
    if UNFIT & set(str(path)):
        message = f"{text!r} has a quote, a backslash, $ or `, which the commands cannot hold"
        raise argparse.ArgumentTypeError(message)
    return path


def chart_file(text: str) -> Path:
    """Read the path of the chart, before hours are spent on what it shows."""
    path = Path(text)
    if find_spec("matplotlib") is None:
        message = "a chart needs matplotlib: install the extra 'bench'"
        raise argparse.ArgumentTypeError(message)
    if not path.parent.is_dir():
        message = f"there is no folder {path.parent}"
        raise argparse.ArgumentTypeError(message)
    return path


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description="Time bce beside the tools that people would use otherwise.",
        epilog="It ends with 1 if an answer is wrong.",
    )
    add = parser.add_argument
    add(
        "--only",
        nargs="+",
        choices=TASKS,
        default=list(TASKS),
        metavar="WORK",
        help=f"do these alone: {', '.join(TASKS)}",
    )
    add(
        "--peers",
        nargs="+",
        choices=PEERS,
        default=list(PEERS),
        metavar="PEER",
        help=f"beside bce, run these alone: {', '.join(PEERS)}",
    )
    add(
        "--rows",
        nargs="+",
        type=number_of_rows,
        metavar="N",
        help="sizes of the files, such as 10k 1M 10M 100M; without it, 10k 1M 10M",
    )
    add(
        "--targets",
        action="store_true",
        help="do what has a target, and of the sizes it has a target for",
    )
    add("--pairs", type=number_of_pairs, default=5, metavar="N", help="timed runs a tool; 5")
    add(
        "--runs",
        type=number_of_pairs,
        default=1,
        metavar="N",
        help="measure all so many times, and print medians of the medians and their range",
    )
    add(
        "--data",
        type=folder_of_data,
        default=DATA,
        metavar="FOLDER",
        help=f"where the data is made, and kept for the next time; {DATA}",
    )
    add("--markdown", action="store_true", help="print tables in Markdown")
    add(
        "--chart",
        type=chart_file,
        metavar="FILE",
        help="draw time against rows (PNG, or what the name says)",
    )
    add("--show", action="store_true", help="print the commands and run nothing")
    return parser.parse_args()


def show(names: list[str], peers: list[str]) -> None:
    """Print every command; PATH is the file that is read, OUT the one that is written."""
    for name in names:
        print(f"# {name}: {TASKS[name].title}")
        for tool, command in commands(name, peers).items():
            print(f"# {tool}\n{shown(command)}")
        print()


def pieces(options: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """Give what is to be measured: a key of `TASKS`, and rows."""
    for name in options.only:
        wanted = options.rows and set(options.rows)
        if options.targets:
            yield from ((name, rows) for rows in sizes(name) if not wanted or rows in wanted)
        elif not TASKS[name].form:
            yield name, 0
        else:
            yield from ((name, rows) for rows in sorted(wanted or ROWS))


def measure_all(options: argparse.Namespace) -> list[Result]:
    """Measure and print piece after piece, so that an interrupted run has shown what it did.

    What is measured several times is printed when it is done for the last time.
    """
    results: dict[tuple[str, int], Result] = {}
    left_out = set()
    for number in range(1, options.runs + 1):
        for name, rows in pieces(options):
            if (name, rows) in left_out:
                continue
            print(f"run {number} of {options.runs}", file=sys.stderr)
            try:
                result = measure(name, rows, options.data, options.pairs, options.peers)
            except SkippedError as reason:
                size = f", {rows_in_words(rows)}" if rows else ""
                print(f"Left out: {TASKS[name].title}{size}: {reason}.\n", flush=True)
                left_out.add((name, rows))
                continue
            earlier = results.get((name, rows))
            results[name, rows] = result if earlier is None else earlier.with_series(result)
            if number == options.runs:
                print(f"{table(results[name, rows], options.markdown)}\n", flush=True)
    return [*results.values()]


def title(options: argparse.Namespace) -> str:
    """Say what was run, when and on what."""
    how = f"Rounds: {options.pairs}"
    if options.runs > 1:
        how = f"Medians of {options.runs} runs, and of the rounds in each, {options.pairs}"
    if not options.markdown:
        return f"{machine()}\n{how}.\n"
    today = datetime.now().astimezone()
    command = shlex.join(["python", "benchmarks/against_peers.py", *sys.argv[1:]])
    return (
        f"### Results of {today.day} {today:%B %Y}\n\n{machine()} {how}:\n\n```sh\n{command}\n```\n"
    )


def is_mean(name: str) -> bool:
    """Whether a piece of work gives the mean loss of the rows, in whatever form these are."""
    task = TASKS[name]
    return not task.output and task.answer == Task.answer


def complaints(results: list[Result]) -> list[str]:
    """Return what is wrong with the answers.

    bce must print the same digits for the same rows, whatever form they have and however they come.
    """
    found = [
        f"{heading(result)}: {tool.tool} answers {tool.answers[0]}, {result.tools[0].tool} "
        f"{result.tools[0].answers[0]}"
        for result in results
        for tool in result.wrong()
    ]
    for rows in sorted({result.rows for result in results if result.rows}):
        ours = {
            answer
            for result in results
            for tool in result.tools
            if result.rows == rows and is_mean(result.name) and tool.is_bce
            for answer in tool.answers
        }
        if len(ours) > 1:
            found.append(f"{rows_in_words(rows)}: bce answers {' and '.join(sorted(ours))}")
    return found


def main() -> int:
    """Measure and print; return the exit code."""
    options = arguments()
    if options.show:
        show(options.only, options.peers)
        return 0
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        print(title(options), flush=True)
        results = measure_all(options)
    except (FailedRunError, OSError) as error:
        print(f"against_peers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if held := targets_table(results, options.markdown):
        print(f"{held}\n")
    if grown := growth(results, options.markdown):
        print(f"{grown}\n")
    if options.chart and any(result.rows for result in results):
        draw(results, options.chart)
    wrong = complaints(results)
    for complaint in wrong:
        print(f"against_peers: {complaint}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
