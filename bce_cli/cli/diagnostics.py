"""Exit codes, and everything on standard error: errors, notes, verdicts and a progress bar."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from enum import IntEnum
from typing import TYPE_CHECKING, Self

from bce_cli.cli.limited import is_limited
from bce_cli.errors import (
    ARGUMENTS,
    BceError,
    DataError,
    EngineError,
    InputError,
    OutputCreationError,
    OutputError,
    ShortageError,
    UsageError,
    names_in,
    safe_text,
    spelt,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress, TaskID

    from bce_cli.core.progress import Stage
    from bce_cli.errors import Given


class ExitCode(IntEnum):
    """What the shell learns; 1 is never used on purpose, so it always means a bug."""

    OK = 0
    USAGE = 2
    """The command line is wrong."""
    GATE_FAILED = 3
    """A check has failed."""
    GATE_UNDECIDED = 4
    """No check has failed, but one cannot be decided."""
    DATA = 65
    """The input was read and cannot be used."""
    NO_INPUT = 66
    """The input cannot be read."""
    UNAVAILABLE = 69
    """The cluster cannot be reached, or was lost."""
    SHORTAGE = 71
    """The system has not given the memory or the threads that the work takes."""
    CANNOT_CREATE = 73
    """The output cannot be created."""
    CANNOT_WRITE = 74
    """The output cannot be written."""
    INTERRUPTED = 130
    """Ctrl-C."""
    BROKEN_PIPE = 141
    """Whoever read the output has left."""


_CODES: tuple[tuple[type[BceError], ExitCode], ...] = (
    (UsageError, ExitCode.USAGE),
    (DataError, ExitCode.DATA),
    (InputError, ExitCode.NO_INPUT),
    (EngineError, ExitCode.UNAVAILABLE),
    (ShortageError, ExitCode.SHORTAGE),
    (OutputCreationError, ExitCode.CANNOT_CREATE),
    (OutputError, ExitCode.CANNOT_WRITE),
)


def exit_code_for(error: BceError) -> ExitCode:
    """Map an error to its exit code; the first class that fits counts."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


_OPTIONS = {
    "n_bins": "--bins",
    "n_bootstrap": "--bootstrap",
    "with_fine_bins": "--fine-bins",
    "has_header": "--header",
    "id_column": "--id",
    "weights": "--weight",
}
"""Options whose names are not those of the arguments that they set."""

_VALUE = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[-+]?[0-9](?:[-+.\w]*\w)?|True|False)"""
"""A value as Python has it."""


def in_options(error: BceError) -> tuple[str, str | None]:
    """Return message and hint of an error in the words of the command line.

    Examples
    --------
    >>> from bce_cli.errors import ArgumentError, argument, given
    >>> error = ArgumentError(f"{argument('positive')} must not be empty", given(positive="a b"))
    >>> in_options(error)
    ('--positive must not be empty', "--positive 'a b'")
    """
    message, hint = error.said
    marked = {name for text in error.said for name in names_in(text or "")}
    plain = [name for name in error.arguments if name not in marked]
    return _in_options(message, plain), hint and _in_options(hint, plain)


def _in_options(text: str, plain: Sequence[str] = ()) -> str:
    """Put options in the place of arguments: of all that are marked, and of some that are not.

    Of these, what stands in quotes is left alone.
    """
    if not plain:
        return spelt(text, _options)
    name = "|".join(map(re.escape, plain))
    item = rf"(?:{name})(?:={_VALUE})?"
    pattern = re.compile(
        rf"(?P<mark>{ARGUMENTS})|(?<!\w)'.*?'(?!\w)"
        rf"|(?<![\w./-])(?P<items>{item}(?:, {item})*)(?![\w/=-]|\.\w)"
    )
    return pattern.sub(_replaced, text)


def _replaced(found: re.Match[str]) -> str:
    """Return what to put in the place of a mark, a text in quotes, or arguments without a mark."""
    if found["mark"]:
        return spelt(found["mark"], _options)
    if not found["items"]:
        return found[0]
    from ast import literal_eval  # noqa: PLC0415 -- rarely needed

    items: Given = []
    for item in re.finditer(rf"(\w+)(?:=({_VALUE}))?(?:, )?", found["items"]):
        items.append((item[1], None if item[2] is None else literal_eval(item[2])))
    return _options(items)


def _options(given: Given) -> str:
    """Write arguments as options that can be pasted; names alone are a list."""
    is_list = all(value is None for _, value in given)
    return (", " if is_list else " ").join(_option(name, value) for name, value in given)


def _option(name: str, value: str | bool | float | None) -> str:
    name = name.removesuffix("=")
    option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
    if value is None or value is True:
        return option
    if value is False:
        return option.replace("--", "--no-", 1)
    from shlex import quote  # noqa: PLC0415 -- rarely needed

    return f"{option} {quote(safe_text(str(value)))}"


def report_error(message: str, hint: str | None = None) -> None:
    """Say what is wrong in one line, and what to try in another."""
    say(f"error: {safe_text(message)}")
    if hint:
        say(f"{safe_text(hint)}")


def say(line: str) -> None:
    """Write a line to standard error, behind the name of the tool."""
    if sys.stderr is None:
        return
    if ":/" in line:  # an address may be quoted, by whatever has said this
        from bce_cli.storage.paths import without_secrets_in  # noqa: PLC0415 -- rarely needed

        line = without_secrets_in(line)
    with contextlib.suppress(OSError):  # there is nobody left to tell
        encoding = sys.stderr.encoding or "ascii"
        text = f"bce: {line}\n".encode(encoding, "backslashreplace")
        sys.stderr.write(text.decode(encoding))
        sys.stderr.flush()


_PATIENCE = 2.0
"""Seconds before a bar appears."""

_BAR_WIDTH = 18
"""With a name, an amount and the time left it fits into 60 columns."""

_MOST_COUNTED = 1_000_000
"""What there is more of is told in percent."""


class ProgressBar:
    """Shows how far the work is, once it has lasted for a while, if standard error is a terminal.

    Each stage has a bar of its own, and the one that was told of last is shown. A thread waits for
    the bar to be due: a stage may be told of once, and last.

    Parameters
    ----------
    enabled : bool
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr is not None and sys.stderr.isatty()
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._is_due = threading.Timer(_PATIENCE, self._begin)
        self._is_due.daemon = True
        self._stage: Stage | None = None
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._enabled and not is_limited():  # where memory is short, none may be to be had
            self._is_due.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_due.cancel()
        with self._lock:
            self._enabled = False
            if self._bar is not None:
                self._bar.stop()

    def __call__(self, stage: Stage) -> None:
        """Take in how far the work is."""
        if not self._enabled:
            return
        self._stage = stage
        if self._bar is not None:
            with self._lock:
                self._draw(stage)
        elif is_limited() and time.monotonic() - self._start >= _PATIENCE:
            self._begin()

    def _begin(self) -> None:
        with self._lock:
            if self._enabled:
                self._bar = _started_bar()
                if self._stage is not None:
                    self._draw(self._stage)

    def _draw(self, stage: Stage) -> None:
        bar = self._bar
        assert bar is not None  # noqa: S101 -- it has begun
        amount = amount_of(stage)
        total = None if stage.unit == "steps" else stage.total  # these are few, and take long
        for name, task in self._tasks.items():
            if name != stage.name and bar.tasks[bar.task_ids.index(task)].visible:
                bar.update(task, visible=False)
        if stage.name in self._tasks:
            task = self._tasks[stage.name]
            bar.update(task, completed=stage.done, total=total, amount=amount, visible=True)
        else:
            self._tasks[stage.name] = bar.add_task(
                stage.name, completed=stage.done, total=total, amount=amount
            )


def amount_of(stage: Stage) -> str:
    """Say how much of a stage is done; no longer than 22 characters.

    Examples
    --------
    >>> from bce_cli.core.progress import Stage
    >>> amount_of(Stage("resampling", 312, 1000, "samples"))
    '312 of 1,000'
    >>> amount_of(Stage("scoring", 1_500_000, 3_000_000, "rows"))
    '50 %'
    """
    if stage.unit == "bytes":
        from rich.filesize import decimal

        of = "" if stage.total is None else f" of {decimal(stage.total)}"
        return f"{decimal(stage.done)}{of}"
    if not stage.total:
        return f"{stage.done:,}" if stage.done else ""
    if stage.total > _MOST_COUNTED:
        return f"{100 * stage.done // stage.total} %"
    return f"{stage.done:,} of {stage.total:,}"


def _started_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    name, amount = (TextColumn("{task." + what + "}") for what in ("description", "fields[amount]"))
    columns = (name, BarColumn(bar_width=_BAR_WIDTH), amount, TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    return bar
