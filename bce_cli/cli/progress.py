"""A progress bar on standard error, for work that lasts and someone who watches."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress

_PATIENCE = 2.0
"""Seconds before a bar appears."""


class ProgressBar:
    """Shows bytes done, once the work has lasted for a while, if standard error is a terminal.

    Parameters
    ----------
    enabled : bool
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr is not None and sys.stderr.isatty()
        self._start = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int | None) -> None:
        """Take in how far the work is."""
        if not self._enabled:
            return
        if self._bar is None:
            if time.monotonic() - self._start < _PATIENCE:
                return
            self._bar = _started_bar()
            self._bar.add_task("reading", total=total)
        self._bar.update(self._bar.task_ids[0], completed=done)


def _started_bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
    )

    bar = Progress(
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.start()
    return bar
