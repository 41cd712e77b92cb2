"""Fixtures for all tests; every test runs in an empty folder of its own, with a fixed terminal."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from typer.testing import CliRunner, Result

from bce_cli.cli.app import app
from bce_cli.cli.parsing import DeferredCommand
from bce_cli.core.conventions import Convention
from bce_cli.core.evaluation import Plan
from bce_cli.core.report import Unit, loss_report
from bce_cli.core.segment_reports import segment_reports
from bce_cli.data.data import open_data
from bce_cli.engine.run import Job, evaluate
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from bce_cli.render.compute import ComputeDocument
from bce_cli.render.origin import Origin
from tests.processes import let_children_be_interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core import evaluation

Row = tuple[int, float, str | None]

# The same cases at every run, so that a commit passes or fails by what it says and not by luck;
# --hypothesis-profile explore looks for new ones.
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=6)
settings.register_profile("deep", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("explore", deadline=None, max_examples=100)
settings.load_profile("quick")


OUTSIDE = (
    *("engine_dask", "faults", "storage", "benchmarks", "test_docs", "test_imports"),
    *("processes.py", "test_cli_completion", "test_read_great_strings"),
    *("test_action", "test_hooks", "browser"),
)


def pytest_configure() -> None:
    let_children_be_interrupted()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the quick run leaves out of `few`, and what has to do with other processes."""
    seen: Counter[str] = Counter()
    for item in items:
        few = item.get_closest_marker("few")
        if few is not None:
            function = item.nodeid.partition("[")[0]
            seen[function] += 1
            if seen[function] > few.args[0]:
                item.add_marker("deep")
        if any(name in item.nodeid.partition("::")[0] for name in OUTSIDE):
            item.add_marker("outside")


@pytest.fixture(scope="session", autouse=True)
def _commands_built_once() -> Iterator[None]:
    """Build each command for the first test that runs it in this process, and keep it."""
    build = cache(DeferredCommand.load)
    kept = cache(lambda name: DeferredCommand(name, ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeferredCommand, "load", lambda listed: build(kept(listed.name)))
        yield


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def preds() -> Callable[..., str]:
    """Write CSV text into the current folder and return its path."""

    def write(text: str | bytes, name: str = "preds.csv") -> str:
        Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    return write


@pytest.fixture
def bce() -> Callable[..., Result]:
    """Run the command line in this process; an unforeseen exception escapes."""

    def run(*args: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(app, list(args), input=stdin, catch_exceptions=False)

    return run


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run the command line in a process of its own."""

    def run(*args: str, **options: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401
        command = [sys.executable, "-m", "bce_cli", *args]
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.run(command, check=False, timeout=120, **(streams | options))

    return run


@pytest.fixture(params=[1, 2, 3, 7, 64, 1 << 20])
def block_bytes(request: pytest.FixtureRequest) -> int:
    """Bytes read at a time; no result may depend on it."""
    size: int = request.param
    return size


@pytest.fixture
def read() -> Callable[..., list[Row]]:
    """Read sources into (label, prediction, id) rows."""

    def rows_of(
        *paths: str, block_bytes: int = 1 << 20, choice: ColumnChoice | None = None
    ) -> list[Row]:
        found: list[Row] = []
        options = InputOptions(choice or ColumnChoice(), block_bytes=block_bytes)
        with open_data(paths, options) as data:
            for block in data.blocks():
                rows = block.read().rows
                ids = (
                    [None] * len(rows)
                    if rows.ids is None
                    else [rows.ids[i] for i in range(len(rows))]
                )
                labels = rows.labels.astype(int).tolist()
                found += zip(labels, rows.probabilities.tolist(), ids, strict=True)
        return found

    return rows_of


def _job(
    paths: tuple[str, ...],
    *,
    choice: ColumnChoice | None = None,
    block_bytes: int = 1 << 20,
    n_workers: int = 2,
    **options: Any,  # noqa: ANN401
) -> Job:
    data = open_data(paths, InputOptions(choice or ColumnChoice(), block_bytes=block_bytes))
    return Job(data, n_workers, **options)


@pytest.fixture
def evaluated() -> Callable[..., evaluation.Result]:
    """Evaluate sources with options of a job."""

    def run(*paths: str, plan: Plan | None = None, **options: Any) -> evaluation.Result:  # noqa: ANN401
        return evaluate(_job(paths, **options), plan or Plan())

    return run


@pytest.fixture
def document() -> Callable[..., ComputeDocument]:
    """Evaluate sources into what the renderers get."""

    def build(
        *paths: str,
        unit: Unit = "nats",
        clip: float | None = None,
        n_worst: int = 0,
        **options: Any,  # noqa: ANN401
    ) -> ComputeDocument:
        plan = Plan(Convention(clip), n_first=5, n_worst=n_worst)
        job = _job(paths, **options)
        result = evaluate(job, plan)
        report = loss_report(result.totals, unit)
        return ComputeDocument.of(
            origin=Origin(paths, job.data.label_name, (job.data.prediction_names[0],)),
            convention=plan.convention,
            report=report,
            result=result,
            segment_columns=job.data.columns.segment_names,
            segments=()
            if result.segments is None
            else segment_reports(result.segments, report, unit),
        )

    return build
