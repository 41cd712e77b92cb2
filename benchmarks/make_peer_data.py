"""Make a file of the benchmarks' data: `python benchmarks/make_peer_data.py FORM ROWS PATH`.

It is run for every file, as a process of its own: the peak memory of a child is never less than its
parent's at the fork, and what makes the data must not count for what reads it.
"""

from __future__ import annotations

import gzip
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))  # so that its neighbours are found

from benchmarks.peer_data import MEASURES, WHOLE, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20261124
CHUNK = 100_000  # rows drawn at a time, so that memory does not grow
LEVEL = 6  # of compression, that of gzip itself
ROW_GROUP = 1_000_000  # rows of a Parquet row group
N_SEGMENTS = 10_000
NOISE = 0.3  # of a rival's log odds


def ids(rows: np.ndarray[Any, Any]) -> list[str]:
    """Name rows by their numbers."""
    return [f"r{row:09d}" for row in rows.tolist()]


def drawn(form: str, first: int) -> dict[str, Any]:
    """Draw the columns of the rows from `first` on: labels are 1 as often as predictions say."""
    rng = np.random.default_rng([SEED, first])
    predictions = rng.random(CHUNK)
    labels = (rng.random(CHUNK) < predictions).astype(np.int8)
    rows = np.arange(first + 1, first + CHUNK + 1)
    columns: dict[str, Any] = {}
    if form == "keyed":
        return {"id": ids(rows), "prediction": predictions}
    if form == "wide":
        columns["id"] = ids(rows)
        columns |= {name: rng.choice(words, CHUNK) for name, words in WORDS.items()}
        columns |= {name: rng.integers(0, top, CHUNK) for name, top in WHOLE.items()}
        columns |= {name: rng.standard_normal(CHUNK) for name in MEASURES}
    columns |= {"label": labels, "prediction": predictions}
    if form == "models":
        odds = predictions / (1 - predictions) * np.exp(NOISE * rng.standard_normal(CHUNK))
        columns["rival"] = odds / (1 + odds)
    elif form == "segments":
        columns["segment"] = [f"s{number:04d}" for number in rng.integers(0, N_SEGMENTS, CHUNK)]
    elif form == "weighted":
        columns["weight"] = rng.random(CHUNK)
    return columns


def chunks(form: str, rows: int) -> Iterator[Any]:
    """Give the rows as record batches of pyarrow."""
    import pyarrow as pa

    starts = range(0, rows, CHUNK)
    drawn_in_order = (drawn(form, first) for first in starts)
    tables = shuffled_labels(rows) if form == "labels" else drawn_in_order
    for first, columns in zip(starts, tables, strict=True):
        arrays = {name: pa.array(column) for name, column in columns.items()}
        yield pa.RecordBatch.from_pydict(arrays).slice(0, rows - first)


def shuffled_labels(rows: int) -> Iterator[dict[str, Any]]:
    """Give labels and ids of all rows in another order."""
    starts = range(0, rows, CHUNK)
    labels = np.concatenate([drawn("csv", first)["label"] for first in starts])
    order = np.random.default_rng(SEED).permutation(rows)
    for first in starts:
        places = order[first : first + CHUNK]
        yield {"id": ids(places + 1), "label": labels[places]}


def write_csv(batches: Iterator[Any], stream: IO[bytes]) -> None:
    """Write CSV without a quote, numbers in the fewest digits that read back the same."""
    from pyarrow import csv

    first = next(batches)
    stream.write((",".join(first.schema.names) + "\n").encode())
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    with csv.CSVWriter(stream, first.schema, write_options=options) as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)


def write_parquet(batches: Iterator[Any], stream: IO[bytes]) -> None:
    """Write Parquet in row groups of a million rows."""
    import pyarrow as pa
    from pyarrow import parquet

    held = [next(batches)]
    with parquet.ParquetWriter(stream, held[0].schema) as writer:
        for batch in batches:
            if len(held) * CHUNK >= ROW_GROUP:
                writer.write_table(pa.Table.from_batches(held))
                held = []
            held.append(batch)
        writer.write_table(pa.Table.from_batches(held))


def write_json_lines(batches: Iterator[Any], stream: IO[bytes]) -> None:
    """Write an object a line."""
    for batch in batches:
        rows = zip(batch["label"].to_pylist(), batch["prediction"].to_pylist(), strict=True)
        lines = [f'{{"label": {label}, "prediction": {p!r}}}\n' for label, p in rows]
        stream.write("".join(lines).encode())


WRITERS = {"parquet": write_parquet, "weighted": write_parquet, "jsonl": write_json_lines}


def make(form: str, rows: int, path: Path) -> None:
    """Make a file; an interrupted run leaves none under its name."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(unfinished.open("wb"))
        if form == "gzip":
            packed = gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=LEVEL)
            stream = cast("IO[bytes]", stack.enter_context(packed))
        WRITERS.get(form, write_csv)(chunks(form, rows), stream)
    unfinished.rename(path)


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
