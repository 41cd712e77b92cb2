"""The raw product in every float type beside the stable sum of logarithms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.conventions import EXACT
from bce_cli.core.likelihood import FLOAT_TYPES, FloatType, RunningProduct
from bce_cli.core.report import loss_report
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows, ScoredRows

_PATH_POINTS = 120
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
    """

    dtype: str
    smallest_normal: float
    smallest_subnormal: float
    subnormal_row: int | None
    zero_row: int | None
    true_row: int | None
    product: float
    log_of_product: float


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
    """

    n: int
    steps: tuple[UnderflowProduct, ...]
    log_likelihood: float
    log10_likelihood: float
    mean_loss: float
    path_rows: tuple[int, ...]
    path_log10: tuple[float, ...]


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
    return UnderflowStep(
        n=len(rows),
        steps=tuple(_product(dtype, scored, sums) for dtype in float_types()),
        log_likelihood=report.log_likelihood,
        log10_likelihood=report.log10_likelihood,
        mean_loss=report.mean_loss,
        path_rows=tuple(i + 1 for i in path),
        path_log10=tuple(0.0 - float(sums[i]) / math.log(10.0) for i in path),
    )


def _product(dtype: FloatType, scored: ScoredRows, sums: FloatArray) -> UnderflowProduct:
    running = RunningProduct(dtype)
    running.extend(scored.likelihoods)
    result = running.result()
    return UnderflowProduct(
        dtype=result.dtype,
        smallest_normal=result.smallest_normal,
        smallest_subnormal=result.smallest_subnormal,
        subnormal_row=result.subnormal_row,
        zero_row=result.zero_row,
        true_row=_true_row(scored.rows, sums, result.smallest_subnormal),
        product=result.product,
        log_of_product=result.log_of_product,
    )


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
