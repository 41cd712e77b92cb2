"""Print the mean of the losses in a file: `python benchmarks/read_losses.py PATH`.

It says whether what a tool has written for every row, or for every segment, is right; rows out of
order are refused.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def batches(path: str) -> Iterator[Any]:
    """Give the rows as record batches of pyarrow, few at a time."""
    from pyarrow import csv, parquet

    if path.endswith(".parquet"):
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(columns=["row", "loss"])
    else:
        yield from csv.open_csv(path)


def losses(path: str) -> Iterator[float]:
    """Give the losses in order.

    Raises
    ------
    SystemExit
        If the rows are not numbered 1, 2, 3 and so on.
    """
    row = 0
    for batch in batches(path):
        numbers = batch["row"].to_numpy()
        if not np.array_equal(numbers, np.arange(row + 1, row + len(numbers) + 1)):
            message = f"the rows after {row} are not in order"
            raise SystemExit(message)
        row += len(numbers)
        yield from batch["loss"].to_numpy().tolist()


def mean_of_segments(path: str) -> float:
    """Return the mean loss of all segments, each by its number of rows.

    Raises
    ------
    SystemExit
        If a segment is told twice.
    """
    from pyarrow import csv

    table = csv.read_csv(path)
    counts, means = (table[name].to_numpy() for name in ("n", "mean_loss"))
    if len(table["segment"].unique()) < len(table):
        message = "a segment is told twice"
        raise SystemExit(message)
    return math.fsum(counts * means) / int(counts.sum())


def mean(path: str) -> float:
    """Return the mean of the losses, rounded once for the sum and once for the quotient."""
    count = 0

    def counted() -> Iterator[float]:
        nonlocal count
        for count, loss in enumerate(losses(path), start=1):  # noqa: B007 -- it is used below
            yield loss

    total = math.fsum(counted())
    return total / count


if __name__ == "__main__":
    path = sys.argv[1]
    print(mean_of_segments(path) if ".segments." in path else mean(path))
