"""Measure how fast a small file is done, and how much memory a large one takes.

Run `python benchmarks/startup_and_memory.py` from a clone, where `bce` is installed. It makes its
data in a temporary folder, seeded, and prints a table in Markdown: medians over whole processes,
taken in turn so that a drift of the machine hits all alike.
"""

import statistics
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # so that its neighbours are found

from benchmarks.peer_data import DATA, data_file
from benchmarks.process_times import run

PYTHON = sys.executable
BCE = (str(Path(PYTHON).with_name("bce")),)
COLUMNS = ("--label", "label", "--prediction", "prediction")


def main() -> None:
    """Print the table."""
    small, large = (str(data_file(DATA, "csv", rows)) for rows in (10_000, 10_000_000))
    imports = "import numpy, pyarrow.csv, typer"
    commands = {
        f'`python -c "{imports}"`': ((PYTHON, "-c", imports), 15),
        '`python -c "import numpy, rich.table, typer"`': (
            (PYTHON, "-c", "import numpy, rich.table, typer"),
            15,
        ),
        "`bce demo underflow`": ((*BCE, "demo", "underflow", "--seed", "0"), 15),
        '`python -c "import typer"`': ((PYTHON, "-c", "import typer"), 15),
        "`bce --version`": ((*BCE, "--version"), 15),
        "`bce --help`": ((*BCE, "--help"), 15),
        "`bce compute -q`, 10 thousand rows": ((*BCE, "compute", "-q", small), 15),
        "`bce compute`, 10 thousand rows": ((*BCE, "compute", small), 15),
        "`bce compute -q`, 10 million rows": ((*BCE, "compute", "-q", large), 5),
        "`bce compute`, 10 million rows": ((*BCE, "compute", large), 5),
        "`bce compute`, 10 million rows, 1 worker": ((*BCE, "compute", "--workers", "1", large), 5),
        "`bce compute --per-example -f csv`, 10 million rows": (
            (*BCE, "compute", *COLUMNS, "--per-example", "-f", "csv", large),
            3,
        ),
    }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for repeat in range(max(times for _, times in commands.values())):
        for name, (command, times) in commands.items():
            if repeat < times:
                done = run(command)
                measured[name].append((done.seconds, done.megabytes))
    base = statistics.median(seconds for seconds, _ in measured[next(iter(commands))])
    print("| command | seconds | of the first | peak MB |\n|:---|---:|---:|---:|")
    for name, figures in measured.items():
        seconds = statistics.median(second for second, _ in figures)
        memory = statistics.median(megabytes for _, megabytes in figures)
        print(f"| {name} | {seconds:.3f} | {seconds / base:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
