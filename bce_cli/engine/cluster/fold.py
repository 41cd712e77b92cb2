"""Parts in, one outcome out: tasks in waves, a tree of merges, and one small answer at the end."""

from __future__ import annotations

import time
import uuid
from collections import deque
from itertools import count, islice
from typing import TYPE_CHECKING, Any, TypeVar

from bce_cli.engine.cluster.failures import LOST, explained
from bce_cli.engine.cluster.outcome import Outcome
from bce_cli.engine.cluster.tasks import Merge, RunPart, brief_of
from bce_cli.engine.cluster.tree import FAN_IN, MergeTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from distributed import Future

    from bce_cli.readers.parts.part import SourcePart

_SECONDS_BETWEEN_LOOKS = 2.0

T = TypeVar("T")
R = TypeVar("R")

_TASKS_A_THREAD = 4
"""Tasks in hand for each thread of the cluster, so that none is ever idle."""


class ClusterEngine:
    """Runs pure functions on a cluster, a bounded number of tasks at a time.

    Parameters
    ----------
    client : distributed.Client
    name : str
        What messages call the cluster.
    """

    def __init__(self, client: Any, name: str) -> None:  # noqa: ANN401 -- has no types
        self._client = client
        self._name = name
        self._run = uuid.uuid4().hex
        self._numbers = count()
        self._window = 2 * FAN_IN
        self._next_look = 0.0

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:  # noqa: ANN401
        """Ask for the value of a function; arguments may be futures."""
        # No argument must look like a key, and the time of tasks is guessed by how keys begin.
        key = f"bce_{type(function).__name__}-{self._run}-{next(self._numbers)}"
        with explained(self._name, LOST):
            future: Future[Any] = self._client.submit(function, *args, key=key)
        return future

    def result(self, future: Future[Any]) -> Any:  # noqa: ANN401
        """Wait for a value."""
        with explained(self._name, LOST):
            return future.result()

    def everywhere(self, function: Callable[..., Any], *args: Any) -> None:  # noqa: ANN401
        """Call a function in all processes, now; those that are gone do not matter."""
        with explained(self._name, LOST):
            self._client.run(function, *args, on_error="ignore")

    @property
    def window(self) -> int:
        """How many tasks to have in hand; clusters grow and shrink."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            with explained(self._name, LOST):
                n_threads = self._client.scheduler_info(n_workers=0).get("total_threads") or 1
            self._window = max(2 * FAN_IN, _TASKS_A_THREAD * int(n_threads))
        return self._window

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` for each item in order; raise the first error in that order."""
        waiting: deque[Future[R]] = deque()
        for item in items:
            if len(waiting) >= self.window:
                yield self.result(waiting.popleft())
            waiting.append(self.submit(function, item))
        while waiting:
            yield self.result(waiting.popleft())


def fold_parts(
    engine: ClusterEngine,
    parts: Iterable[SourcePart],
    run_part: RunPart,
    progress: Callable[[int], None],
) -> Outcome:
    """Run all parts, and merge what they came to in the order of their rows.

    Parameters
    ----------
    engine : ClusterEngine
    parts : iterable of SourcePart
    run_part : RunPart
    progress : callable (n_bytes) -> None
        Told the bytes read, in all.

    Returns
    -------
    Outcome
        With the first error in the order of the rows, if there is any.
    """
    merge = Merge(run_part.positive)
    tree: MergeTree[Future[Outcome]] = MergeTree(lambda nodes: engine.submit(merge, nodes))
    waiting: deque[Future[Any]] = deque()
    n_bytes, is_over = 0, False

    def look() -> None:
        nonlocal n_bytes, is_over
        brief = engine.result(waiting.popleft())
        n_bytes += brief.n_bytes
        is_over = is_over or brief.is_over
        progress(n_bytes)

    remaining = iter(parts)
    while not is_over and (wave := list(islice(remaining, FAN_IN))):
        if len(waiting) * FAN_IN >= engine.window:
            look()
        node = engine.submit(merge, [engine.submit(run_part, part) for part in wave])
        waiting.append(engine.submit(brief_of, node))
        tree.add(node)
    while waiting and not is_over:
        look()
    root = tree.root()
    return Outcome() if root is None else engine.result(root)


def gather_parts(
    engine: ClusterEngine,
    parts: Iterable[SourcePart],
    run_part: RunPart,
    progress: Callable[[int], None],
) -> Outcome:
    """Do what `fold_parts` does, but merge here what is as large as the rows."""
    whole = Outcome()
    for outcome in engine.map(run_part, parts):
        whole = whole.followed_by(outcome, run_part.positive)
        progress(whole.n_bytes)
        if whole.error is not None:
            break
    return whole
