"""Student's t and Holm's procedure, against mpmath, SciPy's tables and plain definitions."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.inference import holm_adjusted, t_quantile, two_sided_p

LEVELS = (0.01, 0.5, 0.8, 0.95, 0.999, 1.0 - 1e-9, 1.0 - 1e-15)


def upper_tail(t: float, df: float) -> Any:  # noqa: ANN401 -- mpmath has no types
    """P(T > t) for t > 0, by the incomplete beta function."""
    with mpmath.workdps(50):
        square = mpmath.mpf(t) ** 2
        x = df / (df + square)
        return mpmath.betainc(mpmath.mpf(df) / 2, 0.5, 0, x, regularized=True) / 2


@pytest.mark.few(10)
@pytest.mark.parametrize("df", [1, 2, 3, 5, 9, 30, 568, 10_000])
@pytest.mark.parametrize("confidence", LEVELS)
def test_an_interval_leaves_the_wanted_share_outside(confidence: float, df: int) -> None:
    left_out = 2 * upper_tail(t_quantile(confidence, df), df)
    assert float(left_out) == pytest.approx(1.0 - confidence, rel=1e-10)


@pytest.mark.parametrize("confidence", LEVELS)
def test_without_end_to_the_degrees_of_freedom_it_is_the_normal_quantile(confidence: float) -> None:
    with mpmath.workdps(50):
        left_out = mpmath.erfc(t_quantile(confidence, math.inf) / mpmath.sqrt(2))
    assert float(left_out) == pytest.approx(1.0 - confidence, rel=1e-12)
    assert t_quantile(confidence, 1e12) == pytest.approx(t_quantile(confidence, math.inf), rel=1e-9)


def test_quantiles_are_those_of_the_printed_tables() -> None:
    table = {(0.95, 1): 12.706, (0.95, 4): 2.776, (0.99, 10): 3.169, (0.90, 29): 1.699}
    assert {key: round(t_quantile(*key), 3) for key in table} == table


@pytest.mark.few(10)
@pytest.mark.parametrize("df", [1, 2, 3, 5, 9, 30, 568, 10_000])
@pytest.mark.parametrize("t", [0.25, 1.0, 2.0, 5.0, 38.0, 1e4])
def test_p_is_both_tails_whatever_the_sign(t: float, df: int) -> None:
    expected = float(2 * upper_tail(t, df))
    assert two_sided_p(t, df) == two_sided_p(-t, df)
    assert two_sided_p(t, df) == pytest.approx(expected, rel=1e-11, abs=1e-300)


@given(st.floats(-50, 50), st.integers(1, 10**7))
def test_p_is_that_of_scipy(t: float, df: int) -> None:
    from scipy import stats

    expected = 2.0 * stats.t.sf(abs(t), df)
    assert two_sided_p(t, df) == pytest.approx(expected, rel=1e-12, abs=1e-300)
    assert 0.0 <= two_sided_p(t, df) <= 1.0


def test_no_difference_at_all_has_p_1() -> None:
    assert two_sided_p(0.0, 7) == 1.0


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([None], [None]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # R: p.adjust(p, "holm")
        ([0.5, 0.6, 0.7], [1.0, 1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.01, 0.011], [0.02, 0.02]),  # the second would be 0.011, below the first
        ([0.0, None, 1.0], [0.0, None, 1.0]),
    ],
)
def test_p_values_are_adjusted_step_by_step(
    p_values: list[float | None], adjusted: list[float | None]
) -> None:
    assert holm_adjusted(p_values) == adjusted


def plain_holm(p_values: list[float]) -> list[float]:
    """For each p, the greatest of (m - k + 1) p(k) over those up to it; at most 1."""
    ordered, m = sorted(p_values), len(p_values)
    return [min(1.0, max((m - k) * q for k, q in enumerate(ordered) if q <= p)) for p in p_values]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_holm_is_its_definition(p_values: list[float]) -> None:
    found = holm_adjusted(p_values)
    assert found == plain_holm(p_values)
    assert all(p <= q for p, q in zip(p_values, found, strict=True) if q is not None)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_holm_does_not_depend_on_the_order(p_values: list[float]) -> None:
    found = dict(zip(p_values, holm_adjusted(p_values), strict=True))
    for order in permutations(p_values):
        assert holm_adjusted(order) == [found[p] for p in order]
