"""The second section of `bce compute`: the product of likelihoods beside the sum of their logs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.numbers import count, figure, power_of_ten
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.likelihood import LikelihoodProduct
    from bce_cli.core.report import LossReport
    from bce_cli.render.document import Document
    from bce_cli.render.look import Look


def underflow_section(document: Document, look: Look) -> Section:
    """Show what became of the likelihood in each float type, and of its logarithm."""
    report, products = document.report, document.result.products
    stable = (f"sum of logs, {report.unit}", figure(report.log_likelihood), "never", "never")
    return Section(
        title="The likelihood of all labels: a product underflows, a sum of logs does not",
        columns=(
            Column("computed as", is_text=True),
            Column("value"),
            Column("subnormal at row"),
            Column("0 at row"),
        ),
        rows=(*(_product_row(product) for product in products), stable),
        notes=(_true_size(report, products[-1], look), *_stuck_notes(products)),
        marked=frozenset({len(products)}),
    )


def _product_row(product: LikelihoodProduct) -> tuple[str, ...]:
    return (
        f"product, {product.dtype}",
        figure(product.product),
        count(product.subnormal_row),
        count(product.zero_row),
    )


def _true_size(report: LossReport, product: LikelihoodProduct, look: Look) -> str:
    if math.isinf(report.log_likelihood):
        return "The likelihood is 0 in truth as well: a row was impossible."
    size = power_of_ten(report.log10_likelihood, look)
    smallest = power_of_ten(math.log10(product.smallest_subnormal), look)
    return f"The true likelihood is {size}; the smallest float64 above 0 is {smallest}."


def _stuck_notes(products: tuple[LikelihoodProduct, ...]) -> tuple[str, ...]:
    stuck = [p for p in products if p.subnormal_row is not None and p.zero_row is None]
    if not stuck:
        return ()
    names = " and ".join(product.dtype for product in stuck)
    return (f"In {names} the product ends among subnormal numbers, which have few digits or none.",)
