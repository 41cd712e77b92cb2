"""When a result that is exact looks like one that was not meant."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bce_cli import (
    Convention,
    LossReport,
    binary_cross_entropy,
    loss_report,
    loss_totals,
    mean_binary_cross_entropy,
)
from bce_cli.core.rows import Rows
from bce_cli.core.totals import LossTotals
from bce_cli.render.origin import doubts

RANDOM = np.random.default_rng(3)
SCORES = RANDOM.normal(0.0, 1.5, 200)
P = 1.0 / (1.0 + np.exp(-SCORES))
Y = (RANDOM.uniform(size=200) < P).astype(float)
WEIGHTS = RANDOM.uniform(0.5, 2.0, 200)


def report_of(labels: object, predictions: object, **options: object) -> LossReport:
    return loss_report(loss_totals(labels, predictions, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("like", ["exact", "sklearn", "torch", "keras", "catboost", "kaggle"])
def test_the_reversed_loss_is_that_of_one_minus_p(like: str) -> None:
    rule = Convention(like=like)
    report = report_of(Y, P, weights=WEIGHTS, convention=rule)
    expected = mean_binary_cross_entropy(Y, 1.0 - P, weights=WEIGHTS, convention=rule)
    assert report.reversed_loss == pytest.approx(expected, rel=1e-14)


def test_the_reversed_loss_of_logits_and_soft_labels() -> None:
    soft = RANDOM.uniform(size=200)
    for predictions, flipped, logits in ((P, 1.0 - P, False), (SCORES, -SCORES, True)):
        for labels, is_soft in ((Y, False), (soft, True)):
            found = report_of(labels, predictions, logits=logits, soft_labels=is_soft)
            expected = mean_binary_cross_entropy(
                labels, flipped, logits=logits, soft_labels=is_soft
            )
            assert found.reversed_loss == pytest.approx(expected, rel=1e-14)


def test_it_is_an_exact_sum_that_knows_no_blocks_and_no_order() -> None:
    rows = Rows(Y == 1.0, P, WEIGHTS)
    whole = LossTotals.of(rows)
    for size in (1, 7, 64):
        blocks = [rows.at(slice(start, start + size)) for start in range(0, 200, size)]
        assert sum(map(LossTotals.of, blocks), LossTotals()).doubts == whole.doubts
    assert LossTotals.of(rows.at(RANDOM.permutation(200))).doubts == whole.doubts
    losses = binary_cross_entropy(1.0 - Y, P) * WEIGHTS
    assert report_of(Y, P, weights=WEIGHTS).reversed_loss == (
        math.fsum(losses) / math.fsum(WEIGHTS)
    )


def test_rows_left_out_and_rows_of_no_weight_count_for_nothing() -> None:
    rows = Rows(Y == 1.0, P, WEIGHTS)
    missing = replace(rows, missing=np.arange(200) % 3 == 0).blanked()
    kept = rows.at(np.flatnonzero(np.arange(200) % 3))
    assert LossTotals.of(missing).doubts == LossTotals.of(kept).doubts
    certain = Rows(np.array([True] * 4), np.array([1.0, 0.0, 1.0, 0.5]))
    left_out = replace(certain, missing=np.array([False] * 3 + [True])).blanked()
    assert loss_report(LossTotals.of(left_out)).are_classes
    assert not loss_report(LossTotals.of(certain)).are_classes
    assert report_of([1, 1], [0.5, 1.0], weights=[1.0, 0.0]).reversed_loss == math.log(2.0)


def test_an_infinite_reversed_loss_and_its_products() -> None:
    assert report_of([1, 0], [1.0, 0.5]).reversed_loss == math.inf
    huge = report_of([1, 1], [1e308, 0.0], logits=True, weights=[9.0, 1.0])
    assert (huge.mean_loss, huge.reversed_loss) == (math.log(2.0) / 10.0, math.inf)


@pytest.mark.parametrize("labels", [[1, 0, 1], [1, 1, 1]])
def test_predictions_of_0_and_1_alone_look_like_classes(labels: list[int]) -> None:
    (doubt,) = doubts(report_of(labels, [1, 0, 1]))
    assert doubt == (
        "All 3 predictions are 0 or 1: these look like classes; probabilities come of "
        "predict_proba."
    )
    assert doubts(report_of(labels, [1, 0, 1]), "old") == (f"old: {doubt}",)


def test_what_does_not_look_like_classes() -> None:
    assert report_of([1, 0, 1], [1, 0, 1 - 1e-16]).n_certain == 2
    for labels, predictions, options in (
        ([1, 0, 1], [1, 0, 1 - 1e-16], {}),
        ([1, 0, 1], [1, 5e-324, 1], {}),
        ([1, 0], [1, 0], {}),  # too few
        ([1, 0, 1], [1, 0, 1], {"logits": True}),
        ([1, 0, 1], [math.inf, -math.inf, math.inf], {"logits": True}),
    ):
        assert doubts(report_of(labels, predictions, **options)) == ()


def test_the_probability_of_the_other_label_is_told_in_the_unit() -> None:
    mean = mean_binary_cross_entropy(Y, 1.0 - P)
    other = mean_binary_cross_entropy(Y, P)
    for unit, nats in (("nats", 1.0), ("bits", math.log(2.0))):
        report = loss_report(loss_totals(Y, 1.0 - P), unit)  # type: ignore[arg-type]
        cost = f"{other / nats:.6g} in place of {mean / nats:.6g} {unit} a row"
        question = "is this the probability of the other label?"
        assert doubts(report) == (f"1 - p would cost {cost}: {question}",)
    assert doubts(report_of(Y, P)) == ()
    assert report_of(1.0 - Y, P).is_reversed
    assert report_of(Y, -SCORES, logits=True).is_reversed
    assert report_of(Y, 1.0 - P, weights=WEIGHTS).is_reversed
    assert report_of(Y, 1.0 - P, convention=Convention(like="torch")).is_reversed
    assert report_of(0.1 + 0.8 * Y, np.clip(1.0 - P, 0.01, 0.99), soft_labels=True).is_reversed


def test_an_infinite_mean_may_be_that_of_the_other_label() -> None:
    p = np.append(1.0 - P, [0.0, 1.0])
    assert report_of(np.append(Y, [1.0, 0.0]), p).is_reversed
    assert not report_of(np.append(Y, [1.0, 0.0]), np.append(P, [0.0, 0.0])).is_reversed
    assert report_of([1, 0] * 5, [0.0, 1.0] * 5).is_reversed  # there is no finite mean


def test_what_is_no_better_the_other_way_round() -> None:
    noise = RANDOM.uniform(0.3, 0.7, 1000)
    coins = RANDOM.integers(0, 2, 1000)
    for labels, predictions in (
        (coins, noise),
        (coins, np.full(1000, 0.5)),
        (coins, np.full(1000, 0.9)),
        (Y[:9], 1.0 - P[:9]),  # too few
        (Y, np.full(200, Y.mean())),
        ([1] + [0] * 99, [1e-9] + [0.01] * 99),  # one row costs it all
    ):
        assert not report_of(labels, predictions).is_reversed
    rare = (np.arange(1000) % 50 == 0).astype(float)
    assert report_of(rare, np.full(1000, 0.98)).is_reversed
    one_label = report_of([0] * 20, [0.9] * 20)
    assert one_label.base_rate_loss == 0.0
    assert one_label.is_reversed


def test_chance_alone_hardly_ever_looks_reversed() -> None:
    random = np.random.default_rng(0)
    told = 0
    for _ in range(200):
        labels, p = random.integers(0, 2, 20), random.beta(2.0, 2.0, 20)
        told += report_of(labels, p).is_reversed
    assert told <= 2
