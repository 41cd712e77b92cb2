"""Processes of a cluster that are killed in the middle of the work."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.engine_dask.clusters import PATIENCE

if TYPE_CHECKING:
    import subprocess

    from tests.engine_dask.clusters import RunningCluster

N_TASKS = 6
"""That each worker has done before one of them is killed; there are about two hundred."""


def kill_in_the_middle(
    cluster: RunningCluster, victim: subprocess.Popen[bytes], number: int = signal.SIGKILL
) -> threading.Thread:
    """Kill a process, or send another signal, once both workers have done some of the work."""

    def watch() -> None:
        from distributed import Client

        client_class: Any = Client
        with client_class(cluster.address, set_as_default=False) as client:
            start = time.monotonic()
            while time.monotonic() - start < PATIENCE:
                done = client.run(n_tasks_done)
                if len(done) == 2 and min(done.values()) >= N_TASKS:
                    break
                time.sleep(0.005)
        victim.send_signal(number)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def n_tasks_done(dask_worker: Any) -> int:  # noqa: ANN401 -- has no types
    return int(dask_worker.state.executed_count)
