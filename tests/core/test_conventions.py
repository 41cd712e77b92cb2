from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli import Convention, binary_cross_entropy, loss_report, loss_totals
from bce_cli.core.rows import Rows
from bce_cli.core.rules import RULES, chosen
from bce_cli.errors import ArgumentError, DataError


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
    rows = Rows(np.zeros(len(edges), np.bool_), edges)
    assert convention.clipped_places(rows).tolist() == [0, 4, 5, 6]
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
    with pytest.raises(ArgumentError) as caught:
        Convention(clip=clip)
    assert "greater than 0 and less than 0.5" in str(caught.value)
    assert str(caught.value).endswith(f"got {clip!r}")


@pytest.mark.parametrize("clip", [5e-324, 2.0**-54])
def test_a_clip_that_rounds_away_is_refused(clip: float) -> None:
    with pytest.raises(ArgumentError, match="rounds to 1"):
        Convention(clip=clip)


@pytest.mark.parametrize("clip", [math.nextafter(2.0**-54, 1.0), math.nextafter(0.5, 0.0)])
def test_a_clip_at_the_edge_of_its_domain_is_taken(clip: float) -> None:
    assert Convention(clip=clip).clip == clip


def test_a_convention_has_a_name() -> None:
    names = [Convention().name, Convention(clip=0.1).name, Convention(like="torch").name]
    assert names == ["exact", "clip", "torch"]


@given(st.from_type(Rows), st.sampled_from([None, 1e-15, 0.01]))
def test_a_scored_row_has_the_likelihood_and_the_loss_of_its_label(
    rows: Rows, clip: float | None
) -> None:
    convention = Convention(clip)
    scored = convention.score(rows)
    assert len(scored) == len(rows)
    expected = np.where(rows.labels, rows.probabilities, 1.0 - rows.probabilities)
    places = convention.clipped_places(rows)
    expected[places] = np.exp(-scored.losses[places])
    assert scored.likelihoods.tolist() == expected.tolist()
    assert scored.losses.tolist() == convention.losses(rows).tolist()


ONE_BY_ONE = [
    (y, p) for y in (1, 0) for p in (0.0, 1e-20, 1e-9, 0.3, 1.0 - 1e-9, 1.0 - 2**-53, 1.0)
]


@pytest.mark.parametrize(
    ("like", "touched"),
    [
        ("exact", []),
        ("sklearn", [(1, 0.0), (1, 1e-20), (1, 1.0 - 2**-53), (1, 1.0), (0, 0.0), (0, 1e-20)]),
        ("torch", [(1, 0.0)]),
        ("xgboost", [(1, 0.0), (1, 1e-20)]),
        ("lightgbm", [(1, 0.0), (1, 1e-20)]),
        ("lightgbm-xentropy", [(1, 0.0), (1, 1e-20)]),
        ("catboost", []),
        ("spark", [(1, 0.0), (1, 1e-20), (1, 1.0 - 2**-53), (1, 1.0), (0, 0.0), (0, 1e-20)]),
    ],
)
def test_a_row_is_touched_where_a_limit_changes_the_loss_of_its_label(
    like: str, touched: list[tuple[int, float]]
) -> None:
    rows = Rows(np.array([y == 1 for y, _ in ONE_BY_ONE]), np.array([p for _, p in ONE_BY_ONE]))
    places = Convention(like=like).clipped_places(rows)
    single = (
        {(0, 1.0 - 1e-9), (0, 1.0 - 2**-53), (0, 1.0)} if like in {"torch", "xgboost"} else set()
    )
    double = {(0, 1.0 - 2**-53), (0, 1.0)} if touched and not single else set()
    assert {ONE_BY_ONE[place] for place in places} == {*touched, *single, *double}


def test_a_clip_of_all_probabilities_touches_rows_of_either_label() -> None:
    rows = Rows(np.array([y == 1 for y, _ in ONE_BY_ONE]), np.array([p for _, p in ONE_BY_ONE]))
    for like, n in (("keras", 12), ("tf-keras", 12), ("sklearn-1.1", 8), ("kaggle", 8)):
        assert Convention(like=like).n_clipped(rows) == n


@pytest.mark.parametrize(
    ("like", "positive", "negative"),
    [
        ("exact", math.inf, math.inf),
        ("sklearn", 36.04365338911715, 36.04365338911715),
        ("sklearn-1.1", 34.538776394910684, 34.53957599234088),
        ("torch", 100.0, 100.0),
        ("keras", 16.11809539794922, 15.942384719848633),
        ("tf-keras", 15.424948692321777, 15.33323860168457),
        ("xgboost", 36.84136199951172, 36.84136199951172),
        ("lightgbm", 34.538776397705078, 34.538776397705078),
        ("lightgbm-xentropy", 27.631021115928547, 27.631021115928547),
        ("catboost", math.inf, math.inf),
        ("kaggle", 34.538776394910684, 34.53957599234088),
        ("yardstick", 36.04365338911715, 36.04365338911715),
        ("spark", 34.538776394910684, 34.538776394910684),
    ],
)
def test_an_impossible_row_costs_the_cap_of_the_convention(
    like: str, positive: float, negative: float
) -> None:
    convention = Convention(like=like)
    caps = [convention.cap(label) for label in (True, False)]
    unit = 2.0**-23 if like in {"torch", "keras", "tf-keras", "xgboost", "lightgbm"} else 2.0**-52
    assert caps == pytest.approx([positive, negative], rel=unit, abs=0)
    assert binary_cross_entropy([1, 0], [0.0, 1.0], convention=convention).tolist() == caps


def test_lightgbm_holds_a_probability_at_its_limit_too() -> None:
    limit = float(np.float32(1e-15))
    above = math.nextafter(limit, 1.0)
    losses = binary_cross_entropy([1, 1], [limit, above], convention=Convention(like="lightgbm"))
    assert losses.tolist() == [float(-np.log(np.float32(1e-15))), -math.log(above)]
    rows = Rows(np.array([True, True]), np.array([limit, above]))
    assert Convention(like="lightgbm").clipped_places(rows).tolist() == [0]


@given(st.from_type(Rows), st.sampled_from(sorted(RULES)))
def test_no_loss_is_negative_or_undefined_and_none_depends_on_its_neighbours(
    rows: Rows, like: str
) -> None:
    convention = Convention(like=like)
    losses = convention.losses(rows)
    assert np.all(losses >= (-1e-14 if like == "catboost" else 0.0))  # that one subtracts
    apart = [convention.losses(rows.at(np.array([place])))[0] for place in range(len(rows))]
    assert losses.tolist() == apart


def test_a_convention_without_soft_labels_says_so_and_takes_those_of_0_and_1() -> None:
    convention = Convention(like="sklearn")
    with pytest.raises(DataError, match=r"^sklearn takes the labels 0 and 1 only"):
        binary_cross_entropy([0.5], [0.5], soft_labels=True, convention=convention)
    hard = binary_cross_entropy([1, 0], [0.3, 0.2], convention=convention)
    soft = binary_cross_entropy([1, 0], [0.3, 0.2], soft_labels=True, convention=convention)
    assert soft.tolist() == hard.tolist()


@pytest.mark.parametrize("like", RULES)
def test_soft_labels_are_refused_where_the_library_has_classes(like: str) -> None:
    def loss() -> object:
        convention = Convention(like=like)
        return binary_cross_entropy([0.75], [0.5], soft_labels=True, convention=convention)

    if like in {"sklearn", "sklearn-1.1", "kaggle", "yardstick", "spark"}:
        with pytest.raises(DataError, match=f"^{like} takes the labels 0 and 1 only"):
            loss()
    else:
        loss()


def test_an_unknown_convention_is_refused_and_the_known_ones_are_told() -> None:
    with pytest.raises(ArgumentError, match=r"^like 'caffe' is not known\n") as caught:
        Convention(like="caffe")
    assert caught.value.hint == f"known are {', '.join(RULES)}"


def test_a_convention_and_a_clip_are_two_rules() -> None:
    with pytest.raises(ArgumentError, match=r"^like and clip are two different rules\n"):
        Convention(clip=0.1, like="torch")


def test_every_rule_names_its_source() -> None:
    assert all(rule.source for rule in RULES.values())


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_loss_of_a_label_is_chosen_bit_for_bit(kind: type[np.floating]) -> None:
    odd = [0.0, -0.0, 5e-324, 0.1, np.inf, -np.inf, np.nan, -np.nan]
    pairs = np.array([(one, two) for one in odd for two in odd] * 2, kind)
    labels = np.arange(len(pairs)) < len(pairs) // 2
    for positive, negative in (pairs.T, np.ascontiguousarray(pairs.T), pairs[:0].T):
        these = labels[: len(positive)]
        expected = np.where(these, positive, negative)
        assert chosen(these, positive, negative).tobytes() == expected.tobytes()
