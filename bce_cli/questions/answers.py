"""The questions about predictions, and their answers: what commands print and functions return."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from functools import partial, reduce
from importlib import import_module
from operator import iadd
from threading import Thread
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from bce_cli.core.arguments import USUAL_CONFIDENCE, check_choice, check_confidence, check_whole
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.evaluation import Plan
from bce_cli.core.mean_loss import Guarded, MeanTotals, mean_of
from bce_cli.core.progress import Stage, silent
from bce_cli.core.report import NATS_PER, loss_report
from bce_cli.core.rules import RULES
from bce_cli.core.totals import LossTotals
from bce_cli.engine.run import (
    Job,
    collect_rows,
    collect_with,
    default_workers,
    evaluate,
    fold_rows,
)
from bce_cli.errors import ArgumentError, BceError, argument, given
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.brief import BriefCalibration
    from bce_cli.core.calibration.models import CalibrationLine, TotalsOfModels
    from bce_cli.core.calibration.plan import CalibrationPlan
    from bce_cli.core.comparison.models import ComparisonTotals
    from bce_cli.core.convention_totals import ConventionReport
    from bce_cli.core.cuts import Cut
    from bce_cli.core.evaluation import Result
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.gate.totals import GateTotals
    from bce_cli.core.progress import Progress
    from bce_cli.core.recalibration.choice import RecalibrationPlan
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.rows import Rows
    from bce_cli.core.segment_reports import SegmentReport
    from bce_cli.core.segments import Gap
    from bce_cli.data.data import Data
    from bce_cli.questions.inputs import DecimalSign, Inputs, Source
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.calibrations import CalibrationsDocument
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.origin import Origin
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
    may_copy: bool = False,
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
    may_copy : bool, default False
        As `Job` has it.

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
        n_workers = 0 if is_limited and workers is None else n_workers
        return Job(data, n_workers, progress, may_copy=may_copy and not is_limited)
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
        from bce_cli.core.segment_reports import segment_reports  # noqa: PLC0415 -- rarely needed

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
    return evaluated(evaluate(job, plan), inputs, plan, unit, confidence)


def mean_loss(job: Job, convention: Convention, unit: Unit) -> tuple[float, LossReport | None]:
    """How good are these predictions, in one number?

    Returns
    -------
    mean_loss : float
    report : LossReport or None
        None where the mean is beyond doubt, which mostly shows without the sums that a report
        needs. Where it does not, and some rows were summed up without, all are read once more; so
        pipes and files elsewhere, which cannot be or are far, are never read without.
    """
    plan = Plan(convention, with_product=False)
    if not _may_read_twice(job):
        report = loss_report(evaluate(job, plan).totals, unit)
        return report.mean_loss, report
    few, whole = (partial(sums.of, convention=convention) for sums in (MeanTotals, LossTotals))
    found = fold_rows(job, partial(Guarded.of, few=few, whole=whole))
    totals, mean = found.whole, mean_of(found.few) / NATS_PER[unit]
    if totals is None and found.few.are_in_doubt:
        with suppress(BceError):  # files that are others by now say nothing of the mean
            totals = evaluate(job, plan).totals
    return mean, None if totals is None else loss_report(totals, unit)


def _may_read_twice(job: Job) -> bool:
    """Whether to read a few sums first, and all of them only where it takes that to tell."""
    sources = job.data.sources
    return job.cluster is None and all(each.local_path and each.size() for each in sources)


def evaluated(
    result: Result, inputs: Inputs, plan: Plan, unit: Unit, confidence: float
) -> Evaluated:
    """Say how good predictions are, once all rows were evaluated."""
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
    margin: float | None,
    n_shown: int,
    is_sorted: bool,
    totals: ComparisonTotals | None = None,
) -> CompareDocument:
    """Which model is better, by how much, and is the difference real?

    What all rows come to may be known already, but for those to be shown.

    Raises
    ------
    ArgumentError
        `confidence` is not between 0 and 1, or `margin` not above 0.
    """
    check_confidence(confidence)
    from bce_cli.core.comparison.models import (  # noqa: PLC0415 -- not every question
        ComparisonPlan,
        ComparisonTotals,
        check_margin,
    )

    check_margin(margin)
    if totals is None:
        plan = ComparisonPlan(convention, n_shown=n_shown)
        totals = fold_rows(job, partial(ComparisonTotals.of, plan=plan))
    document = compared(
        totals,
        job.data,
        inputs.origin(job.data, sources),
        inputs.model_names(job.data, sources),
        unit,
        confidence=confidence,
        margin=margin,
    )
    return replace(document, convention=convention, is_sorted=is_sorted)


def mean_differences(
    job: Job,
    inputs: Inputs,
    sources: Sequence[Source],
    convention: Convention,
    unit: Unit,
    *,
    confidence: float,
    margin: float | None,
) -> tuple[list[float | None], tuple[str, ...]]:
    """Which model is better, and by how much, in one number of each but the first?

    Returns
    -------
    values : list of float or None
        The mean differences of losses.
    doubts : tuple of str
        What makes a model look like one that was not meant; see `mean_loss`.
    """
    totals = None
    is_plain = inputs.cluster is None and not inputs.by and margin is None
    if is_plain and _may_read_twice(job):
        from bce_cli.core.comparison.mean_differences import (  # noqa: PLC0415 -- not every question
            MeanDifferences,
        )
        from bce_cli.core.comparison.models import (  # noqa: PLC0415 -- as above
            ComparisonPlan,
            ComparisonTotals,
        )

        check_confidence(confidence)
        few = partial(MeanDifferences.of, convention=convention)
        whole = partial(ComparisonTotals.of, plan=ComparisonPlan(convention, n_shown=0))
        guarded = fold_rows(job, partial(Guarded.of, few=few, whole=whole))
        if not guarded.few.are_in_doubt:
            return [value / NATS_PER[unit] for value in guarded.few.values], ()
        totals = guarded.whole
    found = compare(
        job,
        inputs,
        sources,
        convention,
        unit,
        confidence=confidence,
        margin=margin,
        n_shown=0,
        is_sorted=False,
        totals=totals,
    )
    return [item.value for item in found.comparisons], found.doubts


def compared(
    totals: ComparisonTotals,
    data: Data,
    origin: Origin,
    names: Sequence[str],
    unit: Unit,
    *,
    confidence: float,
    margin: float | None = None,
) -> CompareDocument:
    """Say which model is better, by what all rows came to; losses are taken for exact ones."""
    from bce_cli.core.comparison.models import (  # noqa: PLC0415 -- not every question
        comparison_report,
    )
    from bce_cli.render.compare import CompareDocument  # noqa: PLC0415 -- as above

    report = comparison_report(totals, names, unit, confidence, margin, cuts=data.cuts)
    return CompareDocument(origin, EXACT, report, data.cluster_name, data.segment_names)


def calibration(
    job: Job,
    inputs: Inputs,
    sources: Sequence[Source],
    plan: CalibrationPlan,
    *,
    with_gain: bool = True,
    are_models: bool = False,
) -> CalibrationDocument | CalibrationsDocument:
    """Where does the loss of each model come from, and what would a simple map remove on new rows?

    Parameters
    ----------
    job : Job
    inputs : Inputs
    sources : sequence of str or Frame
    plan : CalibrationPlan
    with_gain : bool, default True
        Whether to say what a simple map would remove.
    are_models : bool, default False
        Whether even a single model is to be told of as one of several.

    Raises
    ------
    ArgumentError
        There are clusters or segments, and no rows are held.
    """
    if plan.with_fine_bins:
        refuse_without_rows(cluster=inputs.cluster, by=inputs.by)
    from bce_cli.core.calibration.models import (  # noqa: PLC0415 -- not every question
        calibration_gap,
        segment_lines_of,
    )
    from bce_cli.render.calibration_table import ModelCalibration  # noqa: PLC0415 -- as above
    from bce_cli.render.calibrations import (  # noqa: PLC0415 -- as above
        CalibrationsDocument,
        SegmentedCalibrationDocument,
    )

    rows, totals = _calibration_totals(job, plan)
    origin, data = inputs.origin(job.data, sources), job.data
    progress = job.progress
    documents = calibrated(totals, rows, data, origin, plan, progress, with_gain=with_gain)
    are_several = are_models or len(documents) > 1
    if not are_several and not inputs.by:
        return documents[0]
    names = inputs.model_names(data, sources)
    gaps: list[Gap | None] = [None] * len(documents)
    lines: tuple[CalibrationLine, ...] = ()
    if rows is not None and inputs.by:
        gaps = [calibration_gap(model, plan.confidence) for model in rows.under_models()]
        lines = segment_lines_of(rows, names, plan, data.cuts, job.progress)
    kind = CalibrationsDocument if are_several else SegmentedCalibrationDocument
    models = tuple(map(ModelCalibration, names, documents, gaps))
    return kind(origin, models, data.segment_names, lines)


def miscalibrations(job: Job, plan: CalibrationPlan) -> list[BriefCalibration]:
    """How much would recalibration remove of the log loss of each model? One number of each."""
    from bce_cli.core.calibration.brief import BriefCalibration, BriefTotals  # noqa: PLC0415

    _load_what_fits_need(job)
    rows, totals = collect_with(job, lambda rows: [*map(BriefTotals.of, rows.under_models())])
    job.progress(Stage("fitting"))
    return [
        BriefCalibration.of_rows(model, reduce(iadd, own), plan.unit)
        for model, own in zip(rows.under_models(), zip(*totals, strict=True), strict=True)
    ]


def _load_what_fits_need(job: Job) -> None:
    """Load it in a thread of its own, which takes as long as many rows take to read."""
    if job.n_workers:
        Thread(target=import_module, args=("scipy.optimize",)).start()


def _calibration_totals(job: Job, plan: CalibrationPlan) -> tuple[Rows | None, TotalsOfModels]:
    """Read rows once; return them, where they are held, and what they come to."""
    from bce_cli.core.calibration.models import TotalsOfModels  # noqa: PLC0415 -- not every question

    totals_of = partial(TotalsOfModels.of, plan=plan)
    _load_what_fits_need(job)
    if plan.with_fine_bins:
        return None, fold_rows(job, totals_of)
    rows, totals = collect_with(job, totals_of)
    return rows, reduce(iadd, totals)


def calibrated(
    totals: TotalsOfModels,
    rows: Rows | None,
    data: Data,
    origin: Origin,
    plan: CalibrationPlan,
    progress: Progress = silent,
    *,
    with_gain: bool = True,
) -> list[CalibrationDocument]:
    """Judge the calibration of one model after the other; rows are those held, if they are."""
    from bce_cli.core.calibration.models import reports_of_models  # noqa: PLC0415 -- as above
    from bce_cli.core.calibration.report import report_of_fine_bins  # noqa: PLC0415 -- as above
    from bce_cli.core.recalibration.gain import simple_gain  # noqa: PLC0415 -- as above
    from bce_cli.render.calibration import CalibrationDocument  # noqa: PLC0415 -- as above

    document = partial(CalibrationDocument, origin, cluster_column=data.cluster_name)
    if rows is None:
        return [document(report_of_fine_bins(each, plan)) for each in totals.models]
    found = []
    reports = reports_of_models(rows, [totals], plan, progress)
    for model, report in zip(rows.under_models(), reports, strict=True):
        gain = None
        if with_gain:
            gain = simple_gain(model, report.logistic, plan.unit, plan.confidence)
        found.append(document(report, gain))
    return found


def refuse_without_rows(**needing: object) -> None:
    """Refuse what was asked for and needs the rows, where fine bins do not hold them.

    Raises
    ------
    ArgumentError
        The first argument that has a value.
    """
    for name, value in needing.items():
        if value:
            fine = argument("fine_bins")
            message = f"{argument(name)} needs the rows, and {fine} does not hold them"
            raise ArgumentError(message)


def recalibrate(
    job: Job, inputs: Inputs, sources: Sequence[Source], plan: RecalibrationPlan
) -> RecalibrateDocument:
    """Would another map of the probabilities do better on new rows, and which?"""
    rows, origin = collect_rows(job), inputs.origin(job.data, sources)
    return recalibrated(rows, job.data, origin, plan, inputs.decimal, job.progress)


def recalibrated(
    rows: Rows,
    data: Data,
    origin: Origin,
    plan: RecalibrationPlan,
    decimal: DecimalSign = ".",
    progress: Progress = silent,
) -> RecalibrateDocument:
    """Judge all maps by rows that are held."""
    from bce_cli.core.recalibration.choice import (  # noqa: PLC0415 -- not every question
        recalibration_report,
    )
    from bce_cli.core.recalibration.folds import USUAL_FOLDS  # noqa: PLC0415 -- as above
    from bce_cli.core.recalibration.saved import fingerprint  # noqa: PLC0415 -- as above
    from bce_cli.readers.order import ranks_of  # noqa: PLC0415 -- as above
    from bce_cli.render.recalibrate import RecalibrateDocument  # noqa: PLC0415 -- as above

    cluster, order = data.cluster_name, data.order_name
    ranks = None
    if rows.order is not None:
        ranks = ranks_of(rows.order, order or "", decimal)
        rows = replace(rows, order=None)
    predictions = rows.probabilities if rows.logits is None else rows.logits
    mark = fingerprint(rows.labels, predictions, rows.weights)
    report = recalibration_report(rows, plan, ranks, progress)
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
    from bce_cli.core.gate.totals import GateTotals  # noqa: PLC0415 -- not every question
    from bce_cli.render.check import Against  # noqa: PLC0415 -- as above

    sums_of = partial(GateTotals.of, limits=limits, convention=convention)
    rows = None
    if limits.needs_rows:
        rows, some = collect_with(job, sums_of)
        totals = reduce(iadd, some)
    else:
        totals = fold_rows(job, sums_of)
    origin = inputs.origin(job.data, sources)
    against = None
    if limits.against:
        column, other = job.data.prediction_names
        origin = replace(origin, prediction_columns=(column,))
        against = Against(inputs.against_names() or origin.sources, other)
    document = judged(totals, rows, job.data, origin, limits, unit, convention)
    return replace(document, against=against)


def judged(
    totals: GateTotals,
    rows: Rows | None,
    data: Data,
    origin: Origin,
    limits: Limits,
    unit: Unit,
    convention: Convention = EXACT,
) -> CheckDocument:
    """Hold to its limits what all rows came to; rows are those held, where limits need them."""
    from bce_cli.core.gate.judgement import judge  # noqa: PLC0415 -- not every question
    from bce_cli.render.check import CheckDocument  # noqa: PLC0415 -- as above

    judgement = judge(totals, limits, unit, rows, convention)
    return CheckDocument(origin, convention, limits, judgement, None, data.cluster_name)
