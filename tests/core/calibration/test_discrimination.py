"""Area under the ROC curve: every pair in fractions, a published table, and what may not matter."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from bce_cli.core.calibration.discrimination import (
    Discrimination,
    NoInterval,
    discrimination,
    discrimination_of_tally,
)
from bce_cli.core.calibration.fine_bins import FineBins, fine_tally
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.inference import t_quantile
from bce_cli.core.rows import BoolArray, Categories, FloatArray, Rows
from bce_cli.core.rules import sigmoid
from tests.budgets import examples
from tests.core.calibration.some_rows import calibration_rows

HALF = Fraction(1, 2)


@dataclass
class Pairs:
    """What all pairs of a positive and a negative say, one by one, in fractions."""

    auc: Fraction
    of_positives: list[Fraction]
    of_negatives: list[Fraction]
    ones: list[Fraction]
    zeros: list[Fraction]

    @classmethod
    def of(cls, rows: Rows) -> Pairs:
        keys = (rows.probabilities if rows.logits is None else rows.logits).tolist()
        weights = [1.0] * len(rows) if rows.weights is None else rows.weights.tolist()
        shares = [Fraction(float(label)) for label in rows.labels]
        ones: list[Fraction] = [Fraction(w) * y for w, y in zip(weights, shares, strict=True)]
        zeros: list[Fraction] = [
            Fraction(w) * Fraction(float(1 - y))  # rounded, as in every loss of soft labels
            for w, y in zip(weights, shares, strict=True)
        ]
        all_ones, all_zeros = Fraction(sum(ones)), Fraction(sum(zeros))
        below: list[Fraction] = [
            sum(b * (HALF if k == key else k < key) for k, b in zip(keys, zeros, strict=True))
            / all_zeros
            for key in keys
        ]
        above: list[Fraction] = [
            sum(a * (HALF if k == key else k > key) for k, a in zip(keys, ones, strict=True))
            / all_ones
            for key in keys
        ]
        auc = products(ones, below) / all_ones
        return cls(
            auc,
            [a * (g - auc) / all_ones for a, g in zip(ones, below, strict=True)],
            [b * (h - auc) / all_zeros for b, h in zip(zeros, above, strict=True)],
            ones,
            zeros,
        )

    def by_row(self) -> float:
        """Return the variance of rows that do not depend on each other."""
        u, v = (1 / (1 - squares(x) / sum(x) ** 2) for x in (self.ones, self.zeros))
        both = 2 * products(self.of_positives, self.of_negatives)
        own = u * squares(self.of_positives) + v * squares(self.of_negatives)
        return float(own) + math.sqrt(u * v) * float(both)

    def by_cluster(self, codes: list[int]) -> float:
        """Return Obuchowski's variance."""
        clusters = [
            list(self._sums(values, codes))
            for values in (self.of_positives, self.of_negatives, self.ones, self.zeros)
        ]
        p, q, a, b = clusters
        i, j = sum(x > 0 for x in a), sum(x > 0 for x in b)
        k = sum(x + y > 0 for x, y in zip(a, b, strict=True))
        own = Fraction(i, i - 1) * squares(p) + Fraction(j, j - 1) * squares(q)
        return float(own + 2 * Fraction(k, k - 1) * products(p, q))

    @staticmethod
    def _sums(values: list[Fraction], codes: list[int]) -> list[Fraction]:
        sums: dict[int, Fraction] = defaultdict(Fraction)
        for value, code in zip(values, codes, strict=True):
            sums[code] += value
        return list(sums.values())


def squares(values: list[Fraction]) -> Fraction:
    return products(values, values)


def products(left: list[Fraction], right: list[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def clustered(codes: npt.ArrayLike) -> ClusteredRows:
    whole = np.array(codes, np.int32)
    return ClusteredRows(Categories(whole, tuple(map(str, range(int(whole.max()) + 1)))))


def reflected(found: Discrimination) -> tuple[float | None, ...]:
    bounds = (found.ci_high, found.ci_low)
    return tuple(None if x is None else 1.0 - x for x in (found.auc, *bounds))


def some_rows(n: int, *, soft: bool = False, weighted: bool = False, seed: int = 3) -> Rows:
    """Return rows with many ties, and labels that depend on predictions."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=n).round(1 if n < 50 else 2)
    labels: FloatArray | BoolArray = rng.uniform(size=n) < 0.2 + 0.6 * p
    if soft:
        labels = np.where(rng.uniform(size=n) < 0.3, rng.uniform(size=n), labels)
    return Rows(labels, p, rng.gamma(1.0, 2.0, n) if weighted else None)


KINDS = [
    pytest.param({}, id="plain"),
    pytest.param({"weighted": True}, id="weighted"),
    pytest.param({"soft": True}, id="soft"),
    pytest.param({"soft": True, "weighted": True}, id="both"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_in_fractions(kind: dict[str, bool]) -> None:
    """The area to the last bit, and both variances."""
    rows = some_rows(60, **kind)
    codes = np.random.default_rng(1).integers(0, 12, 60)
    pairs = Pairs.of(rows)
    alone, grouped = discrimination(rows), discrimination(rows, clustered(codes))
    assert alone.auc == grouped.auc == float(pairs.auc)
    assert alone.std_error == pytest.approx(math.sqrt(pairs.by_row()), rel=1e-13)
    error = math.sqrt(pairs.by_cluster(codes.tolist()))
    assert grouped.std_error == pytest.approx(error, rel=1e-13)
    assert alone.auc is not None
    for found, df in ((alone, math.inf), (grouped, 11)):
        assert found.std_error is not None
        reach = t_quantile(0.95, df) * found.std_error
        assert (found.ci_low, found.ci_high) == (alone.auc - reach, alone.auc + reach)
        assert found.no_interval is None


@given(calibration_rows())
@settings(max_examples=examples(100))
def test_the_area_is_exact(rows: Rows) -> None:
    """Whatever the labels, weights, logits and ties."""
    rows = replace(rows, labels=np.where(rows.labels > 1e-9, rows.labels, False))
    shares = rows.labels.astype(np.float64)
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    assume((weights * shares).any())
    assume((weights * (1.0 - shares)).any())
    assert discrimination(rows).auc == float(Pairs.of(rows).auc)


def test_delong_of_a_published_table() -> None:
    """109 CT images of Hanley and McNeil (Radiology 143, 1982), rated from 1 to 5.

    Stata's `roctab`, in whose manual they are, prints this area, error and interval.
    """
    counts = [33, 6, 6, 11, 2, 3, 2, 2, 11, 33]
    ratings = np.repeat(np.tile([0.1, 0.3, 0.5, 0.7, 0.9], 2), counts)
    found = discrimination(Rows(np.arange(109) >= 58, ratings))
    assert found.auc is not None
    assert found.std_error is not None
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert (round(found.auc, 4), round(found.std_error, 4)) == (0.8932, 0.0307)
    assert (round(found.ci_low, 5), round(found.ci_high, 5)) == (0.83295, 0.95339)


def test_mann_whitney_and_scikit_learn() -> None:
    """U over the number of pairs, and with weights what `roc_auc_score` gives."""
    from scipy.stats import mannwhitneyu

    rows = some_rows(500)
    ones = rows.probabilities[rows.labels > 0]
    zeros = rows.probabilities[rows.labels == 0]
    u = float(mannwhitneyu(ones, zeros).statistic)
    assert discrimination(rows).auc == u / (len(ones) * len(zeros))
    rows = some_rows(500, weighted=True)
    expected = roc_auc_score(rows.labels, rows.probabilities, sample_weight=rows.weights)
    assert discrimination(rows).auc == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_rows_and_monotone_maps_change_no_digit(kind: dict[str, bool]) -> None:
    rows = some_rows(400, **kind)
    codes = np.random.default_rng(2).integers(0, 30, 400)
    order = np.random.default_rng(5).permutation(400)
    mapped = replace(rows, probabilities=rows.probabilities**3 / 2.0).at(order)
    assert discrimination(mapped) == discrimination(rows)
    assert discrimination(mapped, clustered(codes[order])).auc == discrimination(rows).auc
    one, other = (
        discrimination(mapped, clustered(codes[order])),
        discrimination(rows, clustered(codes)),
    )
    assert one == other


@pytest.mark.parametrize("kind", KINDS)
def test_reversed_predictions_and_swapped_labels(kind: dict[str, bool]) -> None:
    """Each gives one minus the area, with the interval the other way round."""
    rows = some_rows(300, **kind)
    rows = replace(rows, probabilities=(rows.probabilities * 64.0).round() / 64.0)
    found = discrimination(rows)
    labels = 1.0 - rows.labels.astype(np.float64)
    for other in (
        replace(rows, probabilities=1.0 - rows.probabilities),
        replace(rows, labels=labels),
    ):
        assert reflected(discrimination(other)) == pytest.approx(
            (found.auc, found.ci_low, found.ci_high), rel=1e-14
        )
        assert discrimination(other).std_error == pytest.approx(found.std_error, rel=1e-13)


def test_weights_are_repetitions_in_the_area_and_have_no_scale() -> None:
    """The error of repeated rows is another: they would be more rows."""
    rows = some_rows(200)
    times = np.random.default_rng(4).integers(0, 4, 200)
    weights = times.astype(np.float64)
    weighted = replace(rows, weights=weights)
    found = discrimination(weighted)
    assert found.auc == discrimination(rows.at(np.repeat(np.arange(200), times))).auc
    for scale in (2.0**300, 2.0**-330):
        assert discrimination(replace(weighted, weights=weights * scale)) == found
    assert found == discrimination(weighted.at(np.flatnonzero(times)))


def test_equal_weights_are_none() -> None:
    rows = some_rows(200)
    assert discrimination(replace(rows, weights=np.full(200, 8.0))) == discrimination(rows)
    third = discrimination(replace(rows, weights=np.full(200, 1.0 / 3.0)))
    assert third.auc == discrimination(rows).auc
    assert third.std_error == pytest.approx(discrimination(rows).std_error, rel=1e-14)


def test_clusters_of_one_row_have_the_error_of_rows() -> None:
    """Exactly so without weights; else there is a factor of a few in ten thousand between them."""
    rows, each = some_rows(500), clustered(list(range(500)))
    assert discrimination(rows, each).std_error == pytest.approx(
        discrimination(rows).std_error, rel=1e-14
    )
    rows = some_rows(500, weighted=True)
    assert discrimination(rows, each).std_error == pytest.approx(
        discrimination(rows).std_error, rel=4e-3
    )


def test_rows_left_out_and_of_no_weight_count_for_nothing() -> None:
    """In clusters, too, of which some have no other rows."""
    rows = some_rows(90, weighted=True)
    codes = np.random.default_rng(7).integers(0, 9, 90)
    left = np.flatnonzero((codes > 1) & (np.arange(90) % 5 > 0))
    assert rows.weights is not None
    expected = discrimination(rows.at(left), clustered(codes[left]))
    is_left = np.isin(np.arange(90), left)
    weightless = replace(rows, weights=np.where(is_left, rows.weights, 0.0))
    missing = replace(rows, missing=~is_left).blanked()
    for other in (weightless, missing):
        assert discrimination(other, clustered(codes)) == expected
        assert discrimination(other) == discrimination(rows.at(left))


def test_logits_are_ranked_as_logits() -> None:
    """Those of the same sigmoid, 1 among them, are as different as any others."""
    logits = np.array([38.0, 40.0, 50.0, np.inf, -np.inf, -800.0, -900.0, 0.0])
    labels = np.array([False, True, True, True, False, True, False, False])
    rows = Rows(labels, sigmoid(logits), logits=logits)
    codes = [0, 1, 2, 3, 0, 1, 2, 3]
    ranks = np.argsort(np.argsort(logits)) / 8.0
    assert discrimination(rows) == discrimination(Rows(labels, ranks))
    assert discrimination(rows, clustered(codes)) == discrimination(
        Rows(labels, ranks), clustered(codes)
    )
    assert discrimination(rows).auc == 14 / 16


def test_fine_bins_take_pairs_within_a_bin_for_ties() -> None:
    """As if all predictions of a bin were equal, which two of these are."""
    p = np.array([0.25, 0.2501, 0.75, 0.4])
    rows = Rows(np.array([True, False, True, False]), p)
    found = discrimination_of_tally(fine_tally(FineBins.of(rows)))
    p[1] = p[0]
    assert found == discrimination(replace(rows, probabilities=p))
    assert found.auc == (0.5 + 0 + 1 + 1) / 4


def test_the_level_of_confidence() -> None:
    rows = some_rows(300)
    found, tally = discrimination(rows, confidence=0.9), Tally.of(rows)
    assert found == discrimination(rows, None, 0.9, tally) == discrimination_of_tally(tally, 0.9)
    assert found.auc is not None
    assert found.std_error is not None
    assert found.ci_low == found.auc - t_quantile(0.9, math.inf) * found.std_error


def test_an_interval_ends_at_one() -> None:
    rows = Rows(np.array([0, 0, 0, 1, 1], np.bool_), np.array([0.1, 0.2, 0.4, 0.3, 0.9]))
    found = discrimination(rows)
    assert (found.auc, found.ci_high) == (5 / 6, 1.0)


@pytest.mark.parametrize(
    ("labels", "auc", "reason"),
    [
        ([0, 0, 0, 0], None, "no positives"),
        ([1, 1, 1, 1], None, "no negatives"),
        ([0, 1, 0, 0], 1 / 3, "one positive"),
        ([0, 1, 1, 1], 1.0, "one negative"),
        ([0, 0, 1, 1], 1.0, "separated"),
        ([1, 1, 0, 0], 0.0, "separated"),
        ([0.25, 0.25, 0.25, 0.25], 0.5, "no spread"),
        ([0.3, 0.3, 0.3, 0.3], 0.5, "no spread"),
    ],
)
def test_why_there_is_no_interval(
    labels: list[float], auc: float | None, reason: NoInterval
) -> None:
    """The same with weights, and in clusters of a row."""
    p, expected = np.array([0.1, 0.2, 0.3, 0.4]), Discrimination(auc, no_interval=reason)
    for weights in (None, np.full(4, 0.1)):
        rows = Rows(np.array(labels), p, weights)
        assert discrimination(rows) == expected
        assert discrimination(rows, clustered([0, 1, 2, 3])) == expected


@pytest.mark.parametrize(("n_wrong", "is_too_narrow"), [(21, False), (19, True)])
def test_intervals_of_few_rows_ranked_wrongly_tend_to_be_too_narrow(
    n_wrong: int, is_too_narrow: bool
) -> None:
    """Of 100 positives so many are below half of 1,000 negatives: half as many are wrong."""
    ranks = np.concatenate([np.repeat([2.5, 1.5], [100 - n_wrong, n_wrong]), [1.0, 2.0] * 500]) / 4
    rows = Rows(np.arange(1100) < 100, ranks)
    found = discrimination(rows)
    assert found.auc == 1.0 - n_wrong / 200
    assert found.is_too_narrow is is_too_narrow
    for other in (
        replace(rows, labels=rows.labels == 0),
        replace(rows, weights=np.full(1100, 3.0)),
        replace(rows, weights=np.append(np.full(1099, 3.0), 0.5)),
    ):
        assert discrimination(other).is_too_narrow is is_too_narrow
    assert discrimination(rows, clustered(np.arange(1100) % 50)).is_too_narrow is is_too_narrow
    heavier = np.where(np.arange(1100) < 10, 2.0, 1.0)  # 93 positives in effect
    assert discrimination(replace(rows, weights=heavier)).is_too_narrow


@pytest.mark.parametrize(("n_clusters", "is_too_narrow"), [(29, True), (30, False)])
def test_intervals_of_labels_in_few_clusters_tend_to_be_too_narrow(
    n_clusters: int, is_too_narrow: bool
) -> None:
    """Of either label, however many there are in all."""
    rows = some_rows(600, seed=1)
    codes = np.where(rows.labels > 0, np.arange(600) % n_clusters, np.arange(600) % 60)
    for labels in (rows.labels, rows.labels == 0):
        found = discrimination(replace(rows, labels=labels), clustered(codes))
        assert found.is_too_narrow is is_too_narrow


@pytest.mark.parametrize(("n_in_one", "is_too_narrow"), [(133, False), (134, True)])
def test_intervals_of_unequal_clusters_tend_to_be_too_narrow(
    n_in_one: int, is_too_narrow: bool
) -> None:
    """One is greater than the 39 others: they are 25 in effect, and then less."""
    n = n_in_one + 39 * 20
    codes = np.concatenate([np.zeros(n_in_one), np.repeat(np.arange(1, 40), 20)])
    in_effect = n**2 / (n_in_one**2 + 39 * 20**2)
    assert (in_effect < 25) is is_too_narrow
    assert discrimination(some_rows(n), clustered(codes)).is_too_narrow is is_too_narrow


def test_predictions_all_equal_have_no_interval() -> None:
    rows = replace(some_rows(30), probabilities=np.full(30, 0.3))
    expected = Discrimination(0.5, no_interval="no spread")
    assert discrimination(rows) == expected
    assert discrimination(rows, clustered([*range(5)] * 6)) == expected


def test_all_positives_in_one_cluster() -> None:
    rows = Rows(np.array([1, 1, 0, 0, 0], np.bool_), np.array([0.1, 0.5, 0.2, 0.3, 0.7]))
    found = discrimination(rows, clustered([0, 0, 0, 1, 2]))
    assert found == Discrimination(1 / 3, no_interval="one positive")


def test_one_row_far_heavier_than_the_others_is_one() -> None:
    rows = Rows(
        np.array([1, 1, 0, 0], np.bool_),
        np.array([0.1, 0.5, 0.2, 0.7]),
        np.array([1e12, 1.0, 1.0, 1.0]),
    )
    assert discrimination(rows).no_interval == "one positive"


def test_no_row_that_counts() -> None:
    empty = Rows(np.zeros(0, np.bool_), np.zeros(0))
    weightless = Rows(np.array([True, False]), np.array([0.1, 0.2]), np.zeros(2))
    for rows in (empty, weightless):
        assert discrimination(rows) == Discrimination(None, no_interval="no positives")


@given(st.integers(2, 12), st.integers(2, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=examples(60))
def test_variances_in_fractions_whatever_the_rows(m: int, n: int, seed: int) -> None:
    """Few rows, few different predictions, and clusters of very different sizes."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(m + n) < m)
    rows = Rows(labels, rng.integers(0, 6, m + n) / 5.0, rng.choice([0.3, 1.0, 1.2], m + n))
    codes = np.minimum(rng.geometric(0.3, m + n), 5) - 1
    assume(len(np.unique(codes[labels])) > 1)
    assume(len(np.unique(codes[~labels])) > 1)
    pairs = Pairs.of(rows)
    for found, variance in (
        (discrimination(rows), pairs.by_row()),
        (discrimination(rows, clustered(codes)), pairs.by_cluster(codes.tolist())),
    ):
        assert (found.std_error or 0.0) ** 2 == pytest.approx(variance, rel=1e-10, abs=1e-30)


def test_more_rows_than_a_block() -> None:
    """Sums go on from block to block; DeLong's from ranks, as Sun and Xu have it."""
    rng = np.random.default_rng(8)
    n = 150_000
    p, labels = rng.permutation(n) / n, rng.uniform(size=n) < 0.4
    found = discrimination(Rows(labels, p))
    ranks = p * n
    ones, zeros = np.sort(ranks[labels]), np.sort(ranks[~labels])
    of_ones, of_zeros = ones - np.arange(len(ones)), len(ones) - zeros + np.arange(len(zeros))
    assert found.auc == int(of_ones.sum()) / (len(ones) * len(zeros))
    variance = (of_ones / len(zeros)).var(ddof=1) / len(ones)
    variance += (of_zeros / len(ones)).var(ddof=1) / len(zeros)
    assert found.std_error == pytest.approx(math.sqrt(variance), rel=1e-12)
