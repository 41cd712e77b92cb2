"""Pages of curves and where they are least, and of the gradient that leads there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.demo.pages import StepPage, series_of
from bce_cli.render.drawing import Curve, Series
from bce_cli.render.layout import (
    Column,
    Section,
    count,
    figure,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bce_cli.core.derivation import (
        GradientPoint,
        GradientStep,
        NegativeLogStep,
        ScalingStep,
    )
    from bce_cli.render.layout import Look, TableColumn, Texts

_EVERY = 10
_ONE_MAXIMUM = "So does every sum of logs, which has one maximum to climb to."
_ONE_MINIMUM = "So the negative has one minimum there, and descending is what optimisers do."
_POINTS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_ITERATIONS = {0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000}


def negative_log_page(step: NegativeLogStep, _look: Look) -> StepPage:
    """Show the curves, their slopes, and a descent."""
    yes = {True: "yes", False: "no"}
    values = Section(
        "Logarithms are concave, their negatives convex",
        *table(
            [t for t in step.points if t.p in _POINTS],
            ("p", lambda t: figure(t.p)),
            ("log p", lambda t: figure(t.log_p, 5)),
            ("slope", lambda t: figure(t.slope_log_p, 4)),
            ("log(1−p)", lambda t: figure(t.log_other, 5)),
            ("slope", lambda t: figure(t.slope_log_other, 4)),
            ("−log p", lambda t: figure(t.loss_of_1, 5)),
            ("slope", lambda t: figure(t.slope_loss_of_1, 4)),
        ),
        formulas=("slope of log p: 1/p        slope of −log p: −1/p",),
        notes=(
            f"log bends down (concave: {yes[step.log_is_concave]}). {_ONE_MAXIMUM}",
            f"−log bends up (convex: {yes[step.negative_is_convex]}). {_ONE_MINIMUM}",
        ),
    )
    end = step.iterates[-1]
    descent = Section(
        "Gradient descent on one constant prediction",
        *table(
            # the first iterates, then ever fewer of them, and the last
            [t for t in step.iterates if t.iteration in {*_ITERATIONS, end.iteration}],
            ("iteration", lambda t: count(t.iteration)),
            ("prediction q", lambda t: figure(t.prediction, 9)),
            ("mean loss", lambda t: figure(t.mean_loss, 9)),
            ("slope", lambda t: figure(t.slope, 3)),
        ),
        formulas=(
            "mean loss at q: −[π log q + (1−π) log(1−q)]",
            "slope there:    (q − π) / (q (1−q))",
            f"each iteration: q → q − {figure(step.rate)} · slope",
            f"base rate:      π = {figure(step.base_rate)}",
        ),
    )
    # where all labels are the same, the descent ends beside the base rate
    is_there = figure(end.prediction) == figure(step.base_rate)
    where = "the base rate" if is_there else f"beside the base rate, {figure(step.base_rate)}"
    seen = (
        f"Minimising the negative log leads from 0.5 to {figure(end.prediction)} "
        f"in {count(end.iteration)} iterations: {where}."
    )
    lines = {"log p": "log_p", "log(1−p)": "log_other"}
    negatives = {"−log p": "loss_of_1", "−log(1−p)": "loss_of_0"}
    concave, convex = (series_of(step.points, "p", names) for names in (lines, negatives))
    curves = (
        Curve("Concave: the logarithm, to be maximised", "p", "nats", concave),
        Curve("Convex: the negative logarithm, to be minimised", "p", "nats", convex),
    )
    return StepPage((values, descent), seen, curves)


def scaling_page(step: ScalingStep, _look: Look) -> StepPage:
    """Show that a factor moves no minimum."""
    k = figure(step.k)
    share = f"{count(step.n_positive)} / {count(step.n)} = {figure(step.base_rate)}"
    squares = zip(step.x, step.squares, step.scaled_squares, strict=True)
    columns, rows = _figures(("x", "x²", "k x²"), list(squares)[::_EVERY])
    ends = figure(step.minimum_of_squares), figure(step.minimum_of_scaled)
    parabola = Section(
        "A positive factor stretches a curve and leaves its minimum where it is",
        columns,
        rows=(*rows, ("least at x", *ends)),
        formulas=(f"y = x²   and   y = k x²   with k = {k}",),
        marked=(len(rows),),
    )
    sums = zip(step.predictions, step.sums, step.means, strict=True)
    names = ("constant q", "NLL", "NLL / n")
    columns, rows = _figures(names, list(sums)[_EVERY - 1 :: _EVERY])
    ends = figure(step.minimum_of_sum), figure(step.minimum_of_mean)
    loss = Section(
        f"So dividing the negative log-likelihood by n = {count(step.n)} moves nothing",
        columns,
        rows=(*rows, ("least at q", *ends)),
        formulas=(
            "slope of the sum at q: n (q − π) / (q (1−q))",
            "which is 0 at q = π, whatever n is",
        ),
        notes=(f"By hand, the base rate: {share}. The grid steps by 0.001.",),
        marked=(len(rows),),
    )
    of_sum = "The same for the negative log-likelihood"
    parabolas = (
        Series("x²", step.x, step.squares),
        Series("k x²", step.x, step.scaled_squares),
    )
    losses = (
        Series("NLL", step.predictions, step.sums),
        Series("NLL / n", step.predictions, step.means),
    )
    return StepPage(
        (parabola, loss),
        "The mean has the same minimum as the sum, and can be compared between data sets.",
        (
            Curve("Same minimum, other height", "x", "y", parabolas, step.minimum_of_scaled),
            Curve(of_sum, "constant prediction q", "nats", losses, step.minimum_of_mean),
        ),
    )


def _figures(
    titles: Sequence[str], rows: Iterable[Sequence[float]]
) -> tuple[tuple[Column, ...], tuple[Texts, ...]]:
    """Return a table of nothing but numbers."""
    return tuple(map(Column, titles)), tuple(tuple(map(figure, row)) for row in rows)


def gradient_page(step: GradientStep, _look: Look) -> StepPage:
    """Show both gradients."""
    error = figure(step.largest_error, 2)
    measured = f"measured: finite differences, within {error} of p − y."
    grid = Section(
        "Through a sigmoid the gradient of the loss is p − y",
        *table(step.grid[::4], *_gradient_columns(measured)),
        formulas=(
            "p = σ(z) = 1 / (1 + exp(−z))",
            "cross-entropy:  ∂loss/∂z = p − y",
            "squared error:  ∂(p−y)²/∂z = 2 (p−y) p (1−p)",
            "                which vanishes at both ends",
        ),
    )
    trials = Section(
        "The same on rows",
        *table(step.trials, *_gradient_columns()),
        notes=(f"Mean of p − y over all rows: {figure(step.mean_gradient)}.",),
    )
    wrong = step.grid[0]
    entropy, squares = figure(wrong.gradient, 4), figure(wrong.squared_error_gradient, 2)
    seen = (
        f"A confident wrong answer (p = {figure(wrong.p, 2)}, y = 1) is pushed with {entropy} by "
        f"cross-entropy, with {squares} by squared error: one still learns, the other does not."
    )
    names = {"cross-entropy": "loss", "squared error": "squared_error"}
    losses = series_of(step.grid, "logit", names)
    lines = {"cross-entropy": "gradient", "squared error": "squared_error_gradient"}
    slopes = series_of(step.grid, "logit", lines)
    curves = (
        Curve("Losses for label 1: wrong on the left", "logit z", "loss", losses),
        Curve("Their gradients: what is learnt from", "logit z", "gradient", slopes),
    )
    return StepPage((grid, trials) if step.trials else (grid,), seen, curves)


def _gradient_columns(measured: str = "") -> tuple[TableColumn[GradientPoint], ...]:
    """Return the columns of both gradients; what is said of those that are measured is optional."""
    return (
        ("y", lambda point: str(point.label)),
        ("logit z", lambda point: figure(point.logit, 5)),
        ("p", lambda point: figure(point.p, 5)),
        ("p−y", lambda point: figure(point.gradient)),
        (
            Column("measured", spare=1, meaning=measured),
            lambda point: figure(point.finite_difference),
        ),
        ("squared error", lambda point: figure(point.squared_error_gradient)),
        (Column("measured", spare=1), lambda point: figure(point.squared_error_finite_difference)),
    )
