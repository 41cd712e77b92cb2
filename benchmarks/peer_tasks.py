"""The pieces of work that are timed, and what bce and its peers run for them."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peer_commands import (
    BCE,
    BCE_CALIBRATION,
    BCE_COMPARE,
    BCE_JOIN,
    BCE_LOSSES,
    BCE_MEAN,
    BCE_SEGMENTS,
    Command,
    Commands,
    piped,
    python,
)
from benchmarks.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.peers import Peer


@dataclass(frozen=True)
class Task:
    """A piece of work.

    Parameters
    ----------
    title
        What a person calls it.
    commands
        Commands that are no peer's; the first is what all others are compared with.
    form
        Form of the file that is read, a key of `peer_data.FORMS`; empty if there is none.
    output
        What the name of the file that is written ends with; empty if there is none.
    answer
        What the number is that the tools print.
    is_call
        Whether it is a line of Python, which is run again and again in one process.
    """

    title: str
    commands: Commands
    form: str = ""
    output: str = ""
    answer: str = "mean loss"
    is_call: bool = False


def losses(kind: str) -> Commands:
    """Return the command of bce that writes every row with its loss."""
    return {"bce": tuple(word.replace("FORMAT", kind) for word in BCE_LOSSES)}


def beside_typer(command: Command) -> Commands:
    """Return a command of bce, and what Typer takes to be loaded."""
    return {"bce": command, "import typer": python("import typer")}


MEAN: Commands = {"bce": BCE_MEAN}
PIPE: Commands = {"bce": piped(BCE_MEAN[:-1]), "bce, from its path": BCE_MEAN}
WORKERS: Commands = {
    "bce, 2 workers": (*BCE_MEAN, "--workers", "2"),
    "bce, 1 worker": (*BCE_MEAN, "--workers", "1"),
}
SORTS: Commands = {
    f"np.{sort}": python(
        "import numpy as np; from pyarrow import parquet; "
        f"np.{sort}(parquet.ParquetFile('PATH').read(['prediction'])['prediction'].to_numpy())"
    )
    for sort in ("argsort", "sort")
}


def called(setup: str, line: str) -> Command:
    """Return the command that runs a line of Python whenever it is asked to."""
    script = str(Path(__file__).with_name("call_again.py"))
    return (sys.executable, script, "PATH", setup, line)


CALLS: Commands = {
    "bce": called("import bce_cli as bce", "bce.compute(y, p).mean_loss"),
    "scikit-learn": called("from sklearn.metrics import log_loss", "log_loss(y, p)"),
    "NumPy": called("import numpy as np", "-np.log(np.where(y == 1, p, 1 - p)).mean()"),
}
COMPLETION: Command = ("env", "_BCE_COMPLETE=complete_bash", "COMP_WORDS=bce comp", "COMP_CWORD=1")

TASKS: Mapping[str, Task] = {
    "csv": Task("CSV, 2 columns", MEAN, "csv"),
    "wide": Task("CSV, 20 columns", MEAN, "wide"),
    "gzip": Task("CSV, 2 columns, gzip", MEAN, "gzip"),
    "parquet": Task("Parquet", MEAN, "parquet"),
    "jsonl": Task("JSON Lines", MEAN, "jsonl"),
    "pipe": Task("CSV, 2 columns, through a pipe", PIPE, "csv"),
    "losses-csv": Task("every loss, CSV to CSV", losses("csv"), "csv", ".csv"),
    "losses-parquet": Task("every loss, CSV to Parquet", losses("parquet"), "csv", ".parquet"),
    "segments": Task(
        "10,000 segments, CSV to CSV", {"bce": BCE_SEGMENTS}, "segments", ".segments.csv"
    ),
    "join": Task("predictions and labels joined by id, CSV", {"bce": BCE_JOIN}, "keyed"),
    "compare": Task("two models, CSV", {"bce": BCE_COMPARE}, "models", answer="difference"),
    "calibration": Task(
        "calibration, Parquet",
        {"bce": BCE_CALIBRATION, **SORTS},
        "parquet",
        answer="miscalibration",
    ),
    "calibration-weights": Task(
        "calibration with weights, Parquet",
        {"bce": (*BCE_CALIBRATION, "--weight", "weight"), **SORTS},
        "weighted",
        answer="miscalibration",
    ),
    "workers": Task("CSV, 2 columns, by workers", WORKERS, "csv"),
    "call": Task("a call in a notebook, two arrays", CALLS, "parquet", is_call=True),
    "help": Task("--help", beside_typer((*BCE, "--help"))),
    "version": Task("--version", beside_typer((*BCE, "--version"))),
    "completion": Task("completion of `bce comp`", beside_typer((*COMPLETION, *BCE))),
}


def peers_for(name: str, chosen: Sequence[str]) -> list[Peer]:
    """Return those of the chosen peers that can do a task."""
    return [peer for key, peer in PEERS.items() if key in chosen and name in peer.commands]


def commands(name: str, chosen: Sequence[str]) -> Commands:
    """Return every command of a task by the name of its tool; all are compared with the first."""
    peers = {peer.name: peer.commands[name] for peer in peers_for(name, chosen)}
    return TASKS[name].commands | peers


def filled(command: Command, paths: Mapping[str, Path]) -> Command:
    """Put the paths into a command, each in its place."""
    place = re.compile(rf"\b({'|'.join(paths)})\b")
    return tuple(place.sub(lambda found: str(paths[found[0]]), word) for word in command)


def shown(command: Command) -> str:
    """Return a command as a person would type it."""
    if command[:2] == ("sh", "-c"):  # as `piped` has made it
        reader = command[2].partition(' "')[0]
        return f"{reader} {command[3]} | {shown(command[4:])}"
    if TASKS["call"].commands["bce"][:2] == command[:2]:  # as `called` has made it
        return "; ".join(command[3:])
    names = {sys.executable: "python", BCE[0]: "bce"}
    return " ".join(quoted(names.get(word, word)) for word in command)


def quoted(word: str) -> str:
    """Quote a word for a shell, by double quotes where it has single ones as lines of Python do."""
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)
