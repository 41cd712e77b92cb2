"""Checks that arrays from outside are labels and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.errors import DataError, LabelError, ProbabilityError

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray


def positive_labels(labels: FloatArray) -> BoolArray | None:
    """Which labels are 1, or None when one of them is neither 0 nor 1."""
    positive = labels == 1.0
    n_valid = np.count_nonzero(positive) + np.count_nonzero(labels == 0.0)
    return positive if n_valid == len(labels) else None


def are_probabilities(values: FloatArray) -> bool:
    """Whether every value lies in [0, 1]; not-a-number does not."""
    return len(values) == 0 or bool(values.min() >= 0.0 and values.max() <= 1.0)


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


def check_pair(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[BoolArray, FloatArray]:
    """Turn array-likes into the mask of positive labels and the probabilities.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Each 0 or 1.
    probabilities : array-like, shape (n,)
        Each in [0, 1].

    Returns
    -------
    positive : ndarray of bool, shape (n,)
    probabilities : ndarray of float64, shape (n,)

    Raises
    ------
    LabelError
        Names the first label that is neither 0 nor 1.
    ProbabilityError
        Names the first value outside [0, 1].
    DataError
        The shapes differ, or a value is not a number at all.
    """
    label_values = as_vector(labels, "labels")
    values = as_vector(probabilities, "probabilities")
    if len(label_values) != len(values):
        message = f"{len(label_values)} labels but {len(values)} probabilities"
        raise DataError(message)
    positive = positive_labels(label_values)
    if positive is None:
        bad = int(np.argmax((label_values != 0.0) & (label_values != 1.0)))
        message = f"labels[{bad}] = {label_values[bad]} is not 0 or 1"
        raise LabelError(message)
    if not are_probabilities(values):
        bad = int(np.argmin((values >= 0.0) & (values <= 1.0)))
        message = f"probabilities[{bad}] = {values[bad]} is not in [0, 1]"
        raise ProbabilityError(message)
    return positive, unsigned_zeros(values)
