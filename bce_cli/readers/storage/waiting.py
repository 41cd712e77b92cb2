"""Waiting for storage elsewhere, in a way that Ctrl-C ends at once."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def interruptible(function: Callable[[], T]) -> T:
    """Call a function in another thread, and wait for it.

    Python hears of a signal only between two steps of its own, so that a library which waits for a
    server would keep it waiting too. Where the wait is given up, the thread is left to its time
    limits.

    Examples
    --------
    >>> interruptible(lambda: 1 + 1)
    2
    """
    if threading.current_thread() is not threading.main_thread():
        return function()
    result: Future[T] = Future()
    threading.Thread(target=_run, args=(function, result), daemon=True).start()
    return result.result()


def _run(function: Callable[[], T], result: Future[T]) -> None:
    try:
        result.set_result(function())
    except BaseException as error:  # noqa: BLE001 -- raised where the result is awaited
        result.set_exception(error)
