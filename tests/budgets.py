"""What the quick run leaves to the deep one: most examples, and most cases of the same kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet


def examples(n: int) -> int:
    """Give n where all of them are run, and that share of n which the profile in force has."""
    return max(1, n * settings().max_examples // 100)


def one_in(n: int, cases: Iterable[object]) -> list[ParameterSet]:
    """Mark all cases but every n-th as deep; they take long, and are of one kind."""
    return [
        pytest.param(case, marks=pytest.mark.deep if i % n else ()) for i, case in enumerate(cases)
    ]


def stride() -> int:
    """Give the step through a long row of cases: one by one where all examples are run.

    Else it is a prime, so that all kinds of cases occur that take turns.
    """
    return 1 if examples(100) == 100 else 11
