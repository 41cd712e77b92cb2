"""A wrong argument is refused by its name, with what is allowed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from bce_cli import (
    ArgumentError,
    CalibrationPlan,
    Convention,
    WeightError,
    binary_cross_entropy,
    calibration_report,
    convention_reports,
    likelihood_product,
    loss_report,
    loss_totals,
    mean_binary_cross_entropy,
)
from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals, comparison_report
from bce_cli.core.evaluation import Plan
from bce_cli.core.gate.judgement import judge
from bce_cli.core.gate.limits import Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.rows import Predictions, Rows
from bce_cli.core.rules import RULES
from bce_cli.core.segment_reports import segment_reports
from bce_cli.core.segmented import Segmented

if TYPE_CHECKING:
    from collections.abc import Callable

Y, P = [1, 0, 1], [0.5, 0.25, 1.0]
ROWS = Rows(np.array([True, False]), np.array([0.5, 0.25]))
WHOLE = loss_report(loss_totals(Y, P))
LIMITS = Limits(max_loss=1.0)


def compared(**options: Any) -> object:  # noqa: ANN401
    rows = Rows(ROWS.labels, ROWS.probabilities, rivals=(Predictions(ROWS.probabilities),))
    totals = ComparisonTotals.of(rows, ComparisonPlan())
    return comparison_report(totals, ["a", "b"], **options)


UNITS: dict[str, Callable[[Any], object]] = {
    "loss_report": lambda unit: loss_report(loss_totals(Y, P), unit),
    "convention_reports": lambda unit: convention_reports(Y, P, unit=unit),
    "CalibrationPlan": CalibrationPlan,
    "segment_reports": lambda unit: segment_reports(Segmented(), WHOLE, unit),
    "comparison_report": lambda unit: compared(unit=unit),
    "judge": lambda unit: judge(GateTotals.of(ROWS, LIMITS), LIMITS, unit),
}


@pytest.mark.parametrize("function", UNITS)
def test_a_unit_that_is_not_known_is_refused(function: str) -> None:
    for unit, shown, also in (
        ("bit", "'bit'", "; did you mean 'bits'?"),
        ("NATS", "'NATS'", "; did you mean 'nats'?"),
        ("x", "'x'", ""),
        (None, "None", ""),
        (["bits"], "['bits']", ""),
    ):
        with pytest.raises(ArgumentError) as caught:
            UNITS[function](unit)
        assert str(caught.value) == f"unit {shown} is not known{also}\nknown are nats, bits"
        assert caught.value.arguments == ("unit",)
    for unit in ("nats", "bits"):
        UNITS[function](unit)


CONVENTIONS: dict[str, Callable[[Any], object]] = {
    "binary_cross_entropy": lambda it: binary_cross_entropy(Y, P, convention=it),
    "mean_binary_cross_entropy": lambda it: mean_binary_cross_entropy(Y, P, convention=it),
    "loss_totals": lambda it: loss_totals(Y, P, convention=it),
    "Plan": Plan,
    "ComparisonPlan": ComparisonPlan,
    "GateTotals": lambda it: GateTotals.of(ROWS, LIMITS, it),
}


@pytest.mark.parametrize("function", CONVENTIONS)
def test_what_is_no_convention_is_refused(function: str) -> None:
    for given, shown, hint in (
        ("torch", "'torch'", "say Convention(like='torch')"),
        ("caffe", "'caffe'", "such as Convention(like='sklearn')"),
        (1e-15, "1e-15", "such as Convention(like='sklearn')"),
        (None, "None", "such as Convention(like='sklearn')"),
    ):
        with pytest.raises(ArgumentError) as caught:
            CONVENTIONS[function](given)
        assert str(caught.value) == f"convention must be a Convention, got {shown}\n{hint}"
        assert caught.value.arguments == ("convention",)
    CONVENTIONS[function](Convention(like="torch"))


convention: Any = Convention  # so that no checker of types minds
plan: Any = CalibrationPlan
limits: Any = Limits
report: Any = calibration_report
CLIP = "clip must be greater than 0 and less than 0.5, got"
KNOWN = f"known are {', '.join(RULES)}"
PLAN = "such as CalibrationPlan(strategy='quantile')"
LEVEL = "such as 0.95 or 0.99"
ARRAYS = "bce_cli.compute(labels, predictions) takes arrays"
REFUSED: list[tuple[Callable[[], object], str, str | None]] = [
    (
        lambda: convention(like="sklern"),
        "like 'sklern' is not known; did you mean 'sklearn'?",
        KNOWN,
    ),
    (lambda: convention(like=None), "like None is not known", KNOWN),
    (lambda: convention(like=["torch"]), "like ['torch'] is not known", KNOWN),
    (lambda: convention(clip=0.5), f"{CLIP} 0.5", None),
    (lambda: convention(clip="1e-7"), f"{CLIP} '1e-7'", None),
    (lambda: convention(clip=math.nan), f"{CLIP} nan", None),
    (lambda: convention(clip=True), f"{CLIP} True", None),
    (lambda: convention(clip=np.array([0.1])), f"{CLIP} array([0.1])", None),
    (
        lambda: plan(strategy="quantil"),
        "strategy 'quantil' is not known; did you mean 'quantile'?",
        "known are uniform, quantile",
    ),
    (lambda: plan(n_bins=0), "n_bins must be at least 1, got 0", None),
    (lambda: plan(n_bins=1001), "n_bins must be at most 1000, got 1001", None),
    (lambda: plan(n_bins=2.5), "n_bins must be a whole number, got 2.5", None),
    (lambda: plan(n_bins=10.0), "n_bins must be a whole number, got 10.0", None),
    (lambda: plan(n_bins=True), "n_bins must be a whole number, got True", None),
    (lambda: plan(n_bootstrap=-1), "n_bootstrap must be at least 0, got -1", None),
    (lambda: plan(n_bootstrap=10_001), "n_bootstrap must be at most 10000, got 10001", None),
    (lambda: plan(seed=-7), "seed must be at least 0, got -7", None),
    (lambda: plan(seed="a"), "seed must be a whole number, got 'a'", None),
    (lambda: report(Y, P, plan="uniform"), "plan must be a CalibrationPlan, got 'uniform'", PLAN),
    (lambda: report(Y, P, plan=0), "plan must be a CalibrationPlan, got 0", PLAN),
    (lambda: compared(confidence=1.0), "confidence must lie between 0 and 1, got 1", LEVEL),
    (lambda: compared(confidence="95"), "confidence must lie between 0 and 1, got '95'", LEVEL),
    (lambda: limits(max_loss=math.nan), "max_loss must be a finite number, got nan", None),
    (lambda: limits(min_skill="0"), "min_skill must be a finite number, got '0'", None),
    (
        lambda: limits(max_loss=10**400),
        f"max_loss must be a finite number, got 1{'0' * 79}...",
        None,
    ),
    (lambda: limits(min_rows=2.5), "min_rows must be a whole number, got 2.5", None),
    (lambda: limits(min_rows=math.nan), "min_rows must be a finite number, got nan", None),
    (lambda: limits(max_loss=1, budget=-1), "budget must be 0 or more, got -1", None),
    (lambda: limits(max_loss=1, budget=math.nan), "budget must be a finite number, got nan", None),
    (lambda: limits(max_ece=1, n_bins=0), "n_bins must be at least 1, got 0", None),
    (lambda: limits(baseline="a.json"), "baseline must be a Baseline, got 'a.json'", None),
    (
        lambda: report(loss_totals(Y, P), P),
        "labels must be an array of numbers, got LossTotals",
        None,
    ),
    (lambda: report(Y, None), "probabilities must be an array of numbers, got None", None),
    (
        lambda: convention_reports("a.csv", P),
        "labels must be an array of numbers, got 'a.csv'",
        "bce_cli.compute('a.csv') reads files",
    ),
    (
        lambda: likelihood_product(Y, P, cast("Any", "float46")),
        "dtype 'float46' is not known; did you mean 'float64' or 'float16'?",
        "known are float16, float32, float64, longdouble",
    ),
    (
        lambda: loss_report(cast("Any", Y), cast("Any", P)),
        "totals must be a LossTotals, got [1, 0, 1]",
        ARRAYS,
    ),
    (
        lambda: loss_report(cast("Any", np.zeros(2000))),
        "totals must be a LossTotals, got a ndarray of 2,000",
        ARRAYS,
    ),
]


@pytest.mark.few(10)
@pytest.mark.parametrize(("function", "message", "hint"), REFUSED)
def test_a_wrong_argument_is_told_with_what_is_allowed(
    function: Callable[[], object], message: str, hint: str | None
) -> None:
    with pytest.raises(ArgumentError) as caught:
        function()
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.arguments == (message.partition(" ")[0],)


def test_numbers_of_numpy_are_numbers() -> None:
    asked = plan(n_bins=np.int64(3), n_bootstrap=np.uint8(0), seed=np.int32(1))
    assert len(calibration_report(Y, P, plan=asked).bins) == 3
    assert Convention(clip=np.float64(0.25)).losses(ROWS).tolist()[0] == math.log(2.0)
    assert limits(max_loss=np.float32(0.5), min_rows=np.int64(2)).max_loss == 0.5


def test_weights_multiply_the_losses_of_rows() -> None:
    losses = binary_cross_entropy([1, 0, 1], [0.5, 0.5, 0.0], weights=[2.0, 0.5, 0.0])
    assert losses.tolist() == [2.0 * math.log(2.0), 0.5 * math.log(2.0), 0.0]
    logits = binary_cross_entropy([1], [0.0], weights=[4], logits=True, convention=Convention())
    assert logits.tolist() == [4.0 * math.log(2.0)]
    with pytest.raises(WeightError, match=r"^weights\[0\] = -1\.0 is not a weight"):
        binary_cross_entropy([1], [0.5], weights=[-1])
