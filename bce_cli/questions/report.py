"""All questions about the same rows, answered in one pass: what `bce report` tells of."""

from __future__ import annotations

from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from bce_cli.core.arguments import check_confidence
from bce_cli.core.calibration.models import TotalsOfModels
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals
from bce_cli.core.convention_totals import ALL_CONVENTIONS
from bce_cli.core.distribution import LossDistribution
from bce_cli.core.evaluation import Plan
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.recalibration.choice import RecalibrationPlan
from bce_cli.core.report import check_unit
from bce_cli.core.rows import MIXED, concatenated
from bce_cli.core.segment_reports import other_segments
from bce_cli.core.state import State
from bce_cli.engine.run import evaluate_with
from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass
from bce_cli.questions.answers import (
    calibrated,
    compared,
    evaluated,
    judged,
    recalibrated,
    refuse_without_rows,
)
from bce_cli.render.calibration_table import ModelCalibration
from bce_cli.render.calibrations import CalibrationsDocument
from bce_cli.render.check import Against
from bce_cli.render.page.document import ReportDocument
from bce_cli.render.page.material import MOST_TOLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.evaluation import Result
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Rows
    from bce_cli.core.segment_reports import OtherSegments
    from bce_cli.engine.run import Job
    from bce_cli.questions.inputs import Inputs, Source
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.origin import Origin
    from bce_cli.render.recalibrate import RecalibrateDocument


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """What is to stand on the page.

    Attributes
    ----------
    unit : {"nats", "bits"}
    confidence : float
        Of every interval, in (0, 1), but those of the checks, which say so themselves.
    n_worst : int
        Rows of highest loss to show, and rows to show that changed most from one model to another.
        With 0, nothing of any row by itself is kept.
    calibration : CalibrationPlan
        Its unit and confidence are those of the page. With fine bins no rows are held, and there is
        no advice on recalibration.
    limits : Limits, optional
        What the first model is held to.

    Raises
    ------
    ArgumentError
        One of them is outside its domain, or limits need rows that are not held.
    """

    unit: Unit = "nats"
    confidence: float = 0.95
    n_worst: int = 0
    calibration: CalibrationPlan = field(default_factory=CalibrationPlan)
    limits: Limits | None = None

    def __post_init__(self) -> None:
        check_unit(self.unit)
        check_confidence(self.confidence)
        plan = replace(self.calibration, unit=self.unit, confidence=self.confidence)
        object.__setattr__(self, "calibration", plan)

    @property
    def holds_rows(self) -> bool:
        """Whether all rows are held in memory."""
        return not self.calibration.with_fine_bins


@dataclass(frozen=True, slots=True)
class _Seen(State):
    """What some rows came to, beside the evaluation of the first model.

    Attributes
    ----------
    losses : LossDistribution
    calibration : TotalsOfModels
    comparison : ComparisonTotals or None
        None where there is one model.
    check : GateTotals or None
        None where there is nothing to check.
    held : list of Rows
        Empty where none are held.
    """

    losses: LossDistribution
    calibration: TotalsOfModels
    comparison: ComparisonTotals | None
    check: GateTotals | None
    held: list[Rows]

    @classmethod
    def of(cls, rows: Rows, plan: ReportPlan, rival: int) -> _Seen:
        """Look at some rows; `rival` is the place among all models of the one held against."""
        comparison = check = None
        if rows.rivals:
            comparison = ComparisonTotals.of(rows, ComparisonPlan(n_shown=plan.n_worst))
        if plan.limits is not None:
            others = (rows.predictions, *rows.rivals)[rival]
            rivals = (others,) if plan.limits.against else ()
            check = GateTotals.of(replace(rows, rivals=rivals), plan.limits)
        whole = replace(rows, ids=None, segments=())
        return cls(
            LossDistribution.of(replace(whole, rivals=())),
            TotalsOfModels.of(whole, plan.calibration),
            comparison,
            check,
            [whole.counted()] if plan.holds_rows else [],
        )


def report(job: Job, inputs: Inputs, sources: Sequence[Source], plan: ReportPlan) -> ReportDocument:
    """All that can be told of these predictions, by one look at their rows.

    Parameters
    ----------
    job : Job
    inputs : Inputs
        Of several predictions, the first are judged. What they are held against is one model more.
    sources : sequence of str or Frame
        They follow each other.
    plan : ReportPlan

    Returns
    -------
    ReportDocument
        Each answer in it has the figures of the question asked alone.

    Raises
    ------
    ArgumentError
        Something needs the rows, and fine bins do not hold them.
    DataError, InputError, EngineError
        As `bce_cli.engine.run.evaluate_with` raises them.
    """
    if not plan.holds_rows:
        limits = () if plan.limits is None else plan.limits.of_rows
        refuse_without_rows(cluster=inputs.cluster, **dict.fromkeys(limits, True))
    asked = Plan(
        n_worst=plan.n_worst, compared=ALL_CONVENTIONS, n_differing=0, with_log_product=True
    )
    look = partial(_Seen.of, plan=plan, rival=_place_of_rival(inputs))
    result, seen = evaluate_with(job, asked, look, are_small=not plan.holds_rows)
    rows = concatenated(seen.held) if plan.holds_rows else None
    seen = replace(seen, held=[])  # of which these are copies
    reporter = _Reporter(job, inputs, tuple(sources), plan, seen, rows)
    recalibrations, obstacle = reporter.recalibrations()
    compute = reporter.compute(result, asked)
    return ReportDocument(
        reporter.origin,
        tuple(reporter.names),
        compute=compute,
        conventions=reporter.conventions(result, asked),
        compare=reporter.compare(),
        calibration=reporter.calibration(),
        recalibrations=recalibrations,
        check=reporter.check(),
        losses=seen.losses.bins(plan.unit),
        log_product=result.log_product,
        no_advice=obstacle,
        others=reporter.others(result, compute),
    )


def _place_of_rival(inputs: Inputs) -> int:
    """Return the place among all models of the one that the first is held against."""
    column = inputs.against_column
    if not inputs.against and column in inputs.predictions[1:]:
        return inputs.predictions.index(column, 1)
    return -1


@dataclass(frozen=True, slots=True)
class _Reporter:
    """What rows that were all read came to, and how to tell of them."""

    job: Job
    inputs: Inputs
    sources: tuple[Source, ...]
    plan: ReportPlan
    seen: _Seen
    rows: Rows | None

    @property
    def names(self) -> list[str]:
        """What the models are called."""
        return self.inputs.model_names(self.job.data, self.sources)

    @property
    def origin(self) -> Origin:
        """Where all models come from."""
        own = self.inputs.origin(self.job.data, self.sources)
        return replace(own, sources=(*own.sources, *self.inputs.against_names()))

    def _origin_of(self, place: int) -> Origin:
        """Return where the predictions of one model come from."""
        columns, others = self.job.data.prediction_names, self.inputs.against_names()
        own = self.inputs.origin(self.job.data, self.sources)
        if others and place % len(columns) == len(columns) - 1:
            own = replace(own, sources=others)
        return replace(own, prediction_columns=(columns[place],), cuts={})

    def compute(self, result: Result, asked: Plan) -> ComputeDocument:
        """Say how good the predictions of the first model are."""
        asked, result = replace(asked, compared=()), replace(result, compared=())
        return self._evaluated(result, asked)

    def others(self, result: Result, compute: ComputeDocument) -> OtherSegments | None:
        """Take together what the page has no room for."""
        if result.segments is None:
            return None
        whole, confidence = compute.report, self.plan.confidence
        return other_segments(result.segments, compute.segments, MOST_TOLD, whole, confidence)

    def conventions(self, result: Result, asked: Plan) -> ComputeDocument | None:
        """Say what other libraries print; None where that is not defined."""
        if any(totals.float_type == MIXED for totals in result.compared):
            return None
        return self._evaluated(replace(result, products=(), worst=(), segments=None), asked)

    def _evaluated(self, result: Result, asked: Plan) -> ComputeDocument:
        unit, confidence = self.plan.unit, self.plan.confidence
        found = evaluated(result, self.inputs, asked, unit, confidence)
        document = found.document(self.job, self.sources)
        return replace(document, origin=replace(self._origin_of(0), cuts=document.origin.cuts))

    def compare(self) -> CompareDocument | None:
        """Say which model is better."""
        totals, plan = self.seen.comparison, self.plan
        if totals is None:
            return None
        data, confidence = self.job.data, plan.confidence
        return compared(totals, data, self.origin, self.names, plan.unit, confidence=confidence)

    def calibration(self) -> CalibrationDocument | CalibrationsDocument:
        """Say where the loss of each model comes from, on all rows."""
        plan, totals, origin = self.plan.calibration, self.seen.calibration, self.origin
        origin, progress = replace(origin, cuts={}), self.job.progress
        found = calibrated(totals, self.rows, self.job.data, origin, plan, progress)
        if len(found) == 1:
            return found[0]
        models = tuple(map(ModelCalibration, self.names, found))
        return CalibrationsDocument(origin, models)

    def recalibrations(self) -> tuple[tuple[RecalibrateDocument, ...], str | None]:
        """Say whether another map would do better, for each model; or why that cannot be said."""
        if self.rows is None:
            return (), None
        plan = RecalibrationPlan(unit=self.plan.unit, confidence=self.plan.confidence)
        data, progress = self.job.data, self.job.progress
        try:
            return tuple(
                recalibrated(model, data, self._origin_of(place), plan, progress=progress)
                for place, model in enumerate(self.rows.under_models())
            ), None
        except DataError as error:
            return (), error.message

    def check(self) -> CheckDocument | None:
        """Say whether the first model may pass."""
        limits, totals = self.plan.limits, self.seen.check
        if limits is None or totals is None:
            return None
        rows = self.rows if limits.needs_rows else None
        if rows is not None and not limits.confident:
            rows = replace(rows, cluster=None)
        origin = self._origin_of(0)
        document = judged(totals, rows, self.job.data, origin, limits, self.plan.unit)
        if not limits.confident:
            document = replace(document, cluster_column=None)
        if limits.against:
            other = self._origin_of(_place_of_rival(self.inputs))
            against = Against(other.sources, *other.prediction_columns)
            document = replace(document, against=against)
        return document
