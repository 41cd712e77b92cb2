"""The calibration of several models, and of the segments of their rows: the figures of a table."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import iadd
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.report import report_of_rows
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.cuts import in_order
from bce_cli.core.exact_sum import slices
from bce_cli.core.groups import distinct, grouped
from bce_cli.core.progress import Advance, Stage, silent
from bce_cli.core.report import FEW
from bce_cli.core.rows import weighted
from bce_cli.core.segmented import MOST_SEGMENTS, too_many_segments
from bce_cli.core.segments import Gap, gap_of, promised_error
from bce_cli.core.state import State
from bce_cli.core.totals import Moments
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.calibration.log_odds import Obstacle
    from bce_cli.core.calibration.plan import CalibrationPlan, CalibrationTotals
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.cuts import Cut
    from bce_cli.core.progress import Progress
    from bce_cli.core.rows import Places, Rows


@dataclass(frozen=True, slots=True)
class TotalsOfModels(State):
    """What is known of some rows without sorting them, under every model.

    Attributes
    ----------
    models : tuple of CalibrationTotals
    """

    models: tuple[CalibrationTotals, ...]

    @classmethod
    def of(cls, rows: Rows, plan: CalibrationPlan) -> TotalsOfModels:
        """Sum up some rows."""
        return cls(tuple(map(plan.totals_of, rows.under_models())))


def calibration_gap(rows: Rows, confidence: float = 0.95) -> Gap:
    """Return the weighted mean of label minus prediction.

    Parameters
    ----------
    rows : Rows
        At least one of them with a weight, and none left out.
    confidence : float, default 0.95
        In (0, 1).

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> gap = calibration_gap(Rows(np.array([True, True]), np.array([0.5, 0.25])))
    >>> gap.value, gap.std_error
    (0.625, 0.125)
    """
    errors = weighted(rows.labels - rows.probabilities, rows.weights)
    moments = Moments.of(errors, rows.weights)
    promised = 0.0  # of shares, which are not spread as events are
    if rows.labels.dtype == bool:
        mean = float(np.average(rows.probabilities, weights=rows.weights))
        promised = promised_error(mean, moments.effective_n)
    if rows.cluster is None:
        return gap_of(moments, confidence, promised=promised)
    moments = ClusteredRows(rows.cluster).moments(errors, rows.weights)
    return gap_of(moments, confidence, promised=promised, are_clusters=True)


@dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """What a line of the table tells of some rows; see `CalibrationReport`.

    Attributes
    ----------
    n_positive : int
    weight_sum, base_rate, mean_prediction : float
    gap : Gap or None
        None where rows have no segments.
    mean_loss, miscalibration, discrimination, uncertainty : float
        Of the log loss, in the unit of the report.
    slope, slope_ci_low, slope_ci_high : float or None
    slope_obstacle : Obstacle or None
        Why there is no slope.
    ece : float
    auc, auc_ci_low, auc_ci_high : float or None
    auc_ci_is_too_narrow : bool
    n_impossible : int
    n_clusters : int or None
    effective_clusters : float or None
    """

    n_positive: int
    weight_sum: float
    base_rate: float
    mean_prediction: float
    gap: Gap | None
    mean_loss: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    slope: float | None
    slope_ci_low: float | None
    slope_ci_high: float | None
    slope_obstacle: Obstacle | None
    ece: float
    auc: float | None
    auc_ci_low: float | None
    auc_ci_high: float | None
    auc_ci_is_too_narrow: bool
    n_impossible: int
    n_clusters: int | None
    effective_clusters: float | None

    @classmethod
    def of(cls, report: CalibrationReport, gap: Gap | None = None) -> CalibrationFigures:
        """Take them from a report."""
        parts, fit, ranks = report.log_loss, report.logistic, report.discrimination
        slope = fit.slope
        return cls(
            n_positive=report.n_positive,
            weight_sum=report.weight_sum,
            base_rate=report.base_rate,
            mean_prediction=report.mean_prediction,
            gap=gap,
            mean_loss=report.mean_loss,
            miscalibration=parts.miscalibration,
            discrimination=parts.discrimination,
            uncertainty=parts.uncertainty,
            slope=None if slope is None else slope.value,
            slope_ci_low=None if slope is None else slope.ci_low,
            slope_ci_high=None if slope is None else slope.ci_high,
            slope_obstacle=fit.obstacle,
            ece=report.ece,
            auc=ranks.auc,
            auc_ci_low=ranks.ci_low,
            auc_ci_high=ranks.ci_high,
            auc_ci_is_too_narrow=ranks.is_too_narrow,
            n_impossible=report.n_impossible,
            n_clusters=report.n_clusters,
            effective_clusters=report.effective_clusters,
        )


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """A line of the table: a model on the rows of a segment, or on all rows.

    Attributes
    ----------
    names : tuple of str
        The words of the segment in the columns that part the rows; none for all rows.
    model : str
    n : int
    figures : CalibrationFigures or None
        None where all weights are 0.
    is_small : bool
        Whether there are too few rows for its intervals to be trusted.
    """

    names: tuple[str, ...]
    model: str
    n: int
    figures: CalibrationFigures | None
    is_small: bool

    @classmethod
    def of(
        cls, names: tuple[str, ...], model: str, n: int, figures: CalibrationFigures | None
    ) -> CalibrationLine:
        """Make a line."""
        return cls(names, model, n, figures, n < FEW)


def reports_of_models(
    rows: Rows,
    totals: Sequence[TotalsOfModels],
    plan: CalibrationPlan,
    progress: Progress = silent,
) -> Iterator[CalibrationReport]:
    """Judge the calibration of one model after the other; see `report_of_rows`.

    Parameters
    ----------
    rows : Rows
        Of which none is left out.
    totals : sequence of TotalsOfModels
        Of the same rows, in their order.
    plan : CalibrationPlan
    progress : callable (Stage) -> None, optional
    """
    for place, model in enumerate(rows.under_models()):
        own = [each.models[place] for each in totals]
        yield report_of_rows(replace(model, segments=()), own, plan, progress)


def segment_lines_of(
    rows: Rows,
    models: Sequence[str],
    plan: CalibrationPlan,
    cuts: Sequence[Cut | None] = (),
    progress: Progress = silent,
) -> tuple[CalibrationLine, ...]:
    """Judge the calibration of each model on the rows of each segment.

    Every figure is that of a report of the rows of the segment alone.

    Parameters
    ----------
    rows : Rows
        With segments; none is left out.
    models : sequence of str
        What they are called.
    plan : CalibrationPlan
        Nothing is resampled.
    cuts : sequence of Cut or None, optional
        See `in_order`.
    progress : callable (Stage) -> None, optional

    Returns
    -------
    tuple of CalibrationLine
        The segments by the sum of all losses of the first model, costliest first, or in the order
        of the cuts; of each a line for each model.

    Raises
    ------
    DataError
        There are more than `MOST_SEGMENTS`.
    """
    plan = replace(plan, n_bootstrap=0)
    order, starts, all_names = grouped(tuple(map(distinct, rows.words)))
    if len(all_names) > MOST_SEGMENTS:
        raise too_many_segments()
    rows, spans = replace(rows, segments=()), pairwise([*starts.tolist(), len(rows)])
    advance = Advance(progress, Stage("fitting", 0, len(rows), "rows"))
    found: dict[tuple[str, ...], list[CalibrationLine]] = {}
    for names, (start, stop) in zip(all_names, spans, strict=True):
        part = _part(rows, order[start:stop])
        found[names] = [
            CalibrationLine.of(names, model, len(part), _figures(seen, plan))
            for model, seen in zip(models, part.under_models(), strict=True)
        ]
        advance(len(part))
    costs = {names: (_total(lines[0]), lines[0].n) for names, lines in found.items()}
    return tuple(line for names in in_order(costs, cuts) for line in found[names])


def _total(line: CalibrationLine) -> float:
    return 0.0 if line.figures is None else line.figures.mean_loss * line.figures.weight_sum


def _figures(rows: Rows, plan: CalibrationPlan) -> CalibrationFigures | None:
    if rows.weights is not None and not rows.weights.any():
        return None
    blocks = map(rows.at, slices(len(rows)))
    totals = reduce(iadd, map(plan.totals_of, blocks))
    report = report_of_rows(rows, [totals], plan)
    return CalibrationFigures.of(report, calibration_gap(rows, plan.confidence))


def _part(rows: Rows, places: Places) -> Rows:
    """Return some rows, which know of no clusters but their own."""
    part = rows.at(places)
    if part.cluster is None:
        return part
    every = np.arange(len(part))
    return replace(part, cluster=part.cluster.spread(len(part), every, every))
