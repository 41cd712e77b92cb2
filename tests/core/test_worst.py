from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import binary_cross_entropy
from bce_cli.core.extremes import WorstRow, WorstRows
from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable


def _sorted(rows: Rows) -> list[WorstRow]:
    losses = binary_cross_entropy(rows.labels, rows.probabilities).tolist()
    found = [
        WorstRow(
            row=i + 1,
            id=None if rows.ids is None else rows.ids[i],
            label=int(rows.labels[i]),
            prediction=float(rows.probabilities[i]),
            weight=None if rows.weights is None else float(rows.weights[i]),
            loss=loss,
        )
        for i, loss in enumerate(losses)
    ]
    return sorted(found, key=lambda row: (-row.loss, row.row))


def _coarse(rows: Rows) -> Rows:
    """Make ties and infinities common."""
    return Rows(rows.labels, np.round(rows.probabilities * 2.0) / 2.0, rows.weights, rows.ids)


@given(
    st.from_type(Rows) | st.from_type(Rows).map(_coarse),
    st.lists(st.integers(0, 40), max_size=4),
    st.integers(0, 45),
)
def test_the_worst_rows_come_first_in_order_of_loss_and_row_however_cut(
    split: Callable[[Rows, list[int]], list[Rows]], rows: Rows, places: list[int], limit: int
) -> None:
    parts = [
        WorstRows.of(piece, binary_cross_entropy(piece.labels, piece.probabilities), limit)
        for piece in split(rows, places)
    ]
    merged = sum(parts, WorstRows(limit))
    assert list(merged.rows) == _sorted(rows)[:limit]
    assert (merged.n, merged.limit) == (len(rows), limit)


def test_of_equal_losses_the_first_is_kept_and_infinities_lead() -> None:
    rows = Rows(np.array([True] * 6), np.array([0.5, 0.0, 0.5, 0.25, 0.0, 0.5]))
    worst = WorstRows.of(rows, binary_cross_entropy(rows.labels, rows.probabilities), 4).rows
    assert [row.row for row in worst] == [2, 5, 4, 1]
    assert [row.loss for row in worst[:2]] == [math.inf, math.inf]


def test_many_ties_keep_their_order() -> None:
    rows = Rows(np.ones(4000, np.bool_), np.tile([0.5, 0.25, 0.75, 0.125], 1000))
    losses = binary_cross_entropy(rows.labels, rows.probabilities)
    assert list(WorstRows.of(rows, losses, 2500).rows) == _sorted(rows)[:2500]
