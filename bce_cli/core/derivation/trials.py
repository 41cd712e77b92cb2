"""One Bernoulli trial, its logarithm and its loss; then many trials, row after row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.core.conventions import EXACT
from bce_cli.core.costs import losses_of
from bce_cli.core.derivation.samples import SHOWN
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.excerpt import Prefix, example_rows
from bce_cli.core.likelihood import RunningProduct
from bce_cli.core.report import loss_report
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from bce_cli.core.excerpt import ExampleRow
    from bce_cli.core.rows import Rows


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
    """

    n: int
    rows: tuple[ExampleRow, ...]
    likelihood_product: float
    log_likelihood: float
    log10_likelihood: float
    negative_log_likelihood: float
    mean_loss: float


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
                log_likelihood=_log(likelihood),
                label_times_log_p=_log(p) if label else 0.0,
                other_times_log_other=0.0 if label else _log1p(-p),
                loss=loss,
            )
        )
    return tuple(trials)


def many_trials_step(rows: Rows) -> ManyTrialsStep:
    """Compute the steps `likelihood` and `many-trials`."""
    piece = EXACT.score(rows)
    running = RunningProduct("float64")
    running.extend(piece.likelihoods)
    report = loss_report(LossTotals.of(rows, piece.losses))
    indices = sorted({*range(min(SHOWN, len(rows))), len(rows) - 1})
    return ManyTrialsStep(
        n=len(rows),
        rows=tuple(example_rows(piece, Prefix(0, 1.0, ExactSum(), is_infinite=False), indices)),
        likelihood_product=running.value,
        log_likelihood=report.log_likelihood,
        log10_likelihood=report.log10_likelihood,
        negative_log_likelihood=report.total_loss,
        mean_loss=report.mean_loss,
    )


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _log1p(value: float) -> float:
    return math.log1p(value) if value > -1.0 else -math.inf
