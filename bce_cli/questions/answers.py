"""The questions about predictions, and their answers: what commands print and functions return."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from bce_cli.core.arguments import USUAL_CONFIDENCE, check_choice, check_confidence, check_whole
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.progress import silent
from bce_cli.core.report import loss_report
from bce_cli.core.rules import RULES
from bce_cli.engine.run import (
    Job,
    collect_rows,
    collect_with,
    default_workers,
    evaluate,
    fold_rows,
)
from bce_cli.errors import ArgumentError, argument, given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.groups import Gap
    from bce_cli.core.calibration.plan import CalibrationPlan
    from bce_cli.core.convention_totals import ConventionReport
    from bce_cli.core.cuts import Cut
    from bce_cli.core.evaluation import Plan, Result
    from bce_cli.core.gate_limits import Limits
    from bce_cli.core.progress import Progress
    from bce_cli.core.recalibration.choice import RecalibrationPlan
    from bce_cli.core.recalibration.gain import SimpleGain
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.segments import SegmentReport
    from bce_cli.data.data import Data
    from bce_cli.questions.inputs import Inputs, Source
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.calibrations import CalibrationsDocument
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.recalibrate import RecalibrateDocument

Engine: TypeAlias = Literal["local", "dask"]

SCHEDULER_VARIABLE = "DASK_SCHEDULER_ADDRESS"

ALL = "all"
"""In place of a convention: all of them, side by side."""


def conventions(like: str, clip: float | None) -> tuple[Convention, tuple[Convention, ...]]:
    """Return the convention of a report, and those to set side by side, if all were asked for.

    Parameters
    ----------
    like : str
        A name of `bce_cli.core.rules.RULES`, or "all".
    clip : float or None

    Raises
    ------
    ArgumentError
        There is no such convention, or both were given.
    """
    if like != ALL:
        check_choice("like", like, [*RULES, ALL])
        return Convention(clip, like), ()
    from bce_cli.core.convention_totals import ALL_CONVENTIONS  # noqa: PLC0415 -- rarely needed

    own = () if clip is None else (Convention(clip),)
    return EXACT, (*ALL_CONVENTIONS, *own)


def job(
    data: Data,
    workers: int | None,
    engine: Engine,
    scheduler: str | None,
    progress: Progress = silent,
    *,
    is_limited: bool = False,
) -> Job:
    """Return what reads some data, and how that is run.

    Parameters
    ----------
    data : Data
    workers : int or None
        Threads, or processes of a cluster that is started here; None for one a core.
    engine : {"local", "dask"}
    scheduler : str or None
        Address of a cluster; else that of the environment, or processes on this machine.
    progress : callable (Stage) -> None, optional
    is_limited : bool, default False
        Whether memory is short, so that threads are started only where they were asked for.

    Raises
    ------
    ArgumentError
        What is asked for contradicts itself.
    """
    check_choice("engine", engine, get_args(Engine))
    if workers is not None:
        check_whole("workers", workers, 1)
    n_workers = default_workers() if workers is None else workers
    if engine == "local":
        if scheduler is not None:
            message = f"{argument('scheduler')} goes with {given(engine='dask')}"
            raise ArgumentError(message)
        return Job(data, 0 if is_limited and workers is None else n_workers, progress)
    address = scheduler or os.environ.get(SCHEDULER_VARIABLE) or None
    if address is not None and workers is not None:
        named = argument("scheduler") if scheduler else SCHEDULER_VARIABLE
        workers_text = argument("workers")
        message = f"{workers_text} starts processes here; {named} names a cluster that has its own"
        raise ArgumentError(message)
    from bce_cli.engine.connection import Cluster  # noqa: PLC0415 -- rarely needed

    return Job(data, n_workers, progress, Cluster(address, n_workers))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How good predictions are, before it is known in what form that is to be told.

    Attributes
    ----------
    inputs : Inputs
    plan : Plan
    report : LossReport
    result : Result
    confidence : float
        Of every interval.
    """

    inputs: Inputs
    plan: Plan
    report: LossReport
    result: Result
    confidence: float

    def document(self, job: Job, sources: Sequence[Source]) -> ComputeDocument:
        """Return all there is to say."""
        from bce_cli.render.compute import ComputeDocument  # noqa: PLC0415 -- a number needs none

        return ComputeDocument.of(
            origin=self.inputs.origin(job.data, sources),
            convention=self.plan.convention,
            report=self.report,
            result=self.result,
            comparison=self._side_by_side(),
            has_soft_labels=self.inputs.soft_labels,
            segment_columns=job.data.segment_names,
            segments=self._segments(job.data.cuts),
            confidence=self.confidence,
            cluster_column=job.data.cluster_name,
        )

    def _side_by_side(self) -> tuple[ConventionReport, ...]:
        if not self.plan.compared:
            return ()
        from bce_cli.core.convention_totals import convention_report  # noqa: PLC0415 -- rare

        pairs = zip(self.plan.compared, self.result.compared, strict=True)
        unit, logits = self.report.unit, self.inputs.logits
        return tuple(
            convention_report(convention, totals, unit, logits=logits)
            for convention, totals in pairs
        )

    def _segments(self, cuts: tuple[Cut | None, ...]) -> tuple[SegmentReport, ...]:
        if self.result.segments is None:
            return ()
        from bce_cli.core.segments import segment_reports  # noqa: PLC0415 -- rarely needed

        report = self.report
        return segment_reports(self.result.segments, report, report.unit, cuts, self.confidence)


def compute(
    job: Job, inputs: Inputs, plan: Plan, unit: Unit, confidence: float = USUAL_CONFIDENCE
) -> Evaluated:
    """How good are these predictions, row by row and on average?

    Raises
    ------
    ArgumentError
        `confidence` is not between 0 and 1.
    """
    check_confidence(confidence)
    result = evaluate(job, plan)
    report = loss_report(result.totals, unit)
    if result.clusters is not None or confidence != USUAL_CONFIDENCE:
        from bce_cli.core.inference import at_confidence  # noqa: PLC0415 -- rarely needed

        report = at_confidence(report, result.totals.moments, result.clusters, confidence)
    return Evaluated(inputs, plan, report, result, confidence)


def compare(
    job: Job,
    inputs: Inputs,
    sources: Sequence[Source],
    convention: Convention,
    unit: Unit,
    *,
    confidence: float,
    n_shown: int,
) -> CompareDocument:
    """Which model is better, by how much, and is the difference real?

    Raises
    ------
    ArgumentError
        `confidence` is not between 0 and 1.
    """
    check_confidence(confidence)
    from bce_cli.core.comparison import (  # noqa: PLC0415 -- not every question
        ComparisonPlan,
        ComparisonTotals,
        comparison_report,
    )
    from bce_cli.render.compare import CompareDocument  # noqa: PLC0415 -- as above

    plan = ComparisonPlan(convention, n_shown=n_shown)
    totals = fold_rows(job, partial(ComparisonTotals.of, plan=plan))
    names = inputs.model_names(job.data, sources)
    report = comparison_report(totals, names, unit, confidence)
    origin = inputs.origin(job.data, sources)
    return CompareDocument(origin, convention, report, job.data.cluster_name)


def calibration(
    job: Job,
    inputs: Inputs,
    sources: Sequence[Source],
    plan: CalibrationPlan,
    *,
    with_gain: bool = True,
) -> CalibrationDocument:
    """Where does the loss come from, and what would a simple map remove on new rows?

    Raises
    ------
    ArgumentError
        There are clusters, and no rows are held.
    """
    _check_fine_bins(inputs, plan)
    from bce_cli.core.calibration.report import (  # noqa: PLC0415 -- not every question
        report_of_fine_bins,
        report_of_rows,
    )
    from bce_cli.render.calibration import CalibrationDocument  # noqa: PLC0415 -- as above

    if plan.with_fine_bins:
        report = report_of_fine_bins(fold_rows(job, plan.totals_of), plan)
        return CalibrationDocument(inputs.origin(job.data, sources), report)
    from bce_cli.core.recalibration.gain import simple_gain  # noqa: PLC0415 -- as above

    rows, totals = collect_with(job, plan.totals_of)
    report = report_of_rows(rows, totals, plan, job.progress)
    gain = None
    if with_gain:
        gain = simple_gain(rows, report.logistic, plan.unit, plan.confidence)
    origin, column = inputs.origin(job.data, sources), job.data.cluster_name
    return CalibrationDocument(origin, report, gain, cluster_column=column)


def calibrations(
    job: Job,
    inputs: Inputs,
    sources: Sequence[Source],
    plan: CalibrationPlan,
    *,
    with_gain: bool = True,
    are_models: bool = True,
) -> CalibrationsDocument:
    """Where does the loss of each model come from, on all rows and on those of each segment?

    Raises
    ------
    ArgumentError
        There are clusters or segments, and no rows are held.
    """
    _check_fine_bins(inputs, plan)
    from bce_cli.core.calibration.groups import (  # noqa: PLC0415 -- not every question
        TotalsOfModels,
        calibration_gap,
        reports_of_models,
        segment_lines_of,
    )
    from bce_cli.core.calibration.report import report_of_fine_bins  # noqa: PLC0415 -- as above
    from bce_cli.core.recalibration.gain import simple_gain  # noqa: PLC0415 -- as above
    from bce_cli.render.calibration import CalibrationDocument  # noqa: PLC0415 -- as above
    from bce_cli.render.calibration_table import ModelCalibration  # noqa: PLC0415 -- as above
    from bce_cli.render.calibrations import (  # noqa: PLC0415 -- as above
        CalibrationsDocument,
        SegmentedCalibrationDocument,
    )

    totals_of = partial(TotalsOfModels.of, plan=plan)
    gains: list[SimpleGain | None]
    gaps: list[Gap | None]
    if plan.with_fine_bins:
        whole = fold_rows(job, totals_of)
        reports = [report_of_fine_bins(totals, plan) for totals in whole.models]
        gains, gaps = [None] * len(reports), [None] * len(reports)
        rows = None
    else:
        rows, totals = collect_with(job, totals_of)
        seen = rows.under_models()
        reports = list(reports_of_models(rows, totals, plan, job.progress))
        gains = [
            simple_gain(model, report.logistic, plan.unit, plan.confidence) if with_gain else None
            for model, report in zip(seen, reports, strict=True)
        ]
        gaps = [calibration_gap(model, plan.confidence) if inputs.by else None for model in seen]
    origin, data = inputs.origin(job.data, sources), job.data
    names = inputs.model_names(data, sources)
    if len(reports) == 1:
        names = list(data.prediction_names)
    lines = segment_lines_of(rows, names, plan, job.progress) if rows and inputs.by else ()
    documents = [
        CalibrationDocument(origin, report, gain, cluster_column=data.cluster_name)
        for report, gain in zip(reports, gains, strict=True)
    ]
    models = tuple(map(ModelCalibration, names, documents, gaps))
    document = CalibrationsDocument if are_models else SegmentedCalibrationDocument
    return document(origin, models, data.segment_names, lines)


def _check_fine_bins(inputs: Inputs, plan: CalibrationPlan) -> None:
    """Refuse what needs the rows, where these are not held."""
    if not plan.with_fine_bins:
        return
    for name, value in (("cluster", inputs.cluster), ("by", inputs.by)):
        if value:
            fine = argument("fine_bins")
            message = f"{argument(name)} needs the rows, and {fine} does not hold them"
            raise ArgumentError(message)


def recalibrate(
    job: Job, inputs: Inputs, sources: Sequence[Source], plan: RecalibrationPlan
) -> RecalibrateDocument:
    """Would another map of the probabilities do better on new rows, and which?"""
    from bce_cli.core.recalibration.choice import (  # noqa: PLC0415 -- not every question
        recalibration_report,
    )
    from bce_cli.core.recalibration.folds import USUAL_FOLDS  # noqa: PLC0415 -- as above
    from bce_cli.core.recalibration.saved import fingerprint  # noqa: PLC0415 -- as above
    from bce_cli.readers.order import ranks_of  # noqa: PLC0415 -- as above
    from bce_cli.render.recalibrate import RecalibrateDocument  # noqa: PLC0415 -- as above

    rows = collect_rows(job)
    cluster, order = job.data.cluster_name, job.data.order_name
    ranks = None
    if rows.order is not None:
        ranks = ranks_of(rows.order, order or "", inputs.decimal)
        rows = replace(rows, order=None)
    predictions = rows.probabilities if rows.logits is None else rows.logits
    mark = fingerprint(rows.labels, predictions, rows.weights)
    report = recalibration_report(rows, plan, ranks, job.progress)
    origin = inputs.origin(job.data, sources)
    fewer = plan.folds is None and report.folds < USUAL_FOLDS
    return RecalibrateDocument(origin, report, mark, cluster, order, has_fewer_folds=fewer)


def check(
    job: Job,
    inputs: Inputs,
    sources: Sequence[Source],
    convention: Convention,
    unit: Unit,
    limits: Limits,
) -> CheckDocument:
    """May this model pass?"""
    from bce_cli.core.gate import judge  # noqa: PLC0415 -- not every question
    from bce_cli.core.gate_totals import GateTotals  # noqa: PLC0415 -- as above
    from bce_cli.render.check import Against, CheckDocument  # noqa: PLC0415 -- as above

    totals = fold_rows(job, partial(GateTotals.of, limits=limits, convention=convention))
    judgement = judge(totals, limits, unit)
    origin = inputs.origin(job.data, sources)
    against = None
    if limits.against:
        column, other = job.data.prediction_names
        origin = replace(origin, prediction_columns=(column,))
        against = Against(inputs.against_names() or origin.sources, other)
    return CheckDocument(origin, convention, limits, judgement, against)
