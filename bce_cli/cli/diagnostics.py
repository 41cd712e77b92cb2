"""Everything on standard error, and the exit codes."""

from __future__ import annotations

import contextlib
import re
import sys
from enum import IntEnum
from typing import TYPE_CHECKING

from bce_cli.errors import (
    ArgumentError,
    BceError,
    DataError,
    EngineError,
    InputError,
    OutputCreationError,
    OutputError,
    UsageError,
)
from bce_cli.safe_text import quoted, safe_text

if TYPE_CHECKING:
    from bce_cli.cli.rowwise import Rowwise
    from bce_cli.readers.open_data import Data


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
    (ArgumentError, ExitCode.USAGE),
    (DataError, ExitCode.DATA),
    (InputError, ExitCode.NO_INPUT),
    (EngineError, ExitCode.UNAVAILABLE),
    (OutputCreationError, ExitCode.CANNOT_CREATE),
    (OutputError, ExitCode.CANNOT_WRITE),
)


def exit_code_for(error: BceError) -> ExitCode:
    """Map an error to its exit code; the first class that fits counts."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


_OPTIONS = {"n_bootstrap": "--bootstrap", "with_fine_bins": "--fine-bins"}
"""Options whose names are not those of the arguments that they set."""


def in_options(error: BceError) -> tuple[str, str | None]:
    """Return message and hint of an error in the words of the command line.

    Examples
    --------
    >>> in_options(ArgumentError("max_brier must be in [0, 1], got 1.5", None, "max_brier"))
    ('--max-brier must be in [0, 1], got 1.5', None)
    """
    message, hint = error.message, error.hint
    for name in error.arguments:
        option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
        message = re.sub(rf"\b{name}\b", option, message)
        hint = hint and re.sub(rf"\b{name}\b", option, hint)
    return message, hint


def report_error(message: str, hint: str | None = None) -> None:
    """Say what is wrong in one line, and what to try in another."""
    _say(f"bce: error: {safe_text(message)}")
    if hint:
        _say(f"bce: {safe_text(hint)}")


def report_verdict(verdict: str, reasons: str) -> None:
    """Say in one line why not all checks have passed."""
    _say(f"bce: check {verdict}: {reasons}")


def note_data(data: Data, inputs: Rowwise, *, is_told: bool) -> None:
    """Say what was found out about the input, and which rows were left out.

    Parameters
    ----------
    data : DataSet or JoinedData
        All of it was read.
    inputs : Rowwise
    is_told : bool
        Whether the output itself tells of columns and rows.
    """
    for note in data.notes:
        _say(f"bce: {note}")
    labels = data.labels
    if labels.positive is not None and not labels.has_positive:
        _say(f"bce: no label is {quoted(labels.positive)}; all are {quoted(labels.other or '')}")
    if is_told:
        return
    if inputs.label is None or inputs.prediction is None:
        names = list(dict.fromkeys(data.prediction_names))
        columns = "prediction column" if len(names) == 1 else "prediction columns"
        predictions = ", ".join(quoted(name) for name in names)
        _say(f"bce: label column {quoted(data.label_name)}, {columns} {predictions}")
    if data.n_missing:
        rows = "1 row" if data.n_missing == 1 else f"{data.n_missing:,} rows"
        _say(f"bce: left out {rows} with a missing value")
    if data.n_unmatched:
        keys = "1 key" if data.n_unmatched == 1 else f"{data.n_unmatched:,} keys"
        _say(f"bce: left out {keys} without a partner")


def _say(line: str) -> None:
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):  # there is nobody left to tell
        encoding = sys.stderr.encoding or "ascii"
        sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()
