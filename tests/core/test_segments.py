"""Segments: each is what its rows alone come to, and together they are the whole."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from fractions import Fraction
from itertools import compress
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals, comparison_report
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.groups import ClusterSums, divisors_of, weights_of
from bce_cli.core.inference import at_confidence, t_quantile
from bce_cli.core.report import FEW, NORMAL_QUANTILE, Unit, loss_report
from bce_cli.core.rows import Categories, Predictions, Rows, as_floats, concatenated, weighted
from bce_cli.core.segment_reports import SegmentReport, segment_reports
from bce_cli.core.segmented import MOST_SEGMENTS, Segmented
from bce_cli.core.segments import (
    Gap,
    SegmentSums,
    off_beyond_chance,
    promised_error,
    segment_sums,
)
from bce_cli.core.totals import LossTotals, Moments, finite_losses
from bce_cli.errors import DataError

CONVENTIONS = [EXACT, Convention(clip=0.01), Convention(like="torch"), Convention(like="catboost")]
OF_AN_ORDER = {"first_impossible_row", "held_weights", "doubts"}  # or of the whole alone
SUMS = [field.name for field in fields(LossTotals) if field.name not in OF_AN_ORDER]


def categories(words: list[str]) -> Categories:
    names = sorted(set(words))
    return Categories(np.array([names.index(word) for word in words], np.int32), tuple(names))


@st.composite
def parted(draw: st.DrawFn) -> tuple[Rows, list[tuple[str, str]]]:
    """Draw rows, and the words of two columns for each."""
    rows = draw(st.from_type(Rows).filter(len))
    words = draw(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "", "y z"])),
            min_size=len(rows),
            max_size=len(rows),
        )
    )
    columns = tuple(categories([pair[i] for pair in words]) for i in (0, 1))
    return replace(rows, segments=columns), words


def totals_of(rows: Rows, convention: Convention = EXACT) -> Segmented[SegmentSums]:
    held = convention.held(rows)
    return segment_sums(held, convention.losses(held), convention)


def in_pieces(pieces: list[Rows]) -> Segmented[SegmentSums]:
    merged: Segmented[SegmentSums] = Segmented()
    for piece in pieces:
        merged += totals_of(piece)
    return merged


@given(parted(), st.sampled_from(CONVENTIONS))
def test_a_segment_is_what_its_rows_alone_come_to(
    case: tuple[Rows, list[tuple[str, str]]], convention: Convention
) -> None:
    rows, words = case
    found = totals_of(rows, convention).totals()
    assert set(found) == set(words)
    for name, sums in found.items():
        places = np.array([i for i, pair in enumerate(words) if pair == name])
        alone = LossTotals.of(rows.at(places), convention=convention)
        assert sums.losses == replace(alone, doubts=None)  # of the whole alone


@given(parted(), st.sampled_from(CONVENTIONS))
def test_segments_add_up_to_the_whole_exactly(
    case: tuple[Rows, list[tuple[str, str]]], convention: Convention
) -> None:
    rows, _ = case
    whole = LossTotals.of(rows, convention=convention)
    found = totals_of(rows, convention).totals().values()
    together = sum((sums.losses for sums in found), LossTotals())
    assert [getattr(together, name) for name in SUMS] == [getattr(whole, name) for name in SUMS]
    held = convention.held(rows)
    given, weights, divisors = held.probabilities, held.weights, weights_of(held)
    errors = weighted(as_floats(convention.hardened(held).labels) - given, weights)
    losses, _ = finite_losses(convention.losses(held), weights)
    first, *others = found
    for sums in others:
        first += sums
    assert first.predictions == (
        ExactSum.of(given) if weights is None else ExactSum.of_products(given, weights)
    )
    assert first.errors == Moments.of(errors, divisors)
    if held.cluster is not None:
        assert first.error_clusters == ClusterSums.of(held.cluster, errors, divisors)
        assert first.loss_clusters == ClusterSums.of(
            held.cluster, losses, divisors_of(held, convention)
        )


@given(parted(), st.integers(1, 5))
def test_segments_do_not_depend_on_pieces(
    case: tuple[Rows, list[tuple[str, str]]], size: int
) -> None:
    rows, _ = case
    pieces = [rows.at(slice(start, start + size)) for start in range(0, len(rows), size)]
    assert in_pieces(pieces) == totals_of(rows)


@given(parted(), st.randoms())
def test_the_order_of_rows_changes_no_figure(
    case: tuple[Rows, list[tuple[str, str]]], random: np.random.Generator
) -> None:
    rows, _ = case
    order = list(range(len(rows)))
    random.shuffle(order)
    mixed = rows.at(np.array(order))
    if not LossTotals.of(rows).weights.units:
        return
    whole = loss_report(LossTotals.of(rows))
    found = [segment_reports(totals_of(part), whole) for part in (rows, mixed)]
    plain = [
        [
            replace(item, report=item.report and replace(item.report, first_impossible_row=None))
            for item in items
        ]
        for items in found
    ]
    assert plain[0] == plain[1]


@given(
    parted(),
    st.sampled_from([*CONVENTIONS, Convention(like="sklearn"), Convention(like="lightgbm")]),
    st.sampled_from(get_args(Unit)),
    st.sampled_from([0.95, 0.8]),
)
def test_figures_side_by_side_are_those_of_each_segment_alone(
    case: tuple[Rows, list[tuple[str, str]]], convention: Convention, unit: Unit, confidence: float
) -> None:
    rows, _ = case
    assume(rows.weights is None or rows.weights.any())
    assume(rows.n_missing < len(rows))
    whole = loss_report(LossTotals.of(rows, convention=convention), unit)
    parts = totals_of(rows, convention)
    found = segment_reports(parts, whole, unit, confidence=confidence)
    every = {names: sums for names, sums in parts.totals().items() if sums.losses.n}
    assert {item.names for item in found} == every.keys()
    for item in found:
        sums = every[item.names]
        totals = sums.losses
        if not totals.weights.units:
            assert (item.report, item.gap, item.mean_prediction) == (None, None, None)
            continue
        report = loss_report(totals, unit)
        assert item.report == at_confidence(report, totals.moments, sums.loss_clusters, confidence)
        assert item.gap == sums.gap(confidence)
        assert item.mean_prediction == sums.mean_prediction
        assert (item.n, item.is_small) == (totals.n, totals.n < FEW)
        is_told = 0.0 < whole.total_loss < math.inf
        assert item.share_of_total == (report.total_loss / whole.total_loss if is_told else None)


def test_a_segment_of_several_float_types_is_refused_as_all_rows_are() -> None:
    sklearn, column = Convention(like="sklearn"), Categories(np.zeros(1, np.int32), ("a",))
    one = Rows(np.array([True]), np.array([0.5]), segments=(column,))
    whole = loss_report(LossTotals.of(one))
    both = totals_of(one, sklearn)
    (told,) = segment_reports(both, whole)
    assert told.report is not None
    assert told.report.float_type == "float64"
    both += totals_of(replace(one, float_type="float32"), sklearn)
    with pytest.raises(DataError, match="predictions are stored in several float types"):
        segment_reports(both, whole)


def test_a_sum_beyond_float64_still_has_a_mean() -> None:
    column = Categories(np.zeros(2, np.int32), ("a",))
    logits = np.array([-1.5e308, -1.5e308])
    rows = Rows(np.array([True, True]), np.zeros(2), logits=logits, segments=(column,))
    (found,) = segment_reports(totals_of(rows), loss_report(LossTotals.of(rows)))
    assert found.report is not None
    assert (found.report.mean_loss, found.report.total_loss) == (1.5e308, math.inf)
    assert found.report.n_impossible == 0


def test_a_word_that_stands_twice_in_a_column_is_one_segment() -> None:
    column = Categories(np.array([0, 1, 2], np.int32), ("a", "b", "a"))
    rows = Rows(np.array([True] * 3), np.array([0.5, 0.25, 0.5]), segments=(column,))
    found = totals_of(concatenated([rows, rows])).totals()
    assert {name: sums.losses.n for name, sums in found.items()} == {("a",): 4, ("b",): 2}


def _two_sites(labels: list[bool], predictions: list[float], weights: list[float]) -> Rows:
    sites = Categories(np.array([0, 0, 1, 1], np.int32), ("a", "b"))
    return Rows(np.array(labels), np.array(predictions), np.array(weights), segments=(sites,))


def test_shares_are_of_the_whole_loss_and_the_greatest_comes_first() -> None:
    rows = _two_sites([True, False, True, False], [0.5, 0.5, 0.25, 0.75], [1.0] * 4)
    whole = loss_report(LossTotals.of(rows), "bits")
    found = segment_reports(totals_of(rows), whole, "bits")
    assert [item.names for item in found] == [("b",), ("a",)]
    assert [item.share_of_total for item in found] == [4.0 / 6.0, 2.0 / 6.0]
    assert [item.report and item.report.mean_loss for item in found] == [2.0, 1.0]
    assert all(item.is_small for item in found)


def test_a_segment_without_weight_has_no_figures() -> None:
    rows = _two_sites([True, False, True, False], [0.5] * 4, [1.0, 1.0, 0.0, 0.0])
    first, second = segment_reports(totals_of(rows), loss_report(LossTotals.of(rows)))
    assert (first.names, first.share_of_total) == (("a",), 1.0)
    assert (second.names, second.n, second.report, second.share_of_total) == (("b",), 2, None, None)


def test_an_infinite_segment_comes_first_and_leaves_no_shares() -> None:
    rows = _two_sites([True, True, True, False], [0.5, 0.5, 0.0, 0.5], [1.0] * 4)
    first, second = segment_reports(totals_of(rows), loss_report(LossTotals.of(rows)))
    assert first.report is not None
    assert (first.names, first.report.mean_loss) == (("b",), math.inf)
    assert (first.share_of_total, second.share_of_total) == (None, None)


def test_a_loss_of_0_has_no_shares() -> None:
    rows = _two_sites([True] * 4, [1.0] * 4, [1.0] * 4)
    found = segment_reports(totals_of(rows), loss_report(LossTotals.of(rows)))
    assert [item.share_of_total for item in found] == [None, None]


def test_rows_that_are_left_out_make_no_segment() -> None:
    sites = Categories(np.array([0, 1], np.int32), ("a", "b"))
    rows = Rows(
        np.array([True, False]),
        np.array([0.5, 0.0]),
        missing=np.array([False, True]),
        segments=(sites,),
    )
    (only,) = segment_reports(totals_of(rows), loss_report(LossTotals.of(rows)))
    assert (only.names, only.n) == (("a",), 1)


@pytest.mark.few(1)
@pytest.mark.parametrize("n_pieces", [1, 2])
def test_too_many_segments_are_refused(n_pieces: int) -> None:
    n = MOST_SEGMENTS + 1
    column = Categories(np.arange(n, dtype=np.int32), tuple(map(str, range(n))))
    rows = Rows(np.zeros(n, np.bool_), np.full(n, 0.5), segments=(column,))
    size = -(-n // n_pieces)
    pieces = [rows.at(slice(start, start + size)) for start in range(0, n, size)]
    with pytest.raises(DataError, match="more than 10,000 segments"):
        in_pieces(pieces)


@pytest.mark.deep
def test_as_many_segments_as_are_allowed_are_fine() -> None:
    n = MOST_SEGMENTS
    column = Categories(np.arange(n, dtype=np.int32), tuple(map(str, range(n))))
    rows = Rows(np.zeros(n, np.bool_), np.full(n, 0.5), segments=(column,))
    assert len(totals_of(rows).totals()) == n


def of_one_segment(rows: Rows, confidence: float = 0.95) -> SegmentReport:
    column = Categories(np.zeros(len(rows), np.int32), ("all",))
    whole = loss_report(LossTotals.of(rows))
    parted = totals_of(replace(rows, segments=(column,)))
    (found,) = segment_reports(parted, whole, confidence=confidence)
    return found


def drawn(n: int, seed: int = 5, *, has_weights: bool = True) -> Rows:
    rng = np.random.default_rng(seed)
    weights = rng.choice([0.0, 0.25, 1.0, 3.0], n) if has_weights else None
    return Rows(rng.random(n) < 0.4, rng.random(n), weights)


def exact(values: np.ndarray) -> list[Fraction]:
    return [Fraction(float(value)) for value in values]


LEAST = 1e-290


@given(parted())
def test_a_mean_prediction_is_rounded_once_as_that_of_calibration_is(
    case: tuple[Rows, list[tuple[str, str]]],
) -> None:
    rows, words = case
    tiny = (rows.probabilities > 0.0) & (rows.probabilities < LEAST)  # whose products underflow
    assume(not tiny.any())
    sums = totals_of(rows)
    whole = loss_report(LossTotals.of(rows)) if rows.weights is None or rows.weights.any() else None
    for item in () if whole is None else segment_reports(sums, whole):
        chosen = np.array([pair == item.names for pair in words])
        weights = exact(np.ones(len(rows)) if rows.weights is None else rows.weights)
        pairs = [*compress(zip(weights, exact(rows.probabilities), strict=True), chosen)]
        total = sum(weight for weight, _ in pairs)
        mean = float(sum(weight * p for weight, p in pairs) / total) if total else None
        assert item.mean_prediction == mean


@pytest.mark.parametrize("has_weights", [False, True])
def test_a_gap_has_the_interval_of_a_weighted_mean(has_weights: bool) -> None:
    rows = drawn(200, has_weights=has_weights)
    found = of_one_segment(rows)
    weights = exact(np.ones(200) if rows.weights is None else rows.weights)
    labels, predictions = exact(rows.labels), exact(rows.probabilities)
    errors = [label - p for label, p in zip(labels, predictions, strict=True)]
    total, n = sum(weights), sum(weight > 0 for weight in weights)
    mean = sum(w * e for w, e in zip(weights, errors, strict=True)) / total
    spread = sum((w * (e - mean)) ** 2 for w, e in zip(weights, errors, strict=True)) / total**2
    error = math.sqrt(spread * n / (n - 1))
    assert found.gap is not None
    assert found.report is not None
    assert found.gap.value == pytest.approx(float(mean), rel=1e-14)
    assert found.gap.std_error == pytest.approx(error, rel=1e-14)
    assert found.gap.ci_low == found.gap.value - NORMAL_QUANTILE * (found.gap.std_error or 0.0)
    assert found.gap.ci_high == found.gap.value + NORMAL_QUANTILE * (found.gap.std_error or 0.0)
    predicted = sum(w * p for w, p in zip(weights, predictions, strict=True)) / total
    assert found.mean_prediction == float(predicted)
    assert found.report.base_rate - float(predicted) == pytest.approx(float(mean), abs=1e-15)


def test_a_gap_turns_with_the_labels_and_takes_predictions_as_they_are() -> None:
    rows = drawn(50)
    turned = replace(
        rows, labels=np.logical_not(rows.labels), probabilities=1.0 - rows.probabilities
    )
    gap, other = of_one_segment(rows).gap, of_one_segment(turned).gap
    assert gap is not None
    assert other is not None
    # 1 - p is rounded.
    assert gap.value == pytest.approx(-other.value, rel=1e-12)
    assert gap.ci_low == pytest.approx(-(other.ci_high or 0.0), rel=1e-12)
    column = Categories(np.zeros(50, np.int32), ("all",))
    rows = replace(rows, segments=(column,))
    clipped = totals_of(rows, Convention(clip=0.3)).totals()["all",]
    assert clipped.predictions == totals_of(rows).totals()["all",].predictions
    assert clipped.errors == totals_of(rows).totals()["all",].errors


def test_soft_labels_count_as_the_convention_has_them() -> None:
    column = Categories(np.zeros(2, np.int32), ("all",))
    rows = Rows(np.array([0.25, 0.75]), np.array([0.5, 0.25]), segments=(column,))
    for convention, value in ((EXACT, 0.125), (Convention(like="lightgbm"), 0.625)):
        whole = loss_report(LossTotals.of(rows, convention=convention))
        (found,) = segment_reports(totals_of(rows, convention), whole)
        assert found.gap is not None
        assert found.report is not None
        assert (found.gap.value, found.mean_prediction) == (value, 0.375)
        assert found.report.base_rate - 0.375 == value


def test_clusters_of_a_row_each_have_its_error_and_the_reach_of_t() -> None:
    rows = drawn(20, has_weights=False)
    own = Categories(np.arange(20, dtype=np.int32), tuple(map(str, range(20))))
    by_row, by_cluster = of_one_segment(rows), of_one_segment(replace(rows, cluster=own))
    assert (by_row.n_clusters, by_cluster.n_clusters) == (None, 20)
    # Rows already have n / (n - 1), so that no digit of the error differs.
    pairs = (by_row.report, by_cluster.report), (by_row.gap, by_cluster.gap)
    for row, cluster in pairs:
        assert row is not None
        assert cluster is not None
        assert cluster.std_error == row.std_error
        assert row.std_error is not None
        assert cluster.ci_low is not None
        assert cluster.ci_high is not None
        reach = t_quantile(0.95, 19) * row.std_error
        assert (cluster.ci_high - cluster.ci_low) / 2.0 == pytest.approx(reach, rel=1e-14)
        assert reach > NORMAL_QUANTILE * row.std_error


def test_clusters_have_the_interval_that_a_comparison_gives_them() -> None:
    rows = drawn(90)
    days = Categories(np.arange(90, dtype=np.int32) // 7, tuple(map(str, range(13))))
    rows = replace(rows, cluster=days)
    rival = replace(rows, rivals=(Predictions(rows.probabilities),))
    compared = comparison_report(
        ComparisonTotals.of(rival, ComparisonPlan()), ["a", "b"], "nats", 0.9
    )
    found, model = of_one_segment(rows, 0.9).report, compared.models[0]
    assert found is not None
    assert (found.std_error, found.ci_low, found.ci_high) == (
        model.std_error,
        model.ci_low,
        model.ci_high,
    )


def test_one_row_or_one_cluster_has_no_interval() -> None:
    rows = drawn(5, has_weights=False)
    lone = of_one_segment(rows.at(slice(0, 1)))
    together = of_one_segment(replace(rows, cluster=Categories(np.zeros(5, np.int32), ("x",))))
    for found in (lone, together):
        assert found.report is not None
        assert found.gap is not None
        assert (found.report.std_error, found.report.ci_low, found.report.ci_high) == (None,) * 3
        assert (found.gap.std_error, found.gap.ci_low, found.gap.ci_high) == (None,) * 3
        assert not found.gap.is_off(0.95)


def test_a_level_of_95_percent_changes_no_digit_without_clusters() -> None:
    rows = drawn(30)
    report, totals = loss_report(LossTotals.of(rows), "bits"), LossTotals.of(rows)
    assert at_confidence(report, totals.moments, None, 0.95) is report
    wider = at_confidence(report, totals.moments, None, 0.99)
    assert wider.std_error == report.std_error
    assert report.std_error is not None
    assert wider.ci_high == report.mean_loss + t_quantile(0.99, math.inf) * report.std_error
    assert replace(wider, ci_low=report.ci_low, ci_high=report.ci_high) == report


def test_a_gap_is_off_by_the_larger_of_two_standard_errors() -> None:
    none = Rows(np.zeros(100, bool), np.full(100, 0.02))
    gap = of_one_segment(none).gap
    assert gap is not None
    assert (gap.value, gap.std_error) == (-0.02, 0.0)  # as no event happened
    assert gap.promised_error == math.sqrt(0.02 * 0.98 / 100)
    assert not gap.is_off(0.95)
    weighed = of_one_segment(replace(none, weights=np.repeat([1.0, 3.0], 50))).gap
    assert weighed is not None
    assert weighed.promised_error == pytest.approx(math.sqrt(0.02 * 0.98 / 80), rel=1e-14)
    shares = of_one_segment(Rows(np.full(100, 0.04), np.full(100, 0.02))).gap
    assert shares is not None
    assert (shares.promised_error, shares.is_off(0.95)) == (0.0, True)
    assert Gap(0.2, 0.01, promised_error=0.11).is_off(0.90)
    assert not Gap(0.2, 0.01, promised_error=0.11).is_off(0.95)
    assert not Gap(0.2, 0.1, df=3).is_off(0.95)  # by Student's t
    assert promised_error(0.5, 0.0) == math.inf
    assert Gap(0.0, 0.0).certainty == 0.0


@pytest.mark.deep
@pytest.mark.parametrize(
    ("level", "spread", "n", "n_segments"),
    [
        (-6.0, 1.6, 20_000, 26),  # 0.9 % events
        (-4.5, 1.3, 5_000, 20),  # 2.6 %
        (-3.0, 1.3, 2_000, 20),  # 8.6 %
        (-3.0, 1.3, 5_000, 10),
        (-1.0, 1.3, 2_000, 20),  # 30 %
    ],
)
def test_true_probabilities_are_off_in_no_segment(
    level: float, spread: float, n: int, n_segments: int
) -> None:
    rng, alarms, naive = np.random.default_rng(3), 0, 0
    for _ in range(200):
        p = 1.0 / (1.0 + np.exp(-rng.normal(level, spread, n)))
        errors, place = (rng.random(n) < p) - p, rng.integers(0, n_segments, n)
        gaps = []
        for segment in range(n_segments):
            chosen = place == segment
            m = int(np.count_nonzero(chosen))
            error = float(np.std(errors[chosen], ddof=1) / math.sqrt(m))
            promised = promised_error(float(p[chosen].mean()), m)
            gaps.append(Gap(float(errors[chosen].mean()), error, promised_error=promised))
        alarms += bool(off_beyond_chance(gaps, 0.95))
        naive += bool(off_beyond_chance([replace(gap, promised_error=0.0) for gap in gaps], 0.95))
    assert alarms <= 10  # of 200, as one minus the confidence is 5 %
    assert naive > alarms
