"""Run a command as a process of its own; say how long it took, and how much of the machine.

Or keep a process that does its work whenever it is asked to.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of one ru_maxrss

# Where Python may not keep byte code, it compiles what no installer has compiled at every start: a
# checkout of bce, and none of its peers. So children may keep it; after one warm-up it is there.
UNSET = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


@dataclass(frozen=True)
class Run:
    """What a process took.

    Parameters
    ----------
    seconds
        From start to end, by the clock.
    cpu_seconds
        User and system time of the process and all its children.
    megabytes
        Peak memory (10**6 bytes); the largest process counts, where there are several.
    output
        Standard output, if it was kept.
    """

    seconds: float
    cpu_seconds: float
    megabytes: float
    output: str


class FailedRunError(Exception):
    """A process ended with an exit code other than 0.

    Parameters
    ----------
    code
        The exit code, or minus the number of the signal.
    message
        What standard error says of it.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message or f"exit code {code}")
        self.code = code


def complaint(errors: str) -> str:
    r"""Return the line that says what is wrong: an error's, else the last, as in a traceback.

    Examples
    --------
    >>> complaint("bce: error: no such file\nbce: try 'bce --help'")
    'bce: error: no such file'
    """
    lines = errors.splitlines() or [""]
    return next((line for line in lines if "error:" in line), lines[-1])


def child_environment() -> dict[str, str]:
    """Return the variables of children."""
    return {name: value for name, value in os.environ.items() if name not in UNSET}


def run(command: Sequence[str], keep_output: bool = False) -> Run:
    """Run a command and wait for its end.

    The parent should be small: the peak memory of a child is never less than its parent's at the
    fork.

    Raises
    ------
    FailedRunError
        If its exit code is not 0.

    Examples
    --------
    >>> run(["sh", "-c", "echo 0.5"], keep_output=True).output
    '0.5'
    """
    environment = child_environment()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, err.fileno(), 2),
            (os.POSIX_SPAWN_DUP2, out.fileno(), 1)
            if keep_output
            else (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        ]
        start = time.perf_counter()
        child = os.posix_spawnp(command[0], list(command), environment, file_actions=actions)
        _, status, usage = os.wait4(child, 0)
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        output, errors = (stream.read().decode(errors="replace").strip() for stream in (out, err))
    if code := os.waitstatus_to_exitcode(status):
        raise FailedRunError(code, complaint(errors))
    peak = usage.ru_maxrss * PEAK_UNIT / 1e6
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak, output)


class Kept:
    """A process that is kept, and does its work once for each line that it is sent.

    It answers with a line: seconds, processor seconds, and what it has found.

    Parameters
    ----------
    command
        What to run.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed at the exit
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=child_environment(),
            text=True,
        )
        self._peak: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._errors.close()

    def once(self) -> Run:
        """Have the work done once; its peak memory is known at the end.

        Raises
        ------
        FailedRunError
            The process has ended.
        """
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None  # noqa: S101 -- they are pipes
        assert answers is not None  # noqa: S101
        try:
            print(file=asked, flush=True)
        except BrokenPipeError:
            words = []
        else:
            words = answers.readline().split(maxsplit=2)
        if not words:
            self.end()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            raise FailedRunError(self._process.returncode or 1, complaint(said))
        return Run(float(words[0]), float(words[1]), 0.0, words[2].strip())

    def end(self) -> float:
        """End the process, and return its peak memory (10**6 bytes)."""
        if self._peak is None:
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(BrokenPipeError):
                    if pipe is not None:
                        pipe.close()
            _, status, usage = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._peak = usage.ru_maxrss
        return self._peak * PEAK_UNIT / 1e6
