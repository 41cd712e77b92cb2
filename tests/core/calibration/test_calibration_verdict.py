"""Whether predictions are calibrated: by what, and when that cannot be told."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest

from bce_cli.core.calibration.logistic import Estimate
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import CalibrationReport, calibration_report
from bce_cli.core.calibration.verdict import CalibrationVerdict, judge_calibration


def judged(labels: list[int], p: list[float], **options: object) -> CalibrationVerdict:
    return judge_calibration(calibration_report(labels, p, **options))  # type: ignore[arg-type]


def exact(n: int) -> tuple[list[int], list[float]]:
    """Rows whose event rates are what was predicted: n each of nine predictions, by tenths."""
    shares = [k / 10 for k in range(1, 10)]
    labels = [int(i < round(share * n)) for share in shares for i in range(n)]
    return labels, [share for share in shares for _ in range(n)]


def test_many_rows_that_are_what_was_predicted_are_calibrated() -> None:
    found = judged(*exact(200))
    assert (found.calibrated, found.ground, found.p_value) == (True, "none", 1.0)
    assert list(found.p_values) == ["line", "spiegelhalter"]


def test_some_such_rows_leave_too_much_open() -> None:
    found = judged(*exact(20))
    assert (found.calibrated, found.ground, found.p_value) == (None, "wide", 1.0)


def test_fewer_than_30_rows_cannot_tell_by_number_or_weight() -> None:
    labels, p = [0, 1] * 15, [0.9, 0.1] * 15
    assert judged(labels, p).ground == "tests"
    assert judged(labels[:29], p[:29]).ground == "few rows"
    weights = [1000.0, *[1.0] * 29]
    assert judged(labels, p, weights=weights).ground == "few rows"
    assert judged(labels, p, weights=[0.0, *[1.0] * 29]).ground == "few rows"


def test_one_row_that_was_certain_and_wrong_is_enough_unless_it_has_no_weight() -> None:
    labels, p = exact(200)
    found = judged([*labels, 1], [*p, 0.0])
    assert (found.calibrated, found.ground, found.p_value) == (False, "refuted", 0.0)
    weights = [1.0] * len(labels) + [0.0]
    assert judged([*labels, 1], [*p, 0.0], weights=weights).calibrated is True


def test_a_certain_row_that_was_right_changes_nothing() -> None:
    labels, p = exact(200)
    assert judged([*labels, 1], [*p, 1.0]).calibrated is True


def test_the_least_p_value_counts_times_the_number_of_tests() -> None:
    report = calibration_report(*exact(200))
    assert report.spiegelhalter is not None
    for line, z, expected in [(0.02, 0.5, 0.04), (0.5, 0.026, 0.052), (0.7, 0.8, 1.0)]:
        changed = replace(
            report,
            logistic=replace(report.logistic, line_p=line),
            spiegelhalter=replace(report.spiegelhalter, p_value=z),
        )
        found = judge_calibration(changed)
        assert found.p_value == expected
        assert found.calibrated is (expected > 0.05)


@pytest.mark.deep
def test_samples_are_a_third_test() -> None:
    random = np.random.default_rng(3)
    logits = random.uniform(-3.0, 3.0, 600)
    p = 1.0 / (1.0 + np.exp(-logits))
    bent = np.where(np.abs(logits) < 1.5, p, 1.0 - p)  # no line shows that, and little else
    labels = random.uniform(size=600) < bent
    plan = CalibrationPlan(n_bootstrap=99)
    report = calibration_report(labels, p, plan=plan)
    assert report.bootstrap is not None
    assert report.bootstrap.calibrated_q95 is not None
    found = judge_calibration(report)
    assert found.p_values["samples"] == 0.01
    assert list(found.p_values) == ["line", "spiegelhalter", "samples"]


def test_the_share_of_samples_counts_the_rows_as_one_of_them() -> None:
    labels, p = exact(10)
    report = calibration_report(labels, p, plan=CalibrationPlan(n_bootstrap=19))
    assert report.bootstrap is not None
    chance = report.bootstrap.calibrated_q95
    assert chance is not None
    assert chance.p_value == 1.0  # no sample shows less than none


@pytest.mark.parametrize("p", [0.3, 0.4])
def test_one_prediction_is_judged_by_the_base_rate_alone(p: float) -> None:
    found = judged([0] * 700 + [1] * 300, [p] * 1000)
    assert list(found.p_values) == ["shift", "spiegelhalter"]
    assert found.calibrated is (p == 0.3)
    error = 1.0 / math.sqrt(1000 * 0.3 * 0.7)
    z = abs(math.log(0.3 / 0.7) - math.log(p / (1.0 - p))) / error
    assert found.p_values["shift"] == pytest.approx(math.erfc(z / math.sqrt(2.0)), abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "p", "ground", "tests"),
    [
        ([1] * 40, [0.97, 0.99] * 20, "one label", ["mean", "spiegelhalter"]),
        ([1] * 40, [0.5] * 40, "tests", ["mean"]),
        ([0] * 40, [0.01, 0.0] * 20, "one label", ["mean", "spiegelhalter"]),
        ([1] * 40, [0.2, 0.3] * 20, "tests", ["mean", "spiegelhalter"]),
        ([0, 1] * 20, [0.01, 0.99] * 20, "no slope", ["shift", "spiegelhalter"]),
        ([0, 1] * 20, [0.4, 0.6] * 20, "tests", ["shift", "spiegelhalter"]),
        ([0, 1] * 20, [0.0, 1.0] * 20, "no slope", []),
    ],
)
def test_without_a_slope_what_is_left_decides(
    labels: list[int], p: list[float], ground: str, tests: list[str]
) -> None:
    found = judged(labels, p)
    assert (found.ground, list(found.p_values)) == (ground, tests)
    assert found.calibrated is (False if ground == "tests" else None)
    assert (found.p_value is None) == (tests == [])


@pytest.mark.parametrize(
    ("slope", "shift", "expected"),
    [
        ((0.8, 1.25), (-0.223, 0.223), True),
        ((0.79, 1.25), (-0.223, 0.223), None),
        ((0.8, 1.26), (-0.223, 0.223), None),
        ((0.8, 1.25), (-0.224, 0.223), None),
        ((0.8, 1.25), (-0.223, 0.224), None),
    ],
)
def test_both_intervals_must_lie_within_the_margin(
    slope: tuple[float, float], shift: tuple[float, float], expected: bool | None
) -> None:
    report: CalibrationReport = calibration_report(*exact(200))
    fit = replace(
        report.logistic,
        slope=Estimate(1.0, *slope),
        calibration_in_the_large=Estimate(0.0, *shift),
    )
    assert judge_calibration(replace(report, logistic=fit)).calibrated is expected


def test_soft_labels_are_judged_by_the_line_alone() -> None:
    random = np.random.default_rng(1)
    p = random.uniform(0.1, 0.9, 900)
    found = judge_calibration(calibration_report(p.round(2), p.round(3), soft_labels=True))
    assert (found.calibrated, list(found.p_values)) == (True, ["line"])
    off = judge_calibration(calibration_report(p * 0.8, p, soft_labels=True))
    assert (off.calibrated, off.ground) == (False, "tests")


def exact_mean_p(labels: list[int], p: list[float], weights: list[float]) -> float:
    """Return the p value of the score test of the mean, computed with 50 digits."""
    with mpmath.workdps(50):
        rows = [
            (y, mpmath.mpf(q), mpmath.mpf(w)) for y, q, w in zip(labels, p, weights, strict=True)
        ]
        off = mpmath.fsum(w * (y - q) for y, q, w in rows)
        variance = mpmath.fsum(w * w * q * (1 - q) for _, q, w in rows)
        return float(mpmath.erfc(abs(off) / mpmath.sqrt(2 * variance)))


@pytest.mark.parametrize("label", [0, 1])
def test_labels_that_are_all_the_same_are_judged_by_their_mean(label: int) -> None:
    labels, p = [label] * 1000, [0.5] * 1000
    found = judged(labels, p)
    assert (found.calibrated, found.ground) == (False, "tests")
    assert found.p_values == {
        "mean": pytest.approx(exact_mean_p(labels, p, [1.0] * 1000), rel=1e-9)
    }
    assert found.p_value == found.p_values["mean"]


def test_the_mean_counts_weights_and_leaves_certain_rows_out() -> None:
    labels, p = [0] * 60, [0.01, 0.2, 0.0, 1e-300, 0.05, 0.07] * 10
    weights = [1.0, 0.5, 3.0, 2.0, 0.0, 4.0] * 10
    found = judged(labels, p, weights=weights)
    expected = exact_mean_p(labels, p, weights)
    assert found.p_values["mean"] == pytest.approx(expected, rel=1e-12)
    assert "mean" in judged(labels, p, plan=CalibrationPlan(with_fine_bins=True)).p_values


@pytest.mark.parametrize("n", [30, 1000, 10_000])
def test_the_mean_rejects_no_oftener_than_its_level_where_all_labels_are_the_same(n: int) -> None:
    edge = 3.841458820694124 / n  # z squared, of the odds of label 1
    for odds, is_rejected in ((edge * 1.001, True), (edge * 0.999, False)):
        p = odds / (1.0 + odds)
        assert (judged([0] * n, [p] * n).p_values["mean"] <= 0.05) is is_rejected
        assert (1.0 - p) ** n < 0.05  # how often that happens to calibrated predictions


@pytest.mark.parametrize("p", [[0.2], [0.3, 0.4], [0.1, 0.7], [k / 97 for k in range(1, 97)]])
def test_soft_labels_that_are_the_predictions_differ_by_no_rounding(p: list[float]) -> None:
    p = p * (200 // len(p))
    report = calibration_report(p, p, soft_labels=True)
    found = judge_calibration(report)
    assert (found.calibrated, found.ground, found.p_values) == (True, "none", {})
    assert report.logistic.calibration_in_the_large == Estimate(0.0, 0.0, 0.0)
    assert report.logistic.slope == (Estimate(1.0, 1.0, 1.0) if len(set(p)) > 1 else None)
