"""The bootstrap tells how far it is, and what comes before and behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.core.calibration.bootstrap import bootstrap
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import report_of_rows
from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from bce_cli.core.progress import Stage

HARD, SOFT = np.array([True, False, True]), np.array([0.5, 0.0, 1.0])


@pytest.mark.parametrize(("labels", "done"), [(HARD, [0, 0, 1, 1, 2]), (SOFT, [0, 1, 2])])
def test_samples_are_told_as_they_are_done(labels: np.ndarray, done: list[int]) -> None:
    told: list[Stage] = []
    rows = Rows(labels, np.array([0.25, 0.5, 0.75]))
    assert bootstrap(rows, 2, 0, told.append) == bootstrap(rows, 2, 0)
    assert told == [("resampling", n, 2, "samples") for n in done]


@pytest.mark.parametrize("n", [0, 3])
def test_fitting_is_told_before_and_behind_it(n: int) -> None:
    told: list[Stage] = []
    rows, plan = Rows(HARD, np.array([0.25, 0.5, 0.75])), CalibrationPlan(n_bootstrap=n)
    report_of_rows(rows, [plan.totals_of(rows)], plan, told.append)
    assert told[0] == told[-1] == ("fitting", 0, None, "")
    assert [stage.done for stage in told[1:-1]] == ([0, 0, 1, 1, 2, 2, 3] if n else [])
