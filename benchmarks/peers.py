"""The tools that bce is timed beside, and what they need."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks import peer_commands

if TYPE_CHECKING:
    from benchmarks.peer_commands import Commands


@dataclass(frozen=True)
class Peer:
    """A tool that computes the same.

    Parameters
    ----------
    name
        What it is called in tables.
    commands
        Its command for each piece of work that it can do.
    modules
        Python modules that it needs.
    program
        Program that it needs, if any.
    bytes_a_row
        About how much memory it takes for a row, if it holds all rows at once.
    most_rows
        Beyond these it takes too long.
    """

    name: str
    commands: Commands
    modules: tuple[str, ...] = ()
    program: str = ""
    bytes_a_row: int = 0
    most_rows: int = 1_000_000_000

    def lacks(self, rows: int) -> str:
        """Say what it lacks to work on so many rows, or nothing."""
        for module in self.modules:
            if find_spec(module) is None:
                return f"the Python package {module} is not installed"
        if self.program and shutil.which(self.program) is None:
            return f"{self.program} is not installed"
        if rows > self.most_rows:
            return f"it is run on {self.most_rows:,} rows at the most, as it takes long"
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if rows * self.bytes_a_row > memory:
            needed = rows * self.bytes_a_row / 1e9
            return f"it takes about {needed:.0f} GB and the machine has {memory / 1e9:.0f}"
        return ""


SLOW = 10_000_000

PEERS = {
    "sklearn": Peer(
        "scikit-learn, pandas",
        peer_commands.SKLEARN,
        ("sklearn", "pandas"),
        bytes_a_row=150,
        most_rows=SLOW,
    ),
    "sklearn-pyarrow": Peer(
        "scikit-learn, pandas with pyarrow",
        peer_commands.SKLEARN_ARROW,
        ("sklearn", "pandas", "pyarrow"),
        bytes_a_row=150,
        most_rows=SLOW,
    ),
    "numpy": Peer(
        "NumPy, pandas with pyarrow",
        peer_commands.NUMPY_ARROW,
        ("numpy", "pandas", "pyarrow"),
        bytes_a_row=100,
    ),
    "polars": Peer("Polars", peer_commands.POLARS, ("polars",)),
    "duckdb": Peer("DuckDB", peer_commands.DUCKDB, ("duckdb",)),
    "duckdb-shell": Peer("DuckDB's shell", peer_commands.DUCKDB_SHELL, program="duckdb"),
    "mawk": Peer("mawk", peer_commands.MAWK, program="mawk", most_rows=SLOW),
    "miller": Peer("Miller", peer_commands.MILLER, program="mlr", most_rows=SLOW),
}
