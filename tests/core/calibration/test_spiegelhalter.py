"""Spiegelhalter's z, by hand and by its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from bce_cli.core.calibration.decomposition import spiegelhalter_test
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid
from tests.core.calibration.some_rows import calibration_rows


def test_by_hand() -> None:
    """(0.8)(0.6) - (0.2)(0.6) + (0.3)(-0.4) over the root of 2 (0.36)(0.16) + (0.16)(0.21)."""
    rows = Rows(np.array([True, False, True]), np.array([0.2, 0.2, 0.7]))
    test = spiegelhalter_test(Tally.of(rows))
    assert test is not None
    assert test.z == pytest.approx(0.24 / math.sqrt(0.1488), rel=1e-14)
    assert test.p_value == pytest.approx(0.5338294, abs=1e-7)


@given(calibration_rows())
def test_z_is_what_it_is_defined_to_be(rows: Rows) -> None:
    test = spiegelhalter_test(Tally.of(rows))
    if rows.labels.dtype != np.bool_ and np.any((rows.labels > 0.0) & (rows.labels < 1.0)):
        assert test is None or not np.any(
            (rows.labels > 0.0) & (rows.labels < 1.0) & (rows.weights != 0.0)
        )
        return
    p, y = rows.probabilities, rows.labels.astype(float)
    rest = 1.0 - p if rows.logits is None else sigmoid(-rows.logits)
    w = np.ones(len(p)) if rows.weights is None else rows.weights
    lean = rest - p
    excess = math.fsum(w * (y * rest - (1.0 - y) * p) * lean)
    variance = math.fsum(w * w * (lean * lean * p * rest))
    if variance == 0.0:
        assert test is None
        return
    assert test is not None
    size = math.fsum(w * np.abs(lean)) / math.sqrt(variance)
    assert test.z == pytest.approx(excess / math.sqrt(variance), abs=1e-13 * size)
    assert test.p_value == pytest.approx(math.erfc(abs(test.z) / math.sqrt(2.0)), rel=1e-12)


def test_it_is_standard_normal_for_calibrated_predictions() -> None:
    random = np.random.default_rng(2)
    z = []
    for _ in range(400):
        p = random.random(200)
        test = spiegelhalter_test(Tally.of(Rows(random.random(200) < p, p)))
        assert test is not None
        z.append(test.z)
    assert abs(np.mean(z)) < 4.0 / math.sqrt(400)
    assert abs(np.std(z) - 1.0) < 4.0 / math.sqrt(800)


@pytest.mark.parametrize("p", [[0.5, 0.5], [0.0, 1.0], [0.0, 0.5]])
def test_without_variance_there_is_no_test(p: list[float]) -> None:
    assert spiegelhalter_test(Tally.of(Rows(np.array([True, False]), np.array(p)))) is None
