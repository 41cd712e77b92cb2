"""The whole report: from arrays, in any order, in both units."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.calibration.bins import quantile_edges
from bce_cli.core.calibration.decomposition import PARTS
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import (
    CalibrationReport,
    calibration_report,
    report_of_rows,
)
from bce_cli.errors import DataError, ProbabilityError
from tests.budgets import examples
from tests.core.calibration.some_rows import calibration_rows

if TYPE_CHECKING:
    from bce_cli.core.rows import BoolArray, FloatArray, Rows

PLANS = st.builds(
    CalibrationPlan,
    n_bins=st.sampled_from([1, 5, 10]),
    strategy=st.sampled_from(["uniform", "quantile"]),
)


def reported(rows: Rows, plan: CalibrationPlan) -> dict[str, object]:
    """All figures; arrays as lists."""
    report = report_of_rows(rows, [plan.totals_of(rows)], plan)
    curve = {name: values.tolist() for name, values in asdict(report.curve).items()}
    return asdict(replace(report, curve=None)) | {"curve": curve}  # type: ignore[arg-type]


@settings(max_examples=examples(60))
@given(calibration_rows(), PLANS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(
    rows: Rows, plan: CalibrationPlan, random: st.DataObject
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = reported(rows.at(np.array(order, np.intp)), plan)
    ours = reported(rows, plan)
    del shuffled["first_impossible_row"], ours["first_impossible_row"]
    assert shuffled == ours


@settings(max_examples=examples(60))
@given(calibration_rows(), PLANS)
def test_bins_hold_all_rows(rows: Rows, plan: CalibrationPlan) -> None:
    report = report_of_rows(rows, [plan.totals_of(rows)], plan)
    assert sum(each.n for each in report.bins) == len(rows)
    if plan.strategy == "uniform":
        assert len(report.bins) == plan.n_bins
    else:
        assert len(report.bins) <= plan.n_bins
        assert all(each.n for each in report.bins)
    assert 0.0 <= report.ece <= report.mce <= 1.0
    assert abs(report.mean_prediction - report.base_rate) <= report.ece + 1e-15
    assert sum(report.histogram) == pytest.approx(report.weight_sum)


def example() -> tuple[BoolArray, FloatArray]:
    random = np.random.default_rng(8)
    p = random.random(200)
    return random.random(200) < p, p


def test_bits_are_nats_over_the_logarithm_of_two() -> None:
    labels, p = example()
    nats = calibration_report(labels, p, plan=CalibrationPlan(n_bootstrap=20))
    bits = calibration_report(labels, p, plan=CalibrationPlan("bits", n_bootstrap=20))
    for name in PARTS:
        value = getattr(nats.log_loss, name)
        assert getattr(bits.log_loss, name) == pytest.approx(value / np.log(2.0), rel=1e-15)
    assert nats.bootstrap is not None
    assert bits.bootstrap is not None
    low, high = nats.bootstrap.log_loss["miscalibration"]
    expected = pytest.approx((low / np.log(2.0), high / np.log(2.0)))
    assert bits.bootstrap.log_loss["miscalibration"] == expected
    assert bits.brier == nats.brier
    assert bits.bootstrap.brier == nats.bootstrap.brier


def test_rows_that_are_counted_twice_change_no_share() -> None:
    labels, p = example()
    once = calibration_report(labels, p)
    twice = calibration_report(np.tile(labels, 2), np.tile(p, 2))
    assert twice.n == 2 * once.n
    assert twice.log_loss == once.log_loss
    assert twice.ece == once.ece


@pytest.mark.parametrize("n", [2, 3, 10, 100])
def test_quantile_edges_are_those_of_scikit_learn(n: int) -> None:
    p = np.random.default_rng(n).beta(1.0, 4.0, 57)
    expected = np.percentile(p, np.linspace(0, 1, n + 1) * 100)
    assert quantile_edges(p, n) == tuple(expected.tolist())


def test_equal_quantiles_are_one_edge() -> None:
    assert quantile_edges(np.array([0.5] * 9 + [0.75]), 4) == (0.5, 0.5, 0.75)
    assert quantile_edges(np.array([0.5, 0.5]), 4) == (0.5, 0.5)


def test_a_constant_prediction_is_one_bin() -> None:
    report = calibration_report(
        [1, 0, 1], [0.5] * 3, plan=CalibrationPlan(n_bins=4, strategy="quantile")
    )
    (only,) = report.bins
    assert (only.low, only.high, only.n, only.mean_prediction) == (0.5, 0.5, 3, 0.5)


def test_one_row_is_judged() -> None:
    report: CalibrationReport = calibration_report([1], [0.25])
    assert report.log_loss.uncertainty == report.log_loss.discrimination == 0.0
    assert report.log_loss.miscalibration == report.log_loss.mean == pytest.approx(np.log(4.0))
    assert report.logistic.obstacle == "one label"


def test_what_is_no_prediction_is_refused() -> None:
    with pytest.raises(ProbabilityError):
        calibration_report([1], [1.5])
    with pytest.raises(DataError, match="the mean of no rows is undefined"):
        calibration_report([], [])
    with pytest.raises(DataError, match="all weights are 0"):
        calibration_report([1], [0.5], weights=[0.0])
