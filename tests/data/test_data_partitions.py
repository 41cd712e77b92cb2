"""Folders such as day=2026-11-01, which say something of all rows of the files in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.corpus.columnar import arrow_file, parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

EMPTY = "__HIVE_DEFAULT_PARTITION__"


def write(path: str, content: str | bytes) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def segments(result: Result) -> dict[tuple[str, ...], int]:
    """Count the rows of each segment."""
    assert result.exit_code == 0, result.stderr
    rows = list(csv.reader(io.StringIO(result.stdout)))
    n = rows[0].index("n")
    return {tuple(row[:n]): int(row[n]) for row in rows[1:]}


FORMS: dict[str, Callable[[], str | bytes]] = {
    "a.csv": lambda: "y,p,junk\n1,0.5,1\n0,0.25,2\n",
    "odd.csv": lambda: "y,p\n1,+.5\n0,0.25\n",  # which is looked at twice
    "a.csv.gz": lambda: gzip.compress(b"y,p\n1,0.5\n0,0.25\n"),
    "a.jsonl": lambda: '{"y":1,"p":0.5}\n{"y":0,"p":0.25}\n',
    "a.parquet": lambda: parquet(table(y=([1, 0],), p=([0.5, 0.25],), junk=([1, 2],))),
    "a.arrow": lambda: arrow_file(table(y=([1, 0],), p=([0.5, 0.25],))),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_folder_is_a_column_of_every_format(name: str, bce: Callable[..., Result]) -> None:
    for folder in ("day=2026-11-01/n=1", "day=a%20b%2Fc/n=3", "day=%C3%A9/n=01"):
        write(f"d/{folder}/{name}", FORMS[name]())
    options = ("--by", "day", "--by", "n", "-f", "csv")
    assert segments(bce("compute", "d", *options)) == {
        ("2026-11-01", "1"): 2,
        ("a b/c", "3"): 2,
        ("\xe9", "01"): 2,
    }
    report = json.loads(bce("compute", "d", "--weight", "n", "-f", "json").stdout)
    assert (report["weight_sum"], report["mean_loss"]) == (10.0, 0.4904146265058631)
    rows = bce("compute", "d/day=*", "--id", "day", "--per-example", "-f", "csv").stdout
    ids = [row["id"] for row in csv.DictReader(io.StringIO(rows))]
    assert ids == ["\xe9"] * 2 + ["2026-11-01"] * 2 + ["a b/c"] * 2


ROWS = {
    "y": [1, 0, 1, 0, 1, 0],
    "p": [0.9, 0.2, 0.5, 0.25, 0.75, 0.125],
    "n": [1, 2, 3, 1, 2, 3],
    "site": ["a b", "a/b", None, "x:y", "\xe9=", "a b"],
    "flag": [True, True, False, False, True, False],
}


def by_pandas(frame: Any) -> None:  # noqa: ANN401 -- pandas has no types
    frame.to_parquet("d", partition_cols=["site", "n"])


def by_pyarrow(frame: Any) -> None:  # noqa: ANN401
    import pyarrow as pa
    from pyarrow import dataset

    whole = pa.Table.from_pandas(frame)
    kinds = pa.schema([("site", pa.string()), ("n", pa.int64())])
    hive = dataset.partitioning(kinds, flavor="hive")
    dataset.write_dataset(whole, "d", format="csv", partitioning=hive)


@pytest.mark.parametrize("write_parts", [by_pandas, by_pyarrow])
def test_what_writers_of_partitions_write_is_what_they_were_given(
    write_parts: Callable[[Any], None], bce: Callable[..., Result]
) -> None:
    import pandas as pd

    frame = pd.DataFrame(ROWS)
    frame.to_parquet("whole.parquet")
    write_parts(frame)
    for options in (("--by", "site", "--by", "n", "--by", "flag"), ("--by", "site", "-w", "n")):
        whole, parted = (bce("compute", path, *options, "-f", "csv") for path in PATHS)
        assert whole.exit_code == 0
        assert parted.stdout == whole.stdout


PATHS = ("whole.parquet", "d")


def test_models_in_partitions_are_joined_and_clustered_by_them(bce: Callable[..., Result]) -> None:
    for day in (1, 2):
        write(f"a/day={day}/x.csv", f"item,p\nu,0.{day}\nv,0.5\n")
        write(f"b/day=0{day}/x.csv", f"item,p\nu,0.5\nv,0.{day}\n")
    write("y.csv", "item,y,day\nv,1,1\nv,0,2\nu,0,1\nu,1,2\n")
    keys = ("--labels", "y.csv", "--on", "day", "--on", "item")
    found = json.loads(bce("compare", "a", "a/*/*", *keys, "--cluster", "day", "-f", "json").stdout)
    assert (found["n"], found["n_clusters"]) == (4, 2)
    assert found["comparisons"][0]["difference"] == 0.0
    assert bce("compute", "b", *keys).stderr == (
        "bce: error: b, row 1: the key ('day': '01', 'item': 'u') has no partner in y.csv; "
        "3 more have none: ('day': '01', 'item': 'v'), ('day': '02', 'item': 'u'), "
        "('day': '02', 'item': 'v')\n"
        "bce: --join inner leaves out rows without a partner, and counts them\n"
    )


@pytest.mark.parametrize("cell", ["2026-11-01", '"2026-11-01"'])
def test_a_column_of_the_same_name_must_agree(cell: str, bce: Callable[..., Result]) -> None:
    name = write("day=2026-11-01/a.csv", f"y,p,day\n1,0.5,{cell}\n0,0.25,2026-11-01\n")
    assert segments(bce("compute", name, "--by", "day", "-f", "csv")) == {("2026-11-01",): 2}
    write(name, f"y,p,day\n1,0.5,{cell}\n0,0.25,2026-11-02\n")
    assert bce("compute", name, "-q").stdout == "0.4904146265058631\n"
    result = bce("compute", name, "--by", "day")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == (
        "bce: error: day=2026-11-01/a.csv, line 3: column 'day' is '2026-11-02', but its folder "
        "says '2026-11-01'\nbce: rename the folder, or the column\n"
    )


AGREEING = {
    "a number": ("d=01", "1"),
    "a float": ("d=1", "1.0"),
    "nothing": (f"d={EMPTY}", ""),
    "blanks": ("d=", '" "'),
    "a time": ("d=2026-11-01%2008%3A30%3A00.000000", "2026-11-01 08:30:00"),
}


@pytest.mark.parametrize(("folder", "cell"), AGREEING.values(), ids=AGREEING)
def test_a_value_may_be_written_otherwise(
    folder: str, cell: str, bce: Callable[..., Result]
) -> None:
    name = write(f"{folder}/a.csv", f"y,p,d\n1,0.5,{cell}\n")
    assert bce("compute", name, "--by", "d").exit_code == 0
    name = write(f"{folder}/a.csv", "y,p,d\n1,0.5,2\n")
    assert bce("compute", name, "--by", "d").exit_code == 65


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_the_place_of_a_column_that_does_not_agree(name: str, bce: Callable[..., Result]) -> None:
    cells = {"y": [1, 0], "p": [0.5, 0.25], "n": [1, 2]}
    if name == "a.parquet":
        content: str | bytes = parquet(table(**{key: (value,) for key, value in cells.items()}))
    else:
        content = '{"y":1,"p":0.5,"n":1}\n{"y":0,"p":0.25,"n":2}\n'
    place = "row" if name == "a.parquet" else "line"
    write(f"n=1/{name}", content)
    for options in (("--by", "n"), ("--weight", "n"), ("--id", "n", "--worst", "1")):
        assert bce("compute", f"n=1/{name}", *options).stderr == (
            f"bce: error: n=1/{name}, {place} 2: column 'n' is '2', but its folder says '1'\n"
            "bce: rename the folder, or the column\n"
        )


def test_labels_and_predictions_are_none_of_a_path(bce: Callable[..., Result]) -> None:
    name = write("y=2026/p=7/a.csv", "y,p\n1,0.5\n0,0.25\n")
    assert bce("compute", name, "-q").stdout == "0.4904146265058631\n"
    write("y=2026/p=7/b.csv", "label,x\n1,0.5\n")
    assert bce("compute", "y=2026/p=7/b.csv").exit_code == 65


def test_a_missing_weight_of_a_folder(bce: Callable[..., Result]) -> None:
    write("d/w=2/a.csv", "y,p\n1,0.5\n")
    name = write(f"d/w={EMPTY}/b.csv", "y,p\n0,0.5\n0,0.5\n")
    assert bce("compute", "d", "-w", "w").stderr == (
        f"bce: error: {name}: weight (column 'w') is null\n"
        "bce: --missing drop leaves such rows out, and counts them\n"
    )
    options = ("-w", "w", "--missing", "drop", "-f", "json")
    report = json.loads(bce("compute", "d", *options).stdout)
    assert (report["n"], report["n_missing"], report["weight_sum"]) == (1, 2, 2.0)


BROKEN = {
    "no such folder": (
        ("d=1/a.csv", "--by", "dd"),
        (
            "d=1/a.csv: there is no column 'dd'; did you mean 'd'?\n"
            "bce: the columns are 'y', 'p'; its folders say 'd'\n"
        ),
    ),
    "another file without it": (
        ("d=1/a.csv", "b.csv", "--by", "d"),
        "b.csv: there is no column 'd'\nbce: the columns are 'y', 'p'\n",
    ),
    "twice in a path": (
        ("d=1/d=2/a.csv", "--by", "d"),
        "d=1/d=2/a.csv: its path has 'd' more than once, as '1' and '2'\n",
    ),
    "no weight": (
        ("d=x/a.csv", "-w", "d"),
        "d=x/a.csv: weight 'x' (column 'd') is not a number\n",
    ),
    "no text": (
        ("d=%FF/a.csv", "--by", "d"),
        "d=%FF/a.csv: segment '\\xff', a folder, is not UTF-8 text\n",
    ),
    "twice named": (
        ("d=1/a.csv", "--by", "d", "--by", "d"),
        "d=1/a.csv: column 'd' was named as a segment more than once\n",
    ),
}


@pytest.mark.parametrize(("call", "message"), BROKEN.values(), ids=BROKEN)
def test_an_error_names_the_path(
    call: tuple[str, ...], message: str, bce: Callable[..., Result]
) -> None:
    for name in call:
        if name.endswith(".csv"):
            write(name, "y,p\n1,0.5\n")
    result = bce("compute", *call)
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == f"bce: error: {message}"


def test_a_cluster_or_key_without_a_value_is_refused(bce: Callable[..., Result]) -> None:
    name = write(f"d={EMPTY}/a.csv", "y,p,q\n1,0.5,0.5\n")
    options = ("compare", name, "-p", "p", "-p", "q")
    assert bce(*options, "--cluster", "d").stderr == (
        f"bce: error: {name}: the cluster (column 'd', a folder) is empty\n"
    )
    assert bce("compare", name, name, "--on", "d").stderr == (
        f"bce: error: {name}: the key (column 'd', a folder) is empty\n"
    )


def test_folders_above_what_was_named_say_nothing(
    bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("d=1/e=2/a.csv", "y,p\n1,0.5\n")
    monkeypatch.chdir("d=1")
    assert segments(bce("compute", "e=2", "--by", "e", "-f", "csv")) == {("2",): 1}
    assert bce("compute", "e=2", "--by", "d").exit_code == 65
    address = f"file://{os.getcwd()}/e%3D2/a.csv"  # noqa: PTH109 -- as a user writes it
    options = ("--by", "d", "--by", "e", "-f", "csv")
    assert segments(bce("compute", address, *options)) == {("1", "2"): 1}
