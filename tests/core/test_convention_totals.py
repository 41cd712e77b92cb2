"""Several conventions side by side, and the rows on which they differ."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import Convention, LossTotals, loss_report
from bce_cli.core.convention_totals import (
    ALL_CONVENTIONS,
    ConventionTotals,
    convention_report,
)
from bce_cli.core.evaluation import Evaluation, Plan, Result, evaluate_rows
from bce_cli.core.extremes import Differences
from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = Plan(with_product=False, compared=ALL_CONVENTIONS, n_differing=3)
places = st.lists(st.integers(0, 40), max_size=4)


def folded(pieces: list[Rows], plan: Plan = PLAN) -> Result:
    evaluation = Evaluation(plan)
    for piece in pieces:
        evaluation += evaluate_rows(piece, plan, keep_rows=evaluation.needs_rows)
    return evaluation.result()


@given(st.from_type(Rows), places)
def test_neither_means_nor_rows_depend_on_how_the_rows_are_cut(
    split: Callable[[Rows, list[int]], list[Rows]], rows: Rows, places: list[int]
) -> None:
    whole, parts = folded([rows]), folded(split(rows, places))
    assert parts.compared == whole.compared
    assert parts.differences == whole.differences


@given(st.from_type(Rows), st.sampled_from(ALL_CONVENTIONS))
def test_a_mean_beside_others_is_the_one_that_the_convention_has_alone(
    rows: Rows, convention: Convention
) -> None:
    totals = ConventionTotals.of(rows, convention)
    alone = LossTotals.of(rows, convention=convention)
    assert totals.n_clipped == alone.n_clipped
    if float(alone.weights) > 0.0:
        assert totals.mean_loss == loss_report(alone).mean_loss
    else:
        assert totals.mean_loss in {None, 0.0, math.inf}


def test_the_rows_that_differ_are_the_impossible_ones_and_then_those_of_greatest_spread() -> None:
    rows = Rows(
        labels=np.array([True, False, True, True, True, False]),
        probabilities=np.array([0.5, 1.0, 1e-20, 0.0, 1e-30, 1.0 - 1e-9]),
        ids=list("abcdef"),
    )
    found = Differences.of(rows, ALL_CONVENTIONS, 10).rows
    assert [(row.row, row.id, row.is_impossible) for row in found] == [
        (2, "b", True),
        (4, "d", True),
        (6, "f", False),  # torch and xgboost take it for an impossible row
        (5, "e", False),
        (3, "c", False),
    ]
    assert found[0].losses[0] == math.inf
    assert found[3].losses[0] == -math.log(1e-30)
    assert found[3].spread == pytest.approx(-math.log(1e-30) - 15.424948692321777, rel=2e-7)


def test_weights_scale_what_a_row_contributes() -> None:
    rows = Rows(np.array([True] * 3), np.array([1e-20, 1e-18, 0.0]), np.array([1.0, 5.0, 0.0]))
    found = Differences.of(rows, ALL_CONVENTIONS, 10).rows
    assert [row.row for row in found] == [2, 1, 3]
    assert found[0].losses[0] == 5.0 * -math.log(1e-18)
    assert found[2].losses[0] == 0.0


def test_a_convention_that_refuses_soft_labels_has_no_mean_and_the_others_have_one() -> None:
    rows = Rows(np.array([0.5, 1.0]), np.array([0.5, 0.0]))
    result = folded([rows, replace(rows, labels=np.array([1.0, 0.0]))])
    means = {item.name: item.mean_loss for item in result.compared}
    assert {name for name, mean in means.items() if mean is None} == {
        *("sklearn", "sklearn-1.1", "kaggle", "yardstick", "spark")
    }
    (first, *_) = result.differences
    assert first.row == 2
    assert first.losses[1] is None


def test_a_report_is_in_the_unit_asked_for() -> None:
    convention = Convention(like="torch")
    totals = ConventionTotals.of(Rows(np.array([True]), np.array([0.0])), convention)
    report = convention_report(convention, totals, "bits")
    bits = 100.0 / math.log(2.0)
    assert (report.name, report.mean_loss, report.n_clipped) == ("torch", bits, 1)
    assert (report.cap_positive, report.cap_negative) == (bits, bits)


def test_rows_that_are_left_out_are_in_no_mean_and_no_difference() -> None:
    rows = Rows(
        np.array([False, True, False]),
        np.array([0.0, 0.0, 0.0]),
        missing=np.array([True, False, True]),
    )
    result = folded([rows])
    assert [row.row for row in result.differences] == [2]
    assert {item.name: item.mean_loss for item in result.compared}["torch"] == 100.0


@pytest.mark.deep
@pytest.mark.few(1)
@pytest.mark.parametrize("size", [13, 1000, 4097])
def test_means_of_many_rows_have_the_same_digits_in_pieces_of_any_size(
    split: Callable[[Rows, list[int]], list[Rows]], size: int
) -> None:
    random = np.random.default_rng(7)
    n = 5000
    p = random.beta(0.3, 0.3, n)
    p[:40] = np.repeat([0.0, 1.0, 5e-324, 1e-16, 1.0 - 2.0**-53], 8)
    rows = Rows(random.random(n) < 0.5, p, random.uniform(0.0, 3.0, n))
    whole, parts = folded([rows]), folded(split(rows, list(range(0, n, size))))
    assert parts.compared == whole.compared
    assert parts.differences == whole.differences
