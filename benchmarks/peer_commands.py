"""The commands of bce and of its peers, as their own users would write them at their best.

Each tool has a dictionary from a piece of work to its command. PATH stands for the file of
predictions, BESIDE for the one of labels where these are elsewhere, OUT for the file that is
written. Types are told where a tool is faster for it, and only the columns of interest are read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peer_data import KEYED, LABELS, MODELS, NARROW, SEGMENTS, WIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Command = tuple[str, ...]
Commands = dict[str, Command]


def python(source: str) -> Command:
    """Return the command that runs a line of Python."""
    return (sys.executable, "-c", source)


def piped(command: Command, reader: str = "cat") -> Command:
    """Return the command with the file on its standard input, through a pipe."""
    return ("sh", "-c", f'{reader} "$0" | "$@"', "PATH", *command)


def with_pipe(commands: Iterable[tuple[str, Command]]) -> Commands:
    """Put the command of the work `pipe` behind a pipe."""
    return {work: piped(command) if work == "pipe" else command for work, command in commands}


def lines_of_python(template: str, reads: Mapping[str, str]) -> Commands:
    """Return a line of Python for each way to read, which stands at READ in the template."""
    return with_pipe((work, python(template.replace("READ", read))) for work, read in reads.items())


BCE: Command = (str(Path(sys.executable).with_name("bce")),)
BCE_MEAN: Command = (*BCE, "compute", "-q", "PATH")
BCE_LOSSES: Command = (*BCE, "compute", "--per-example", "-f", "FORMAT", "-o", "OUT", "PATH")
BCE_JOIN: Command = (*BCE_MEAN, "--labels", "BESIDE", "--on", "id")
BCE_COMPARE: Command = (*BCE, "compare", "-q", "PATH")
BCE_COMPARE += ("--prediction", "prediction", "--prediction", "rival")
BCE_SEGMENTS: Command = (*BCE, "compute", "--by", "segment", "-f", "csv", "-o", "OUT", "PATH")
BCE_CALIBRATION: Command = (*BCE, "calibration", "-q", "PATH")

SKLEARN_MEAN = (
    "import pandas as pd; from sklearn.metrics import log_loss; "
    "d = pd.READ; print(log_loss(d.label, d.prediction))"
)
NUMPY_MEAN = (
    "import numpy as np, pandas as pd; d = pd.READ; "
    "print(-np.log(np.where(d.label == 1, d.prediction, 1 - d.prediction)).mean())"
)
PANDAS_READS = {
    "csv": "read_csv('PATH')",
    "wide": "read_csv('PATH', usecols=['label', 'prediction'])",
    "gzip": "read_csv('PATH')",
    "pipe": "read_csv('/dev/stdin')",
}
ARROW_READS = {
    "csv": "read_csv('PATH', engine='pyarrow')",
    "wide": "read_csv('PATH', engine='pyarrow', usecols=['label', 'prediction'])",
    "gzip": "read_csv('PATH', engine='pyarrow')",
    "parquet": "read_parquet('PATH', columns=['label', 'prediction'])",
    "jsonl": "read_json('PATH', lines=True, engine='pyarrow')",
    "pipe": "read_csv('/dev/stdin', engine='pyarrow')",
}
NUMPY_DIFFERENCE = (
    "import numpy as np, pandas as pd; d = pd.read_csv('PATH', engine='pyarrow'); "
    "loss = lambda p: -np.log(np.where(d.label == 1, p, 1 - p)); "
    "print((loss(d.rival) - loss(d.prediction)).mean())"
)
ARROW_JOIN = (
    "read_csv('PATH', engine='pyarrow').merge(pd.read_csv('BESIDE', engine='pyarrow'), on='id')"
)
SKLEARN = lines_of_python(SKLEARN_MEAN, PANDAS_READS)
SKLEARN_ARROW = lines_of_python(SKLEARN_MEAN, ARROW_READS)
NUMPY_ARROW = lines_of_python(NUMPY_MEAN, ARROW_READS | {"join": ARROW_JOIN})
NUMPY_ARROW |= {"compare": python(NUMPY_DIFFERENCE)}


def polars_schema(types: Mapping[str, str]) -> str:
    """Return columns and their types as Polars wants them."""
    names = {"TINYINT": "Int8", "SMALLINT": "Int16", "DOUBLE": "Float64", "VARCHAR": "String"}
    pairs = (f"'{column}': pl.{names[kind]}" for column, kind in types.items())
    return "{" + ", ".join(pairs) + "}"


POLARS_LOSS = (
    "import polars as pl; y, p = pl.col('label'), pl.col('prediction'); "
    "loss = -pl.when(y == 1).then(p).otherwise(1 - p).log(); "
)
POLARS_MEAN = f"{POLARS_LOSS}print(pl.READ.select(loss.mean()).collect(engine='streaming').item())"
POLARS_LOSSES = (
    f"{POLARS_LOSS}pl.scan_csv('PATH', schema={polars_schema(NARROW)})"
    ".with_row_index('row', offset=1).with_columns(loss=loss).sink_FORMAT('OUT')"
)
POLARS_READS = {
    "csv": f"scan_csv('PATH', schema={polars_schema(NARROW)})",
    "wide": f"scan_csv('PATH', schema={polars_schema(WIDE)})",
    "gzip": f"scan_csv('PATH', schema={polars_schema(NARROW)})",
    "parquet": "scan_parquet('PATH')",
    "jsonl": "scan_ndjson('PATH', schema={'label': pl.Int64, 'prediction': pl.Float64})",
    "pipe": f"scan_csv(__import__('sys').stdin.buffer, schema={polars_schema(NARROW)})",
}
POLARS_JOIN = (
    f"scan_csv('PATH', schema={polars_schema(KEYED)})"
    f".join(pl.scan_csv('BESIDE', schema={polars_schema(LABELS)}), on='id')"
)
POLARS_DIFFERENCE = (
    "import polars as pl; y = pl.col('label'); "
    "loss = lambda p: -pl.when(y == 1).then(pl.col(p)).otherwise(1 - pl.col(p)).log(); "
    f"print(pl.scan_csv('PATH', schema={polars_schema(MODELS)})"
    ".select((loss('rival') - loss('prediction')).mean()).collect(engine='streaming').item())"
)
POLARS_SEGMENTS = (
    f"{POLARS_LOSS}pl.scan_csv('PATH', schema={polars_schema(SEGMENTS)})"
    ".group_by('segment').agg(n=pl.len(), mean_loss=loss.mean())"
    ".sort('mean_loss', descending=True).sink_csv('OUT')"
)
POLARS = lines_of_python(POLARS_MEAN, POLARS_READS | {"join": POLARS_JOIN})
POLARS |= {
    f"losses-{kind}": python(POLARS_LOSSES.replace("FORMAT", kind)) for kind in ("csv", "parquet")
}
POLARS |= {"compare": python(POLARS_DIFFERENCE), "segments": python(POLARS_SEGMENTS)}


def duckdb_csv(path: str, types: Mapping[str, str]) -> str:
    """Return the source of rows of CSV with their columns and types, as DuckDB wants them."""
    columns = "{" + ", ".join(f"{column}: '{kind}'" for column, kind in types.items()) + "}"
    return f"read_csv('{path}', header = true, auto_detect = false, columns = {columns})"


DUCKDB_LOSS = "-ln(if(label = 1, prediction, 1 - prediction))"
DUCKDB_LOSSES = (
    f"copy (select row_number() over () as row, label, prediction, {DUCKDB_LOSS} as loss "  # noqa: S608 -- constants
    f"from {duckdb_csv('PATH', NARROW)}) to 'OUT' (format FORMAT)"
)
DUCKDB_SEGMENTS = (
    f"copy (select segment, count(*) as n, avg({DUCKDB_LOSS}) as mean_loss "  # noqa: S608 -- constants
    f"from {duckdb_csv('PATH', SEGMENTS)} group by segment order by mean_loss desc) "
    "to 'OUT' (format csv, header)"
)
DUCKDB_DIFFERENCE = (
    f"select avg({DUCKDB_LOSS.replace('prediction', 'rival')}) - avg({DUCKDB_LOSS}) "  # noqa: S608 -- constants
    f"from {duckdb_csv('PATH', MODELS)}"
)
DUCKDB_READS = {
    "csv": duckdb_csv("PATH", NARROW),
    "wide": duckdb_csv("PATH", WIDE),
    "gzip": duckdb_csv("PATH", NARROW),
    "parquet": "read_parquet('PATH')",
    "jsonl": "read_ndjson('PATH', columns = {label: 'TINYINT', prediction: 'DOUBLE'})",
    "pipe": duckdb_csv("/dev/stdin", NARROW),
    "join": f"{duckdb_csv('PATH', KEYED)} join {duckdb_csv('BESIDE', LABELS)} using (id)",
}
QUERIES = {
    work: f"select avg({DUCKDB_LOSS}) from {read}"  # noqa: S608 -- constants
    for work, read in DUCKDB_READS.items()
} | {f"losses-{kind}": DUCKDB_LOSSES.replace("FORMAT", kind) for kind in ("csv", "parquet")}
QUERIES |= {"compare": DUCKDB_DIFFERENCE, "segments": DUCKDB_SEGMENTS}
DUCKDB = with_pipe(
    (work, python(f"import duckdb; print(duckdb.sql('''{query}''').fetchall()[0][0])"))
    for work, query in QUERIES.items()
)
DUCKDB_SHELL = with_pipe(
    (work, ("duckdb", "-noheader", "-list", "-c", query)) for work, query in QUERIES.items()
)

AWK_MEAN = (
    "NR > 1 { sum -= log($LABEL == 1 ? $PREDICTION : 1 - $PREDICTION) } "
    'END { printf "%.17g\\n", sum / (NR - 1) }'
)
NARROW_AWK: Command = ("mawk", "-F,", AWK_MEAN.replace("LABEL", "1").replace("PREDICTION", "2"))
WIDE_AWK: Command = ("mawk", "-F,", AWK_MEAN.replace("LABEL", "19").replace("PREDICTION", "20"))
MAWK: Commands = {
    "csv": (*NARROW_AWK, "PATH"),
    "wide": (*WIDE_AWK, "PATH"),
    "gzip": piped(NARROW_AWK, "gzip -dc"),
    "pipe": piped(NARROW_AWK),
}

MILLER_MEAN = (
    "begin { @sum = 0.0; @n = 0 } "
    "@sum -= log($label == 1 ? $prediction : 1 - $prediction); @n += 1; "
    "end { print @sum / @n }"
)
MILLER_CSV: Command = ("mlr", "--icsv", "--onidx", "put", "-q", MILLER_MEAN)
MILLER: Commands = {
    "csv": (*MILLER_CSV, "PATH"),
    "wide": (*MILLER_CSV, "PATH"),
    "gzip": piped(MILLER_CSV, "gzip -dc"),
    "jsonl": ("mlr", "--ijsonl", "--onidx", "put", "-q", MILLER_MEAN, "PATH"),
    "pipe": piped(MILLER_CSV),
}
