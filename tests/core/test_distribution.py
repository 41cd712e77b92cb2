from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.distribution import EDGES, LossBin, LossDistribution
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Rows
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from collections.abc import Callable


def rows_of(*pairs: tuple[float, float], weights: list[float] | None = None) -> Rows:
    labels = np.array([label for label, _ in pairs])
    return Rows(
        labels if set(labels.tolist()) - {0.0, 1.0} else labels == 1.0,
        np.array([float(probability) for _, probability in pairs]),
        None if weights is None else np.array(weights),
    )


def filled(rows: Rows) -> list[tuple[float, float, int]]:
    return [(each.low, each.high, each.n) for each in LossDistribution.of(rows).bins() if each.n]


@pytest.mark.parametrize("high", EDGES[1:])
def test_ends_of_bins_are_as_they_are_written_for_either_label(high: float) -> None:
    low = EDGES[EDGES.index(high) - 1]
    other = float(f"{1.0 - high:.3f}")
    assert filled(rows_of((1, high))) == filled(rows_of((0, other))) == [(low, high, 1)]
    above, below = math.nextafter(high, 2.0), math.nextafter(other, -1.0)
    if high < 1.0:
        higher = EDGES[EDGES.index(high) + 1]
        assert filled(rows_of((1, above))) == filled(rows_of((0, below))) == [(high, higher, 1)]


def test_what_was_held_impossible_has_a_bin_of_its_own() -> None:
    found = LossDistribution.of(rows_of((1, 0), (0, 1), (1, 5e-324), (1, 1), (0, 0)))
    first, *_, least, impossible = found.bins()
    assert impossible == LossBin(0.0, 0.0, math.inf, math.inf, 2, 0.4, None)
    assert (least.low, least.high, least.n, least.share_of_loss) == (0.0, 0.001, 1, None)
    assert (first.low, first.high, first.n) == (0.9, 1.0, 2)
    assert (first.loss_low, first.loss_high) == (0.0, -math.log(0.9))


def test_a_logit_whose_probability_rounds_to_0_is_not_impossible() -> None:
    logits = np.array([-800.0, 800.0, -math.inf, 40.0])
    labels = np.array([True, False, True, False])
    rows = Rows(labels, np.array([0.0, 1.0, 0.0, 1.0]), logits=logits)
    assert filled(rows) == [(0.0, 0.001, 3), (0.0, 0.0, 1)]


def test_soft_labels_fall_by_what_their_losses_come_to() -> None:
    # 0.9 ** 0.5 * 0.1 ** 0.5 = 0.3 and 0.5; a label of 1 among them counts as it is
    assert filled(rows_of((0.5, 0.91), (0.25, 0.5), (1, 0.75))) == [
        (0.7, 0.8, 1),
        (0.4, 0.5, 1),
        (0.2, 0.3, 1),
    ]


def test_shares_are_by_weight_and_sum_up_to_1() -> None:
    rows = rows_of((1, 0.95), (0, 0.5), (1, 0.5), (1, 0), weights=[2.0, 1.0, 1.0, 0.0])
    found = LossDistribution.of(rows).bins("bits")
    by_low = {each.low: each for each in found if each.n and each.high}
    assert by_low[0.9].share_of_rows == by_low[0.4].share_of_rows == 0.5
    whole = 2.0 * -math.log2(0.95) + 2.0
    assert by_low[0.4].share_of_loss == pytest.approx(2.0 / whole, rel=1e-15)
    assert (by_low[0.4].loss_low, by_low[0.4].loss_high) == (1.0, -math.log(0.4) / math.log(2.0))
    assert found[-1] == LossBin(0.0, 0.0, math.inf, math.inf, 1, 0.0, 0.0)
    assert [each.low for each in found] == [*reversed(EDGES[:-1]), 0.0]


def test_losses_of_0_have_no_shares() -> None:
    found = LossDistribution.of(rows_of((1, 1), (0, 0))).bins()
    assert (found[0].share_of_rows, found[0].share_of_loss) == (1.0, None)


def test_rows_that_are_left_out_count_for_nothing() -> None:
    rows = replace(rows_of((1, 0.5), (0, 0), (1, 0.25)), missing=np.array([False, True, False]))
    assert filled(rows) == [(0.4, 0.5, 1), (0.2, 0.3, 1)]


@pytest.mark.deep
@given(st.from_type(Rows), st.lists(st.integers(0, 40), max_size=4))
def test_no_share_depends_on_how_rows_were_cut(
    split: Callable[[Rows, list[int]], list[Rows]], rows: Rows, places: list[int]
) -> None:
    first, *others = map(LossDistribution.of, split(rows, places))
    for each in others:
        first += each
    whole = LossDistribution.of(rows)
    assert first == whole
    assert sum(whole.counts) == len(rows)
    totals = LossTotals.of(rows)
    if totals.weights.units:
        bins = whole.bins()
        assert sum(each.share_of_rows for each in bins) == pytest.approx(1.0, rel=1e-12)
        report = loss_report(totals)
        if 0.0 < report.mean_loss < math.inf:
            shares = [each.share_of_loss for each in bins if each.share_of_loss is not None]
            assert sum(shares) == pytest.approx(1.0, rel=1e-12)
