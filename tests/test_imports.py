"""What a fresh interpreter loads, because that is what a user waits for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules), file=open("modules.txt", "w")))
sys.argv[0] = "bce"
from bce_cli.cli import main
main()
"""

HEAVY = {
    "pydantic",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "rich.table",
    "rich.console",
    "dask",
    "jinja2",
    "sklearn",
}
DRAWING = {"pandas", "scipy", "rich", "rich.table", "rich.console", "dask", "jinja2"}


@pytest.fixture
def loaded(preds: Callable[..., str]) -> Callable[..., set[str]]:
    """Run a command line in a fresh interpreter and return the modules it has loaded."""
    preds("y,p,id\n1,0.9,a\n0,0.2,b\n")

    def run(*args: str) -> set[str]:
        command = [sys.executable, "-c", PROBE, *args]
        done = subprocess.run(command, check=False, capture_output=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, b"")
        with open("modules.txt") as stream:  # noqa: PTH123 -- as the probe has written it
            return set(stream.read().split())

    return run


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        *(
            [name, "--help"]
            for name in ("compute", "compare", "calibration", "check", "report", "demo")
        ),
        ["apply", "--help"],
    ],
)
def test_help_loads_nothing_heavy(args: list[str], loaded: Callable[..., set[str]]) -> None:
    assert loaded(*args) & HEAVY == set()


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "options",
    [
        ["-q"],
        ["-f", "json"],
        ["-f", "csv"],
        ["-f", "json", "--worst", "1", "--id", "id"],
        ["-f", "json", "--by", "id"],
        ["--per-example", "-f", "csv"],
        ["--per-example", "-f", "json", "--id", "id"],
    ],
    ids=" ".join,
)
def test_data_for_programs_loads_neither_frames_nor_drawing(
    options: list[str], loaded: Callable[..., set[str]]
) -> None:
    modules = loaded("compute", "preds.csv", "-l", "y", "-p", "p", *options)
    assert modules & DRAWING == set()
    assert "numpy" in modules
    # Numbers of a small file need none.
    assert ("pyarrow" in modules) == bool({"id", "--per-example"} & {*options})


@pytest.mark.parametrize(
    "options",
    [
        ["-q", "--workers", "1", "--clip", "1e-6"],
        ["-f", "json", "--color", "never", "--worst", "2", "--confidence", ".9"],
    ],
    ids=" ".join,
)
def test_plain_values_load_no_converters(
    options: list[str], loaded: Callable[..., set[str]]
) -> None:
    assert "pydantic" not in loaded("compute", "preds.csv", "-l", "y", "-p", "p", *options)


@pytest.mark.deep
def test_plain_paths_load_nothing_for_storage_elsewhere(loaded: Callable[..., set[str]]) -> None:
    for folder in ("parts", "more"):
        Path(folder).mkdir()
        shutil.copy("preds.csv", folder)
    Path("more/preds.csv").write_text("y,p,id\n0,0.1,c\n")
    modules = loaded("compute", "parts", "more/*.csv", "-l", "y", "-p", "p", "-q")
    assert modules & {"pyarrow.fs", "pyarrow._s3fs", "fsspec", "aiohttp", "asyncio"} == set()
    assert "bce_cli.storage.stores" not in modules
    assert "bce_cli.storage.paths" in modules


@pytest.mark.deep
def test_a_quiet_check_loads_neither_frames_nor_drawing(loaded: Callable[..., set[str]]) -> None:
    limits = ["--max-loss", "1", "--max-ece", "1", "--min-skill", "-9", "-q"]
    assert loaded("check", "preds.csv", "-l", "y", "-p", "p", *limits) & DRAWING == set()


@pytest.mark.few(1)
@pytest.mark.parametrize("options", [["-q"], ["-f", "json"], ["-f", "csv"]], ids=" ".join)
def test_a_comparison_for_programs_loads_neither_frames_nor_drawing(
    options: list[str], loaded: Callable[..., set[str]]
) -> None:
    modules = loaded("compare", "preds.csv", "preds.csv", "-l", "y", "-p", "p", *options)
    assert modules & (DRAWING - {"scipy"}) == set()


def test_a_table_loads_rich_and_no_frames(loaded: Callable[..., set[str]]) -> None:
    modules = loaded("compute", "preds.csv", "-l", "y", "-p", "p")
    assert "rich.table" in modules
    assert modules & {"pandas", "scipy", "dask", "jinja2"} == set()


def test_the_package_itself_loads_nothing_until_a_name_is_used() -> None:
    script = "import sys, bce_cli; print(*sorted(m for m in sys.modules if 'numpy' in m)); "
    script += "bce_cli.mean_binary_cross_entropy; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.split() == [b"True"]
