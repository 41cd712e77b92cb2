"""Losses of labels that are probabilities themselves."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import (
    Convention,
    LabelError,
    convention_reports,
    loss_report,
    loss_totals,
    mean_binary_cross_entropy,
)
from bce_cli.core.rows import Rows
from bce_cli.core.rules import likelihoods_of, losses_of
from bce_cli.core.totals import LossTotals

units = st.floats(0.0, 1.0) | st.sampled_from([0.0, 1.0, 0.5, 1e-17, 1.0 - 2.0**-53])


def true_loss(label: float, p: float) -> mpmath.mpf:
    with mpmath.workdps(60):
        parts = [
            (mpmath.mpf(label), mpmath.log(p)),
            (1 - mpmath.mpf(label), mpmath.log1p(-mpmath.mpf(p)) if p < 1.0 else -mpmath.inf),
        ]
        return -sum((share * log for share, log in parts if share), mpmath.mpf(0))


@given(units, units)
def test_a_soft_loss_is_the_weighted_sum_of_both_losses(label: float, p: float) -> None:
    (loss,) = losses_of(np.array([label]), np.array([p])).tolist()
    true = true_loss(label, p)
    if mpmath.isinf(true):
        assert loss == math.inf
    else:
        assert abs(mpmath.mpf(loss) - true) <= 4 * math.ulp(float(true))


@given(st.lists(st.tuples(st.booleans(), units)))
def test_a_soft_label_of_0_or_1_costs_what_a_hard_one_costs(rows: list[tuple[bool, float]]) -> None:
    labels = np.array([label for label, _ in rows], np.bool_)
    probabilities = np.array([p for _, p in rows])
    soft = labels.astype(np.float64)
    assert losses_of(soft, probabilities).tolist() == losses_of(labels, probabilities).tolist()
    hard_likelihoods = likelihoods_of(Rows(labels, probabilities)).tolist()
    assert likelihoods_of(Rows(soft, probabilities)).tolist() == hard_likelihoods
    assert LossTotals.of(Rows(soft, probabilities)) == LossTotals.of(Rows(labels, probabilities))


@pytest.mark.parametrize(
    ("label", "p", "is_impossible"),
    [(0.5, 0.0, True), (0.5, 1.0, True), (0.0, 0.0, False), (1.0, 1.0, False), (0.5, 0.5, False)],
)
def test_a_row_is_impossible_where_any_share_of_its_label_was_given_nothing(
    label: float, p: float, is_impossible: bool
) -> None:
    totals = LossTotals.of(Rows(np.array([label]), np.array([p])))
    assert (totals.n_impossible, totals.n_infinite) == (is_impossible, is_impossible)


def test_the_sum_of_soft_labels_is_exact_and_only_ones_count_as_positive() -> None:
    labels = np.array([0.1] * 10 + [1.0])
    totals = LossTotals.of(Rows(labels, np.full(11, 0.5)))
    assert (totals.n_positive, float(totals.positive_weights)) == (1, 2.0)


def test_the_loss_of_soft_labels_is_their_entropy_and_the_divergence_from_them() -> None:
    labels, probabilities, weights = [0.25, 1.0, 0.6], [0.5, 0.75, 0.1], [2.0, 1.0, 3.0]
    totals = loss_totals(labels, probabilities, weights=weights, soft_labels=True)
    report = loss_report(totals, "bits")
    entropy = divergence = 0.0
    for y, p, w in zip(labels, probabilities, weights, strict=True):
        for share, other in ((y, p), (1.0 - y, 1.0 - p)):
            if share:
                entropy -= w * share * math.log2(share) / 6.0
                divergence += w * share * math.log2(share / other) / 6.0
    assert report.label_entropy == pytest.approx(entropy, rel=1e-15)
    assert report.kl_divergence == pytest.approx(divergence, rel=1e-15)
    assert report.mean_loss == pytest.approx(entropy + divergence, rel=1e-15)
    assert report.base_rate == pytest.approx(3.3 / 6.0, rel=1e-15)
    assert report.n_positive == 1


@given(st.lists(units.filter(lambda y: 0.0 < y < 1.0), min_size=1))
def test_predicting_the_soft_labels_themselves_diverges_by_nothing(labels: list[float]) -> None:
    report = loss_report(loss_totals(labels, labels, soft_labels=True))
    assert (report.kl_divergence, report.mean_loss) == (0.0, report.label_entropy)


def test_hard_labels_have_neither_part() -> None:
    for soft in (False, True):
        report = loss_report(loss_totals([1, 0], [0.9, 0.2], soft_labels=soft))
        assert (report.label_entropy, report.kl_divergence) == (None, None)


def test_an_impossible_row_diverges_without_end() -> None:
    report = loss_report(loss_totals([0.5, 0.5], [0.0, 0.5], soft_labels=True))
    assert (report.kl_divergence, report.label_entropy) == (math.inf, math.log(2.0))


def test_a_soft_label_outside_its_domain_is_named() -> None:
    with pytest.raises(LabelError, match=r"^labels\[1\] = 1\.5 is not in \[0, 1\]$"):
        mean_binary_cross_entropy([0.5, 1.5], [0.5, 0.5], soft_labels=True)


@pytest.mark.parametrize(
    ("name", "labels", "hard"),
    [
        ("catboost", [0.9, 0.5, 0.4, 1.0], [1, 0, 0, 1]),
        ("lightgbm", [0.9, 0.5, 0.0, 1.0], [1, 1, 0, 1]),
    ],
)
def test_a_library_that_hardens_labels_is_judged_by_those(
    name: str, labels: list[float], hard: list[int]
) -> None:
    convention, probabilities = Convention(like=name), [0.75, 0.5, 0.25, 0.5]
    soft = loss_report(loss_totals(labels, probabilities, soft_labels=True, convention=convention))
    expected = loss_report(loss_totals(hard, probabilities, convention=convention))
    assert soft == expected
    assert (soft.label_entropy, soft.kl_divergence) == (None, None)


@pytest.mark.parametrize("name", ["torch", "keras", "tf-keras", "catboost", "exact"])
def test_logits_have_no_cap_where_a_library_takes_them(name: str) -> None:
    reports = convention_reports([1, 0], [2.0, -3.0], logits=True)
    (report,) = [report for report in reports if report.name == name]
    assert (report.cap_positive, report.cap_negative) == (math.inf, math.inf)
