"""Miscalibration, discrimination and uncertainty: against fractions, and by their identities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss

from bce_cli.core.calibration.decomposition import (
    Decomposition,
    decompose_brier,
    decompose_log_loss,
    pool_adjacent_violators,
)
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid
from bce_cli.core.totals import LossTotals
from tests.core.calibration import oracle
from tests.core.calibration.some_rows import calibration_rows

if TYPE_CHECKING:
    from bce_cli.core.calibration.decomposition import Pools
    from bce_cli.core.rows import FloatArray


def decomposed(rows: Rows) -> tuple[Decomposition, Decomposition]:
    tally = Tally.of(rows)
    pools = pool_adjacent_violators(tally)
    return decompose_log_loss(tally, pools), decompose_brier(tally, pools)


def recalibrated(rows: Rows) -> Rows:
    """Give every row the mean of its pool."""
    tally = Tally.of(rows)
    keys, own = (
        (tally.predictions, rows.probabilities)
        if rows.logits is None
        else (tally.logits, rows.logits)
    )
    assert keys is not None
    pools = pool_adjacent_violators(tally)
    places = np.searchsorted(keys[pools.starts], own, side="right") - 1
    return Rows(rows.labels, pools.means[np.maximum(places, 0)], rows.weights)


def close(value: float, expected: mpmath.mpf, scale: float) -> bool:
    if mpmath.isinf(expected) or math.isinf(value):
        return bool(value == float(expected))
    return bool(abs(mpmath.mpf(value) - expected) <= 1e-12 * scale)


@given(calibration_rows())
def test_parts_are_those_of_fractions_with_fifty_digits(rows: Rows) -> None:
    pools = oracle.distinct_predictions(rows)
    pooled = oracle.recalibrated(oracle.pool_adjacent_violators(pools))
    everything = [pools[0]]
    for pool in pools[1:]:
        everything = [everything[0].with_(pool)]
    base = oracle.recalibrated(everything)
    for parts, loss in zip(decomposed(rows), (oracle.log_loss, oracle.squared_error), strict=True):
        own = [(pool.predictions[0], pool) for pool in pools]
        if loss is oracle.squared_error and rows.logits is not None:
            own = [(oracle.Prediction(float(sigmoid(np.array([p.value]))[0])), q) for p, q in own]
        mean, best, least = (oracle.mean_loss(each, loss) for each in (own, pooled, base))
        if loss is oracle.squared_error:
            spread = oracle.label_spread(rows)
            mean, best, least = mean - spread, best - spread, least - spread
        scale = 1.0 if math.isinf(parts.mean) else max(1.0, parts.mean)
        assert close(parts.mean, mean, scale)
        assert close(parts.recalibrated, best, scale)
        assert close(parts.uncertainty, least, scale)
        assert close(parts.miscalibration, mean - best, scale)
        assert close(parts.discrimination, least - best, scale)


@given(calibration_rows())
def test_the_mean_is_the_sum_of_its_parts(rows: Rows) -> None:
    for parts in decomposed(rows):
        assert parts.miscalibration >= 0.0
        assert parts.discrimination >= 0.0
        assert parts.uncertainty >= 0.0
        assert math.isfinite(parts.discrimination)
        assert math.isfinite(parts.uncertainty)
        composed = parts.miscalibration - parts.discrimination + parts.uncertainty
        assert parts.mean == pytest.approx(composed, rel=1e-12, abs=1e-12)


@given(calibration_rows())
def test_the_mean_is_that_of_compute(rows: Rows) -> None:
    report = loss_report(LossTotals.of(rows))
    log_loss_parts, brier_parts = decomposed(rows)
    assert log_loss_parts.mean == pytest.approx(report.mean_loss, rel=1e-15)
    assert brier_parts.mean == pytest.approx(report.brier, rel=1e-15)
    assert log_loss_parts.uncertainty == pytest.approx(report.base_rate_loss, rel=1e-13, abs=1e-14)


@given(calibration_rows(plain=True))
def test_without_weights_the_mean_is_that_of_compute_to_the_last_bit(rows: Rows) -> None:
    report = loss_report(LossTotals.of(rows))
    assert [parts.mean for parts in decomposed(rows)] == [report.mean_loss, report.brier]


@given(calibration_rows())
def test_a_recalibrated_forecast_has_no_miscalibration(rows: Rows) -> None:
    again = recalibrated(rows)
    for first, second in zip(decomposed(rows), decomposed(again), strict=True):
        assert second.miscalibration == 0.0
        assert second.discrimination == first.discrimination
        assert second.uncertainty == first.uncertainty
        assert second.mean == first.recalibrated


@given(calibration_rows())
def test_recalibrating_twice_changes_no_bit(rows: Rows) -> None:
    once = recalibrated(rows)
    assert np.array_equal(recalibrated(once).probabilities, once.probabilities)


def same(left: Tally, right: Tally) -> bool:
    def arrays(tally: Tally) -> list[FloatArray]:
        found = [tally.predictions, *tally.positives, *tally.negatives]
        found += [] if tally.logits is None else [tally.logits]
        squares = tally.squares
        if squares is not None:
            found += [squares.weights, squares.labels, squares.label_squares]
        return found

    return all(map(np.array_equal, arrays(left), arrays(right)))


@given(calibration_rows(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(rows: Rows, random: st.DataObject) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = rows.at(np.array(order, np.intp))
    assert same(Tally.of(shuffled), Tally.of(rows))
    assert decomposed(shuffled) == decomposed(rows)


@given(calibration_rows(plain=True), st.data())
def test_whole_weights_are_repeated_rows(rows: Rows, data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(0, 5), min_size=len(rows), max_size=len(rows)))
    counts[0] = max(counts[0], 1)
    weighted = Rows(rows.labels, rows.probabilities, np.array(counts, np.float64))
    repeated = rows.at(np.repeat(np.arange(len(rows)), counts))
    assert decomposed(weighted) == decomposed(repeated)


def pools_of(rows: Rows) -> Pools:
    return pool_adjacent_violators(Tally.of(rows))


@given(calibration_rows(plain=True))
def test_pools_are_those_of_fractions(rows: Rows) -> None:
    expected = oracle.pool_adjacent_violators(oracle.distinct_predictions(rows))
    pools = pools_of(rows)
    assert pools.means.tolist() == [float(pool.rate) for pool in expected]
    sizes = np.diff(pools.starts, append=len(Tally.of(rows)))
    assert sizes.tolist() == [len(pool.predictions) for pool in expected]


@given(calibration_rows())
def test_recalibrated_predictions_are_those_of_fractions(rows: Rows) -> None:
    """Pools need not be the same: shares that differ by less than a rounding error are equal."""
    expected = oracle.pool_adjacent_violators(oracle.distinct_predictions(rows))
    rates = [float(pool.rate) for pool in expected for _ in pool.predictions]
    pools = pools_of(rows)
    sizes = np.diff(pools.starts, append=len(Tally.of(rows)))
    assert np.repeat(pools.means, sizes) == pytest.approx(rates, rel=1e-14)
    assert np.all(np.diff(pools.means) > 0.0)


@pytest.mark.few(2)
@pytest.mark.parametrize("n", [10, 1000, 30_000])
@pytest.mark.parametrize("digits", [None, 2])
def test_pools_of_many_rows_are_those_of_scikit_learn(n: int, digits: int | None) -> None:
    random = np.random.default_rng(n)
    p = random.beta(0.7, 1.5, n)
    p = p if digits is None else p.round(digits)
    labels = random.random(n) < p**1.3
    weights = random.gamma(1.0, 2.0, n) + 0.01
    for own in (None, weights):
        model = IsotonicRegression(y_min=0.0, y_max=1.0)
        fitted = model.fit_transform(p, labels.astype(float), sample_weight=own)
        rows = Rows(labels, p, own)
        assert recalibrated(rows).probabilities == pytest.approx(fitted, abs=1e-12)
        inside = (fitted > 0.0) & (fitted < 1.0)
        parts, brier = decomposed(rows)
        assert brier.mean == pytest.approx(brier_score_loss(labels, p, sample_weight=own))
        assert brier.recalibrated == pytest.approx(
            brier_score_loss(labels, fitted, sample_weight=own), rel=1e-12
        )
        share = 1.0 if own is None else None
        total = inside.sum() if share else weights[inside].sum()
        whole = n if share else weights.sum()
        loss = log_loss(
            labels[inside],
            fitted[inside],
            sample_weight=None if own is None else own[inside],
            labels=[False, True],
        )
        assert parts.recalibrated == pytest.approx(loss * total / whole, rel=1e-12)


def test_predictions_that_differ_in_the_last_bit_are_two() -> None:
    low, high = 0.5, np.nextafter(0.5, 1.0)
    rows = Rows(np.array([False, True]), np.array([low, high]))
    assert pools_of(rows).means.tolist() == [0.0, 1.0]
    assert pools_of(Rows(rows.labels, np.array([low, low]))).means.tolist() == [0.5]


def test_logits_with_equal_sigmoids_are_two_predictions() -> None:
    logits = np.array([40.0, 50.0])
    p = sigmoid(logits)
    assert p[0] == p[1] == 1.0
    labels = np.array([False, True])
    assert pools_of(Rows(labels, p, logits=logits)).means.tolist() == [0.0, 1.0]
    parts, _ = decomposed(Rows(labels, p, logits=logits))
    assert parts.mean == pytest.approx(20.0, rel=1e-15)
    assert parts.miscalibration == parts.mean


def test_an_impossible_row_leaves_the_finite_parts_finite() -> None:
    rows = Rows(np.array([True, False, True]), np.array([0.0, 0.25, 0.75]))
    parts, brier = decomposed(rows)
    assert (parts.mean, parts.miscalibration) == (math.inf, math.inf)
    assert parts.discrimination == pytest.approx(parts.uncertainty - parts.recalibrated)
    assert brier.mean == pytest.approx((1.0 + 2.0 * 0.25**2) / 3.0)


def test_an_impossible_row_without_weight_is_none() -> None:
    weights = np.array([0.0, 1.0, 1.0])
    rows = Rows(np.array([True, False, True]), np.array([0.0, 0.25, 0.75]), weights)
    parts, _ = decomposed(rows)
    assert parts.mean == pytest.approx(-math.log(0.75))


def test_weights_far_apart_do_not_make_a_recalibrated_row_impossible() -> None:
    rows = Rows(np.array([True, False]), np.array([0.5, 0.5]), np.array([1e100, 1e-100]))
    parts, _ = decomposed(rows)
    assert 0.0 < parts.recalibrated < 1e-15
    assert pools_of(rows).means[0] < 1.0


def test_by_hand() -> None:
    """Two forecasts of 0.8 with one event, three of 0.2 with one: every part is a fraction."""
    labels = np.array([True, False, True, False, False])
    _, brier = decomposed(Rows(labels, np.array([0.8, 0.8, 0.2, 0.2, 0.2])))
    assert brier.mean == pytest.approx((0.04 + 0.64 + 0.64 + 0.04 + 0.04) / 5)
    assert brier.miscalibration == pytest.approx((2 * 0.3**2 + 3 * (1 / 3 - 0.2) ** 2) / 5)
    assert brier.discrimination == pytest.approx((2 * 0.1**2 + 3 * (0.4 - 1 / 3) ** 2) / 5)
    assert brier.uncertainty == pytest.approx(0.24)


def test_soft_labels_that_are_the_same_at_each_prediction_leave_nothing() -> None:
    labels = np.array([0.1, 0.1, 0.1, 0.3, 0.3, 0.7])
    weights = np.array([0.3, 0.7, 1.1, 1.9, 0.2, 0.9])
    _, brier = decomposed(Rows(labels, np.array([0.2, 0.2, 0.2, 0.4, 0.4, 0.9]), weights))
    assert brier.recalibrated == 0.0
    assert brier.discrimination == brier.uncertainty > 0.0


@given(st.floats(0.0, 1.0), st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20))
def test_one_soft_label_alone_has_no_uncertainty(label: float, weights: list[float]) -> None:
    n = len(weights)
    _, brier = decomposed(Rows(np.full(n, label), np.full(n, 0.5), np.array(weights)))
    assert (brier.uncertainty, brier.recalibrated) == (0.0, 0.0)
