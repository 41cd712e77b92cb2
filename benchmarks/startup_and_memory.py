"""Measure how fast a small file is done, and how much memory a large one takes.

Run `python benchmarks/startup_and_memory.py` from a clone, where `bce` is installed. It makes its
data under benchmarks/data, seeded, and prints a table in Markdown: medians over whole processes,
taken in turn so that a drift of the machine hits all alike.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

DATA = Path(__file__).parent / "data"
PYTHON = sys.executable
BCE = (PYTHON, "-m", "bce_cli")
COLUMNS = ("--label", "label", "--prediction", "prediction")


MAKE = """
import sys
import numpy as np
path, n = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(20261124)
with open(path, "w", encoding="ascii", newline="\\n") as stream:
    stream.write("label,prediction\\n")
    for start in range(0, n, 1_000_000):
        probabilities = rng.random(min(1_000_000, n - start))
        labels = (rng.random(len(probabilities)) < probabilities).astype(int)
        rows = zip(labels.tolist(), probabilities.tolist(), strict=True)
        stream.writelines(f"{label},{probability!r}\\n" for label, probability in rows)
"""


def csv_file(n: int) -> Path:
    """Make a file of `n` rows with two columns, unless it is there.

    In a process of its own: the peak memory of a child is never less than its parent's at the fork.
    """
    path = DATA / f"{n}.csv"
    if not path.exists():
        DATA.mkdir(exist_ok=True)
        subprocess.run([PYTHON, "-c", MAKE, str(path), str(n)], check=True)
    return path


def run(command: tuple[str, ...]) -> tuple[float, float]:
    """Run a command; return its wall seconds and its peak memory in MB."""
    start = time.perf_counter()
    child = os.posix_spawn(
        command[0],
        list(command),
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status:
        message = f"failed: {' '.join(command)}"
        raise SystemExit(message)
    return seconds, usage.ru_maxrss / 1e3  # kilobytes on Linux


def main() -> None:
    """Print the table."""
    small, large = str(csv_file(10_000)), str(csv_file(10_000_000))
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
                measured[name].append(run(command))
    base = statistics.median(seconds for seconds, _ in measured[next(iter(commands))])
    print("| command | seconds | of the first | peak MB |\n|:---|---:|---:|---:|")
    for name, figures in measured.items():
        seconds = statistics.median(second for second, _ in figures)
        memory = statistics.median(megabytes for _, megabytes in figures)
        print(f"| {name} | {seconds:.3f} | {seconds / base:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
