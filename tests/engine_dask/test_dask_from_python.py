"""Questions in Python on a cluster: by its address or a client, and by processes of a script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bce_cli as bce

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = "y,p,q,site\n" + "1,0.75,0.5,a\n0,0.25,0.125,b\n1,0.375,0.5,a\n0,0.5,0.25,b\n" * 50

ASKED: dict[str, Callable[..., bce.Result]] = {
    "compute": lambda **how: bce.compute("rows.csv", "p", by="site", **how),
    "compare": lambda **how: bce.compare("rows.csv", ["p", "q"], **how),
    "calibration": lambda **how: bce.calibration("rows.csv", "p", **how),
    "check": lambda **how: bce.check("rows.csv", "p", max_loss=1, **how),
}


@pytest.mark.few(1)
@pytest.mark.parametrize("name", ASKED)
def test_a_cluster_has_the_same_answer(name: str, threads: str) -> None:
    from distributed import Client

    client_class: Any = Client
    Path("rows.csv").write_text(ROWS, encoding="utf-8")
    here = ASKED[name]()
    assert ASKED[name](engine="dask", scheduler=threads).to_json() == here.to_json()
    with client_class(threads, set_as_default=False) as client:
        assert ASKED[name](engine="dask", scheduler=client) == here
        assert client.status == "running"


def test_what_is_in_memory_stays_here(threads: str) -> None:
    with pytest.raises(bce.ArgumentError) as caught:
        bce.compute({"y": [1, 0], "p": [0.5, 0.5]}, engine="dask", scheduler=threads)
    assert caught.value.message == "engine='dask' cannot read what is in memory, as dict is"


@pytest.mark.deep
def test_a_script_that_its_workers_run_again_is_told_how_to_ask() -> None:
    Path("rows.csv").write_text(ROWS, encoding="utf-8")
    ask = 'print(bce.compute("rows.csv", "p", engine="dask", workers=1).n)\n'
    Path("bare.py").write_text(f"import bce_cli as bce\n{ask}")
    Path("guarded.py").write_text(
        f'import bce_cli as bce\nif __name__ == "__main__":\n    {ask}', encoding="utf-8"
    )
    bare, guarded = (
        subprocess.run(
            [sys.executable, name], capture_output=True, text=True, check=False, timeout=300
        )
        for name in ("bare.py", "guarded.py")
    )
    assert (guarded.returncode, guarded.stdout, guarded.stderr) == (0, "200\n", "")
    assert (bare.returncode, bare.stdout) == (1, "")
    what = "the cluster of this machine cannot be started: its workers fail as they start"
    assert bare.stderr.splitlines()[-2:] == [
        f"bce_cli.errors.EngineError: {what}",
        "workers import the script that starts them: it must ask under if __name__ == '__main__':",
    ]
