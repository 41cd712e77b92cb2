"""Losses of logits, against numbers of many digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli import (
    Convention,
    ProbabilityError,
    binary_cross_entropy,
    loss_report,
    loss_totals,
)
from bce_cli.core.rows import Rows
from bce_cli.core.rules import RULES, likelihoods_of, sigmoid

LADDER = [0.0, 5e-324, 1e-300, 1e-17, 1e-8, 0.1, 0.5, 1.0, 3.0, 10.0, 30.0, 36.7, 37.0, 40.0]
LADDER += [100.0, 700.0, 708.4, 709.78, 720.0, 744.4, 745.13, 745.2, 1000.0, 1e10, 1e300, 1e308]
finite = st.floats(-1e308, 1e308) | st.floats(-800.0, 800.0) | st.floats(-40.0, 40.0)


def true_loss(label: bool, logit: float) -> mpmath.mpf:
    z = mpmath.mpf(-logit if label else logit)
    with mpmath.workdps(40):
        if z > 2000.0:
            return z  # exp(-2000) lies far below a unit in the last place
        return mpmath.log1p(mpmath.exp(z))


def check(label: bool, logit: float) -> None:
    (loss,) = binary_cross_entropy([label], [logit], logits=True).tolist()
    true = true_loss(label, logit)
    assert abs(mpmath.mpf(loss) - true) <= 2 * math.ulp(float(true))


@pytest.mark.few(10)
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("label", [True, False])
@pytest.mark.parametrize("size", LADDER)
def test_a_loss_is_within_two_units_of_the_truth(label: bool, sign: float, size: float) -> None:
    check(label, sign * size)


@given(st.booleans(), finite)
def test_any_loss_is_within_two_units_of_the_truth(label: bool, logit: float) -> None:
    check(label, logit)


@given(finite)
@example(0.5)
@example(-0.5)
@example(0.0)
def test_a_sigmoid_is_within_three_units_of_the_truth(logit: float) -> None:
    (p,) = sigmoid(np.array([logit])).tolist()
    with mpmath.workdps(40):
        true = 1 / (1 + mpmath.exp(-mpmath.mpf(max(min(logit, 1e5), -1e5))))
        assert abs(mpmath.mpf(p) - true) <= 3 * math.ulp(float(true))


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("label", "like"),
    [
        (label, like)
        for like, rule in RULES.items()
        for label in ([0.0, 0.3, 1.0] if rule.takes_soft else [0.0, 1.0])
    ],
)
def test_no_convention_ever_makes_a_loss_undefined(label: float, like: str) -> None:
    sizes = [*LADDER, 1e39, math.inf]
    logits = np.array([sign * size for size in sizes for sign in (1.0, -1.0)])
    losses = Convention(like=like).losses(
        Rows(np.full(len(logits), label), sigmoid(logits), logits=logits)
    )
    assert not np.isnan(losses).any()


@pytest.mark.parametrize("like", ["exact", "torch", "keras", "tf-keras", "catboost"])
def test_an_infinite_logit_costs_nothing_on_the_right_side_and_infinity_on_the_wrong_one(
    like: str,
) -> None:
    losses = binary_cross_entropy(
        [1, 0, 1, 0],
        [math.inf, -math.inf, -math.inf, math.inf],
        logits=True,
        convention=Convention(like=like),
    )
    assert losses.tolist() == [0.0, 0.0, math.inf, math.inf]


def test_only_infinite_logits_are_impossible() -> None:
    totals = loss_totals([0, 1, 0, 1], [1e4, -1e4, math.inf, -math.inf], logits=True)
    assert (totals.n_impossible, totals.first_impossible_row, totals.n_infinite) == (2, 3, 2)
    report = loss_report(totals)
    assert (report.mean_loss, report.finite_mean_loss) == (math.inf, 1e4)


@pytest.mark.parametrize(("like", "n"), [("exact", 0), ("torch", 0), ("sklearn", 2), ("keras", 2)])
def test_a_library_that_clips_probabilities_clips_the_sigmoid(like: str, n: int) -> None:
    convention = Convention(like=like)
    totals = loss_totals([0, 1, 1], [1e4, -1e4, 0.5], logits=True, convention=convention)
    free = RULES[like].logit_costs is not None
    assert totals.n_clipped == (0 if free else n)


def test_losses_of_any_size_have_a_mean_and_a_standard_error() -> None:
    report = loss_report(loss_totals([0, 0], [1e308, 5e307], logits=True))
    assert report.mean_loss == 7.5e307
    assert report.std_error == pytest.approx(2.5e307, rel=2**-52, abs=0)


def test_a_likelihood_is_the_sigmoid_of_the_logit_with_the_sign_of_the_label() -> None:
    logits = np.array([40.0, 40.0, -40.0, -40.0])
    rows = Rows(np.array([True, False, True, False]), sigmoid(logits), logits=logits)
    least = 1.0 / (1.0 + math.exp(40.0))
    assert likelihoods_of(rows) == pytest.approx([1.0, least, least, 1.0], rel=2**-52, abs=0)


def test_a_row_that_is_left_out_has_a_likelihood_of_one() -> None:
    rows = Rows(np.array([True, False]), np.array([0.5, 0.25]), missing=np.array([False, True]))
    assert likelihoods_of(rows).tolist() == [0.5, 1.0]


def test_a_logit_that_is_no_number_is_named() -> None:
    with pytest.raises(ProbabilityError, match=r"^logits\[1\] is not a number$"):
        binary_cross_entropy([1, 0], [math.inf, math.nan], logits=True)


def test_the_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"^1 labels but 2 logits$"):
        binary_cross_entropy([1], [0.0, 1.0], logits=True)
