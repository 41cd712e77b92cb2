"""Where the loss comes from: the segments of `bce compute --by`, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bce_cli.errors import quoted, safe_text
from bce_cli.render.layout import (
    Column,
    Section,
    count,
    figure,
    how_many,
    interval,
    percent,
    table,
)
from bce_cli.render.origin import picked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.segments import SegmentReport
    from bce_cli.render.layout import TableColumn

_DIGITS = 5
_MOST_SHOWN = 40
_LONGEST_NAME = 60
FIGURES_OF_SEGMENTS = (
    *("n_positive", "weight_sum", "base_rate", "mean_loss", "std_error", "ci_low", "ci_high"),
    *("total_loss", "base_rate_loss", "skill", "brier", "n_impossible", "finite_mean_loss"),
)
"""What a segment has of the figures of all rows."""


def segments_section(
    segments: Sequence[SegmentReport], columns: Sequence[str], *, are_cut: bool = False
) -> Section:
    """Show each segment, those that cost most first, or in the order of the cuts.

    Parameters
    ----------
    segments : sequence of SegmentReport
        Highest total loss first.
    columns : sequence of str
        Whose words part the rows.
    are_cut : bool, optional
        Whether one of them was cut into intervals, whose order is that of the segments.
    """
    shown, rest = segments[:_MOST_SHOWN], segments[_MOST_SHOWN:]
    skill = "Skill: the share removed of the loss of the segment's own base rate."
    notes = []
    if any(segment.is_small for segment in shown):
        notes.append("* fewer than 30 rows: their interval and skill are not to be trusted.")
    if rest:
        n = how_many(sum(segment.n for segment in rest))
        also = f"{count(len(rest))} more segments of {n} together"
        follow = "follow" if are_cut else "cost less"
        notes.append(f"{also} {follow}; --format csv and json have them all.")
    has_impossible = any(_of(segment, "n_impossible") for segment in segments)
    return Section(
        f"Where the loss comes from: by {', '.join(map(quoted, columns))}",
        *table(
            shown,
            *(_name_column(index, name) for index, name in enumerate(columns)),
            (Column("rows", spare=2), lambda s: f"{count(s.n)}{'*' if s.is_small else ''}"),
            (Column("base rate", spare=5), lambda s: percent(_of(s, "base_rate"))),
            ("mean loss", lambda s: figure(_of(s, "mean_loss"), _DIGITS)),
            (
                Column("95 % interval", spare=3),
                lambda s: interval(_of(s, "ci_low"), _of(s, "ci_high")),
            ),
            (Column("skill", spare=4, meaning=skill), lambda s: percent(_of(s, "skill"))),
            ("share of loss", lambda s: percent(s.share_of_total)),
            (Column("impossible", spare=1), lambda s: count(_of(s, "n_impossible") or 0))
            if has_impossible
            else None,
        ),
        notes=tuple(notes),
        is_asked=True,
    )


def _name_column(index: int, name: str) -> TableColumn[SegmentReport]:
    """Return the column of words that part the rows."""
    return (
        Column(safe_text(name, _LONGEST_NAME), is_text=True, wraps=True),
        lambda segment: safe_text(segment.names[index], _LONGEST_NAME) or "(empty)",
    )


def _of(segment: SegmentReport, name: str) -> Any:  # noqa: ANN401 -- any figure
    """Return a figure of a segment; None where it has none."""
    return getattr(segment.report, name, None)


def _figures(segment: SegmentReport) -> dict[str, Any]:
    figures = {name: _of(segment, name) for name in FIGURES_OF_SEGMENTS}
    return {"n": segment.n, **figures, **picked(segment, "share_of_total", "is_small")}


def segment_records(
    segments: Sequence[SegmentReport], columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the words of each segment by column, and its figures beside them, for JSON."""
    return [
        {"segment": dict(zip(columns, segment.names, strict=True)), **_figures(segment)}
        for segment in segments
    ]


def segment_lines(
    segments: Sequence[SegmentReport], columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the words of each segment by column, and its figures, in one line, for CSV."""
    return [_line(segment, columns) for segment in segments]


def _line(segment: SegmentReport, columns: Sequence[str]) -> dict[str, Any]:
    figures = _figures(segment)
    words = zip(columns, segment.names, strict=True)
    named = {f"segment {name}" if name in figures else name: word for name, word in words}
    return named | figures
