"""A report of one answer alone: what the page of a result says, in which no row stands."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from bce_cli.core.cuts import in_order
from bce_cli.core.report import FEW
from bce_cli.core.segment_reports import OtherSegments, SegmentReport
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.calibrations import CalibrationsDocument
from bce_cli.render.check import CheckDocument
from bce_cli.render.compare import CompareDocument
from bce_cli.render.compute import ComputeDocument
from bce_cli.render.page.document import ReportDocument
from bce_cli.render.page.material import MOST_TOLD, InputFile, Making
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
            return replace(found, compute=whole, others=_other_segments(document))
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


def _other_segments(document: ComputeDocument) -> OtherSegments | None:
    """Take together the segments that a page has no room for, as far as sums of figures go."""
    segments = document.segments
    costs = {
        item.names: (item.report.total_loss if item.report else 0.0, item.n) for item in segments
    }
    names = frozenset(in_order(costs)[MOST_TOLD:])
    if not names:
        return None
    rest = [item for item in segments if item.names in names]
    shares = [item.share_of_total for item in rest if item.share_of_total is not None]
    share, n = (math.fsum(shares) if shares else None), sum(item.n for item in rest)
    return OtherSegments(names, SegmentReport((), n, None, share, is_small=n < FEW))


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
