"""What a simple map removes on rows that it was not fitted to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bce_cli.core.calibration.logistic import LogisticRecalibration
from bce_cli.core.calibration.report import calibration_report
from bce_cli.core.recalibration import gain
from bce_cli.core.recalibration.choice import RecalibrationPlan, recalibration_report
from bce_cli.core.recalibration.gain import SimpleGain, drawn_places, simple_gain
from bce_cli.core.rows import Rows
from tests.core.recalibration.some_samples import drawn_rows

NOTHING = LogisticRecalibration(None, None, None, 0, "separated")
KINDS = ("plain", "tied", "soft", "weighted", "logits")


def expected(rows: Rows, method: str, folds: int, unit: str = "nats") -> SimpleGain:
    plan = RecalibrationPlan(method=method, folds=folds, unit=unit)  # type: ignore[arg-type]
    report = recalibration_report(rows, plan)
    found = report.of(method)
    difference, loss = found.difference, found.cross_fitted_loss
    assert difference is not None
    assert difference.value is not None
    assert loss is not None
    ends = (difference.ci_high, difference.ci_low)
    low, high = (None if end is None else -end for end in ends)
    return SimpleGain(method, report.n_judged, folds, loss, -difference.value, low, high)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_least_loss_of_three(kind: str) -> None:
    rows = drawn_rows(300, 1, slope=0.5, shift=0.4, kind=kind)
    found = simple_gain(rows, NOTHING, "bits")
    methods = ("offset", "temperature", "logistic")
    assert found in [expected(rows, method, 10, "bits") for method in methods]
    assert found is not None
    assert found.loss == min(expected(rows, method, 10, "bits").loss for method in methods)
    assert found.is_sure == (found.ci_low is None or found.ci_low > 0.0)


def test_of_many_rows_the_logistic_map_is_judged_in_halves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gain, "_MANY", 200)
    rows = drawn_rows(300, 1, slope=0.5)
    known = calibration_report(rows.labels, rows.probabilities).logistic
    found, whole = simple_gain(rows, known, "nats"), expected(rows, "logistic", 2)
    assert found is not None
    assert (found.method, found.n, found.folds) == ("logistic", 300, 2)
    assert found.removed == pytest.approx(whole.removed, rel=1e-9)
    assert found.ci_low == pytest.approx(whole.ci_low, rel=1e-9)
    assert simple_gain(rows, NOTHING, "nats") is None


def test_of_more_some_are_drawn_the_same_at_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = drawn_rows(1000, 1, slope=0.5)
    monkeypatch.setattr(gain, "MOST", 300)
    first, again = (simple_gain(rows, NOTHING, "nats") for _ in range(2))
    assert first == again
    assert first is not None
    assert first.n == 300
    drawn = drawn_places(1000, 300)
    stretches = np.arange(301) * 1000 // 300
    assert ((stretches[:-1] <= drawn) & (drawn < stretches[1:])).all()
    assert first == simple_gain(rows.at(drawn), NOTHING, "nats")


def test_rows_of_no_weight_count_for_nothing() -> None:
    rows = drawn_rows(200, 2, slope=0.5)
    weights = np.ones(200)
    weights[::3] = 0.0
    weighted = simple_gain(replace(rows, weights=weights), NOTHING, "nats")
    alone = simple_gain(rows.at(np.flatnonzero(weights)), NOTHING, "nats")
    assert weighted is not None
    assert alone is not None
    assert weighted.n == alone.n == 133
    assert weighted.removed == pytest.approx(alone.removed, rel=1e-12)


def test_an_infinite_loss_is_removed() -> None:
    rows = drawn_rows(200, 2, kind="tied")
    p = rows.probabilities.copy()
    p[:4] = [0.0, 1.0, 0.0, 1.0]
    labels = rows.labels.copy()
    labels[:4] = [True, False, True, False]
    found = simple_gain(Rows(labels, p), NOTHING, "nats")
    assert found is not None
    assert (found.removed, found.ci_low, found.is_sure) == (np.inf, None, True)


@pytest.mark.parametrize(
    ("labels", "p"),
    [
        (np.ones(50, np.bool_), np.linspace(0.1, 0.9, 50)),
        (np.arange(8) % 2 == 0, np.linspace(0.1, 0.9, 8)),
        (np.arange(50) == 7, np.linspace(0.1, 0.9, 50)),
    ],
)
def test_where_nothing_can_be_judged_there_is_none(labels: np.ndarray, p: np.ndarray) -> None:
    assert simple_gain(Rows(labels, p), NOTHING, "nats") is None


def test_calm_predictions_leave_it_unsure() -> None:
    found = simple_gain(drawn_rows(500, 3), NOTHING, "nats")
    assert found is not None
    assert not found.is_sure
