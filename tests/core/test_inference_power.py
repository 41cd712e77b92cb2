"""What rows can tell, and how many it takes: against statsmodels, and by integration in mpmath."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import mpmath
import pytest

from bce_cli.core.inference import Power, chance_of_telling, power_of, t_quantile

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden_statistics" / "power.json").read_text("utf-8")
)


def power_by_integration(noncentrality: float, df: float) -> float:
    """Mix normal tails over the chi distribution of the standard deviation."""
    with mpmath.workdps(20):
        v, t = mpmath.mpf(df), mpmath.mpf(t_quantile(0.95, df))
        log_scale = mpmath.log(2) + v / 2 * mpmath.log(v / 2) - mpmath.loggamma(v / 2)

        def integrand(s: Any) -> Any:  # noqa: ANN401 -- mpmath has no types
            density = mpmath.exp(log_scale + (v - 1) * mpmath.log(s) - v * s * s / 2)
            shifts = noncentrality - t * s, -noncentrality - t * s
            return density * sum(map(mpmath.ncdf, shifts))

        width = 1 / mpmath.sqrt(2 * v)
        low, high = max(mpmath.mpf("1e-12"), 1 - 9 * width), 1 + 9 * width
        return float(mpmath.quad(integrand, mpmath.linspace(low, high, 9)))


@pytest.mark.parametrize("case", GOLDEN["powers"], ids=lambda case: str(case["n"]))
def test_powers_are_those_of_statsmodels(case: dict[str, float]) -> None:
    n = case["n"]
    found = chance_of_telling(case["effect"] * math.sqrt(n), n - 1)
    assert found == pytest.approx(case["power"], rel=1e-11)


@pytest.mark.parametrize("case", GOLDEN["rows"], ids=lambda case: str(case["effect"]))
def test_rows_needed_are_those_of_statsmodels(case: dict[str, float]) -> None:
    """It has a broken number of them: so many would be enough, and one less would not."""
    found = power_of(case["effect"], 1.0 / math.sqrt(50), 49, 50).rows_needed
    assert found == math.ceil(case["n"])


@pytest.mark.few(1)
@pytest.mark.parametrize("df", [29, 4, 1000, 1, 2, 3, 1.5, 99_999])
def test_a_detectable_difference_is_told_with_a_chance_of_80_percent(df: float) -> None:
    found = power_of(None, 1.0, df, 10**6).detectable_difference
    assert found is not None
    assert power_by_integration(found, df) == pytest.approx(0.8, abs=1e-10)


def test_a_normal_interval() -> None:
    """The sum of the quantiles of 97.5 % and 80 %, but for the other tail."""
    found = power_of(0.25, 0.125, math.inf, 64)
    assert found.detectable_difference is not None
    assert found.detectable_difference == pytest.approx(
        0.125 * (1.959963985 + 0.841621234), rel=2e-6
    )
    assert found.rows_needed == math.ceil(64 * (found.detectable_difference / 0.25) ** 2)
    assert power_of(0.1, 1.0, 100_001, 100_002).detectable_difference == pytest.approx(
        power_of(0.1, 1.0, 99_999, 100_000).detectable_difference, rel=2e-6
    )


def test_what_is_detectable_takes_the_rows_there_are() -> None:
    """And its half four times as many, or a few less: there are more degrees of freedom then."""
    for n in (5, 30, 400, 90_000):
        difference = power_of(None, 0.02, n - 1, n).detectable_difference
        assert difference is not None
        assert power_of(-difference * (1.0 + 1e-12), 0.02, n - 1, n).rows_needed == n
        half = power_of(difference / 2.0, 0.02, n - 1, n).rows_needed
        assert half is not None
        assert 4 * n - 30 < half <= 4 * n


def test_clusters_come_with_their_rows() -> None:
    """As many clusters as rows would be needed, with 30 rows each."""
    rows, clusters = power_of(0.3, 0.1, 29, 30), power_of(0.3, 0.1, 29, 900)
    assert clusters.detectable_difference == rows.detectable_difference
    assert (rows.rows_needed, clusters.rows_needed) == (29, 870)


@pytest.mark.parametrize(
    ("value", "std_error", "df"),
    [(0.1, None, 9), (0.1, 0.0, 9), (0.1, math.inf, 9), (0.1, math.nan, 9), (0.1, 0.1, 0)],
)
def test_no_power_without_a_standard_error(
    value: float, std_error: float | None, df: float
) -> None:
    assert power_of(value, std_error, df, 10) == Power()


@pytest.mark.parametrize("value", [None, 0.0, math.inf, math.nan, 1e-300, 5e-324, 1e-9])
def test_no_rows_for_no_difference_or_one_that_no_rows_tell(value: float | None) -> None:
    found = power_of(value, 0.5, 9, 10)
    assert found.rows_needed is None
    assert found.detectable_difference == pytest.approx(0.5 * 3.1496328864506179, rel=1e-13)


def test_a_great_difference_takes_two_rows() -> None:
    """A standard deviation takes two."""
    assert power_of(1e6, 0.1, 9, 10).rows_needed == 2
