"""Second moments of losses, labels and squared errors: the spread of skill and Brier score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.state import State
from bce_cli.core.totals import Moments, finite_losses, squared_errors
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows
    from bce_cli.core.totals import LossTotals


@dataclass(frozen=True, slots=True)
class CrossMoments(State):
    """Second moments of weighted losses u, labels v, squared errors e, and the weights w.

    Attributes
    ----------
    loss_labels, loss_weights : ExactSum
        Sums of u * v and u * w.
    label_squares, label_weights : ExactSum
        Sums of v * v and v * w.
    error_squares, error_weights : ExactSum
        Sums of e * e and e * w.
    """

    loss_labels: ExactSum = ExactSum()
    loss_weights: ExactSum = ExactSum()
    label_squares: ExactSum = ExactSum()
    label_weights: ExactSum = ExactSum()
    error_squares: ExactSum = ExactSum()
    error_weights: ExactSum = ExactSum()

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, totals: LossTotals) -> CrossMoments:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
            With weights and labels as the convention counts them.
        losses : ndarray of float64, shape (n,)
            Those that are infinite count for nothing.
        totals : LossTotals
            Of the same rows and losses.
        """
        weights = rows.weights
        products, _ = finite_losses(losses, weights)
        if weights is None and rows.labels.dtype == np.bool_:  # numbers of which most are 0 or 1
            errors = squared_errors(rows)
            return cls(
                loss_labels=ExactSum.of(products[rows.labels]),
                loss_weights=totals.losses,
                label_squares=totals.positive_weights,
                label_weights=totals.positive_weights,
                error_squares=ExactSum.of_products(errors, errors),
                error_weights=totals.squared_errors,
            )
        labels = weighted(as_floats(rows.labels), weights)
        errors = weighted(squared_errors(rows), weights)
        return cls(
            loss_labels=ExactSum.of_products(products, labels),
            loss_weights=_times_weights(products, weights),
            label_squares=ExactSum.of_products(labels, labels),
            label_weights=_times_weights(labels, weights),
            error_squares=ExactSum.of_products(errors, errors),
            error_weights=_times_weights(errors, weights),
        )


def _times_weights(values: FloatArray, weights: FloatArray | None) -> ExactSum:
    return ExactSum.of(values) if weights is None else ExactSum.of_products(values, weights)


def brier_error(totals: LossTotals, moments: CrossMoments, n: int) -> float | None:
    """Return the standard error of the Brier score, the (weighted) mean of the squared errors.

    Parameters
    ----------
    totals : LossTotals
    moments : CrossMoments
        Of the same rows.
    n : int
        Those of a weight above 0.
    """
    return Moments(
        n=n,
        values=totals.squared_errors,
        divisors=totals.weights,
        value_squares=moments.error_squares,
        value_divisors=moments.error_weights,
        divisor_squares=totals.weight_squares,
    ).standard_error()


def skill_error(totals: LossTotals, moments: CrossMoments, n: int) -> float | None:
    """Return the standard error of the skill, of which both parts come from the same rows.

    With m the weighted mean loss, r the base rate, H its entropy and H' = log((1 - r) / r) the
    derivative of that, skill = 1 - m / H(r), and a row of loss l and label y moves it by
    -((l - m) - c (y - r)) / H, where c = m H' / H (the influence function; Hampel, J. Amer.
    Statist. Assoc. 69, 1974). So its spread is that of the mean of l - c y, over H.

    Parameters
    ----------
    totals : LossTotals
        Without infinite losses, and with both labels.
    moments : CrossMoments
        Of the same rows.
    n : int
        Those of a weight above 0.
    """
    of_losses = Moments(
        n=n,
        values=totals.losses,
        divisors=totals.weights,
        value_squares=totals.loss_squares,
        value_divisors=moments.loss_weights,
        divisor_squares=totals.weight_squares,
    )
    of_labels = Moments(
        n=n,
        values=totals.positive_weights,
        divisors=totals.weights,
        value_squares=moments.label_squares,
        value_divisors=moments.label_weights,
        divisor_squares=totals.weight_squares,
    )
    return skill_error_of_sums(totals, of_losses, of_labels, moments.loss_labels)


def skill_error_of_sums(
    totals: LossTotals, losses: Moments, labels: Moments, products: ExactSum
) -> float | None:
    """Return the standard error of the skill, from sums over rows or over clusters of rows.

    Parameters
    ----------
    totals : LossTotals
        Without infinite losses, and with both labels; see `skill_error`.
    losses, labels : Moments
        Of weighted losses, and of weighted labels, over the weights of the same rows or clusters.
    products : ExactSum
        Sum of the products of these losses and labels.
    """
    c, entropy = _skill_moves(totals)
    cross, squares = products.scaled(c), labels.value_squares.scaled(c).scaled(c)
    error = Moments(
        n=losses.n,
        values=losses.values - labels.values.scaled(c),
        divisors=losses.divisors,
        value_squares=losses.value_squares - cross - cross + squares,
        value_divisors=losses.value_divisors - labels.value_divisors.scaled(c),
        divisor_squares=losses.divisor_squares,
    ).standard_error()
    return None if error is None else error / entropy


def _skill_moves(totals: LossTotals) -> tuple[float, float]:
    """Return c and H, by which a row of loss l and label y moves the skill by -(l - c y) / H."""
    rate = float(totals.positive_weights) / float(totals.weights)
    slope = math.log1p(-rate) - math.log(rate)
    entropy = -rate * math.log(rate) - (1.0 - rate) * math.log1p(-rate)
    return totals.losses.over(totals.weights) * slope / entropy, entropy
