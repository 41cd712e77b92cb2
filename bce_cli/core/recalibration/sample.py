"""Predictions with the weights of both labels: what all maps are fitted to."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.log_odds import Axis, LogOdds
from bce_cli.core.calibration.tally import total
from bce_cli.core.recalibration.maps import Points
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import Parts, Tally
    from bce_cli.core.rows import BoolArray

_LEAST_LEVEL, _GREATEST_LEVEL = 5e-324, 1.0 - 2.0**-53


@dataclass(frozen=True)
class Sample:
    """Predictions, ascending, with the weights of both labels: what all maps are fitted to.

    Attributes
    ----------
    points : Points, shape (m,)
        Equal ones may stand beside each other.
    positives, negatives : tuple of ndarray of float64, shape (m,)
        Parts of the sums of weights times label, and of weights times one minus the label.
    n : int
        Rows behind them.
    """

    points: Points
    positives: Parts
    negatives: Parts
    n: int

    @classmethod
    def of(cls, tally: Tally, n: int) -> Sample:
        """Take the predictions of n rows, each of some weight."""
        points = Points.of(tally.predictions, tally.logits)
        return cls(points, tally.positives, tally.negatives, n)

    def where(self, are_there: BoolArray, n: int) -> Sample:
        """Return some of the predictions, which n rows are behind."""
        return Sample(
            self.points.at(are_there),
            tuple(part[are_there] for part in self.positives),
            tuple(part[are_there] for part in self.negatives),
            n,
        )

    @cached_property
    def sums(self) -> tuple[float, float]:
        """The weights of both labels, 1 and 0."""
        return _sum(self.positives), _sum(self.negatives)

    @property
    def base_rate(self) -> float:
        """Share of label 1."""
        ones, zeros = self.sums
        return _inside(ones / (ones + zeros))

    @cached_property
    def inner(self) -> slice:
        """Where predictions are neither 0 nor 1."""
        logits = self.points.logits
        low = int(np.searchsorted(logits, -np.inf, side="right"))
        return slice(low, int(np.searchsorted(logits, np.inf, side="left")))

    @cached_property
    def odds(self) -> LogOdds:
        """The predictions that have a finite logit."""
        inner = self.inner
        positives, negatives = total(self.positives), total(self.negatives)
        return LogOdds(self.points.logits[inner], positives[inner], negatives[inner])

    @cached_property
    def axis(self) -> Axis:
        """The unit of these logits, of which at least two differ."""
        return Axis.of(self.odds)

    @cached_property
    def levels(self) -> tuple[float, float]:
        """What predictions of exactly 0, and of exactly 1, become."""
        low, high = self.inner.start, self.inner.stop
        return self._level(slice(low)), self._level(slice(high, None))

    def _level(self, there: slice) -> float:
        ones = _sum(tuple(part[there] for part in self.positives))
        zeros = _sum(tuple(part[there] for part in self.negatives))
        return _inside((ones + self.base_rate) / (ones + zeros + 1.0))


def _sum(parts: Parts) -> float:
    return math.fsum(float(part.sum()) for part in parts)


def _inside(level: float) -> float:
    """Keep a level of mixed labels from being rounded to 0 or 1."""
    return min(max(level, _LEAST_LEVEL), _GREATEST_LEVEL)
