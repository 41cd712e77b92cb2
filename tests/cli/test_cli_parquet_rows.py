"""Every row as Parquet: the same values as CSV has, with types."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from typer.testing import Result

FLIGHTS = str(Path(__file__).parents[2] / "sample_data" / "flights.csv")
ROWS = ("--per-example", "-f", "parquet", "-o", "out.parquet")


def written() -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table("out.parquet")


def test_rows_are_those_of_the_csv(bce: Callable[..., Result]) -> None:
    args = ("compute", FLIGHTS, "-p", "logistic", "--id", "id", "--unit", "bits")
    assert bce(*args, *ROWS).exit_code == 0
    lines = list(csv.DictReader(io.StringIO(bce(*args, "--per-example", "-f", "csv").stdout)))
    table = written()
    assert [f"{field.name} {field.type}" for field in table.schema] == [
        *("row int64", "id string", "label int8", "prediction double", "loss double")
    ]
    assert not any(field.nullable for field in table.schema)
    for name, kind in (("row", int), ("id", str), ("label", int)):
        assert table[name].to_pylist() == [kind(line[name]) for line in lines]
    for name in ("prediction", "loss"):
        assert table[name].to_pylist() == [float(line[name]) for line in lines]


@pytest.mark.few(1)
@pytest.mark.parametrize("workers", ["1", "3"])
def test_rows_are_in_order_whatever_reads_them(
    workers: str, bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    n = 300_000  # several blocks
    path = preds("y,p\n" + "".join(f"{i % 2},{(i % 97 + 1) / 128}\n" for i in range(n)))
    assert bce("compute", path, *ROWS, "--workers", workers).exit_code == 0
    table = written()
    assert table["row"].to_pylist() == list(range(1, n + 1))
    assert table["prediction"].to_pylist() == [(i % 97 + 1) / 128 for i in range(n)]


def test_whole_numbers_are_stored_as_differences(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    from pyarrow import parquet

    soft = preds("y,p\n0.25,0.5\n1,0.5\n")
    hard = preds("y,p\n0,0.5\n1,0.5\n", "hard.csv")
    for path, options, names in (
        (hard, [], {"row", "label"}),
        (soft, ["--soft-labels"], {"row"}),
    ):
        assert bce("compute", path, *options, *ROWS).exit_code == 0
        group = parquet.read_metadata("out.parquet").row_group(0)
        columns = [group.column(place) for place in range(group.num_columns)]
        found = {
            column.path_in_schema
            for column in columns
            if column.encodings == ("RLE", "DELTA_BINARY_PACKED")
        }
        assert found == names


def test_weights_soft_labels_and_rows_left_out(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds("y,p,w\n0.25,0.5,2\n,0.5,1\n1,0,0.5\n")
    options = ("--soft-labels", "-w", "w", "--missing", "drop")
    assert bce("compute", path, *options, *ROWS).exit_code == 0
    table = written()
    assert table["row"].to_pylist() == [1, 3]
    assert table["label"].to_pylist() == [0.25, 1.0]
    assert table["weight"].to_pylist() == [2.0, 0.5]
    assert table["loss"].to_pylist() == [0.6931471805599453, float("inf")]


def test_what_is_written_can_be_read_again(
    bce: Callable[..., Result], preds: Callable[..., str]
) -> None:
    path = preds("y,p\n1,0.75\n0,0.5\n1,0.1\n")
    assert bce("compute", path, *ROWS).exit_code == 0
    assert bce("compute", "out.parquet", "-q").stdout == bce("compute", path, "-q").stdout


def test_a_fault_leaves_no_file(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    result = bce("compute", preds("y,p\n1,0.5\n1,2\n"), *ROWS)
    assert result.exit_code == 65
    assert os.listdir() == ["preds.csv"]  # noqa: PTH208 -- hidden files, too


def test_a_pipe_takes_it_too(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    path = preds("y,p\n1,0.5\n")
    command = [sys.executable, "-m", "bce_cli", "compute", path, "--per-example", "-f", "parquet"]
    done = subprocess.run(command, capture_output=True, check=True)
    bce("compute", path, *ROWS)
    assert done.stdout == Path("out.parquet").read_bytes()


def test_a_report_is_no_parquet(bce: Callable[..., Result], preds: Callable[..., str]) -> None:
    result = bce("compute", preds("y,p\n1,0.5\n"), "-f", "parquet", "-o", "out.parquet")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("bce: error: --format parquet goes with --per-example\n")


def test_a_terminal_gets_no_bytes(preds: Callable[..., str]) -> None:
    path = preds("y,p\n1,0.5\n")
    master, slave = os.openpty()
    command = [sys.executable, "-m", "bce_cli", "compute", path, "--per-example", "-f", "parquet"]
    done = subprocess.run(command, stdout=slave, stderr=subprocess.PIPE, check=False)
    os.close(slave)
    os.close(master)
    assert done.returncode == 2
    assert done.stderr.startswith(b"bce: error: Parquet is nothing to read on a terminal\n")
