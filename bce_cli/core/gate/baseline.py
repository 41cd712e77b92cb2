"""A loss that was saved, and must not be exceeded by much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.core.report import NATS_PER

if TYPE_CHECKING:
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
    """

    source: str
    mean_loss: float
    unit: Unit
    std_error: float | None = None

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
