"""One Bernoulli trial and many: the rows of a demonstration, their products and their sums."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.conventions import EXACT
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.likelihood import Prefix, RunningProduct, example_rows
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Rows
from bce_cli.core.rules import losses_of
from bce_cli.core.totals import LossTotals
from bce_cli.errors import ArgumentError, argument
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.likelihood import ExampleRow

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
    ArgumentError
        A parameter is outside its domain.

    Examples
    --------
    >>> drawn_rows(4, 1.0, seed=0).labels.tolist()
    [True, True, True, True]
    """
    if n < 1:
        message = f"{argument('n')} must be at least 1, got {n}"
        raise ArgumentError(message)
    if not 0.0 <= p <= 1.0:
        message = f"{argument('p')} must be in [0, 1], got {p!r}"
        raise ArgumentError(message, "it is the probability of label 1")
    if seed < 0:
        message = f"{argument('seed')} must be at least 0, got {seed}"
        raise ArgumentError(message)
    draw = Random(seed).random  # noqa: S311 -- no secret; repeats on every machine and version
    labels = np.array([draw() < p for _ in range(n)])
    return Rows(labels=labels, probabilities=np.full(n, p))


def bernoulli_likelihood(label: int, p: float) -> float:
    """Return p^y (1-p)^(1-y), by the powers as they are written.

    Examples
    --------
    >>> bernoulli_likelihood(1, 0.75), bernoulli_likelihood(0, 0.75)
    (0.75, 0.25)
    """
    return float(p**label * (1.0 - p) ** (1 - label))


@dataclass(frozen=True, slots=True)
class GridTrial:
    """The likelihood of both labels under one prediction."""

    p: float
    likelihood_of_1: float
    likelihood_of_0: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One row of data: its likelihood, the logarithm of that by both terms, the loss in nats."""

    row: int
    label: int
    p: float
    likelihood: float
    log_likelihood: float
    label_times_log_p: float
    other_times_log_other: float
    loss: float


@dataclass(frozen=True, slots=True)
class BernoulliStep:
    """One trial in one expression, over a grid of p and on the first rows.

    Attributes
    ----------
    grid : tuple of GridTrial
    best_p_for_1, best_p_for_0 : float
        Where on the grid each likelihood is greatest.
    trials : tuple of Trial
    """

    grid: tuple[GridTrial, ...]
    best_p_for_1: float
    best_p_for_0: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class SingleTrialStep:
    """The loss of one row, on the first rows."""

    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class ManyTrialsStep:
    """Independent trials: their product, and the sum of their logarithms, in nats.

    Attributes
    ----------
    n : int
    rows : tuple of ExampleRow
        The first rows and the last one, with product and sum so far.
    likelihood_product : float
        Raw, in float64.
    log_likelihood, log10_likelihood, negative_log_likelihood : float
        From exact sums.
    mean_loss : float
    n_impossible : int
        Rows that gave probability 0 to what happened.
    first_impossible_row : int or None
        1-based number of the first of them.
    """

    n: int
    rows: tuple[ExampleRow, ...]
    likelihood_product: float
    log_likelihood: float
    log10_likelihood: float
    negative_log_likelihood: float
    mean_loss: float
    n_impossible: int
    first_impossible_row: int | None


def bernoulli_step(rows: Rows) -> BernoulliStep:
    """Compute the step `bernoulli`."""
    grid = tuple(
        GridTrial(p, bernoulli_likelihood(1, p), bernoulli_likelihood(0, p))
        for p in (i / 10 for i in range(11))
    )
    return BernoulliStep(
        grid=grid,
        best_p_for_1=max(grid, key=lambda trial: trial.likelihood_of_1).p,
        best_p_for_0=max(grid, key=lambda trial: trial.likelihood_of_0).p,
        trials=first_trials(rows),
    )


def single_trial_step(rows: Rows) -> SingleTrialStep:
    """Compute the step `single-trial`."""
    return SingleTrialStep(first_trials(rows))


def first_trials(rows: Rows) -> tuple[Trial, ...]:
    """Look at the first rows one by one."""
    losses = losses_of(rows.labels[:SHOWN], rows.probabilities[:SHOWN])
    trials = []
    for index, loss in enumerate(losses.tolist()):
        label, p = int(rows.labels[index]), float(rows.probabilities[index])
        likelihood = bernoulli_likelihood(label, p)
        trials.append(
            Trial(
                row=index + 1,
                label=label,
                p=p,
                likelihood=likelihood,
                log_likelihood=log_of(likelihood),
                label_times_log_p=log_of(p) if label else 0.0,
                other_times_log_other=0.0 if label else (math.log1p(-p) if p < 1.0 else -math.inf),
                loss=loss,
            )
        )
    return tuple(trials)


def many_trials_step(rows: Rows) -> ManyTrialsStep:
    """Compute the steps `likelihood` and `many-trials`."""
    scored = EXACT.score(rows)
    running = RunningProduct("float64")
    running.extend(scored.likelihoods)
    report = loss_report(LossTotals.of(rows, scored.losses))
    indices = sorted({*range(min(SHOWN, len(rows))), len(rows) - 1})
    return ManyTrialsStep(
        n=len(rows),
        rows=tuple(example_rows(scored, Prefix(0, 1.0, ExactSum(), is_infinite=False), indices)),
        likelihood_product=running.value,
        log_likelihood=report.log_likelihood,
        log10_likelihood=report.log10_likelihood,
        negative_log_likelihood=report.total_loss,
        mean_loss=report.mean_loss,
        n_impossible=report.n_impossible,
        first_impossible_row=report.first_impossible_row,
    )


def log_of(value: float) -> float:
    """Return the natural logarithm; -inf of 0."""
    return math.log(value) if value > 0.0 else -math.inf
