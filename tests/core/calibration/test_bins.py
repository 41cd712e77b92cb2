"""Reliability by bins: against scikit-learn, against fractions, and however the rows are cut."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from bce_cli.core.calibration.bins import (
    ReliabilityTotals,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_bins,
    uniform_edges,
    wilson_interval,
)
from bce_cli.core.exact_sum import UNIT_EXPONENT
from bce_cli.core.rows import Rows
from bce_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.exact_sum import ExactSum
    from bce_cli.core.rows import FloatArray

n_bins = st.sampled_from([1, 2, 3, 7, 10, 15, 100])


def exact(total: ExactSum) -> Fraction:
    return Fraction(total.units) * Fraction(2) ** UNIT_EXPONENT


@given(st.from_type(Rows), n_bins, st.lists(st.integers(0, 40), max_size=4))
def test_bins_do_not_depend_on_how_the_rows_were_cut(
    split: Callable[[Rows, list[int]], list[Rows]], rows: Rows, n: int, places: list[int]
) -> None:
    edges = uniform_edges(n)
    whole = ReliabilityTotals.of(rows, edges)
    parts = [ReliabilityTotals.of(part, edges) for part in split(rows, places)]
    assert reduce(add, parts) == whole
    assert reduce(add, reversed(parts)) == whole


@given(st.from_type(Rows), n_bins)
def test_every_sum_of_a_bin_is_exact(rows: Rows, n: int) -> None:
    totals = ReliabilityTotals.of(rows, uniform_edges(n))
    weights = [1.0] * len(rows) if rows.weights is None else rows.weights.tolist()
    table = list(zip(rows.labels.tolist(), rows.probabilities.tolist(), weights, strict=True))
    smallest = Fraction(2) ** UNIT_EXPONENT
    for index, (low, high) in enumerate(pairwise(totals.edges)):
        inside = [
            (Fraction(y), Fraction(p), Fraction(w))
            for y, p, w in table
            if low < p <= high or (index == 0 and p == 0.0)
        ]
        assert totals.n[index] == len(inside)
        assert exact(totals.weights[index]) == sum(w for _, _, w in inside)
        assert exact(totals.label_weights[index]) == sum(w * y for y, _, w in inside)
        assert exact(totals.weight_squares[index]) == sum(w * w for _, _, w in inside)
        predicted = sum(w * p for _, p, w in inside)
        assert abs(exact(totals.prediction_weights[index]) - predicted) <= 2 * len(table) * smallest


def random_rows(n: int, *, digits: int | None = None) -> Rows:
    random = np.random.default_rng(n)
    p = random.beta(0.5, 1.0, n)
    p = p if digits is None else p.round(digits)
    return Rows(random.random(n) < p**1.5, p)


@pytest.mark.few(10)
@pytest.mark.parametrize("n", [1, 3, 10, 15, 100, 1000])
@pytest.mark.parametrize("digits", [None, 2, 1])
def test_bins_are_those_of_scikit_learn(n: int, digits: int | None) -> None:
    rows = random_rows(2000, digits=digits)
    rates, means = calibration_curve(rows.labels, rows.probabilities, n_bins=n)
    bins = reliability_bins(ReliabilityTotals.of(rows, uniform_edges(n)))
    filled = [each for each in bins if each.n]
    assert len(bins) == n
    assert [each.event_rate for each in filled] == pytest.approx(rates.tolist(), rel=1e-14)
    assert [each.mean_prediction for each in filled] == pytest.approx(means.tolist(), rel=1e-13)


def test_a_prediction_on_an_edge_belongs_to_the_bin_below_it() -> None:
    p = np.array([0.0, 0.25, 0.25, 0.5, 0.75, 1.0])
    rows = Rows(np.zeros(6, np.bool_), p)
    assert ReliabilityTotals.of(rows, uniform_edges(4)).n == (3, 1, 1, 1)


def test_an_empty_bin_has_no_figures() -> None:
    rows = Rows(np.array([True, False]), np.array([0.1, 0.3]), np.array([1.0, 0.0]))
    first, second = reliability_bins(ReliabilityTotals.of(rows, (0.0, 0.2, 1.0)))
    assert (first.mean_prediction, first.event_rate) == (0.1, 1.0)
    assert (second.n, second.weight_sum) == (1, 0.0)
    assert {second.mean_prediction, second.event_rate, second.ci_low, second.ci_high} == {None}


def test_rows_that_are_left_out_count_for_nothing() -> None:
    rows = random_rows(50)
    gone = np.arange(50) % 3 == 0
    with_gaps = Rows(rows.labels, rows.probabilities, missing=gone).blanked()
    assert ReliabilityTotals.of(with_gaps, uniform_edges(5)) == ReliabilityTotals.of(
        rows.at(np.flatnonzero(~gone)), uniform_edges(5)
    )


def test_soft_labels_are_averaged() -> None:
    rows = Rows(np.array([0.25, 0.75]), np.array([0.1, 0.2]), np.array([3.0, 1.0]))
    (only,) = reliability_bins(ReliabilityTotals.of(rows, uniform_edges(1)))
    assert only.event_rate == 0.375
    assert only.mean_prediction == pytest.approx(0.125, rel=1e-15)
    assert (only.ci_low, only.ci_high) == wilson_interval(0.375, 1.6)


@pytest.mark.parametrize(
    ("rate", "n", "low", "high"),
    [
        (0.0, 10, 0.0, 0.27753),
        (1.0, 10, 0.72247, 1.0),
        (0.1, 10, 0.01788, 0.40415),
        (0.9, 10, 0.59585, 0.98212),
        (0.5, 1, 0.0546, 0.9454),
    ],
)
def test_wilson_intervals(rate: float, n: int, low: float, high: float) -> None:
    assert wilson_interval(rate, n) == pytest.approx((low, high), abs=5e-5)


@given(st.just(0.0) | st.floats(1e-100, 1.0), st.floats(1.0, 1e9))
def test_wilson_limits_solve_the_score_equation(rate: float, n: float) -> None:
    low, high = wilson_interval(rate, n)
    assert 0.0 <= low <= rate <= high <= 1.0
    if low > 0.0:  # its digits cancel where it is close to 1
        score = (rate - low) / np.sqrt(low * (1.0 - low) / n)
        assert score == pytest.approx(1.959963984540054, rel=1e-6)
    mirrored, _ = wilson_interval(1.0 - rate, n)
    assert high == pytest.approx(1.0 - mirrored, abs=1e-15)


def oracle_errors(y: FloatArray, p: FloatArray, n: int) -> tuple[float, float]:
    """Return both errors, as Guo et al. define them, by masks."""
    edges = np.linspace(0.0, 1.0, n + 1)
    shares, gaps = [], []
    for index, (low, high) in enumerate(pairwise(edges)):
        inside = (p <= high) & ((p > low) | ((index == 0) & (p == low)))
        if inside.any():
            shares.append(inside.mean())
            gaps.append(abs(y[inside].mean() - p[inside].mean()))
    return float(np.dot(shares, gaps)), max(gaps)


@pytest.mark.parametrize("n", [1, 10, 15, 50])
def test_calibration_errors_are_those_of_the_papers(n: int) -> None:
    rows = random_rows(3000)
    bins = reliability_bins(ReliabilityTotals.of(rows, uniform_edges(n)))
    expected, greatest = oracle_errors(rows.labels.astype(float), rows.probabilities, n)
    assert expected_calibration_error(bins) == pytest.approx(expected, rel=1e-12)
    assert maximum_calibration_error(bins) == pytest.approx(greatest, rel=1e-12)


def test_without_any_weight_there_is_no_error() -> None:
    rows = Rows(np.array([True]), np.array([0.5]), np.array([0.0]))
    with pytest.raises(DataError, match="all weights are 0"):
        expected_calibration_error(reliability_bins(ReliabilityTotals.of(rows, uniform_edges(2))))
