"""What predictions are held to: the loss of others that was saved, and limits of all kinds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.arguments import (
    check_choice,
    check_confidence,
    check_kind,
    check_limit,
    check_whole,
)
from bce_cli.core.calibration.bins import MOST_BINS
from bce_cli.core.report import NATS_PER
from bce_cli.errors import ArgumentError, DataError, argument, given, quoted
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.plan import Strategy
    from bce_cli.core.conventions import Convention
    from bce_cli.core.report import Unit


@dataclass(frozen=True, slots=True)
class Baseline:
    """The mean loss of other predictions, or of other rows, under the same convention.

    Attributes
    ----------
    source : str
        Path of the file that it was saved in.
    mean_loss : float
        Finite, in `unit`.
    unit : {"nats", "bits"}
    std_error : float, optional
        Standard error of `mean_loss`, in `unit`.
    float_type : str, optional
        What its predictions were stored as, where the limits of the convention depend on that.
    """

    source: str
    mean_loss: float
    unit: Unit
    std_error: float | None = None
    float_type: str | None = None

    def refuse_other_type(self, float_type: str | None) -> None:
        """Raise DataError if predictions that are held to it are stored in another type."""
        if self.float_type is None or float_type in (None, self.float_type):
            return
        message = (
            f"{quoted(self.source)}: its predictions were {self.float_type}, these are {float_type}"
        )
        raise DataError(message, "scikit-learn clips each type at limits of its own: store one")

    def loss_in(self, unit: Unit) -> float:
        """Return the mean loss in another unit: the largest that would have been saved as this one.

        Division by log 2 rounds, so several numbers of nats come to the same number of bits.
        Whoever saves a loss in bits and checks the same rows in nats must not fail by that.

        Examples
        --------
        >>> loss = 0.30000000000000004
        >>> Baseline("saved.json", loss / math.log(2.0), "bits").loss_in("nats") >= loss
        True
        """
        if unit == self.unit:
            return self.mean_loss
        if self.unit == "nats":
            return self.mean_loss / NATS_PER[unit]
        ln2 = NATS_PER[self.unit]
        loss = self.mean_loss * ln2
        while loss / ln2 > self.mean_loss:
            loss = math.nextafter(loss, -math.inf)
        while (above := math.nextafter(loss, math.inf)) / ln2 <= self.mean_loss:
            loss = above
        return loss

    def excess(self, loss: float, unit: Unit, budget: float) -> float:
        """Return how far a loss is above this one, rounded to the side of the budget it is on.

        The loss is within the budget where it is at most `loss_in(unit) + budget`, so that 0.37
        keeps 0.35 and 0.02, though the difference of the floats is above that. One that would have
        been saved as this one is above it by 0, in any unit.

        Parameters
        ----------
        loss : float
            In `unit`; may be infinite.
        unit : {"nats", "bits"}
        budget : float
            In `unit`; 0 or more.

        Examples
        --------
        >>> 0.37 - 0.35, Baseline("saved.json", 0.35, "nats").excess(0.37, "nats", 0.02)
        (0.020000000000000018, 0.02)
        """
        if unit == "nats" and loss / NATS_PER[self.unit] == self.mean_loss:
            return 0.0
        saved = self.loss_in(unit)
        difference = loss - saved
        if loss <= saved + budget:
            return min(difference, budget)
        return max(difference, math.nextafter(budget, math.inf))

    def std_error_in(self, unit: Unit) -> float:
        """Return the standard error in another unit; 0 where it is not known."""
        return (self.std_error or 0.0) * (NATS_PER[self.unit] / NATS_PER[unit])


DEFAULT_BINS = 10
_STRATEGIES = ("uniform", "quantile")

_DOMAINS = {
    "max_loss": (0.0, math.inf, "0 or more"),
    "min_skill": (-math.inf, 1.0, "1 or less"),
    "max_brier": (0.0, 1.0, "in [0, 1]"),
    "min_auc": (0.0, 1.0, "in [0, 1]"),
    "max_miscalibration": (0.0, math.inf, "0 or more"),
    "max_ece": (0.0, 1.0, "in [0, 1]"),
    "min_rows": (1.0, math.inf, "1 or more"),
    "budget": (0.0, math.inf, "0 or more"),
}
"""Of each number that may be given: the least, the greatest, and both in words."""


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
    against : bool, default False
        Nor may it exceed that of the rival which stands beside each row, by more than `budget`.
    budget : float, default 0
        In the unit of the report; 0 or more.
    n_bins : int, default 10
        Bins of the expected calibration error, 1 to 1000.
    confident : bool, default False
        Whether the whole interval must keep a limit, and not just the point.
    confidence : float, default 0.95
        Of the intervals, in (0, 1).
    strategy : {"uniform", "quantile"}, default "uniform"
        Bins of equal width, or of about as many rows each.
    min_auc : float, optional
        Least area under the ROC curve; in [0, 1].
    max_miscalibration : float, optional
        Highest miscalibration of the log loss, in the unit of the report; 0 or more.

    Raises
    ------
    ArgumentError
        There is no limit, or one is infinite, not a number, or outside what is possible.

    Examples
    --------
    >>> Limits(max_brier=1.5)
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: max_brier must be in [0, 1], got 1.5
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
    against: bool = False
    confidence: float = 0.95
    strategy: Strategy = "uniform"
    min_auc: float | None = None
    max_miscalibration: float | None = None

    def __post_init__(self) -> None:
        for name, (low, high, domain) in _DOMAINS.items():
            limit = getattr(self, name)
            if limit is not None:
                check_limit(name, limit, low, high, domain)
        if self.min_rows is not None:
            check_whole("min_rows", self.min_rows, least=1)
        if self.baseline is not None:
            check_kind("baseline", self.baseline, Baseline)
        check_whole("n_bins", self.n_bins, least=1, most=MOST_BINS)
        check_confidence(self.confidence)
        check_choice("strategy", self.strategy, _STRATEGIES)
        limits = [name for name in (*_DOMAINS, "baseline") if name != "budget"]
        if not self.against and all(getattr(self, name) is None for name in limits):
            *most, last = map(argument, [*limits, "against"])
            message = "there is nothing to check"
            raise ArgumentError(message, f"give a limit: {', '.join(most)} or {last}")

    def check_convention(self, convention: Convention) -> None:
        """Raise ArgumentError where a limit is not of losses as a convention has them."""
        if self.max_miscalibration is not None and convention.name not in ("exact", "clip"):
            message = f"{argument('max_miscalibration')} is of exact losses, or clipped ones"
            raise ArgumentError(message, f"leave {given(like=convention.name)} to another check")

    @property
    def of_rows(self) -> tuple[str, ...]:
        """The limits that sums do not suffice for."""
        by_quantiles = self.max_ece is not None and self.strategy == "quantile"
        asked = {
            "min_auc": self.min_auc is not None,
            "max_miscalibration": self.max_miscalibration is not None,
            "max_ece": by_quantiles,
        }
        return tuple(name for name, is_asked in asked.items() if is_asked)

    @property
    def needs_rows(self) -> bool:
        """Whether sums do not suffice, and all rows must be held."""
        return bool(self.of_rows)
