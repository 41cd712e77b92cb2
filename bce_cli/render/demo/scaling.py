"""The page on dividing by n."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.curve import Curve, Series
from bce_cli.render.demo.page import Page
from bce_cli.render.numbers import count, figure
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.derivation import ScalingStep
    from bce_cli.render.look import Look

_EVERY = 10


def scaling_page(step: ScalingStep, _look: Look) -> Page:
    """Show that a factor moves no minimum."""
    k = figure(step.k)
    share = f"{count(step.n_positive)} / {count(step.n)} = {figure(step.base_rate)}"
    parabola = Section(
        title="A positive factor stretches a curve and leaves its minimum where it is",
        formulas=(f"y = x²   and   y = k x²   with k = {k}",),
        columns=(Column("x"), Column("x²"), Column("k x²")),
        rows=(
            *(
                (figure(x), figure(y), figure(scaled))
                for x, y, scaled in list(
                    zip(step.x, step.squares, step.scaled_squares, strict=True)
                )[::_EVERY]
            ),
            ("least at x", figure(step.minimum_of_squares), figure(step.minimum_of_scaled)),
        ),
        marked=frozenset({len(step.x[::_EVERY])}),
    )
    table = zip(step.predictions, step.sums, step.means, strict=True)
    loss = Section(
        title=f"So dividing the negative log-likelihood by n = {count(step.n)} moves nothing",
        formulas=("slope of the sum at q: n (q − π) / (q (1−q)),  0 at q = π, whatever n is",),
        columns=(Column("constant q"), Column("NLL"), Column("NLL / n")),
        rows=(
            *(
                (figure(q), figure(total), figure(mean))
                for q, total, mean in list(table)[_EVERY - 1 :: _EVERY]
            ),
            ("least at q", figure(step.minimum_of_sum), figure(step.minimum_of_mean)),
        ),
        marked=frozenset({len(step.predictions[_EVERY - 1 :: _EVERY])}),
        notes=(f"By hand, the base rate: {share}. The grid steps by 0.001.",),
    )
    return Page(
        (parabola, loss),
        "The mean has the same minimum as the sum, and can be compared between data sets.",
        _curves(step),
    )


def _curves(step: ScalingStep) -> tuple[Curve, ...]:
    squares = (
        Series("x²", step.x, step.squares),
        Series("k x²", step.x, step.scaled_squares),
    )
    losses = (
        Series("NLL", step.predictions, step.sums),
        Series("NLL / n", step.predictions, step.means),
    )
    return (
        Curve("Same minimum, other height", "x", "y", squares),
        Curve("The same for the negative log-likelihood", "constant prediction q", "nats", losses),
    )
