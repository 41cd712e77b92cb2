"""The page on learning through a sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.curve import Curve, Series
from bce_cli.render.demo.page import Page
from bce_cli.render.numbers import figure
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.derivation import GradientPoint, GradientStep
    from bce_cli.render.look import Look

_COLUMNS = (
    Column("y"),
    Column("logit z"),
    Column("p = σ(z)"),
    Column("p − y"),
    Column("measured"),
    Column("squared error"),
    Column("measured"),
)


def gradient_page(step: GradientStep, _look: Look) -> Page:
    """Show both gradients."""
    grid = Section(
        title="Through a sigmoid the gradient of the loss is p − y",
        formulas=(
            "p = σ(z) = 1 / (1 + exp(−z))",
            "cross-entropy:  ∂loss/∂z = p − y",
            "squared error:  ∂(p−y)²/∂z = 2 (p−y) p (1−p),  which vanishes at both ends",
        ),
        columns=_COLUMNS,
        rows=tuple(_row(point) for point in step.grid[::4]),
        notes=(f"measured: finite differences, within {figure(step.largest_error, 2)} of p − y.",),
    )
    sections = [grid]
    if step.trials:
        sections.append(
            Section(
                title="The same on rows",
                columns=_COLUMNS,
                rows=tuple(_row(point) for point in step.trials),
                notes=(f"Mean of p − y over all rows: {figure(step.mean_gradient)}.",),
            )
        )
    wrong = step.grid[0]
    entropy, squares = figure(wrong.gradient, 4), figure(wrong.squared_error_gradient, 2)
    seen = (
        f"A confident wrong answer (p = {figure(wrong.p, 2)}, y = 1) is pushed with {entropy} by "
        f"cross-entropy, with {squares} by squared error: one still learns, the other does not."
    )
    return Page(tuple(sections), seen, (_curve(step),))


def _curve(step: GradientStep) -> Curve:
    z = tuple(point.logit for point in step.grid)
    series = (
        Series("cross-entropy", z, tuple(point.gradient for point in step.grid)),
        Series("squared error", z, tuple(point.squared_error_gradient for point in step.grid)),
    )
    return Curve("Gradients for label 1: wrong on the left", "logit z", "gradient", series)


def _row(point: GradientPoint) -> tuple[str, ...]:
    return (
        str(point.label),
        figure(point.logit, 5),
        figure(point.p, 5),
        figure(point.gradient, 6),
        figure(point.finite_difference, 6),
        figure(point.squared_error_gradient, 6),
        figure(point.squared_error_finite_difference, 6),
    )
