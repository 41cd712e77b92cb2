"""The short form of a report, for pull requests: the answer, one table, and the rest folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.errors import safe_text
from bce_cli.render.calibration_verdict import calibration_verdict
from bce_cli.render.compare import differences_section
from bce_cli.render.compute import worst_section
from bce_cli.render.layout import Section, how_many
from bce_cli.render.page.advice import doubts_of, why_no_map
from bce_cli.render.page.answer import answer_of, confidence_of, headline_of
from bce_cli.render.page.model_figures import called, model_of, models_of
from bce_cli.render.page.sections import (
    MOST_COLUMNS,
    brief_segments_section,
    checks_section,
    models_section,
)
from bce_cli.render.recalibrate import recalibration_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.render.page.material import Answers


def short_form(document: Answers) -> Section:
    """Say a report in brief: what it comes to, the checks or the models, and where from.

    Parameters
    ----------
    document : Answers
    """
    table = _table(document)
    models = models_of(document)
    rows = f", {how_many(models[0].n)}" if models else ""
    return Section(
        f"{document.origin.names}{rows}: the rest of the report",
        table.columns,
        table.rows,
        verdicts=answer_of(document),
        headline=headline_of(document),
        notes=(*doubts_of(document),),
        details=(*dict.fromkeys(_details(document, table)),),
        marked=table.marked,
    )


def asked_sections(document: Answers) -> Iterator[Section]:
    """Yield what an option asked for by name: segments, and rows as they are.

    Parameters
    ----------
    document : Answers
    """
    compute = document.compute
    if compute is not None and compute.segments:
        yield brief_segments_section(compute, document.others, document.look)
    if compute is not None and compute.worst:
        yield worst_section(compute)


def _table(document: Answers) -> Section:
    """Return the checks, or else the figures of the models."""
    if document.check is not None:
        return checks_section(document.check, document.look)
    models = models_of(document)
    if not models:
        return Section("")
    if document.compare is not None and len(models) > MOST_COLUMNS:
        return differences_section(document.compare, document.look)
    return models_section(models, confidence_of(document), document.compare)


def _details(document: Answers, table: Section) -> Iterator[str]:
    """Yield what few ask for: calibration, maps, what intervals allow for, and what was read."""
    doubts = doubts_of(document)
    if document.calibration is not None:
        for name, report in document.calibration.named_reports[:MOST_COLUMNS]:
            yield calibration_verdict(report, called(name))
    pairs = zip(document.models, document.recalibrations, strict=False)
    for place, (name, found) in enumerate([*pairs][:MOST_COLUMNS]):
        why = why_no_map(model_of(document, place))
        advice = f"No map is advised: {why}." if why else recalibration_verdict(found.report)
        yield f"Recalibration of {called(name)}: {advice}"
    notes = table.sentences if document.check is not None else ()
    if document.compare is not None:
        notes = (*notes, *differences_section(document.compare, document.look).notes)
    told = {*doubts, *_reads(document)}
    yield from (note for note in notes if note not in told)
    yield from document.origin.notes()
    making = document.making
    if making is None:
        return
    for each in making.inputs:
        if each.sha256 is not None:
            yield f"SHA-256 of {safe_text(each.source)}: {each.sha256}"
    if making.command is not None:
        yield f"Made by: {safe_text(making.command)}"
    if making.stamp is not None:
        yield f"Made at: {making.stamp}"


def _reads(document: Answers) -> Iterator[str]:
    for answer in (document.check, document.compare):
        yield from () if answer is None else answer.origin.notes()
