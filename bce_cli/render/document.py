"""What `bce compute` found, ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bce_cli.core.convention_totals import ConventionReport
    from bce_cli.core.conventions import Convention
    from bce_cli.core.evaluation import Result
    from bce_cli.core.groups import SegmentReport
    from bce_cli.core.report import LossReport
    from bce_cli.render.origin import Origin


@dataclass(frozen=True, slots=True)
class Document:
    """A finished evaluation and where it came from.

    Attributes
    ----------
    origin : Origin
    convention : Convention
    report : LossReport
    result : Result
        Its losses are in nats, whatever the report's unit.
    comparison : tuple of ConventionReport
        Where conventions were to be compared: one for each, the first of them exact.
    excel_safe : bool, default False
        Whether ids in CSV must not look like formulas.
    has_soft_labels : bool, default False
        Whether labels might lie between 0 and 1.
    segment_columns : tuple of str
        Columns that part the rows.
    segments : tuple of SegmentReport
        Highest total loss first.
    """

    origin: Origin
    convention: Convention
    report: LossReport
    result: Result
    comparison: tuple[ConventionReport, ...] = ()
    excel_safe: bool = False
    has_soft_labels: bool = False
    segment_columns: tuple[str, ...] = ()
    segments: tuple[SegmentReport, ...] = ()
