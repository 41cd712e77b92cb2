"""Calibration without rows: exact sums in any order, and what is computed from them."""

from __future__ import annotations

import math
import pickle
from dataclasses import asdict, replace
from fractions import Fraction
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.calibration.decomposition import PARTS
from bce_cli.core.calibration.fine_bins import (
    N_FINE_BINS,
    FineBins,
    chances_of,
    fine_bins_of,
    fine_tally,
    is_above_half,
)
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import (
    CalibrationReport,
    calibration_report,
    report_of_fine_bins,
    report_of_rows,
)
from bce_cli.core.exact_sum import UNITS_OF_ONE
from bce_cli.core.rows import Rows, as_floats
from bce_cli.core.rules import sigmoid
from bce_cli.errors import ArgumentError, DataError
from tests.budgets import examples
from tests.core.calibration.some_rows import calibration_rows

if TYPE_CHECKING:
    from bce_cli.core.calibration.plan import CalibrationTotals
    from bce_cli.core.rows import Places

PLANS = st.builds(
    CalibrationPlan,
    n_bins=st.sampled_from([1, 5, 10]),
    strategy=st.sampled_from(["uniform", "quantile"]),
    with_fine_bins=st.just(True),
)
FINE = CalibrationPlan(with_fine_bins=True)


def places_of(rows: Rows) -> Places:
    return fine_bins_of(rows, chances_of(rows))


def weights_of(rows: Rows) -> list[float]:
    return [1.0] * len(rows) if rows.weights is None else rows.weights.tolist()


def reports(
    rows: Rows, plan: CalibrationPlan = FINE
) -> tuple[CalibrationReport, CalibrationReport]:
    """Judge rows by fine bins, and with all rows held."""
    held = replace(plan, with_fine_bins=False)
    fine = report_of_fine_bins(plan.totals_of(rows), plan)
    return fine, report_of_rows(rows, [held.totals_of(rows)], held)


def figures(report: CalibrationReport) -> dict[str, Any]:
    curve = {name: values.tolist() for name, values in asdict(report.curve).items()}
    return asdict(replace(report, curve=None)) | {"curve": curve}  # type: ignore[arg-type]


@given(calibration_rows())
def test_sums_are_those_of_fractions(rows: Rows) -> None:
    table = FineBins.of(rows).table
    n = [0] * N_FINE_BINS
    labels, chances = [Fraction(0)] * N_FINE_BINS, [Fraction(0)] * N_FINE_BINS
    weights = [Fraction(0)] * N_FINE_BINS
    columns = (places_of(rows), as_floats(rows.labels), chances_of(rows))
    for place, y, q, w in zip(*(c.tolist() for c in columns), weights_of(rows), strict=True):
        n[place] += 1
        labels[place] += Fraction(w) * Fraction(y)
        chances[place] += Fraction(w) * Fraction(q)
        weights[place] += Fraction(w)
    assert [Fraction(total.units, UNITS_OF_ONE) for total in table["n"]] == n
    if "weights" in table.kinds:
        assert [Fraction(total.units, UNITS_OF_ONE) for total in table["weights"]] == weights
    for found, expected in ((table["labels"], labels), (table["chances"], chances)):
        # Products may lose two units each.
        for total, exact, count in zip(found, expected, n, strict=True):
            assert abs(total.units - exact * UNITS_OF_ONE) <= 2 * count


def split(rows: Rows, random: Any) -> list[Rows]:  # noqa: ANN401 -- a random.Random of hypothesis
    """Shuffle rows and cut them into pieces, some of them empty."""
    order = list(range(len(rows)))
    random.shuffle(order)
    cuts = sorted(random.randrange(len(rows) + 1) for _ in range(3))
    pieces = [rows.at(np.array(order[a:b], np.intp)) for a, b in zip([0, *cuts], [*cuts, None])]  # noqa: B905
    random.shuffle(pieces)
    return pieces


@settings(max_examples=examples(60))
@given(calibration_rows(), PLANS, st.randoms(use_true_random=False))
def test_neither_order_nor_pieces_nor_a_journey_change_a_bit(
    rows: Rows, plan: CalibrationPlan, random: object
) -> None:
    whole = plan.totals_of(rows)
    states = [pickle.loads(pickle.dumps(plan.totals_of(piece))) for piece in split(rows, random)]  # noqa: S301
    merged: CalibrationTotals = reduce(add, states)
    assert merged.fine is not None
    assert whole.fine is not None
    assert np.array_equal(merged.fine.table.units, whole.fine.table.units)
    ours, again = (figures(report_of_fine_bins(each, plan)) for each in (whole, merged))
    del ours["first_impossible_row"], again["first_impossible_row"]
    assert again == ours


@given(calibration_rows())
def test_the_mean_is_the_sum_of_its_parts(rows: Rows) -> None:
    fine, _ = reports(rows)
    for parts in (fine.log_loss, fine.brier):
        assert parts.miscalibration >= 0.0
        assert parts.discrimination >= 0.0
        assert math.isfinite(parts.discrimination)
        if math.isinf(parts.mean):
            assert (parts.miscalibration, parts.within_bins) == (math.inf, None)
            continue
        assert parts.within_bins is not None
        composed = parts.miscalibration - parts.discrimination + parts.uncertainty
        composed += parts.within_bins
        assert parts.mean == pytest.approx(composed, rel=1e-12, abs=1e-12)


@given(calibration_rows(), PLANS)
def test_what_needs_no_sorted_rows_is_as_exact_as_with_all_rows(
    rows: Rows, plan: CalibrationPlan
) -> None:
    fine, held = reports(rows, plan)
    names = ("n", "n_weighted", "n_positive", "weight_sum", "base_rate", "n_impossible")
    for name in (*names, "first_impossible_row", "has_soft_labels"):
        assert getattr(fine, name) == getattr(held, name)
    assert fine.logistic.n_in_fit == held.logistic.n_in_fit
    assert (fine.log_loss.mean, fine.brier.mean) == (held.log_loss.mean, held.brier.mean)
    assert fine.log_loss.uncertainty == pytest.approx(held.log_loss.uncertainty, rel=1e-13)
    assert fine.histogram == pytest.approx(held.histogram, rel=1e-13)
    assert fine.mean_prediction == pytest.approx(held.mean_prediction, rel=1e-13, abs=1e-300)
    assert (fine.spiegelhalter is None) == (held.spiegelhalter is None)
    if fine.spiegelhalter is not None and held.spiegelhalter is not None:
        assert fine.spiegelhalter.z == pytest.approx(held.spiegelhalter.z, rel=1e-10, abs=1e-10)
    if plan.strategy == "uniform":
        assert (fine.bins, fine.ece, fine.mce) == (held.bins, held.ece, held.mce)


@pytest.mark.deep
@given(calibration_rows())
def test_all_else_is_that_of_rows_with_the_mean_prediction_of_their_bin(rows: Rows) -> None:
    tally = fine_tally(FineBins.of(rows))
    places = places_of(rows)
    used = np.unique(places if rows.weights is None else places[rows.weights > 0.0])
    found = np.minimum(np.searchsorted(used, places), len(used) - 1)
    logits = None if tally.logits is None else tally.logits[found]
    moved = replace(rows, probabilities=tally.predictions[found], logits=logits)
    fine, _ = reports(rows)
    _, expected = reports(moved)
    for ours, theirs in ((fine.log_loss, expected.log_loss), (fine.brier, expected.brier)):
        for part in PARTS[1:]:
            value = getattr(theirs, part)
            assert getattr(ours, part) == pytest.approx(value, rel=1e-12, abs=1e-13)
    assert fine.curve.rates == pytest.approx(expected.curve.rates, rel=1e-13)
    assert fine.logistic.obstacle == expected.logistic.obstacle
    slope, other = fine.logistic.slope, expected.logistic.slope
    if slope is not None and other is not None and abs(other.value) < 1e3:
        assert slope.value == pytest.approx(other.value, rel=1e-5, abs=1e-5)


@given(calibration_rows())
def test_mean_predictions_stay_in_their_bins(rows: Rows) -> None:
    tally = fine_tally(FineBins.of(rows))
    if tally.logits is None:
        assert np.all(np.diff(tally.predictions) > 0.0)
    else:
        assert np.all(np.diff(tally.logits) >= 0.0)
    chances, places = chances_of(rows), places_of(rows)
    p = np.where(is_above_half()[places], 1.0 - chances, chances)
    counted = np.ones(len(rows), np.bool_) if rows.weights is None else rows.weights > 0.0
    for place, mean in zip(np.unique(places[counted]), tally.predictions, strict=True):
        here = (places == place) & counted
        inside = p[here]
        weight = len(inside) if rows.weights is None else math.fsum(rows.weights[here])
        slack = 2 * len(inside) * math.ulp(0.0) / weight  # products may lose two units each
        assert inside.min() - slack <= mean <= inside.max() + slack


OWN = np.unique(np.concatenate([[0.0, 1.0], 10.0 ** -np.arange(1.0, 7.0), np.arange(1, 20) / 20]))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(OWN.tolist())), min_size=1, max_size=60))
def test_predictions_with_bins_of_their_own_lose_nothing(table: list[tuple[bool, float]]) -> None:
    assert len(np.unique(places_of(Rows(np.zeros(len(OWN), np.bool_), OWN)))) == len(OWN)
    labels, p = map(np.array, zip(*table, strict=True))
    fine, held = reports(Rows(labels, p))
    for parts, expected in ((fine.log_loss, held.log_loss), (fine.brier, held.brier)):
        assert parts.within_bins in {0.0, None}
        assert replace(parts, within_bins=None) == expected
    assert fine.logistic == held.logistic
    assert figures(fine)["curve"] == figures(held)["curve"]


@given(calibration_rows(), st.data())
def test_weights_soft_labels_and_logits_lose_nothing_there_either(
    rows: Rows, data: st.DataObject
) -> None:
    own = data.draw(st.lists(st.sampled_from(OWN.tolist()), min_size=len(rows), max_size=len(rows)))
    p = np.array(own)
    logits = None
    if rows.logits is not None:
        with np.errstate(divide="ignore"):
            logits = np.log(p) - np.log1p(-p)
        p = sigmoid(logits)
    fine, held = reports(replace(rows, probabilities=p, logits=logits))
    for parts, expected in ((fine.log_loss, held.log_loss), (fine.brier, held.brier)):
        assert parts.within_bins is None or abs(parts.within_bins) <= 1e-14 * max(parts.mean, 1.0)
        for part in PARTS:
            value = getattr(expected, part)
            assert getattr(parts, part) == pytest.approx(value, rel=1e-12, abs=1e-13)


def test_bins_can_only_hide_discrimination() -> None:
    random = np.random.default_rng(4)
    p = random.beta(0.4, 2.0, 20_000)
    fine, held = reports(Rows(random.random(20_000) < p, p))
    for parts, expected in ((fine.log_loss, held.log_loss), (fine.brier, held.brier)):
        assert parts.discrimination <= expected.discrimination
        assert parts.recalibrated >= expected.recalibrated
        assert abs(parts.within_bins or 0.0) < 1e-4


def test_by_hand() -> None:
    """Two predictions of one bin, whose mean is 0.25005."""
    report = calibration_report([1, 0], [0.25, 0.2501], plan=FINE)
    assert report.fine_bins is not None
    assert asdict(report.fine_bins) == {"n": 1, "n_coarse": 0}
    mean = -(math.log(0.25) + math.log(0.7499)) / 2.0
    of_bin = -(math.log(0.25005) + math.log(0.74995)) / 2.0
    assert report.log_loss.mean == pytest.approx(mean, rel=1e-15)
    assert report.log_loss.within_bins == pytest.approx(mean - of_bin, rel=1e-10)
    assert report.log_loss.miscalibration == pytest.approx(of_bin - math.log(2.0), rel=1e-14)
    brier = (0.75**2 + 0.2501**2) / 2.0 - (0.74995**2 + 0.25005**2) / 2.0
    assert report.brier.within_bins == pytest.approx(brier, rel=1e-10)


def test_coarse_bins_are_counted() -> None:
    report = calibration_report([1, 0, 0, 1], [0.0, 1e-7, 1e-300, 1.0 - 1e-9], plan=FINE)
    assert report.fine_bins is not None
    assert asdict(report.fine_bins) == {"n": 4, "n_coarse": 3}


def test_products_that_underflow_make_no_row_impossible() -> None:
    report = calibration_report([1, 0], [1e-300, 0.5], weights=[1e-100, 1e-100], plan=FINE)
    assert math.isfinite(report.log_loss.mean)
    assert math.isfinite(report.log_loss.miscalibration)


def test_quantile_bins_hold_all_rows_in_fine_bins_put_together() -> None:
    random = np.random.default_rng(5)
    p = random.beta(2.0, 5.0, 10_000)
    plan = CalibrationPlan(strategy="quantile", n_bins=4, with_fine_bins=True)
    report = calibration_report(random.random(10_000) < p, p, plan=plan)
    sizes = [each.n for each in report.bins]
    largest = np.bincount(places_of(Rows(np.zeros(10_000, np.bool_), p))).max()
    assert sum(sizes) == 10_000
    assert all(abs(size - 2500) <= largest for size in sizes)
    for each in report.bins:
        inside = p[(p > each.low) & (p <= each.high)]
        assert len(inside) == each.n
        assert each.mean_prediction == pytest.approx(math.fsum(inside) / len(inside), rel=1e-15)


def test_rows_that_are_left_out_count_for_nothing() -> None:
    missing = np.array([False, True, False])
    rows = Rows(np.array([True, False, False]), np.array([0.3, 0.0, 0.2]), missing=missing)
    fine, expected = FineBins.of(rows), FineBins.of(rows.counted())
    assert np.array_equal(fine.table.units, expected.table.units)
    assert np.array_equal(fine.heights.units, expected.heights.units)
    assert fine.n_in_fit == expected.n_in_fit == 2


def test_bins_above_one_half_are_those_of_the_other_label() -> None:
    """Turning labels and predictions around changes no part."""
    random = np.random.default_rng(6)
    p = 1.0 - random.random(500).round(6)
    labels = random.random(500) < p
    ours = calibration_report(labels, p, plan=FINE)
    turned = calibration_report(~labels, 1.0 - p, plan=FINE)
    assert ours.fine_bins == turned.fine_bins
    for part in (*PARTS, "within_bins"):
        value = getattr(ours.log_loss, part)
        assert getattr(turned.log_loss, part) == pytest.approx(value, rel=1e-9, abs=1e-13)
    assert int(is_above_half().sum()) * 2 == N_FINE_BINS


def test_what_needs_rows_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^n_bootstrap draws samples of the rows"):
        CalibrationPlan(n_bootstrap=1, with_fine_bins=True)
    with pytest.raises(DataError, match="the mean of no rows is undefined"):
        calibration_report([], [], plan=FINE)
    with pytest.raises(DataError, match="all weights are 0"):
        calibration_report([1], [0.5], weights=[0.0], plan=FINE)
