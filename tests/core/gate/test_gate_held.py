"""What a gate holds rows for: AUC, miscalibration, bins of about as many rows each."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bce_cli
from bce_cli.core.calibration.discrimination import discrimination
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.conventions import Convention
from bce_cli.core.gate.judgement import Check, judge
from bce_cli.core.gate.limits import Limits
from bce_cli.core.gate.miscalibration import miscalibration
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.rows import Categories, Rows
from bce_cli.errors import ArgumentError

if TYPE_CHECKING:
    from bce_cli.core.report import Unit


def _rows(seed: int, n: int, *, shift: float = 0.0, k: int | None = None) -> Rows:
    """Draw calibrated predictions, but for a shift of their log odds."""
    random = np.random.default_rng(seed)
    odds = random.normal(0.0, 1.0, n)
    labels = random.uniform(size=n) < 1.0 / (1.0 + np.exp(-odds))
    cluster = None
    if k is not None:
        codes = random.integers(0, k, n).astype(np.int32)
        cluster = Categories(codes, tuple(map(str, range(k))))
    return Rows(labels, 1.0 / (1.0 + np.exp(-odds - shift)), cluster=cluster)


def _check(
    rows: Rows,
    unit: Unit = "nats",
    convention: Convention | None = None,
    **limits: Any,  # noqa: ANN401
) -> Check:
    chosen, convention = Limits(**limits), convention or Convention()
    totals = GateTotals.of(rows, chosen, convention)
    (check,) = judge(totals, chosen, unit, rows, convention).checks
    return check


def test_what_needs_rows_is_known() -> None:
    assert not Limits(max_loss=1.0, max_ece=0.5, against=True).needs_rows
    assert Limits(max_ece=0.5, strategy="quantile").needs_rows
    assert not Limits(max_loss=0.5, strategy="quantile").needs_rows
    assert Limits(min_auc=0.5).needs_rows
    assert Limits(max_miscalibration=0.5).needs_rows


@pytest.mark.few(2)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("bins", [3, 1, 10])
def test_figures_are_those_of_calibration_to_the_last_bit(bins: int, weighted: bool) -> None:
    rows = _rows(1, 300, shift=0.5)
    p, y = np.round(rows.probabilities, 2), rows.labels.astype(np.float64)
    weight = np.random.default_rng(2).exponential(1.0, 300) if weighted else None
    options: dict[str, Any] = {"weight": weight, "bins": bins, "strategy": "quantile"}
    found = bce_cli.calibration(y, p, unit="bits", **options)
    limits: dict[str, Any] = {"max_ece": 1.0, "min_auc": 0.0, "max_miscalibration": 1.0}
    result = bce_cli.check(y, p, unit="bits", workers=2, **limits, **options)
    values = dict(
        zip(*(result.checks[name].to_pylist() for name in ("name", "value")), strict=True)
    )
    assert values == {
        "min_auc": found.auc,
        "max_miscalibration": found.log_loss.miscalibration,
        "max_ece": found.ece,
    }


@pytest.mark.parametrize("k", [None, 20])
def test_the_interval_of_auc_is_that_of_its_own(k: int | None) -> None:
    rows = _rows(3, 200, k=k)
    clusters = None if rows.cluster is None else ClusteredRows(rows.cluster)
    found = discrimination(rows, clusters, 0.9)
    assert found.auc is not None
    assert found.std_error is not None
    check = _check(rows, min_auc=0.5, confident=True, confidence=0.9)
    assert (check.value, check.ci_low, check.ci_high) == (found.auc, found.ci_low, found.ci_high)
    assert check.detectable_difference is not None
    assert check.verdict == "passed"
    assert _check(rows, min_auc=found.auc).verdict == "passed"
    assert _check(rows, min_auc=math.nextafter(found.auc, 1.0)).verdict == "failed"


@pytest.mark.parametrize(
    ("labels", "predictions", "value", "verdict"),
    [
        ([True, True], [0.5, 0.25], None, "failed"),
        ([True, False, True, False], [0.75, 0.25, 0.9, 0.1], 1.0, "undecided"),
        ([True, False, False], [0.5, 0.25, 0.75], 0.5, "undecided"),
        ([True, False, True, False], [0.5] * 4, 0.5, "undecided"),
    ],
)
def test_auc_without_an_interval_passes_by_no_confidence(
    labels: list[bool], predictions: list[float], value: float | None, verdict: str
) -> None:
    rows = Rows(np.array(labels), np.array(predictions))
    check = _check(rows, min_auc=0.25, confident=True)
    assert (check.value, check.ci_low, check.verdict) == (value, None, verdict)


def test_the_interval_of_miscalibration_holds_its_value_and_is_not_below_0() -> None:
    for seed, shift in ((4, 0.0), (5, 0.5), (6, 2.0)):
        check = _check(_rows(seed, 400, shift=shift), max_miscalibration=0.0, confident=True)
        assert check.value is not None
        assert check.ci_low is not None
        assert check.ci_high is not None
        assert 0.0 <= check.ci_low <= check.value <= check.ci_high
        assert (check.detectable_difference, check.rows_needed) == (None, None)
        assert (check.verdict == "failed") == (check.ci_low > 0.0) == (shift > 1.0)


def test_calibrated_predictions_are_not_failed() -> None:
    assert _check(_rows(7, 400), max_miscalibration=0.0, confident=True).verdict == "undecided"
    assert _check(_rows(7, 400), max_miscalibration=0.1, confident=True).verdict == "passed"


def test_clusters_widen_the_interval_of_miscalibration() -> None:
    rows = _rows(8, 400, shift=1.0, k=20)
    twins = replace(rows.at(np.repeat(np.arange(400), 2)))
    names = tuple(map(str, range(400)))
    pairs = Categories(np.repeat(np.arange(400, dtype=np.int32), 2), names)
    by_row = miscalibration(replace(twins, cluster=None), confidence=0.95)
    by_pair = miscalibration(replace(twins, cluster=pairs), confidence=0.95)
    assert by_pair.value == by_row.value
    assert by_pair.high is not None
    assert by_row.high is not None
    wide = (by_pair.high - by_pair.value) / (by_row.high - by_row.value)
    assert wide == pytest.approx(math.sqrt(2.0), rel=0.01)


def test_no_digit_of_miscalibration_depends_on_the_size_of_blocks() -> None:
    rows = _rows(9, 300, shift=0.5)
    y, p = rows.labels.astype(int).tolist(), rows.probabilities.tolist()
    text = "y,p\n" + "".join(f"{a},{b!r}\n" for a, b in zip(y, p, strict=True))
    limits: dict[str, Any] = {"max_miscalibration": 0.01, "min_auc": 0.5, "confident": True}
    Path("preds.csv").write_text(text)
    found = [bce_cli.check("preds.csv", workers=workers, **limits) for workers in (1, 3)]
    of_arrays = bce_cli.check(y, p, **limits)
    assert found[0].to_dict() == found[1].to_dict()
    assert of_arrays.checks.to_pylist() == found[0].checks.to_pylist()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_too_few_rows_have_no_interval(n: int) -> None:
    rows = Rows(np.arange(n) % 2 == 0, np.full(n, 0.25))
    check = _check(rows, max_miscalibration=10.0, confident=True)
    assert (check.ci_low, check.ci_high, check.verdict) == (None, None, "undecided")


def test_an_infinite_loss_is_infinitely_miscalibrated_and_a_clipped_one_is_not() -> None:
    rows = Rows(np.array([True, False] * 20), np.array([0.0, 0.5] * 20))
    check = _check(rows, max_miscalibration=1e9, confident=True)
    assert (check.value, check.ci_low, check.verdict) == (math.inf, None, "failed")
    clip = Convention(0.25)
    clipped = Rows(rows.labels, np.clip(rows.probabilities, 0.25, 0.75))
    expected = _check(clipped, max_miscalibration=1.0, confident=True)
    assert _check(rows, "nats", clip, max_miscalibration=1.0, confident=True) == expected
    with pytest.raises(ArgumentError) as caught:
        _check(rows, "nats", Convention(like="torch"), max_miscalibration=1.0)
    assert str(caught.value) == (
        "max_miscalibration is of exact losses, or clipped ones\n"
        "leave like='torch' to another check"
    )


@pytest.mark.deep
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_interval_of_miscalibration_holds_the_true_one(shift: float) -> None:
    odds = np.linspace(-5.0, 5.0, 20_001)
    density = np.exp(-odds * odds / 2.0)
    true, said = 1.0 / (1.0 + np.exp(-odds)), 1.0 / (1.0 + np.exp(-odds - shift))
    loss = true * np.log(true / said) + (1.0 - true) * np.log((1.0 - true) / (1.0 - said))
    expected = float(np.sum(density * loss) / np.sum(density))
    held = 0
    for seed in range(60):
        found = miscalibration(_rows(seed + 100, 500, shift=shift), confidence=0.95)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= expected <= found.high
    assert held >= 57
