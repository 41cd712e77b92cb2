"""How many rows would tell a difference, against the definition of power."""

from __future__ import annotations

import math

import pytest

from bce_cli.core.inference import Power, power_of


def power(noncentrality: float, df: float) -> float:
    """Power of the two-sided t-test at 5 %, by its definition."""
    from scipy.stats import nct
    from scipy.stats import t as student

    reach = float(student.ppf(0.975, df))
    below = nct.cdf(-reach, df, noncentrality) if noncentrality < 7 else 0.0  # or below 1e-13
    return float(nct.sf(reach, df, noncentrality) + below)


@pytest.mark.parametrize("df", [1, 2, 4, 29, 499, 19_999])
def test_detectable_difference_has_power_80(df: int) -> None:
    found = power_of(None, 0.25, df, df + 1).detectable_difference
    assert found is not None
    assert power(found / 0.25, df) == pytest.approx(0.8, abs=1e-9)


def test_normal_limit() -> None:
    found = power_of(None, 1.0, math.inf, 10).detectable_difference
    from scipy.stats import norm

    reach = norm.ppf(0.975)
    assert found is not None
    assert norm.sf(reach - found) + norm.cdf(-reach - found) == pytest.approx(0.8, abs=1e-12)


@pytest.mark.parametrize("value", [0.9, -0.3, 0.1, 0.02])
def test_rows_needed_are_the_fewest(value: float) -> None:
    needed = power_of(value, 1.0 / math.sqrt(200), 199, 200).rows_needed  # deviation 1
    assert needed is not None
    assert power(abs(value) * math.sqrt(needed), needed - 1) >= 0.8 - 1e-5
    assert power(abs(value) * math.sqrt(needed - 1), needed - 2) < 0.8 + 1e-5


def test_rows_come_in_clusters() -> None:
    by_rows, by_clusters = power_of(0.5, 0.2, 24, 25), power_of(0.5, 0.2, 24, 2500)
    assert by_rows.detectable_difference == by_clusters.detectable_difference
    assert (by_rows.rows_needed, by_clusters.rows_needed) == (34, 3400)


@pytest.mark.parametrize(
    ("value", "error", "df"), [(0.5, None, 9), (0.5, 0.0, 9), (0.5, 0.1, 0), (0.5, math.inf, 9)]
)
def test_no_spread_tells_nothing(value: float, error: float | None, df: float) -> None:
    assert power_of(value, error, df, 10) == Power(None, None)


@pytest.mark.parametrize("value", [None, 0.0, math.inf, math.nan])
def test_no_difference_needs_no_rows(value: float | None) -> None:
    found = power_of(value, 0.1, 9, 10)
    assert found.detectable_difference is not None
    assert found.rows_needed is None
