"""Print the mean of the losses in a file: `python benchmarks/read_losses.py PATH`.

It says whether what a tool has written for every row is right; rows out of order are refused.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

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
        numbers = batch["row"].to_pylist()
        if numbers != list(range(row + 1, row + len(numbers) + 1)):
            message = f"the rows after {row} are not in order"
            raise SystemExit(message)
        row += len(numbers)
        yield from batch["loss"].to_pylist()


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
    print(mean(sys.argv[1]))
