"""A process reads what rows are joined with once, and lets go of it when the run is over."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bce_cli.data.joined import SideRecipe, SidesPlan, held, release, runs_held
from bce_cli.errors import JoinInDoubt
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from bce_cli.storage.sources import Source


def plan(run: str, path: str = "truth.csv") -> SidesPlan:
    Path("truth.csv").write_text("id;y\na;1\nb;0\n")
    columns = ColumnChoice(keys=("id",), reads_prediction=False)
    return SidesPlan(
        run, SideRecipe((Source(path),), InputOptions(columns)), (), (), is_inner=False
    )


def test_threads_that_ask_at_once_get_the_same() -> None:
    wanted, start = plan("threads"), threading.Barrier(4)

    def ask(_: int) -> int:
        start.wait()
        return id(held(wanted))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    found = held(wanted)
    assert [side.keys.texts(np.arange(2)) for side in found.all] == [["a", "b"]]
    assert found.notes == (("truth.csv: delimiter ';'",),)
    release("threads")
    assert runs_held() == []
    with pytest.raises(JoinInDoubt):
        held(wanted)


def test_runs_that_were_lost_make_room() -> None:
    for run in ("first", "second", "third"):
        held(plan(run))
    assert runs_held() == ["second", "third"]
    for run in ("second", "third"):
        release(run)


def test_what_cannot_be_read_is_left_to_who_reads_all_sources() -> None:
    with pytest.raises(JoinInDoubt):
        held(plan("none", "none.csv"))
    release("none")
    assert runs_held() == []
