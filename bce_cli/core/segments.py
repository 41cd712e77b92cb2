"""Rows parted by the words of columns into segments, each with sums and figures of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.exact_sums import ExactSums
from bce_cli.core.groups import Clusters, divisors_of, weights_of
from bce_cli.core.inference import interval_of, t_quantile
from bce_cli.core.rows import FLOAT_TYPES, MIXED, as_floats, one_float_type, weighted
from bce_cli.core.rules import losses_of
from bce_cli.core.segmented import FIRST, Segmented
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals, Moments, finite_losses, held_weights, squared_errors
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.conventions import Convention
    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.rows import FloatArray, Places, Rows
    from bce_cli.core.segmented import Figures, PartedRows


@dataclass(frozen=True, slots=True)
class SegmentSums(State):
    """What the rows of a segment come to, beside what those of all come to.

    Attributes
    ----------
    losses : LossTotals
    predictions : ExactSum
        Of the predictions as they were given, times weights.
    errors : Moments
        Of label minus prediction, times weight, over the weights.
    loss_clusters, error_clusters : ClusterSums or None
        Losses and these errors by cluster, where rows have such.
    """

    losses: LossTotals
    predictions: ExactSum
    errors: Moments
    loss_clusters: ClusterSums | None
    error_clusters: ClusterSums | None

    @classmethod
    def of_figures(cls, found: Figures) -> SegmentSums:
        """Make them of the columns of `segment_sums`."""
        n, n_missing = found.get("n", 0), found.get("n_missing", 0)
        count = ExactSum.of_count(n)
        weights: ExactSum | None = found.get("weights")
        is_by_weight = "loss_weights" in found
        losses = found["losses"]
        totals = LossTotals(
            n=n,
            n_missing=n_missing,
            **{name: found.get(name, 0) for name in _COUNTS},
            n_weightless=n - found.get("n_weighted", 0) if is_by_weight else 0,
            first_impossible_row=found.get(FIRST_IMPOSSIBLE) or None,
            weights=weights or count,
            positive_weights=found["positive_weights"],
            weight_squares=found["weight_squares"] if weights else count,
            losses=losses,
            impossible_losses=found.get("impossible_losses", ExactSum()),
            label_entropies=found.get("label_entropies", ExactSum()),
            squared_errors=found["squared_errors"],
            divisors=found["weights"] if is_by_weight else count,
            impossible_divisors=(
                found.get("impossible_weights", ExactSum())
                if is_by_weight
                else ExactSum.of_count(found.get("n_impossible", 0))
            ),
            loss_squares=found["loss_squares"],
            loss_divisors=found["loss_weights"] if is_by_weight else losses,
            divisor_squares=found["weight_squares"] if is_by_weight else count,
            held_weights=found.get("held_weights"),
            float_type=float_type_in(found),
        )
        errors = found["errors"]
        return cls(
            totals,
            found["predictions"],
            Moments(
                found.get("n_weighted", 0) if weights else n + n_missing,
                errors,
                totals.weights,
                found["error_squares"],
                found["error_weights"] if weights else errors,
                totals.weight_squares,
            ),
            found.get("loss_clusters"),
            found.get("error_clusters"),
        )

    def gap(self, confidence: float) -> Gap:
        """Return how far the predictions are off on average, where there is a weight."""
        promised = 0.0  # of shares, which are not spread as events are
        if not self.losses.n_soft:
            promised = promised_error(self.mean_prediction, self.errors.effective_n)
        if self.error_clusters is None:
            return gap_of(self.errors, confidence, promised=promised)
        moments = self.error_clusters.moments
        return gap_of(moments, confidence, promised=promised, are_clusters=True)

    @property
    def mean_prediction(self) -> float:
        """By weight, where there is one."""
        return self.predictions.units / self.losses.weights.units


_COUNTS = ("n_positive", "n_soft", "n_clipped", "n_impossible", "n_infinite")
STORED_AS = "n stored as "
FIRST_IMPOSSIBLE = FIRST + "impossible"


def float_type_in(found: Figures) -> str | None:
    """Return what predictions were stored as, where that matters: then there are such counts."""
    types = [name for name in (*FLOAT_TYPES, MIXED) if found.get(STORED_AS + name)]
    return one_float_type(types) if types else None


def segment_sums(rows: Rows, losses: FloatArray, convention: Convention) -> Segmented[SegmentSums]:
    """Sum up each segment of rows, given their losses under the convention, which holds them.

    The figures of a segment are those of `LossTotals.of` for its rows alone, and more.
    """

    def columns_of(parted: PartedRows) -> Figures:
        in_order = losses[parted.order]
        return _loss_columns(parted, in_order, convention) | _error_columns(
            parted, in_order, convention
        )

    return Segmented.of(replace(rows, rivals=()), columns_of, SegmentSums.of_figures)


def _loss_columns(parted: PartedRows, losses: FloatArray, convention: Convention) -> Figures:
    _, impossible = parted.rows.certainties()
    rows = convention.hardened(parted.rows)
    weights, labels, are_hard = rows.weights, rows.labels, rows.labels.dtype == np.bool_
    finite, n_infinite = finite_losses(losses, weights)
    n_positive = parted.count_at(np.flatnonzero(labels if are_hard else labels == 1.0))
    n = parted.sizes if rows.missing is None else parted.count(~rows.missing)
    found: Figures = {
        "n": n,
        "n_missing": parted.sizes - n,
        "n_positive": n_positive,
        "n_clipped": parted.count_at(convention.clipped_places(rows)),
        "n_impossible": parted.count_at(impossible),
        FIRST_IMPOSSIBLE: parted.first(impossible),
        "losses": parted.sums(finite),
        "loss_squares": parted.products(finite, finite),
        "squared_errors": parted.sums(weighted(squared_errors(rows), weights)),
    }
    if n_infinite:
        found["n_infinite"] = parted.count(np.isinf(weighted(losses, weights)))
    if len(impossible):
        found["impossible_losses"] = parted.sums(_alone(finite, impossible))
    if convention.rule.limits_in is not None:
        found[STORED_AS + rows.float_type] = n
    if not are_hard:
        found["n_soft"] = parted.count((labels > 0.0) & (labels < 1.0))
        entropies = losses_of(labels, labels)  # type: ignore[arg-type]
        found["label_entropies"] = parted.sums(weighted(entropies, weights))
    if weights is None:
        found["positive_weights"] = (
            ExactSums.of_counts(n_positive) if are_hard else parted.sums(as_floats(labels))
        )
        return found
    found |= {
        "n_weighted": parted.count(weights != 0.0),
        "weights": parted.sums(weights),
        "weight_squares": parted.products(weights, weights),
        "positive_weights": parted.products(weights, as_floats(labels)),
    }
    if convention.rule.mean_over == "weights":
        found["loss_weights"] = parted.products(finite, weights)
        if len(impossible):
            found["impossible_weights"] = parted.sums(_alone(weights, impossible))
    if convention.rule.adds_weights_in_float32:
        found["held_weights"] = parted.each(lambda part: held_weights(rows.at(part), convention))
    return found


def _alone(values: FloatArray, places: Places) -> FloatArray:
    """Return values with 0 in place of all others."""
    alone = np.zeros(len(values))
    alone[places] = values[places]
    return alone


def _error_columns(parted: PartedRows, losses: FloatArray, convention: Convention) -> Figures:
    rows, weights = parted.rows, parted.rows.weights
    given, labels = rows.probabilities, as_floats(convention.hardened(rows).labels)
    errors = weighted(labels - given, weights)
    found: Figures = {
        "errors": parted.sums(errors),
        "error_squares": parted.products(errors, errors),
    }
    if weights is None:
        found["predictions"] = parted.sums(given)
    else:
        found["predictions"] = parted.products(given, weights)
        found["error_weights"] = parted.products(errors, weights)
    if rows.cluster is not None:
        cluster, (finite, _) = rows.cluster, finite_losses(losses, weights)
        clusters = parted.each(lambda part: Clusters(cluster.at(part)))
        found["loss_clusters"] = parted.by_cluster(clusters, finite, divisors_of(rows, convention))
        found["error_clusters"] = parted.by_cluster(clusters, errors, weights_of(rows))
    return found


@dataclass(frozen=True, slots=True)
class Gap:
    """How far predictions are off on average.

    Attributes
    ----------
    value : float
        Weighted mean of label minus prediction: above 0, predictions are too low.
    std_error, ci_low, ci_high : float or None
        By linearisation, and robust to clusters where there are any; None for want of rows.
    promised_error : float
        What the standard error may be at most if the predictions are true; see `promised_error`.
    df : float
        Degrees of freedom of the interval.

    Examples
    --------
    >>> gap = Gap(-0.004, 0.001, -0.006, -0.002, promised_error=0.003)  # of next to no events
    >>> gap.is_off(0.95), Gap(-0.004, 0.001).is_off(0.95)
    (False, True)
    """

    value: float
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    promised_error: float = 0.0
    df: float = math.inf

    @property
    def certainty(self) -> float:
        """How many standard errors, the larger of the two, it is away from 0."""
        error = max(self.std_error or 0.0, self.promised_error)
        return abs(self.value) / error if error else math.inf if self.value else 0.0

    def is_off(self, confidence: float) -> bool:
        """Whether predictions that are true would hardly have it, by the larger standard error.

        The spread of events that are rare is told by those few that happened: where they are
        fewer than was to be expected, it is too small, and so is the interval.

        Parameters
        ----------
        confidence : float
            In (0, 1).
        """
        if self.std_error is None:
            return False
        return self.certainty > t_quantile(confidence, self.df)


def off_beyond_chance(gaps: Sequence[Gap | None], confidence: float) -> list[int]:
    """Return the places of gaps that chance alone hardly makes among so many; the widest first.

    With true predictions, the chance that there are any is at most one minus the confidence, as
    far as gaps are normally distributed (Bonferroni).

    Parameters
    ----------
    gaps : sequence of Gap or None
    confidence : float
        In (0, 1).

    Examples
    --------
    >>> off_beyond_chance([Gap(0.1, 0.02), None, Gap(-0.2, 0.05), Gap(0.1, 0.05)], 0.95)
    [2, 0]
    """
    known = [(place, gap) for place, gap in enumerate(gaps) if gap and gap.std_error is not None]
    each = 1.0 - (1.0 - confidence) / max(len(known), 1)
    off = [(place, gap) for place, gap in known if gap.is_off(each)]
    return [place for place, _ in sorted(off, key=lambda pair: -abs(pair[1].value))]


def promised_error(mean_prediction: float, effective_n: float) -> float:
    """Return the most that the standard error of a gap may be if all predictions are true.

    The variance of labels is then the mean of p (1 - p), which is at most that of the mean
    prediction, for p (1 - p) is concave.

    Parameters
    ----------
    mean_prediction : float
        In [0, 1].
    effective_n : float
        Rows, or how many of equal weight say as much; 0 where that underflows.

    Examples
    --------
    >>> promised_error(0.5, 100)
    0.05
    """
    if not effective_n:
        return math.inf
    return math.sqrt(max(mean_prediction * (1.0 - mean_prediction), 0.0) / effective_n)


def gap_of(
    moments: Moments,
    confidence: float = 0.95,
    *,
    promised: float = 0.0,
    are_clusters: bool = False,
) -> Gap:
    """Return the mean of label minus prediction, and its interval.

    Parameters
    ----------
    moments : Moments
        Of weight times that difference, over the weight; of rows, or of clusters. Some weight is
        above 0.
    confidence : float, default 0.95
        In (0, 1).
    promised : float, optional
        See `promised_error`.
    are_clusters : bool, default False
    """
    value, error = moments.ratio, moments.standard_error()
    assert value is not None  # noqa: S101 -- there is a weight
    if error is None:
        return Gap(value)
    df = moments.n - 1 if are_clusters else math.inf
    return Gap(value, error, *interval_of(value, error, confidence, df), promised, df)
