from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import Convention
from bce_cli.core.gate.judgement import Check, Judgement, judge
from bce_cli.core.gate.limits import Baseline, Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Rows
from bce_cli.core.totals import LossTotals
from bce_cli.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.core.report import Unit

    Split = Callable[[Rows, list[int]], list[Rows]]

LN2 = math.log(2.0)
HALVES = Rows(np.array([True, False]), np.array([0.5, 0.5]))
QUARTERS = Rows(np.array([True, True, False, False]), np.array([0.75, 0.75, 0.25, 0.25]))
CERTAIN = Rows(np.array([True, False]), np.array([0.0, 0.5]))
ONE_CLASS = Rows(np.array([True, True]), np.array([0.5, 0.5]))
MIXED = Rows(np.arange(60) % 3 != 0, np.linspace(0.1, 0.9, 60))
ALL = Limits(1.0, 0.0, 1.0, 1.0, 1, Baseline("b.json", 0.5, "nats", 0.01), 0.1, confident=True)


def _judged(rows: Rows, unit: Unit = "nats", **limits: Any) -> Judgement:  # noqa: ANN401
    chosen = Limits(**limits)
    return judge(GateTotals.of(rows, chosen), chosen, unit)


def _check(rows: Rows, unit: Unit = "nats", **limits: Any) -> Check:  # noqa: ANN401
    (check,) = _judged(rows, unit, **limits).checks
    return check


def _named(name: str, limit: float) -> dict[str, Any]:
    return {name: limit}


def _below(number: float) -> float:
    return math.nextafter(number, -math.inf)


def _above(number: float) -> float:
    return math.nextafter(number, math.inf)


@pytest.mark.parametrize(
    ("rows", "name", "value"),
    [
        (HALVES, "max_loss", LN2),
        (QUARTERS, "max_loss", -math.log(0.75)),
        (HALVES, "max_brier", 0.25),
        (QUARTERS, "max_brier", 0.0625),
        (HALVES, "max_ece", 0.0),
        (QUARTERS, "max_ece", 0.25),
    ],
)
def test_a_value_at_its_highest_passes_and_one_above_fails(
    rows: Rows, name: str, value: float
) -> None:
    check = _check(rows, **_named(name, value))
    assert (check.name, check.value, check.limit, check.verdict) == (name, value, value, "passed")
    if value > 0.0:
        assert _check(rows, **_named(name, _below(value))).verdict == "failed"


def test_a_skill_at_its_lowest_passes_and_one_below_fails() -> None:
    assert _check(HALVES, min_skill=0.0).verdict == "passed"
    assert _check(HALVES, min_skill=5e-324).verdict == "failed"
    skill = 1.0 + math.log(0.75) / LN2
    assert _check(QUARTERS, min_skill=skill) == Check(
        "min_skill", skill, None, None, skill, "passed"
    )
    assert _check(QUARTERS, min_skill=_above(skill)).verdict == "failed"


def test_rows_are_counted() -> None:
    assert _check(QUARTERS, min_rows=4) == Check("min_rows", 4, None, None, 4, "passed")
    assert _check(QUARTERS, min_rows=5).verdict == "failed"
    assert _check(QUARTERS, min_rows=4, confident=True).verdict == "passed"


def test_rows_of_weight_0_are_not_counted() -> None:
    weights = np.array([1.0, 0.0, 5e-324, 0.0])
    rows = replace(QUARTERS, weights=weights, missing=np.array([False, False, False, True]))
    assert GateTotals.of(rows, Limits(min_rows=1)).n_weightless == 1
    assert _check(rows, min_rows=3) == Check("min_rows", 2, None, None, 3, "failed")
    assert _check(rows, min_rows=2).verdict == "passed"


@pytest.mark.parametrize("name", ["max_loss", "min_skill", "max_brier"])
def test_with_confidence_the_whole_interval_must_keep_the_limit(name: str) -> None:
    easy = Limits(**_named(name, 1.0 if name.startswith("max") else 0.0), confident=True)
    (check,) = judge(GateTotals.of(MIXED, easy), easy).checks
    low, high = check.ci_low, check.ci_high
    assert low is not None
    assert high is not None
    assert low < high
    cases: dict[float, Verdict]
    if name.startswith("max"):
        cases = {high: "passed", _below(high): "undecided", low: "undecided", _below(low): "failed"}
    else:
        cases = {low: "passed", _above(low): "undecided", high: "undecided", _above(high): "failed"}
    for limit, verdict in cases.items():
        assert _check(MIXED, **_named(name, limit), confident=True).verdict == verdict


def test_with_confidence_a_calibration_error_is_judged_by_its_band() -> None:
    far = Rows(np.ones(2000, np.bool_), np.full(2000, 0.55))
    check = _check(far, max_ece=0.5, confident=True)
    assert check.value == pytest.approx(0.45, rel=1e-12)
    assert check.ci_low is not None
    assert check.ci_high is not None
    assert 0.448 < check.ci_low < 0.45 < check.ci_high < 0.452
    assert check.verdict == "passed"
    assert _check(far, max_ece=0.45, confident=True).verdict == "undecided"
    assert _check(far, max_ece=0.44, confident=True).verdict == "failed"


def test_the_interval_of_the_loss_is_that_of_the_report() -> None:
    report = loss_report(LossTotals.of(MIXED), "bits")
    check = _check(MIXED, "bits", max_loss=1.0, confident=True)
    assert (check.value, check.ci_low, check.ci_high) == (
        report.mean_loss,
        report.ci_low,
        report.ci_high,
    )


@pytest.mark.parametrize("confident", [False, True])
@pytest.mark.parametrize(
    ("rows", "limits", "value"),
    [
        (CERTAIN, {"max_loss": 1e300}, math.inf),
        (CERTAIN, {"baseline": Baseline("b", 1e300, "nats")}, math.inf),
        (CERTAIN, {"min_skill": -1e300}, None),
        (ONE_CLASS, {"min_skill": -1e300}, None),
    ],
)
def test_what_is_infinite_or_undefined_never_passes(
    rows: Rows, limits: dict[str, Any], value: float | None, confident: bool
) -> None:
    check = _check(rows, **limits, confident=confident)
    assert (check.value, check.ci_low, check.ci_high) == (value, None, None)
    assert check.verdict == "failed"


def test_an_infinite_loss_says_nothing_against_the_other_figures() -> None:
    judgement = _judged(CERTAIN, max_brier=0.625, max_ece=0.75, min_rows=2)
    assert judgement.verdict == "passed"


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (("passed", "passed"), "passed"),
        (("passed", "undecided"), "undecided"),
        (("undecided", "failed", "passed"), "failed"),
        (("failed", "undecided"), "failed"),
    ],
)
def test_failed_outranks_undecided_outranks_passed(
    verdicts: tuple[Verdict, ...], whole: Verdict
) -> None:
    checks = tuple(Check("max_loss", 0.5, None, None, 0.5, verdict) for verdict in verdicts)
    assert Judgement(loss_report(LossTotals.of(HALVES)), checks).verdict == whole


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "there is nothing to check"),
        ({"confident": True}, "there is nothing to check"),
        ({"max_loss": math.nan}, "max_loss must be a finite number, got nan"),
        ({"max_loss": math.inf}, "max_loss must be a finite number, got inf"),
        ({"max_loss": -5e-324}, "max_loss must be 0 or more, got -5e-324"),
        ({"min_skill": -math.inf}, "min_skill must be a finite number, got -inf"),
        (
            {"min_skill": 1.0000000000000002},
            "min_skill must be 1 or less, got 1.0000000000000002",
        ),
        ({"max_brier": -0.1}, "max_brier must be in [0, 1], got -0.1"),
        ({"max_brier": 1.1}, "max_brier must be in [0, 1], got 1.1"),
        ({"max_ece": 1.1}, "max_ece must be in [0, 1], got 1.1"),
        ({"max_ece": math.nan}, "max_ece must be a finite number, got nan"),
        ({"min_rows": 0}, "min_rows must be 1 or more, got 0"),
        ({"max_loss": 1.0, "budget": -1.0}, "budget must be 0 or more, got -1.0"),
        ({"max_loss": 1.0, "budget": math.nan}, "budget must be a finite number, got nan"),
    ],
)
def test_limits_outside_of_what_is_possible_are_refused(
    limits: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        Limits(**limits)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "limits",
    [
        {"max_loss": 0.0},
        {"min_skill": 1.0},
        {"min_skill": -1e300},
        {"max_brier": 0.0, "max_ece": 1.0},
        {"min_rows": 1},
    ],
)
def test_limits_at_the_edge_of_what_is_possible_are_taken(limits: dict[str, Any]) -> None:
    assert isinstance(_judged(HALVES, **limits), Judgement)


@pytest.mark.parametrize("unit", ["nats", "bits"])
@pytest.mark.parametrize("saved_unit", ["nats", "bits"])
@given(seed=st.integers(0, 2**32))
def test_the_same_rows_pass_a_baseline_of_their_own_in_any_unit(
    unit: Unit, saved_unit: Unit, seed: int
) -> None:
    random = np.random.default_rng(seed)
    rows = Rows(random.uniform(size=5) < 0.5, random.uniform(0.01, 0.99, 5))
    saved = loss_report(LossTotals.of(rows), saved_unit)
    check = _check(rows, unit, baseline=Baseline("b", saved.mean_loss, saved_unit))
    assert check == Check("baseline", 0.0, None, None, 0.0, "passed")


@given(st.floats(-1e-3, 1e6) | st.sampled_from([0.0, 5e-324, 1e-300, 1.0]))
def test_bits_become_the_largest_nats_that_would_have_been_saved_as_them(bits: float) -> None:
    nats = Baseline("b", bits, "bits").loss_in("nats")
    assert nats / LN2 <= bits < _above(nats) / LN2


@pytest.mark.parametrize("budget", [0.0, 0.25])
def test_a_baseline_is_exceeded_by_its_budget_and_no_more(budget: float) -> None:
    baseline = Baseline("b.json", 1.0 - budget, "bits")
    check = _check(HALVES, "bits", baseline=baseline, budget=budget)
    assert check == Check("baseline", budget, None, None, budget, "passed")
    worse = replace(baseline, mean_loss=_below(1.0 - budget))
    check = _check(HALVES, "bits", baseline=worse, budget=budget)
    assert check.value is not None
    assert (check.value > budget, check.limit, check.verdict) == (True, budget, "failed")


losses = st.floats(0.0, 10.0) | st.sampled_from([0.35, 0.37, 1e-300, 5e-324, 1e300])
units = st.sampled_from(["nats", "bits"])


@given(losses, losses, st.floats(0.0, 1.0) | st.just(0.02), units, units)
def test_a_loss_is_above_its_baseline_by_the_difference_and_on_its_side_of_the_budget(
    loss: float, saved: float, budget: float, unit: Unit, saved_unit: Unit
) -> None:
    baseline = Baseline("b", saved, saved_unit)
    excess = baseline.excess(loss, unit, budget)
    most = baseline.loss_in(unit) + budget
    assert (excess <= budget) == (loss <= most)
    exact = Fraction(loss) - Fraction(baseline.loss_in(unit))
    assert abs(Fraction(excess) - exact) <= Fraction(2.0**-51) * Fraction(max(loss, most, 1e-300))


@given(losses, losses, st.floats(0.0, 1.0))
def test_what_is_above_a_baseline_grows_with_the_loss(
    one: float, other: float, budget: float
) -> None:
    baseline = Baseline("b", 0.35, "bits")
    low, high = sorted((one, other))
    assert baseline.excess(low, "nats", budget) <= baseline.excess(high, "nats", budget)


def test_an_infinite_loss_is_infinitely_above_a_baseline() -> None:
    assert Baseline("b", 0.35, "bits").excess(math.inf, "nats", 1.0) == math.inf


@pytest.mark.parametrize(("saved_unit", "factor"), [("nats", 1.0), ("bits", LN2)])
def test_with_confidence_both_losses_of_a_baseline_have_a_spread(
    saved_unit: Unit, factor: float
) -> None:
    report = loss_report(LossTotals.of(MIXED))
    assert report.std_error is not None
    baseline = Baseline("b.json", 0.9, saved_unit, 0.04)
    check = _check(MIXED, baseline=baseline, budget=0.25, confident=True)
    assert report.ci_low is not None
    assert report.ci_high is not None
    assert check.limit == 0.25
    saved = baseline.loss_in("nats")
    assert check.value == report.mean_loss - saved
    half = 1.959963984540054 * math.hypot(report.std_error, 0.04 * factor)
    assert check.ci_low == pytest.approx(report.mean_loss - saved - half, rel=1e-14)
    assert check.ci_high == pytest.approx(report.mean_loss - saved + half, rel=1e-14)
    alone = _check(MIXED, baseline=replace(baseline, std_error=None), confident=True)
    assert (alone.ci_low, alone.ci_high) == (report.ci_low - saved, report.ci_high - saved)


conventions = st.sampled_from([Convention(), Convention(0.01), Convention(like="torch")])


@given(st.from_type(Rows), st.lists(st.integers(0, 40), max_size=6), conventions)
def test_totals_do_not_depend_on_how_the_rows_are_cut(
    split: Split, rows: Rows, places: list[int], convention: Convention
) -> None:
    merged = GateTotals()
    for piece in split(rows, places):
        merged += GateTotals.of(piece, ALL, convention)
    assert merged == GateTotals.of(rows, ALL, convention)
    assert merged.n == len(rows)


@given(st.from_type(Rows).filter(len), st.randoms(use_true_random=False), conventions)
def test_no_digit_depends_on_the_order_of_the_rows(
    rows: Rows, random: Random, convention: Convention
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    mixed = GateTotals.of(rows.at(np.array(order)), ALL, convention)
    whole = GateTotals.of(rows, ALL, convention)
    first = whole.losses.first_impossible_row
    assert whole == replace(mixed, losses=replace(mixed.losses, first_impossible_row=first))


def test_sums_that_no_limit_needs_are_not_made() -> None:
    plain = GateTotals.of(MIXED, Limits(max_loss=1.0, min_skill=0.0, max_brier=1.0))
    assert plain == GateTotals(LossTotals.of(MIXED))
