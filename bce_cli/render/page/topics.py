"""What stands on the page of a report, in its order."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from bce_cli.lean_dataclass import dataclass
from bce_cli.render.calibration import bins_section, parts_section, samples_section
from bce_cli.render.calibration_fit import fit_section
from bce_cli.render.calibrations import CalibrationsDocument
from bce_cli.render.compare import changed_section, differences_section, each_model_section
from bce_cli.render.compute import product_section, worst_section
from bce_cli.render.layout import Section, count
from bce_cli.render.page import pictures
from bce_cli.render.page.advice import best_place, why_no_map
from bce_cli.render.page.answer import answer_of
from bce_cli.render.page.model_figures import calibrations_of, called, model_of, models_of
from bce_cli.render.page.picture import Picture, Remark
from bce_cli.render.page.sections import (
    MOST_COLUMNS,
    advice_section,
    brief_segments_section,
    checks_section,
    inputs_section,
    loss_section,
    making_section,
    models_section,
)
from bce_cli.render.page.terms import terms_section
from bce_cli.render.records import finite, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.layout import Look
    from bce_cli.render.page.document import ReportDocument
    from bce_cli.render.page.material import Answers

T = TypeVar("T", "Section", "Picture")
Content: TypeAlias = "Section | Picture"

LEFT_OUT = frozenset(("isotonic", "histogram", "knots", "log_product", "against_recommended"))
"""Keys that the page has no room for: the points of curves, and tests of one map against another.

It does without the segments of a comparison and of calibration, too.
"""
HEAD = frozenset(
    (
        *("source", "labels_source", "label_column", "weight_column", "cut", "notes"),
        *("positive_label", "negative_label", "n", "n_missing", "n_unmatched", "unit"),
        *("confidence", "logits", "soft_labels"),
    )
)
"""Keys that no answer repeats where its value is that of the whole."""
TABLES = frozenset(("segments", "conventions", "losses", "bins", "methods"))
"""Keys of lists of records that the page has as columns and rows, for want of room."""
_FIGURES = (
    "As JSON, with all digits: what {} writes, without the points of curves and what else the page "
    "does not show. Segments, conventions, losses, bins and methods are tables here: columns, and "
    "rows; and no answer repeats what stands before the first of them."
)
_MOST_SOURCES = 3
"""That a title names."""
_MOST_FULL = 3
"""Models that are told of in full where others have a row."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What the page says of one thing, under one heading.

    Attributes
    ----------
    name : str
        Its mark in the page, such as ``segments``: letters and hyphens, each but once.
    title : str
    contents : tuple of Section or Picture
        In their order. A section whose title is that of the topic does not repeat it.
    folded : str
        Text that is shown as it is, such as JSON, behind a line that opens it.
    """

    name: str
    title: str
    contents: tuple[Content, ...] = ()
    folded: str = ""


def title_of(document: Answers) -> str:
    """Return what the page is called: what was judged, and where it came from.

    Parameters
    ----------
    document : Answers
    """
    first, *others = (called(name) for name in document.models)
    beside = (
        f" beside {others[0] if len(others) == 1 else f'{len(others)} others'}" if others else ""
    )
    sources, rest = document.origin.sources[:_MOST_SOURCES], document.origin.sources[_MOST_SOURCES:]
    names = replace(document.origin, sources=sources).names
    return f"{first}{beside}: {names}{f' and {count(len(rest))} more' if rest else ''}"


def topics_of(document: ReportDocument) -> tuple[Topic, ...]:
    """Return what the page says, topic by topic; what is not known is left out.

    What a row holds is on it only if the worst rows were asked for. A note that several answers
    have is told once.

    Parameters
    ----------
    document : ReportDocument
    """
    topics = [topic for topic in _topics(document) if topic.contents]
    told = _told_of_origin(document)
    topics = [replace(topic, contents=(*_once(topic.contents, told),)) for topic in topics]
    texts = [text for topic in topics for text in _texts(topic.contents)]
    maps = {each.method for found in document.recalibrations for each in found.report.methods}
    topics.append(Topic("terms", "Terms", (terms_section(texts, maps),)))
    writer = document.look.asked_by("bce report --format json", "report('figures.json')")
    note = Section("", notes=(_FIGURES.format(writer),))
    figures = compact_json(_figures(document.record()))
    topics.append(Topic("figures", "All figures", (note,), folded=figures))
    return tuple(topics)


def _topics(document: Answers) -> Iterator[Topic]:
    """Yield the topics that follow from one answer each, some of them empty."""
    models, compute, check = models_of(document), document.compute, document.check
    first = models[0] if models else None
    answer = Section("The answer", verdicts=answer_of(document))
    yield Topic("answer", "The answer", (answer,))
    making = document.making
    has_files = making is not None and any(each.sha256 for each in making.inputs)
    inputs = (inputs_section(making),) if making is not None and has_files else ()
    read = making_section(document, first)
    yield Topic("making", "Where the numbers come from", (read, *inputs))
    if compute is not None and first is not None:
        has_libraries = document.conventions is not None and bool(document.conventions.comparison)
        look = document.look
        loss = loss_section(compute, first, look, has_libraries=has_libraries)
        yield Topic("loss", "The loss", (loss,))
    yield Topic("models", "The models compared", (*_models(document),))
    yield Topic("calibration", "Calibration", (*_calibration(document),))
    yield Topic("recalibration", "Recalibration", (*_recalibration(document),))
    yield Topic("segments", "Segments", (*_segments(document),))
    if document.conventions is not None and document.conventions.comparison:
        means = document.conventions.compared.means_section()
        means = replace(means, title="The mean loss by the convention of each library")
        yield Topic("libraries", "What other libraries would print", (means,))
    yield Topic("likelihood", "The product of all likelihoods", (*_likelihood(document),))
    yield Topic("losses", "How losses are distributed", (*_losses(document),))
    yield Topic("worst", "The rows that cost most", (*_worst(document),))
    if check is not None:
        shown = replace(checks_section(check, document.look), title="The checks")
        yield Topic("checks", "The checks", (shown, *_pictured(pictures.checks(check))))


def _pictured(picture: Picture | None) -> tuple[Picture, ...]:
    return () if picture is None else (picture,)


def _models(document: Answers) -> Iterator[Content]:
    compare = document.compare
    if compare is None:
        return
    found = models_of(document)
    differ = differences_section(compare, document.look)
    yield _unjudged(replace(differ, title="How they differ"))
    whole = replace(compare, segment_columns=())  # whose record is soon made
    yield from _pictured(pictures.models(whole))
    if len(found) <= MOST_COLUMNS:
        yield models_section(found, compare.report.confidence, compare)
    else:
        yield each_model_section(compare)


def _unjudged(section: Section) -> Section:
    """Leave out how others were judged: what is bad of them is good of the model of the page."""
    said = [column.title == "verdict" for column in section.columns]
    rows = tuple(
        tuple(str(cell) if is_said else cell for cell, is_said in zip(row, said, strict=True))
        for row in section.rows
    )
    return replace(section, rows=rows, verdicts=(*map(str, section.verdicts),))


def _calibration(document: Answers) -> Iterator[Content]:
    found = document.calibration
    if found is None:
        return
    drawn = [*zip(document.models, calibrations_of(document), strict=True)]
    named = [(name, each.report) for name, each in drawn if each.has_diagram]
    picture = _pictured(pictures.reliability(named)) if named else ()
    if isinstance(found, CalibrationsDocument) and len(found.models) > 1:
        table = found.table.section(document.look, ())
        yield replace(table, title="Calibration of each model")
        yield from picture
    (name, first), *others = drawn
    if document.recalibrations:  # which tell better what a map is worth
        first = replace(first, gain=None)
    prefix = f"{called(name)}: " if others else ""
    yield from _calibration_of_first(first, prefix, document.look)
    if not others:
        yield from picture
    for name, each in (drawn if others else drawn[:1])[:MOST_COLUMNS]:
        if each.report.bins:
            bins = bins_section(each.report, has_weights=document.origin.has_weights)
            yield _titled(bins, f"{called(name)}: " if others else "")


def _calibration_of_first(
    document: CalibrationDocument, prefix: str, look: Look
) -> Iterator[Section]:
    """Show the parts of the loss, and what is off, of the model that is judged."""
    report = document.report
    parts = replace(parts_section(document, look), title="The parts of the loss")
    yield _titled(replace(parts, verdicts=() if prefix else parts.verdicts), prefix)
    if report.bootstrap is not None:
        yield _titled(samples_section(report.bootstrap, report), prefix)
    yield _titled(fit_section(report), prefix)


def _titled(section: T, prefix: str) -> T:
    """Put the name of a model before a title, if it is not the only one."""
    title = section.title
    return replace(section, title=f"{prefix}{title[0].lower()}{title[1:]}") if prefix else section


def _recalibration(document: Answers) -> Iterator[Content]:
    if document.no_advice is not None:
        why = f"There is no advice: {document.no_advice}."
        yield Section("Recalibration", notes=(why,))
    found = [*zip(document.models, document.recalibrations, strict=False)]
    why_not = [why_no_map(model_of(document, place)) for place in range(len(found))]
    in_turn = [*zip(found, why_not, strict=True)]
    for place, ((name, each), why) in enumerate(in_turn[:_MOST_FULL]):
        prefix = f"{called(name)}: " if len(found) > 1 else ""
        losses, maps = each.sections(document.look)
        notes = tuple(note.replace(*_NEXT_STEP) for note in losses.notes)
        losses = replace(losses, title="Each map on rows that it has not seen", notes=notes)
        if why:
            losses = replace(losses, verdicts=(f"No map is advised: {why}.",), marked=())
        yield _titled(losses, prefix)
        if why:
            continue
        if place == 0:
            for picture in _pictured(pictures.maps(each)):
                yield _titled(picture, prefix)
        if each.report.recommended != "as-is" and place in (0, best_place(document)):
            yield _titled(maps, prefix)
    others = in_turn[_MOST_FULL:]
    if others:
        advised = [pair for pair, why in others if not why]
        told = (f"{called(name)}: no map is advised: {why}." for (name, _), why in others if why)
        yield replace(advice_section(advised), notes=tuple(told))


_NEXT_STEP = "Next: --save", "Next: bce recalibrate --save"


def _segments(document: Answers) -> Iterator[Content]:
    compute = document.compute
    if compute is not None and compute.segments:
        yield from _pictured(pictures.segments(compute))
        yield brief_segments_section(compute, document.others, document.look)
    compare, calibration = document.compare, document.calibration
    if compare is not None and compare.segment_columns:
        yield from map(_unjudged, compare.by_segment(document.look)[:_MOST_FULL])
    if isinstance(calibration, CalibrationsDocument) and calibration.segment_columns:
        if len(calibration.models) == 1:  # the table of several models has them
            table = calibration.table.section(document.look, ())
            yield replace(table, title="Calibration of each segment")
        else:
            yield calibration.table.gap_section()


def _likelihood(document: Answers) -> Iterator[Content]:
    compute = document.compute
    if compute is None or not compute.products:
        return
    yield product_section(compute, document.look)
    yield from _pictured(pictures.log_product(document.log_product, compute.products))


def _losses(document: Answers) -> Iterator[Content]:
    if document.compute is not None:
        yield from _pictured(pictures.losses(document.losses, document.compute.report.unit))


def _worst(document: Answers) -> Iterator[Content]:
    """Show rows as they are, which leave the house with the page: only if they were asked for."""
    compute, compare = document.compute, document.compare
    if compute is None or not compute.worst:
        return
    yield worst_section(compute)
    for item in () if compare is None else compare.comparisons:
        if compare is not None and (item.gained or item.lost):
            yield changed_section(item, compare)


def _told_of_origin(document: Answers) -> set[str]:
    """Return what each answer says of the columns it was made of, which the page says once."""
    answers: list[Any] = [document.compute, document.conventions, document.compare, document.check]
    answers += [*calibrations_of(document), *document.recalibrations, document.calibration]
    origins = [answer.origin for answer in answers if answer is not None]
    told = {note for origin in (*origins, document.origin) for note in origin.notes()}
    return told - {*document.origin.notes()[:-1]}  # which stand with the making


def _once(contents: Iterable[Content], told: set[str]) -> Iterator[Content]:
    """Leave out notes that are among those told, and add the others to them."""
    for content in contents:
        if isinstance(content, Picture):
            yield content
            continue
        notes = tuple(note for note in content.notes if note not in told)
        details = tuple(note for note in content.details if note not in told)
        told.update(notes, details)
        yield replace(content, notes=notes, details=details)


def _texts(contents: Iterable[Content]) -> Iterator[str]:
    """Yield all texts of sections and pictures."""
    for content in contents:
        if isinstance(content, Picture):
            yield from (content.title, content.description, content.x.title, content.y.title)
            marks = (*content.marks, *(() if content.below is None else content.below.marks))
            yield from (mark.text if isinstance(mark, Remark) else mark.name for mark in marks)
            yield from () if content.numbers is None else _texts((content.numbers,))
        else:
            yield from (content.title, *content.verdicts, *content.formulas, *content.sentences)
            yield from (column.title for column in content.columns)
            yield from (cell for row in content.rows for cell in row)


def _figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of what the page shows, for there is no room for all."""
    found: dict[str, Any] = without(dict(record), LEFT_OUT)
    for name in ("compare", "calibration"):
        if found.get(name) is not None:
            found[name] = without(found[name], ("segments",))
    head = {key: found[key] for key in HEAD if key in found}
    answers = ("compute", "compare", "calibration", "recalibrate", "check")
    return found | {name: _beside(head, found[name]) for name in answers if name in found}


def _beside(head: Mapping[str, Any], answer: Any) -> Any:  # noqa: ANN401 -- a record, several, none
    """Return an answer without what the head of all answers has said."""
    if isinstance(answer, list):
        return [_beside(head, each) for each in answer]
    if answer is None:
        return None
    return {k: v for k, v in answer.items() if k not in head or v != head[k]}


def compact_json(record: Mapping[str, Any]) -> str:
    """Write strict JSON without spaces, a line for each key; what is infinite is null.

    Lists of records whose key is one of `TABLES` become the names of columns, and rows.

    Examples
    --------
    >>> print(compact_json({"n": 2, "bins": [{"low": 0, "rate": float("inf")}]}))
    {"n":2,
    "bins":{"columns":["low","rate"],"rows":[[0,null]]}}
    """
    lines = (f"{_written(key)}:{_written(_strict(value, key))}" for key, value in record.items())
    return "{" + ",\n".join(lines) + "}"


def _strict(value: Any, key: str = "") -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, dict):
        return {name: _strict(item, name) for name, item in value.items()}
    if not isinstance(value, list | tuple):
        return finite(value)
    if key in TABLES and value and isinstance(value[0], dict):
        rows = [[_strict(item, name) for name, item in record.items()] for record in value]
        return {"columns": [*value[0]], "rows": rows}
    return [_strict(item) for item in value]


def _written(value: Any) -> str:  # noqa: ANN401 -- any JSON value
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
