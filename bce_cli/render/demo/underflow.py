"""The page on the product that underflows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.curve import Curve, Series
from bce_cli.render.demo.page import Page
from bce_cli.render.numbers import count, figure, power_of_ten
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from bce_cli.core.derivation import UnderflowProduct, UnderflowStep
    from bce_cli.render.look import Look


def underflow_page(step: UnderflowStep, look: Look) -> Page:
    """Show the raw product beside the sum of logarithms."""
    stable = (
        "sum of logs",
        power_of_ten(step.log10_likelihood, look),
        figure(step.log_likelihood),
        "never",
        "never",
        "",
    )
    labels = "1 label" if step.n == 1 else f"{count(step.n)} labels"
    section = Section(
        title=f"The likelihood of {labels}, multiplied out and summed up",
        formulas=("∏ aᵢ leaves the range of the float type,  Σ log aᵢ does not",),
        columns=(
            Column("computed in", is_text=True),
            Column("likelihood"),
            Column("its log"),
            Column("subnormal at"),
            Column("0 at row"),
            Column("due at row"),
        ),
        rows=(*(_row(product, look) for product in step.steps), stable),
        notes=_notes(step, look),
        marked=frozenset({len(step.steps)}),
    )
    return Page((section,), _seen(step), _curves(step))


def _row(product: UnderflowProduct, look: Look) -> tuple[str, ...]:
    # the natural logarithm serves the types that Python's float cannot hold
    size = power_of_ten(product.log_of_product / math.log(10.0), look)
    return (
        product.dtype,
        size,
        figure(product.log_of_product),
        count(product.subnormal_row),
        count(product.zero_row),
        count(product.true_row),
    )


def _notes(step: UnderflowStep, look: Look) -> tuple[str, ...]:
    limits = ", ".join(
        f"{p.dtype} {power_of_ten(_log10(p.smallest_subnormal), look)}" for p in step.steps
    )
    due = "due: where the exact likelihood falls to half of the smallest number above 0, which is"
    stuck = [p.dtype for p in step.steps if p.subnormal_row is not None and p.zero_row is None]
    sentence = "ends among subnormal numbers, which have few digits or none."
    held = (f"The product in {' and '.join(stuck)} {sentence}",) if stuck else ()
    return (f"{due} {limits}.", *held)


def _seen(step: UnderflowStep) -> str:
    lost = [p for p in step.steps if p.zero_row is not None]
    if math.isinf(step.log_likelihood):
        return "A label was given probability 0, so the likelihood is 0 in truth as well."
    if not lost:
        return "No product became 0: there are too few rows, or each is predicted too well."
    mean = figure(step.mean_loss)
    return f"log(0) is -inf, while the sum still gives the mean loss, {mean} nats per row."


def _curves(step: UnderflowStep) -> tuple[Curve, ...]:
    if step.n == 1 or math.isinf(step.path_log10[-1]) or step.path_log10[-1] == 0.0:
        return ()
    rows = tuple(float(row) for row in step.path_rows)
    floors = [
        Series(f"{p.dtype} ends", (rows[0], rows[-1]), (_log10(p.smallest_subnormal),) * 2)
        for p in step.steps
        if _log10(p.smallest_subnormal) > step.path_log10[-1]
    ]
    path = Series("sum of logs", rows, step.path_log10)
    title = "Where the likelihood crosses the end of each float type"
    return (Curve(title, "row", "log10 of the likelihood", (*floors, path)),)


def _log10(value: float) -> float:
    import numpy as np  # noqa: PLC0415 -- a longdouble may be too small for math.log10

    return float(np.log10(value))
