"""Sums beyond the range of float64 whose means are within it."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli import (
    Convention,
    DataError,
    ExactSum,
    LossReport,
    calibration_report,
    convention_reports,
    loss_report,
    loss_totals,
    mean_binary_cross_entropy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

HUGE = 1.7e308
LABELS = [1, 0] * 6 + [1]
LOGITS = [-HUGE if label else HUGE for label in LABELS]
FEW_TEXT = "".join(f"{y},{x!r}\n" for y, x in zip(LABELS, LOGITS, strict=True))


def true_mean(losses: list[float], weights: list[float] | None = None) -> float:
    shares = [Fraction(1)] * len(losses) if weights is None else list(map(Fraction, weights))
    pairs = zip(map(Fraction, losses), shares, strict=True)
    return float(sum((a * b for a, b in pairs), Fraction(0)) / sum(shares))


@pytest.mark.parametrize(
    ("dividend", "divisor"),
    [([HUGE] * 13, 13), ([HUGE, HUGE, -HUGE / 3, 5e-324], 3), ([-HUGE, -HUGE], 2)],
)
def test_a_quotient_is_rounded_once_where_the_sum_is_beyond_float64(
    dividend: list[float], divisor: int
) -> None:
    total = ExactSum.of(np.array(dividend))
    assert math.isinf(float(total))
    expected = float(sum(map(Fraction, dividend), Fraction(0)) / divisor)
    assert total.over(ExactSum.of_count(divisor)) == expected


def test_a_quotient_beyond_float64_is_infinite() -> None:
    total = ExactSum.of(np.array([-HUGE, -HUGE]))
    assert total.over(ExactSum.of(np.array([0.5]))) == -math.inf


def test_thirteen_huge_logits_have_a_mean(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    assert mean_binary_cross_entropy(LABELS, LOGITS, logits=True) == HUGE
    path = preds("y,p\n" + FEW_TEXT)
    record = json.loads(bce("compute", path, "--logits", "-f", "json").stdout)
    assert record["mean_loss"] == record["finite_mean_loss"] == HUGE
    assert record["std_error"] == 0.0
    assert record["n_impossible"] == 0
    assert "impossible." not in bce("compute", path, "--logits").stdout


def report_of(**options: Any) -> LossReport:  # noqa: ANN401
    return loss_report(loss_totals([1, 1, 0], [-HUGE, -1e308, 1.5e308], logits=True, **options))


def test_weighted_means_of_huge_losses_are_exact() -> None:
    weights = [0.5, 0.75, 1.0]
    products = [w * x for w, x in zip(weights, [HUGE, 1e308, 1.5e308], strict=True)]
    expected = float(sum(map(Fraction, products), Fraction(0)) / Fraction(sum(weights)))
    assert report_of(weights=weights).mean_loss == expected
    assert math.isinf(report_of(weights=weights).total_loss)


def test_a_weighted_loss_beyond_float64_is_refused_and_not_infinite() -> None:
    with pytest.raises(DataError) as refusal:
        report_of(weights=[1.0, 1.0, 2.0])
    assert refusal.value.message == (
        "the loss 1.5e+308 times the weight 2 is beyond the range of float64"
    )
    assert refusal.value.hint == "divide all weights by the same number: no mean depends on that"
    assert report_of(weights=[1.0, 1.0, 0.0]).mean_loss == true_mean([HUGE, 1e308])


def test_every_convention_without_a_limit_has_the_mean() -> None:
    means = {c.name: c.mean_loss for c in convention_reports(LABELS, LOGITS, logits=True)}
    assert means["exact"] == means["catboost"] == HUGE
    assert (
        mean_binary_cross_entropy(
            LABELS, LOGITS, logits=True, convention=Convention(like="catboost")
        )
        == HUGE
    )


def test_soft_labels_of_huge_logits() -> None:
    totals = loss_totals([0.5] * 3, [HUGE, HUGE, HUGE], logits=True, soft_labels=True)
    report = loss_report(totals + totals)
    assert report.mean_loss == report.kl_divergence == HUGE / 2
    assert report.label_entropy == math.log(2.0)


def test_calibration_of_huge_logits() -> None:
    report = calibration_report(LABELS, LOGITS, logits=True)
    assert report.log_loss.mean == report.log_loss.miscalibration == HUGE


def test_differences_and_gates_of_huge_losses(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    rows = "".join(f"{y},{x!r},{x / 2!r},{y}\n" for y, x in zip(LABELS, LOGITS, strict=True))
    path = preds("y,old,new,g\n" + rows)
    options = ["-p", "old", "-p", "new", "--cluster", "g", "--logits", "-f", "json"]
    (found,) = json.loads(bce("compare", path, *options).stdout)["comparisons"]
    assert found["difference"] == -HUGE / 2
    result = bce("check", path, "-p", "old", "--logits", "--min-skill", "0", "--confident")
    assert result.exit_code == 3
    assert result.stderr == "bce: check failed: skill -inf is below 0\n"


def test_subnormal_sums_are_rounded_once() -> None:
    tiny = [5e-324, 5e-324, 1.5e-323]
    assert mean_binary_cross_entropy([0] * 3, tiny) == true_mean(tiny)
