"""Fitted maps: against 50 digits and exact pooling, and where no map fits best."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.calibration.logistic import recalibrate_logistically
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.recalibration.fitting import fit_map, fit_maps, fit_whole
from bce_cli.core.recalibration.maps import METHODS, Method, RecalibrationMap
from bce_cli.core.recalibration.sample import Sample
from bce_cli.core.rows import FloatArray, Rows, as_floats
from bce_cli.core.rules import logit, sigmoid
from bce_cli.core.validate import check_rows
from bce_cli.errors import DataError
from tests.budgets import examples, one_in
from tests.core.recalibration.some_samples import drawn_rows, rows_of_both_labels

GOLDEN = Path(__file__).parents[2] / "golden_statistics" / "recalibration.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
FORMULAS: tuple[Method, ...] = METHODS[1:6]
GRID = [0.0, 5e-324, 1e-310, 1e-17, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0 - 1e-9, 1.0 - 2.0**-53, 1.0]


@pytest.mark.parametrize("name", CASES)
def test_parameters_are_those_of_50_digits(name: str) -> None:
    case: dict[str, Any] = CASES[name]
    rows = check_rows(case["labels"], case["probabilities"], case.get("weights"), soft_labels=True)
    fits = fit_whole(rows)
    for method in FORMULAS:
        found, expected = fits[method].map, case["fitted"][method]
        assert found is not None
        assert fits[method].obstacle is None
        assert found.parameters == pytest.approx(expected, rel=1e-12, abs=1e-13)
        assert found.level_at_0 == pytest.approx(case["fitted"]["levels"]["at 0"], rel=1e-15)
        assert found.level_at_1 == pytest.approx(case["fitted"]["levels"]["at 1"], rel=1e-15)


def _gradient(rows: Rows, columns: list[FloatArray], line: FloatArray) -> list[float]:
    """Derivatives of the log-likelihood, in units of what rows of weight can move them by."""
    labels, rates, others = as_floats(rows.labels), sigmoid(line), sigmoid(-line)
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    residuals = weights * (labels * others - (1.0 - labels) * rates)
    return [
        float((residuals * column).sum() / (weights * np.abs(column)).sum()) for column in columns
    ]


def _well_behaved(rows: Rows) -> Rows:
    """Keep logits near enough to 0 that no column is a constant but for rounding."""
    logits = np.clip(
        logit(rows.probabilities) if rows.logits is None else rows.logits, -12.0, 12.0
    ).round(2)
    return replace(rows, probabilities=sigmoid(logits), logits=logits)


@given(rows_of_both_labels())
@settings(max_examples=examples(100))
def test_the_gradient_is_0_at_the_fit(rows: Rows) -> None:
    rows = _well_behaved(rows)
    assert rows.logits is not None
    one, z = np.ones(len(rows)), rows.logits
    log_p, log_rest = -np.logaddexp(0.0, -z), -np.logaddexp(0.0, z)
    columns: dict[str, list[FloatArray]] = {
        "offset": [one],
        "temperature": [z],
        "logistic": [one, z],
        "beta": [one],
    }
    fits = fit_whole(rows, FORMULAS)
    of_some_weight = z if rows.weights is None else z[rows.weights > 0.0]
    for method, own in columns.items():
        found = fits[method].map  # type: ignore[index]
        if found is None or not np.any(of_some_weight):
            continue
        line = found.logits_of(logits=z)
        assert _gradient(rows, own, line) == pytest.approx([0.0] * len(own), abs=1e-9)
        if method == "beta":
            for name, column in (("a", log_p), ("b", -log_rest)):
                (slope,) = _gradient(rows, [column], line)
                assert slope <= 1e-9  # at the bound 0 it may not pay to go further
                assert found.parameters[name] == 0.0 or abs(slope) <= 1e-9


def test_offset_and_logistic_are_the_very_digits_of_calibration() -> None:
    rows = drawn_rows(300, slope=0.6, shift=0.3, kind="tied")
    known = recalibrate_logistically(Tally.of(rows), len(rows))
    fits = fit_whole(rows)
    assert known.slope is not None
    assert known.intercept is not None
    assert known.calibration_in_the_large is not None
    assert fits["logistic"].map is not None
    assert fits["logistic"].map.parameters == {"a": known.intercept.value, "b": known.slope.value}
    assert fits["offset"].map is not None
    assert fits["offset"].map.parameters == {"a": known.calibration_in_the_large.value}


@given(rows_of_both_labels(), st.randoms(use_true_random=False))
@settings(max_examples=examples(60))
def test_the_order_of_rows_is_nothing(rows: Rows, random: Any) -> None:  # noqa: ANN401
    places = list(range(len(rows)))
    random.shuffle(places)
    assert fit_whole(rows.at(np.array(places))) == fit_whole(rows)


@pytest.mark.parametrize("kind", ["plain", "tied", "weighted", "soft", "logits"])
def test_weights_of_2_are_doubled_rows_in_every_formula(kind: str) -> None:
    rows = drawn_rows(60, slope=0.6, shift=0.3, kind=kind)
    ones = np.ones(len(rows)) if rows.weights is None else rows.weights
    heavy = fit_whole(replace(rows, weights=2.0 * ones))
    twice = rows.at(np.repeat(np.arange(len(rows)), 2))
    doubled = fit_whole(twice)
    for method in FORMULAS:
        left, right = heavy[method].map, doubled[method].map
        assert left is not None
        assert right is not None
        assert left.parameters == pytest.approx(right.parameters, rel=1e-11, abs=1e-12)
        assert (left.level_at_0, left.level_at_1) == (right.level_at_0, right.level_at_1)


def _exact_levels(rows: Rows) -> dict[float, Fraction]:
    """Isotonic levels by the formula of minima and maxima, in fractions."""
    weights: list[Fraction] = (
        [Fraction(1)] * len(rows) if rows.weights is None else list(map(Fraction, rows.weights))
    )
    labels = list(map(Fraction, as_floats(rows.labels).tolist()))
    kept = [i for i in range(len(rows)) if weights[i]]
    average = sum(weights, Fraction(0)) / len(kept)
    events = (w * y for w, y in zip(weights, labels, strict=True))
    rate = sum(events, Fraction(0)) / sum(weights, Fraction(0))
    points = sorted({float(rows.probabilities[i]) for i in kept})
    ones, all_weights = dict.fromkeys(points, Fraction(0)), dict.fromkeys(points, Fraction(0))
    for i in kept:
        p = float(rows.probabilities[i])
        ones[p] += weights[i] * labels[i]
        all_weights[p] += weights[i]
    for p in (points[0], points[-1]):
        ones[p] += average * rate
        all_weights[p] += average

    def mean(low: int, high: int) -> Fraction:
        there = points[low : high + 1]
        above = sum((ones[p] for p in there), Fraction(0))
        return above / sum((all_weights[p] for p in there), Fraction(0))

    m = len(points)
    return {
        points[i]: max(min(mean(s, t) for t in range(i, m)) for s in range(i + 1)) for i in range(m)
    }


@given(rows_of_both_labels())
@settings(max_examples=examples(60))
def test_levels_are_those_of_exact_pooling(rows: Rows) -> None:
    places = np.arange(min(len(rows), 12))
    rows = rows.at(places)
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    labels = as_floats(rows.labels)
    if not ((weights * labels).any() and (weights * (1.0 - labels)).any()):
        return
    exact = _exact_levels(rows)
    fits = fit_whole(rows, ("isotonic", "centred"))
    isotonic, centred = fits["isotonic"].map, fits["centred"].map
    assert isotonic is not None
    assert centred is not None
    found = isotonic.apply(list(exact)).tolist()
    assert found == pytest.approx(list(map(float, exact.values())), rel=1e-14, abs=1e-300)
    levels = sorted({level for _, level in isotonic.knots})
    assert [level for _, level in centred.knots] == levels
    assert isotonic.n_blocks == centred.n_blocks == len(levels)


def test_centres_are_mean_predictions_with_the_two_rows() -> None:
    rows = Rows(np.array([False, True, True, True]), np.array([0.1, 0.3, 0.5, 0.9]))
    fits = fit_whole(rows, ("isotonic", "centred"))
    assert fits["isotonic"].map == RecalibrationMap(
        "isotonic",
        knots=((0.1, 0.375), (0.3, 0.9375), (0.9, 0.9375)),
        n_blocks=2,
    )
    assert fits["centred"].map == RecalibrationMap(
        "centred", knots=((0.1, 0.375), ((0.3 + 0.5 + 2 * 0.9) / 4, 0.9375)), n_blocks=2
    )


@given(rows_of_both_labels())
@settings(max_examples=examples(100))
def test_every_map_is_finite_and_only_turns_round_what_it_says(rows: Rows) -> None:
    for method, fit in fit_whole(rows).items():
        if fit.map is None:
            assert fit.obstacle in {
                "one label",
                "one prediction",
                "separated",
                "reversed",
                "diverged",
            }
            continue
        if method == "as-is":
            continue
        logits = fit.map.logits_of(GRID)
        assert np.isfinite(logits).all()
        inner = logits[1:-1] if method in FORMULAS else logits
        steps = np.diff(inner) * (-1.0 if fit.map.is_reversed else 1.0)
        assert (steps >= -1e-12 * np.abs(inner[1:])).all()


@given(rows_of_both_labels())
@settings(max_examples=examples(60))
def test_a_start_that_is_near_or_far_changes_but_rounding(rows: Rows) -> None:
    rows = _well_behaved(rows)
    counted = len(rows) if rows.weights is None else int(np.count_nonzero(rows.weights))
    sample = Sample.of(Tally.of(rows), counted)
    alone = fit_maps(sample)
    for near in (alone, fit_whole(drawn_rows(50, slope=-0.5))):
        for method, fit in fit_maps(sample, near=near).items():
            other = alone[method].map
            if fit.map is None or other is None:
                assert fit == alone[method]
            else:
                found, expected = (each.logits_of(rows.probabilities) for each in (fit.map, other))
                assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


SEPARATED = Rows(np.array([False, False, True, True]), np.array([0.2, 0.3, 0.6, 0.8]))


def _obstacles(rows: Rows) -> dict[Method, str | None]:
    return {method: fit.obstacle for method, fit in fit_whole(rows).items() if fit.obstacle}


def test_separated_rows_have_no_slope_but_platts() -> None:
    slopes = dict.fromkeys(("temperature", "logistic", "beta"), "separated")
    assert _obstacles(SEPARATED) == slopes
    platt = fit_map(SEPARATED, "platt").map
    assert platt is not None
    assert 0.0 < platt.parameters["b"] < 10.0
    # labels that meet at one prediction are separated as well
    touching = replace(SEPARATED, probabilities=np.array([0.2, 0.6, 0.6, 0.8]))
    assert _obstacles(touching) == {"logistic": "separated", "beta": "separated"}


def test_rows_that_are_separated_the_wrong_way_round() -> None:
    rows = replace(SEPARATED, labels=np.logical_not(SEPARATED.labels))
    assert _obstacles(rows) == dict.fromkeys(("temperature", "logistic"), "reversed")
    beta = fit_map(rows, "beta").map
    assert beta is not None
    assert beta.parameters == {"c": 0.0, "a": 0.0, "b": 0.0}
    platt = fit_map(rows, "platt").map
    assert platt is not None
    assert platt.is_reversed


def test_predictions_that_are_all_alike_have_a_shift_and_no_line() -> None:
    rows = Rows(np.array([True, False, False, False]), np.full(4, 0.5))
    assert _obstacles(rows) == dict.fromkeys(("logistic", "platt", "beta"), "one prediction")
    fits = fit_whole(rows)
    assert fits["offset"].map is not None
    assert fits["offset"].map.parameters["a"] == pytest.approx(-np.log(3.0), rel=1e-15)
    assert fits["temperature"].map is not None
    assert fits["temperature"].map.parameters == {"temperature": 1.0}  # whatever it is
    assert fits["isotonic"].map == RecalibrationMap("isotonic", knots=((0.5, 0.25),), n_blocks=1)
    level = replace(
        rows, labels=np.array([True, False, True, False]), probabilities=np.full(4, 0.9)
    )
    temperature = fit_map(level, "temperature").map
    assert temperature is not None
    assert temperature.apply([0.9]).tolist() == [0.5]


def test_two_predictions_bend_no_line() -> None:
    labels = np.array([True, False, False, True, True, False])
    rows = Rows(labels, np.array([0.2, 0.2, 0.2, 0.7, 0.7, 0.7]))
    fits = fit_whole(rows)
    assert fits["logistic"].map is not None
    assert fits["beta"].map is not None
    slope = fits["logistic"].map.parameters["b"]
    expected = {"c": fits["logistic"].map.parameters["a"], "a": slope, "b": slope}
    assert fits["beta"].map.parameters == pytest.approx(expected, rel=1e-12)


def test_zeros_and_ones_have_levels_and_nothing_else() -> None:
    labels = np.array([False, False, True, True, True])
    rows = Rows(labels, np.array([0.0, 0.0, 0.0, 1.0, 1.0]))
    assert _obstacles(rows) == dict.fromkeys(FORMULAS, "no rows")
    fits = fit_whole(rows)
    level_at_0, level_at_1 = (1.0 + 0.6) / 4.0, (2.0 + 0.6) / 3.0
    for method in FORMULAS:
        found = fits[method].map
        assert found is not None
        assert (found.level_at_0, found.level_at_1) == (level_at_0, level_at_1)
        assert found.apply([0.25]).tolist() == [0.25]
    isotonic = fits["isotonic"].map
    assert isotonic is not None
    assert isotonic.apply([0.0, 1.0]) == pytest.approx([level_at_0, level_at_1], rel=1e-15)


def test_one_label_among_predictions_with_a_logit() -> None:
    rows = Rows(np.array([True, True, True, False]), np.array([0.2, 0.4, 0.8, 0.0]))
    assert _obstacles(rows) == dict.fromkeys(("offset", "logistic", "beta"), "one label")
    platt = fit_map(rows, "platt").map
    assert platt is not None
    assert platt.parameters["b"] == pytest.approx(0.0, abs=1e-12)
    assert platt.apply([0.2, 0.8]) == pytest.approx([0.8, 0.8], rel=1e-12)


@pytest.mark.parametrize("p", [0.3, 0.7])
def test_one_row_among_zeros_and_ones(p: float) -> None:
    """No slope is told by it, whichever side of a half it is on."""
    labels = np.arange(30) % 3 == 0
    rows = Rows(labels, np.array([p, *np.arange(29) % 2]))
    assert _obstacles(rows) == dict.fromkeys(
        ("offset", "temperature", "logistic", "beta"), "one label"
    ) | {"platt": "one prediction"}


def test_predictions_so_small_that_beta_overflows() -> None:
    """A parameter of beta would be about 1e320; the other maps are what they are."""
    labels = np.arange(100) * 7 % 10 < 3 + np.arange(100) // 25
    rows = Rows(labels, np.arange(1.0, 101.0) * 5e-324)
    assert _obstacles(rows) == {"beta": "diverged"}
    for fit in fit_maps(Sample.of(Tally.of(rows), 100)).values():
        assert fit.map is None or all(map(np.isfinite, fit.map.parameters.values()))


@pytest.mark.parametrize(("label", "text"), [(True, "1"), (False, "0")])
def test_one_label_is_refused(label: bool, text: str) -> None:
    rows = Rows(np.full(3, label), np.array([0.2, 0.4, 0.8]))
    with pytest.raises(DataError, match=f"^all labels are {text}: a map takes both$"):
        fit_whole(rows)
    with pytest.raises(DataError, match=f"^all labels are {text}: a map takes both$"):
        fit_whole(
            Rows(np.array([label, label, not label]), rows.probabilities, np.array([1, 1, 0.0]))
        )


@pytest.mark.parametrize("scale", one_in(2, [1e-100, 1e-30, 1e30, 1e100]))
def test_weights_of_any_size_give_the_same_formulas_but_platts(scale: float) -> None:
    rows = drawn_rows(40, slope=0.6, kind="tied")
    plain = fit_whole(rows)
    scaled = fit_whole(replace(rows, weights=np.full(len(rows), scale)))
    for method in set(METHODS) - {"platt"}:
        left, right = plain[method].map, scaled[method].map
        assert left is not None
        assert right is not None
        assert left.parameters == pytest.approx(right.parameters, rel=1e-10, abs=1e-12)
        assert np.array(left.knots) == pytest.approx(np.array(right.knots), rel=1e-13)


def test_logits_beyond_all_probabilities_are_fitted() -> None:
    labels = np.array([True, False, True, False, True, False])
    logits = np.array([1e308, 1e308, -1e308, -1e308, 5e307, 5e307])
    fits = fit_whole(check_rows(labels, logits, logits=True))
    assert fits["logistic"].map is not None
    assert fits["logistic"].map.logits_of(logits=logits) == pytest.approx(np.zeros(6), abs=1e-9)
