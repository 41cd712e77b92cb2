"""Mean differences alone are those of a comparison, or say that they may not be what was meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bce_cli.core.comparison.mean_differences import MeanDifferences
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.rows import Predictions, Rows
from bce_cli.errors import DataError
from tests.core.comparison.compared import compared, compared_rows, counts, rows_under

CONVENTIONS = [EXACT, Convention(clip=0.01), Convention(like="torch"), Convention(like="lightgbm")]


def meant(rows: Rows) -> Rows:
    """Turn predictions to the side of the label, as good models have most of them."""

    def turned(given: np.ndarray) -> np.ndarray:
        return np.where((given > 0.5) == rows.labels, given, 1.0 - given)

    rivals = tuple(Predictions(turned(rival.probabilities)) for rival in rows.rivals)
    return replace(rows, probabilities=turned(rows.probabilities), rivals=rivals).blanked()


@given(
    compared_rows(n_models=3, clustered=False),
    st.booleans(),
    st.sampled_from(CONVENTIONS),
    st.integers(0, 25),
)
def test_they_are_those_of_a_comparison_wherever_they_are_not_in_doubt(
    drawn: Rows, is_meant: bool, convention: Convention, cut: int
) -> None:
    assume(counts(drawn))
    rows = meant(drawn) if is_meant else drawn
    report = compared(rows, convention)
    found = MeanDifferences.of(rows, convention)
    if any(each.report.is_reversed or each.report.are_classes for each in report.models):
        assert found.are_in_doubt
    if found.are_in_doubt:
        return
    values = [item.value for item in report.comparisons]
    assert found.values == values
    first, rest = (
        MeanDifferences.of(rows.at(part), convention) for part in (slice(cut), slice(cut, None))
    )
    assert (first + rest).values == values


def test_rows_that_make_a_model_doubtful_make_all_so() -> None:
    good, bad = rows_under([1, 0], [0.75, 0.5], [0.9, 0.2]), rows_under([1], [0.9], [0.1])
    found = MeanDifferences.of(good)
    assert not found.are_in_doubt
    assert (found + MeanDifferences.of(bad)).are_in_doubt


def test_an_infinite_loss_is_in_doubt_and_in_no_sum() -> None:
    found = MeanDifferences.of(rows_under([1, 1], [0.9, 0.9], [0.0, 0.9]))
    assert found.are_in_doubt
    assert found.differences is None
    finite = MeanDifferences.of(rows_under([1], [0.9], [0.8]))
    assert (found + finite).differences is (finite + found).differences is None


@pytest.mark.parametrize(
    ("n", "message"), [(0, "the mean of no rows is undefined"), (2, "all weights are 0")]
)
def test_no_rows_and_no_weights_have_none(n: int, message: str) -> None:
    rows = rows_under([1] * n, [0.9] * n, [0.8] * n, weights=[0.0] * n)
    with pytest.raises(DataError, match=message):
        _ = MeanDifferences.of(rows).values
