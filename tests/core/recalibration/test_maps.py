"""Maps as values: what they make of every prediction, and what they refuse to be."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.recalibration.maps import Points, RecalibrationMap
from bce_cli.errors import ArgumentError, DataError, ProbabilityError
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable

EDGES = [0.0, 5e-324, 1e-310, 1e-17, 0.3, 0.5, 0.9, 1.0 - 2.0**-53, 1.0]

MAPS = [
    RecalibrationMap("offset", {"a": -1.5}, 0.01, 0.9),
    RecalibrationMap("temperature", {"temperature": 1e-3}, 0.01, 0.9),
    RecalibrationMap("temperature", {"temperature": 1.7e308}, 0.01, 0.9),
    RecalibrationMap("logistic", {"a": 700.0, "b": 1e306}, 0.01, 0.9),
    RecalibrationMap("platt", {"a": -1.7e308, "b": 2.0}, 0.01, 0.9),
    RecalibrationMap("beta", {"c": -0.5, "a": 1e306, "b": 0.3}, 0.01, 0.9),
    RecalibrationMap("isotonic", knots=((0.3, 0.2), (0.5, 0.2), (0.9, 0.7)), n_blocks=2),
    RecalibrationMap("isotonic", knots=((0.0, 5e-324), (5e-324, 0.5)), n_blocks=2),
    RecalibrationMap("centred", knots=((0.3, 1.0 - 2.0**-53),), n_blocks=1),
]


def test_formulas_are_those_of_the_docstring() -> None:
    p = np.array([1e-300, 0.2, 0.5, 1.0 - 2.0**-53])
    cases: list[tuple[RecalibrationMap, Callable[[Any, Any], Any]]] = [
        (RecalibrationMap("offset", {"a": 0.5}, 0.5, 0.5), lambda u, v: 0.5 + u - v),
        (RecalibrationMap("temperature", {"temperature": 3}, 0.5, 0.5), lambda u, v: (u - v) / 3),
        (
            RecalibrationMap("logistic", {"a": 0.5, "b": 2}, 0.5, 0.5),
            lambda u, v: 0.5 + 2 * (u - v),
        ),
        (RecalibrationMap("platt", {"a": -2, "b": 0.5}, 0.5, 0.5), lambda u, v: -2 + 0.5 * (u - v)),
        (
            RecalibrationMap("beta", {"c": 0.25, "a": 2, "b": 3}, 0.5, 0.5),
            lambda u, v: 0.25 + 2 * u - 3 * v,
        ),
    ]
    for recalibrated, log_odds in cases:
        with mpmath.workdps(40):
            exact = [
                log_odds(mpmath.log(mpmath.mpf(x)), mpmath.log1p(-mpmath.mpf(x)))
                for x in p.tolist()
            ]
            chances = [float(1 / (1 + mpmath.exp(-z))) for z in exact]
        found = recalibrated.logits_of(p)
        assert found == pytest.approx([float(z) for z in exact], rel=1e-15, abs=1e-15)
        # an ulp of the logit is as much of a probability
        assert recalibrated.apply(p) == pytest.approx(chances, rel=3e-13)
        logits = np.log(p) - np.log1p(-p)
        assert recalibrated.logits_of(logits=logits) == pytest.approx(found, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("recalibrated", MAPS)
def test_every_prediction_has_a_finite_logit_and_its_order(recalibrated: RecalibrationMap) -> None:
    logits = recalibrated.logits_of(EDGES)
    assert np.isfinite(logits).all()
    inner = logits[1:-1] if recalibrated.level_at_0 is not None else logits
    assert (inner[1:] >= inner[:-1]).all()
    chances = recalibrated.apply(EDGES)
    assert ((chances >= 0.0) & (chances <= 1.0)).all()
    values = [-np.inf, -1.7e308, -800.0, 0.0, 800.0, 1.7e308, np.inf]
    assert np.isfinite(recalibrated.logits_of(logits=values)).all()
    found = recalibrated.logits_of(logits=values)[1:-1]
    assert (found[1:] >= found[:-1]).all()


def test_predictions_of_0_and_1_get_their_levels() -> None:
    recalibrated = RecalibrationMap("logistic", {"a": 0.0, "b": 1.0}, 0.25, 0.75)
    assert recalibrated.apply([0.0, 1.0, -0.0]).tolist() == [0.25, 0.75, 0.25]
    expected = [math.log(0.25) - math.log1p(-0.25), math.log(0.75) - math.log1p(-0.75)]
    assert recalibrated.logits_of([0.0, 1.0]).tolist() == expected
    assert recalibrated.apply([-np.inf, np.inf], logits=True).tolist() == [0.25, 0.75]
    # a probability that rounds to 1 has a finite logit all the same
    assert recalibrated.logits_of(logits=[40.0]).tolist() == [40.0]


def test_as_is_changes_no_bit() -> None:
    same = RecalibrationMap("as-is")
    assert same.apply(EDGES).tolist() == EDGES
    assert same.logits_of([0.0, 0.5, 1.0]).tolist() == [-np.inf, 0.0, np.inf]
    assert same.logits_of(logits=[1e-300, 3.0]).tolist() == [1e-300, 3.0]


def test_levels_lie_on_straight_lines_and_are_flat_outside() -> None:
    knots = ((0.25, 0.125), (0.5, 0.125), (0.75, 0.5), (0.875, 0.75))
    recalibrated = RecalibrationMap("isotonic", knots=knots, n_blocks=3)
    p = [0.0, 0.25, 0.3, 0.5, 0.5625, 0.625, 0.75, 0.8125, 0.875, 0.9, 1.0]
    expected = [0.125, 0.125, 0.125, 0.125, 0.21875, 0.3125, 0.5, 0.625, 0.75, 0.75, 0.75]
    assert recalibrated.apply(p).tolist() == expected


@given(
    st.lists(
        st.tuples(st.floats(0.0, 1.0), st.floats(5e-324, 1.0 - 2.0**-53)), min_size=1, max_size=6
    ),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20),
)
@settings(max_examples=examples(100))
def test_levels_never_fall_and_meet_their_knots(
    pairs: list[tuple[float, float]], p: list[float]
) -> None:
    x, y = (dict.fromkeys(sorted(column)) for column in zip(*pairs, strict=True))
    knots = tuple(zip(x, y, strict=False))
    recalibrated = RecalibrationMap("centred", knots=knots, n_blocks=len(knots))
    assert recalibrated.apply([at for at, _ in knots]).tolist() == [level for _, level in knots]
    levels = recalibrated.apply(sorted(p))
    assert (np.diff(levels) >= 0.0).all()
    for at, level in zip(sorted(p), levels.tolist(), strict=True):
        exact = _between(knots, at)
        assert abs(Fraction(level) - exact) <= Fraction(2) ** -51 * max(exact, Fraction(2) ** -1000)


def _between(knots: tuple[tuple[float, float], ...], at: float) -> Fraction:
    below = [knot for knot in knots if knot[0] <= at] or [knots[0]]
    above = [knot for knot in knots if knot[0] >= at] or [knots[-1]]
    (x0, y0), (x1, y1) = (tuple(map(Fraction, knot)) for knot in (below[-1], above[0]))
    return (
        y0
        if x0 == x1 or below[-1] == knots[-1]
        else y0 + (Fraction(at) - x0) / (x1 - x0) * (y1 - y0)
    )


@pytest.mark.parametrize("recalibrated", MAPS)
def test_maps_are_values(recalibrated: RecalibrationMap) -> None:
    copy = pickle.loads(pickle.dumps(recalibrated))  # noqa: S301 -- our own
    assert copy == recalibrated
    assert hash(copy) == hash(recalibrated)
    assert recalibrated != RecalibrationMap("as-is")


def test_a_slope_below_0_reverses_the_order() -> None:
    reverse = RecalibrationMap("logistic", {"a": 0.0, "b": -0.5}, 0.5, 0.5)
    assert reverse.is_reversed
    assert reverse.logits_of(logits=[1.0]).tolist() == [-0.5]
    assert RecalibrationMap("temperature", {"temperature": -2.0}, 0.5, 0.5).is_reversed
    assert not any(recalibrated.is_reversed for recalibrated in MAPS)


LEVELS = {"level_at_0": 0.1, "level_at_1": 0.9}


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"method": "plat"}, "there is no map 'plat'"),
        ({"method": "offset", **LEVELS}, "the parameters of offset are a"),
        ({"method": "as-is", "parameters": {"a": 1.0}}, "the parameters of as-is are none"),
        (
            {"method": "offset", "parameters": {"a": math.nan}, **LEVELS},
            "a of offset must be a finite number, got nan",
        ),
        (
            {"method": "temperature", "parameters": {"temperature": 0.0}, **LEVELS},
            "temperature must not be 0",
        ),
        (
            {"method": "beta", "parameters": {"c": 0.0, "a": -1.0, "b": 1.0}, **LEVELS},
            "a and b of beta must not be below 0",
        ),
        ({"method": "offset", "parameters": {"a": 0.0}}, "offset needs level_at_0"),
        ({"method": "as-is", "level_at_1": 0.5}, "as-is has no level_at_1"),
        (
            {"method": "offset", "parameters": {"a": 0.0}, "level_at_0": 0.0, "level_at_1": 0.9},
            "level_at_0 must be between 0 and 1, got 0.0",
        ),
        (
            {"method": "offset", "parameters": {"a": 0.0}, "level_at_0": 0.1, "level_at_1": 1.0},
            "level_at_1 must be between 0 and 1, got 1.0",
        ),
        ({"method": "isotonic"}, "isotonic needs knots and n_blocks"),
        ({"method": "centred", "knots": ((0.5, 0.5),)}, "centred needs knots and n_blocks"),
        (
            {"method": "as-is", "knots": ((0.5, 0.5),), "n_blocks": 1},
            "as-is has no knots and n_blocks",
        ),
        (
            {"method": "centred", "knots": ((0.5, 1.0),), "n_blocks": 1},
            "knot (0.5, 1.0) must have a level between 0 and 1 at a probability",
        ),
        (
            {"method": "centred", "knots": ((math.nan, 0.5),), "n_blocks": 1},
            "knot (nan, 0.5) must have a level between 0 and 1 at a probability",
        ),
        (
            {"method": "isotonic", "knots": ((0.5, 0.5), (0.5, 0.6)), "n_blocks": 2},
            "knots must ascend, got (0.5, 0.5) before (0.5, 0.6)",
        ),
        (
            {"method": "isotonic", "knots": ((0.4, 0.5), (0.5, 0.4)), "n_blocks": 2},
            "knots must ascend, got (0.4, 0.5) before (0.5, 0.4)",
        ),
        (
            {"method": "isotonic", "knots": ((0.4, 0.5), (0.5, 0.5)), "n_blocks": 2},
            "n_blocks is 2, and the knots have 1 levels",
        ),
    ],
)
def test_what_is_no_map_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        RecalibrationMap(**fields)
    assert caught.value.message == message


def test_what_is_no_prediction_is_refused() -> None:
    recalibrated = MAPS[0]
    with pytest.raises(ProbabilityError, match=r"^probabilities\[1\] = 1\.5 is not in \[0, 1\]$"):
        recalibrated.apply([0.5, 1.5])
    with pytest.raises(ProbabilityError, match=r"^logits\[0\] is not a number$"):
        recalibrated.logits_of(logits=[np.nan])
    with pytest.raises(DataError, match=r"^probabilities have shape \(\), where \(n,\) is needed$"):
        recalibrated.apply(0.5)
    with pytest.raises(ArgumentError, match="1 of its values are masked"):
        recalibrated.apply(np.ma.masked_array([0.5], [True]))
    with pytest.raises(TypeError, match=r"^neither probabilities nor logits were given$"):
        recalibrated.logits_of()
    assert recalibrated.apply([]).tolist() == []


def test_points_know_the_logarithms_of_either_form() -> None:
    p = np.array([0.0, 1e-300, 0.25, 1.0])
    points = Points.of(p)
    assert points.log_p.tolist() == [-np.inf, math.log(1e-300), math.log(0.25), 0.0]
    assert points.log_rest.tolist() == [0.0, -1e-300, math.log1p(-0.25), -np.inf]
    logits = Points.of_logits(np.array([-1000.0, 0.0, 1000.0]))
    assert logits.log_p.tolist() == [-1000.0, -math.log(2.0), 0.0]
    assert logits.log_rest.tolist() == [0.0, -math.log(2.0), -1000.0]
    assert logits.at(slice(1, 2)).log_p.tolist() == [-math.log(2.0)]
