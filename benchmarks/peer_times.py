"""Time the commands of a piece of work in turn, and collect what they answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peer_data import data_file, need_room
from benchmarks.peer_result import Result, Timed
from benchmarks.peer_tasks import TASKS, commands, filled, peers_for
from benchmarks.process_times import FailedRunError, Run, run

if TYPE_CHECKING:
    from collections.abc import Sequence

BYTES_A_LOSS = 60  # of the disk, for a row that is written
USAGE = 2  # exit code of bce for an option that it does not know


class SkippedError(Exception):
    """A piece of work cannot be done here, for the reason that the message gives."""


def input_file(name: str, rows: int, folder: Path) -> Path:
    """Return the file that a task reads; make it if it is not there.

    Raises
    ------
    SkippedError
        If the disk has no room for it, or for what the task writes.
    """
    task = TASKS[name]
    if not task.form:
        return folder
    try:
        path = data_file(folder, task.form, rows)
        if task.output:
            need_room(folder, rows * BYTES_A_LOSS, "what is written")
    except OSError as error:
        raise SkippedError(str(error)) from error
    return path


def last_word(output: str) -> str:
    """Return what a tool has printed at the end; DuckDB draws its progress before that."""
    return output.rsplit(maxsplit=1)[-1] if output.strip() else ""


def run_once(tool: Timed, written: Path | None, has_answer: bool) -> Run:
    """Run a tool, and note its answer: what it prints, or the mean of the losses it writes."""
    done = run(tool.command, keep_output=True)
    if has_answer and written is None:
        tool.answers.append(last_word(done.output))
    elif written is not None:
        reader = str(Path(__file__).with_name("read_losses.py"))
        tool.answers.append(run([sys.executable, reader, str(written)], keep_output=True).output)
        written.unlink()
    return done


def warm_up(name: str, tools: list[Timed], written: Path | None) -> tuple[list[Timed], list[str]]:
    """Run every tool once, untimed; return those that work, and notes on the others.

    Raises
    ------
    SkippedError
        If this bce has no such option.
    FailedRunError
        If bce fails for another reason.
    """
    working, notes = [], []
    for tool in tools:
        try:
            run_once(tool, written, has_answer=bool(TASKS[name].form))
        except FailedRunError as error:
            if tool is tools[0] and error.code == USAGE:
                message = f"this bce does not do it ({error})"
                raise SkippedError(message) from error
            if tool is tools[0]:
                raise
            notes.append(f"{tool.tool}: it failed ({error})")
        else:
            working.append(tool)
    return working, notes


def measure(name: str, rows: int, folder: Path, pairs: int, chosen: Sequence[str]) -> Result:
    """Run bce and the chosen peers once to warm up, then all of them in turn, `pairs` times.

    Raises
    ------
    SkippedError
        If the disk has no room, or this bce does not know the work.
    FailedRunError
        If bce fails.
    """
    path = input_file(name, rows, folder)
    output = folder / f"losses{TASKS[name].output}"
    written = output if TASKS[name].output else None
    able = peers_for(name, chosen)
    lacking = {peer.name: reason for peer in able if (reason := peer.lacks(rows))}
    tools = [
        Timed(tool, filled(command, path, output))
        for tool, command in commands(name, chosen).items()
        if tool not in lacking
    ]
    try:
        working, failures = warm_up(name, tools, written)
        for pair in range(pairs):
            work = f"{name}, {rows:,} rows" if rows else name
            print(f"{work}: round {pair + 1} of {pairs}", file=sys.stderr)
            for tool in working:
                tool.runs.append(run_once(tool, written, has_answer=bool(TASKS[name].form)))
    finally:
        output.unlink(missing_ok=True)
    notes = [f"{tool}: {reason}" for tool, reason in lacking.items()]
    return Result(name, rows, working, notes + failures)
