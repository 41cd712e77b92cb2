"""Pages of one Bernoulli trial, of many, and of all of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.demo.pages import StepPage
from bce_cli.render.layout import (
    Column,
    Section,
    count,
    figure,
    power_of_ten,
    table,
    with_gaps,
)

if TYPE_CHECKING:
    from bce_cli.core.derivation import (
        BernoulliStep,
        ManyTrialsStep,
        SingleTrialStep,
        Trial,
    )
    from bce_cli.core.likelihood import ExampleRow
    from bce_cli.render.layout import Look, TableColumn, Texts


def bernoulli_page(step: BernoulliStep, _look: Look) -> StepPage:
    """Show one trial in one expression."""
    columns, rows = table(
        step.grid,
        ("p", lambda t: figure(t.p)),
        ("y = 1", lambda t: figure(t.likelihood_of_1)),
        ("y = 0", lambda t: figure(t.likelihood_of_0)),
    )
    grid = Section(
        "One Bernoulli trial: the probability p gives to what happened",
        columns,
        rows=(*rows, ("best p", figure(step.best_p_for_1), figure(step.best_p_for_0))),
        formulas=(
            "P(y) = p^y (1−p)^(1−y)",
            "y = 1:  p¹ · (1−p)⁰ = p        greatest at p = 1",
            "y = 0:  p⁰ · (1−p)¹ = 1 − p    greatest at p = 0",
        ),
        marked=(len(rows),),
    )
    trials = table(step.trials, *_TRIAL_COLUMNS)
    return StepPage(
        (grid, Section("The same expression on rows", *trials)),
        "One expression holds both cases, since the exponent switches the other factor off.",
    )


def single_trial_page(step: SingleTrialStep, _look: Look) -> StepPage:
    """Show the loss of one row."""
    section = Section(
        "The logarithm of one trial, and its negative",
        *table(
            step.trials,
            *_TRIAL_COLUMNS,
            (Column("its log", spare=1), lambda t: figure(t.log_likelihood, 5)),
            ("y log p", lambda t: figure(t.label_times_log_p, 5)),
            ("(1−y)log(1−p)", lambda t: figure(t.other_times_log_other, 5)),
            ("loss", lambda t: figure(t.loss, 5)),
        ),
        formulas=(
            "P(y)     = p^y (1−p)^(1−y)",
            "log P(y) = log(p^y) + log((1−p)^(1−y))  product rule",
            "         = y log p + (1−y) log(1−p)     power rule",
            "loss     = −[y log p + (1−y) log(1−p)]  to be minimised",
        ),
    )
    return StepPage(
        (section,),
        "A row costs the negative logarithm of the probability it gave to what happened.",
    )


_TRIAL_COLUMNS: tuple[TableColumn[Trial], ...] = (
    ("row", lambda trial: str(trial.row)),
    ("y", lambda trial: str(trial.label)),
    ("p", lambda trial: figure(trial.p, 5)),
    ("P(y)", lambda trial: figure(trial.likelihood, 5)),
)


def likelihood_page(step: ManyTrialsStep, look: Look) -> StepPage:
    """Show the running product."""
    size = power_of_ten(step.log10_likelihood, look)
    section = Section(
        "Independent trials multiply: the likelihood of all labels",
        *_many_trials(step, ("factor", lambda row: figure(row.likelihood, 5)), _PRODUCT),
        formulas=("L = ∏ pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)   over rows i = 1 … n",),
        notes=(f"The likelihood of all {count(step.n)} labels is {size}.", *_impossible_note(step)),
    )
    return StepPage((section,), "Each factor is at most 1, so the product can only shrink.")


def many_trials_page(step: ManyTrialsStep, _look: Look) -> StepPage:
    """Show that the logarithm turns the product into a sum."""
    section = Section(
        "Many trials: the logarithm turns the product into a sum",
        *_many_trials(step, *_SUM),
        formulas=(
            "log L = log ∏ pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)",
            "      = Σ [yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ)]",
            "NLL   = −log L = Σ lossᵢ",
        ),
        notes=(
            f"Negative log-likelihood: {figure(step.negative_log_likelihood)} nats.",
            *_impossible_note(step),
        ),
    )
    seen = "The sum of losses says what the product said, and does not underflow."
    return StepPage((section,), seen)


def derivation_page(step: ManyTrialsStep, _look: Look) -> StepPage:
    """Show all of it on one page, ending in the binary cross-entropy."""
    mean = f"{step.negative_log_likelihood!r} / {step.n} = {step.mean_loss!r} nats"
    section = Section(
        "Binary cross-entropy, from the likelihood",
        *_many_trials(step, *_SUM),
        formulas=(
            "one trial  P(yᵢ) = pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)",
            "n trials   L     = ∏ pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)",
            "logarithm  log L = Σ [yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ)]",
            "negative   NLL   = −log L",
            "mean       BCE   = NLL / n",
            "",
            "BCE = −1/n Σ [yᵢ log pᵢ + (1−yᵢ) log(1−pᵢ)]",
        ),
        notes=(
            _WHY_EACH_LINE,
            f"BCE = {mean}, to the last bit what bce compute prints.",
            *_impossible_note(step),
        ),
    )
    seen = "Maximising the likelihood and minimising this mean are the same thing."
    return StepPage((section,), seen)


_WHY_EACH_LINE = (
    "Why each line may follow the one above it: independent trials multiply; the logarithm rises "
    "everywhere, so it keeps the place of the maximum, and it turns the product into a sum; a "
    "negative turns a maximum into a minimum; the positive factor 1/n moves no minimum."
)
_PRODUCT: TableColumn[ExampleRow] = (
    "product so far",
    lambda row: figure(row.running_product, 5),
)
_SUM: tuple[TableColumn[ExampleRow], ...] = (
    ("loss", lambda row: figure(row.loss, 5)),
    _PRODUCT,
    ("NLL so far", lambda row: figure(0.0 - row.running_log_likelihood)),
)


def _impossible_note(step: ManyTrialsStep) -> Texts:
    """Say which row makes the likelihood 0 and the loss infinite, if one does."""
    if not step.n_impossible:
        return ()
    others = "" if step.n_impossible == 1 else f", the first of {count(step.n_impossible)},"
    row = f"Row {count(step.first_impossible_row)}{others}"
    return (f"{row} gave probability 0 to what happened: a factor 0, and an infinite loss.",)


def _many_trials(
    step: ManyTrialsStep, *more: TableColumn[ExampleRow]
) -> tuple[tuple[Column, ...], tuple[Texts, ...]]:
    """Return a table of the rows that are shown, with gaps where others are left out."""
    columns, rows = table(
        step.rows,
        ("row", lambda row: count(row.row)),
        ("y", lambda row: str(row.label)),
        ("p", lambda row: figure(row.prediction, 5)),
        *more,
    )
    return columns, tuple(with_gaps((row.row for row in step.rows), rows, "⋮"))
