"""Pages of products that underflow, and of what logarithms do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.render.demo.pages import StepPage, series_of
from bce_cli.render.drawing import Curve, Series
from bce_cli.render.layout import (
    Column,
    Section,
    count,
    figure,
    how_many,
    power_of_ten,
    table,
    with_gaps,
)
from bce_cli.render.origin import stuck_notes

if TYPE_CHECKING:
    from bce_cli.core.derivation import (
        LogarithmStep,
        MonotoneStep,
        UnderflowProduct,
        UnderflowStep,
    )
    from bce_cli.render.layout import Look

_EVERY = 10
_FEW_ROWS = 12
_FEWEST_POINTS = 3


def monotone_page(step: MonotoneStep, _look: Look) -> StepPage:
    """Show that the logarithm keeps the place of a maximum."""
    order = Section(
        "The logarithm is monotone: the greater number has the greater logarithm",
        *table(
            step.order,
            ("x", lambda point: figure(point.x)),
            ("log x", lambda point: figure(point.log_x, 5)),
            ("slope 1/x", lambda point: figure(point.slope, 4)),
        ),
        formulas=("0 < a < b   means   log a < log b", "slope of log x: 1/x, above 0 everywhere"),
    )
    first = "first row" if step.n == 1 else f"first {step.n} rows"
    rises, falls = count(step.n_both_rise), count(step.n_both_fall)
    columns, rows = table(
        step.points[_EVERY - 1 :: _EVERY],
        ("constant q", lambda point: figure(point.q)),
        ("likelihood L", lambda point: figure(point.likelihood)),
        ("log L", lambda point: figure(point.log_likelihood)),
    )
    best = figure(step.best_q_of_likelihood), figure(step.best_q_of_log)
    on_grid = (
        f"As q goes up by 0.001 at a time, both rise {rises} times and both fall {falls} times; "
        f"one without the other rises {'never' if step.n_differ == 0 else count(step.n_differ)}."
    )
    maximum = Section(
        "So the likelihood and its logarithm are greatest at the same place",
        columns,
        rows=(*rows, ("greatest at q", *best)),
        formulas=(f"L(q) = q^{step.n_positive} (1−q)^{step.n - step.n_positive}",),
        notes=(f"L is the likelihood of the {first}, were each predicted with q. {on_grid}",),
        marked=(len(rows),),
    )
    likelihood, logarithm = series_of(
        step.points, "q", {"L": "likelihood", "log L": "log_likelihood"}
    )
    height = "Its logarithm: another height, the same place"
    return StepPage(
        (order, maximum),
        f"Both are greatest at q = {best[0]}: the logarithm changes how high the likelihood is, "
        "not where it is highest, so what maximises the one maximises the other.",
        (
            Curve("The likelihood", "constant q", "L", (likelihood,), step.best_q_of_likelihood),
            Curve(height, "constant q", "log L, nats", (logarithm,), step.best_q_of_log),
        ),
    )


def logarithm_page(step: LogarithmStep, _look: Look) -> StepPage:
    """Show the power rule and the product rule on numbers."""
    power = Section(
        "Power rule: an exponent becomes a factor",
        *table(
            step.power_rule,
            ("p", lambda r: figure(r.p)),
            ("y", lambda r: str(r.y)),
            ("log(p^y)", lambda r: figure(r.log_of_power, 10)),
            ("y log p", lambda r: figure(r.y_times_log, 10)),
        ),
        formulas=("log(p^y) = y log p",),
    )
    product = Section(
        "Product rule: the log of a product is the sum of the logs",
        *table(
            step.product_rule,
            ("rows", lambda r: count(r.n)),
            ("product", lambda r: figure(r.product, 5)),
            ("log of product", lambda r: figure(r.log_of_product, 10)),
            ("sum of logs", lambda r: figure(r.sum_of_logs, 10)),
            ("difference", lambda r: figure(r.difference, 2)),
        ),
        formulas=("log(a · b) = log a + log b", "log ∏ aᵢ    = Σ log aᵢ"),
    )
    return StepPage(
        (power, product),
        "Both sides agree to the last digits, as long as the product itself can be held.",
    )


def underflow_page(step: UnderflowStep, look: Look) -> StepPage:
    """Show the raw product beside the sum of logarithms."""
    limits = ", ".join(
        f"{p.dtype} {power_of_ten(_log10(p.smallest_subnormal), look)}" for p in step.steps
    )
    due = "due: where the exact likelihood falls to half of the smallest number above 0, which is"
    columns, rows = table(
        step.steps,
        (Column("computed in", is_text=True), lambda p: p.dtype),
        # the natural logarithm serves the types that Python's float cannot hold
        ("likelihood", lambda p: power_of_ten(p.log_of_product / math.log(10.0), look)),
        (Column("its log", spare=1), lambda p: figure(p.log_of_product)),
        ("subnormal at", lambda p: count(p.subnormal_row)),
        ("0 at row", lambda p: count(p.zero_row)),
        (Column("due at row", meaning=f"{due} {limits}."), lambda p: count(p.true_row)),
    )
    size, log = power_of_ten(step.log10_likelihood, look), figure(step.log_likelihood)
    section = Section(
        f"The likelihood of {how_many(step.n, 'label')}, multiplied out and summed up",
        columns,
        rows=(*rows, ("sum of logs", size, log, "never", "never", "")),
        formulas=("∏ aᵢ      leaves the range of the float type", "Σ log aᵢ  does not"),
        notes=stuck_notes("The product in {}", step.steps),
        marked=(len(rows),),
    )
    mean = figure(step.mean_loss)
    seen = f"log(0) is -inf, while the sum still gives the mean loss, {mean} nats per row."
    if math.isinf(step.log_likelihood):
        seen = "A label was given probability 0, so the likelihood is 0 in truth as well."
    elif all(p.zero_row is None for p in step.steps):
        seen = "No product became 0: there are too few rows, or each is predicted too well."
    lost = _lost_section(step, look)
    return StepPage((section, *lost), seen, _underflow_curves(step))


def _lost_section(step: UnderflowStep, look: Look) -> tuple[Section, ...]:
    """Say why products are not lost at the row where they are due."""
    odd = [p for p in step.steps if p.true_row is not None and p.zero_row != p.true_row]
    if not odd:
        return ()
    first, dtype = odd[0], odd[0].dtype
    ends = {first.held_row, first.true_row, first.zero_row}
    shown = [row for row in step.lost_rows if row.row in ends or len(step.lost_rows) <= _FEW_ROWS]
    shown = shown or list(step.lost_rows)
    columns, cells = table(
        shown,
        ("row", lambda row: count(row.row)),
        ("factor", lambda row: figure(row.factor, 4)),
        ("likelihood, steps", lambda row: figure(row.true_steps, 3)),
        (f"{dtype}, steps", lambda row: figure(row.product_steps)),
    )
    unit = power_of_ten(_log10(first.smallest_subnormal), look)
    lost = "never lost" if first.zero_row is None else f"lost at row {count(first.zero_row)}"
    near = (
        f"So near to 0, numbers in {dtype} are whole steps of {unit}, and each product is rounded "
        "to the nearest, a half to the even one."
    )
    section = Section(
        f"Why the product in {dtype} is {lost}, though due at {count(first.true_row)}",
        columns,
        tuple(with_gaps((row.row for row in shown), cells, "⋮")),
        notes=(
            f"{near} {_why_not_when_due(first)}",
            *(f"{p.dtype} likewise. {_why_not_when_due(p)}" for p in odd[1:]),
        ),
        marked=[index for index, row in enumerate(shown) if row.row == first.true_row],
    )
    return (section,)


def _why_not_when_due(product: UnderflowProduct) -> str:
    """Say where the roundings of a product near 0 have led to."""
    if product.held_at is None:
        return ""
    n_steps = float(product.held_at / product.smallest_subnormal)
    steps = f"{figure(n_steps)} {'step' if n_steps == 1.0 else 'steps'}"
    held = f"From row {count(product.held_row)} on it is {steps}"
    keeps = f"a factor above {figure(1.0 - 0.5 / n_steps)} rounds back to that"
    if product.zero_row is None or product.last_factor is None:
        return f"{held}, and {keeps}; none that follows is less."
    factor = float(product.last_factor)
    left = f"{figure(n_steps * factor, 3)} of a step"
    end = f"row {count(product.zero_row)} has the factor {figure(factor, 4)}"
    if product.true_row is None or product.zero_row < product.true_row:
        return f"{held}, by roundings less than the likelihood; {end}, and {left} rounds to 0."
    return f"{held}, and {keeps}; {end}, and {left} rounds to 0."


def _underflow_curves(step: UnderflowStep) -> tuple[Curve, ...]:
    lowest = step.path_log10[-1]
    if step.n == 1 or math.isinf(lowest) or lowest == 0.0:
        return ()
    rows = tuple(float(row) for row in step.path_rows)
    ends = ((f"{p.dtype} ends", _log10(p.smallest_subnormal)) for p in step.steps)
    floors = [Series(name, (rows[0], rows[-1]), (y, y)) for name, y in ends if y > lowest]
    path = Series("exact likelihood", rows, step.path_log10)
    title = "Where the likelihood crosses the end of each float type"
    crossed = Curve(title, "row", "log10 of the likelihood", (*floors, path))
    if len(step.lost_rows) < _FEWEST_POINTS:
        return (crossed,)
    names = {"likelihood": "true_steps", f"product in {step.lost_dtype}": "product_steps"}
    lost = Curve(
        f"Near the end of {step.lost_dtype}: roundings hold the product up",
        "row",
        "smallest steps above 0",
        series_of(step.lost_rows, "row", names),
    )
    return crossed, lost


def _log10(value: float) -> float:
    return float(np.log10(value))  # a longdouble may be too small for math.log10
