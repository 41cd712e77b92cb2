"""Sorting rows by their predictions, and what they lose, summed up before that."""

import numpy as np
import pytest

from bce_cli.core.calibration.decomposition import (
    decompose_brier,
    decompose_log_loss,
    pool_adjacent_violators,
)
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import BriefCalibration, report_of_rows
from bce_cli.core.calibration.tally import Tally, ascending
from bce_cli.core.rows import FloatArray, Rows

_N = 5000


def _numbers(kind: str) -> FloatArray:
    random = np.random.default_rng(21)
    close = 0.5 + random.random(_N) * 2.0**-40
    return {
        "spread": random.random(_N),
        "signed": random.normal(0.0, 1e3, _N),
        "infinite": random.choice([-np.inf, np.inf, 0.0, -0.0, 5e-324, -5e-324, 1.5], _N),
        "close": close,
        "close and far": np.append(close, [-1e300, 1e300, 0.0]),
        "some close": np.where(random.random(_N) < 0.1, close, random.normal(0.0, 1e9, _N)),
        "equal": np.full(_N, 0.25),
        "one": np.array([-3.0]),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["spread", "signed", "infinite", "close", "close and far", "some close", "equal", "one"],
)
def test_numbers_are_sorted_with_their_places(kind: str) -> None:
    values = _numbers(kind)
    order, found = ascending(values)
    np.testing.assert_array_equal(found, np.sort(values))
    np.testing.assert_array_equal(values[order], found)
    np.testing.assert_array_equal(np.sort(order), np.arange(len(values)))


def test_nothing_is_lost_of_close_numbers_where_places_leave_no_room() -> None:
    values = _numbers("close and far")
    assert len(np.unique(ascending(values)[1])) == len(np.unique(values))


@pytest.mark.parametrize("decimals", [2, 17])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("labels", ["hard", "hard floats", "soft"])
@pytest.mark.parametrize("are_logits", [False, True])
def test_sums_of_rows_are_those_of_their_tally(
    decimals: int,
    weighted: bool,
    labels: str,
    are_logits: bool,
) -> None:
    random = np.random.default_rng(decimals)
    logits = np.round(random.normal(0.0, 3.0, 300), decimals)
    p = 1.0 / (1.0 + np.exp(-logits))
    y = random.random(300) if labels == "soft" else (random.random(300) < p)
    rows = Rows(
        y.astype(np.float64) if labels == "hard floats" else y,
        p,
        random.gamma(2.0, 1.0, 300) * (random.random(300) < 0.9) if weighted else None,
        logits=logits if are_logits else None,
    )
    plan = CalibrationPlan()
    own = plan.totals_of(rows).own
    tally = Tally.of(rows)
    pools = pool_adjacent_violators(tally)
    assert decompose_log_loss(tally, pools, own=own) == decompose_log_loss(tally, pools)
    assert decompose_brier(tally, pools, own=own) == decompose_brier(tally, pools)


def test_rows_of_no_weight_may_be_certain_and_wrong() -> None:
    rows = Rows(
        np.array([True, False, True]), np.array([0.0, 0.25, 0.5]), np.array([0.0, 1.0, 2.0])
    )
    own = CalibrationPlan().totals_of(rows).own
    assert own is not None
    assert own.n_infinite == 0
    assert float(own.log_losses) == pytest.approx(2.0 * np.log(2.0) - np.log(0.75), rel=1e-15)


def test_the_miscalibration_alone_is_that_of_the_report() -> None:
    random = np.random.default_rng(3)
    rows = Rows(random.random(200) < 0.4, random.random(200), random.gamma(2.0, 1.0, 200))
    plan = CalibrationPlan("bits")
    report = report_of_rows(rows, [plan.totals_of(rows)], plan)
    short = CalibrationPlan("bits", is_brief=True)
    brief = BriefCalibration.of_rows(rows, short.totals_of(rows), short)
    assert brief.miscalibration == report.log_loss.miscalibration
    assert brief.losses.mean_loss == report.mean_loss
