"""Clusters that the tests start, as anybody would: a scheduler, and workers somewhere else."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.processes import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """A scheduler and its workers, each a process of its own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def running_cluster(folder: Path, n_workers: int) -> Iterator[RunningCluster]:
    """Start a cluster on 127.0.0.1, whose workers run in a folder of their own."""
    found = folder / "scheduler.json"
    with ExitStack() as opened:
        scheduler = _started(
            opened, folder, "scheduler", "--port", "0", "--scheduler-file", str(found)
        )
        start = time.monotonic()
        while not found.exists() or not found.read_text():
            assert scheduler.poll() is None
            assert time.monotonic() - start < PATIENCE
            time.sleep(0.02)
        address: str = json.loads(found.read_text())["address"]
        options = (address, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        workers = [_started(opened, folder, "worker", *options) for _ in range(n_workers)]
        yield RunningCluster(address, scheduler, workers)


def _started(opened: ExitStack, folder: Path, what: str, *args: str) -> subprocess.Popen[bytes]:
    words = ("-m", f"distributed.cli.dask_{what}", "--host", "127.0.0.1", "--no-dashboard", *args)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return opened.enter_context(serving(*words, cwd=folder, env=environment, **quiet))
