"""How several models are named: by a pattern of columns, or by the files of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bce_cli

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

COLUMNS: dict[str, list[Any]] = {
    "id": ["a", "b", "c", "d"],
    "y": [1, 0, 1, 0],
    "p_b": [0.75, 0.25, 0.5, 0.5],
    "old": [0.5, 0.5, 0.5, 0.5],
    "p_a": [0.5, 0.25, 0.75, 0.25],
}
ROWS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def csv_of(*names: str, header: str = "") -> str:
    lines = [header or ",".join(names), *(",".join(str(row[n]) for n in names) for row in ROWS)]
    return "".join(f"{line}\n" for line in lines)


def _parquet() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(COLUMNS), "m")


def _numpy() -> None:
    np.savez("m.npz", **{name: np.array(values) for name, values in COLUMNS.items()})  # type: ignore[arg-type]
    Path("m.npz").rename("m")


def _jsonl() -> None:
    first = {**ROWS[0], "p_a": None}  # which has a row without one model
    lines = [{k: v for k, v in first.items() if v is not None}, *ROWS[1:], ROWS[0]]
    Path("m").write_text("".join(json.dumps(line) + "\n" for line in lines))


WRITERS: dict[str, Callable[[], object]] = {
    "csv": lambda: Path("m").write_text(csv_of(*COLUMNS)),
    "json": lambda: Path("m").write_text(json.dumps(ROWS)),
    "json of columns": lambda: Path("m").write_text(json.dumps(COLUMNS)),
    "json lines": lambda: Path("m").write_text("".join(json.dumps(row) + "\n" for row in ROWS)),
    "parquet": _parquet,
    "numpy": _numpy,
}


@pytest.mark.few(4)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_pattern_is_one_in_every_format(
    write: Callable[[], object], bce: Callable[..., Result]
) -> None:
    write()
    result = bce("compare", "m", "-p", "old", "-p", "*_*", "-f", "json", "--brief")
    record = json.loads(result.stdout)
    assert [model["name"] for model in record["models"]] == ["old", "p_b", "p_a"]
    assert result.stderr == "bce: label column 'y', prediction columns 'old', 'p_b', 'p_a'\n"


def test_a_model_that_the_first_row_of_json_lines_lacks_is_not_forgotten(
    bce: Callable[..., Result],
) -> None:
    _jsonl()
    result = bce("compare", "m", "-p", "p_*", "-f", "csv", "--missing", "drop")
    assert [line.split(",")[:2] for line in result.stdout.splitlines()[1:]] == [["p_a", "p_b"]]
    assert "bce: left out 1 row with a missing value\n" in result.stderr


def test_a_pattern_names_parts_where_no_column_is_called_so(bce: Callable[..., Result]) -> None:
    nested = [{"y": row["y"], "of": {"b": row["p_b"], "a": row["p_a"]}} for row in ROWS]
    Path("m").write_text("".join(json.dumps(line) + "\n" for line in nested))
    assert bce("compare", "m", "-p", "of.*", "-q").stdout == "-0.1013662770270411\n"


def test_tables_in_memory_have_patterns_too() -> None:
    import pyarrow as pa

    for names in ("p_*", ["p_*"], ["p_b", "p_*"]):
        found = bce_cli.compare(pa.table(COLUMNS), names)
        assert found.models["name"].to_pylist() == ["p_b", "p_a"]
    found = bce_cli.compare(COLUMNS, ["old", "p_?"], id="id")
    assert found.models["name"].to_pylist() == ["old", "p_b", "p_a"]


def test_shards_have_the_columns_of_the_first(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    one = preds(csv_of("y", "p_b", "p_a"), "1.csv")
    two = preds(csv_of("p_a", "old", "p_b", "y", header="p_a,p_x,p_b,y"), "2.csv")
    record = json.loads(bce("compare", one, two, "-p", "p_*", "-f", "json").stdout)
    assert (record["n"], record["prediction_columns"]) == (8, ["p_b", "p_a"])


@pytest.fixture
def runs() -> list[str]:
    """A folder with a file, and a folder of two, for each model; and what is none."""
    Path("runs/b").mkdir(parents=True)
    for name, column in (("a.csv", "p_a"), ("c.csv", "old")):
        Path("runs", name).write_text(csv_of("id", "y", column, header="id,y,p"))
    whole = csv_of("id", "y", "p_b", header="id,y,p").splitlines(keepends=True)
    Path("runs/b/1.csv").write_text("".join(whole[:3]))
    Path("runs/b/2.csv").write_text("".join([whole[0], *whole[3:]]))
    Path("runs/c.csv~").write_text("")
    Path("runs/_SUCCESS").write_text("")
    return ["a.csv", "b", "c.csv"]


@pytest.mark.parametrize("source", ["runs", "runs/", "./runs/*", "run?/*"])
def test_a_folder_or_pattern_alone_has_a_model_in_each_file(
    source: str, runs: list[str], bce: Callable[..., Result]
) -> None:
    result = bce("compare", source, "-f", "json")
    record = json.loads(result.stdout)
    assert [model["name"] for model in record["models"]] == runs
    start = "./runs/" if source[0] == "." else "runs/"
    assert record["source"] == [start + name for name in runs]
    passed = "runs/c.csv~" if source == "run?/*" else "c.csv~"
    assert f"bce: {source}: passed over 1 file: {passed}\n" in result.stderr


def test_files_of_one_name_are_told_apart_by_their_folders(bce: Callable[..., Result]) -> None:
    for name, column in (("a", "p_a"), ("b", "p_b")):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "preds.csv").write_text(csv_of("y", column, header="y,p"))
    for pattern in ("runs/*/preds.csv", "runs/**/*.csv"):
        record = json.loads(bce("compare", pattern, "-f", "json").stdout)
        names = [model["name"] for model in record["models"]]
        assert names == ["runs/a/preds.csv", "runs/b/preds.csv"]
    found = bce_cli.compare("runs")
    assert found.models["name"].to_pylist() == ["a", "b"]


def test_two_patterns_are_two_models_of_several_files(bce: Callable[..., Result]) -> None:
    for name, column in (("a", "p_a"), ("b", "p_b")):
        Path(name).mkdir()
        for part in ("1", "2"):
            Path(name, part).write_text(csv_of("y", column, header="y,p"))
    record = json.loads(bce("compare", "a/*", "b/*", "-f", "json").stdout)
    assert (record["n"], [model["name"] for model in record["models"]]) == (8, ["a/*", "b/*"])


def test_days_in_folders_are_no_models(bce: Callable[..., Result]) -> None:
    for day in ("day=1", "day=2"):
        Path("log", day).mkdir(parents=True)
        Path("log", day, "x.csv").write_text(csv_of("y", "p_a", "p_b"))
    assert bce("compare", "log", "-p", "p_a").exit_code == 2
    assert bce("compare", "log", "-p", "p_*", "-q").stdout == "0.1013662770270411\n"


def test_ids_of_files_side_by_side_are_compared_unasked(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    one, two = (preds(csv_of("id", "y", n, header="id,y,p"), f"{n}.csv") for n in ("p_a", "p_b"))
    three = preds(csv_of("id", "y", "old", header="id,y,p").replace("c,", "x,"), "three.csv")
    result = bce("compare", one, two, three, "-f", "json")
    said = "three.csv, row 3: the id (column 'id') is 'x', but 'c' in p_a.csv: are these the same "
    said += "rows? --on 'id' joins them"
    assert f"bce: {said}\n" in result.stderr
    assert json.loads(result.stdout)["notes"] == [said]
    assert bce("compare", one, two, "-f", "csv").stderr == (
        "bce: label column 'y', prediction column 'p'\n"
    )


@pytest.mark.parametrize("command", [["compute"], ["check", "--max-loss", "1"]], ids=str)
def test_where_one_model_is_judged_a_pattern_is_sent_to_compare(
    command: list[str], preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    path = preds("y,p_a,p_b\n1,.5,.5\n")
    for wanted in ("p_*", "p_?"):
        result = bce(*command, path, "-p", wanted)
        assert (result.exit_code, result.stdout) == (65, "")
        assert result.stderr == (
            f"bce: error: preds.csv: there is no column '{wanted}'\n"
            "bce: one model is judged here; bce compare takes patterns\n"
        )
    result = bce(*command, path, "-l", "y*", "-p", "p_a")
    assert "bce: the columns are 'y', 'p_a', 'p_b'\n" in result.stderr
