"""Blocks of text shared out to copies of this process, each of which reads the files by itself.

Threads of one interpreter wait for each other at each of the hundreds of steps of Python and NumPy
that a block takes, and a core that waits has to be woken up. Copies do not wait. To read a file and
find where its records end takes a fraction of the time that reading the numbers in them does: so
each copy goes through all blocks, and parses every n-th. What these come to goes back through a
pipe and is merged in the order of the rows, as everywhere. What a copy has not done, for whatever
reason, is done here.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import warnings
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.data.data import Data
    from bce_cli.engine.outcome import Outcome
    from bce_cli.readers.blocks import Block

    Run = Callable[[Block], Outcome]

BYTES_A_SHARE = 8 << 20
"""A copy costs some milliseconds, and reads what others parse, too."""
_LEAST_SHARES = 3  # of fewer, the first blocks are most
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux
_ENDS = ("SIGINT", "SIGTERM", "SIGHUP")


def shares_of(data: Data, n_workers: int) -> int:
    """Return by how many processes opened data are best read; 1 where copies are of no use.

    Only where a process can be copied, blocks are cut in far less time than they are read, and each
    copy can read the files.
    """
    if sys.platform != "linux" or len(data.tables) > 1 or data.join is not None:
        return 1
    if not (data.baseline.first.is_soon_cut and all(each.local_path for each in data.sources)):
        return 1
    n_shares = (data.n_bytes() or 0) // BYTES_A_SHARE  # not known where a file is compressed
    return min(n_workers, n_shares) if n_shares >= _LEAST_SHARES else 1


class Copy:
    """A copy of this process, as it is seen from here.

    Parameters
    ----------
    process : int
        Its number.
    outcomes : binary stream
        What it sends: an outcome for each of its blocks, in their order.
    """

    def __init__(self, process: int, outcomes: IO[bytes]) -> None:
        self._process = process
        self._outcomes = outcomes
        self._has_ended = False

    def outcome(self) -> Outcome | None:
        """Return what its next block came to; None once it has ended."""
        if self._has_ended:
            return None
        try:
            found: Outcome = pickle.load(self._outcomes)  # noqa: S301 -- from this program
        except (EOFError, OSError, pickle.UnpicklingError):
            self._has_ended = True
            return None
        return found

    def end(self) -> None:
        """End it, whatever it does, and leave nothing of it behind."""
        self._outcomes.close()
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)


@contextmanager
def copies_at_work(n: int, data: Data, run: Run) -> Iterator[list[Copy]]:
    """Provide n - 1 copies of this process, or as many as the system gives.

    Parameters
    ----------
    n : int
        Shares of the blocks, of which the first is this process's own.
    data : Data
        Opened here; each copy opens it once more.
    run : callable (Block) -> Outcome
        What copies do with a block.
    """
    with ExitStack() as stack:
        copies: list[Copy] = []
        for share in range(1, n):
            found = _copied(partial(_do_share, share, n, data, run))
            if found is None:
                break
            copies.append(found)
            stack.callback(found.end)
        yield copies


def _copied(work: Callable[[IO[bytes]], None]) -> Copy | None:
    """Start a copy that does some work and ends; None where the system gives none."""
    original = os.getpid()
    with suppress(OSError):
        read, write = os.pipe()
        try:
            with warnings.catch_warnings():  # of threads; ours waits for a bar to be due
                warnings.simplefilter("ignore", DeprecationWarning)
                process = os.fork()
        except OSError:
            os.close(read)
            os.close(write)
            return None
        if not process:
            os.close(read)
            _end_with(work, original, write)
        os.close(write)
        return Copy(process, os.fdopen(read, "rb"))
    return None


def _end_with(work: Callable[[IO[bytes]], None], original: int, write: int) -> NoReturn:
    """Do some work as a copy; nothing that was begun in the original is ended here."""
    code = 1
    try:
        _end_with_original(original)
        with os.fdopen(write, "wb") as stream:
            work(stream)
        code = 0
    finally:
        os._exit(code)  # whatever has happened: the original does what is lacking


def _end_with_original(original: int) -> None:
    """Let signals and the end of the original end this process, without a word."""
    import ctypes  # noqa: PLC0415 -- NumPy has loaded it

    for number in (getattr(signal, name) for name in _ENDS):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != original:
        os._exit(1)


def _do_share(share: int, n: int, data: Data, run: Run, stream: IO[bytes]) -> None:
    """Send what every n-th block comes to."""
    with data:
        for place, block in enumerate(data.blocks()):
            if place % n == share:
                pickle.dump(run(block), stream, pickle.HIGHEST_PROTOCOL)
                stream.flush()


def shared_out(
    n: int, data: Data, run: Run, copies: list[Copy], is_here: Callable[[], bool]
) -> Iterator[Outcome]:
    """Yield what all blocks come to, in their order.

    Parameters
    ----------
    n : int
        Shares, as `copies_at_work` has them.
    data : Data
    run : callable (Block) -> Outcome
        What is done with a block here.
    copies : list of Copy
    is_here : callable () -> bool
        Whether the next block must be done here, whatever a copy has found.
    """
    for place, block in enumerate(data.blocks()):
        share = place % n
        found: Any = copies[share - 1].outcome() if 0 < share <= len(copies) else None
        yield run(block) if found is None or is_here() else found
