"""Rows to derive the loss on, where the user brings none."""

from __future__ import annotations

from random import Random

import numpy as np

from bce_cli.core.rows import Rows
from bce_cli.errors import UsageError

SHOWN = 8
"""Rows of the user's data that a step shows one by one."""


def built_in_rows() -> Rows:
    """Six predictions: four events that happened, and two that did not."""
    return Rows(
        labels=np.array([True, False, True, True, False, True]),
        probabilities=np.array([0.9, 0.2, 0.7, 0.6, 0.4, 0.8]),
    )


def drawn_rows(n: int, p: float, seed: int) -> Rows:
    """Draw labels from one Bernoulli trial each, all predicted with its true probability.

    Parameters
    ----------
    n : int
        Rows, at least 1.
    p : float
        Probability of label 1, in [0, 1], and the prediction of every row.
    seed : int
        Of Python's generator, at least 0.

    Raises
    ------
    UsageError
        A parameter is outside its domain.

    Examples
    --------
    >>> drawn_rows(4, 1.0, seed=0).labels.tolist()
    [True, True, True, True]
    """
    if n < 1:
        message = f"--n must be at least 1, got {n}"
        raise UsageError(message)
    if not 0.0 <= p <= 1.0:
        message = f"--p must be in [0, 1], got {p!r}"
        raise UsageError(message, "it is the probability of label 1")
    if seed < 0:
        message = f"--seed must be at least 0, got {seed}"
        raise UsageError(message)
    draw = Random(seed).random  # noqa: S311 -- no secret; repeats on every machine and version
    labels = np.array([draw() < p for _ in range(n)])
    return Rows(labels=labels, probabilities=np.full(n, p))
