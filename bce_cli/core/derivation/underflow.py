"""What becomes of a product of likelihoods in each float type, and why at that row."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.conventions import EXACT
from bce_cli.core.likelihood import FLOAT_TYPES, FloatType, RunningProduct
from bce_cli.core.report import loss_report
from bce_cli.core.totals import LossTotals
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.likelihood import LikelihoodProduct
    from bce_cli.core.rows import FloatArray, Rows, ScoredRows

_PATH_POINTS = 120
_LOST_POINTS = 100
_GREATEST_EXPONENT = math.log(np.finfo(np.float64).max)
_ROWS_BEFORE = 2
_CLOSE = 1e-6  # nats; far more than the rounding of a running sum, decided exactly below


@dataclass(frozen=True, slots=True)
class UnderflowProduct:
    """The raw product of all rows in one float type.

    Attributes
    ----------
    dtype : str
    smallest_normal, smallest_subnormal : float
        Limits of that type.
    subnormal_row, zero_row : int or None
        1-based rows at which the product left the normal range, and became 0.
    true_row : int or None
        First row at which the exact likelihood is no more than half of `smallest_subnormal`, from
        where a single rounding would give 0.
    product : float
    log_of_product : float
        In nats; -inf once the product is 0.
    held_row : int or None
        First of the rows after which the product was as it was before it became 0, or as it is in
        the end, 0 if it was so before the first; None where it never left the normal range.
    held_at : float or None
        What it was from there on.
    last_factor : float or None
        What made it 0, in that type.
    """

    dtype: str
    smallest_normal: float
    smallest_subnormal: float
    subnormal_row: int | None
    zero_row: int | None
    true_row: int | None
    product: float
    log_of_product: float
    held_row: int | None
    held_at: float | None
    last_factor: float | None


@dataclass(frozen=True, slots=True)
class LostRow:
    """One row near the end of a float type, where numbers are whole steps above 0.

    Attributes
    ----------
    row : int
    factor : float
        In that type.
    product_steps, true_steps : float
        The product so far and the likelihood, over the smallest number above 0.
    """

    row: int
    factor: float
    product_steps: float
    true_steps: float


@dataclass(frozen=True, slots=True)
class UnderflowStep:
    """What becomes of the likelihood of all rows.

    Attributes
    ----------
    n : int
    steps : tuple of UnderflowProduct
        One for each float type.
    log_likelihood : float
        In nats, from the exact sum of the losses.
    log10_likelihood, mean_loss : float
    path_rows : tuple of int
        Rows at which the running values below were taken.
    path_log10 : tuple of float
        Decimal logarithm of the likelihood up to there, from the running sum.
    lost_dtype : str or None
        The first float type whose product is not lost at the row where it is due.
    lost_rows : tuple of LostRow
        Rows from before its product came to rest to where it is lost and was due; about a hundred
        of them at most.
    """

    n: int
    steps: tuple[UnderflowProduct, ...]
    log_likelihood: float
    log10_likelihood: float
    mean_loss: float
    path_rows: tuple[int, ...]
    path_log10: tuple[float, ...]
    lost_dtype: str | None
    lost_rows: tuple[LostRow, ...]


def float_types() -> tuple[FloatType, ...]:
    """Return the float types of this machine: longdouble only where its range differs."""
    wider = np.finfo(np.longdouble).smallest_normal != np.finfo(np.float64).smallest_normal
    return (*FLOAT_TYPES, "longdouble") if wider else FLOAT_TYPES


def underflow_step(rows: Rows) -> UnderflowStep:
    """Compute the step `underflow`."""
    scored = EXACT.score(rows)
    sums = np.cumsum(scored.losses)
    report = loss_report(LossTotals.of(rows, scored.losses))
    last = len(rows) - 1
    path = sorted({last * point // _PATH_POINTS for point in range(_PATH_POINTS + 1)})
    steps = tuple(_product(dtype, scored, sums) for dtype in float_types())
    odd = next((p for p in steps if p.true_row is not None and p.zero_row != p.true_row), None)
    return UnderflowStep(
        n=len(rows),
        steps=steps,
        log_likelihood=report.log_likelihood,
        log10_likelihood=report.log10_likelihood,
        mean_loss=report.mean_loss,
        path_rows=tuple(i + 1 for i in path),
        path_log10=tuple(0.0 - float(sums[i]) / math.log(10.0) for i in path),
        lost_dtype=None if odd is None else odd.dtype,
        lost_rows=() if odd is None else _lost_rows(odd, scored.likelihoods, sums),
    )


def _lost_rows(
    product: UnderflowProduct, likelihoods: FloatArray, sums: FloatArray
) -> tuple[LostRow, ...]:
    """Look at a product that is not lost where it is due, row by row."""
    ends = (product.held_row, product.zero_row, product.true_row)
    known = [row for row in ends if row is not None]
    first, last = max(min(known) - _ROWS_BEFORE, 1), max(known)
    span = last - first
    between = (first + span * point // _LOST_POINTS for point in range(_LOST_POINTS + 1))
    shown = sorted({*between, *(row for row in known if row >= first)})
    with np.errstate(under="ignore"):
        factors = likelihoods[:last].astype(product.dtype)
        products = np.multiply.accumulate(factors)
    unit = product.smallest_subnormal
    log_unit = float(np.log(unit))
    return tuple(
        LostRow(
            row=row,
            factor=float(factors[row - 1]),
            product_steps=float(type(unit)(products[row - 1]) / unit),
            true_steps=_exp(-float(sums[row - 1]) - log_unit),
        )
        for row in shown
    )


def _exp(exponent: float) -> float:
    """Return a power of e, which may be more than float64 holds."""
    return math.exp(exponent) if exponent < _GREATEST_EXPONENT else math.inf


def _product(dtype: FloatType, scored: ScoredRows, sums: FloatArray) -> UnderflowProduct:
    running = RunningProduct(dtype)
    running.extend(scored.likelihoods)
    result = running.result()
    held_row, held_at, last_factor = None, None, None
    if result.subnormal_row is not None:
        held_row, held_at, last_factor = _held(scored.likelihoods, result)
    return UnderflowProduct(
        **asdict(result),
        true_row=_true_row(scored.rows, sums, result.smallest_subnormal),
        log_of_product=result.log_of_product,
        held_row=held_row,
        held_at=held_at,
        last_factor=last_factor,
    )


def _held(likelihoods: FloatArray, result: LikelihoodProduct) -> tuple[int, float, float | None]:
    """Return from which row on a product stood still before it became 0, where, and what ended it.

    Without a 0, it is the end of the rows up to which it stood still.
    """
    zero_row = result.zero_row
    with np.errstate(under="ignore"):
        factors = likelihoods[:zero_row].astype(result.dtype)
        products = np.multiply.accumulate(np.append(factors.dtype.type(1.0), factors))
    number = type(result.product)
    before = products if zero_row is None else products[:-1]
    is_still = before[::-1] == before[-1]
    n_still = len(before) if is_still.all() else int(np.argmin(is_still))
    last_factor = None if zero_row is None else number(factors[-1])
    return len(before) - n_still, number(before[-1]), last_factor


def _true_row(rows: Rows, sums: FloatArray, smallest: Any) -> int | None:  # noqa: ANN401 -- any float
    """Find the first row at which the exact product is no more than half of `smallest`."""
    limit = -float(np.log(smallest)) + math.log(2.0)
    sure = int(np.searchsorted(sums, limit + _CLOSE))
    maybe = int(np.searchsorted(sums, limit - _CLOSE))
    if sure == maybe:
        return sure + 1 if sure < len(rows) else None
    # Floats are whole numbers over powers of two, so the exact product is one as well.
    end = _exponent(smallest) - 1
    numerator, exponent = 1, 0
    for index in range(min(sure + 1, len(rows))):
        over, under = float(rows.probabilities[index]).as_integer_ratio()
        numerator *= over if rows.labels[index] else under - over
        exponent += under.bit_length() - 1
        is_due = numerator == 0 or (numerator - 1).bit_length() <= exponent + end
        if index >= maybe and is_due:
            return index + 1
    return None


def _exponent(smallest: Any) -> int:  # noqa: ANN401 -- any float
    """Return e of the subnormal number 2**e."""
    _, under = smallest.as_integer_ratio()
    return 1 - int(under).bit_length()
