"""All sums and counts that a report needs, exact and mergeable."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import Rows, as_floats, weighted
from bce_cli.core.validate import check_pair

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class LossTotals:
    """What is known of some rows, small and independent of how they were split.

    Merging is associative; all but `first_impossible_row` is commutative too, so every figure
    derived from the sums has the same digits for one piece or a thousand.

    Attributes
    ----------
    n, n_positive : int
        Rows, and rows with label 1.
    n_missing : int
        Rows that were left out, and are in none of the other counts and sums.
    n_clipped : int
        Rows whose probability the convention changed.
    n_impossible : int
        Rows whose exact loss is infinite: a label that was given probability 0.
    n_infinite : int
        Rows whose weighted loss under the convention is infinite. They are counted here, and in no
        loss sum.
    first_impossible_row : int or None
        1-based, within the rows read.
    weights, positive_weights, impossible_weights : ExactSum
        Sum of the weights of all rows, of weights times labels, and of the impossible rows.
    losses, impossible_losses : ExactSum
        Weighted sum of the finite losses in nats, over all and over the impossible rows.
    squared_errors : ExactSum
        Weighted sum of squared differences between label and probability.
    loss_squares, loss_weights, weight_squares : ExactSum
        Second moments: of the weighted losses, of those with the weights, of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows, as_floats, weighted
    >>> rows = Rows(np.array([True, False]), np.array([0.5, 0.0]))
    >>> totals = LossTotals.of(rows)
    >>> totals.n, float(totals.losses)
    (2, 0.6931471805599453)
    >>> (totals + totals).n
    4
    """

    n: int = 0
    n_positive: int = 0
    n_missing: int = 0
    n_clipped: int = 0
    n_impossible: int = 0
    n_infinite: int = 0
    first_impossible_row: int | None = None
    weights: ExactSum = ExactSum()
    positive_weights: ExactSum = ExactSum()
    impossible_weights: ExactSum = ExactSum()
    losses: ExactSum = ExactSum()
    impossible_losses: ExactSum = ExactSum()
    squared_errors: ExactSum = ExactSum()
    loss_squares: ExactSum = ExactSum()
    loss_weights: ExactSum = ExactSum()
    weight_squares: ExactSum = ExactSum()

    @classmethod
    def of(
        cls, rows: Rows, losses: FloatArray | None = None, convention: Convention = EXACT
    ) -> LossTotals:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
        losses : ndarray of float64, shape (n,), optional
            Losses of the rows under `convention`, where the caller has them already.
        convention : Convention, default exact
        """
        if losses is None:
            losses = convention.losses(rows)
        impossible = _impossible(rows)
        n_impossible = int(np.count_nonzero(impossible))
        products = weighted(losses, rows.weights)
        infinite = np.isinf(products) if n_impossible else np.zeros(0, np.bool_)
        n_infinite = int(np.count_nonzero(infinite))
        finite = np.where(infinite, 0.0, products) if n_infinite else products
        loss_sum = ExactSum.of(finite)
        return cls(
            n=len(rows) - rows.n_missing,
            n_positive=_n_positive(rows),
            n_missing=rows.n_missing,
            n_clipped=convention.n_clipped(rows),
            n_impossible=n_impossible,
            n_infinite=n_infinite,
            first_impossible_row=int(np.argmax(impossible)) + 1 if n_impossible else None,
            losses=loss_sum,
            impossible_losses=ExactSum.of(finite[impossible]) if n_impossible else ExactSum(),
            loss_squares=ExactSum.of_products(finite, finite),
            **_weight_sums(rows, impossible, finite, loss_sum),
        )

    @property
    def n_read(self) -> int:
        """Rows read: those that count and those left out."""
        return self.n + self.n_missing

    def __add__(self, other: LossTotals) -> LossTotals:
        """Merge with the totals of the rows that follow."""
        first = self.first_impossible_row
        if first is None and other.first_impossible_row is not None:
            first = self.n_read + other.first_impossible_row
        merged = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "first_impossible_row"
        }
        return LossTotals(first_impossible_row=first, **merged)


def _impossible(rows: Rows) -> BoolArray:
    """Which labels were given probability 0; an empty mask where no probability is 0 or 1."""
    values = rows.probabilities
    if len(values) == 0 or (values.min() > 0.0 and values.max() < 1.0):
        return np.zeros(0, np.bool_)
    labels = rows.labels
    impossible: BoolArray = ((labels > 0.0) & (values == 0.0)) | ((labels < 1.0) & (values == 1.0))
    return impossible


def _weight_sums(
    rows: Rows, impossible: BoolArray, products: FloatArray, loss_sum: ExactSum
) -> dict[str, ExactSum]:
    """Sum whatever weights enter into; without weights most of it is counting."""
    weights = rows.weights
    errors = rows.labels - rows.probabilities
    errors *= errors
    if weights is None:
        n = ExactSum.of_count(len(rows) - rows.n_missing)
        return {
            "weights": n,
            "positive_weights": _label_sum(rows),
            "impossible_weights": ExactSum.of_count(int(np.count_nonzero(impossible))),
            "squared_errors": ExactSum.of(errors),
            "loss_weights": loss_sum,
            "weight_squares": n,
        }
    return {
        "weights": ExactSum.of(weights),
        "positive_weights": ExactSum.of_products(weights, as_floats(rows.labels)),
        "impossible_weights": ExactSum.of(weights[np.flatnonzero(impossible)]),
        "squared_errors": ExactSum.of(weights * errors),
        "loss_weights": ExactSum.of_products(products, weights),
        "weight_squares": ExactSum.of_products(weights, weights),
    }


def _label_sum(rows: Rows) -> ExactSum:
    if rows.labels.dtype == np.bool_:
        return ExactSum.of_count(_n_positive(rows))
    return ExactSum.of(as_floats(rows.labels))


def _n_positive(rows: Rows) -> int:
    is_hard = rows.labels.dtype == np.bool_
    return int(np.count_nonzero(rows.labels if is_hard else rows.labels == 1.0))


def loss_totals(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike, *, convention: Convention = EXACT
) -> LossTotals:
    """Sum up the losses of arrays; totals of further arrays can be added.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Outcomes, each 0 or 1.
    probabilities : array-like, shape (n,)
        Predicted P(label = 1), each in [0, 1].
    convention : Convention, default exact

    Raises
    ------
    LabelError, ProbabilityError, DataError
        As `binary_cross_entropy` does.

    Examples
    --------
    >>> from bce_cli import loss_report, loss_totals
    >>> monday, tuesday = loss_totals([1, 0], [0.9, 0.2]), loss_totals([1], [0.7])
    >>> round(loss_report(monday + tuesday).mean_loss, 12)
    0.228393003637
    """
    return LossTotals.of(Rows(*check_pair(labels, probabilities)), convention=convention)
