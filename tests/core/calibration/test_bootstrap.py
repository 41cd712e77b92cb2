"""Bootstrap intervals: against a bootstrap of rows, repeatable, and whatever the order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.calibration.bootstrap import Bootstrap, bootstrap
from bce_cli.core.calibration.decomposition import (
    decompose_brier,
    decompose_log_loss,
    pool_adjacent_violators,
)
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.rows import Rows
from tests.budgets import examples
from tests.core.calibration.some_rows import calibration_rows


@settings(max_examples=examples(50))
@given(calibration_rows(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(rows: Rows, random: st.DataObject) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert bootstrap(rows.at(np.array(order, np.intp)), 7, 3) == bootstrap(rows, 7, 3)


@settings(max_examples=examples(50))
@given(calibration_rows())
def test_limits_are_in_order_and_parts_are_not_negative(rows: Rows) -> None:
    found = bootstrap(rows, 20, 0)
    for intervals in (found.log_loss, found.brier):
        for low, high in intervals.values():
            assert 0.0 <= low <= high
    for part in ("discrimination", "uncertainty", "recalibrated"):
        assert math.isfinite(found.log_loss[part][1])


def some_rows(n: int, *, weighted: bool = False) -> Rows:
    random = np.random.default_rng(n)
    p = random.beta(1.0, 2.0, n).round(2)
    weights = random.gamma(2.0, 1.0, n) if weighted else None
    return Rows(random.random(n) < 0.2 + 0.5 * p, p, weights)


def naive(rows: Rows, n: int) -> Bootstrap:
    """Draw rows one by one, and decompose them as any others."""
    random = np.random.default_rng(99)
    samples = []
    for _ in range(n):
        tally = Tally.of(rows.at(random.integers(0, len(rows), len(rows))))
        pools = pool_adjacent_violators(tally)
        samples.append((decompose_log_loss(tally, pools), decompose_brier(tally, pools)))
    found = []
    for side in zip(*samples, strict=True):
        names = ("mean", "miscalibration", "discrimination", "uncertainty", "recalibrated")
        found.append(
            {
                name: tuple(np.quantile([getattr(s, name) for s in side], [0.025, 0.975]).tolist())
                for name in names
            }
        )
    return Bootstrap(n, 99, found[0], found[1], None)


@pytest.mark.deep
@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_are_those_of_rows_drawn_one_by_one(*, weighted: bool) -> None:
    rows = some_rows(400, weighted=weighted).at(np.arange(400))
    rows.probabilities[:] = np.maximum(rows.probabilities, 0.01)
    found, expected = bootstrap(rows, 2000, 1), naive(rows, 2000)
    for ours, theirs in ((found.log_loss, expected.log_loss), (found.brier, expected.brier)):
        for part, (low, high) in ours.items():
            width = theirs[part][1] - theirs[part][0]
            assert low == pytest.approx(theirs[part][0], abs=0.12 * width)
            assert high == pytest.approx(theirs[part][1], abs=0.12 * width)


@pytest.mark.deep
def test_the_seed_decides() -> None:
    rows = some_rows(100)
    assert bootstrap(rows, 50, 4) == bootstrap(rows, 50, 4)
    assert bootstrap(rows, 50, 4).brier != bootstrap(rows, 50, 5).brier


@pytest.mark.deep
def test_one_impossible_row_in_many_makes_the_upper_limit_infinite_alone() -> None:
    rows = some_rows(60)
    p = np.append(np.clip(rows.probabilities, 0.01, 0.99), 0.0)
    found = bootstrap(Rows(np.append(rows.labels, True), p), 400, 0)
    low, high = found.log_loss["mean"]
    assert math.isfinite(low)
    assert high == math.inf
    assert found.log_loss["miscalibration"][1] == math.inf
    assert math.isfinite(found.brier["mean"][1])


def test_one_row_has_intervals_without_width() -> None:
    found = bootstrap(Rows(np.array([True]), np.array([0.25])), 10, 0)
    assert found.brier["mean"] == (0.5625, 0.5625)
    assert found.log_loss["miscalibration"] == (math.log(4.0), math.log(4.0))
