"""Sums and counts over the rows of one piece, from which totals are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.costs import losses_of
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import as_floats, weighted

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows


def finite_losses(losses: FloatArray, weights: FloatArray | None) -> tuple[FloatArray, int]:
    """Return losses times weights, 0 in place of infinite ones, and how many were infinite."""
    products = weighted(losses, weights)
    if len(products) == 0 or np.isfinite(products.max()):
        return products, 0
    infinite = np.isinf(products)
    return np.where(infinite, 0.0, products), int(np.count_nonzero(infinite))


def weight_sums(rows: Rows) -> dict[str, ExactSum]:
    """Sum the weights, alone and with labels; without weights most of it is counting."""
    weights = rows.weights
    errors = squared_errors(rows)
    if weights is None:
        n = ExactSum.of_count(len(rows) - rows.n_missing)
        return {
            "weights": n,
            "positive_weights": _label_sum(rows),
            "weight_squares": n,
            "squared_errors": ExactSum.of(errors),
        }
    return {
        "weights": ExactSum.of(weights),
        "positive_weights": ExactSum.of_products(weights, as_floats(rows.labels)),
        "weight_squares": ExactSum.of_products(weights, weights),
        "squared_errors": ExactSum.of(weights * errors),
    }


def squared_errors(rows: Rows) -> FloatArray:
    """Return squared differences between label and probability; shape (n,)."""
    errors: FloatArray = rows.labels - rows.probabilities
    errors *= errors
    if rows.missing is not None:
        errors[rows.missing] = 0.0
    return errors


def divisor_sums(
    rows: Rows, divisors: FloatArray | None, products: FloatArray, loss_sum: ExactSum
) -> dict[str, ExactSum]:
    """Sum what the mean divides by: a weight, or 1 where `divisors` is None, for each row.

    Parameters
    ----------
    rows : Rows
    divisors : ndarray of float64, shape (n,), optional
    products : ndarray of float64, shape (n,)
        Finite losses times weights.
    loss_sum : ExactSum
        Their sum.
    """
    impossible = rows.impossible_places()
    if divisors is None:
        n = ExactSum.of_count(len(rows) - rows.n_missing)
        return {
            "divisors": n,
            "impossible_divisors": ExactSum.of_count(len(impossible)),
            "loss_divisors": loss_sum,
            "divisor_squares": n,
        }
    return {
        "divisors": ExactSum.of(divisors),
        "impossible_divisors": ExactSum.of(divisors[impossible]),
        "loss_divisors": ExactSum.of_products(products, divisors),
        "divisor_squares": ExactSum.of_products(divisors, divisors),
    }


def label_entropies(rows: Rows) -> ExactSum:
    """Sum the weighted entropies of soft labels, in nats: what no prediction can take away."""
    if rows.labels.dtype == np.bool_:
        return ExactSum()
    labels = as_floats(rows.labels)
    return ExactSum.of(weighted(losses_of(labels, labels), rows.weights))


def _label_sum(rows: Rows) -> ExactSum:
    if rows.labels.dtype == np.bool_:
        return ExactSum.of_count(count_positive(rows))
    return ExactSum.of(as_floats(rows.labels))


def count_positive(rows: Rows) -> int:
    """Count the labels that are 1."""
    is_hard = rows.labels.dtype == np.bool_
    return int(np.count_nonzero(rows.labels if is_hard else rows.labels == 1.0))


def count_soft(rows: Rows) -> int:
    """Count the labels that are neither 0 nor 1."""
    if rows.labels.dtype == np.bool_:
        return 0
    return int(np.count_nonzero((rows.labels > 0.0) & (rows.labels < 1.0)))


def count_weightless(rows: Rows, divisors: FloatArray | None) -> int:
    """Count the rows that are not left out, and yet add nothing to what the mean divides by."""
    if divisors is None:
        return 0
    return len(rows) - rows.n_missing - int(np.count_nonzero(divisors))
