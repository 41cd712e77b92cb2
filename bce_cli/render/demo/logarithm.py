"""The page on the rules of logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.render.demo.page import Page
from bce_cli.render.numbers import count, figure
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.derivation import LogarithmStep
    from bce_cli.render.look import Look


def logarithm_page(step: LogarithmStep, _look: Look) -> Page:
    """Show the power rule and the product rule on numbers."""
    power = Section(
        title="Power rule: an exponent becomes a factor",
        formulas=("log(pʸ) = y log p",),
        columns=(Column("p"), Column("y"), Column("log(pʸ)"), Column("y log p")),
        rows=tuple(
            (figure(r.p), str(r.y), figure(r.log_of_power, 10), figure(r.y_times_log, 10))
            for r in step.power_rule
        ),
    )
    product = Section(
        title="Product rule: the log of a product is the sum of the logs",
        formulas=("log(a · b) = log a + log b,  so  log ∏ aᵢ = Σ log aᵢ",),
        columns=(
            Column("rows"),
            Column("product"),
            Column("log of product"),
            Column("sum of logs"),
            Column("difference"),
        ),
        rows=tuple(
            (
                count(r.n),
                figure(r.product, 5),
                figure(r.log_of_product, 10),
                figure(r.sum_of_logs, 10),
                figure(r.difference, 2),
            )
            for r in step.product_rule
        ),
    )
    return Page(
        (power, product),
        "Both sides agree to the last digits, as long as the product itself can be held.",
    )
