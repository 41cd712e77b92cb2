"""Intervals of rows that depend on each other, against sums that were taken by other means."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit  # noqa: TID253 -- what intervals are checked by

from bce_cli import Convention
from bce_cli.core.calibration.bins import ReliabilityTotals, uniform_edges
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import report_of_rows
from bce_cli.core.gate.clusters import label_sums_in_bins, rate_covariance
from bce_cli.core.gate.figures import calibration_margin, has_rows
from bce_cli.core.gate.judgement import Check, judge
from bce_cli.core.gate.limits import Baseline, Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.groups import ClusterSums
from bce_cli.core.rows import Categories, Rows
from tests.budgets import examples
from tests.core.calibration.some_rows import calibration_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Complexes = npt.NDArray[np.complex128]

ALL = Limits(1.0, 0.0, 1.0, 1.0, confident=True, confidence=0.9)
NAMES = tuple(f"day {number}" for number in range(12))
_STEP = 1e-40


def _rows(seed: int, n: int = 60, k: int = 12, *, weighted: bool = False) -> Rows:
    random = np.random.default_rng(seed)
    codes = random.integers(0, k, n).astype(np.int32)
    rates = np.clip(random.beta(1.0, 2.0, k)[codes], 0.05, 0.95)
    labels = random.uniform(size=n) < rates
    predictions = np.clip(rates + random.normal(0.0, 0.1, n), 0.01, 0.99)
    weights = random.exponential(1.0, n) if weighted else None
    return Rows(labels, predictions, weights, cluster=Categories(codes, NAMES[:k]))


def _checks(
    rows: Rows, limits: Limits = ALL, convention: Convention | None = None
) -> dict[str, Check]:
    convention = convention or Convention()
    held = rows if limits.needs_rows else None
    totals = GateTotals.of(rows, limits, convention)
    checks = judge(totals, limits, "nats", held, convention).checks
    return {check.name: check for check in checks}


def _robust_error(figure: Callable[[Complexes], complex], rows: Rows) -> tuple[float, int]:
    """Standard error of a function of the weights, from the sum of what rows of a cluster move."""
    assert rows.cluster is not None
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    moves = []
    for index in range(len(rows)):
        moved = weights.astype(np.complex128)
        moved[index] += 1j * _STEP
        moves.append(weights[index] * figure(moved).imag / _STEP)
    sums = np.bincount(rows.cluster.codes, moves)
    k = len(np.unique(rows.cluster.codes))
    return math.sqrt(math.fsum(sums * sums) * k / (k - 1)), k


def _assert_interval(check: Check, error: float, k: int, confidence: float = 0.9) -> None:
    assert check.value is not None
    assert check.ci_low is not None
    assert check.ci_high is not None
    reach = float(stdtrit(k - 1, (1.0 + confidence) / 2.0)) * error
    assert (check.ci_high - check.ci_low) / 2.0 == pytest.approx(reach, rel=1e-9)
    assert (check.ci_high + check.ci_low) / 2.0 == pytest.approx(check.value, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_are_those_of_the_delta_method_by_cluster(weighted: bool) -> None:
    rows = _rows(3, weighted=weighted)
    losses, labels = Convention().losses(rows), rows.labels.astype(np.float64)
    squares = (labels - rows.probabilities) ** 2

    def mean(w: Complexes) -> complex:
        return complex(np.sum(w * losses) / np.sum(w))

    def skill(w: Complexes) -> complex:
        rate = np.sum(w * labels) / np.sum(w)
        return 1.0 + mean(w) / complex(rate * np.log(rate) + (1.0 - rate) * np.log(1.0 - rate))

    def brier(w: Complexes) -> complex:
        return complex(np.sum(w * squares) / np.sum(w))

    checks = _checks(rows)
    for name, figure in (("max_loss", mean), ("min_skill", skill), ("max_brier", brier)):
        _assert_interval(checks[name], *_robust_error(figure, rows))


@pytest.mark.parametrize("like", ["torch", "lightgbm-xentropy", "xgboost"])
def test_weights_are_those_of_the_convention(like: str) -> None:
    convention = Convention(like=like)
    rows = convention.held(_rows(4, weighted=True))
    losses, labels = convention.losses(rows), rows.labels.astype(np.float64)

    def skill(w: Complexes) -> complex:
        rate = np.sum(w * labels) / np.sum(w)
        entropy = -rate * np.log(rate) - (1.0 - rate) * np.log(1.0 - rate)
        return complex(1.0 - np.sum(w * losses) / np.sum(w) / entropy)

    check = _checks(rows, Limits(min_skill=0.0, confident=True), convention)["min_skill"]
    _assert_interval(check, *_robust_error(skill, rows), confidence=0.95)


@pytest.mark.few(1)
@pytest.mark.parametrize("weighted", [True, False])
def test_rows_that_are_clusters_each_differ_by_the_quantile_alone(weighted: bool) -> None:
    rows = replace(_rows(5, weighted=weighted), cluster=None)
    names = tuple(map(str, range(60)))
    alone = replace(rows, cluster=Categories(np.arange(60, dtype=np.int32), names))
    for name in ("max_loss", "min_skill", "max_brier"):
        one, other = _checks(rows)[name], _checks(alone)[name]
        assert one.ci_low is not None
        assert one.ci_high is not None
        wide = float(stdtrit(59, 0.95)) / 1.6448536269514722
        assert other.ci_low is not None
        assert other.ci_high is not None
        reach = (one.ci_high - one.ci_low) * wide
        assert other.ci_high - other.ci_low == pytest.approx(reach, rel=1e-9)


def test_rows_that_are_left_out_or_of_weight_0_count_for_nothing() -> None:
    rows = _rows(6, weighted=True)
    assert rows.weights is not None
    assert rows.cluster is not None
    more = Rows(
        np.append(rows.labels, [False, True]),
        np.append(rows.probabilities, [0.0, 0.25]),
        np.append(rows.weights, [0.0, 0.0]),
        missing=np.append(np.zeros(60, np.bool_), [True, False]),
        cluster=Categories(np.append(rows.cluster.codes, [12, 13]), (*NAMES, "x", "y")),
    )
    assert _checks(more) == _checks(rows)


@settings(max_examples=examples(100))
@given(st.integers(0, 1000), st.lists(st.integers(0, 60), max_size=4), st.booleans())
def test_no_digit_depends_on_how_the_rows_are_cut(
    seed: int, places: list[int], weighted: bool
) -> None:
    rows = _rows(seed, weighted=weighted)
    ends = [0, *sorted(places), 60]
    merged = GateTotals()
    for start, end in pairwise(ends):
        merged += GateTotals.of(rows.at(np.arange(start, end)), ALL)
    assert judge(merged, ALL) == judge(GateTotals.of(rows, ALL), ALL)


def test_one_cluster_leaves_all_undecided() -> None:
    rows = _rows(7, k=1)
    checks = _checks(rows, replace(ALL, min_auc=0.5, max_miscalibration=1.0))
    for check in checks.values():
        assert (check.ci_low, check.ci_high, check.verdict) == (None, None, "undecided")
    limits = Limits(baseline=Baseline("b", 0.5, "nats", 0.1), confident=True)
    assert _checks(rows, limits)["baseline"].verdict == "undecided"


def test_the_error_that_is_told_is_that_by_cluster() -> None:
    rows = _rows(8)
    judgement = judge(GateTotals.of(rows, ALL), ALL)
    assert rows.cluster is not None
    by_cluster = ClusterSums.of(rows.cluster, Convention().losses(rows)).moments
    assert judgement.report.std_error == by_cluster.standard_error()
    assert judgement.n_clusters == by_cluster.n == 12
    assert judge(GateTotals.of(replace(rows, cluster=None), ALL), ALL).n_clusters is None


@pytest.mark.parametrize("weighted", [False, True])
def test_the_covariance_of_bins_is_that_of_sums_over_clusters(weighted: bool) -> None:
    rows, edges = _rows(9, weighted=weighted), uniform_edges(4)
    assert rows.cluster is not None
    weights = np.ones(60) if rows.weights is None else rows.weights
    bins = np.searchsorted(edges[1:-1], rows.probabilities)
    noise = np.zeros((12, 4))
    for at in range(4):
        here = np.where(bins == at, weights, 0.0)
        rate = np.sum(here * rows.labels) / np.sum(here) if here.any() else 0.0
        moves = here * (rows.labels - rate) / np.sum(weights)
        noise[:, at] = np.bincount(rows.cluster.codes, moves, 12)
    covariance, k = rate_covariance(label_sums_in_bins(rows, edges), 4)
    assert k == 12
    np.testing.assert_allclose(covariance, noise.T @ noise * 12.0 / 11.0, rtol=1e-12, atol=1e-18)


def test_rows_that_agree_by_cluster_have_a_wider_margin() -> None:
    random = np.random.default_rng(1)
    codes = np.repeat(np.arange(40, dtype=np.int32), 25)
    names = tuple(map(str, range(40)))
    labels = np.repeat(random.uniform(size=40) < 0.5, 25)
    rows = Rows(labels, np.full(1000, 0.55), cluster=Categories(codes, names))
    edges = uniform_edges(1)
    totals, in_bins = ReliabilityTotals.of(rows, edges), label_sums_in_bins(rows, edges)
    share = labels.mean()
    error = math.sqrt(share * (1.0 - share) / 39.0)
    reach = float(stdtrit(39, 0.975)) * error
    assert calibration_margin(totals, 0.95, in_bins) == pytest.approx(reach, rel=0.02)
    assert calibration_margin(totals) < reach / 4.0


@pytest.mark.deep
def test_the_margin_by_cluster_covers_what_it_promises() -> None:
    random = np.random.default_rng(2)
    held = 0
    for _ in range(100):
        codes = np.repeat(np.arange(60, dtype=np.int32), 20)
        said = random.uniform(0.1, 0.9, 60)[codes]
        said = np.floor(said * 10.0) / 10.0 + 0.05
        drift = np.clip(said + random.choice([-0.05, 0.05], 60)[codes], 0.0, 1.0)
        labels = random.uniform(size=1200) < drift
        rows = Rows(labels, said, cluster=Categories(codes, tuple(map(str, range(60)))))
        check = _checks(rows, Limits(max_ece=0.0, confident=True))["max_ece"]
        held += check.ci_low == 0.0  # rates drift by chance of the day, so the true error is none
    assert held >= 93


@settings(max_examples=examples(100))
@given(calibration_rows(), st.lists(st.integers(0, 5), min_size=40, max_size=40), st.booleans())
def test_intervals_are_those_of_calibration_to_the_last_bit(
    rows: Rows, codes: list[int], has_clusters: bool
) -> None:
    cluster = Categories(np.array(codes[: len(rows)], np.int32), NAMES[:6])
    _assert_as_in_calibration(replace(rows, cluster=cluster if has_clusters else None))


@pytest.mark.parametrize(("seed", "weighted"), [(0, False), (2, True)])
def test_so_they_are_where_rounding_on_the_way_would_show(seed: int, weighted: bool) -> None:
    _assert_as_in_calibration(_rows(seed, weighted=weighted))


@pytest.mark.parametrize(
    ("predictions", "ends"),
    [
        ([0.9, 0.1, 0.99, 0.4], {"max_brier": "low", "min_skill": "high"}),
        ([0.1, 0.1, 0.01, 0.99], {"max_brier": "high"}),
    ],
)
@pytest.mark.parametrize("clusters", [None, [0, 1, 1, 2]])
def test_no_end_is_beyond_what_a_figure_can_be(
    predictions: list[float], ends: dict[str, str], clusters: list[int] | None
) -> None:
    cluster = None if clusters is None else Categories(np.array(clusters, np.int32), NAMES[:3])
    rows = Rows(np.array([True, False, True, False]), np.array(predictions), cluster=cluster)
    _assert_as_in_calibration(rows)
    checks = _checks(rows)
    for name, end in ends.items():
        assert getattr(checks[name], f"ci_{end}") == (0.0 if end == "low" else 1.0)
    skill = checks["min_skill"]
    assert skill.ci_low is not None
    assert skill.ci_low < (skill.value or 0.0)


def _assert_as_in_calibration(rows: Rows) -> None:
    checks, plan = _checks(rows), CalibrationPlan(confidence=0.9)
    report = report_of_rows(rows, [plan.totals_of(rows)], plan)
    ends = {
        "min_skill": (report.skill_ci_low, report.skill_ci_high),
        "max_brier": (report.brier_ci_low, report.brier_ci_high),
    }
    for name, expected in ends.items():
        found = checks[name].ci_low, checks[name].ci_high
        assert found in (expected, (None, None))  # where there is no spread, a gate has none
        assert found == expected or expected[0] == expected[1] or not _has_rows(rows)


def _has_rows(rows: Rows) -> bool:
    return has_rows(GateTotals.of(rows, ALL, Convention()))
