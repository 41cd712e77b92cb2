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
from bce_cli.readers.texts import LONGEST_TEXT
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


GREAT = {
    "segments": ("compute", "-p", "p", "--by", "t", "-f", "csv"),
    "ids": ("compute", "-p", "p", "--id", "t", "--worst", "3", "-f", "csv"),
    "clusters": ("compare", "-p", "p", "-p", "q", "--cluster", "t", "-q"),
    "keys": ("compute", "-p", "p", "--labels", "preds.parquet", "--on", "t"),
    "classes": ("compute", "-l", "t", "-p", "p", "--positive", "b", "-q"),
    "predictions": ("compute", "-p", "t", "-q"),
}
REFUSED = "bce: error: preds.parquet, row 1: the {} (column 't') is longer than 64 KiB"
ROLES = {"ids": "id", "keys": "key", "classes": "label"}


def write_repeated(length: int, n: int) -> None:
    """Write rows with one great text, which a small file holds once."""
    import pyarrow as pa
    from pyarrow import parquet

    codes = pa.array(np.arange(n, dtype=np.int32) % 2)
    columns = {"y": np.arange(n) % 2, "p": np.full(n, 0.5), "q": np.full(n, 0.25)}
    texts = pa.DictionaryArray.from_arrays(codes, pa.array(["x" * length, "b"]))
    parquet.write_table(pa.table({**columns, "t": texts}), "preds.parquet", compression="zstd")


@pytest.mark.parametrize(("what", "arguments"), GREAT.items(), ids=GREAT)
def test_a_text_that_is_too_long_is_refused_by_its_column(
    what: str, arguments: tuple[str, ...], bce: Callable[..., Result]
) -> None:
    write_repeated(LONGEST_TEXT + 1, 10)
    result = bce(*arguments, "preds.parquet")
    assert (result.exit_code, result.stdout) == (65, "")
    message = REFUSED.format(ROLES.get(what, what[:-1]))
    n_others = 9 if what == "predictions" else 4
    assert result.stderr == f"{message}; at least {n_others} more rows are faulty\n"


def test_a_text_of_the_greatest_length_is_one(bce: Callable[..., Result]) -> None:
    write_repeated(LONGEST_TEXT, 10)
    for what in ("segments", "ids", "clusters", "classes"):
        assert bce(*GREAT[what], "preds.parquet").exit_code == 0, what
    result = bce(*GREAT["keys"], "preds.parquet")
    assert "row 3: the key 'xxx" in result.stderr
    assert "stands in row 1 too; 1 more repeat: 'b'" in result.stderr
    args = ("compare", "preds.parquet", "preds.parquet", "-p", "p", "--id", "t", "-q")
    assert bce(*args).exit_code == 0


@pytest.mark.parametrize(("name", "row"), [("preds.csv", "y,p,t\n1,0.5,{}\n"), ("preds.jsonl", "")])
def test_a_text_that_is_too_long_is_refused_in_every_format(
    name: str, row: str, bce: Callable[..., Result]
) -> None:
    row = row or '{{"y":1,"p":0.5,"t":"{}"}}\n'
    Path(name).write_text(row.format("\u00e9" * (LONGEST_TEXT // 2 + 1)), encoding="utf-8")
    result = bce("compute", name, "--by", "t")
    line = 2 if name == "preds.csv" else 1
    message = f"{name}, line {line}: the segment (column 't') is longer than 64 KiB"
    assert (result.exit_code, result.stderr) == (65, f"bce: error: {message}\n")


@pytest.mark.deep
@pytest.mark.parametrize("length", [LONGEST_TEXT, 20_000_000])
@pytest.mark.parametrize(("what", "arguments"), GREAT.items(), ids=GREAT)
def test_one_great_text_in_two_million_rows_takes_ten_seconds_at_most(
    what: str, arguments: tuple[str, ...], length: int
) -> None:
    write_repeated(length, 2_000_000)
    command = [sys.executable, "-c", LIMITED, *arguments, "preds.parquet"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=600)
    if length == LONGEST_TEXT and what not in ("keys", "predictions"):
        assert (done.returncode, done.stderr.count(b"error")) == (0, 0)
    else:
        assert done.returncode == 65
        assert done.stderr.startswith(b"bce: error: preds.parquet, row ")


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
