"""The fold on a cluster of Dask: tasks in waves, a tree of merges, and one small answer."""

from __future__ import annotations

import stat
import time
import uuid
from collections import deque
from contextlib import suppress
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bce_cli.core.progress import Advance, Stage
from bce_cli.data.joined import release
from bce_cli.engine.connection import LOST, answered, connected, explained
from bce_cli.engine.outcome import Outcome, RunPart, in_a_row
from bce_cli.errors import (
    ArgumentError,
    BceError,
    InputError,
    MissingInputError,
    SideUnreadable,
    argument,
    given,
)
from bce_cli.storage.sources import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from distributed import Future

    from bce_cli.core.progress import Progress
    from bce_cli.core.rows import Rows
    from bce_cli.data.aligned import AlignedPart
    from bce_cli.data.data import Data
    from bce_cli.data.parts import Part
    from bce_cli.engine.connection import Cluster

T = TypeVar("T")
R = TypeVar("R")
Node = TypeVar("Node")

_SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_BETWEEN_QUESTIONS = 10.0
"""After so long without a value, the scheduler is asked whether it is still there."""

_TASKS_A_THREAD = 4
"""Tasks in hand for each thread of the cluster, so that none is ever idle."""

FAN_IN = 8
"""Neighbours that are merged into one."""


def fold_on_cluster(
    data: Data,
    cluster: Cluster,
    of_rows: Callable[[Rows], Any],
    progress: Progress,
    *,
    are_small: bool,
) -> Any:  # noqa: ANN401
    """Fold the parts of opened data on a cluster; see `engine.run.fold_rows`.

    Raises
    ------
    EngineError
        The cluster cannot be reached, or was lost.
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    JoinInDoubt
        Something about a join is wrong; who reads all sources one after the other can say what.
    """
    progress(Stage("connecting"))
    run_part = RunPart(of_rows, data.read_by_workers(), data.positive)
    fold = fold_parts if are_small else gather_parts
    with connected(cluster) as client:
        engine = ClusterEngine(client, cluster.name)
        ahead = partial(_told, Advance(progress, Stage("scanning", 0, 0, "parts")), engine.map)
        # Workers read what rows are joined with once, and in no order that could be told of.
        total = data.n_bytes() if data.join is None else data.baseline.n_bytes()
        read = Advance(progress, Stage("reading", 0, total, "bytes"))
        outcome = fold(engine, data.parts(ahead), run_part, read)
        try:
            if outcome.error is not None:
                raise _with_hint(outcome.error, data.sources)
            data.conclude(outcome.facts, engine.map)
        finally:
            if data.held_by_workers is not None:
                engine.everywhere(release, data.held_by_workers)
    return outcome.state


def _told(
    advance: Advance,
    run: Callable[..., Iterator[R]],
    function: Callable[[T], R],
    items: Iterable[T],
) -> Iterator[R]:
    """Run a function over items, and tell of each that is done."""
    items = list(items)
    advance(0, len(items))
    for found in run(function, items):
        advance()
        yield found


def check_sources(sources: Sequence[Source]) -> None:
    """Raise ArgumentError if one of the sources is not a file."""
    for source in sources:
        if source.held is not None:
            message = f"{given(engine='dask')} cannot read what is in memory, as {source.name} is"
            raise ArgumentError(message, f"write it to Parquet, or leave {argument('engine')} out")
        if source.path == STANDARD_INPUT or _is_stream(source.local_path):
            message = (
                f"{source.name}: {given(engine='dask')} reads files that every worker can open"
            )
            raise ArgumentError(message, f"{given(engine='local')} reads it")


def _is_stream(path: str | None) -> bool:
    with suppress(OSError, ValueError):  # whoever opens it can say what is wrong with it
        return path is not None and not stat.S_ISREG(Path(path).stat().st_mode)
    return False


def _with_hint(error: BceError, sources: Sequence[Source]) -> BceError:
    """Tell of shared storage if a worker cannot open what can be opened here."""
    if isinstance(error, SideUnreadable) and error.hint is not None:
        return InputError(*error.said)
    is_missing = isinstance(error, MissingInputError)  # and told what there is on the worker
    if is_missing or (isinstance(error, InputError | SideUnreadable) and error.hint is None):
        for source in sources:
            if error.message.startswith(f"{source.name}: ") and source.size() is not None:
                hint = "every worker must see it under the same path, on shared storage"
                return InputError(error.said[0], hint)
    return error


class ClusterEngine:
    """Runs pure functions on a cluster, a bounded number of tasks at a time.

    Parameters
    ----------
    client : distributed.Client
    name : str
        What messages call the cluster.
    """

    def __init__(self, client: Any, name: str) -> None:  # noqa: ANN401
        self._client = client
        self._name = name
        self._run = uuid.uuid4().hex
        self._numbers = count()
        self._window = 2 * FAN_IN
        self._next_look = 0.0

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:  # noqa: ANN401
        """Ask for the value of a function; arguments may be futures."""
        # No argument must look like a key, and the time of tasks is guessed by how keys begin.
        kind = getattr(function, "__name__", type(function).__name__)
        key = f"bce_{kind}-{self._run}-{next(self._numbers)}"
        with explained(self._name, LOST):
            future: Future[Any] = self._client.submit(function, *args, key=key)
        return future

    def result(self, future: Any) -> Any:  # noqa: ANN401
        """Wait for a value, for as long as the scheduler is there."""
        with explained(self._name, LOST):
            while True:
                with suppress(TimeoutError):
                    return future.result(timeout=SECONDS_BETWEEN_QUESTIONS)
                if future.status == "error":  # of that kind
                    return future.result()
                self._n_threads()

    def everywhere(self, function: Callable[..., Any], *args: Any) -> None:  # noqa: ANN401
        """Call a function in all processes, now; those that are gone do not matter."""
        with explained(self._name, LOST):
            answered(partial(self._client.run, function, *args, on_error="ignore"))

    @property
    def window(self) -> int:
        """How many tasks to have in hand; clusters grow and shrink."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            with explained(self._name, LOST):
                n_threads = self._n_threads()
            self._window = max(2 * FAN_IN, _TASKS_A_THREAD * n_threads)
        return self._window

    def _n_threads(self) -> int:
        """Ask the scheduler how many threads there are, which tells that it is there, too."""
        known = answered(partial(self._client.scheduler_info, n_workers=0))
        return int(known.get("total_threads") or 1)

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
    parts: Iterable[Part | AlignedPart],
    run_part: RunPart,
    progress: Callable[[int], None],
) -> Outcome:
    """Run all parts, and merge what they came to in the order of their rows.

    Parameters
    ----------
    engine : ClusterEngine
    parts : iterable of Part or AlignedPart
    run_part : RunPart
    progress : callable (n_bytes) -> None
        Told the bytes read with each part.

    Returns
    -------
    Outcome
        With the first error in the order of the rows, if there is any.
    """

    def merged(outcomes: list[Future[Outcome]]) -> Future[Outcome]:
        return engine.submit(in_a_row, outcomes, run_part.positive)

    tree: MergeTree[Future[Outcome]] = MergeTree(merged)
    waiting: deque[list[Future[Any]]] = deque()
    is_over = False

    def look() -> None:
        nonlocal is_over
        *sizes, end = waiting.popleft()
        for size in sizes:
            progress(engine.result(size))
        is_over = engine.result(end)

    remaining = iter(parts)
    while not is_over and (wave := list(islice(remaining, FAN_IN))):
        if len(waiting) * FAN_IN >= engine.window:
            look()
        outcomes = [engine.submit(run_part, part) for part in wave]
        node = merged(outcomes)
        sizes = [engine.submit(size_of, outcome) for outcome in outcomes]
        waiting.append([*sizes, engine.submit(is_in_error, node)])
        tree.add(node)
    while waiting and not is_over:
        look()
    root = tree.root()
    return Outcome() if root is None else engine.result(root)


def gather_parts(
    engine: ClusterEngine,
    parts: Iterable[Part | AlignedPart],
    run_part: RunPart,
    progress: Callable[[int], None],
) -> Outcome:
    """Do what `fold_parts` does, but merge here what is as large as the rows."""
    whole = Outcome()
    for outcome in engine.map(run_part, parts):
        whole = whole.followed_by(outcome, run_part.positive)
        progress(outcome.facts.n_bytes)
        if whole.error is not None:
            break
    return whole


def size_of(outcome: Outcome) -> int:
    """Say how many bytes were read."""
    return outcome.facts.n_bytes


def is_in_error(outcome: Outcome) -> bool:
    """Say whether there was an error, which ends the run."""
    return outcome.error is not None


class MergeTree(Generic[Node]):
    """Merges nodes in their order, eight neighbours at a time, and holds only those not yet merged.

    Parameters
    ----------
    merge : callable (list of Node) -> Node

    Examples
    --------
    >>> tree = MergeTree(lambda nodes: f"({''.join(nodes)})")
    >>> for leaf in "abcdefghijk":
    ...     tree.add(leaf)
    >>> tree.root()
    '((abcdefgh)(ijk))'
    """

    def __init__(self, merge: Callable[[list[Node]], Node]) -> None:
        self._merge = merge
        self._levels: list[list[Node]] = []

    def add(self, leaf: Node) -> None:
        """Add the leaf that follows."""
        self._add(leaf, 0)

    def _add(self, node: Node, level: int) -> None:
        if level == len(self._levels):
            self._levels.append([])
        nodes = self._levels[level]
        nodes.append(node)
        if len(nodes) == FAN_IN:
            self._levels[level] = []
            self._add(self._merge(nodes), level + 1)

    def root(self) -> Node | None:
        """Merge what is left, later nodes first; None without leaves."""
        last: Node | None = None
        for nodes in self._levels:
            rest = nodes if last is None else [*nodes, last]
            if rest:
                last = rest[0] if len(rest) == 1 else self._merge(rest)
        return last
