"""The bar on standard error: where there is one, what it says, and that nothing of it is left."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager, redirect_stderr
from typing import TYPE_CHECKING

import pytest

from bce_cli.cli import diagnostics
from bce_cli.cli.diagnostics import ProgressBar, amount_of
from bce_cli.core.progress import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result


class Terminal(io.StringIO):
    """Standard error, if that is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def on_screen(
    monkeypatch: pytest.MonkeyPatch, patience: float = 0.0, **options: bool
) -> Iterator[tuple[Terminal, ProgressBar]]:
    """Provide a terminal of 60 columns, and a bar on it that has appeared if it is due."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(diagnostics, "_PATIENCE", patience)
    screen = Terminal()
    with redirect_stderr(screen), ProgressBar(**({"enabled": True} | options)) as progress:
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer) and not patience:
                thread.join()
        yield screen, progress


def lines_of(shown: str) -> list[str]:
    """Return what was to be read, without the signs that move and colour it."""
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", shown))


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        (Stage("reading", 0, 5_000_000, "bytes"), "0 bytes of 5.0 MB"),
        (Stage("reading", 999_000_000, 999_000_000_000, "bytes"), "999.0 MB of 999.0 GB"),
        (Stage("reading", 1_500_000, None, "bytes"), "1.5 MB"),
        (Stage("resampling", 312, 1000, "samples"), "312 of 1,000"),
        (Stage("scoring", 1_000_000, 1_000_000, "rows"), "1,000,000 of 1,000,000"),
        (Stage("scoring", 999_999, 1_000_001, "rows"), "99 %"),
        (Stage("looking", 7, 0, "parts"), "7"),
        (Stage("fitting"), ""),
    ],
)
def test_amounts_are_short(stage: Stage, text: str) -> None:
    assert amount_of(stage) == text
    assert len(text) <= 22  # 18 of a bar, 8 of a time, and the longest name: 59 columns


def test_each_stage_has_a_line_that_fits_and_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = (
        Stage("scoring", 1_000_000, 1_000_000, "rows"),
        Stage("reading", 123_400_000, 999_900_000, "bytes"),
        Stage("resampling", 9_312, 10_000, "samples"),
    )
    for stage in stages:
        with on_screen(monkeypatch) as (screen, progress):
            progress(Stage("fitting"))
            progress(stage)
        shown = [line for line in lines_of(screen.getvalue()) if line.startswith(stage.name)]
        assert amount_of(stage) in shown[-1]
        assert all(len(line) <= 60 for line in shown)
        assert "\u2026" not in screen.getvalue()
        assert screen.getvalue().endswith("\x1b[1A\x1b[2K")  # the line is empty again
        progress(Stage("late"))
        assert "late" not in screen.getvalue()


def test_a_stage_told_of_once_is_shown_when_the_bar_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Timer, "start", lambda _: None)
    with on_screen(monkeypatch, 600.0) as (screen, progress):
        progress(Stage("fitting"))
        assert screen.getvalue() == ""
        progress._is_due.function()  # noqa: SLF001 -- what the thread does then
    assert any(line.startswith("fitting") for line in lines_of(screen.getvalue()))


def test_a_bar_does_without_a_thread_where_memory_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Timer) -> None:
        raise AssertionError

    monkeypatch.setattr(diagnostics, "is_limited", lambda: True)
    monkeypatch.setattr(threading.Timer, "start", start)
    with on_screen(monkeypatch) as (screen, progress):
        progress(Stage("reading", 1, 2, "bytes"))
        progress(Stage("reading", 2, 2, "bytes"))
    assert any("2 bytes of 2 bytes" in line for line in lines_of(screen.getvalue()))


@pytest.mark.parametrize(("patience", "enabled"), [(600.0, True), (0.0, False)])
def test_what_is_done_soon_or_quietly_shows_nothing(
    patience: float, enabled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_screen(monkeypatch, patience, enabled=enabled) as (screen, progress):
        progress(Stage("reading", 1, 2, "bytes"))
    assert screen.getvalue() == ""


def test_elsewhere_than_on_a_terminal_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    monkeypatch.setattr(diagnostics, "_PATIENCE", 0.0)
    result = bce("compute", preds("y,p\n1,.5\n0,.25\n"))
    assert (result.exit_code, result.stderr) == (0, "")


SCRIPT = """
import bce_cli.cli.diagnostics as diagnostics
from bce_cli.cli import run
diagnostics._PATIENCE = 0.0
run()
"""


def on_terminal(*args: str, interrupted_at: bytes = b"\0") -> tuple[bytes, int]:
    """Run a command on a terminal; return what that has shown, and the exit code."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 60))
    command = [sys.executable, "-c", SCRIPT, *args]
    shown = b""
    with subprocess.Popen(command, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        while select.select([ours], [], [], 60)[0]:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # how Linux says that nobody is left at the other end
                break
            if interrupted_at in shown:
                process.send_signal(signal.SIGINT)
                interrupted_at = b"\0"
        code = process.wait(60)
    os.close(ours)
    return shown, code


@pytest.mark.deep
def test_the_bar_of_the_bootstrap_is_drawn_and_cleared(
    monkeypatch: pytest.MonkeyPatch, preds: Callable[..., str]
) -> None:
    monkeypatch.delenv("COLUMNS")
    rows = "".join(f"{i % 3 % 2},0.{i:04}\n" for i in range(1, 3000))
    command = ("calibration", preds(f"y,p\n{rows}"), "--bootstrap", "30", "-f", "json")
    shown, code = on_terminal(*command)
    assert code == 0
    shown, _, report = shown.rpartition(b"\x1b[2K")  # the line of the bar is empty again
    assert report.startswith(b"{\r\n")
    lines = lines_of(shown.decode())
    assert any(line.startswith("resampling") and " of 30" in line for line in lines)


@pytest.mark.deep
def test_an_interrupt_ends_the_bootstrap_at_once(
    monkeypatch: pytest.MonkeyPatch, preds: Callable[..., str]
) -> None:
    monkeypatch.delenv("COLUMNS")
    rows = "".join(f"{i % 3 % 2},0.{i:04}\n" for i in range(1, 3000))
    shown, code = on_terminal(
        *("calibration", preds(f"y,p\n{rows}"), "--bootstrap", "10000"),
        interrupted_at=b" of 10,000",
    )
    assert code == 130
    assert b"Traceback" not in shown
