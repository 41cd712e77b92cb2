"""Great cells, and small files that stand for much text: read or refused, soon, in 1 GiB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.data.data import open_data
from bce_cli.engine.run import Job, collect_rows
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from tests.corpus.columnar import WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

N = 1 << 16
GIBIBYTE = 1 << 20  # in the kilobytes that Linux counts

MEASURED = """
import sys
from bce_cli.cli import main
try:
    main()
except SystemExit as stop:  # getrusage would tell of the process that has started this one, too
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    print(peak.split()[1], file=sys.stderr)
    raise
"""


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
from bce_cli.cli import run
run()
"""


def great_table(length: int) -> Any:  # noqa: ANN401 -- pyarrow has no types
    """Make rows whose ids are one long text, kept once."""
    import pyarrow as pa

    texts = pa.DictionaryArray.from_arrays(pa.array([0] * N, pa.int32()), pa.array(["x" * length]))
    return pa.table({"y": pa.array([1, 0] * (N // 2)), "p": pa.array([0.5] * N), "t": texts})


@pytest.mark.few(1)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise")
@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
@pytest.mark.parametrize("length", [100, 20_000])
def test_one_long_id_in_many_rows_takes_little_memory(kind: str, length: int) -> None:
    Path(f"preds.{kind}").write_bytes(WRITE[kind](great_table(length)))
    command = [sys.executable, "-c", MEASURED, "compute", f"preds.{kind}", "--id", "t", "-q"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    *said, kilobytes = done.stderr.decode().splitlines()
    assert int(kilobytes) < GIBIBYTE
    if done.returncode == 0:
        assert (done.stdout, said) == (b"0.6931471805599453\n", [])
    else:
        assert (done.returncode, done.stdout) == (65, b"")
        assert said[0].startswith("bce: error: preds.")


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "cell", ["1" * 1_000_000 + "x", "0." + "1" * 1_000_000 + "%", " " * 1_000_000 + "x"]
)
def test_a_million_digits_that_are_no_number_are_refused_at_once(cell: str) -> None:
    Path("preds.csv").write_text(f"y,p\n1,{cell}\n")
    command = [sys.executable, "-c", LIMITED, "compute", "preds.csv", "-q"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=600)
    assert (done.returncode, done.stdout) == (65, b"")
    assert done.stderr.startswith(b"bce: error: preds.csv, line 2: prediction ")
    assert b"is not a number" in done.stderr


def test_a_million_digits_are_a_number(bce: Callable[..., Result]) -> None:
    Path("preds.csv").write_text("y,p\n1,0." + "5" * 1_000_000 + "\n")
    assert bce("compute", "preds.csv", "-q").stdout == f"{-np.log(5 / 9)}\n"


@pytest.mark.parametrize("n_repeated", [0, 40_000])
@pytest.mark.parametrize("name", ["t", "p.x"])
def test_ids_of_parquet_are_the_same_repeated_or_not(n_repeated: int, name: str) -> None:
    from pyarrow import parquet, table

    ids = [f"row {0 if i < n_repeated else i}" for i in range(50_000)]
    columns = {"y": [1.0, 0.0] * 25_000, "p": [0.5] * 50_000, name: ids}
    parquet.write_table(table(columns), "preds.parquet", row_group_size=30_000)
    options = InputOptions(ColumnChoice("y", "p", id=name), block_bytes=1 << 20)
    rows = collect_rows(Job(open_data(["preds.parquet"], options), 2))
    assert list(rows.ids or ()) == ids
