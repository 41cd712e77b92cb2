r"""Maps fitted to rows: formulas by maximum likelihood, levels by pooling adjacent violators.

Predictions of exactly 0 and exactly 1 have no finite logit and take no part in the fit of a
formula. Each of the two gets a level, :math:`(s + r) / (n + 1)` of the weight n of its rows, s of
which is of label 1, and the base rate r of all rows of the fit; r alone where there is no such row.
So no fitted map costs infinity on any row, and nothing is clipped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from bce_cli.core.calibration.decomposition import pool_adjacent_violators
from bce_cli.core.calibration.log_odds import (
    LogOdds,
    Obstacle,
    fit_line,
    fit_shift,
    fit_slope,
    obstacle_of,
    polish,
)
from bce_cli.core.calibration.logistic import recalibrate_logistically
from bce_cli.core.calibration.tally import Tally, pooled, run_starts, run_sums, total
from bce_cli.core.recalibration.beta import fit_beta
from bce_cli.core.recalibration.maps import GREATEST, METHODS, STEPPED, Method, RecalibrationMap
from bce_cli.core.recalibration.sample import Sample
from bce_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.tally import Parts
    from bce_cli.core.rows import FloatArray, Rows


class Fit(NamedTuple):
    """The map of one method, or why there is none.

    Attributes
    ----------
    map : RecalibrationMap or None
    obstacle : str or None
        With a map, `no rows` says that all predictions are exactly 0 or 1: the formula is that of
        *as-is*, and the levels are all there is.
    """

    map: RecalibrationMap | None
    obstacle: Obstacle | None = None


Fits: TypeAlias = Mapping[Method, Fit]
Start: TypeAlias = "Mapping[str, float] | None"
"""Parameters to start from, if there are any that are near."""


def fit_map(rows: Rows, method: Method) -> Fit:
    """Fit one map to rows of which none is left out.

    Parameters
    ----------
    rows : Rows
        With both labels, each of some weight.
    method : str
        One of `METHODS`.

    Raises
    ------
    DataError
        There is one label only.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> labels = np.array([True, False, False, True, True, False, True, False])
    >>> rows = Rows(labels, np.array([0.9, 0.9, 0.1, 0.1, 0.8, 0.2, 0.8, 0.2]))
    >>> round(fit_map(rows, "logistic").map.parameters["b"], 4)
    0.4363
    """
    return fit_whole(rows, (method,))[method]


def fit_whole(rows: Rows, methods: Sequence[Method] = METHODS) -> Fits:
    """Fit maps to rows, offset and logistic to the very digits that `bce calibration` prints.

    Parameters
    ----------
    rows : Rows
        None left out.
    methods : sequence of str, default all

    Raises
    ------
    DataError
        There is one label only.
    """
    tally = Tally.of(rows)
    n = len(rows) if rows.weights is None else int(np.count_nonzero(rows.weights))
    sample = Sample.of(tally, n)
    if not all(sample.sums):
        message = f"all labels are {'1' if sample.sums[0] else '0'}: a map takes both"
        raise DataError(message)
    found: dict[Method, Fit] = {}
    if {"offset", "logistic"} & set(methods):
        known = recalibrate_logistically(tally, n)
        shift, slope, intercept = known.calibration_in_the_large, known.slope, known.intercept
        if shift is not None:
            found["offset"] = _fit_of(sample, "offset", a=shift.value)
        if slope is not None and intercept is not None:
            found["logistic"] = _fit_of(sample, "logistic", a=intercept.value, b=slope.value)
    fits = fit_maps(sample, [method for method in methods if method not in found])
    return {method: found[method] if method in found else fits[method] for method in methods}


def fit_maps(sample: Sample, methods: Sequence[Method] = METHODS, near: Fits | None = None) -> Fits:
    """Fit maps to predictions with both labels.

    Parameters
    ----------
    sample : Sample
    methods : sequence of str, default all
    near : mapping of str to Fit, optional
        Maps to start from, of much the same rows.
    """
    fits: dict[Method, Fit] = {}
    obstacle = obstacle_of(sample.odds)
    pools = _pool(sample) if set(STEPPED) & set(methods) else None
    for method in methods:
        before = None if near is None or method not in near else near[method].map
        start = None if before is None else before.parameters
        if method == "as-is":
            fits[method] = Fit(RecalibrationMap("as-is"))
        elif pools is not None and method in STEPPED:
            fits[method] = Fit(pools.map(method))
        elif obstacle == "no rows":
            fits[method] = Fit(_formula(sample, method, **_NEUTRAL[method]), obstacle)
        else:
            fits[method] = _FITS[method](sample, obstacle, start)
    return fits


_NEUTRAL: dict[Method, dict[str, float]] = {
    "offset": {"a": 0.0},
    "temperature": {"temperature": 1.0},
    "logistic": {"a": 0.0, "b": 1.0},
    "platt": {"a": 0.0, "b": 1.0},
    "beta": {"c": 0.0, "a": 1.0, "b": 1.0},
}


def _formula(sample: Sample, method: Method, **parameters: float) -> RecalibrationMap:
    return RecalibrationMap(method, parameters, *sample.levels)


def _fit_of(sample: Sample, method: Method, **parameters: float) -> Fit:
    """Return a map; none where a parameter is beyond all numbers, as of subnormal predictions."""
    if not all(map(math.isfinite, parameters.values())):
        return Fit(None, "diverged")
    return Fit(_formula(sample, method, **parameters))


def _fit_offset(sample: Sample, obstacle: Obstacle | None, start: Start) -> Fit:
    if obstacle == "one label":
        return Fit(None, obstacle)
    odds = sample.odds
    if start is not None:
        near = polish(odds, lambda _: (None,), (start["a"],), fixed=odds.logits)
        if near is not None:
            return _fit_of(sample, "offset", a=near[0])
    shift = fit_shift(odds)
    if shift is None:
        return Fit(None, "diverged")
    return _fit_of(sample, "offset", a=shift[0])


def _fit_temperature(sample: Sample, obstacle: Obstacle | None, start: Start) -> Fit:
    """Fit a slope without an intercept, whose reciprocal is the temperature.

    It is infinite where 0 parts the labels. A slope of 0 is the greatest temperature that there is.
    """
    odds = sample.odds
    if odds.logits[0] == odds.logits[-1] == 0.0:
        return _fit_of(sample, "temperature", temperature=1.0)
    ones, zeros = np.flatnonzero(odds.positives > 0.0), np.flatnonzero(odds.negatives > 0.0)
    x = np.concatenate([odds.logits, [np.inf, -np.inf]])  # for the ends of no rows
    if x[ones[0] if len(ones) else -2] >= 0.0 >= x[zeros[-1] if len(zeros) else -1]:
        return Fit(None, "one label" if obstacle == "one label" else "separated")
    if x[ones[-1] if len(ones) else -1] <= 0.0 <= x[zeros[0] if len(zeros) else -2]:
        return Fit(None, "one label" if obstacle == "one label" else "reversed")
    slope = fit_slope(odds, None if start is None else 1.0 / start["temperature"])
    if slope is None:
        return Fit(None, "diverged")
    temperature = math.copysign(GREATEST, slope)
    if abs(slope) * GREATEST > 1.0:
        temperature = 1.0 / slope
    return _fit_of(sample, "temperature", temperature=temperature)


def _fit_logistic(sample: Sample, obstacle: Obstacle | None, start: Start) -> Fit:
    if obstacle:
        return Fit(None, obstacle)
    return _fit_line(sample, "logistic", sample.odds, start)


def _fit_platt(sample: Sample, _obstacle: Obstacle | None, start: Start) -> Fit:
    r"""Fit a line to smoothed labels, whose slope is finite even where labels are separated.

    Label 1 is taken for :math:`(N_+ + 1) / (N_+ + 2)` and label 0 for :math:`1 / (N_- + 2)`, with
    the weights of both labels (Platt, "Probabilistic outputs for support vector machines", 1999).
    """
    odds = sample.odds
    if odds.logits[0] == odds.logits[-1]:
        return Fit(None, "one prediction")
    ones, zeros = odds.sums
    high, low = (ones + 1.0) / (ones + 2.0), 1.0 / (zeros + 2.0)
    smoothed = LogOdds(
        odds.logits,
        high * odds.positives + low * odds.negatives,
        odds.positives / (ones + 2.0) + (zeros + 1.0) / (zeros + 2.0) * odds.negatives,
    )
    return _fit_line(sample, "platt", smoothed, start)


def _fit_line(sample: Sample, method: Method, odds: LogOdds, start: Start) -> Fit:
    axis = sample.axis
    at = None
    if start is not None:
        at = polish(odds, axis.columns(odds.logits), axis.there(start["a"], start["b"]))
    if at is None:
        peak = fit_line(odds, axis, (0.0, 1.0))
        if peak is None:
            return Fit(None, "diverged")
        at = peak.at
    intercept, slope = axis.back(*at)
    return _fit_of(sample, method, a=intercept, b=slope)


def _fit_beta(sample: Sample, obstacle: Obstacle | None, start: Start) -> Fit:
    if obstacle in {"one label", "one prediction", "separated"}:
        return Fit(None, obstacle)
    found = fit_beta(sample, obstacle, start)
    return Fit(None, "diverged") if found is None else _fit_of(sample, "beta", **found)


_FITS = {
    "offset": _fit_offset,
    "temperature": _fit_temperature,
    "logistic": _fit_logistic,
    "platt": _fit_platt,
    "beta": _fit_beta,
}


class _Pools(NamedTuple):
    """Blocks of predictions and their levels, both ascending; arrays of shape (k,)."""

    lows: FloatArray
    highs: FloatArray
    centres: FloatArray
    levels: FloatArray

    def map(self, method: Method) -> RecalibrationMap:
        """Return levels over whole blocks, or at their centres."""
        columns = (each.tolist() for each in self)
        knots: list[tuple[float, float]] = []
        for low, high, centre, level in zip(*columns, strict=True):
            if method == "centred":
                knots.append((centre, level))
            else:
                knots += [(low, level), (high, level)] if high > low else [(low, level)]
        return RecalibrationMap(method, knots=tuple(knots), n_blocks=len(self.levels))


def _pool(sample: Sample) -> _Pools:
    """Pool predictions until their shares of label 1 rise, kept away from 0 and 1.

    A row of the label r, the base rate, and of average weight is added at the lowest prediction and
    one at the highest, so that no level is 0 or 1.
    """
    p, positives, negatives = sample.points.probabilities, sample.positives, sample.negatives
    if np.any(p[1:] < p[:-1]):  # sigmoids of logits may fall by a rounding
        order = np.argsort(p, kind="stable")
        p = p[order]
        positives = tuple(part[order] for part in positives)
        negatives = tuple(part[order] for part in negatives)
    starts = run_starts(p)
    if len(starts) < len(p):
        p, positives, negatives = p[starts], pooled(positives, starts), pooled(negatives, starts)
    ones, zeros = (weight / sample.n for weight in sample.sums)  # r and 1 - r of an average row
    tally = Tally(p, None, _with_ends(positives, ones), _with_ends(negatives, zeros))
    pools = pool_adjacent_violators(tally)
    ends = np.append(pools.starts[1:], len(p)) - 1
    weights = total(tally.positives) + total(tally.negatives)
    moments = total(run_sums(p * weights, pools.starts))
    lows, highs = p[pools.starts], p[ends]
    centres = np.clip(moments / (total(pools.positives) + total(pools.negatives)), lows, highs)
    return _Pools(lows, highs, centres, pools.means)


def _with_ends(parts: Parts, weight: float) -> Parts:
    """Add some weight at the first place and at the last."""
    added = run_sums(np.array([weight, weight]), np.arange(2))
    ends = []
    for value, _ in added:
        ends.append(np.zeros(len(parts[0])))
        ends[-1][0] += value
        ends[-1][-1] += value
    return (*parts, *ends)
