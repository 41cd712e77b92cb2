"""Several models and segments: every figure is that of one model on those rows alone."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from bce_cli.core.calibration.models import (
    CalibrationFigures,
    CalibrationLine,
    TotalsOfModels,
    calibration_gap,
    reports_of_models,
    segment_lines_of,
)
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import CalibrationReport, report_of_rows
from bce_cli.core.inference import t_quantile
from bce_cli.core.rows import Categories, Predictions, Rows, concatenated
from bce_cli.core.segmented import MOST_SEGMENTS
from bce_cli.errors import DataError

N = 200
MODELS = ("a", "b")


def made(*, kind: str = "plain") -> Rows:
    """Make rows under two models, in three segments of two columns, and in clusters."""
    random = np.random.default_rng(5)
    p, q = random.beta(1.0, 1.5, N).round(2), random.beta(2.0, 2.0, N).round(2)
    labels = random.random(N) < p
    sites = Categories(random.integers(0, 3, N).astype(np.int32), ("x", "", "y"))
    days = Categories(random.integers(0, 2, N).astype(np.int32), ("Mon", "Tue"))
    rows = Rows(labels, p, rivals=(Predictions(q),), segments=(sites, days))
    if kind == "weights":
        return replace(rows, weights=random.integers(0, 3, N) / 8.0)
    if kind == "soft":
        return replace(rows, labels=random.random(N).round(1))
    if kind == "logits":
        logits = random.normal(0.0, 2.0, (2, N)).round(1)
        one, other = 1.0 / (1.0 + np.exp(-logits))
        return replace(
            rows, probabilities=one, logits=logits[0], rivals=(Predictions(other, logits[1]),)
        )
    if kind == "clusters":
        users = Categories(random.integers(0, 40, N).astype(np.int32), tuple(map(str, range(40))))
        return replace(rows, cluster=users)
    return rows


def alone(rows: Rows, place: int, plan: CalibrationPlan) -> CalibrationReport:
    """Judge one model, as if there were neither others nor segments."""
    model = replace(rows.under_models()[place], segments=())
    return report_of_rows(model, [plan.totals_of(model)], plan)


def same(one: CalibrationReport, other: CalibrationReport) -> bool:
    found = [asdict(replace(report, curve=None)) for report in (one, other)]  # type: ignore[arg-type]
    curves = [[a.tolist() for a in asdict(report.curve).values()] for report in (one, other)]
    return bool(found[0] == found[1] and curves[0] == curves[1])


KINDS = ["weights", "clusters", "plain", "soft", "logits"]


@pytest.mark.few(2)
@pytest.mark.parametrize("kind", KINDS)
def test_each_model_has_the_report_that_it_has_alone(kind: str) -> None:
    rows, plan = made(kind=kind), CalibrationPlan("bits", strategy="quantile", n_bins=4)
    blocks = [rows.at(slice(start, stop)) for start, stop in pairwise([0, 1, 77, N])]
    totals = [TotalsOfModels.of(block, plan) for block in blocks]
    found = list(reports_of_models(concatenated(blocks), totals, plan))
    assert [same(report, alone(rows, at, plan)) for at, report in enumerate(found)] == [True] * 2


@pytest.mark.few(2)
@pytest.mark.parametrize("kind", KINDS)
def test_each_segment_has_the_figures_of_its_rows_alone(kind: str) -> None:
    rows, plan = made(kind=kind), CalibrationPlan(n_bootstrap=3, confidence=0.9)
    found = segment_lines_of(rows, MODELS, plan)
    words = [
        tuple(column.names[column.codes[i]] for column in rows.words) for i in range(len(rows))
    ]
    assert sorted({line.names for line in found}) == sorted(set(words))
    assert [line.model for line in found] == [*MODELS] * 6
    for line in found:
        places = np.flatnonzero([name == line.names for name in words])
        part = replace(rows.at(places), segments=())
        place = MODELS.index(line.model)
        report = alone(part, place, replace(plan, n_bootstrap=0))
        gap = calibration_gap(part.under_models()[place], 0.9)
        figures = CalibrationFigures.of(report, gap)
        assert line == CalibrationLine(line.names, line.model, len(part), figures, len(part) < 30)
        assert gap.value == pytest.approx(report.base_rate - report.mean_prediction, abs=1e-15)
    costs = [f.mean_loss * f.weight_sum for f in (line.figures for line in found[::2]) if f]
    assert costs == sorted(costs, reverse=True)


def test_segments_add_up_to_all_rows() -> None:
    rows, plan = made(kind="weights"), CalibrationPlan()
    lines, whole = segment_lines_of(rows, MODELS, plan)[1::2], alone(rows, 1, plan)
    parts = [line.figures for line in lines if line.figures]
    assert sum(line.n for line in lines) == whole.n == N
    assert sum(part.n_positive for part in parts) == whole.n_positive
    assert sum(part.weight_sum for part in parts) == whole.weight_sum
    for name in ("mean_loss", "base_rate", "mean_prediction"):
        total = math.fsum(getattr(part, name) * part.weight_sum for part in parts)
        assert total / whole.weight_sum == pytest.approx(getattr(whole, name), rel=1e-14)
    gaps = [(part.gap.value, part.weight_sum) for part in parts if part.gap]
    assert len(gaps) == len(parts)
    gap = math.fsum(value * weight for value, weight in gaps) / whole.weight_sum
    assert gap == pytest.approx(calibration_gap(rows.under_models()[1]).value, rel=1e-13)


@pytest.mark.deep
def test_blocks_that_know_words_by_other_codes_make_the_same_segments() -> None:
    rows, plan = made(kind="clusters"), CalibrationPlan()
    sites, days = rows.words
    other = Categories((2 - sites.codes).astype(np.int32), ("y", "", "x"))
    half = slice(N // 2, None)
    cut = concatenated([rows.at(slice(0, N // 2)), replace(rows, segments=(other, days)).at(half)])
    assert len(cut.words[0].names) == 6
    assert segment_lines_of(cut, MODELS, plan) == segment_lines_of(rows, MODELS, plan)


@pytest.mark.parametrize("kind", ["plain", "weights", "clusters"])
def test_a_gap_is_what_fractions_make_of_it(kind: str) -> None:
    rows = made(kind=kind)
    weights = [Fraction(1)] * N
    if rows.weights is not None:
        weights = [Fraction(w) for w in rows.weights.tolist()]
    errors = (rows.labels - rows.probabilities).tolist()
    pairs = {i: [Fraction(e) * w, w] for i, (e, w) in enumerate(zip(errors, weights, strict=True))}
    if rows.cluster is not None:
        sums: dict[int, list[Fraction]] = {}
        for code, (value, weight) in zip(rows.cluster.codes.tolist(), pairs.values(), strict=True):
            own = sums.setdefault(code, [Fraction(0), Fraction(0)])
            own[0] += value
            own[1] += weight
        pairs = sums
    kept = [pair for pair in pairs.values() if pair[1]]
    n, total = len(kept), sum(weight for _, weight in kept)
    mean = sum(value for value, _ in kept) / total
    variance = Fraction(n, n - 1) * sum((v - mean * w) ** 2 for v, w in kept) / total**2
    found = calibration_gap(rows, 0.99)
    error = math.sqrt(variance)
    reach = t_quantile(0.99, n - 1 if rows.cluster is not None else math.inf) * error
    assert (found.value, found.std_error) == pytest.approx((float(mean), error), rel=1e-14)
    ends = (float(mean) - reach, float(mean) + reach)
    assert (found.ci_low, found.ci_high) == pytest.approx(ends, rel=1e-13)


def test_a_gap_of_one_row_has_no_interval() -> None:
    found = calibration_gap(Rows(np.array([True]), np.array([0.25])))
    assert (found.value, found.std_error, found.ci_low, found.ci_high) == (0.75, None, None, None)


def test_what_cannot_be_had_of_a_segment_is_none() -> None:
    words = Categories(np.array([0, 0, 1, 1, 2], np.int32), ("one label", "certain", "no weight"))
    rows = Rows(
        np.array([True, True, True, False, True]),
        np.array([0.5, 0.75, 0.0, 0.5, 0.5]),
        np.array([1.0, 1.0, 1.0, 1.0, 0.0]),
        segments=(words,),
    )
    certain, one, nothing = segment_lines_of(rows, ("p",), CalibrationPlan())
    assert [line.names[0] for line in (certain, one, nothing)] == [
        "certain",
        "one label",
        "no weight",
    ]
    assert certain.figures is not None
    assert (certain.figures.mean_loss, certain.figures.miscalibration) == (math.inf, math.inf)
    assert (certain.figures.auc, certain.figures.slope_obstacle) == (0.0, "one label")
    assert certain.figures.n_impossible == 1
    assert one.figures is not None
    assert (one.figures.auc, one.figures.slope, one.figures.uncertainty) == (None, None, 0.0)
    assert (nothing.n, nothing.figures) == (1, None)


def test_too_many_segments_are_refused() -> None:
    n = MOST_SEGMENTS + 1
    names = Categories(np.arange(n, dtype=np.int32), tuple(map(str, range(n))))
    rows = Rows(np.zeros(n, np.bool_), np.full(n, 0.5), segments=(names,))
    with pytest.raises(DataError, match="the rows fall into more than 10,000 segments"):
        segment_lines_of(rows, ("p",), CalibrationPlan())
