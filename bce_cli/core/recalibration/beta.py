r"""Beta calibration: c + a log p - b log(1 - p), with neither a nor b below 0.

The likelihood is concave, so its maximum within those bounds is the one without them, or lies on
the bound that this one is beyond: there the other column is fitted alone.

References
----------
Kull, Silva Filho and Flach, "Beta calibration: a well-founded and easily implemented improvement on
logistic calibration for binary classifiers", AISTATS 2017.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.log_odds import (
    Axis,
    LogOdds,
    climb,
    fit_line,
    obstacle_of,
    point_at,
    polish,
)
from bce_cli.core.calibration.tally import is_new
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bce_cli.core.calibration.log_odds import Coefficients, Columns, Obstacle
    from bce_cli.core.recalibration.sample import Sample
    from bce_cli.core.rows import FloatArray

_AS_IS = {"c": 0.0, "a": 1.0, "b": 1.0}
_LEAST_SLOPE = 1e-10  # of a log-likelihood that rises, for rows of average weight
_LEAST_BEND = 1e-10  # a column that departs less from a line than this is one


def fit_beta(
    sample: Sample, obstacle: Obstacle | None, start: Mapping[str, float] | None
) -> dict[str, float] | None:
    """Fit the parameters by maximum likelihood; None if that does not converge.

    Parameters
    ----------
    sample : Sample
        With both labels at different predictions, and not separated, or the wrong way round.
    obstacle : str or None
        Why there is no line, if there is none.
    start : mapping of str to float, optional
        Parameters to start from.
    """
    bend = _Bend.of(sample)
    if bend is None:  # two predictions, or as good as two: a line is all that they tell
        return (None if obstacle else _straight(sample)) or _best_bounded(sample)
    found = None if obstacle else bend.fit(start)
    if found is not None and min(found["a"], found["b"]) >= 0.0:
        return found
    found = _best_bounded(sample)
    return None if bend.rises(found) else found


def _straight(sample: Sample) -> dict[str, float] | None:
    """Fit a line, in which a and b are the same; None if it does not rise."""
    peak = fit_line(sample.odds, sample.axis, (0.0, 1.0))
    if peak is None:
        return None
    intercept, slope = sample.axis.back(*peak.at)
    return {"c": intercept, "a": slope, "b": slope} if slope > 0.0 else None


@dataclass(frozen=True)
class _Bend:
    """The columns of beta: logits, and how far log p or log(1 - p) departs from a line over them.

    Whichever of the two is smaller on the whole is taken, which loses the least digits.

    Attributes
    ----------
    odds : LogOdds
    axis : Axis
    column : ndarray of float64, shape (m,)
        -log(1 - p), or log p.
    is_rest : bool
        Whether it is the first of these.
    scale, centre, slope, spread : float
        The departure is (column / scale - centre - slope * axis(logit)) / spread.
    """

    odds: LogOdds
    axis: Axis
    column: FloatArray
    is_rest: bool
    scale: float
    centre: float
    slope: float
    spread: float

    @classmethod
    def of(cls, sample: Sample) -> _Bend | None:
        """Standardise the columns; None where one is a line over the other."""
        odds, points = sample.odds, sample.points.at(sample.inner)
        ends = points.at(np.array([0, -1]))
        is_rest = abs(float(ends.log_rest[1])) <= abs(float(ends.log_p[0]))
        column = np.negative(points.log_rest) if is_rest else points.log_p
        scale = float(np.abs(column[[0, -1]]).max())
        if np.count_nonzero(is_new(odds.logits)) <= 2 or scale == 0.0:  # noqa: PLR2004
            return None
        axis = sample.axis
        x, values = axis(odds.logits), column / scale
        weights = odds.positives + odds.negatives
        weights /= weights.max()
        weights /= weights.sum()
        centre = float(np.sum(weights * values))
        values -= centre
        slope = float(np.sum(weights * values * x))
        size = math.sqrt(float(np.sum(weights * values * values)))
        values -= slope * x
        spread = math.sqrt(float(np.sum(weights * values * values)))
        if spread <= _LEAST_BEND * size:
            return None
        return cls(odds, axis, column, is_rest, scale, centre, slope, spread)

    def _columns(self, block: slice) -> Sequence[FloatArray | None]:
        x = self.axis(self.odds.logits[block])
        departures = self.column[block] / self.scale - self.centre - self.slope * x
        departures /= self.spread
        return None, x, departures

    def _there(self, at: Mapping[str, float]) -> Coefficients:
        """Return parameters as coefficients: a z + (b - a) column, or b z + (a - b) column."""
        along, across = (at["a"], at["b"]) if self.is_rest else (at["b"], at["a"])
        bend = (across - along) * self.scale
        intercept, slope = self.axis.there(at["c"], along)
        return intercept + bend * self.centre, slope + bend * self.slope, bend * self.spread

    def _back(self, at: Coefficients) -> dict[str, float]:
        bend = at[2] / self.spread
        intercept, along = self.axis.back(at[0] - bend * self.centre, at[1] - bend * self.slope)
        across = along + bend / self.scale
        a, b = (along, across) if self.is_rest else (across, along)
        return {"c": intercept, "a": a, "b": b}

    def fit(self, start: Mapping[str, float] | None) -> dict[str, float] | None:
        """Fit all three without bounds; None if that does not converge."""
        columns: Columns = self._columns
        if start is not None:
            near = polish(self.odds, columns, self._there(start))
            if near is not None:
                return self._back(near)
        starts: list[Coefficients] = [
            self._there(_AS_IS),
            (self.odds.of_base_rate, 0.0, 0.0),
        ]
        points = [point_at(self.odds, columns, at) for at in starts]
        if not points[0].log_likelihood > points[1].log_likelihood:
            starts.reverse()
            points.reverse()
        for at, point in zip(starts, points, strict=True):
            peak = climb(self.odds, columns, at, point)
            if peak is not None:
                return self._back(peak.at)
        return None

    def rises(self, at: Mapping[str, float]) -> bool:
        """Whether the likelihood rises where an a or b of 0 does; at its maximum it must not."""
        point = point_at(self.odds, self._columns, self._there(at))
        along = (
            self._there({"c": 0.0, "a": 1.0, "b": 0.0}),
            self._there({"c": 0.0, "a": 0.0, "b": 1.0}),
        )
        for name, direction in zip("ab", along, strict=True):
            slope = sum(left * right for left, right in zip(direction, point.gradient, strict=True))
            size = sum(self.odds.sums) * max(map(abs, direction))
            if at[name] == 0.0 and slope > _LEAST_SLOPE * size:
                return True
        return False


def _best_bounded(sample: Sample) -> dict[str, float]:
    """Fit beta with one of a and b 0, or both where neither is above 0 without the other."""
    odds, points = sample.odds, sample.points.at(sample.inner)
    best, parameters = odds.base_log_likelihood, {"c": odds.of_base_rate, "a": 0.0, "b": 0.0}
    for name, other, column in (("a", "b", points.log_p), ("b", "a", -points.log_rest)):
        alone = LogOdds(column, odds.positives, odds.negatives)
        if obstacle_of(alone) is not None:
            continue
        axis = Axis.of(alone)
        peak = fit_line(alone, axis, (0.0, 1.0))
        if peak is None:
            continue
        intercept, slope = axis.back(*peak.at)
        if slope > 0.0 and peak.point.log_likelihood > best:
            best, parameters = peak.point.log_likelihood, {"c": intercept, name: slope, other: 0.0}
    return parameters
