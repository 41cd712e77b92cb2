"""Time what a row costs: each part by itself, on one core, in nanoseconds.

Run `python benchmarks/time_of_a_row.py` where `bce` is installed. It makes a block of rows, does
each part again and again in turn, and prints the least time of each, divided by the rows.
"""

from __future__ import annotations

import io
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli import ExactSum
from bce_cli.core.conventions import EXACT
from bce_cli.core.mean_loss import MeanTotals
from bce_cli.core.rows import Rows
from bce_cli.core.rules import chosen
from bce_cli.core.totals import LossTotals
from bce_cli.readers.delimited import DelimitedFile
from bce_cli.readers.grammar import InputOptions

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 190_000  # as many as a block of 4 MiB has
TURNS = 15


def parse(text: bytes) -> Any:  # noqa: ANN401 -- a table of pyarrow
    """Let pyarrow parse the same text, one thread, types told."""
    import pyarrow as pa
    from pyarrow import csv

    return csv.read_csv(
        pa.py_buffer(text),
        csv.ReadOptions(use_threads=False, block_size=len(text) + 1),
        csv.ParseOptions(quote_char=False),
        csv.ConvertOptions(column_types={"label": pa.bool_(), "prediction": pa.float64()}),
    )


def decode(stream: bytes) -> Any:  # noqa: ANN401 -- a table of pyarrow
    """Let pyarrow decode the same rows from Parquet, one thread."""
    import pyarrow as pa
    from pyarrow import parquet

    return parquet.ParquetFile(pa.BufferReader(stream)).read(use_threads=False)


def parts() -> dict[str, Callable[[], object]]:
    """Return what is timed, by what it is called."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(7)
    probabilities = rng.beta(0.6, 0.6, ROWS)
    labels = rng.random(ROWS) < probabilities
    pairs = zip(labels.tolist(), probabilities.tolist(), strict=True)
    text = "label,prediction\n" + "".join(f"{label:d},{p!r}\n" for label, p in pairs)
    options = InputOptions(block_bytes=len(text) + 1)
    (block,) = DelimitedFile(io.BytesIO(text.encode()), "-", (), options).blocks()
    packed = io.BytesIO()
    parquet.write_table(pa.table({"label": labels, "prediction": probabilities}), packed)
    rows = Rows(labels, probabilities)
    losses, others = EXACT.losses_both_ways(rows)
    return {
        "CSV to numbers, checked": block.read,
        "the same by pyarrow's parser, unchecked": partial(parse, text.encode()),
        "Parquet to numbers by pyarrow": partial(decode, packed.getvalue()),
        "loss for the label alone": partial(EXACT.losses, rows),
        "all of `-q`, that loss among it": partial(MeanTotals.of, rows),
        "losses for the label and for the other": partial(EXACT.losses_both_ways, rows),
        "of these, np.log": partial(np.log, probabilities),
        "of these, np.log1p": partial(np.log1p, -probabilities),
        "of these, the choice by bits": partial(chosen, labels, losses, others),
        "that choice by np.where": partial(np.where, labels, losses, others),
        "all sums and counts": partial(LossTotals.of, rows, losses, EXACT, others),
        "of these, the exact sum of the losses": partial(ExactSum.of, losses),
        "of these, the exact sum of their squares": partial(ExactSum.of_products, losses, losses),
        "np.sum of the losses, rounded": partial(np.sum, losses),
    }


def main() -> None:
    """Time and print."""
    timed = parts()
    least = dict.fromkeys(timed, float("inf"))
    for _ in range(TURNS):
        for name, run in timed.items():
            start = time.perf_counter()
            run()
            least[name] = min(least[name], time.perf_counter() - start)
    for name, seconds in least.items():
        print(f"{name:41} {seconds / ROWS * 1e9:6.1f} ns")


if __name__ == "__main__":
    main()
