"""Calibration of rows in clusters: against statsmodels, plain NumPy, and what theory says."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.core.calibration.bins import wilson_interval
from bce_cli.core.calibration.clustered import deviation_of
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import CalibrationReport, report_of_rows
from bce_cli.core.calibration.verdict import judge_calibration
from bce_cli.core.cross_moments import CrossMoments, brier_error, skill_error
from bce_cli.core.inference import t_quantile
from bce_cli.core.rows import Categories, Rows
from bce_cli.core.rules import sigmoid
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from bce_cli.core.calibration.logistic import Estimate
    from bce_cli.core.rows import FloatArray

GOLDEN = Path(__file__).parents[2] / "golden_statistics" / "clustered_calibration.json"
CASES: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
PLAN = CalibrationPlan()


def judged(rows: Rows, plan: CalibrationPlan = PLAN) -> CalibrationReport:
    return report_of_rows(rows, [plan.totals_of(rows)], plan)


def clusters_of(codes: list[int]) -> Categories:
    return Categories(
        np.array(codes, np.int32), tuple(f"c{code}" for code in range(max(codes) + 1))
    )


def rows_of(case: dict[str, Any]) -> Rows:
    labels, logits = np.array(case["labels"]), np.array(case["logits"])
    weights = np.array(case["weights"]) if "weights" in case else None
    return Rows(
        labels, sigmoid(logits), weights, logits=logits, cluster=clusters_of(case["clusters"])
    )


def std_error(estimate: Estimate | None, n_clusters: int, confidence: float = 0.95) -> float:
    assert estimate is not None
    reach = t_quantile(confidence, n_clusters - 1)
    assert estimate.value == pytest.approx((estimate.ci_low + estimate.ci_high) / 2.0, rel=1e-12)
    return (estimate.ci_high - estimate.ci_low) / 2.0 / reach


@pytest.mark.parametrize("name", CASES)
def test_slope_and_intercepts_are_those_of_statsmodels(name: str) -> None:
    case = CASES[name]
    n = len(set(case["clusters"]))
    report = judged(rows_of(case))
    fit = report.logistic
    assert report.n_clusters == n
    estimates = (fit.intercept, fit.slope, fit.calibration_in_the_large)
    values = case["line"] + case["shift"]
    errors = case["line errors"] + case["shift errors"]
    factor = math.sqrt(n / (n - 1))
    for estimate, value, error in zip(estimates, values, errors, strict=True):
        assert estimate is not None
        assert estimate.value == pytest.approx(value, rel=1e-10)
        assert std_error(estimate, n) == pytest.approx(error * factor, rel=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_the_test_of_the_line_is_hotellings(name: str) -> None:
    from scipy.special import fdtrc

    case = CASES[name]
    n = len(set(case["clusters"]))
    off = np.array(case["line"]) - (0.0, 1.0)
    covariance = np.array(case["line covariance"]) * (n / (n - 1))
    square = float(off @ np.linalg.solve(covariance, off))
    p = fdtrc(2, n - 2, square * (n - 2) / (2 * (n - 1)))
    assert judged(rows_of(case)).logistic.line_p == pytest.approx(p, rel=1e-7)


def test_clusters_of_one_row_have_the_sandwich_of_rows() -> None:
    case = CASES["a row each"]
    clustered = rows_of(case)
    n = len(clustered)
    alone = judged(replace(clustered, cluster=None, weights=np.ones(n)))  # else, by the model
    found = judged(clustered)
    for name in ("intercept", "slope", "calibration_in_the_large"):
        own, other = (getattr(each.logistic, name) for each in (found, alone))
        half = (other.ci_high - other.ci_low) / 2.0 / t_quantile(0.95, math.inf)
        assert own.value == pytest.approx(other.value, rel=1e-12)
        assert std_error(own, n) == pytest.approx(half * math.sqrt(n / (n - 1)), rel=1e-12)
    assert found.std_error == pytest.approx(alone.std_error, rel=1e-12)
    assert found.discrimination.std_error == pytest.approx(alone.discrimination.std_error)


def drawn(n: int = 300, n_clusters: int = 25, seed: int = 3) -> Rows:
    """Return rows whose clusters lean to either side."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, n_clusters, n)
    logits = random.normal(0.0, 1.5, n).round(2)
    leaning = sigmoid(logits + random.normal(0.0, 1.0, n_clusters)[codes])
    cluster = Categories(codes.astype(np.int32), tuple(map(str, range(n_clusters))))
    return Rows(random.random(n) < leaning, sigmoid(logits), cluster=cluster)


def by_cluster(rows: Rows, values: FloatArray) -> FloatArray:
    assert rows.cluster is not None
    sums = np.bincount(rows.cluster.codes, values, len(rows.cluster.names))
    return sums.astype(np.float64)


def test_scores_have_the_errors_of_sums_over_clusters() -> None:
    rows = drawn()
    report = judged(rows, CalibrationPlan(unit="bits", confidence=0.9))
    y, p, reach = rows.labels.astype(float), rows.probabilities, t_quantile(0.9, 24)
    losses = -np.log(np.where(rows.labels, p, 1.0 - p))
    rate, mean = y.mean(), losses.mean()
    base = -rate * math.log(rate) - (1.0 - rate) * math.log1p(-rate)
    moves = (losses - mean) - mean / base * math.log((1.0 - rate) / rate) * (y - rate)

    def error_of(values: FloatArray) -> float:
        return math.sqrt(25 / 24 * np.sum(by_cluster(rows, values) ** 2)) / len(rows)

    bits = math.log(2.0)
    assert report.std_error == pytest.approx(error_of(losses - mean) / bits, rel=1e-12)
    assert report.ci_high == pytest.approx((mean + reach * error_of(losses - mean)) / bits)
    assert report.skill == pytest.approx(1.0 - mean / base)
    assert report.skill_ci_low == pytest.approx(1.0 - mean / base - reach * error_of(moves) / base)
    squares = (y - p) ** 2
    half = reach * error_of(squares - squares.mean())
    assert report.brier_ci_low == pytest.approx(squares.mean() - half)
    assert report.brier_ci_high == pytest.approx(squares.mean() + half)
    assert report.brier_skill == pytest.approx(1.0 - squares.mean() / (rate * (1.0 - rate)))


def test_without_clusters_the_errors_are_those_of_the_gate() -> None:
    rows = replace(drawn(), cluster=None)
    report, totals = judged(rows), LossTotals.of(rows)
    moments = CrossMoments.of(rows, -np.log(np.where(rows.labels, *_chances(rows))), totals)
    skill, brier = (error(totals, moments, len(rows)) for error in (skill_error, brier_error))
    assert skill is not None
    assert brier is not None
    reach = t_quantile(0.95, math.inf)
    assert report.n_clusters is None
    assert report.skill_ci_high == pytest.approx((report.skill or 0.0) + reach * skill, rel=1e-12)
    assert report.brier_ci_low == pytest.approx(report.brier.mean - reach * brier, rel=1e-12)


def _chances(rows: Rows) -> tuple[FloatArray, FloatArray]:
    return rows.probabilities, 1.0 - rows.probabilities


def t_test(sums: FloatArray) -> float:
    """Return the two-sided p value of a mean of 0."""
    from scipy.special import stdtr

    t = sums.mean() / (sums.std(ddof=1) / math.sqrt(len(sums)))
    return 2.0 * float(stdtr(len(sums) - 1, -abs(t)))


def test_spiegelhalters_test_is_a_t_test_of_sums() -> None:
    rows = drawn()
    p = rows.probabilities
    sums = by_cluster(rows, (rows.labels - p) * (1.0 - 2.0 * p))
    test = judged(rows).spiegelhalter
    assert test is not None
    assert test.z == pytest.approx(sums.sum() / math.sqrt(np.sum(sums**2)), rel=1e-12)
    assert test.p_value == pytest.approx(t_test(sums), rel=1e-9)


def test_sums_that_do_not_differ_tell_nothing() -> None:
    assert deviation_of(np.array([0.1, 0.1, 0.1])) is None
    assert deviation_of(np.zeros(3)) is None
    assert deviation_of(np.array([2.0])) is None
    found = deviation_of(np.array([1.0, -1.0]))
    assert found is not None
    assert (found.z, found.p_value) == (0.0, 1.0)


def test_the_mean_is_tested_where_there_is_one_label() -> None:
    rows = replace(drawn(), labels=np.zeros(300, np.bool_))
    fit = judged(rows).logistic
    sums = by_cluster(rows, -rows.probabilities)
    assert fit.obstacle == "one label"
    assert fit.mean_p == pytest.approx(t_test(sums), rel=1e-6)


def test_bins_have_wilsons_interval_for_as_many_rows_as_clusters_are_worth() -> None:
    rows = drawn()
    plan = CalibrationPlan(n_bins=4, confidence=0.9)
    assert rows.cluster is not None
    for index, found in enumerate(judged(rows, plan).bins):
        low, high = index / 4.0, (index + 1.0) / 4.0
        inside = (rows.probabilities > low) & (rows.probabilities <= high)
        n, rate = int(inside.sum()), float(rows.labels[inside].mean())
        g = len(set(rows.cluster.codes[inside].tolist()))
        off = by_cluster(rows, np.where(inside, rows.labels - rate, 0.0))
        variance = g / (g - 1) * float(np.sum(off**2)) / n**2
        worth = min(rate * (1.0 - rate) / variance, n)
        ends = wilson_interval(rate, worth, t_quantile(0.9, g - 1))
        assert (found.n, found.event_rate) == (n, rate)
        assert (found.ci_low, found.ci_high) == pytest.approx(ends, rel=1e-12)


def test_where_labels_of_a_bin_are_the_same_each_cluster_is_worth_a_row() -> None:
    n = 40
    cluster = clusters_of([k % 4 for k in range(n)])
    rows = Rows(np.ones(n, np.bool_), np.full(n, 0.9), np.full(n, 2.0), cluster=cluster)
    found = judged(rows, CalibrationPlan(n_bins=1)).bins[0]
    assert (found.ci_low, found.ci_high) == wilson_interval(1.0, 4.0, t_quantile(0.95, 3))


def test_a_bin_of_one_cluster_has_no_interval() -> None:
    rows = Rows(
        np.array([True, False, True, False]),
        np.array([0.1, 0.2, 0.8, 0.9]),
        cluster=clusters_of([0, 0, 0, 1]),
    )
    low, high = judged(rows, CalibrationPlan(n_bins=2)).bins
    assert (low.event_rate, low.ci_low, low.ci_high) == (0.5, None, None)
    assert high.ci_low is not None


def repeated(rows: Rows, times: int) -> Rows:
    return rows.at(np.tile(np.arange(len(rows)), times))


def test_rows_that_stand_there_again_change_nothing_within_their_clusters() -> None:
    rows = drawn()
    once, four_times = judged(rows), judged(repeated(rows, 4))
    for name in ("std_error", "ci_low", "skill_ci_low", "brier_ci_high"):
        assert getattr(four_times, name) == pytest.approx(getattr(once, name), rel=1e-9)
    assert four_times.discrimination.ci_low == pytest.approx(once.discrimination.ci_low, rel=1e-9)
    for name in ("slope", "intercept", "calibration_in_the_large"):
        ends = [
            (each.ci_low, each.ci_high)
            for each in (getattr(report.logistic, name) for report in (once, four_times))
        ]
        assert ends[1] == pytest.approx(ends[0], rel=1e-9)
    assert four_times.logistic.line_p == pytest.approx(once.logistic.line_p, rel=1e-9)
    for ours, theirs in zip(once.bins, four_times.bins, strict=True):
        if (ours.ci_low or 0.0) > 0.0 and 0.0 < (ours.event_rate or 0.0) < 1.0:
            assert theirs.ci_low is not None
            assert ours.ci_low is not None
            assert theirs.ci_low >= ours.ci_low - 1e-9  # once, no more than there are rows
    alone, alone_four_times = (judged(replace(r, cluster=None)) for r in (rows, repeated(rows, 4)))
    assert alone.std_error is not None
    assert alone_four_times.std_error == pytest.approx(
        alone.std_error / 2.0 * math.sqrt((1.0 - 1.0 / 300) / (1.0 - 1.0 / 1200)), rel=1e-9
    )


def test_copies_make_rows_sure_of_what_clusters_are_not() -> None:
    """A verdict that takes copies for evidence is wrong; clusters tell them."""
    random = np.random.default_rng(5)
    p = random.uniform(0.1, 0.9, 60)
    labels = random.random(60) < p
    rows = Rows(labels, p, cluster=clusters_of(list(range(60))))
    copies = repeated(rows, 40)
    as_rows, as_clusters = (
        judge_calibration(judged(replace(copies, cluster=None))),
        judge_calibration(judged(copies)),
    )
    assert (as_rows.calibrated, as_rows.ground) == (False, "tests")
    assert (as_clusters.calibrated, as_clusters.ground) == (None, "wide")


def test_one_cluster_says_nothing_of_chance() -> None:
    rows = replace(drawn(), cluster=Categories(np.zeros(300, np.int32), ("all",)))
    report = judged(rows)
    assert (report.n_clusters, report.std_error, report.ci_low) == (1, None, None)
    assert (report.skill_ci_low, report.brier_ci_high) == (None, None)
    assert report.discrimination.ci_low is None
    assert report.spiegelhalter is None
    fit = report.logistic
    assert fit.slope is not None
    assert (fit.slope.ci_low, fit.slope.ci_high) == (-math.inf, math.inf)
    assert (fit.line_p, fit.shift_p) == (None, None)
    verdict = judge_calibration(report)
    assert (verdict.calibrated, verdict.ground, verdict.p_value) == (None, "wide", None)


def test_two_clusters_give_intervals_and_no_test_of_the_line() -> None:
    rows = replace(drawn(), cluster=clusters_of([k % 2 for k in range(300)]))
    fit = judged(rows).logistic
    assert fit.slope is not None
    assert math.isfinite(fit.slope.ci_low)
    assert fit.line_p is None
    assert 0.0 < (fit.shift_p or 0.0) <= 1.0


def test_neither_order_nor_the_way_that_clusters_are_told_matters() -> None:
    rows = drawn()
    assert rows.cluster is not None
    places = np.random.default_rng(0).permutation(len(rows))
    codes, names = rows.cluster.codes, rows.cluster.names
    twice = Categories(
        np.where(np.arange(len(rows)) % 2, codes + len(names), codes).astype(np.int32), names * 2
    )
    plan = CalibrationPlan(n_bootstrap=3, seed=1)
    found = [judged(each, plan) for each in (rows, rows.at(places), replace(rows, cluster=twice))]
    assert [replace(each, curve=found[0].curve) for each in found] == [found[0]] * 3


def test_rows_of_no_weight_and_their_clusters_count_for_nothing() -> None:
    rows = drawn()
    assert rows.cluster is not None
    weights = (rows.cluster.codes > 3).astype(float)
    kept = np.flatnonzero(weights)
    weighed = replace(rows, weights=weights)
    whole, part = judged(weighed), judged(weighed.at(kept))
    assert (whole.n_clusters, whole.n) == (21, 300)
    assert replace(whole, n=part.n, n_positive=part.n_positive, bins=(), curve=part.curve) == (
        replace(part, bins=())
    )


def test_samples_are_of_whole_clusters() -> None:
    """Two clusters make three samples: either twice, or both; each has a loss of its own."""
    p = np.array([0.25, 0.25, 0.5])
    rows = Rows(np.array([True, True, False]), p, cluster=clusters_of([0, 0, 1]))
    found = judged(rows, CalibrationPlan(n_bootstrap=60)).bootstrap
    assert found is not None
    assert found.log_loss["mean"] == (math.log(2.0), math.log(4.0))
    assert found.calibrated_q95 is None


def test_the_verdict_goes_by_the_confidence() -> None:
    labels = np.arange(400) % 2 == 0
    rows = Rows(labels, np.full(400, 0.45))  # off by two standard errors
    levels = {
        c: judge_calibration(judged(rows, CalibrationPlan(confidence=c))) for c in (0.9, 0.99)
    }
    assert {c: v.calibrated for c, v in levels.items()} == {0.9: False, 0.99: None}
    assert levels[0.9].p_value == levels[0.99].p_value
