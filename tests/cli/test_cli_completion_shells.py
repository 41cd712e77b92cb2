"""Completion in real shells: what stands on the line once the tabulator was pressed."""

from __future__ import annotations

import os
import pty
import select
import shutil
import stat
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.deep

READY, DONE = b"@@ready@@", b"@@done@@"
HEADER = 'y,my prob,a:b,"it\'s","say ""so""",$cost,p*,caf\xe9,"two\nlines",#6,t;u\n'

# Control-T writes the line to a file instead of running it.
RC = {
    "bash": r"""
source <(bce --show-completion bash)
dump() { printf '%s\n' "$READLINE_LINE" >> lines.txt; READLINE_LINE=; printf '@@do''ne@@'; }
bind 'set enable-bracketed-paste off' 'set bell-style none'
bind -x '"\C-t": dump'
PS1='@@rea''dy@@'
""",
    "zsh": r"""
autoload -Uz compinit && compinit -u -D
source <(bce --show-completion zsh)
dump() { print -r -- "$BUFFER" >> lines.txt; BUFFER=; print -n '@@do''ne@@' > /dev/tty }
zle -N dump
bindkey '^T' dump
bindkey '^I' complete-word
setopt menu_complete no_beep
PS1='@@rea''dy@@'
""",
}
START = {"bash": ["bash", "--noprofile", "--rcfile", "rc", "-i"], "zsh": ["zsh", "-d", "-i"]}
# What it runs has the terminal at its standard input as its own.
ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""

COMMON = (
    ("bce comput", "bce compute "),
    ("bce compute --like ka", "bce compute --like kaggle "),
    ("bce calibration --strategy=q", "bce calibration --strategy=quantile "),
    ("bce demo und", "bce demo underflow "),
    ("bce compute --excel", "bce compute --excel-safe "),
    ("bce compute pred", "bce compute preds.csv "),
    ("bce compute --labels tr", r"bce compute --labels truth\ file.csv "),
    ("bce compute preds.csv -l my", r"bce compute preds.csv -l my\ prob "),
    ("bce compute preds.csv -l 'my", "bce compute preds.csv -l 'my prob' "),
    ("bce compute preds.csv --label=my", r"bce compute preds.csv --label=my\ prob "),
    ("bce compute preds.csv -l it", r"bce compute preds.csv -l it\'s "),
    ("bce compute preds.csv -l sa", r"bce compute preds.csv -l say\ \"so\" "),
    ("bce compute preds.csv -l p", r"bce compute preds.csv -l p\* "),
    ("bce compute preds.csv -l t", r"bce compute preds.csv -l t\;u "),
    ("bce compute preds.csv -l caf", "bce compute preds.csv -l caf\xe9 "),
    ("bce compute preds.csv -l '$", "bce compute preds.csv -l '$cost' "),
    ("bce compute preds.csv --labels truth\\ file.csv --on k", None),
)
LINES = {
    "bash": (
        *COMMON,
        ("bce compute preds.csv -l a", r"bce compute preds.csv -l a\:b "),
        ("bce compute preds.csv -l a:", "bce compute preds.csv -l a:b "),
        ('bce compute preds.csv -l "$', r'bce compute preds.csv -l "\$cost" '),
    ),
    "zsh": (
        *COMMON,
        ("bce compute preds.csv -l a", "bce compute preds.csv -l a:b "),
        ("bce compute preds.csv -l ", "bce compute preds.csv -l y"),
    ),
}


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the folder a home with some files, and the tool a command."""
    Path("bin").mkdir()
    tool = Path("bin/bce")
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bce_cli "$@"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    Path("preds.csv").write_text(HEADER, encoding="utf-8")
    Path("truth file.csv").write_text("key,truth\n")
    here = str(Path.cwd())
    monkeypatch.setenv("PATH", f"{here}/bin:{os.environ['PATH']}")
    for name, value in (("HOME", here), ("ZDOTDIR", here), ("LC_ALL", "C.UTF-8")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def need(shell: str) -> None:
    """Skip the test where there is no such shell, unless all are to be there."""
    if shutil.which(shell) is None:
        assert "BCE_ALL_SHELLS" not in os.environ, f"there is no {shell} here"
        pytest.skip(f"there is no {shell} here")


def typed(shell: str, lines: Sequence[str]) -> list[str]:
    """Type the start of lines and a tabulator into a shell; return what then stands there."""
    for name in ("rc", ".zshrc"):
        Path(name).write_text(RC[shell])
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 200))
    command = [sys.executable, "-c", ON_TERMINAL, *START[shell]]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        _await(ours, READY)
        for line in lines:
            os.write(ours, f"{line}\t\x14".encode())
            _await(ours, DONE)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return Path("lines.txt").read_text(encoding="utf-8").splitlines()


def _await(terminal: int, mark: bytes) -> None:
    """Wait until the shell has said that it is ready, or done with a line."""
    seen = b""
    while mark not in seen:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, seen
        seen += os.read(terminal, 4096)


@pytest.mark.parametrize("shell", LINES)
def test_what_was_begun_is_completed(shell: str) -> None:
    need(shell)
    wanted = [(start, line or f"{start}ey ") for start, line in LINES[shell]]
    assert typed(shell, [start for start, _ in wanted]) == [line for _, line in wanted]


FISH: tuple[tuple[str, list[str]], ...] = (
    ("bce comput", ["compute\tHow good are these predictions, row by row and on average?"]),
    ("bce compute --like ka", ["kaggle"]),
    (
        "bce demo und",
        ["underflow\tthe product dies in every float type, the sum of logs does not"],
    ),
    ("bce compute pred", ["preds.csv"]),
    ("bce compute --labels=tr", ["--labels=truth file.csv"]),
    (
        "bce compute preds.csv -l ",
        [*("y", "my prob", "a:b", "it's"), *('say "so"', "$cost", "p*", "caf\xe9", "#6", "t;u")],
    ),
    ("bce compute preds.csv -l 'my", ["my prob"]),
    ("bce compute preds.csv --label=my", ["--label=my prob"]),
    ("bce compute 'truth file.csv' --on k", ["key"]),
    ("bce compute --worst ", []),
)


def test_fish_completes() -> None:
    need("fish")
    script = (
        "bce --show-completion fish | source\nfor line in $argv\n complete -C $line\n echo ---\nend"
    )
    command = ["fish", "--no-config", "-c", script, *(line for line, _ in FISH)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert done.stderr == b""
    found = [part.splitlines() for part in done.stdout.decode().split("---\n")]
    assert found[:-1] == [words for _, words in FISH]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_installed_and_work_in_the_next_shell(
    shell: str,
    monkeypatch: pytest.MonkeyPatch,
    process: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    need(shell)
    done = process(f"--install-completion={shell}")
    assert (done.returncode, done.stderr) == (0, b"")
    if shell == "fish":
        command = ["fish", "-c", "complete -C 'bce compute preds.csv -l my'"]
        printed = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout
        assert printed == b"my prob\n"
        return
    own = RC[shell].replace(f"source <(bce --show-completion {shell})\n", "")
    own = own.replace("autoload -Uz compinit && compinit -u -D\n", "")
    monkeypatch.setitem(RC, shell, Path(f".{shell}rc").read_text() + own)
    line = "bce compute preds.csv -l my"
    assert typed(shell, [line]) == [rf"{line}\ prob "]
