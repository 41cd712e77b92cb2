"""What each command shows first, at three widths, and on a terminal of 80 by 24."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.golden import assert_golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
FLIGHTS = "sample_data/flights.csv"
COMMANDS = {  # `bce` alone belongs here, too
    "compute": ("compute", FLIGHTS, "-p", "boosting"),
    "calibration": ("calibration", FLIGHTS, "-p", "boosting"),
    "compare": ("compare", FLIGHTS, "-p", "logistic", "-p", "boosting"),
    "recalibrate": ("recalibrate", FLIGHTS, "-p", "boosting", "--folds", "5"),
    "check": ("check", FLIGHTS, "-p", "boosting", "--max-loss", "0.65"),
    "calibration-models": ("calibration", FLIGHTS, "-p", "boosting", "-p", "logistic"),
    "calibration-by": ("calibration", FLIGHTS, "-p", "boosting", "--by", "carrier"),
}


@pytest.mark.few(8)
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_screen_is_the_golden_file(
    name: str, width: int, bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", str(width))
    result = bce(*COMMANDS[name])
    assert (result.exit_code, result.stderr) == (0, "")
    assert_golden(GOLDEN / f"{name}-{width}.txt", result.stdout_bytes)
    assert max(map(len, result.stdout.splitlines())) <= width


LAST = {
    "compute": ("  0.615716  ", "  0.6023 to 0.6291  ", "Is that good? It beats the base rate's "),
    "calibration": (
        "  0.615716  ",
        "  0.040902  ",
        "Is it calibrated? No: predictions ",
    ),
    "compare": ("  -0.005495  -0.01112 to 0.0001286  ", "No difference between boosting and "),
    "recalibrate": (
        "as-is           0.615716            0.615716 ",
        "\nlogistic: 0.0",
    ),
    "check": ("mean loss, nats  0.615716  at most 0.65  passed\n", "Passed: the check holds.\n"),
    "calibration-models": (
        "boosting    0.615716  0.0409 ",
        "logistic    0.621211  0.0213 ",
        "\nIs boosting calibrated? No: ",
        "\nIs logistic calibrated? No: ",
    ),
    "calibration-by": (
        "off on average in 9 of 11 segments, most in 'VX'",
        "Is it calibrated? No: ",
    ),
}


@pytest.mark.deep
@pytest.mark.parametrize("name", COMMANDS)
def test_on_80_by_24_the_answer_is_there_when_the_prompt_is_back(name: str) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    command = [sys.executable, "-m", "bce_cli", *COMMANDS[name]]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        text = _all_of(ours)
    os.close(ours)
    assert process.returncode == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    plain = "".join(f"{line.rstrip()}\n" for line in lines)  # colours fill cells with spaces
    assert plain == (GOLDEN / f"{name}-80.txt").read_text(encoding="utf-8")
    last = "".join(plain.splitlines(keepends=True)[-23:])
    assert [part for part in LAST[name] if part not in last] == []
    verdict = text[text.rindex("\x1b[3") :]
    colors = {"calibration": "1", "compare": "3"}
    assert verdict.startswith("\x1b[3" + colors.get(name.partition("-")[0], "2"))


def _all_of(terminal: int) -> str:
    """Read until nobody has the other end any more."""
    chunks = []
    try:
        while chunk := os.read(terminal, 1 << 16):
            chunks.append(chunk)
    except OSError:  # as Linux says that
        pass
    return b"".join(chunks).decode()


N = 40
ODD = {
    "weights, logits and doubts": (
        "y,p,w\n"
        + "".join(f"{i % 2},{'1.5' if i % 2 == 0 else '-1.5'},{1 + i % 3}\n" for i in range(N)),
        ("-p", "p", "-w", "w", "--logits"),
    ),
    "soft labels": (
        "y,p\n" + "".join(f"{0.1 + i % 8 / 10:.1f},{0.2 + i % 7 / 10:.1f}\n" for i in range(N)),
        ("-p", "p", "--soft-labels"),
    ),
    "impossible rows": (
        "y,p\n1,0\n0,1\n" + "".join(f"{i % 2},0.{1 + i % 9}\n" for i in range(N)) + "1,\n",
        ("-p", "p", "--missing", "drop"),
    ),
    "classes": ("y,p\n" + "".join(f"{i % 2},{i % 3 % 2}\n" for i in range(N)), ("-p", "p")),
}


@pytest.mark.parametrize("rows", ODD)
@pytest.mark.parametrize("command", ["compute", "calibration", "check"])
def test_the_answer_fits_whatever_the_rows(
    rows: str, command: str, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    text, options = ODD[rows]
    limit = ["--max-loss", "0.5", "--confident"] if command == "check" else []
    result = bce(command, preds(text), *options, *limit)
    last = result.stdout.split("\n\n")[-1].splitlines()
    assert len(last) <= 23
    asked = {"compute": "Is that good? ", "calibration": "Is it calibrated? "}.get(command, ": ")
    assert any(asked in line for line in last[-4:])
