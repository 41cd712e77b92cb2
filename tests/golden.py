"""Files that hold what was printed; only last digits may differ between families of processors."""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
_FULL_PRECISION = 14  # signs that a number has which was not rounded


def assert_golden(golden: Path, report: bytes) -> None:
    """Compare with a golden file, or write it if BCE_REGENERATE_GOLDEN is set.

    NumPy has other logarithms for processors with AVX-512, and what is computed from them differs
    in the last digits. All else must be the same byte for byte.
    """
    if "BCE_REGENERATE_GOLDEN" in os.environ:
        golden.write_bytes(report)
    expected = golden.read_bytes()
    if report == expected:
        return
    numbers = zip(_NUMBER.findall(report.decode()), _NUMBER.findall(expected.decode()), strict=True)
    assert [pair for pair in numbers if not _is_same(*pair)] == []
    assert _NUMBER.sub("#", report.decode()) == _NUMBER.sub("#", expected.decode())


def _is_same(found: str, expected: str) -> bool:
    if max(len(found), len(expected)) < _FULL_PRECISION:
        return found == expected
    return math.isclose(float(found), float(expected), rel_tol=1e-12, abs_tol=1e-15)
