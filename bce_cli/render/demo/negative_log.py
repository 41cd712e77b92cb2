"""The page on concave and convex curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.curve import Curve, Series
from bce_cli.render.demo.page import Page
from bce_cli.render.numbers import count, figure
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.derivation import Iterate, NegativeLogStep
    from bce_cli.render.look import Look

_SHOWN = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def negative_log_page(step: NegativeLogStep, _look: Look) -> Page:
    """Show the curves, their slopes, and a descent."""
    end = step.iterates[-1]
    seen = (
        f"Minimising the negative log leads from 0.5 to {figure(end.prediction)} "
        f"in {count(end.iteration)} iterations: the base rate."
    )
    return Page((_values(step), _descent(step)), seen, _curves(step))


def _values(step: NegativeLogStep) -> Section:
    names = ("p", "log p", "slope", "log(1−p)", "slope", "−log p", "slope")
    return Section(
        title="Logarithms are concave, their negatives convex",
        formulas=("slope of log p: 1/p        slope of −log p: −1/p",),
        columns=tuple(Column(name) for name in names),
        rows=tuple(
            (
                figure(t.p),
                figure(t.log_p, 5),
                figure(t.slope_log_p, 4),
                figure(t.log_other, 5),
                figure(t.slope_log_other, 4),
                figure(t.loss_of_1, 5),
                figure(t.slope_loss_of_1, 4),
            )
            for t in step.points
            if t.p in _SHOWN
        ),
        notes=(
            f"log bends down (concave: {_yes(step.log_is_concave)}): climb to a maximum.",
            f"−log bends up (convex: {_yes(step.negative_is_convex)}): descend to a minimum.",
        ),
    )


def _descent(step: NegativeLogStep) -> Section:
    names = ("iteration", "prediction q", "mean loss", "slope")
    return Section(
        title="Gradient descent on one constant prediction",
        formulas=(
            f"q → q − {figure(step.rate)} · slope,  slope = (q − π) / (q (1−q))",
            f"base rate π = {figure(step.base_rate)}",
        ),
        columns=tuple(Column(name) for name in names),
        rows=tuple(
            (
                count(t.iteration),
                figure(t.prediction, 9),
                figure(t.mean_loss, 9),
                figure(t.slope, 3),
            )
            for t in _some(step.iterates)
        ),
    )


def _curves(step: NegativeLogStep) -> tuple[Curve, ...]:
    p = tuple(point.p for point in step.points)
    concave = (
        Series("log p", p, tuple(point.log_p for point in step.points)),
        Series("log(1−p)", p, tuple(point.log_other for point in step.points)),
    )
    convex = (
        Series("−log p", p, tuple(point.loss_of_1 for point in step.points)),
        Series("−log(1−p)", p, tuple(point.loss_of_0 for point in step.points)),
    )
    return (
        Curve("Concave: the logarithm, to be maximised", "p", "nats", concave),
        Curve("Convex: the negative logarithm, to be minimised", "p", "nats", convex),
    )


def _some(iterates: tuple[Iterate, ...]) -> list[Iterate]:
    """Return the first iterates, then ever fewer of them, and the last."""
    wanted = {0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000}
    last = iterates[-1].iteration
    return [t for t in iterates if t.iteration in wanted or t.iteration == last]


def _yes(value: bool) -> str:
    return "yes" if value else "no"
