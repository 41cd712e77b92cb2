"""What is demanded of predictions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.gate.baseline import Baseline

DEFAULT_BINS = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits to keep, each of them optional, but at least one.

    Parameters
    ----------
    max_loss : float, optional
        Highest mean loss, in the unit of the report; 0 or more.
    min_skill : float, optional
        Lowest skill; 1 or less.
    max_brier, max_ece : float, optional
        Highest Brier score and expected calibration error; in [0, 1].
    min_rows : int, optional
        Fewest rows; 1 or more.
    baseline : Baseline, optional
        The mean loss must not exceed that of the baseline by more than `budget`.
    budget : float, default 0
        In the unit of the report; 0 or more.
    n_bins : int, default 10
        Bins of equal width of the expected calibration error.
    confident : bool, default False
        Whether the whole 95 % interval must keep a limit, and not just the point.

    Raises
    ------
    UsageError
        There is no limit, or one is infinite, not a number, or outside what is possible.

    Examples
    --------
    >>> Limits(max_brier=1.5)
    Traceback (most recent call last):
    ...
    bce_cli.errors.UsageError: --max-brier must be in [0, 1], got 1.5
    """

    max_loss: float | None = None
    min_skill: float | None = None
    max_brier: float | None = None
    max_ece: float | None = None
    min_rows: int | None = None
    baseline: Baseline | None = None
    budget: float = 0.0
    n_bins: int = DEFAULT_BINS
    confident: bool = False

    def __post_init__(self) -> None:
        _check("--max-loss", self.max_loss, 0.0, math.inf, "0 or more")
        _check("--min-skill", self.min_skill, -math.inf, 1.0, "1 or less")
        _check("--max-brier", self.max_brier, 0.0, 1.0, "in [0, 1]")
        _check("--max-ece", self.max_ece, 0.0, 1.0, "in [0, 1]")
        _check("--min-rows", self.min_rows, 1.0, math.inf, "1 or more")
        _check("--budget", self.budget, 0.0, math.inf, "0 or more")
        limits = (self.max_loss, self.min_skill, self.max_brier, self.max_ece, self.min_rows)
        if self.baseline is None and all(limit is None for limit in limits):
            message = "there is nothing to check"
            hint = (
                "give a limit: --max-loss, --min-skill, --max-brier, --max-ece, --min-rows or "
                "--baseline"
            )
            raise UsageError(message, hint)


def _check(option: str, limit: float | None, low: float, high: float, domain: str) -> None:
    if limit is None:
        return
    if not math.isfinite(limit):
        message = f"{option} must be a finite number, got {limit!r}"
        raise UsageError(message)
    if not low <= limit <= high:
        message = f"{option} must be {domain}, got {limit!r}"
        raise UsageError(message)
