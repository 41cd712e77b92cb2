"""One machine: threads over a bounded window of pieces."""

from __future__ import annotations

import os
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SWITCH_SECONDS = 5e-4  # pieces take some milliseconds, and Python hardly any of them
_LARGEST_BLOCK = 30 << 20  # glibc learns from no larger one

T = TypeVar("T")
R = TypeVar("R")


def default_workers() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LocalEngine:
    """Runs a function over items in threads and yields the results in order.

    Parsing and NumPy release the interpreter lock, so threads suffice, and nothing is copied.

    Parameters
    ----------
    pool : ThreadPoolExecutor
    n_workers : int
        Items in hand never exceed twice this number and one, so memory does not grow with the
        input.

    Examples
    --------
    >>> with local_engine(2) as engine:
    ...     list(engine.map(abs, range(-3, 0)))
    [3, 2, 1]
    """

    def __init__(self, pool: ThreadPoolExecutor, n_workers: int) -> None:
        self._pool = pool
        self._window = 2 * n_workers + 1

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` for each item in order; raise the first error in that order.

        An error of `items` itself comes after those of the items before it.
        """
        waiting: deque[Future[R]] = deque()
        remaining = iter(items)
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
            waiting.append(self._pool.submit(function, item))
        while waiting:
            yield waiting.popleft().result()
        if failure is not None:
            raise failure


@cache
def _keep_freed_memory() -> None:
    """Let the arrays of a piece get the memory of those before it.

    glibc gives blocks back to the system, which has to clear them anew for the next piece, unless
    they are smaller than one that was freed before. This one is never touched, and costs nothing.
    """
    bytes(_LARGEST_BLOCK)


@contextmanager
def local_engine(n_workers: int) -> Iterator[LocalEngine]:
    """Provide an engine with so many threads; what is still waiting at the end is dropped."""
    _keep_freed_memory()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="bce")
    try:
        yield LocalEngine(pool, n_workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        sys.setswitchinterval(interval)
