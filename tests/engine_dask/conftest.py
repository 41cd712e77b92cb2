"""Clusters that live as long as the tests, and sources that are cut into many parts."""

from __future__ import annotations

import gzip
import json
import random
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.data import parts
from bce_cli.data.parts import Cutting
from bce_cli.readers import arrays, columnar, grammar
from tests.engine_dask.clusters import running_cluster
from tests.engine_dask.deaths import kill_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from tests.engine_dask.clusters import RunningCluster

N = 1500

Row = dict[str, object]


@pytest.fixture(scope="session")
def threads() -> Iterator[str]:
    """Address of a cluster of threads in this process."""
    from distributed import LocalCluster

    cluster_class: Any = LocalCluster
    with cluster_class(
        n_workers=1, threads_per_worker=3, processes=False, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="session")
def external(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a cluster of a scheduler and two workers."""
    with running_cluster(tmp_path_factory.mktemp("cluster"), 2) as cluster:
        yield cluster.address


@pytest.fixture
def tiny_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut sources into parts of some hundred rows."""
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 4000)
    monkeypatch.setattr(parts, "CUTTING", Cutting(part_blocks=3, least_bytes=9000))
    monkeypatch.setattr(columnar, "LEAST_ROWS", 300)
    monkeypatch.setattr(arrays, "LEAST_ROWS", 300)


def records(n: int, seed: int) -> list[Row]:
    """Rows with late underflow, a few extremes, and texts that need quotes."""
    rng = random.Random(seed)  # noqa: S311 -- no secret
    found: list[Row] = []
    for i in range(n):
        y = rng.randrange(2)
        p = rng.betavariate(9, 1) if y else rng.betavariate(1, 9)
        if i % 977 == 976:
            p = 1e-300 if y else 0.5
        site = rng.choice(["north", 'the "old" one', "two\nlines"])
        found.append({"y": y, "p": p, "q": rng.random(), "id": f"row\n{i}", "site": site})
    return found


def csv_of(rows: list[Row], line_end: str = "\n") -> bytes:
    """Write rows as CSV."""

    def cell(value: object) -> str:
        text = repr(value) if isinstance(value, float) else str(value)
        return '"' + text.replace('"', '""') + '"' if set(text) & set('",\n') else text

    lines = ["y,p,q,id,site", *(",".join(map(cell, row.values())) for row in rows)]
    return "".join(line + line_end for line in lines).encode()


@pytest.fixture
def sources() -> dict[str, tuple[str, ...]]:
    """Write the same kind of rows in all forms; return the paths by form."""
    import pyarrow as pa
    from pyarrow import parquet

    rows = records(N, 1)
    Path("plain.csv").write_bytes(csv_of(rows))
    Path("pairs.csv").write_bytes(b"\xef\xbb\xbf" + csv_of(records(N, 2), "\r\n"))
    Path("packed.csv.gz").write_bytes(gzip.compress(csv_of(records(N // 4, 3))))
    for name in ("empty.csv", "bare.csv"):
        Path(name).write_bytes(csv_of([]))
    Path("one.csv").write_bytes(csv_of(records(1, 4)))
    parquet.write_table(pa.Table.from_pylist(rows), "preds.parquet", row_group_size=100)
    lines = [json.dumps(row) for row in records(N // 8, 5)]
    Path("preds.jsonl").write_text("\n".join(lines) + "\n")
    return {
        "csv": ("plain.csv",),
        "crlf": ("pairs.csv",),
        "parquet": ("preds.parquet",),
        "gzip": ("packed.csv.gz",),
        "mixed": (
            "empty.csv",
            "one.csv",
            "preds.parquet",
            "packed.csv.gz",
            "bare.csv",
            "pairs.csv",
            "preds.jsonl",
            "plain.csv",
        ),
    }


Outcome = tuple[int, bytes, str]


@pytest.fixture
def told(bce: Callable[..., Result]) -> Callable[..., Outcome]:
    """Run the command line in this process; return its exit code and all it says."""

    def run(*args: str) -> Outcome:
        done = bce(*args)
        return done.exit_code, done.stdout_bytes, done.stderr

    return run


@pytest.fixture
def same(threads: str, told: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Run a command on one machine and on a cluster; assert that they say the same."""

    def run(*call: str) -> Outcome:
        local = told(*call)
        assert told(*call, "--engine", "dask", "--scheduler", threads) == local
        return local

    return run


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with running_cluster(tmp_path_factory.mktemp("doomed"), 2) as running:
        yield running


@pytest.fixture
def survived(cluster: RunningCluster, told: Callable[..., Outcome]) -> Callable[..., None]:
    """Run a command on a cluster that loses a worker; assert that it says what one machine says."""

    def run(*call: str) -> None:
        local = told(*call)
        killer = kill_in_the_middle(cluster, cluster.workers[0])
        found = told(*call, "--engine", "dask", "--scheduler", cluster.address)
        assert not killer.is_alive()  # it was in the middle
        assert cluster.workers[0].wait() == -signal.SIGKILL
        assert cluster.workers[1].poll() is None
        assert found == local

    return run
