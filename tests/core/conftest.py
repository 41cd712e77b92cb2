"""Rows for property tests, and the ways to cut them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

_probabilities = st.floats(0.0, 1.0) | st.sampled_from(
    [0.0, 1.0, 0.5, 5e-324, 1e-200, 1e-100, 1e-17, 1e-9, 0.999, 1.0 - 2.0**-53]
)
_weights = st.sampled_from([0.0, 0.1, 1.0, 2.5]) | st.floats(1e-6, 1e6)


@st.composite
def _rows(draw: st.DrawFn) -> Rows:
    n = draw(st.integers(0, 40))
    return Rows(
        labels=draw(arrays(np.bool_, n)),
        probabilities=draw(arrays(np.float64, n, elements=_probabilities, fill=st.nothing())),
        weights=draw(st.none() | arrays(np.float64, n, elements=_weights)),
        ids=draw(st.sampled_from([None, [f"id {i}" for i in range(n)]])),
    )


st.register_type_strategy(Rows, _rows())


@pytest.fixture(scope="session")
def split() -> Callable[[Rows, list[int]], list[Rows]]:
    """Cut rows at the given places, taken modulo n + 1; equal places make empty pieces."""

    def cut(rows: Rows, places: list[int]) -> list[Rows]:
        n = len(rows)
        ends = [0, *sorted(place % (n + 1) for place in places), n]
        return [
            Rows(
                labels=rows.labels[start:end],
                probabilities=rows.probabilities[start:end],
                weights=None if rows.weights is None else rows.weights[start:end],
                ids=None if rows.ids is None else rows.ids[start:end],
                missing=None if rows.missing is None else rows.missing[start:end],
            )
            for start, end in pairwise(ends)
        ]

    return cut
