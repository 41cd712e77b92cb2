"""Pages on one trial and on many: bernoulli, likelihood, single-trial, many-trials, derivation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.demo.page import Page
from bce_cli.render.numbers import count, figure, power_of_ten
from bce_cli.render.section import Column, Section, with_gaps

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.derivation import BernoulliStep, ManyTrialsStep, SingleTrialStep, Trial
    from bce_cli.core.likelihood import ExampleRow
    from bce_cli.render.look import Look

_GAP = "⋮"


def bernoulli_page(step: BernoulliStep, _look: Look) -> Page:
    """Show one trial in one expression."""
    best = (("best p", figure(step.best_p_for_1), figure(step.best_p_for_0)),)
    grid = Section(
        title="One Bernoulli trial: the probability p gives to what happened",
        formulas=(
            "P(y) = pʸ (1−p)¹⁻ʸ",
            "y = 1:  p¹ · (1−p)⁰ = p        greatest at p = 1",
            "y = 0:  p⁰ · (1−p)¹ = 1 − p    greatest at p = 0",
        ),
        columns=(Column("p"), Column("y = 1"), Column("y = 0")),
        rows=(
            *(
                (figure(t.p), figure(t.likelihood_of_1), figure(t.likelihood_of_0))
                for t in step.grid
            ),
            *best,
        ),
        marked=frozenset({len(step.grid)}),
    )
    return Page(
        (grid, _trial_section(step.trials, "The same expression on rows", _likelihood_cells)),
        "One expression holds both cases, since the exponent switches the other factor off.",
    )


def single_trial_page(step: SingleTrialStep, _look: Look) -> Page:
    """Show the loss of one row."""
    section = _trial_section(
        step.trials, "The logarithm of one trial, and its negative", _log_cells
    )
    formulas = (
        "log( pʸ (1−p)¹⁻ʸ ) = log pʸ + log (1−p)¹⁻ʸ      product rule",
        "                   = y log p + (1−y) log(1−p)   power rule",
        "loss = −[ y log p + (1−y) log(1−p) ]             to be minimised",
    )
    return Page(
        (
            Section(
                title=section.title,
                formulas=formulas,
                columns=section.columns,
                rows=section.rows,
            ),
        ),
        "A row costs the negative logarithm of the probability it gave to what happened.",
    )


def likelihood_page(step: ManyTrialsStep, look: Look) -> Page:
    """Show the running product."""
    size = power_of_ten(step.log10_likelihood, look)
    section = Section(
        title="Independent trials multiply: the likelihood of all labels",
        formulas=("L = ∏ pᵢʸ (1−pᵢ)¹⁻ʸ    over the rows i = 1 … n",),
        columns=(*_ROW_COLUMNS, Column("factor"), Column("product so far")),
        rows=_with_gap(
            step,
            lambda r: (figure(r.likelihood, 5), figure(r.running_product, 5)),
        ),
        notes=(f"The likelihood of all {count(step.n)} labels is {size}.",),
    )
    return Page((section,), "Each factor is at most 1, so the product can only shrink.")


def many_trials_page(step: ManyTrialsStep, _look: Look) -> Page:
    """Show that the logarithm turns the product into a sum."""
    section = Section(
        title="Many trials: the logarithm turns the product into a sum",
        formulas=(
            "log L = log ∏ pᵢʸ (1−pᵢ)¹⁻ʸ",
            "      = Σ [ yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ) ]",
            "NLL   = −log L = Σ lossᵢ",
        ),
        columns=(*_ROW_COLUMNS, Column("loss"), Column("product so far"), Column("NLL so far")),
        rows=_with_gap(step, _sum_cells),
        notes=(f"Negative log-likelihood: {figure(step.negative_log_likelihood)} nats.",),
    )
    return Page((section,), "The sum of losses says what the product said, and does not underflow.")


def derivation_page(step: ManyTrialsStep, _look: Look) -> Page:
    """Show all of it on one page, ending in the binary cross-entropy."""
    total, mean = step.negative_log_likelihood, step.mean_loss
    section = Section(
        title="Binary cross-entropy, from the likelihood",
        formulas=(
            "one trial        P(yᵢ) = pᵢʸ (1−pᵢ)¹⁻ʸ",
            "many trials      L = ∏ pᵢʸ (1−pᵢ)¹⁻ʸ",
            "logarithm        log L = Σ [ yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ) ]",
            "negative         NLL = −log L                       now a minimum",
            "divided by n     BCE = −1/n Σ [ yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ) ]",
        ),
        columns=(*_ROW_COLUMNS, Column("loss"), Column("product so far"), Column("NLL so far")),
        rows=_with_gap(step, _sum_cells),
        notes=(
            f"BCE = {total!r} / {step.n} = {mean!r} nats, to the last bit what bce compute prints.",
        ),
    )
    return Page(
        (section,), "Maximising the likelihood and minimising this mean are the same thing."
    )


_ROW_COLUMNS = (Column("row"), Column("y"), Column("p"))


def _with_gap(
    step: ManyTrialsStep, cells: Callable[[ExampleRow], tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    rows = (
        (r.row, (count(r.row), str(r.label), figure(r.prediction, 5), *cells(r))) for r in step.rows
    )
    return tuple(with_gaps(rows, _GAP))


def _sum_cells(row: ExampleRow) -> tuple[str, ...]:
    negative = 0.0 - row.running_log_likelihood
    return (figure(row.loss, 5), figure(row.running_product, 5), figure(negative))


_TrialCells = tuple[tuple[str, ...], "Callable[[Trial], tuple[str, ...]]"]

_likelihood_cells: _TrialCells = (
    ("pʸ (1−p)¹⁻ʸ",),
    lambda trial: (figure(trial.likelihood, 5),),
)

_log_cells: _TrialCells = (
    ("pʸ (1−p)¹⁻ʸ", "its log", "y log p", "(1−y) log(1−p)", "loss"),
    lambda trial: (
        figure(trial.likelihood, 5),
        figure(trial.log_likelihood, 5),
        figure(trial.label_times_log_p, 5),
        figure(trial.other_times_log_other, 5),
        figure(trial.loss, 5),
    ),
)


def _trial_section(trials: tuple[Trial, ...], title: str, cells: _TrialCells) -> Section:
    names, values = cells
    return Section(
        title=title,
        columns=(*_ROW_COLUMNS, *(Column(name) for name in names)),
        rows=tuple((str(t.row), str(t.label), figure(t.p, 5), *values(t)) for t in trials),
    )
