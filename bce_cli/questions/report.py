"""Provisional: all questions asked one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bce_cli.questions import answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.plan import CalibrationPlan
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.report import Unit
    from bce_cli.engine.run import Job
    from bce_cli.questions.inputs import Inputs, Source
    from bce_cli.render.report import ReportDocument


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """What to find out."""

    unit: Unit
    confidence: float
    n_worst: int
    calibration: CalibrationPlan
    limits: Limits | None


def report(job: Job, inputs: Inputs, sources: Sequence[Source], plan: ReportPlan) -> ReportDocument:
    """Ask all of them."""
    from bce_cli.core.conventions import EXACT  # noqa: PLC0415
    from bce_cli.core.evaluation import Plan  # noqa: PLC0415
    from bce_cli.core.recalibration.choice import RecalibrationPlan  # noqa: PLC0415
    from bce_cli.render.report import ReportDocument  # noqa: PLC0415

    names = inputs.predictions[:1] or ()
    single = replace(inputs, predictions=names)
    first = replace(job, data=single.data(sources))
    unit, level = plan.unit, plan.confidence
    asked = Plan(EXACT, n_worst=plan.n_worst)
    found = answers.compute(first, single, asked, unit, level).document(first, sources)
    _, all_of = answers.conventions("all", None)
    every = Plan(EXACT, compared=all_of, n_differing=0, with_product=False)
    first = replace(job, data=single.data(sources))
    conventions = answers.compute(first, single, every, unit, level).document(first, sources)
    calibration = answers.calibration(
        job, replace(inputs, by=(), cut={}), sources, plan.calibration
    )
    compare = None
    models = tuple(inputs.model_names(job.data, sources))
    if len(models) > 1:
        compare = answers.compare(
            job,
            inputs,
            sources,
            EXACT,
            unit,
            confidence=level,
            margin=None,
            n_shown=0,
            is_sorted=False,
        )
    check = None
    if plan.limits is not None:
        check = answers.check(first, single, sources, EXACT, unit, plan.limits)
    first = replace(job, data=replace(single, by=()).data(sources))
    recalibrated = answers.recalibrate(
        first, single, sources, RecalibrationPlan(unit=unit, confidence=level)
    )
    return ReportDocument(
        inputs.origin(job.data, sources),
        models,
        found,
        conventions,
        compare,
        calibration,
        (recalibrated,),
        check,
    )
