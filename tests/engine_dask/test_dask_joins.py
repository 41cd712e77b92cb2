"""Rows that are joined by a key: what a cluster writes is what one machine writes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

import bce_cli.data.joined
from bce_cli.data.joined import runs_held
from bce_cli.engine import run
from bce_cli.errors import InputError
from tests.budgets import one_in
from tests.engine_dask.conftest import csv_of, records
from tests.engine_dask.forms import rival, write, write_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine_dask.conftest import Outcome, Row

N = 3000
FAILED = 4
ON = ("--labels", "truth", "--on", "id")
TWICE = ("--labels", "truth", "--on", "site", "--on", "id")
JSON = ("-l", "y", "-p", "p", "-f", "json")


def shuffled(rows: list[Row], seed: int) -> list[Row]:
    return random.Random(seed).sample(rows, len(rows))  # noqa: S311 -- no secret


def without(rows: list[Row], *columns: str) -> list[Row]:
    return [{name: cell for name, cell in row.items() if name not in columns} for row in rows]


@pytest.fixture
def joined() -> list[Row]:
    """Write labels to a folder, predictions of two models to a file and a folder."""
    rows = records(N, 41)
    write_parts("truth", shuffled(rows, 42), 43)
    write("a.csv", rows)
    write("few.parquet", without(rows, "y", "q", "site"))
    write_parts("b", shuffled(rival(rows, 44), 45), 46)
    return rows


COMMANDS = [
    ("compute", "a.csv", *ON, *JSON),
    ("compute", "b", *ON, *JSON, "--worst", "30", "--id", "id"),
    ("compute", "b", *ON, *JSON, "--by", "site", "--weight", "q"),
    ("compute", "a.csv", *ON, "-l", "y", "-p", "p"),
    ("check", "a.csv", *ON, *JSON, "--max-loss", "0.3", "--max-ece", "0.1", "--confident"),
    ("calibration", "b", *TWICE, *JSON),
    ("compare", "a.csv", "b", *ON, *JSON, "--id", "id", "--cluster", "site"),
    ("compare", "a.csv", "b", "--on", "id", "--on", "site", *JSON),
    ("compute", "few.parquet", *ON, *JSON, "--by", "site", "--weight", "q"),
    ("compare", "few.parquet", "b", *ON, *JSON, "--id", "q", "--cluster", "site"),
]
CUTS = [
    ("compute", "b", *ON, *JSON, "--by", "q", "--cut", "quantile:3"),
    ("compute", "few.parquet", *ON, *JSON, "--by", "q", "--cut", "0.25,0.5"),
]


@pytest.fixture
def shared_out(
    threads: str, told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Assert that a cluster has the answer of one machine, and asks nobody else for it."""

    def run_both(*call: str) -> Outcome:
        local = told(*call)
        with monkeypatch.context() as patched:
            patched.delattr(run, "_fold_here")
            assert told(*call, "--engine", "dask", "--scheduler", threads) == local
        assert local[0] in {0, FAILED}
        assert runs_held() == []
        return local

    return run_both


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts", "joined")
@pytest.mark.parametrize("call", [*COMMANDS, *CUTS])
def test_all_rows_have_partners(call: tuple[str, ...], shared_out: Callable[..., Outcome]) -> None:
    assert shared_out(*call)[1]


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("call", one_in(3, COMMANDS))
def test_rows_without_partners_are_left_out_and_counted(
    call: tuple[str, ...],
    joined: list[Row],
    shared_out: Callable[..., Outcome],
    same: Callable[..., Outcome],
) -> None:
    for path in Path("truth").iterdir():
        path.unlink()
    write_parts("truth", shuffled(joined[: N // 2], 47), 48)
    write("a.csv", shuffled(joined, 49)[:2100])
    _, output, _ = shared_out(*call, "--join", "inner")
    if output.startswith(b"{"):
        assert json.loads(output)["n_unmatched"] > 500
    code, output, said = same(*call)
    assert (code, output) == (65, b"")
    assert "has no partner in" in said


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_labels_in_order_bring_their_columns(same: Callable[..., Outcome]) -> None:
    rows = records(N, 54)
    write("few.parquet", without(rows, "y", "q", "site"))
    write("truth.jsonl", without(rows, "p"))
    options = ("--labels", "truth.jsonl", *JSON, "--weight", "q")
    found = same("compute", "few.parquet", *options, "--by", "site")
    write("all.csv", rows)
    alone = same("compute", "all.csv", *JSON, "--weight", "q", "--by", "site")
    for told in (found, alone):
        assert told[0] == 0
    assert json.loads(found[1])["segments"] == json.loads(alone[1])["segments"]


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_what_folders_say_is_the_same_on_every_worker(shared_out: Callable[..., Outcome]) -> None:
    rows = records(N, 51)
    for day in range(3):
        write_parts(f"days/day={day}/w={day + 1}", rows[day::3], 52)
        write(f"truth/day={day}/labels.csv", shuffled(rows[day::3], 53))
    for call in (
        ("compute", "days", *JSON, "--by", "day", "--weight", "w"),
        ("compute", "days", *ON, "--on", "day", *JSON, "--weight", "w", "--id", "day"),
        ("compare", "days", "days/*", "--on", "id", "--on", "day", *JSON, "--cluster", "day"),
    ):
        assert shared_out(*call)[0] == 0


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts", "joined")
def test_other_processes_write_what_this_process_writes(
    external: str, told: Callable[..., Outcome]
) -> None:
    for call in (COMMANDS[1], COMMANDS[6]):
        local = told(*call)
        assert local[0] == 0
        assert told(*call, "--engine", "dask", "--scheduler", external) == local


def lines(n: int, changed: dict[int, str] | None = None) -> str:
    rows = [f"{i % 2},0.{i + 1},k{i}" for i in range(n)]
    for row, text in (changed or {}).items():
        rows[row] = text
    return "y,p,id\n" + "".join(row + "\n" for row in rows)


FAULTS: dict[str, tuple[str, str]] = {
    "a prediction": (lines(N, {2000: "1,7,k2000"}), lines(N)),
    "a label of the other": (lines(N), lines(N, {2000: "x,0.5,k2000"})),
    "both": (lines(N, {2000: "1,7,k2000"}), lines(N, {100: "x,0.5,k100"})),
    "a key twice, far away": (lines(N, {2500: "0,0.5,k2"}), lines(N)),
    "a key twice, in neighbours": (lines(N, {2: "0,0.5,k4"}), lines(N)),
    "a key twice in the other": (lines(N), lines(N, {2500: "0,0.5,k2"})),
    "a key without partner": (lines(N, {2500: "0,0.5,new"}), lines(N)),
    "a key without partner before a fault": (lines(N, {20: "0,0.5,new", 2500: "x,2,k"}), lines(N)),
    "no partners for the last": (lines(N - 1), lines(N)),
    "a lone key twice": (lines(N, {20: "0,0.5,new", 2500: "0,0.5,new"}), lines(N)),
    "an empty key": (lines(N, {2500: "0,0.5,"}), lines(N)),
    "no key in common": (lines(N), lines(N).replace(",k", ",j")),
    "no rows": ("y,p,id\n", lines(N)),
    "no rows in the other": (lines(N), "y,p,id\n"),
    "another label": (lines(N), lines(N, {2500: "1,0.5,k2500"})),
    "no column": (lines(N), lines(N).replace("y,", "label,").replace("id", "key")),
}


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("fault", one_in(3, FAULTS))
def test_an_error_is_the_same_line(fault: str, same: Callable[..., Outcome]) -> None:
    for name, text in zip(["a.csv", "truth"], FAULTS[fault], strict=True):
        Path(name).write_text(text)
    Path("b.csv").write_text(lines(N))
    codes = []
    for join in ("all", "inner"):
        for call in (
            ("compute", "a.csv", *ON),
            ("compare", "a.csv", "truth", "--on", "id"),
            ("compare", "a.csv", "b.csv", *ON),
        ):
            code, output, _ = same(*call, "-f", "json", "--join", join)
            assert (code == 0) == (output != b"")
            codes.append(code)
    assert 65 in codes
    assert runs_held() == []


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_named_labels_and_missing_values_are_those_of_all_sides(
    same: Callable[..., Outcome],
) -> None:
    text = lines(N, {7: "1,,k7", 8: ",0.5,k8"}).replace("\n1,", "\nYes;").replace("\n0,", "\nno;")
    Path("truth").write_text(text.replace(",", ";"))
    Path("a.csv").write_text(lines(N, {2000: "1,,k2000", 20: "0,0.5,new"}))
    Path("b.csv").write_text(text.replace(";", ","))
    for positive, expected in (("Yes", 0), ("yes", 65), ("no", 0), ("maybe", 65)):
        options = ("--missing", "drop", "--positive", positive, "-f", "json", "--join", "inner")
        codes = {
            same("compute", "a.csv", *ON, *options)[0],
            same("compare", "a.csv", "b.csv", *ON, *options)[0],
            same("compare", "b.csv", "b.csv", "--on", "id", *options)[0],
        }
        assert codes == {expected}


@pytest.mark.usefixtures("tiny_parts")
def test_labels_that_workers_cannot_see_are_not_joined_elsewhere(
    threads: str, told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unseen(*_: object) -> NoReturn:
        message = "truth: no such file or directory"
        raise InputError(message)

    Path("truth").write_text(lines(N))
    Path("a.csv").write_text(lines(N))
    monkeypatch.setattr(bce_cli.data.joined, "gathered", unseen)  # which workers alone call, since
    monkeypatch.delattr(run, "_fold_here")
    call = ("compute", "a.csv", *ON, "--engine", "dask", "--scheduler", threads)
    code, output, said = told(*call)
    assert (code, output) == (66, b"")
    assert said.splitlines() == [
        "bce: error: truth: no such file or directory",
        "bce: every worker must see it under the same path, on shared storage",
    ]


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_a_killed_worker_changes_no_digit(survived: Callable[..., None]) -> None:
    rows = records(20_000, 7)
    write("a.csv", rows)
    Path("truth").write_bytes(csv_of(without(shuffled(rows, 9), "p", "q")))
    survived("compute", "a.csv", *ON, *JSON)
