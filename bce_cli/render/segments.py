"""The segments of `bce compute --by`: where the loss comes from."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bce_cli.errors import excel_safe, quoted, safe_text
from bce_cli.render.numbers import count, figure, interval, percent, rows
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.segments import SegmentReport
    from bce_cli.render.document import Document

_MOST_SHOWN = 40
_LONGEST_NAME = 60
_DIGITS = 5
_FIGURES = (
    "n_positive",
    "weight_sum",
    "base_rate",
    "mean_loss",
    "std_error",
    "ci_low",
    "ci_high",
    "total_loss",
    "base_rate_loss",
    "skill",
    "brier",
    "n_impossible",
    "finite_mean_loss",
)


def segments_section(document: Document) -> Section:
    """Show each segment, those that cost most first."""
    segments = document.segments
    shown = segments[:_MOST_SHOWN]
    has_impossible = any(item.report and item.report.n_impossible for item in segments)
    names = ", ".join(quoted(name) for name in document.segment_columns)
    return Section(
        title=f"Where the loss comes from: by {names}",
        columns=(
            *(Column(safe_text(n, _LONGEST_NAME), is_text=True) for n in document.segment_columns),
            Column("rows"),
            Column("base rate"),
            Column("mean loss"),
            Column("95 % interval"),
            Column("skill"),
            Column("share of loss"),
            *((Column("impossible"),) if has_impossible else ()),
        ),
        rows=tuple(_cells(segment, has_impossible=has_impossible) for segment in shown),
        notes=_notes(segments),
    )


def _cells(segment: SegmentReport, *, has_impossible: bool) -> tuple[str, ...]:
    report = segment.report
    mark = "*" if segment.is_small else ""
    names = (safe_text(name, _LONGEST_NAME) or "(empty)" for name in segment.names)
    impossible = () if not has_impossible else (count(report.n_impossible if report else 0),)
    if report is None:
        return (*names, f"{count(segment.n)}{mark}", "-", "-", "-", "-", "-", *impossible)
    return (
        *names,
        f"{count(segment.n)}{mark}",
        percent(report.base_rate),
        figure(report.mean_loss, _DIGITS),
        interval(report.ci_low, report.ci_high),
        percent(report.skill),
        percent(segment.share_of_total),
        *impossible,
    )


def _notes(segments: Sequence[SegmentReport]) -> tuple[str, ...]:
    notes = ["Skill: the share removed of the loss of the segment's own base rate."]
    if any(segment.is_small for segment in segments[:_MOST_SHOWN]):
        notes.append("* fewer than 30 rows: their interval and skill are not to be trusted.")
    rest = segments[_MOST_SHOWN:]
    if rest:
        n = rows(sum(segment.n for segment in rest))
        also = f"{count(len(rest))} more segments of {n} together"
        notes.append(f"{also} cost less; --format csv and json have them all.")
    return tuple(notes)


def segments_record(document: Document) -> list[dict[str, Any]]:
    """Return the figures of each segment by name, and its words by column."""
    return [
        {
            "segment": dict(zip(document.segment_columns, segment.names, strict=True)),
            **_figures(segment),
        }
        for segment in document.segments
    ]


def segment_lines(document: Document) -> list[dict[str, Any]]:
    """Return a line for each segment, its words first."""
    shown = excel_safe if document.excel_safe else str
    return [
        {
            **{
                f"segment {name}" if name in figures else name: shown(word)
                for name, word in zip(document.segment_columns, segment.names, strict=True)
            },
            **figures,
        }
        for segment, figures in ((item, _figures(item)) for item in document.segments)
    ]


def _figures(segment: SegmentReport) -> dict[str, Any]:
    report = {} if segment.report is None else asdict(segment.report)
    return {
        "n": segment.n,
        **{name: report.get(name) for name in _FIGURES},
        "share_of_total": segment.share_of_total,
        "is_small": segment.is_small,
    }
