"""Time the commands of a piece of work in turn, and collect what they answer."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peer_data import FORMS, data_file, need_room
from benchmarks.peer_result import Result, Timed
from benchmarks.peer_tasks import TASKS, commands, filled, peers_for
from benchmarks.process_times import FailedRunError, Kept, Run, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BYTES_A_LOSS = 60  # of the disk, for a row that is written
USAGE = 2  # exit code of bce for an option that it does not know


class SkippedError(Exception):
    """A piece of work cannot be done here, for the reason that the message gives."""


def files(name: str, rows: int, folder: Path) -> dict[str, Path]:
    """Return the files of a task by their words in its commands; make what is read and not there.

    Raises
    ------
    SkippedError
        If the disk has no room for it, or for what the task writes.
    """
    task = TASKS[name]
    found = {"OUT": folder / f"losses{task.output}"}
    if not task.form:
        return found
    try:
        found["PATH"] = data_file(folder, task.form, rows)
        if beside := FORMS[task.form].beside:
            found["BESIDE"] = data_file(folder, beside, rows)
        if task.output:
            need_room(folder, rows * BYTES_A_LOSS, "what is written")
    except OSError as error:
        raise SkippedError(str(error)) from error
    return found


def last_word(output: str) -> str:
    """Return what a tool has printed at the end; DuckDB draws its progress before that."""
    return output.rsplit(maxsplit=1)[-1] if output.strip() else ""


def run_once(tool: Timed, written: Path | None, has_answer: bool) -> Run:
    """Run a tool, and note its answer: what it prints, or the mean of the losses it writes."""
    done = run(tool.command, keep_output=True)
    if written is None:
        answer = last_word(done.output)
        tool.answers += [answer] if answer and has_answer else []
    else:
        reader = str(Path(__file__).with_name("read_losses.py"))
        tool.answers.append(run([sys.executable, reader, str(written)], keep_output=True).output)
        written.unlink()
    return done


def call_once(tool: Timed, process: Kept) -> Run:
    """Have a line of Python run in the process that is kept for it, and note its answer."""
    done = process.once()
    tool.answers.append(done.output)
    return done


def warm_up(turns: dict[str, Callable[[], Run]]) -> list[str]:
    """Let every tool have an untimed turn; take out those that fail, and return notes on them.

    Raises
    ------
    SkippedError
        If this bce has no such option.
    FailedRunError
        If bce fails for another reason.
    """
    first, notes = next(iter(turns)), []
    for tool, turn in list(turns.items()):
        try:
            turn()
        except FailedRunError as error:
            if tool == first and error.code == USAGE:
                message = f"this bce does not do it ({error})"
                raise SkippedError(message) from error
            if tool == first:
                raise
            notes.append(f"{tool}: it failed ({error})")
            del turns[tool]
    return notes


def measure(name: str, rows: int, folder: Path, pairs: int, chosen: Sequence[str]) -> Result:
    """Run bce and the chosen peers once to warm up, then all of them in turn, `pairs` times.

    Raises
    ------
    SkippedError
        If the disk has no room, or this bce does not know the work.
    FailedRunError
        If bce fails.
    """
    task, paths = TASKS[name], files(name, rows, folder)
    written = paths["OUT"] if task.output else None
    lacking = {peer.name: lack for peer in peers_for(name, chosen) if (lack := peer.lacks(rows))}
    notes = [f"{tool}: {reason}" for tool, reason in lacking.items()]
    tools = {
        tool: Timed(tool, filled(command, paths), [[]])
        for tool, command in commands(name, chosen).items()
        if tool not in lacking
    }
    turns: dict[str, Callable[[], Run]] = {}
    kept: dict[str, Kept] = {}
    with ExitStack() as stack:
        stack.callback(paths["OUT"].unlink, missing_ok=True)
        for tool, timed in tools.items():
            if task.is_call:
                kept[tool] = stack.enter_context(Kept(timed.command))
                turns[tool] = partial(call_once, timed, kept[tool])
            else:
                turns[tool] = partial(run_once, timed, written, bool(task.form))
        notes += warm_up(turns)
        for pair in range(pairs):
            work = f"{name}, {rows:,} rows" if rows else name
            print(f"{work}: round {pair + 1} of {pairs}", file=sys.stderr)
            for tool, turn in turns.items():
                tools[tool].series[0].append(turn())
    for tool, process in kept.items():
        runs = tools[tool].series[0]
        runs[:] = [replace(done, megabytes=process.end()) for done in runs]
    return Result(name, rows, [tools[tool] for tool in turns], notes)
