"""The options that say what does the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.cli.options import WorkersOpt

if TYPE_CHECKING:
    from bce_cli.cli.progress import ProgressBar
    from bce_cli.engine.run import Job
    from bce_cli.readers.open_data import Data


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How many workers there are."""

    workers: WorkersOpt = None

    def job(self, data: Data, progress: ProgressBar) -> Job:
        """Return what is to be run."""
        from bce_cli.engine.local import default_workers  # noqa: PLC0415 -- --help needs no NumPy
        from bce_cli.engine.run import Job  # noqa: PLC0415

        return Job(data, self.workers or default_workers(), progress)
