"""Differences against SciPy, statsmodels, and a t-test in print."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given

from tests.core.comparison.compared import compared, compared_rows, rows_under

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden_statistics" / "comparison.json").read_text("utf-8")
)
WAYS: dict[str, dict[str, str]] = {
    "plain": {},
    "clustered": {"cluster": "clusters"},
    "weighted": {"weights": "weights"},
    "weighted_clustered": {"weights": "weights", "cluster": "clusters"},
}


@pytest.mark.parametrize("way", WAYS)
def test_figures_are_those_of_scipy_and_statsmodels(way: str) -> None:
    data = GOLDEN["rows"]
    columns = {name: data[column] for name, column in WAYS[way].items()}
    rows = rows_under(data["labels"], *(data[name] for name in "abcd"), **columns)
    report = compared(rows, confidence=GOLDEN["confidence"])
    assert report.n_clusters == (GOLDEN["n_clusters"] if "clustered" in way else None)
    for found, (name, expected) in zip(
        report.comparisons, GOLDEN["ways"][way].items(), strict=True
    ):
        difference = found.finite
        assert found.model == name
        assert {
            "difference": found.value,
            "std_error": difference.std_error,
            "ci_low": difference.ci_low,
            "ci_high": difference.ci_high,
            "t": difference.t,
            "p_value": difference.p_value,
        } == pytest.approx(expected, rel=1e-11)
        assert difference.p_adjusted == pytest.approx(GOLDEN["holm"][way][name], rel=1e-11)
        assert difference.df == (GOLDEN["n_clusters"] if "clustered" in way else found.finite.n) - 1


SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)
"""Extra hours of sleep under two drugs: Student, "The probable error of a mean", 1908."""


def test_students_sleep_data_give_the_figures_in_print() -> None:
    models = (np.exp(-(np.array(hours) + 2.0)) for hours in SLEEP)  # so that losses are the hours
    (found,) = compared(rows_under([1] * 10, *models)).comparisons
    finite = found.finite
    assert finite.value == pytest.approx(1.58, abs=1e-12)
    assert (round(finite.t or 0, 4), finite.df) == (4.0621, 9)
    assert round(finite.p_value or 0, 6) == 0.002833
    interval = (round(finite.ci_low or 0, 7), round(finite.ci_high or 0, 7))
    assert interval == (0.7001142, 2.4598858)
    assert (found.n_better, found.n_worse, found.n_tied) == (0, 9, 1)


def losses(rows: Rows) -> list[Any]:
    signs = rows.labels
    return [
        -np.where(signs, np.log(model.probabilities), np.log1p(-model.probabilities))
        for model in rows.under_models()
    ]


@given(
    compared_rows(n_models=4, extreme=False, clustered=False, weighted=False, with_missing=False)
)
def test_a_paired_t_test_is_that_of_scipy(rows: Rows) -> None:
    from scipy import stats

    assume(len(rows) > 1)
    baseline, *models = losses(rows)
    for found, model in zip(compared(rows, confidence=0.9).comparisons, models, strict=True):
        difference = model - baseline
        assert found.value == math.fsum(difference) / len(rows)
        spread = float(np.std(difference))
        if spread < 1e-9:
            continue  # SciPy warns that nothing is left of its precision
        test = stats.ttest_rel(model, baseline)
        tolerance = 1e-11 * (1.0 + float(np.abs(difference).max()) / spread)
        finite, interval = found.finite, test.confidence_interval(0.9)
        assert finite.t == pytest.approx(test.statistic, rel=tolerance, abs=tolerance)
        assert finite.p_value == pytest.approx(test.pvalue, rel=100 * tolerance)
        assert finite.ci_low == pytest.approx(interval.low, rel=1e-9)
        assert finite.ci_high == pytest.approx(interval.high, rel=1e-9)


@given(compared_rows(extreme=False, clustered=False, weighted=True, with_missing=False))
def test_a_weighted_difference_is_that_of_its_formula(rows: Rows) -> None:
    weights = rows.weights
    assert weights is not None
    total = math.fsum(weights)
    n = int(np.count_nonzero(weights))
    assume(n > 1)
    baseline, model = losses(rows)
    difference = model - baseline
    (found,) = compared(rows).comparisons
    mean = math.fsum(weights * difference) / total
    assert found.value == mean
    squares = math.fsum((weights * (difference - mean)) ** 2)
    error = math.sqrt(n / (n - 1) * squares) / total
    scale = float(np.abs(weights * difference).max()) / total
    assert found.finite.std_error == pytest.approx(error, rel=1e-12, abs=1e-14 * scale)


def test_differences_that_are_equal_but_for_rounding_are_not_tested() -> None:
    n = 50
    baseline = np.linspace(0.02, 0.5, n)
    # Every loss falls by log(1.5), rounded in another way each time.
    (found,) = compared(
        rows_under([1] * n, baseline.tolist(), (baseline * 1.5).tolist())
    ).comparisons
    assert found.value == pytest.approx(-math.log(1.5), rel=1e-15)
    assert found.finite.std_error == pytest.approx(0.0, abs=1e-16)
    assert (found.finite.t, found.finite.p_value) == (None, None)
