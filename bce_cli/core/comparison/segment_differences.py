"""How models differ on each segment of the rows: for whom a new model is better, for whom worse."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.comparison.differences import (
    DifferenceReport,
    DifferenceTotals,
    adjusted,
    difference_report,
    row_differences,
    weighted_differences,
)
from bce_cli.core.cuts import in_order
from bce_cli.core.exact_sums import ExactSums
from bce_cli.core.groups import Clusters, divisors_of
from bce_cli.core.report import FEW, NATS_PER
from bce_cli.core.rows import weighted
from bce_cli.core.segmented import Segmented, moments_in
from bce_cli.core.state import State
from bce_cli.core.totals import Moments, finite_losses
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.conventions import Convention
    from bce_cli.core.cuts import Cut
    from bce_cli.core.exact_sum import ExactSum
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Rows
    from bce_cli.core.segmented import Figures, PartedRows


@dataclass(frozen=True, slots=True)
class SegmentTotals(State):
    """What one segment comes to.

    Attributes
    ----------
    n : int
        Rows that count, those of weight 0 included.
    divisors : ExactSum
        What means divide by.
    losses : tuple of ExactSum
        Weighted finite losses of each model.
    n_infinite : tuple of int
        Rows of infinite loss of each.
    differences : tuple of DifferenceTotals
        Of each model but the first.
    """

    n: int
    divisors: ExactSum
    losses: tuple[ExactSum, ...]
    n_infinite: tuple[int, ...]
    differences: tuple[DifferenceTotals, ...]

    @classmethod
    def of_figures(cls, found: Figures) -> SegmentTotals:
        """Make them of the columns of `segmented`."""
        n_models = sum(name.startswith(_LOSSES) for name in found)
        return cls(
            found.get("n", 0),
            found["divisors"],
            tuple(found[f"{_LOSSES}{place}"] for place in range(n_models)),
            tuple(found.get(f"n_infinite {place}", 0) for place in range(n_models)),
            tuple(
                DifferenceTotals(
                    **{name: found.get(f"{name} {place}", 0) for name in _DIFFERENCE_COUNTS},
                    moments=Moments(*moments_in(found, f"difference {place}")),
                    clusters=found.get(f"clusters {place}"),
                )
                for place in range(1, n_models)
            ),
        )

    def total(self, place: int) -> float:
        """Return the loss of a model over all rows, in nats."""
        return math.inf if self.n_infinite[place] else float(self.losses[place])

    def mean(self, place: int) -> float | None:
        """Return the mean loss of a model, in nats; None where all weights are 0."""
        if not self.divisors.units:
            return None
        return math.inf if self.n_infinite[place] else self.losses[place].over(self.divisors)


def segmented(
    rows: Rows, losses: Sequence[FloatArray], convention: Convention
) -> Segmented[SegmentTotals] | None:
    """Sum up each segment of rows, given their losses under each model; None without segments."""
    if not rows.segments:
        return None

    def columns_of(parted: PartedRows) -> Figures:
        return _columns(parted, [each[parted.order] for each in losses], convention)

    rows = replace(rows, rivals=(), logits=None)
    return Segmented.of(rows, columns_of, SegmentTotals.of_figures)


_LOSSES = "losses "
_DIFFERENCE_COUNTS = [name.name for name in fields(DifferenceTotals) if name.name.startswith("n_")]


def _columns(parted: PartedRows, losses: Sequence[FloatArray], convention: Convention) -> Figures:
    rows = parted.rows
    divisors = divisors_of(rows, convention)
    found: Figures = {
        "n": parted.sizes if rows.missing is None else parted.count(~rows.missing),
        "divisors": (
            ExactSums.of_counts(parted.sizes) if divisors is None else parted.sums(divisors)
        ),
    }
    for place, each in enumerate(losses):
        finite, n_infinite = finite_losses(each, rows.weights)
        found[f"{_LOSSES}{place}"] = parted.sums(finite)
        if n_infinite:
            found[f"n_infinite {place}"] = parted.count(np.isinf(weighted(each, rows.weights)))
    clusters = None
    if rows.cluster is not None:
        cluster = rows.cluster
        clusters = parted.each(lambda part: Clusters(cluster.at(part)))
    for place, after in enumerate(losses[1:], start=1):
        differences = weighted_differences(losses[0], after, rows.weights)
        of_rows = row_differences(rows, losses[0], after, differences, convention)
        found |= {f"{name} {place}": parted.count(mask) for name, mask in of_rows.masks.items()}
        found |= parted.moments(f"difference {place}", of_rows.finite, of_rows.divisors)
        if clusters is not None:
            found[f"clusters {place}"] = parted.by_cluster(
                clusters, of_rows.finite, of_rows.divisors
            )
    return found


@dataclass(frozen=True, slots=True)
class SegmentDifference:
    """One model against the baseline, on one segment.

    Attributes
    ----------
    names : tuple of str
        Its words in the columns that part the rows.
    n : int
        Rows that count, those of weight 0 included.
    difference : DifferenceReport
        Its p value is adjusted for the number of segments.
    mean_loss : float or None
        Of the model; infinite where a loss is, and None where all weights are 0.
    is_small : bool
        Whether there are too few rows for its interval to be trusted.
    """

    names: tuple[str, ...]
    n: int
    difference: DifferenceReport
    mean_loss: float | None
    is_small: bool


def segment_differences(
    segments: Segmented[SegmentTotals] | None,
    names: Sequence[str],
    unit: Unit,
    confidence: float,
    cuts: Sequence[Cut | None] = (),
) -> tuple[SegmentDifference, ...]:
    """Derive the differences on each segment that has rows.

    Parameters
    ----------
    segments : Segmented of SegmentTotals, or None
    names : sequence of str
        Of all models but the first.
    unit : {"nats", "bits"}
    confidence : float
    cuts : sequence of Cut or None, optional
        See `in_order`.

    Returns
    -------
    tuple of SegmentDifference
        Model by model, of each the highest total loss first, or in the order of the cuts. P values
        are adjusted by Holm's procedure over the segments of each model.
    """
    if segments is None:
        return ()
    found: list[SegmentDifference] = []
    parts = {words: totals for words, totals in segments.totals().items() if totals.n}
    for place, name in enumerate(names):
        costs = {words: (totals.total(place + 1), totals.n) for words, totals in parts.items()}
        ordered = [(words, parts[words]) for words in in_order(costs, cuts)]
        differences = [
            difference_report(name, totals.differences[place], unit, confidence)
            for _, totals in ordered
        ]
        found += [
            SegmentDifference(
                names=words,
                n=totals.n,
                difference=difference,
                mean_loss=_in_unit(totals.mean(place + 1), unit),
                is_small=totals.n < FEW,
            )
            for (words, totals), difference in zip(ordered, adjusted(differences), strict=True)
        ]
    return tuple(found)


def _in_unit(nats: float | None, unit: Unit) -> float | None:
    return None if nats is None else nats / NATS_PER[unit]
