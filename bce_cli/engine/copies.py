"""Files shared out to copies of this process, each of which reads some blocks of them by itself.

Threads of one interpreter wait for each other at each of the hundreds of steps of Python and NumPy
that a block takes, and a core that waits has to be woken up. Copies do not wait. Each of them does
every n-th block of text, or every n-th span of row groups, and passes over the others: where line
feeds alone say where records end, the last bytes before a block tell where it begins, and all else
is read up to there, which takes a fraction of the time that the numbers take. What a share comes to
goes back through a pipe and is merged in the order of the rows, as everywhere. What a copy has not
done, for whatever reason, is done here, and so is all that follows: a copy ends without a word at
the first fault, whose line it may not know, and at the first quote, behind which the others may
have begun within a record.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import warnings
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from typing import IO, TYPE_CHECKING, Any, NoReturn

from bce_cli.engine.outcome import Outcome, in_a_row
from bce_cli.storage.stamps import changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bce_cli.data.data import Data
    from bce_cli.readers.arrow_files import RowGroups
    from bce_cli.readers.blocks import Block

    Run = Callable[[Block], Outcome]

BYTES_A_SHARE = 8 << 20
"""A copy costs some milliseconds."""
_LEAST_SHARES = 3  # of fewer, the first blocks are most
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux
_ENDS = ("SIGINT", "SIGTERM", "SIGHUP")


def shares_of(data: Data, n_workers: int) -> int:
    """Return by how many processes opened data are best read; 1 where copies are of no use.

    Only where a process can be copied, each copy can read the files, and parts of them are found in
    far less time than they are read.
    """
    if sys.platform != "linux" or len(data.tables) > 1 or data.join is not None:
        return 1
    if not all(each.local_path for each in data.sources):
        return 1
    n_shares = (data.n_bytes() or 0) // BYTES_A_SHARE  # not known where a file is compressed
    if n_shares < _LEAST_SHARES:
        return 1
    n_parts = n_shares if data.baseline.first.texts else len(_spans_of(data))
    return max(1, min(n_workers, n_shares, n_parts))


def _spans_of(data: Data) -> Sequence[RowGroups]:
    """Return the spans of row groups by which a file is shared out; none where that cannot be."""
    file: Any = data.baseline.first
    return file.spans() if len(data.sources) == 1 else ()


class Copy:
    """A copy of this process, as it is seen from here.

    Parameters
    ----------
    process : int
        Its number.
    outcomes : binary stream
        What it sends: an outcome for each of its blocks, in their order, and None behind them.

    Attributes
    ----------
    is_done : bool
        Whether it has sent all that.
    """

    def __init__(self, process: int, outcomes: IO[bytes]) -> None:
        self.is_done = False
        self._process = process
        self._outcomes = outcomes
        self._was_ended = False

    def outcome(self) -> Outcome | None:
        """Return what its next block came to; None where it has none, or has left it."""
        try:
            found: Outcome | None = pickle.load(self._outcomes)  # noqa: S301 -- from this program
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        self.is_done = found is None
        return found

    def end(self) -> None:
        """End it, whatever it does, and leave nothing of it behind."""
        if self._was_ended:
            return
        self._was_ended = True
        self._outcomes.close()
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)


class _Text:
    """The blocks of text in opened data, some of which can be passed over.

    Parameters
    ----------
    data : Data
    """

    def __init__(self, data: Data) -> None:
        self._name = data.name
        self._blocks = data.blocks()
        texts = data.baseline.first.texts
        # Where a named label stands may be told later, by whoever meets a third one.
        needs_lines = len(data.sources) > 1 or data.positive is not None
        self._texts = None if needs_lines or not texts or not texts.can_pass_over() else texts
        if self._texts is not None:
            self._texts.counts_lines = False
        self._has_begun = False

    @property
    def is_regular(self) -> bool:
        """Whether others know where the blocks behind the last one begin."""
        return self._texts is None or self._texts.is_regular

    def next(self) -> Iterable[Block] | None:
        """Return the next block; None behind the last one."""
        self._has_begun = True
        block = next(self._blocks, None)
        return None if block is None else (block,)

    def pass_over(self, n: int) -> None:
        """Go on behind so many blocks.

        Raises
        ------
        InputError
            They are not what they were when they were found to be regular.
        """
        if self._texts is None or not self._has_begun:  # the first is read when it is opened
            for _ in range(n):
                self.next()
        elif not self._texts.pass_over(n):
            raise changed(self._name)

    def placed(self, block: Block) -> Block:
        """Return the block that was read last, with the line on which it begins."""
        if self._texts is None:
            return block
        of_text: Any = block
        found: Block = replace(of_text, lines=self._texts.placed(of_text.lines))
        return found

    def rest(self) -> Iterator[Block]:
        """Yield all blocks that follow, with their lines."""
        if self._texts is not None:
            self._texts.count_passed()
        yield from self._blocks


class _Groups:
    """The spans of row groups in opened data; see `_Text`.

    Parameters
    ----------
    data : Data
    """

    is_regular = True

    def __init__(self, data: Data) -> None:
        self._file: Any = data.baseline.first
        self._spans = iter(_spans_of(data))

    def next(self) -> Iterable[Block] | None:
        """Return the blocks of the next span; None behind the last one."""
        span = next(self._spans, None)
        return None if span is None else self._file.blocks((span,))

    def pass_over(self, n: int) -> None:
        """Go on behind so many spans."""
        deque(islice(self._spans, n), maxlen=0)

    def placed(self, block: Block) -> Block:
        """Return the block, which knows its rows."""
        return block

    def rest(self) -> Iterator[Block]:
        """Yield all blocks that follow."""
        for span in self._spans:
            yield from self._file.blocks((span,))


def _parts_of(data: Data) -> _Text | _Groups:
    return _Text(data) if data.baseline.first.texts else _Groups(data)


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
    """Send what every n-th part comes to, up to the first that is out of the ordinary."""
    with data:
        parts = _parts_of(data)
        parts.pass_over(1)
        parts.pass_over(share - 1)
        whole: Outcome | None = Outcome()
        while whole is not None:
            blocks = parts.next()
            whole = None if blocks is None else in_a_row(map(run, blocks), data.positive)
            if not parts.is_regular or (whole is not None and whole.error is not None):
                return
            pickle.dump(whole, stream, pickle.HIGHEST_PROTOCOL)
            stream.flush()
            parts.pass_over(n - 1)


def shared_out(
    n: int,
    data: Data,
    run: Run,
    copies: list[Copy],
    *,
    is_here: Callable[[], bool],
    run_all: Callable[[Run, Iterable[Block]], Iterator[Outcome]],
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
        Whether the next part must be done here, whatever a copy has found.
    run_all : callable (function, items) -> iterator
        As `map`; does all blocks from the first part on that a copy has left.
    """
    parts, n_passed = _parts_of(data), 0
    for share in cycle(range(n)):
        copy = copies[share - 1] if 0 < share <= len(copies) else None
        found = None if copy is None else copy.outcome()
        if found is not None and not is_here():
            n_passed += 1
            yield found
            continue
        if copy is not None and copy.is_done:
            return
        parts.pass_over(n_passed)
        n_passed = 0
        if copy is not None and found is None:
            break
        blocks = parts.next()
        if blocks is None:
            return
        for block in blocks:
            outcome = run(block)
            yield outcome if outcome.error is None else run(parts.placed(block))
        if not parts.is_regular:
            break
    for copy in copies:
        copy.end()
    yield from run_all(run, parts.rest())
