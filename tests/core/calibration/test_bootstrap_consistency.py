"""What miscalibration chance alone makes: by hand, and against labels drawn row by row."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from bce_cli.core.calibration.bootstrap import CalibratedMiscalibration, calibrated_miscalibration
from bce_cli.core.calibration.decomposition import (
    decompose_brier,
    decompose_log_loss,
    pool_adjacent_violators,
)
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid
from tests.budgets import examples
from tests.core.calibration.some_rows import calibration_rows


def found_for(rows: Rows, n: int, seed: int = 0) -> CalibratedMiscalibration:
    found = calibrated_miscalibration(rows, n, seed)
    assert found is not None
    return found


@pytest.mark.deep
def test_one_row_has_label_1_often_enough_to_count() -> None:
    found = found_for(Rows(np.array([False]), np.array([0.25])), 400)
    assert found == CalibratedMiscalibration(math.log(4.0), 0.5625, 1.0)


def test_certain_predictions_come_true() -> None:
    rows = Rows(np.array([True, False, True]), np.array([0.0, 1.0, 1.0]))
    assert found_for(rows, 20) == CalibratedMiscalibration(0.0, 0.0, 1.0 / 21.0)


def test_a_logit_whose_sigmoid_rounds_to_1_comes_true() -> None:
    logits = np.array([50.0, -800.0])
    found = found_for(Rows(np.array([False, True]), sigmoid(logits), logits=logits), 20)
    assert found.log_loss == pytest.approx(math.exp(-50.0) / 2.0, rel=1e-12)


def test_in_bits_only_the_log_loss_changes() -> None:
    assert CalibratedMiscalibration(3.0, 5.0, 0.5).per(2.0) == CalibratedMiscalibration(
        1.5, 5.0, 0.5
    )


@pytest.mark.deep
@pytest.mark.parametrize("kind", ["plain", "weighted", "logits"])
def test_it_is_that_of_labels_drawn_row_by_row(kind: str) -> None:
    random = np.random.default_rng(8)
    p = random.beta(1.0, 2.0, 300).round(2).clip(0.01, 0.99)
    logits = np.log(p / (1.0 - p)) if kind == "logits" else None
    weights = random.choice([0.0, 0.5, 1.0, 3.0], 300) if kind == "weighted" else None
    rows = Rows(random.random(300) < p, p if logits is None else sigmoid(logits), weights)
    rows = replace(rows, logits=logits)
    log_losses, briers = [], []
    for _ in range(2000):
        tally = Tally.of(replace(rows, labels=random.random(300) < p))
        pools = pool_adjacent_violators(tally)
        log_losses.append(decompose_log_loss(tally, pools).miscalibration)
        briers.append(decompose_brier(tally, pools).miscalibration)
    found = found_for(rows, 2000, 1)
    assert found.log_loss == pytest.approx(np.quantile(log_losses, 0.95), rel=0.05)
    assert found.brier == pytest.approx(np.quantile(briers, 0.95), rel=0.05)


@settings(max_examples=examples(50))
@given(calibration_rows())
def test_the_labels_themselves_do_not_matter(rows: Rows) -> None:
    turned = rows.at(np.arange(len(rows))[::-1])
    other = replace(turned, labels=np.zeros(len(rows), np.bool_))
    found = calibrated_miscalibration(rows, 7, 3)
    is_soft = (rows.labels > 0.0) & (rows.labels < 1.0)
    if rows.labels.dtype != np.bool_ and np.any(is_soft & (weights_of(rows) > 0.0)):
        assert found is None
    else:
        redrawn = calibrated_miscalibration(other, 7, 3)
        assert found is not None
        assert redrawn is not None
        # The p value tells how they compare with the labels there are.
        assert replace(redrawn, p_value=found.p_value) == found
        assert math.isfinite(found.log_loss)


def weights_of(rows: Rows) -> npt.NDArray[np.float64]:
    return np.ones(len(rows)) if rows.weights is None else rows.weights


@pytest.mark.deep
def test_the_seed_decides() -> None:
    rows = Rows(np.ones(50, np.bool_), np.linspace(0.01, 0.99, 50))
    assert found_for(rows, 50, 4) == found_for(rows, 50, 4)
    assert found_for(rows, 50, 4) != found_for(rows, 50, 5)
