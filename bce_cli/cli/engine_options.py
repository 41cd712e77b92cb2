"""The options that say what does the work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.cli.options import EngineOpt, SchedulerOpt, WorkersOpt
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.cli.progress import ProgressBar
    from bce_cli.data.data import Data
    from bce_cli.engine.connection import Cluster
    from bce_cli.engine.run import Job

SCHEDULER_VARIABLE = "DASK_SCHEDULER_ADDRESS"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What does the work, and how many workers there are."""

    workers: WorkersOpt = None
    engine: EngineOpt = "local"
    scheduler: SchedulerOpt = None

    def job(self, data: Data, progress: ProgressBar) -> Job:
        """Return what is to be run.

        Raises
        ------
        UsageError
            The options contradict each other.
        """
        from bce_cli.engine.run import Job, default_workers  # noqa: PLC0415 -- not for --help

        n_workers = self.workers or default_workers()
        return Job(data, n_workers, progress, self._cluster(n_workers))

    def _cluster(self, n_workers: int) -> Cluster | None:
        if self.engine == "local":
            if self.scheduler is not None:
                message = "--scheduler goes with --engine dask"
                raise UsageError(message)
            return None
        scheduler = self.scheduler or os.environ.get(SCHEDULER_VARIABLE) or None
        if scheduler is not None and self.workers is not None:
            named = "--scheduler" if self.scheduler else SCHEDULER_VARIABLE
            message = f"--workers starts processes here; {named} names a cluster that has its own"
            raise UsageError(message)
        from bce_cli.engine.connection import Cluster  # noqa: PLC0415 -- rarely needed

        return Cluster(scheduler, n_workers)
