"""What is known of the rows of each fine bin, where the rows themselves are not held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import bins_of, uniform_edges
from bce_cli.core.calibration.curve import N_HISTOGRAM_BINS
from bce_cli.core.calibration.fine_grid import N_FINE_BINS, chances_of, fine_bins_of
from bce_cli.core.calibration.grouped_rows import GroupedRows
from bce_cli.core.calibration.spiegelhalter import SpiegelhalterSums
from bce_cli.core.calibration.sum_table import SumTable
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import as_floats, weighted

if TYPE_CHECKING:
    from bce_cli.core.calibration.exact_parts import Places
    from bce_cli.core.rows import BoolArray, FloatArray, Rows


@dataclass(frozen=True, slots=True)
class FineBins:
    """Sums over the rows of each fine bin, and what else is summed up instead of sorting rows.

    It is as large for a thousand rows as for 10**12, and does not depend on how they were split.

    Attributes
    ----------
    table : SumTable
        By bin of `fine_grid`: rows (``n``), weights times label (``labels``), and weights times the
        predicted chance of the less likely label (``chances``). With weights, or where labels may
        be soft, weights (``weights``), their squares (``squares``), and these times label
        (``square_labels``) as well; in the second case times squared label, too
        (``square_label_squares``).
    heights : SumTable
        Weights (``weights``) by bin of the histogram.
    spiegelhalter : SpiegelhalterSums
    label_spread : ExactSum
        Sum of weights times label times one minus the label.
    n_soft, n_in_fit : int
        Rows of some weight with a label that is neither 0 nor 1, and with a finite logit.
    are_logits, have_weights : bool

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, True]), np.array([0.25, 0.2501, 0.75]))
    >>> table = (FineBins.of(rows) + FineBins.of(rows)).table
    >>> [float(n) for n in table["n"] if n.units]
    [4.0, 2.0]
    """

    table: SumTable
    heights: SumTable
    spiegelhalter: SpiegelhalterSums
    label_spread: ExactSum
    n_soft: int
    n_in_fit: int
    are_logits: bool
    have_weights: bool

    @classmethod
    def of(cls, rows: Rows) -> FineBins:
        """Sum up some rows."""
        rows = rows.counted()
        chances = chances_of(rows)
        spread, n_soft = _soft_labels(rows)
        return cls(
            table=_table(rows, chances, fine_bins_of(rows, chances)),
            heights=_heights(rows),
            spiegelhalter=SpiegelhalterSums.of(rows),
            label_spread=spread,
            n_soft=n_soft,
            n_in_fit=_count_weighted(chances > 0.0, rows.weights),
            are_logits=rows.logits is not None,
            have_weights=rows.weights is not None,
        )

    def __add__(self, other: FineBins) -> FineBins:
        """Merge with the sums of other rows."""
        return FineBins(
            self.table + other.table,
            self.heights + other.heights,
            self.spiegelhalter + other.spiegelhalter,
            self.label_spread + other.label_spread,
            self.n_soft + other.n_soft,
            self.n_in_fit + other.n_in_fit,
            self.are_logits,
            self.have_weights,
        )


def _table(rows: Rows, chances: FloatArray, places: Places) -> SumTable:
    sums, n = GroupedRows(places, N_FINE_BINS), _counts(places, N_FINE_BINS)
    is_hard = rows.labels.dtype == np.bool_
    if rows.weights is None and is_hard:
        ones = _counts(places[rows.labels.view(np.bool_)], N_FINE_BINS)
        return SumTable.of({"n": n, "labels": ones, "chances": sums.of(chances)})
    labels = as_floats(rows.labels)
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    squares = weights * weights
    square_labels = squares * labels
    return SumTable.of(
        {
            "n": n,
            "labels": sums.of_products(weights, labels),
            "chances": sums.of_products(weights, chances),
            "weights": sums.of(weights),
            "squares": sums.of(squares),
            "square_labels": sums.of(square_labels),
        }
        | ({} if is_hard else {"square_label_squares": sums.of(square_labels * labels)})
    )


def _counts(groups: Places, n_groups: int) -> list[ExactSum]:
    return [ExactSum.of_count(n) for n in np.bincount(groups, minlength=n_groups).tolist()]


def _heights(rows: Rows) -> SumTable:
    bins = bins_of(rows.probabilities, uniform_edges(N_HISTOGRAM_BINS))
    if rows.weights is None:
        return SumTable.of({"weights": _counts(bins, N_HISTOGRAM_BINS)})
    return SumTable.of({"weights": GroupedRows(bins, N_HISTOGRAM_BINS).of(rows.weights)})


def _soft_labels(rows: Rows) -> tuple[ExactSum, int]:
    if rows.labels.dtype == np.bool_:
        return ExactSum(), 0
    labels = as_floats(rows.labels)
    is_soft = (labels > 0.0) & (labels < 1.0)
    spread = ExactSum.of(weighted(labels * (1.0 - labels), rows.weights))
    return spread, _count_weighted(is_soft, rows.weights)


def _count_weighted(chosen: BoolArray, weights: FloatArray | None) -> int:
    return int(np.count_nonzero(chosen if weights is None else chosen & (weights > 0.0)))
