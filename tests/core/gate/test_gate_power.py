"""What rows can tell, from the definition of power."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq  # noqa: TID253 -- what power is checked by
from scipy.stats import nct, norm, t  # noqa: TID253 -- as above

from bce_cli.core.gate.judgement import judge
from bce_cli.core.gate.limits import Baseline, Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.core.totals import LossTotals

N = 60
LABELS, SAID = np.arange(N) % 3 != 0, np.linspace(0.1, 0.9, N)
OTHER = np.linspace(0.2, 0.8, N)
DAYS = Categories(np.arange(N, dtype=np.int32) // 6, tuple(map(str, range(10))))
NORMAL = brentq(
    lambda x: norm.cdf(x - norm.ppf(0.975)) + norm.cdf(-x - norm.ppf(0.975)) - 0.8, 1, 9
)


def _of_t(df: float, most: float = 5.0) -> float:
    """Return the noncentrality at which a two-sided test at 5 % has a power of 80 %."""
    reach = t.ppf(0.975, df)
    return float(brentq(lambda x: nct.sf(reach, df, x) + nct.cdf(-reach, df, x) - 0.8, 1.0, most))


@pytest.mark.parametrize(
    ("name", "limit"), [("max_loss", 0.75), ("min_skill", -0.25), ("max_brier", 0.25)]
)
def test_normal_intervals_have_the_power_of_a_normal_test(name: str, limit: float) -> None:
    limits = Limits(**{name: limit}, confident=True)  # type: ignore[arg-type]
    (check,) = judge(GateTotals.of(Rows(LABELS, SAID), limits), limits).checks
    assert check.value is not None
    assert check.ci_high is not None
    error = (check.ci_high - check.value) / 1.959963984540054
    assert check.detectable_difference == pytest.approx(NORMAL * error, rel=1e-9)
    needed = N * (NORMAL * error / (check.value - limit)) ** 2
    assert check.rows_needed == math.ceil(needed)


@pytest.mark.parametrize("cluster", [None, DAYS])
@pytest.mark.parametrize("budget", [0.0, 0.125])
def test_paired_differences_have_the_power_of_a_t_test(
    cluster: Categories | None, budget: float
) -> None:
    rows = Rows(LABELS, SAID, rivals=(Predictions(OTHER),), cluster=cluster)
    limits = Limits(against=True, budget=budget, confident=True)
    (check,) = judge(GateTotals.of(rows, limits), limits).checks
    units = N if cluster is None else 10
    assert check.value is not None
    assert check.ci_high is not None
    error = (check.ci_high - check.value) / t.ppf(0.975, units - 1)
    assert check.detectable_difference == pytest.approx(_of_t(units - 1) * error, rel=1e-9)
    assert check.rows_needed is not None
    effect = abs(check.value - budget) / error / math.sqrt(units)
    per_unit = N // units
    enough = check.rows_needed // per_unit
    assert check.rows_needed == enough * per_unit
    assert effect * math.sqrt(enough) >= _of_t(enough - 1) - 1e-9
    assert effect * math.sqrt(enough - 1) < _of_t(enough - 2)


@pytest.mark.parametrize("other", [None, 0.01, 0.2])
def test_more_rows_narrow_the_error_of_the_judged_alone(other: float | None) -> None:
    saved = Baseline("b.json", 0.75, "nats", other)
    limits = Limits(baseline=saved, confident=True)
    (check,) = judge(GateTotals.of(Rows(LABELS, SAID), limits), limits).checks
    report = loss_report(LossTotals.of(Rows(LABELS, SAID)))
    assert report.std_error is not None
    both = math.hypot(report.std_error, other or 0.0)
    assert check.detectable_difference == pytest.approx(NORMAL * both, rel=1e-9)
    room = ((report.mean_loss - 0.75) / NORMAL) ** 2 - (other or 0.0) ** 2
    needed = math.ceil(N * report.std_error**2 / room) if room > 0.0 else None
    assert check.rows_needed == needed
    assert (needed is None) == (other == 0.2)


def test_nothing_is_told_without_intervals_or_of_what_has_no_standard_error() -> None:
    for limits in (
        Limits(max_loss=0.75, min_skill=0.0, min_rows=3),
        Limits(max_ece=0.25, min_rows=3, confident=True),
    ):
        for check in judge(GateTotals.of(Rows(LABELS, SAID), limits), limits).checks:
            assert (check.detectable_difference, check.rows_needed) == (None, None)
