"""Files of every format with random damage: an answer or an error, soon, and in little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
N, SLICES = 500, 4


@pytest.mark.deep
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise")
@pytest.mark.parametrize("part", range(SLICES))
def test_damage_at_random_is_an_answer_or_an_error(part: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.readers.fuzzed", str(part * N), str((part + 1) * N)],
        check=False,
        capture_output=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    said = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b""), said[-1:]
    # Each line but the last is what took too long, too much memory, or was no error of ours.
    assert said[-1:] == [f"{N} read"]
    assert said[:-1] == []
