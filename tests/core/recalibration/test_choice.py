"""Maps judged by other rows: against the reference values, plain loops, and what must hold."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bce_cli.core.inference import t_quantile
from bce_cli.core.progress import Stage
from bce_cli.core.recalibration.choice import (
    PairedDifference,
    RecalibrationPlan,
    RecalibrationReport,
    recalibration_report,
)
from bce_cli.core.recalibration.fitting import fit_whole
from bce_cli.core.recalibration.folds import deal
from bce_cli.core.recalibration.maps import METHODS, Method
from bce_cli.core.report import Unit, loss_report
from bce_cli.core.rows import Rows, as_floats
from bce_cli.core.rules import sigmoid
from bce_cli.core.totals import LossTotals
from bce_cli.core.validate import check_rows
from bce_cli.errors import ArgumentError, DataError
from tests.core.recalibration.some_samples import drawn_rows, in_clusters

ROOT = Path(__file__).parents[3]
REFERENCE: dict[str, Any] = json.loads(
    (ROOT / "tests" / "golden_statistics" / "recalibration_flights.json").read_text("utf-8")
)
UNITS: tuple[Unit, ...] = ("nats", "bits")
KEYS = ("loss_on_fitted_rows", "cross_fitted_loss")


def _flights(name: str) -> Rows:
    with (ROOT / "sample_data" / "flights.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    column = name.split(maxsplit=1)[0].removeprefix("flights.")
    labels = np.array([record["label"] == "1" for record in records])
    rows = Rows(labels, np.array([float(record[column]) for record in records]))
    return in_clusters(rows, [record["day"] for record in records]) if "day" in name else rows


@pytest.mark.parametrize(
    ("name", "recommended"),
    [
        ("flights.boosting folds and clusters by day", "as-is"),
        pytest.param("flights.boosting", "logistic", marks=pytest.mark.deep),
        pytest.param("flights.logistic", "logistic", marks=pytest.mark.deep),
    ],
)
def test_flights_have_the_reference_values(name: str, recommended: str) -> None:
    rows = _flights(name)
    report = recalibration_report(rows)
    assert report.recommended == recommended
    assert report.n_clusters == (10 if "day" in name else None)
    for known, expected in REFERENCE[name]["methods"].items():
        found = report.of("as-is" if known == "identity" else known)
        assert found.map is not None
        losses = found.fitted_loss, found.cross_fitted_loss
        assert losses == pytest.approx([expected[key] for key in KEYS], abs=1e-13)
        for key in found.map.parameters:
            assert found.map.parameters[key] == pytest.approx(
                expected["parameters"][key], abs=1e-12
            )
        if found.map.knots:
            ends = found.map.n_blocks, found.map.knots[0][1], found.map.knots[-1][1]
            keys = ("blocks", "first_level", "last_level")
            assert ends == pytest.approx([expected["parameters"][key] for key in keys], abs=1e-15)
        if expected["difference"] is None:
            assert found.difference is None
        else:
            assert found.difference is not None
            figures = [expected["difference"][key] for key in ("mean", "se", "low", "high")]
            assert _figures(found.difference) == pytest.approx(figures, abs=1e-13)


def _figures(found: PairedDifference) -> list[float | None]:
    return [found.value, found.std_error, found.ci_low, found.ci_high]


@pytest.mark.parametrize("kind", ["plain", "tied", "weighted", "soft", "logits"])
@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.few(4)
def test_cross_fitted_figures_are_those_of_plain_loops(kind: str, in_order: bool) -> None:
    rows = drawn_rows(150, seed=4, slope=0.4, kind=kind)
    if kind == "tied":
        rows = replace(rows, probabilities=rows.probabilities.clip(0.1, 0.9))
    order = np.arange(150) * 7 % 150 if in_order else None
    plan = RecalibrationPlan(folds=4, has_order=in_order, confidence=0.9)
    report = recalibration_report(rows, plan, order)
    folds = deal(rows, 4, order=order)
    judged = np.flatnonzero(folds.codes >= 0)
    losses = {method: np.zeros(150) for method in METHODS}
    for fold in range(4):
        fits = fit_whole(rows.at(np.flatnonzero(folds.fitted(folds.codes, fold))))
        there = np.flatnonzero(folds.codes == fold)
        for method, fit in fits.items():
            assert fit.map is not None
            given = {"logits": rows.logits[there]} if rows.logits is not None else {}
            logits = fit.map.logits_of(rows.probabilities[there], **given)
            y = as_floats(rows.labels[there])
            costs = y * np.logaddexp(0.0, -logits) + (1.0 - y) * np.logaddexp(0.0, logits)
            losses[method][there] = costs
    weights = np.ones(150) if rows.weights is None else rows.weights
    assert report.n_judged == len(judged)
    w = weights[judged]
    for method in METHODS:
        found = report.of(method)
        own = losses[method][judged]
        assert found.cross_fitted_loss == pytest.approx(np.average(own, weights=w), rel=1e-10)
        if method == "as-is":
            continue
        differences = own - losses["as-is"][judged]
        value = np.average(differences, weights=w)
        n = len(judged)
        error = math.sqrt(n / (n - 1) * ((w * (differences - value)) ** 2).sum()) / w.sum()
        reach = t_quantile(0.9, n - 1) * error
        assert found.difference is not None
        expected = [value, error, value - reach, value + reach]
        assert _figures(found.difference) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("kind", ["plain", "tied", "weighted", "soft", "logits"])
def test_as_is_is_what_compute_prints(kind: str) -> None:
    rows = drawn_rows(80, kind=kind)
    if kind == "tied":
        rows = replace(rows, labels=rows.probabilities > 0.5)  # no certain row is wrong
    report = recalibration_report(rows, RecalibrationPlan(folds=3, unit="bits", method="offset"))
    mean = loss_report(LossTotals.of(rows), "bits").mean_loss
    assert report.of("as-is").fitted_loss == mean
    assert report.of("as-is").cross_fitted_loss == mean
    assert report.losses == loss_report(LossTotals.of(rows), "bits")


def test_bits_are_nats_over_log_2() -> None:
    rows = drawn_rows(100, slope=0.5)
    nats, bits = (
        recalibration_report(rows, RecalibrationPlan(folds=3, method="platt", unit=unit))
        for unit in UNITS
    )
    left, right = nats.of("platt"), bits.of("platt")
    assert left.map == right.map
    assert left.fitted_loss is not None
    assert left.cross_fitted_loss is not None
    assert left.difference is not None
    assert right.difference is not None
    assert right.fitted_loss == pytest.approx(left.fitted_loss / math.log(2.0), rel=1e-15)
    assert right.cross_fitted_loss == pytest.approx(
        left.cross_fitted_loss / math.log(2.0), rel=1e-15
    )
    scaled = [
        None if value is None else value / math.log(2.0) for value in _figures(left.difference)
    ]
    assert _figures(right.difference) == pytest.approx(scaled, rel=1e-12)


def test_rows_of_weight_0_count_for_nothing() -> None:
    rows = drawn_rows(90, slope=0.5)
    weights = np.where(np.arange(90) % 3 == 1, 0.0, 1.0)
    found = recalibration_report(replace(rows, weights=weights), RecalibrationPlan(folds=3))
    alone = recalibration_report(rows.at(np.flatnonzero(weights)), RecalibrationPlan(folds=3))
    for method in METHODS:
        left, right = found.of(method), alone.of(method)
        assert left.map == right.map
        assert left.cross_fitted_loss == right.cross_fitted_loss
    order = np.arange(90)
    plan = RecalibrationPlan(folds=3, has_order=True, method="offset")
    kept = np.flatnonzero(weights)
    found = recalibration_report(replace(rows, weights=weights), plan, order)
    alone = recalibration_report(rows.at(kept), plan, order[kept])
    assert found.of("offset") == alone.of("offset")
    assert found.n_judged == alone.n_judged == 45


def test_with_an_order_the_first_block_is_in_no_cross_fitted_figure() -> None:
    rows = drawn_rows(100)
    plan = RecalibrationPlan(folds=4, has_order=True, method="offset")
    report = recalibration_report(rows, plan, np.arange(100))
    assert (report.n_judged, report.in_order, report.folds) == (80, True, 4)
    as_is = report.of("as-is")
    later = loss_report(LossTotals.of(rows.at(slice(20, 100)))).mean_loss
    assert as_is.cross_fitted_loss == later
    assert as_is.fitted_loss == report.losses.mean_loss != later


@pytest.mark.parametrize("flaw", ["logits", "ties"])
def test_clusters_are_robust_and_dealt_whole(flaw: str) -> None:
    words = [f"c{i % 12}" for i in range(120)]
    rows = in_clusters(
        drawn_rows(120, slope=0.3, kind="logits" if flaw == "logits" else "plain"), words
    )
    if flaw == "ties":
        rows = replace(rows, probabilities=rows.probabilities.round(1).clip(0.1, 0.9))
    report = recalibration_report(rows, RecalibrationPlan(folds=4, method="logistic"))
    assert (report.n_clusters, report.n_cut_clusters) == (12, 0)
    codes = deal(rows, 4).codes
    assert codes.tolist() == [i % 12 % 4 for i in range(120)]
    differences = np.zeros(120)
    for fold in range(4):
        found = fit_whole(rows.at(np.flatnonzero(codes != fold)), ("logistic",))["logistic"].map
        assert found is not None
        there = np.flatnonzero(codes == fold)
        sign = np.where(rows.labels[there], -1.0, 1.0)
        before = np.log(rows.probabilities[there]) - np.log1p(-rows.probabilities[there])
        after = found.logits_of(rows.probabilities[there])
        differences[there] = np.logaddexp(0.0, sign * after) - np.logaddexp(0.0, sign * before)
    sums = differences.reshape(10, 12).sum(axis=0)
    value = differences.mean()
    error = math.sqrt(12 / 11 * ((sums - 10 * value) ** 2).sum()) / 120
    reach = t_quantile(0.95, 11) * error
    difference = report.of("logistic").difference
    assert difference is not None
    expected = [value, error, value - reach, value + reach]
    assert _figures(difference) == pytest.approx(expected, rel=1e-8)


def _recommended(n: int, seed: int, **options: float) -> RecalibrationReport:
    return recalibration_report(drawn_rows(n, seed, **options))  # type: ignore[arg-type]


def test_the_simplest_map_that_no_other_clearly_beats() -> None:
    report = _recommended(1000, 3, slope=0.5)
    assert report.recommended == "temperature"
    as_is, offset = report.of("as-is"), report.of("offset")
    for simpler in (as_is, offset):
        assert "temperature" in simpler.beaten_by
    for later in METHODS[2:]:
        assert report.of(later).beaten_by == ()
    best = report.of("temperature")
    assert best.against_recommended is None
    assert report.recommended_difference == best.difference
    assert best.difference is not None
    assert as_is.against_recommended is not None
    assert as_is.against_recommended.value == -best.difference.value  # type: ignore[operator]
    assert report.told_apart == ("as-is", "offset")
    assert report.not_told_apart == METHODS[3:]


def test_a_simple_map_that_is_no_better_is_not_taken_for_being_hard_to_judge() -> None:
    """A few rows of great weight: nothing clearly beats the offset, which does worse."""
    weights = np.where(np.arange(60) % 2 == 0, 1e100, 1e-100)
    rows = replace(drawn_rows(60, 29, slope=0.3), weights=weights)
    report = recalibration_report(rows, RecalibrationPlan(folds=3))
    offset = report.of("offset")
    assert offset.difference is not None
    assert offset.difference.value is not None
    assert offset.difference.value > 0.0
    assert offset.beaten_by == ()
    assert report.of("as-is").beaten_by == ("beta", "centred")
    assert report.recommended == "beta"
    assert report.recommended_difference is not None
    assert report.recommended_difference.reversed.exceeds(0.0)
    assert "offset" in report.not_told_apart


def test_calibrated_rows_are_left_as_they_are() -> None:
    report = _recommended(1000, 3)
    assert report.recommended == "as-is"
    assert report.recommended_difference is None
    assert report.of("as-is").beaten_by == ()
    assert report.of("as-is").against_recommended is None
    offset = report.of("offset")
    assert offset.against_recommended == offset.difference


@pytest.mark.deep
@pytest.mark.parametrize(("slope", "least"), [(1.0, 57), (0.5, 60)])
def test_how_often_calibrated_and_sharpened_rows_are_told(slope: float, least: int) -> None:
    """Of 60 draws of 800 rows; of 300 calibrated ones of 500, and 200 sharpened of 1,000, all."""
    left = [_recommended(800, seed, slope=slope).recommended == "as-is" for seed in range(60)]
    right = left.count(slope == 1.0)
    assert right >= least


def test_one_method_beside_what_there_is() -> None:
    rows = drawn_rows(100, slope=0.5)
    report = recalibration_report(rows, RecalibrationPlan(folds=3, method="beta"))
    assert [found.method for found in report.methods] == ["as-is", "beta"]
    whole = recalibration_report(rows, RecalibrationPlan(folds=3))
    assert report.of("beta").map == whole.of("beta").map
    assert report.of("beta").difference == whole.of("beta").difference
    alone = recalibration_report(rows, RecalibrationPlan(folds=3, method="as-is"))
    assert [found.method for found in alone.methods] == ["as-is"]
    assert alone.recommended == "as-is"
    with pytest.raises(ArgumentError, match=r"^there is no method 'platt' here\n"):
        report.of("platt")


def test_certain_and_wrong_rows_make_any_map_better() -> None:
    rows = drawn_rows(100, kind="tied")
    p = np.where(np.arange(100) < 5, 0.0, rows.probabilities.clip(0.1, 0.9))
    rows = replace(rows, labels=np.where(np.arange(100) < 3, True, rows.labels), probabilities=p)
    report = recalibration_report(rows, RecalibrationPlan(folds=3))
    as_is = report.of("as-is")
    assert as_is.fitted_loss == as_is.cross_fitted_loss == math.inf
    assert as_is.n_infinite == int(np.count_nonzero(rows.labels & (p == 0.0))) >= 3
    assert (report.n_at_0, report.n_at_1) == (5, 0)
    assert report.recommended == "offset"
    for method in METHODS[1:]:
        found = report.of(method)
        assert found.n_infinite == 0
        assert found.cross_fitted_loss is not None
        assert math.isfinite(found.cross_fitted_loss)
        assert found.difference == PairedDifference(-math.inf)
        assert found.falls_at_0 == (method not in ("isotonic", "centred"))
        assert not found.falls_at_1


def test_separated_rows_are_said_to_be() -> None:
    labels = np.arange(40) % 2 == 0
    rows = Rows(labels, np.where(labels, 0.7, 0.2) + np.arange(40) / 1000.0)
    report = recalibration_report(rows, RecalibrationPlan(folds=4))
    for method in ("temperature", "logistic", "beta"):
        found = report.of(method)
        assert (found.map, found.obstacle) == (None, "separated")
        assert (found.fitted_loss, found.cross_fitted_loss, found.difference) == (None, None, None)
        assert found.n_infinite is None
    platt = report.of("platt")
    assert platt.map is not None
    assert platt.cross_fitted_loss is not None
    assert report.recommended == "isotonic"


def test_a_fold_may_lack_what_all_rows_have() -> None:
    # without the one row on the wrong side, which is in one fold, the others are separated
    labels = np.arange(40) % 2 == 0
    p = np.where(labels, 0.7, 0.2) + np.arange(40) / 1000.0
    p[4] = 0.01
    report = recalibration_report(Rows(labels, p), RecalibrationPlan(folds=4))
    found = report.of("logistic")
    assert found.map is not None
    assert found.fitted_loss is not None
    assert found.obstacle is None
    assert found.fold_obstacle == "separated"
    assert (found.cross_fitted_loss, found.difference, found.n_infinite) == (None, None, None)
    assert report.recommended not in ("temperature", "logistic", "beta")


def test_reversed_predictions_are_said_to_be() -> None:
    report = _recommended(300, 2, slope=-1.0)
    reversed_methods = {found.method for found in report.methods if found.is_reversed}
    assert reversed_methods == {"temperature", "logistic", "platt"}
    assert report.recommended == "temperature"


def test_classes_for_probabilities_have_levels_alone() -> None:
    rows = drawn_rows(60)
    rows = replace(rows, probabilities=np.round(rows.probabilities))
    report = recalibration_report(rows, RecalibrationPlan(folds=3))
    assert report.n_at_0 + report.n_at_1 == 60
    assert {found.obstacle for found in report.methods[1:6]} == {"no rows"}
    losses = {found.cross_fitted_loss for found in report.methods[1:6]}
    assert len(losses) == 1
    assert report.recommended == "offset"


def test_one_label_and_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match=r"^all labels are 1: a map takes both$"):
        recalibration_report(Rows(np.ones(30, np.bool_), sigmoid(np.arange(30.0))))
    with pytest.raises(DataError, match=r"^the mean of no rows is undefined$"):
        recalibration_report(check_rows([], []))
    with pytest.raises(DataError, match=r"^all weights are 0, so there is no mean$"):
        recalibration_report(check_rows([0, 1], [0.5, 0.5], [0, 0]))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"folds": 1}, "folds must be at least 2, got 1"),
        ({"folds": 0, "has_order": True}, "folds must be at least 1, got 0"),
        ({"folds": 2.5}, "folds must be a whole number, got 2.5"),
        ({"seed": True}, "seed must be a whole number, got True"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"method": "isotone"}, "method 'isotone' is not known; did you mean 'isotonic'?"),
        ({"confidence": 1.0}, "confidence must lie between 0 and 1, got 1"),
        ({"confidence": math.nan}, "confidence must lie between 0 and 1, got nan"),
        (
            {"seed": 1, "has_order": True},
            "seed deals rows by chance, and order by what came before",
        ),
    ],
)
def test_what_is_no_plan_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        RecalibrationPlan(**fields)
    assert caught.value.message == message


def test_plan_and_order_go_together() -> None:
    rows = drawn_rows(50)
    with pytest.raises(ArgumentError, match=r"^order is given, and has_order is False$"):
        recalibration_report(rows, RecalibrationPlan(), np.arange(50))
    with pytest.raises(ArgumentError, match=r"^has_order is True, and no order is given$"):
        recalibration_report(rows, RecalibrationPlan(has_order=True))


def test_progress_counts_folds() -> None:
    stages: list[Stage] = []
    plan = RecalibrationPlan(folds=3, method="offset")
    recalibration_report(drawn_rows(50), plan, progress=stages.append)
    assert stages == [Stage("fitting", done, 4, "folds") for done in range(5)]


def test_digits_do_not_depend_on_the_order_of_rows_within_folds() -> None:
    rows = drawn_rows(60, slope=0.5, kind="weighted")
    codes = deal(rows, 3).codes
    by_fold = np.argsort(codes, kind="stable")
    methods: tuple[Method, ...] = ("as-is", "logistic", "isotonic")
    words = in_clusters(rows, [str(code) for code in codes])
    left = recalibration_report(words, RecalibrationPlan(folds=3))
    right = recalibration_report(words.at(by_fold), RecalibrationPlan(folds=3))
    for method in methods:
        assert left.of(method) == right.of(method)
