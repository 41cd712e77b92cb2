from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import Convention, loss_report, loss_totals
from bce_cli.core.rows import Rows
from bce_cli.errors import UsageError


@pytest.mark.parametrize(
    ("label", "probability", "cap"),
    [
        (1, 0.0, 34.538776394910684),
        (1, 1e-300, 34.538776394910684),
        (0, 1.0, -math.log1p(-(1.0 - 1e-15))),
        (1, 1.0, -math.log(1.0 - 1e-15)),
        (0, 0.0, -math.log1p(-1e-15)),
    ],
)
def test_a_clipped_loss_is_that_of_the_nearest_probability_allowed(
    label: int, probability: float, cap: float
) -> None:
    totals = loss_totals([label], [probability], convention=Convention(clip=1e-15))
    assert totals.n_clipped == 1
    assert loss_report(totals).mean_loss == pytest.approx(cap, rel=2**-52, abs=0)


def test_only_probabilities_that_move_count_as_clipped() -> None:
    edges = np.array([0.0, 0.125, 0.5, 0.875, 1.0, np.nextafter(0.125, 0), np.nextafter(0.875, 1)])
    convention = Convention(clip=0.125)
    moved = convention.probabilities(edges)
    assert moved.tolist() == [0.125, 0.125, 0.5, 0.875, 0.875, 0.125, 0.875]
    rows = Rows(np.zeros(len(edges), np.bool_), edges)
    assert convention.n_clipped(rows) == 4
    assert Convention().n_clipped(rows) == 0


def test_clipping_leaves_impossible_rows_counted_and_the_mean_of_the_others() -> None:
    labels, probabilities = [1, 0, 1, 0], [0.0, 0.25, 0.5, 1.0]
    exact = loss_report(loss_totals(labels, probabilities))
    clipped = loss_report(loss_totals(labels, probabilities, convention=Convention(clip=1e-15)))
    assert clipped.n_clipped == clipped.n_impossible == exact.n_impossible == 2
    assert clipped.first_impossible_row == exact.first_impossible_row == 1
    assert clipped.finite_mean_loss == exact.finite_mean_loss
    assert clipped.brier == exact.brier
    assert exact.mean_loss == math.inf
    capped = 34.538776394910684 - math.log1p(-(1.0 - 1e-15))
    others = -math.log(0.75) - math.log(0.5)
    assert clipped.mean_loss == pytest.approx((capped + others) / 4.0, rel=1e-15)
    assert clipped.std_error is not None


@pytest.mark.parametrize("clip", [0, 0.0, 0.5, 1, -1, -1e-15, math.nan, math.inf])
def test_a_clip_outside_its_domain_is_refused(clip: float) -> None:
    with pytest.raises(UsageError) as caught:
        Convention(clip=clip)
    assert "greater than 0 and less than 0.5" in str(caught.value)
    assert str(caught.value).endswith(f"got {clip!r}")


@pytest.mark.parametrize("clip", [5e-324, 2.0**-54])
def test_a_clip_that_rounds_away_is_refused(clip: float) -> None:
    with pytest.raises(UsageError, match="rounds to 1"):
        Convention(clip=clip)


@pytest.mark.parametrize("clip", [math.nextafter(2.0**-54, 1.0), math.nextafter(0.5, 0.0)])
def test_a_clip_at_the_edge_of_its_domain_is_taken(clip: float) -> None:
    assert Convention(clip=clip).clip == clip


def test_a_convention_has_a_name() -> None:
    assert (Convention().name, Convention(clip=0.1).name) == ("exact", "clip")


@given(st.from_type(Rows), st.sampled_from([None, 1e-15, 0.01]))
def test_a_scored_row_has_the_likelihood_and_the_loss_of_its_label(
    rows: Rows, clip: float | None
) -> None:
    convention = Convention(clip)
    scored = convention.score(rows)
    moved = convention.probabilities(rows.probabilities)
    assert len(scored) == len(rows)
    expected = [p if y else 1.0 - p for y, p in zip(rows.labels, moved, strict=True)]
    assert scored.likelihoods.tolist() == expected
    assert scored.losses.tolist() == convention.losses(rows).tolist()
