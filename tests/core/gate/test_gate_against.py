"""Predictions held against those of another model: verdicts, and the numbers of a comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals, comparison_report
from bce_cli.core.conventions import Convention
from bce_cli.core.gate.judgement import Check, Judgement, judge
from bce_cli.core.gate.limits import Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.errors import ArgumentError
from tests.core.comparison.compared import compared_rows

if TYPE_CHECKING:
    from bce_cli.core.comparison.differences import DifferenceReport
    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.core.report import Unit

LABELS = np.array([True, False, True, False])
OLD, NEW = np.array([0.5, 0.25, 0.75, 0.5]), np.array([0.625, 0.25, 0.5, 0.375])
conventions = st.sampled_from([Convention(), Convention(0.01), Convention(like="torch")])


def _rows(new: object, old: object, labels: object = LABELS) -> Rows:
    rival = Predictions(np.asarray(old, np.float64))
    return Rows(np.asarray(labels, np.bool_), np.asarray(new, np.float64), rivals=(rival,))


def _judged(
    rows: Rows,
    unit: Unit = "nats",
    *,
    of: Convention | None = None,
    **limits: Any,  # noqa: ANN401
) -> Judgement:
    chosen = Limits(against=True, **limits)
    return judge(GateTotals.of(rows, chosen, of or Convention()), chosen, unit)


def _check(rows: Rows, unit: Unit = "nats", **limits: Any) -> Check:  # noqa: ANN401
    (check,) = _judged(rows, unit, **limits).checks
    return check


def _compared(
    rows: Rows, unit: Unit, confidence: float, convention: Convention | None = None
) -> DifferenceReport:
    """Compare with the other model as the baseline, as `bce compare old new` does."""
    (other,) = rows.rivals
    turned = Rows(
        rows.labels,
        other.probabilities,
        rows.weights,
        missing=rows.missing,
        rivals=(rows.predictions,),
        cluster=rows.cluster,
    )
    totals = ComparisonTotals.of(turned, ComparisonPlan(convention or Convention()))
    return comparison_report(totals, ["old", "new"], unit, confidence).comparisons[0]


def _has_weight(rows: Rows) -> bool:
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights.copy()
    if rows.missing is not None:
        weights[rows.missing] = 0.0
    return bool(np.count_nonzero(weights) > 1) and float(weights.max()) < 0.9 * float(weights.sum())


@given(
    compared_rows().filter(_has_weight),
    st.sampled_from(["nats", "bits"]),
    st.sampled_from([0.5, 0.95, 0.99]),
    conventions,
)
def test_value_and_interval_are_those_of_the_comparison_to_the_last_bit(
    rows: Rows, unit: Unit, confidence: float, convention: Convention
) -> None:
    judgement = _judged(
        rows, unit, of=convention, confident=True, confidence=confidence, budget=0.125
    )
    (check,), found = judgement.checks, _compared(rows, unit, confidence, convention)
    assert check.value == found.value
    has_interval = found.infinite is None and judgement.report.effective_n > 1.0
    ends = (found.finite.ci_low, found.finite.ci_high) if has_interval else (None, None)
    assert (check.ci_low, check.ci_high, check.limit) == (*ends, 0.125)
    rival = judgement.rival
    assert rival is not None
    counts = (rival.n_better, rival.n_worse, rival.n_tied)
    assert counts == (found.n_better, found.n_worse, found.n_tied)
    assert _judged(rows, unit, of=convention, budget=0.125).checks[0].value == found.value


@given(compared_rows(extreme=False).filter(_has_weight), st.sampled_from(["nats", "bits"]))
def test_it_is_minus_what_the_other_has_against_this_one(rows: Rows, unit: Unit) -> None:
    (other,) = rows.rivals
    turned = Rows(
        rows.labels,
        other.probabilities,
        rows.weights,
        missing=rows.missing,
        rivals=(rows.predictions,),
        cluster=rows.cluster,
    )
    one, two = (_check(each, unit, confident=True) for each in (rows, turned))
    assert one.value is not None
    assert two.value == -one.value
    if one.ci_low is None or one.ci_high is None:
        assert (two.ci_low, two.ci_high) == (None, None)
    else:
        assert (two.ci_low, two.ci_high) == (-one.ci_high, -one.ci_low)


def test_the_verdict_is_by_the_interval_and_both_its_ends_are_within() -> None:
    rows = _rows(NEW, OLD)
    found = _check(rows, confident=True, budget=10.0)
    low, value, high = found.ci_low, found.value, found.ci_high
    assert low is not None
    assert value is not None
    assert high is not None
    assert low < 0.0 < high
    expected: list[tuple[float, Verdict]] = [
        (high, "passed"),
        (math.nextafter(high, 0.0), "undecided"),
        (0.0, "undecided"),
    ]
    for budget, verdict in expected:
        assert _check(rows, confident=True, budget=budget).verdict == verdict
    worse = _rows(OLD, [0.9, 0.05, 0.99, 0.01])
    found = _check(worse, confident=True, budget=10.0)
    low, value = found.ci_low, found.value
    assert low is not None
    assert value is not None
    assert low > 0.0
    assert _check(worse, confident=True, budget=low).verdict == "undecided"
    assert _check(worse, confident=True, budget=math.nextafter(low, 0.0)).verdict == "failed"
    assert _check(worse, budget=value).verdict == "passed"
    assert _check(worse, budget=math.nextafter(value, 0.0)).verdict == "failed"


@pytest.mark.parametrize("confident", [False, True])
@pytest.mark.parametrize(
    ("new", "old", "value", "verdict"),
    [
        ([0.0, 0.5, 0.5, 0.5], OLD, math.inf, "failed"),
        (NEW, [0.0, 0.9, 0.1, 0.9], -math.inf, "passed"),
        ([0.5, 0.5, 0.5, 0.9], [0.0, 0.5, 0.5, 0.5], -math.inf, "undecided"),
        ([0.5, 1.0, 0.5, 0.5], [0.0, 0.5, 0.5, 0.5], None, "failed"),
        ([0.0, 0.5, 0.5, 0.5], [0.0, 0.5, 0.75, 0.5], None, "failed"),
    ],
)
def test_an_infinite_loss_never_passes_and_any_other_is_below_one(
    new: object, old: object, value: float | None, verdict: Verdict, confident: bool
) -> None:
    check = _check(_rows(new, old), confident=confident)
    assert check == Check("against", value, None, None, 0.0, verdict)


def test_other_checks_are_of_the_judged_model_alone() -> None:
    rows = _rows(NEW, OLD)
    limits = Limits(0.5, 0.0, 0.3, 0.5, 4, against=True, confident=True)
    alone = Limits(0.5, 0.0, 0.3, 0.5, 4, confident=True)
    found = judge(GateTotals.of(rows, limits), limits)
    expected = judge(GateTotals.of(Rows(LABELS, NEW), alone), alone)
    assert found.report == expected.report
    assert found.checks[:-1] == expected.checks
    assert found.rival is not None
    own = judge(GateTotals.of(Rows(LABELS, OLD), alone), alone).report
    assert found.rival.report == own
    assert expected.rival is None


def test_a_rival_that_nobody_asks_about_changes_nothing() -> None:
    limits = Limits(0.5, 0.0, 0.3, 0.5, 4, confident=True)
    assert GateTotals.of(_rows(NEW, OLD), limits) == GateTotals.of(Rows(LABELS, NEW), limits)


def test_equal_losses_pass_for_certain() -> None:
    check = _check(_rows(NEW, NEW), confident=True)
    assert check == Check("against", 0.0, 0.0, 0.0, 0.0, "passed")


def test_differences_that_are_all_one_number_are_that_number() -> None:
    half, others = np.full(4, 0.5), np.where(LABELS, 0.75, 0.25)
    for new, old, verdict in ((half, others, "failed"), (others, half, "passed")):
        check = _check(_rows(new, old), confident=True)
        assert check.ci_low == check.value == check.ci_high
        assert check.verdict == verdict
    assert _check(_rows(half, others)).verdict == "failed"
    assert _check(_rows(others, half)).verdict == "passed"


def test_one_row_or_one_cluster_has_no_interval() -> None:
    one = _rows(NEW[:1], OLD[:1], LABELS[:1])
    assert _check(one, confident=True).verdict == "undecided"
    assert _check(one).verdict == "passed"
    rows = _rows(NEW, OLD)
    same = Categories(np.zeros(4, np.int32), ("Mon",))
    clustered = Rows(rows.labels, rows.probabilities, rivals=rows.rivals, cluster=same)
    check = _check(clustered, confident=True)
    assert (check.ci_low, check.verdict) == (None, "undecided")


def test_merged_totals_are_those_of_all_rows() -> None:
    limits = Limits(against=True, confident=True)
    rows, convention = _rows(NEW, OLD), Convention()
    merged = GateTotals()
    for place in range(4):
        piece = rows.at(np.array([place]))
        merged += GateTotals.of(piece, limits, convention)
    assert merged == GateTotals.of(rows, limits, convention)


def test_there_is_nothing_to_check_without_it() -> None:
    with pytest.raises(ArgumentError, match=r"^there is nothing to check\n.*or against$"):
        Limits(against=False)
