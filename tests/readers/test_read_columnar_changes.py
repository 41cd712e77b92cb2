"""A Parquet or Arrow file in which one byte is wrong is refused, or means what pandas finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.budgets import stride
from tests.readers.columnar_changes import n_changes, valid

ROOT = Path(__file__).parents[2]
MOST_CRASHES = 5


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
def test_a_changed_byte_is_refused_or_means_what_pandas_finds(kind: str) -> None:
    start, end, step = 0, n_changes(valid(kind)), stride()
    unconfirmed: list[object] = []
    crashes: list[tuple[int, int]] = []
    while start < end and len(crashes) < MOST_CRASHES:
        done = subprocess.run(
            [sys.executable, "-m", "tests.readers.columnar_changes", kind, str(start), str(step)],
            check=False,
            capture_output=True,
            timeout=600,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        said = [json.loads(line) for line in done.stdout.splitlines()]
        unconfirmed += [report for report in said if len(report) > 1]
        start = said[-1][0] + step if said else end
        if done.returncode:
            crashes.append((start - step, done.returncode))
    assert (crashes, unconfirmed) == ([], [])
