"""Checks that arrays from outside are labels, predictions and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid
from bce_cli.errors import DataError, LabelError, ProbabilityError, WeightError

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray

LEAST_WEIGHT, LARGEST_WEIGHT = 1e-100, 1e100
"""Limits of weights other than 0, so that no square or product leaves the range of float64."""


def positive_labels(labels: FloatArray) -> BoolArray | None:
    """Which labels are 1, or None when one of them is neither 0 nor 1."""
    positive = labels == 1.0
    n_valid = np.count_nonzero(positive) + np.count_nonzero(labels == 0.0)
    return positive if n_valid == len(labels) else None


def are_probabilities(values: FloatArray) -> bool:
    """Whether every value lies in [0, 1]; not-a-number does not."""
    return len(values) == 0 or bool(values.min() >= 0.0 and values.max() <= 1.0)


def are_logits(values: FloatArray) -> bool:
    """Whether every value is a number; infinite ones are, not-a-number is none."""
    return len(values) == 0 or not np.isnan(values.min())


def are_weights(values: FloatArray) -> bool:
    """Whether every value is 0 or lies in [LEAST_WEIGHT, LARGEST_WEIGHT].

    Examples
    --------
    >>> import numpy as np
    >>> are_weights(np.array([0.0, 2.5])), are_weights(np.array([1.0, -1.0]))
    (True, False)
    """
    return bool(np.all(_is_weight(values)))


def _is_weight(values: FloatArray) -> BoolArray:
    valid: BoolArray = ((values >= LEAST_WEIGHT) & (values <= LARGEST_WEIGHT)) | (values == 0.0)
    return valid


def unsigned_zeros(values: FloatArray) -> FloatArray:
    """Turn -0 into 0, so that no sign of it shows up in a product."""
    return values + 0.0 if len(values) and values.min() == 0.0 else values


def as_vector(values: npt.ArrayLike, name: str) -> FloatArray:
    """Return `values` as float64, shape (n,); complain under `name` otherwise."""
    if isinstance(values, np.ndarray) and np.iscomplexobj(values):  # lists of them raise below
        message = f"{name} must be numbers of the real line"
        raise DataError(message)
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        message = f"{name} must be numbers: {error}"
        raise DataError(message) from None
    if vector.ndim != 1:
        message = f"{name} must be one-dimensional, got shape {vector.shape}"
        raise DataError(message)
    return vector


def check_rows(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    logits: bool = False,
    soft_labels: bool = False,
) -> Rows:
    """Turn array-likes into rows.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Each 0 or 1; with `soft_labels`, each in [0, 1].
    predictions : array-like, shape (n,)
        Each in [0, 1]; with `logits`, any number, infinite ones included.
    weights : array-like, shape (n,), optional
        Each 0 or in [1e-100, 1e100].
    logits, soft_labels : bool

    Raises
    ------
    LabelError, ProbabilityError, WeightError
        Names the first value outside its domain.
    DataError
        The shapes differ, or a value is not a number at all.

    Examples
    --------
    >>> check_rows([1, 0], [-2.0, 0.0], logits=True).probabilities.round(4).tolist()
    [0.1192, 0.5]
    """
    label_values = as_vector(labels, "labels")
    name = "logits" if logits else "probabilities"
    values = as_vector(predictions, name)
    if len(label_values) != len(values):
        message = f"{len(label_values)} labels but {len(values)} {name}"
        raise DataError(message)
    checked = _check_soft(label_values) if soft_labels else _check_hard(label_values)
    case_weights = None if weights is None else _check_weights(weights, len(values))
    if logits:
        if not are_logits(values):
            message = f"logits[{int(np.argmax(np.isnan(values)))}] is not a number"
            raise ProbabilityError(message)
        return Rows(checked, sigmoid(values), case_weights, logits=values)
    if not are_probabilities(values):
        bad = int(np.argmin((values >= 0.0) & (values <= 1.0)))
        message = f"probabilities[{bad}] = {values[bad]} is not in [0, 1]"
        raise ProbabilityError(message)
    return Rows(checked, unsigned_zeros(values), case_weights)


def _check_hard(labels: FloatArray) -> LabelArray:
    positive = positive_labels(labels)
    if positive is None:
        bad = int(np.argmax((labels != 0.0) & (labels != 1.0)))
        message = f"labels[{bad}] = {labels[bad]} is not 0 or 1"
        raise LabelError(message)
    return positive


def _check_soft(labels: FloatArray) -> LabelArray:
    if not are_probabilities(labels):
        bad = int(np.argmin((labels >= 0.0) & (labels <= 1.0)))
        message = f"labels[{bad}] = {labels[bad]} is not in [0, 1]"
        raise LabelError(message)
    return unsigned_zeros(labels)


def _check_weights(weights: npt.ArrayLike, n: int) -> FloatArray:
    values = as_vector(weights, "weights")
    if len(values) != n:
        message = f"{len(values)} weights for {n} rows"
        raise DataError(message)
    if not are_weights(values):
        bad = int(np.argmin(_is_weight(values)))
        message = f"weights[{bad}] = {values[bad]} is not a weight: 0, or 1e-100 to 1e100"
        raise WeightError(message)
    return unsigned_zeros(values)
