"""The grid of fine bins: ordered, as fine as it says, and read off bits as off fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.calibration.fine_bins import (
    GREATEST_ODDS_RATIO,
    N_FINE_BINS,
    chances_of,
    fine_bins_of,
    fine_edges,
    is_above_half,
    is_certain,
    is_coarse,
)
from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid

if TYPE_CHECKING:
    from bce_cli.core.rows import Places

COARSE_HALVINGS = [*range(20, 32), 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256]
COARSE_HALVINGS += [320, 384, 448, 512, 640, 768, 896]
N_SIDE = 20 * 16 + len(COARSE_HALVINGS)

probabilities = st.one_of(
    st.floats(0.0, 1.0),
    st.floats(0.0, 745.0).map(lambda x: float(np.exp(-x))),
    st.floats(0.0, 36.0).map(lambda x: 1.0 - float(np.exp(-x))),
    st.sampled_from([0.0, 5e-324, 2.2e-308, 0.5, float(np.nextafter(0.5, 1.0)), 1.0 - 2**-53, 1.0]),
)


def places_of(*p: float) -> Places:
    rows = Rows(np.zeros(len(p), np.bool_), np.array(p))
    return fine_bins_of(rows, chances_of(rows))


def place_by_fractions(p: float) -> int:
    """Walk down the halvings of the odds, which are rounded once."""
    if p in {0.0, 1.0}:
        return int(p) * (N_FINE_BINS - 1)
    chance = Fraction(p) if p <= 0.5 else 1 - Fraction(p)
    rest = Fraction(float(1 - Fraction(chance)))
    odds = Fraction(float(chance / rest))
    halvings = 0
    # Upper ends belong to bins below 1/2, lower ends to those above: upper ends of p in both.
    while odds < Fraction(1, 2) or (odds == Fraction(1, 2) and p <= 0.5):
        odds, halvings = odds * 2, halvings + 1
    if halvings < 20:
        steps = (1 - odds) * 32
        part = int(steps) if p <= 0.5 or steps != int(steps) else int(steps) - 1
        place = halvings * 16 + part
    else:
        place = 20 * 16 + sum(halvings >= start for start in COARSE_HALVINGS) - 1
    return N_SIDE - place if p <= 0.5 else N_SIDE + 1 + place


def test_there_are_as_many_bins_as_documented() -> None:
    assert N_FINE_BINS == 2 * (N_SIDE + 1) == 706
    assert int(is_coarse().sum()) == 2 * len(COARSE_HALVINGS)
    assert np.flatnonzero(is_certain()).tolist() == [0, 705]
    assert int(is_above_half().sum()) == N_FINE_BINS // 2


@given(probabilities)
def test_bins_are_those_of_fractions(p: float) -> None:
    assert places_of(p).tolist() == [place_by_fractions(p)]


def test_one_half_is_the_end_of_the_bin_below() -> None:
    assert place_by_fractions(0.5) == N_SIDE == places_of(0.5)[0]
    assert places_of(float(np.nextafter(0.5, 1.0)))[0] == N_SIDE + 1
    assert places_of(float(np.nextafter(0.5, 0.0)))[0] == N_SIDE


@given(st.lists(probabilities, min_size=2, max_size=30))
def test_bins_rise_with_predictions(p: list[float]) -> None:
    assert np.all(np.diff(places_of(*sorted(p))) >= 0)


@given(probabilities)
def test_predictions_lie_between_the_ends_of_their_bin(p: float) -> None:
    (place,) = places_of(p)
    edges = fine_edges()
    assert edges[place] * (1.0 - 1e-15) <= p <= edges[place + 1] * (1.0 + 1e-15)


@given(st.floats(1e-5, 1.0 - 1e-5), st.floats(1e-5, 1.0 - 1e-5) | st.floats(-1e-2, 1e-2))
def test_odds_of_one_bin_differ_by_no_more_than_is_said(p: float, other: float) -> None:
    q = min(max(p * (1.0 + other), 1e-5), 1.0 - 1e-5)
    places = places_of(p, q)
    low, high = sorted(Fraction(each) / (1 - Fraction(each)) for each in (p, q))
    if places[0] == places[1]:
        assert not is_coarse()[places[0]]
        assert high / low <= GREATEST_ODDS_RATIO + 1e-14
    elif abs(int(places[0]) - int(places[1])) > 1:
        assert high / low > 1.0 + 1.0 / 32.0 - 1e-14


def test_ends_are_as_far_apart_as_is_said() -> None:
    edges = fine_edges()
    assert np.all(np.diff(edges) >= 0.0)
    inner = slice(1, N_FINE_BINS // 2)  # below 1/2, but for the bin of 0
    low, high = edges[:-1][inner], edges[1:][inner]
    odds = (high / (1.0 - high))[1:] / (low / (1.0 - low))[1:]
    coarse = is_coarse()[inner][1:]
    assert odds[~coarse].max() <= GREATEST_ODDS_RATIO * (1.0 + 1e-14)
    assert odds[~coarse].min() >= 1.0 + 1.0 / 32.0
    assert odds[coarse].min() >= 2.0 * (1.0 - 1e-14)
    losses = -np.log(edges[2 : len(COARSE_HALVINGS) + 2])
    assert np.max(losses[:-1] / losses[1:]) <= 1.25


@given(st.floats(-36.0, 36.0))
def test_a_logit_is_in_the_bin_of_its_sigmoid_or_next_to_it(x: float) -> None:
    """The sigmoid is rounded, and so is the exponential."""
    logits = np.array([x])
    p = sigmoid(logits)
    rows = Rows(np.zeros(1, np.bool_), p, logits=logits)
    chances = chances_of(rows)
    (place,) = fine_bins_of(rows, chances)
    assert chances[0] == sigmoid(-np.abs(logits))[0]
    nearby = places_of(float(p[0]) * (1.0 - 1e-15), min(float(p[0]) * (1.0 + 1e-15), 1.0 - 2**-53))
    if x <= 18.0:  # where the complement of the sigmoid has digits enough
        assert nearby[0] - 1 <= place <= nearby[1] + 1


def test_logits_without_end_have_bins_of_their_own() -> None:
    logits = np.array([-np.inf, -1e308, -700.0, 0.0, 700.0, 1e308, np.inf])
    rows = Rows(np.zeros(7, np.bool_), sigmoid(logits), logits=logits)
    places = fine_bins_of(rows, chances_of(rows)).tolist()
    assert places == [0, 1, 1, N_SIDE, 704, 704, 705]
