"""How far the work is, told stage by stage to whoever shows it; nothing here knows of terminals.

It is told once for a block of rows, a part, a sample or a table, and never for a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Stage(NamedTuple):
    """How far one stage of the work is.

    Attributes
    ----------
    name : str
        What is being done, in one word.
    done : int
        Never less than was told before of the same stage of the same run.
    total : int or None
        Where `done` ends, or soon before; None where nobody knows.
    unit : str
        What is counted; empty where nothing is, and the name is all there is to tell.
    """

    name: str
    done: int = 0
    total: int | None = None
    unit: str = ""


Progress: TypeAlias = Callable[[Stage], None]


def silent(stage: Stage) -> None:
    """Tell nobody."""
    del stage


class Advance:
    """A stage that is told of each time it has come further.

    Parameters
    ----------
    progress : callable (Stage) -> None
    stage : Stage
        How it begins, which is told at once.

    Examples
    --------
    >>> advance = Advance(print, Stage("joining", 0, 2, "tables"))
    Stage(name='joining', done=0, total=2, unit='tables')
    >>> advance(2)
    Stage(name='joining', done=2, total=2, unit='tables')
    """

    def __init__(self, progress: Progress, stage: Stage) -> None:
        self._progress = progress
        self._stage = stage
        progress(stage)

    def __call__(self, n: int = 1, more: int = 0) -> None:
        """Tell that so much more is done, and that the end has moved so much further."""
        stage = self._stage
        total = None if stage.total is None else stage.total + more
        self._stage = stage._replace(done=stage.done + n, total=total)
        self._progress(self._stage)
