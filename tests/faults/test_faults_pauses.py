"""A pipe that does not block says that nothing has come yet, and that is no end."""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.errors import InputError
from bce_cli.storage.sources import Source
from bce_cli.storage.streams import read_some
from tests.faults.test_faults_reading import SOURCES, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

NAMED = ("-l", "y", "-p", "p", "-f", "json")
AT_ONCE = 64  # bytes between two pauses


class Standing(io.FileIO):
    """What stands for standard input, and may be let go of by those who wrap it."""

    def _dealloc_warn(self, _: object) -> None:
        """Do not ask for it to be closed."""


class PausingPipe(Standing):
    """The end of a pipe into which more is written only once a read has found nothing."""

    def __init__(self, content: bytes) -> None:
        out, self._into = os.pipe()
        os.set_blocking(out, False)
        super().__init__(out)
        starts = range(0, len(content), AT_ONCE)
        self._rest = [content[start : start + AT_ONCE] for start in starts]
        self.n_pauses = 0

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401
        count = super().readinto(buffer)
        if count is None:
            self.n_pauses += 1
            if self._rest:
                os.write(self._into, self._rest.pop(0))
            else:
                self._end()
        return count

    def _end(self) -> None:
        if self._into >= 0:
            os.close(self._into)
            self._into = -1

    def close(self) -> None:
        self._end()
        super().close()


@pytest.fixture
def pausing(monkeypatch: pytest.MonkeyPatch) -> list[PausingPipe]:
    """Open every input as a pipe that pauses; return those that were opened."""
    opened: list[PausingPipe] = []
    usual = Path.open

    def with_pauses(path: Path, mode: str = "r", buffering: int = -1, **options: Any) -> Any:  # noqa: ANN401
        if mode != "rb" or buffering != 0:
            return usual(path, mode, buffering, **options)
        opened.append(PausingPipe(path.read_bytes()))
        return opened[-1]

    monkeypatch.setattr(Path, "open", with_pauses)
    return opened


@pytest.mark.few(4)
@pytest.mark.parametrize("name", SOURCES)
def test_a_pause_is_no_end(
    name: str, pausing: list[PausingPipe], bce: Callable[..., Result]
) -> None:
    content = SOURCES[name]()
    path = Path(name)
    path.write_bytes(content)
    done = bce("compute", name, *NAMED)
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["n"] == 40
    assert pausing[0].n_pauses > len(content) // AT_ONCE


@pytest.mark.few(2)
@pytest.mark.parametrize("name", SOURCES)
def test_a_pause_on_standard_input_is_no_end(
    name: str, bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = SOURCES[name]()
    options = ("--input-format", "jsonl") if "jsonl" in name else ()
    expected = bce("compute", "-", *NAMED, *options, stdin=content)
    with PausingPipe(content) as raw:
        stream = io.BufferedReader(raw)  # as sys.stdin.buffer is one
        monkeypatch.setattr("typer.testing.make_input_stream", lambda *_: stream)
        found = bce("compute", "-", *NAMED, *options)
        assert raw.n_pauses > len(content) // AT_ONCE
    assert (found.exit_code, found.stdout, found.stderr) == (0, expected.stdout, "")


def test_what_says_nothing_and_cannot_be_waited_for_is_an_error() -> None:
    class Silent(io.RawIOBase):
        def readinto(self, _: Any) -> None:  # noqa: ANN401
            return None

    silent: Any = Silent()
    reason = "it has nothing yet, and cannot be waited for"
    with pytest.raises(OSError, match=f"^{reason}$"):
        read_some(silent, bytearray(1))
    with pytest.raises(InputError, match=f"^standard input: {reason}$"):
        Source("-")._explained(silent).read(1)  # noqa: SLF001


def _is_drained(pipe: int) -> bool:
    waiting = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(waiting, sys.byteorder) == 0


@pytest.fixture
def started() -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], int]]]:
    """Start a command whose standard input does not block, and wait until it has read some."""
    opened: list[Any] = []

    def start(*args: str) -> tuple[subprocess.Popen[bytes], int]:
        out, into = os.pipe()
        os.set_blocking(out, False)
        os.write(into, TEXT[:90])
        command = [sys.executable, "-m", "bce_cli", *args]
        pipe = subprocess.PIPE
        running = subprocess.Popen(command, stdin=out, stdout=pipe, stderr=pipe)
        opened.append(running)
        limit = time.monotonic() + 60
        while not _is_drained(out):
            assert time.monotonic() < limit
            time.sleep(0.005)
        os.close(out)
        return running, into

    yield start
    for running in opened:
        running.kill()
        running.communicate()


@pytest.mark.deep
def test_a_gate_waits_for_the_rest(
    started: Callable[..., tuple[subprocess.Popen[bytes], int]], bce: Callable[..., Result]
) -> None:
    args = ("check", "-", "-l", "y", "-p", "p", "--max-loss", "0.9", "-f", "json")
    running, into = started(*args)
    os.write(into, TEXT[90:])
    os.close(into)
    printed, said = running.communicate(timeout=60)
    expected = bce(*args, stdin=TEXT)
    assert (printed, running.returncode) == (expected.stdout_bytes, expected.exit_code)
    assert said.decode() == expected.stderr


@pytest.mark.deep
def test_ctrl_c_ends_the_wait(
    started: Callable[..., tuple[subprocess.Popen[bytes], int]],
) -> None:
    running, into = started("compute", "-", "-q")
    running.send_signal(signal.SIGINT)
    printed, said = running.communicate(timeout=60)
    os.close(into)
    assert (printed, said, running.returncode) == (b"", b"", 130)
