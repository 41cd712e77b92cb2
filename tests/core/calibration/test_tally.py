"""Sorting rows by their predictions, and what they lose, summed up before that."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bce_cli.core.calibration.brief import BriefCalibration, BriefTotals
from bce_cli.core.calibration.decomposition import (
    decompose_brier,
    decompose_log_loss,
    pool_adjacent_violators,
    pool_runs,
)
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import report_of_rows
from bce_cli.core.calibration.tally import Tally, ascending, run_sums, tally_of_runs, total
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.report import Unit
from bce_cli.core.rows import FloatArray, Rows
from bce_cli.render.origin import doubts

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


ROWS: dict[str, dict[str, Any]] = {
    "labels alone": {},
    "floats for labels": {"labels": "floats"},
    "soft labels": {"labels": "soft"},
    "weights": {"weighted": True},
    "logits": {"logits": True},
    "logits and weights": {"logits": True, "weighted": True},
    "predictions that occur twice": {"decimals": 2},
    "weights and predictions that occur twice": {"decimals": 2, "weighted": True},
    "label 1 alone": {"base_rate": 1.0, "weighted": True},
    "label 0 alone": {"base_rate": 0.0, "decimals": 2},
    "one row": {"n": 1},
    "one row with a weight": {"n": 1, "weighted": True},
    "predictions of the other label": {"base_rate": 0.9},
    "more rows than a block": {"n": 70_000, "weighted": True},
}


def rows_of(
    n: int = 300,
    *,
    labels: str = "bool",
    weighted: bool = False,
    logits: bool = False,
    decimals: int = 16,
    base_rate: float | None = None,
) -> Rows:
    random = np.random.default_rng(n)
    x = np.round(random.normal(-1.0, 2.0, n), decimals)
    p = 1.0 / (1.0 + np.exp(-x))
    y = random.random(n) < (p if base_rate is None else base_rate)
    shares: dict[str, Any] = {"bool": y, "floats": y.astype(np.float64), "soft": random.random(n)}
    weights = random.gamma(2.0, 1.0, n) * (np.arange(n) % 7 != 1) if weighted else None
    return Rows(shares[labels], p, weights, logits=x if logits else None)


@pytest.mark.parametrize("kind", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_the_miscalibration_alone_is_that_of_the_report(kind: dict[str, Any], unit: Unit) -> None:
    rows = rows_of(**kind)
    plan = CalibrationPlan(unit)
    report = report_of_rows(rows, [plan.totals_of(rows)], plan)
    brief = BriefCalibration.of_rows(rows, BriefTotals.of(rows), unit)
    assert brief.miscalibration == report.log_loss.miscalibration
    assert doubts(report) == (() if brief.losses is None else doubts(brief.losses))
    if kind.get("base_rate") == 0.9:
        assert brief.losses is not None
        assert brief.losses.is_reversed
        assert brief.losses.mean_loss == report.mean_loss


@pytest.mark.parametrize("kind", ROWS.values(), ids=ROWS)
def test_runs_of_one_label_are_pooled_as_their_predictions_are(kind: dict[str, Any]) -> None:
    rows = rows_of(**kind)
    runs, whole = tally_of_runs(rows), Tally.of(rows, with_squares=False)
    has_both = (total(whole.positives) > 0.0) & (total(whole.negatives) > 0.0)
    assert (runs is None) == bool(has_both.any())
    if runs is None:
        return
    mine, theirs = pool_runs(runs, np.arange(len(runs))), pool_adjacent_violators(whole)
    assert np.array_equal(mine.means, theirs.means)
    assert runs.predictions[mine.starts].tolist() == whole.predictions[theirs.starts].tolist()
    for parts, others in ((mine.positives, theirs.positives), (mine.negatives, theirs.negatives)):
        assert [part.tolist() for part in parts] == [part.tolist() for part in others]


def test_a_prediction_with_both_labels_is_no_run() -> None:
    p = np.array([0.25, 0.5, 0.5, 0.75])
    for labels in ([0, 0, 1, 1], [1, 1, 0, 0]):
        rows = Rows(np.array(labels, np.bool_), p)
        assert tally_of_runs(rows) is None
        assert tally_of_runs(replace(rows, weights=np.ones(4))) is None
    assert tally_of_runs(Rows(np.array([False, True, True, False]), p)) is not None


def test_runs_longer_than_a_block_are_summed_up_exactly() -> None:
    values = np.random.default_rng(8).gamma(2.0, 1.0, 140_000)
    starts = np.array([0, 3, 65_535, 65_536, 65_537, 139_999])
    parts = run_sums(values, starts)
    found = [
        sum((ExactSum.of(part[run : run + 1]) for part in parts), ExactSum())
        for run in range(len(starts))
    ]
    assert found == ExactSum.by_group(values, starts)
