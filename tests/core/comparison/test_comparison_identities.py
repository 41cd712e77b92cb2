"""What holds for the comparison of any two models on any rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.rows import Categories, Predictions, concatenated
from bce_cli.core.totals import LossTotals
from tests.core.comparison.compared import compared, compared_rows, counts, totals_of

if TYPE_CHECKING:
    from bce_cli.core.comparison.differences import Difference, DifferenceReport
    from bce_cli.core.rows import Rows

CONVENTIONS = (EXACT, Convention(0.01), Convention(like="torch"), Convention(like="keras"))
conventions = st.sampled_from(CONVENTIONS)
cuts = st.lists(st.integers(0, 30), max_size=4).map(tuple)


def swapped(rows: Rows) -> Rows:
    """The same rows with the baseline and the model in each other's place."""
    (rival,) = rows.rivals
    mine = Predictions(rows.probabilities, rows.logits)
    return replace(rows, probabilities=rival.probabilities, rivals=(mine,))


def negated(value: float | None) -> float | None:
    return None if value is None else -value


def mirrored(found: Difference) -> Difference:
    return replace(
        found,
        value=negated(found.value),
        t=negated(found.t),
        ci_low=negated(found.ci_high),
        ci_high=negated(found.ci_low),
    )


def without_rows(found: DifferenceReport) -> DifferenceReport:
    return replace(found, gained=(), lost=())


@given(compared_rows(), conventions)
def test_a_against_b_is_b_against_a_the_other_way_round(rows: Rows, convention: Convention) -> None:
    assume(counts(rows))
    there, back = compared(rows, convention), compared(swapped(rows), convention)
    (found,), (other,) = there.comparisons, back.comparisons
    assert mirrored(found.finite) == other.finite
    assert negated(found.value) == other.value
    assert (found.n_better, found.n_worse, found.n_tied) == (
        other.n_worse,
        other.n_better,
        other.n_tied,
    )
    assert found.n_only_baseline_infinite == other.n_only_model_infinite
    assert found.n_only_model_infinite == other.n_only_baseline_infinite
    assert found.n_both_infinite == other.n_both_infinite
    for mine, theirs in ((found.gained, other.lost), (found.lost, other.gained)):
        assert [(row.row, -row.difference) for row in mine] == [
            (row.row, row.difference) for row in theirs
        ]
    assert [replace(model, name="") for model in reversed(there.models)] == [
        replace(model, name="") for model in back.models
    ]


@given(compared_rows(n_models=1), conventions)
def test_a_model_is_tied_with_itself_everywhere(rows: Rows, convention: Convention) -> None:
    assume(counts(rows))
    twice = replace(rows, rivals=(Predictions(rows.probabilities),))
    (found,) = compared(twice, convention).comparisons
    assert (found.n_better, found.n_worse) == (0, 0)
    assert found.n_tied == LossTotals.of(rows, convention=convention).n_weighted
    assert (found.n_only_baseline_infinite, found.n_only_model_infinite) == (0, 0)
    assert found.finite.value in (0.0, None)
    assert found.finite.std_error in (0.0, None)
    assert (found.finite.t, found.finite.p_value, found.finite.p_adjusted) == (None, None, None)
    assert (found.gained, found.lost) == ((), ())


@given(compared_rows(n_models=3), conventions, cuts)
def test_no_digit_depends_on_the_cuts(
    rows: Rows, convention: Convention, places: tuple[int, ...]
) -> None:
    assert totals_of(rows, convention, cuts=places) == totals_of(rows, convention)


@given(compared_rows(n_models=2), conventions, cuts, st.integers(1, 3))
def test_parts_may_be_merged_in_any_grouping(
    rows: Rows, convention: Convention, places: tuple[int, ...], n_left: int
) -> None:
    n = len(rows)
    middle = min(n, n_left)
    head, tail = rows.at(np.arange(middle)), rows.at(np.arange(middle, n))
    left = totals_of(head, convention, cuts=places)
    left += totals_of(tail, convention, cuts=places)
    assert left == totals_of(rows, convention)


@given(compared_rows(n_models=3), conventions, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing_but_their_numbers(
    rows: Rows, convention: Convention, random: object
) -> None:
    assume(counts(rows))
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = compared(rows.at(np.array(order)), convention, n_shown=0)
    plain = compared(rows, convention, n_shown=0)
    assert mixed.comparisons == plain.comparisons
    assert (mixed.n, mixed.n_clusters) == (plain.n, plain.n_clusters)
    for model, other in zip(mixed.models, plain.models, strict=True):
        assert replace(model, report=other.report) == other
        assert replace(model.report, first_impossible_row=None) == replace(
            other.report, first_impossible_row=None
        )


@given(compared_rows(clustered=True), conventions)
def test_the_names_of_clusters_change_nothing(rows: Rows, convention: Convention) -> None:
    assume(counts(rows))
    assert rows.cluster is not None
    names = tuple(f"{1000 + 7 * i:09d} user" for i in range(len(rows.cluster.names)))
    renamed = replace(rows, cluster=Categories(rows.cluster.codes, names))
    assert compared(renamed, convention) == compared(rows, convention)


@given(compared_rows(clustered=False), conventions)
def test_a_cluster_for_each_row_gives_the_figures_of_independent_rows(
    rows: Rows, convention: Convention
) -> None:
    assume(counts(rows))
    n = len(rows)
    each = Categories(np.arange(n, dtype=np.int32), tuple(map(str, range(n))))
    clustered, plain = compared(replace(rows, cluster=each), convention), compared(rows, convention)
    assert clustered.comparisons == plain.comparisons
    assert clustered.n_clusters == LossTotals.of(rows, convention=convention).n_weighted
    for model, other in zip(clustered.models, plain.models, strict=True):
        assert model.std_error == other.std_error
        assert model.report == other.report


@given(compared_rows(n_models=3))
def test_one_cluster_is_too_few_for_any_interval(rows: Rows) -> None:
    assume(counts(rows))
    one = Categories(np.zeros(len(rows), np.int32), ("all",))
    report = compared(replace(rows, cluster=one))
    assert report.n_clusters == 1
    assert {model.std_error for model in report.models} == {None}
    for found in report.comparisons:
        assert (found.finite.std_error, found.finite.df, found.finite.p_value) == (None, None, None)


@given(compared_rows(n_models=3))
def test_rows_left_out_are_as_if_they_had_never_been(rows: Rows) -> None:
    assume(counts(rows))
    assert rows.missing is None or len(rows.missing) == len(rows)
    if rows.missing is None:
        return
    kept = replace(rows.at(np.flatnonzero(~rows.missing)), missing=None)
    whole, rest = compared(rows, n_shown=0), compared(kept, n_shown=0)
    assert whole.comparisons == rest.comparisons
    assert whole.n_clusters == rest.n_clusters


@given(compared_rows(n_models=3), conventions)
def test_each_comparison_is_that_of_the_two_models_alone(
    rows: Rows, convention: Convention
) -> None:
    assume(counts(rows))
    together = compared(rows, convention)
    for index, found in enumerate(together.comparisons):
        pair = compared(replace(rows, rivals=(rows.rivals[index],)), convention)
        (alone,) = pair.comparisons
        finite = replace(found.finite, p_adjusted=found.finite.p_value)
        assert replace(found, model=alone.model, finite=finite) == alone


@given(compared_rows(weighted=True), st.sampled_from([0.25, 2.0, 2.0**30, 2.0**-30]))
def test_the_scale_of_the_weights_changes_nothing(rows: Rows, scale: float) -> None:
    assume(counts(rows))
    assert rows.weights is not None
    scaled = compared(replace(rows, weights=rows.weights * scale))
    (found,), (other,) = scaled.comparisons, compared(rows).comparisons
    assert found.value == other.value
    if other.finite.std_error:
        assert found.finite.std_error == pytest.approx(other.finite.std_error, rel=2**-51)


@given(compared_rows(), cuts)
def test_concatenated_pieces_are_the_rows(rows: Rows, places: tuple[int, ...]) -> None:
    ends = [0, *sorted(place % (len(rows) + 1) for place in places), len(rows)]
    pieces = [rows.at(np.arange(a, b)) for a, b in pairwise(ends)]
    joined = concatenated(pieces)
    assert totals_of(joined) == totals_of(rows)
    if rows.cluster is not None:
        assert joined.cluster is not None
        assert words(joined.cluster) == words(rows.cluster)


def words(column: Categories) -> list[str]:
    return [column.names[code] for code in column.codes]
