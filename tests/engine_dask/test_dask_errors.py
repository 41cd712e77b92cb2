"""Errors of a cluster's workers are those of one machine; those of the cluster are one line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.budgets import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine_dask.conftest import Outcome

GOOD = "1,0.5,a\n0,0.25,b\n" * 1000

FAULTS = {
    "a cell": ("y,p,id\n" + GOOD + "1,1.5,c\n" + GOOD + "1,x,d\n" + GOOD, ()),
    "two cells of a block": ("y,p,id\n" + GOOD + "1,1.5,c\n1,2,d\n" + GOOD, ()),
    "a short record": ("y,p,id\n" + GOOD + "1,0.5\n" + GOOD, ()),
    "a stray quote": ("y,p,id\n" + GOOD + '1,0.5,a"b\n' + GOOD, ()),
    "an open quote": ("y,p,id\n" + GOOD + '1,0.5,"ab\n' + GOOD, ()),
    "a missing cell": ("y,p,id\n" + GOOD + "1,,c\n" + GOOD, ()),
    "a third label": ("y,p,id\n" + GOOD + "2,0.5,c\n" + GOOD + "3,0.5,c\n", ("--positive", "1")),
    "a third label before a fault": (
        "y,p,id\n" + GOOD + "2,0.5,c\n" + GOOD + "1,x,d\n",
        ("--positive", "1"),
    ),
    "a label of another case": ("y,p,id\n" + GOOD.replace("1,", "yes,"), ("--positive", "Yes")),
    "no rows": ("y,p,id\n" + "1,,c\n" * 4000, ("--missing", "drop")),
    "no column": ("y,q,id\n" + GOOD, ()),
}


@pytest.mark.few(2)
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize("fault", one_in(2, FAULTS))
def test_an_error_is_the_same_line(fault: str, threads: str, told: Callable[..., Outcome]) -> None:
    text, options = FAULTS[fault]
    Path("good.csv").write_text("y,p,id\n" + GOOD)
    Path("bad.csv").write_text(text)
    for paths in (["bad.csv"], ["good.csv", "bad.csv", "none.csv"]):
        call = ("compute", *paths, "-f", "json", *options)
        local = told(*call)
        assert (local[0] in {65, 66}, local[1]) == (True, b"")
        assert told(*call, "--engine", "dask", "--scheduler", threads) == local


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_an_error_crosses_processes(external: str, told: Callable[..., Outcome]) -> None:
    Path("bad.csv").write_text(FAULTS["two cells of a block"][0])
    code, output, said = told("compute", "bad.csv", "--engine", "dask", "--scheduler", external)
    assert (code, output) == (65, b"")
    assert said.startswith("bce: error: bad.csv, line 2002: prediction 1.5 (column 'p') is not in")
    assert (code, output, said) == told("compute", "bad.csv")


def test_a_missing_file_is_the_same_error_in_its_turn(
    threads: str, told: Callable[..., Outcome]
) -> None:
    Path("good.csv").write_text("y,p,id\n" + GOOD)
    call = ("compute", "good.csv", "none.csv")
    local = told(*call)
    said = "bce: error: none.csv: no such file or directory\nbce: its folder has 'good.csv'\n"
    assert local == (66, b"", said)
    assert told(*call, "--engine", "dask", "--scheduler", threads) == local


def test_a_missing_package_is_named(
    told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("good.csv").write_text("y,p,id\n" + GOOD)
    monkeypatch.setitem(sys.modules, "dask", None)
    code, output, said = told("compute", "good.csv", "--engine", "dask")
    assert (code, output) == (2, b"")
    assert said.startswith("bce: error: --engine dask needs packages that are not installed: ")
    assert said.endswith("\nbce: pip install dask distributed\n")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler goes with --engine dask"),
        (
            ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"],
            "--workers starts processes here; --scheduler names a cluster that has its own",
        ),
        (
            ["--engine", "dask", "--per-example"],
            "--per-example writes rows in their order, which --engine dask does not keep",
        ),
        (
            ["--engine", "dask", "-"],
            "standard input: --engine dask reads files that every worker can open",
        ),
        (
            ["--engine", "dask", "--scheduler", "nowhere"],
            "--scheduler nowhere is no address: missing port number in address 'nowhere'",
        ),
    ],
)
def test_what_a_cluster_cannot_do_is_refused(
    options: list[str], line: str, told: Callable[..., Outcome]
) -> None:
    Path("good.csv").write_text("y,p,id\n" + GOOD)
    code, output, said = told("compute", "good.csv", *options)
    assert (code, output) == (2, b"")
    assert said.splitlines()[0] == f"bce: error: {line}"


def test_a_variable_for_a_cluster_changes_nothing_for_one_machine(
    told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("good.csv").write_text("y,p,id\n" + GOOD)
    alone = told("compute", "good.csv", "--workers", "1")
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    assert told("compute", "good.csv", "--workers", "1") == alone
    code, _, said = told("compute", "good.csv", "--workers", "1", "--engine", "dask")
    assert code == 2
    assert "; DASK_SCHEDULER_ADDRESS names a cluster that has its own" in said
