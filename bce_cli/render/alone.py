"""A report of one answer alone: what the page of a result says, in which no row stands."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.calibrations import CalibrationsDocument
from bce_cli.render.check import CheckDocument
from bce_cli.render.compare import CompareDocument
from bce_cli.render.compute import ComputeDocument
from bce_cli.render.page.answers import InputFile, Making
from bce_cli.render.page.document import ReportDocument
from bce_cli.version import __version__

if TYPE_CHECKING:
    from bce_cli.render.origin import Origin, Saved
    from bce_cli.render.saved import SavedDocument

D = TypeVar("D", ComputeDocument, CompareDocument)

_ROWS = frozenset(("difference_rows", "impossible_rows", "gained", "lost"))
"""Keys of records whose rows nobody asked for by name."""
_OF_CONVENTIONS = ("conventions", "difference_rows", "impossible_rows")


def report_of(document: SavedDocument) -> ReportDocument:
    """Return a report that has one answer and no other.

    Rows stay in the house, but for those of `compute` that were asked for as the costliest.

    Parameters
    ----------
    document : SavedDocument
    """
    origin = document.origin
    found = ReportDocument(origin, _models(document), making=_making(origin))
    if isinstance(document, ComputeDocument):
        whole = _without_rows(replace(document, excerpt=(), differences=()))
        if not document.comparison:
            return replace(found, compute=whole)
        return replace(found, compute=_without_conventions(whole), conventions=whole)
    if isinstance(document, CompareDocument):
        return replace(found, compare=_without_rows(_without_changes(document)))
    if isinstance(document, CalibrationDocument | CalibrationsDocument):
        return replace(found, calibration=document)
    if isinstance(document, CheckDocument):
        return replace(found, check=document)
    return replace(found, recalibrations=(document,))


def _models(document: SavedDocument) -> tuple[str, ...]:
    if isinstance(document, CompareDocument):
        return tuple(model.name for model in document.report.models)
    if isinstance(document, CalibrationsDocument):
        return tuple(model.name for model in document.models)
    return document.origin.prediction_columns[:1]


def _making(origin: Origin) -> Making:
    """Say what was read; how its bytes were at the time is not known any more."""
    labels = () if origin.labels_source is None else (origin.labels_source,)
    names = dict.fromkeys((*origin.sources, *labels))
    return Making(tuple(InputFile(name, None, None) for name in names), None, __version__)


def _without_changes(document: CompareDocument) -> CompareDocument:
    """Leave out the rows that changed most, which are shown without being asked for."""
    report = document.report
    told = tuple(replace(item, gained=(), lost=()) for item in report.comparisons)
    return replace(document, report=replace(report, comparisons=told))


def _without_conventions(document: ComputeDocument) -> ComputeDocument:
    """Leave the exact figures alone."""
    plain = replace(document, comparison=(), compared_type=None)
    if document.saved is None:
        return plain
    record = {k: v for k, v in document.saved.record.items() if k not in _OF_CONVENTIONS}
    record["float_type"] = None  # that of the exact losses
    return replace(plain, saved=replace(document.saved, record=record))


def _without_rows(document: D) -> D:
    """Leave out the rows of a record that was saved, too."""
    saved: Saved | None = document.saved
    if saved is None:
        return document
    record: dict[str, Any] = _emptied(deepcopy(saved.record))
    return replace(document, saved=replace(saved, record=record))


def _emptied(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a record whose lists of rows are empty."""
    if isinstance(value, dict):
        return {key: [] if key in _ROWS else _emptied(item) for key, item in value.items()}
    return [*map(_emptied, value)] if isinstance(value, list | tuple) else value
