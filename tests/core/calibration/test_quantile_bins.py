"""Bins of about as many rows each, where many predictions are equal."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli import CalibrationPlan, CalibrationReport, calibration_report
from bce_cli.core.calibration.bins import bins_of, quantile_edges
from bce_cli.core.cuts import even_cuts

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

NINE = [0.5] * 4 + [0.6] * 5
LABELS = [0] * 4 + [1] * 5


def report_of(
    predictions: list[float], labels: list[int], n_bins: int, **options: bool
) -> CalibrationReport:
    plan = CalibrationPlan(
        n_bins=n_bins, strategy="quantile", with_fine_bins=options.get("fine", False)
    )
    return calibration_report(labels, predictions, plan=plan)


@pytest.mark.parametrize("fine", [False, True])
def test_nine_rows_with_a_split_have_an_error(fine: bool) -> None:
    report = report_of(NINE, LABELS, 2, fine=fine)
    assert [each.n for each in report.bins] == [4, 5]
    assert report.ece == pytest.approx((4 * 0.5 + 5 * 0.4) / 9, rel=1e-15)
    assert [each.mean_prediction for each in report.bins] == [0.5, pytest.approx(0.6, rel=1e-15)]


@pytest.mark.few(10)
@pytest.mark.parametrize(
    "counts", [[1], [5, 1], [1, 5], [9, 1, 1, 1], [1, 1, 1, 9], [1, 9, 1], [2, 3, 4, 5], [1] * 7]
)
@pytest.mark.parametrize("n_bins", [1, 2, 3, 5, 50])
def test_there_are_as_many_bins_as_can_be(counts: list[int], n_bins: int) -> None:
    values = np.linspace(0.1, 0.9, len(counts))
    predictions = np.repeat(values, counts)
    edges = quantile_edges(predictions, n_bins)
    made = np.unique(bins_of(predictions, edges))
    assert len(made) == min(n_bins, len(counts))
    assert list(edges) == sorted(edges)
    assert edges[0] <= predictions.min()
    assert edges[-1] >= predictions.max()
    labels = [0] * len(predictions)
    fine = report_of(predictions.tolist(), labels, n_bins, fine=True)
    held = report_of(predictions.tolist(), labels, n_bins)
    assert len(fine.bins) == len(held.bins) == min(n_bins, len(counts))
    assert all(each.n for each in (*fine.bins, *held.bins))


def test_cuts_are_as_even_as_they_can_be_one_at_a_time() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        counts = random.integers(1, 9, random.integers(2, 9)).tolist()
        found = even_cuts(counts, 2)
        ends = np.cumsum(counts)
        wanted = (int(ends[-1]) - 1) // 2 + 1
        best = min(abs(int(end) - wanted) for end in ends[:-1])
        assert abs(int(ends[found[1] - 1]) - wanted) == best
        n_bins = int(random.integers(1, len(counts) + 1))
        cuts = even_cuts(counts, n_bins)
        assert len(cuts) == n_bins
        assert cuts[0] == 0
        assert all(a < b for a, b in pairwise(cuts))
        assert tuple(cuts[1:]) in combinations(range(1, len(counts)), n_bins - 1)


def test_without_ties_cuts_are_where_quantiles_are() -> None:
    random = np.random.default_rng(1)
    for n in (8, 60, 78):  # no quantile is a prediction itself, which rounding decides
        p = np.sort(random.uniform(size=n))
        for n_bins in (2, 3, 4, 5):
            bins = bins_of(p, quantile_edges(p, n_bins))
            firsts = np.flatnonzero(np.diff(bins, prepend=-1)).tolist()
            assert even_cuts([1] * n, n_bins) == firsts


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(2)
    p = random.choice([0.1, 0.2, 0.2 + 2**-50, 0.7, 0.9], 100, p=[0.7, 0.1, 0.1, 0.05, 0.05])
    y = random.integers(0, 2, 100)
    whole = report_of(p.tolist(), y.tolist(), 4)
    order = random.permutation(100)
    assert report_of(p[order].tolist(), y[order].tolist(), 4).bins == whole.bins
    assert len(whole.bins) == 4


def test_fewer_bins_are_told_of(preds: Callable[..., str], bce: Callable[..., Result]) -> None:
    path = preds("y,p\n" + "".join(f"{y},{p}\n" for y, p in zip(LABELS, NINE, strict=True)))
    options = ["calibration", path, "--strategy", "quantile"]
    for more, note in (
        ([], "There are 2 bins and not 10, for want of more different predictions."),
        (["--fine-bins"], "There are 2 bins and not 10, for want of more fine bins with rows."),
    ):
        assert note in " ".join(bce(*options, *more).stdout.split())
        result = bce(*options, *more, "-f", "json")
        assert json.loads(result.stdout)["notes"] == [note]
        assert f"bce: note: {note}\n" in result.stderr
        assert note not in bce(*options, *more, "-q").stderr
    assert "bins and not" not in bce(*options, "--bins", "2").stdout
    assert "bins and not" not in bce("calibration", path).stdout
