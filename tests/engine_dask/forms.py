"""Rows, written in all forms and cut into files anywhere."""

from __future__ import annotations

import gzip
import json
import random
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tests.corpus.packing import zipped
from tests.engine_dask.conftest import csv_of

if TYPE_CHECKING:
    from tests.engine_dask.conftest import Row


def rival(rows: list[Row], seed: int) -> list[Row]:
    """Return the same rows with other predictions."""
    rng = random.Random(seed)  # noqa: S311
    return [row | {"p": rng.betavariate(3, 1) if row["y"] else rng.random()} for row in rows]


def write(name: str, rows: list[Row]) -> str:
    """Write rows in the form that a name says; with blank lines, where lines are."""
    import pyarrow as pa
    from pyarrow import parquet

    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = csv_of(rows).replace(b"\n0,0.5", b"\n\n\r\n0,0.5")
    if name.endswith(".parquet"):
        parquet.write_table(pa.Table.from_pylist(rows), name, row_group_size=len(rows) // 13 + 1)
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n \n" for row in rows))
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(text))
    elif name.endswith(".zip"):
        path.write_bytes(zipped({"__MACOSX/._preds.csv": "", "preds.csv": text}))
    elif name.endswith(".tsv"):
        path.write_bytes(csv_of(rows, "\r\n").replace(b",", b"\t"))
    else:
        path.write_bytes(text)
    return name


def write_parts(folder: str, rows: list[Row], seed: int) -> str:
    """Write rows to a folder of files of all forms and sizes, empty ones among them."""
    rng = random.Random(seed)  # noqa: S311
    cuts = sorted([0, len(rows), *rng.choices(range(len(rows)), k=7)])
    for number, (start, stop) in enumerate(pairwise(cuts)):
        form = "csv" if start == stop else rng.choice(["csv", "parquet", "jsonl", "csv.gz", "zip"])
        write(f"{folder}/{number}.{form}", rows[start:stop])
    Path(folder, "9.csv").write_text("y,p,q,id,site\n")
    return folder
