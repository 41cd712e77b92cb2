"""Fold the rows of a data set, in threads here or on a cluster, in the order of the rows."""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache, cached_property, partial
from itertools import islice
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bce_cli.core.evaluation import Evaluation, Plan, Result, evaluate_rows
from bce_cli.core.progress import Stage, silent
from bce_cli.core.rows import concatenated
from bce_cli.core.state import merged
from bce_cli.data.table import Facts, read_block
from bce_cli.engine import copies
from bce_cli.engine.outcome import Outcome, RunPart
from bce_cli.errors import JoinInDoubt
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from bce_cli.core.conventions import Convention
    from bce_cli.core.progress import Progress
    from bce_cli.core.rows import FloatArray, Rows
    from bce_cli.data.data import Data
    from bce_cli.engine.connection import Cluster
    from bce_cli.readers.blocks import Block

_SWITCH_SECONDS = 5e-4  # blocks take some milliseconds, and Python hardly any of them
_LARGEST_BLOCK = 30 << 20  # glibc learns from no larger one
_FRONT_WORKERS = 2  # the rows that are needed in their order are few

T = TypeVar("T")
R = TypeVar("R")
Text = TypeVar("Text")
S = TypeVar("S")


def default_workers() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Threads:
    """Runs a function over items in threads and yields the results in order.

    Parsing and NumPy release the interpreter lock, so threads suffice, and nothing is copied.

    Parameters
    ----------
    n_workers : int
        Items in hand never exceed twice this number and one, so memory does not grow with the
        input. With 0, this thread does it all.
    stack : ExitStack
        Ends the threads, which are started for the second item: a small file has no more than one.

    Examples
    --------
    >>> with threads(2) as engine:
    ...     list(engine.map(abs, range(-3, 0)))
    [3, 2, 1]
    """

    def __init__(self, n_workers: int, stack: ExitStack) -> None:
        self._n_workers = n_workers
        self._window = 2 * n_workers + 1
        self._stack = stack

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` for each item in order; raise the first error in that order.

        An error of `items` itself comes after those of the items before it.
        """
        if not self._n_workers:
            yield from map(function, items)
            return
        waiting: deque[Future[R]] = deque()
        remaining = iter(items)
        alone = [*islice(remaining, 1)]
        failure: Exception | None = None
        while True:
            try:
                item = next(remaining)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 -- raised below, in its turn
                failure = error
                break
            if len(waiting) == self._window:
                yield waiting.popleft().result()
            waiting += [self._pool.submit(function, each) for each in (*alone, item)]
            alone.clear()
        yield from map(function, alone)
        while waiting:
            yield waiting.popleft().result()
        if failure is not None:
            raise failure

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- few rows need none

        _end_a_thread()
        _keep_freed_memory()
        self._stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(_SWITCH_SECONDS)
        pool = ThreadPoolExecutor(self._n_workers, thread_name_prefix="bce")
        self._stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        return pool


@cache
def _keep_freed_memory() -> None:
    """Let the arrays of a block get the memory of those before it.

    glibc gives memory back to the system, which has to clear it anew for the next block, unless it
    is less than was freed before in one go. What is freed here is never touched, and costs nothing.
    """
    with suppress(MemoryError):
        bytes(_LARGEST_BLOCK)


@cache
def _end_a_thread() -> None:
    """Load what threads end with: where memory is short by then, the process would be aborted."""
    thread = Thread(target=int)
    thread.start()
    thread.join()


@contextmanager
def threads(n_workers: int) -> Iterator[Threads]:
    """Provide an engine with so many threads; what is still waiting at the end is dropped.

    Parameters
    ----------
    n_workers : int
        With 0, no thread is started. Where memory is short, one that gets none may end before
        Python hears of it, which then waits for its beginning for ever.
    """
    with ExitStack() as stack:
        yield Threads(n_workers, stack)


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, and how to run it.

    Attributes
    ----------
    data : Data
        Opened and closed by the run; what it has found out can be asked afterwards.
    n_workers : int
        Threads, or 0 for none but this one.
    progress : callable (Stage) -> None
        Told how far the work is.
    cluster : Cluster, optional
        What does the work, if not this process.
    may_copy : bool, default False
        Whether the process is ours, and copies of it may share the work.
    """

    data: Data
    n_workers: int
    progress: Progress = silent
    cluster: Cluster | None = None
    may_copy: bool = False

    @contextmanager
    def opened(self) -> Iterator[Data]:
        """Open the data, if whoever is to do the work can read them."""
        if self.cluster is not None:
            from bce_cli.engine.cluster import check_sources  # noqa: PLC0415 -- rarely needed

            check_sources(self.data.sources)
        with self.data:
            yield self.data

    def tell(self, n_bytes: int, total: int | None) -> None:
        """Tell of the bytes read with blocks; rows that were joined have none."""
        if n_bytes:
            self.progress(Stage("reading", n_bytes, total, "bytes"))


def evaluate(job: Job, plan: Plan) -> Result:
    """Evaluate all rows of a data set; see `evaluate_with`."""
    return evaluate_with(job, plan, _no_look)[0]


def _no_look(_rows: Rows) -> None:
    return None


def evaluate_with(
    job: Job, plan: Plan, look: Callable[[Rows], S], *, are_small: bool = True
) -> tuple[Result, S]:
    """Evaluate all rows of a data set, and take another look at each block in the same pass.

    The raw product of the likelihoods is rounded after each row, so no cluster can share it out and
    get the same digits. It soon is 0; until then, a cluster's rows are read once more here.

    Parameters
    ----------
    job : Job
    plan : Plan
    look : callable (Rows) -> state
        As `fold_rows` has it.
    are_small : bool
        Of the states of the look.

    Returns
    -------
    tuple of Result and state

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    UsageError, EngineError
        As `engine.cluster.fold_on_cluster` raises them, where the job is one for a cluster.
    """
    seen: S
    with job.opened() as data:
        evaluation = Evaluation(plan)

        def of_rows_here(rows: Rows) -> Any:  # noqa: ANN401
            # A late look at needs_rows can only bring back rows that are no longer needed.
            found = evaluate_rows(rows, plan, keep_rows=evaluation.needs_rows)
            return found, look(rows)

        start = (evaluation, None)
        if _needs_all(data):
            _, seen = _fold_held(job, of_rows_here, start)
            return evaluation.result(), seen
        of_rows = partial(_both, plan=plan, look=look)
        if job.cluster is not None:
            with suppress(JoinInDoubt):  # which leaves the last word to this process
                whole, seen = _fold_there(job, job.cluster, of_rows, are_small=are_small)
                return _front(data, plan).result(whole), seen
        in_copies = _InCopies(of_rows, lambda: evaluation.needs_rows) if are_small else None
        _, seen = _fold_here(job, of_rows_here, start, in_copies)
    return evaluation.result(), seen


def _both(rows: Rows, plan: Plan, look: Callable[[Rows], Any]) -> Any:  # noqa: ANN401
    return evaluate_rows(rows, plan, keep_rows=False), look(rows)


def _front(data: Data, plan: Plan) -> Evaluation:
    """Read rows from the start for as long as the product needs them."""
    front = Evaluation(replace(plan, n_worst=0, compared=(), n_differing=0))
    of_rows = partial(evaluate_rows, plan=front.plan, keep_rows=True)
    with data.front() as (blocks, read), threads(_FRONT_WORKERS) as engine:
        found = engine.map(lambda block: of_rows(read(block).rows), blocks)
        while front.needs_rows and (part := next(found, None)) is not None:
            front += part
    return front


def fold_rows(job: Job, of_rows: Callable[[Rows], S], *, are_small: bool = True) -> S:
    """Compute a mergeable state of each block, and merge them in the order of the rows.

    Parameters
    ----------
    job : Job
    of_rows : callable (Rows) -> state
        Runs in the workers, which may be other processes; states are added with ``+=``.
    are_small : bool
        Whether states do not grow with the rows; a cluster merges only such before they are here.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    UsageError, EngineError
        As `engine.cluster.fold_on_cluster` raises them, where the job is one for a cluster.
    """
    state: S
    with job.opened() as data:
        if _needs_all(data):
            state = _fold_held(job, of_rows)
            return state
        if job.cluster is not None:
            with suppress(JoinInDoubt):  # which leaves the last word to this process
                state = _fold_there(job, job.cluster, of_rows, are_small=are_small)
                return state
        state = _fold_here(job, of_rows, None, _InCopies(of_rows) if are_small else None)
    return state


def _fold_there(
    job: Job, cluster: Cluster, of_rows: Callable[[Rows], Any], *, are_small: bool
) -> Any:  # noqa: ANN401
    from bce_cli.engine.cluster import fold_on_cluster  # noqa: PLC0415 -- rarely needed

    return fold_on_cluster(job.data, cluster, of_rows, job.progress, are_small=are_small)


class _InCopies(NamedTuple):
    """What copies of this process do with rows.

    Attributes
    ----------
    of_rows : callable (Rows) -> state
        Whose states are small.
    is_here : callable () -> bool
        Whether the next block must be done in this process nevertheless.
    """

    of_rows: Callable[[Rows], Any]
    is_here: Callable[[], bool] = bool


def _fold_here(
    job: Job,
    of_rows: Callable[[Rows], Any],
    start: Any = None,  # noqa: ANN401
    in_copies: _InCopies | None = None,
) -> Any:  # noqa: ANN401
    """Fold the blocks of opened data in threads, or in copies; `start` is the first state."""
    data = job.data
    positive, total = data.positive, data.n_bytes()
    whole = Outcome(start)
    with _outcomes(job, of_rows, in_copies) as outcomes:
        for outcome in outcomes:
            whole = whole.followed_by(outcome, positive)
            if whole.error is not None:
                raise whole.error
            job.tell(whole.facts.n_bytes, total)
        data.conclude(whole.facts)
    return whole.state


@contextmanager
def _outcomes(
    job: Job, of_rows: Callable[[Rows], Any], in_copies: _InCopies | None
) -> Iterator[Iterator[Outcome]]:
    """Provide what the blocks of opened data come to, in their order."""
    data, n = job.data, job.n_workers
    run = RunPart(of_rows, read_block, data.positive).of_block
    n_shares = copies.shares_of(data, n) if in_copies is not None and job.may_copy else 1
    if in_copies is not None and n_shares > 1:
        _keep_freed_memory()
        run_there = RunPart(in_copies.of_rows, read_block, data.positive).of_block
        with threads(n) as engine, copies.copies_at_work(n_shares, data, run_there) as found:
            yield copies.shared_out(
                n_shares, data, run, found, is_here=in_copies.is_here, run_all=engine.map
            )
        return
    with threads(n) as engine:
        yield engine.map(run, data.blocks(engine.map, job.progress))


def _needs_all(data: Data) -> bool:
    """Whether all rows have to be known before any of them can be parted."""
    return any(cut is not None and cut.edges is None for cut in data.cuts)


def _fold_held(job: Job, of_rows: Callable[[Rows], Any], start: Any = None) -> Any:  # noqa: ANN401
    """Read all blocks of opened data into memory, cut them at quantiles, and fold them here."""
    blocks: list[Rows] | None = None
    if job.cluster is not None:
        with suppress(JoinInDoubt):
            blocks = _fold_there(job, job.cluster, _held, are_small=False)
    if blocks is None:
        blocks = _fold_here(job, _held)
    state = start
    with threads(job.n_workers) as engine:
        for found in engine.map(of_rows, job.data.cut(blocks)):
            state = merged(state, found)
    return state


def _held(rows: Rows) -> list[Rows]:
    return [rows]


def collect_rows(job: Job) -> Rows:
    """Read all rows of a data set into memory, but for those that are left out.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    return concatenated(fold_rows(job, lambda rows: [rows.counted()], are_small=False))


def collect_with(job: Job, look: Callable[[Rows], S]) -> tuple[Rows, list[S]]:
    """Read all rows that are not left out into memory, and take a look at each block on the way.

    Parameters
    ----------
    job : Job
    look : callable (Rows) -> state
        Gets the rows of a block, those that are left out among them; runs in the workers.

    Returns
    -------
    tuple of Rows and list of state
        The rows, and what each look gave, in their order.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    blocks = fold_rows(job, lambda rows: [(rows.counted(), look(rows))], are_small=False)
    return concatenated([rows for rows, _ in blocks]), [seen for _, seen in blocks]


def format_rows(
    job: Job, convention: Convention, formatter: Callable[[int, Rows, FloatArray], Text]
) -> Iterator[Text]:
    """Turn every row and its loss into what is to be written, in order; this is no fold.

    Parameters
    ----------
    job : Job
    convention : Convention
    formatter : callable (first_row, Rows, losses) -> bytes or table
        Told the 1-based number of the first row it gets; runs in the workers.

    Yields
    ------
    bytes or table
        The rows of a block; blocks without rows are left out.

    Raises
    ------
    DataError, InputError
        The first fault in the order of the rows; or there are no rows.
    """
    data = job.data

    def score(block: Block) -> tuple[tuple[Rows, FloatArray], Facts]:
        reading = block.read()
        rows = convention.held(reading.rows)
        return (rows, convention.losses(rows)), Facts.of(reading, block.n_bytes)

    def numbered(
        blocks: Iterator[tuple[tuple[Rows, FloatArray], Facts]],
    ) -> Iterator[tuple[int, Rows, FloatArray]]:
        first_row, whole, total = 1, Facts(), data.n_bytes()
        for (rows, losses), facts in blocks:
            whole, error = whole.followed_by(facts, data.positive)
            if error is not None:
                raise error
            if len(rows):
                yield first_row, rows, losses
            first_row += len(rows)
            job.tell(whole.n_bytes, total)
        data.conclude(whole)

    with data, threads(job.n_workers) as engine:
        found = numbered(engine.map(score, data.blocks(engine.map, job.progress)))
        yield from engine.map(lambda item: formatter(*item), found)
