"""Models in files of their own: what a cluster writes is what one machine writes."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.budgets import one_in
from tests.engine_dask.conftest import records
from tests.engine_dask.forms import rival, write, write_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine_dask.conftest import Outcome

JSON = ("-l", "y", "-p", "p", "-f", "json")
N = 3000


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize(
    "names",
    one_in(
        3,
        [
            ("a.csv", "b.parquet"),
            ("a.csv", "b.csv"),
            ("a.parquet", "b.csv"),
            ("a.csv.gz", "b.csv"),
            ("a.parquet", "b.parquet"),
            ("a.csv", "b.csv.gz"),
            ("a.jsonl", "b.tsv"),
        ],
    ),
    ids=" ".join,
)
def test_two_files_that_are_cut_otherwise(
    names: tuple[str, str], same: Callable[..., Outcome]
) -> None:
    first, second = names
    rows = records(N, 21)
    call = ("compare", write(first, rows), write(second, rival(rows, 22)), *JSON)
    code, output, _ = same(*call, "--id", "id", "--weight", "q")
    assert code == 0
    assert json.loads(output)["n"] == N


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("seed", one_in(3, range(3)))
def test_folders_whose_files_end_anywhere(seed: int, same: Callable[..., Outcome]) -> None:
    rows = records(N, seed)
    names = [write_parts(name, rival(rows, seed), seed + i) for i, name in enumerate("xyz")]
    code, output, _ = same("compare", *names, *JSON, "--id", "id", "--cluster", "site")
    assert code == 0
    assert json.loads(output)["n"] == N


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_other_processes_write_what_this_process_writes(
    external: str, told: Callable[..., Outcome]
) -> None:
    rows = records(N, 31)
    call = ("compare", write("a.csv", rows), write_parts("b", rival(rows, 32), 33), *JSON)
    local = told(*call, "--id", "id")
    assert local[0] == 0
    assert told(*call, "--id", "id", "--engine", "dask", "--scheduler", external) == local


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_rows_with_missing_values_keep_their_places(same: Callable[..., Outcome]) -> None:
    good = "1,0.5\n0,0.25\n1,0.75\n"
    Path("a.csv").write_text("y,p\n" + (good + ",0.5\n0,\n") * 900)
    Path("b.csv").write_text("y;p\n" + ("1;0.75\n;0.5\n\n1;\n" + "0;0.125\n0;0.5\n") * 900)
    code, _, said = same("compare", "a.csv", "b.csv", "--missing", "drop", "-f", "json")
    assert code == 0
    assert said.splitlines() == [
        "bce: b.csv: delimiter ';'",
        "bce: label column 'y', prediction column 'p'",
        "bce: left out 3,600 rows with a missing value",
    ]
    assert same("compare", "a.csv", "b.csv", "-f", "json")[0] == 65


def lines(n: int, changed: dict[int, str] | None = None) -> str:
    rows = ["1,0.5,a", "0,0.25,b", "1,0.125,c"] * (n // 3 + 1)
    for row, text in (changed or {}).items():
        rows[row - 1] = text
    return "y,p,id\n" + "\n".join(rows[:n]) + "\n"


BAD = "1,1.5,c"
FAULTS: dict[str, tuple[str, str]] = {
    "in the first, then in the second": (lines(N, {1200: BAD}), lines(N, {2200: BAD})),
    "in the second, then in the first": (lines(N, {2200: BAD}), lines(N, {1200: BAD})),
    "in both in the same row": (lines(N, {1999: BAD}), lines(N, {1999: BAD})),
    "in neighbours": (lines(N, {1999: "x,1"}), lines(N, {1998: BAD})),
    "in the last row": (lines(N), lines(N, {N: BAD})),
    "behind the end of the other": (lines(N - 900), lines(N, {N - 2: BAD})),
    "a label": (lines(N), lines(N, {1701: "0,.5,c"})),
    "a label behind a fault of its block": (lines(N, {1702: BAD}), lines(N, {1701: "0,.5,c"})),
    "a label before a fault of a later block": (lines(N, {2702: BAD}), lines(N, {1701: "0,.5,c"})),
    "an id": (lines(N), lines(N, {1700: "0,.5,x"})),
    "an id behind a label": (lines(N), lines(N, {1698: "0,.5,c", 1699: "1,0.5,z"})),
    "a short first": (lines(1000), lines(N)),
    "a short second": (lines(N), lines(2999)),
    "a second of header alone": (lines(N), "y,p,id\n"),
    "a first of header alone": ("y,p,id\n", lines(N)),
    "headers alone": ("y,p,id\n", "y,p,id\n"),
    "a quote": (lines(N), lines(N, {1500: '1,0.5,a"b'})),
    "an open quote": (lines(N), lines(N, {1500: '1,0.5,"ab'})),
    "no column": (lines(N), lines(N).replace("y,p", "y,q")),
}


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("fault", one_in(3, FAULTS))
def test_the_first_error_in_the_rows_is_the_same_line(
    fault: str, same: Callable[..., Outcome]
) -> None:
    for name, text in zip(["a.csv", "b.csv"], FAULTS[fault], strict=True):
        Path(name).write_text(text)
        Path(name + ".gz").write_bytes(gzip.compress(text.encode()))
    for paths in (["a.csv", "b.csv"], ["a.csv.gz", "b.csv"], ["a.csv", "b.csv.gz"]):
        code, output, said = same("compare", *paths, "--id", "id")
        assert (code, output) == (65, b"")
        assert said.startswith("bce: error: ")


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("first", one_in(3, [2400, 1, 1100]))
@pytest.mark.parametrize("second", [1, 1300, 2000])
def test_a_third_label_is_found_where_it_comes_first(
    first: int, second: int, same: Callable[..., Outcome]
) -> None:
    def named(row: int, label: str) -> str:
        return lines(N, {row: f"{label},0.5,a"}).replace("\n1,", "\nyes,").replace("\n0,", "\nno,")

    Path("a.csv").write_text(named(first, "maybe"))
    Path("b.csv").write_text(named(second, "perhaps"))
    for paths in (["a.csv", "b.csv"], ["b.csv", "a.csv", "a.csv"]):
        code, _, said = same("compare", *paths, "--positive", "yes")
        assert code == 65
        assert said.startswith("bce: error: ")


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_a_file_that_is_damaged_or_gone_is_the_same_line(same: Callable[..., Outcome]) -> None:
    for name in ("x", "y"):
        Path(name).mkdir()
        for number in range(3):
            Path(name, f"{number}.csv").write_text(lines(1200))
    packed = gzip.compress(random.Random(1).randbytes(9) + lines(1200).encode())  # noqa: S311
    Path("y", "2.csv").unlink()
    Path("y", "2.csv.gz").write_bytes(gzip.compress(lines(1200).encode())[:-12])
    for paths in (["x", "y"], ["y", "x"], ["y", "y"]):
        assert same("compare", *paths)[0] in {65, 66}
    Path("y", "2.csv.gz").write_bytes(packed)
    for paths in (["x", "y"], ["y", "x"]):
        assert same("compare", *paths)[0] == 65


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_a_killed_worker_changes_no_digit(survived: Callable[..., None]) -> None:
    rows = records(20_000, 7)
    survived("compare", write("a.csv", rows), write("b.parquet", rival(rows, 8)), *JSON)


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_ids_that_nobody_has_named_are_compared(same: Callable[..., Outcome]) -> None:
    rows = records(N, 23)
    others = rival(rows, 24)
    others[N // 2] |= {"id": "other"}
    others[-1] |= {"id": "another"}
    call = ("compare", write("a.csv", rows), write("b.csv", others), *JSON)
    code, _, said = same(*call)
    theirs = str(rows[N // 2]["id"]).replace("\n", "\\n")
    assert code == 0
    assert said.startswith(
        f"bce: b.csv, row {N // 2 + 1}: the id (column 'id') is 'other', but '{theirs}' in a.csv: "
    )
    assert said.count("\n") == 1


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_models_that_are_pooled_are_said(same: Callable[..., Outcome]) -> None:
    rows = records(N, 25)
    call = ("compute", write("a.csv", rows), write("b.csv", rival(rows, 26)), *JSON)
    code, _, said = same(*call)
    assert code == 0
    assert said.startswith("bce: a.csv and b.csv hold the same 3,000 labels in the same order: ")


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("n_labels", [N, N - 1, N + 1500])
def test_labels_in_the_order_of_the_rows(n_labels: int, same: Callable[..., Outcome]) -> None:
    rows = records(N, 8)
    labels = [str(row["y"]) for row in rows] + ["1"] * 1500
    Path("y.txt").write_text("\n".join(labels[:n_labels]) + "\n")
    call = ("compute", write("a.csv", rows), "--labels", "y.txt", "-p", "p", "-f", "json")
    code, output, said = same(*call)
    if n_labels == N:
        assert (code, json.loads(output)["n"]) == (0, N)
        np.save("y.npy", np.array(labels[:N], np.int64))
        np.savez("all.npz", y=np.load("y.npy"), p=np.array([row["p"] for row in rows]))
        mean = json.loads(output)["mean_loss"]
        for source in (("a.csv", "--labels", "y.npy", "-p", "p"), ("all.npz",)):
            assert same("compute", *source, "-q")[1] == f"{mean!r}\n".encode()
    else:
        assert code == 65
        assert said.startswith(
            f"bce: error: y.txt has {n_labels:,} labels for the 3,000 rows of a.csv\n"
        )
