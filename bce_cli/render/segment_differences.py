"""For whom a model is better, and for whom worse: the segments of `bce compare --by`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from bce_cli.render.compare_verdict import KINDS
from bce_cli.render.layout import (
    PLAIN,
    Column,
    Judged,
    Section,
    count,
    figure,
    how_many,
    interval,
    interval_title,
    mean_loss_text,
    table,
)
from bce_cli.render.segments import (
    MOST_SHOWN,
    by_title,
    cut_notes,
    name_column,
    rest_note,
    segment_name,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.comparison.differences import DifferenceReport, Verdict
    from bce_cli.core.comparison.models import ComparisonReport
    from bce_cli.core.comparison.segment_differences import SegmentDifference
    from bce_cli.render.layout import Look

_DIGITS = 4
_MOST_NAMED = 5
_OTHER: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}


def segment_sections(
    report: ComparisonReport,
    columns: Sequence[str],
    baseline: str,
    names: Sequence[str],
    *,
    are_cut: bool = False,
    look: Look = PLAIN,
) -> list[Section]:
    """Show how each model differs from the first, by segment; those where it costs most first.

    Parameters
    ----------
    report : ComparisonReport
    columns : sequence of str
        Whose words part the rows.
    baseline : str
        What tables call the first model.
    names : sequence of str
        And the others, in the order of the comparisons.
    are_cut : bool, optional
        Whether a column was cut into intervals, whose order is that of the segments.
    look : Look, optional
    """
    called = dict(zip((item.model for item in report.comparisons), names, strict=True))
    whole = {item.model: item for item in report.comparisons}
    groups = groupby(report.segments, key=lambda item: item.difference.model)
    found = {model: list(items) for model, items in groups}
    return [
        _section(
            found[model],
            whole[model],
            report,
            columns,
            (called[model], baseline),
            are_cut=are_cut,
            look=look,
        )
        for model in called
        if model in found
    ]


def _section(
    segments: Sequence[SegmentDifference],
    whole: DifferenceReport,
    report: ComparisonReport,
    columns: Sequence[str],
    names: tuple[str, str],
    *,
    are_cut: bool,
    look: Look,
) -> Section:
    shown, rest = segments[:MOST_SHOWN], segments[MOST_SHOWN:]
    model, baseline = names
    verdicts = [report.verdict(segment.difference) for segment in segments]
    notes = []
    if any(segment.is_small for segment in shown):
        notes.append("* fewer than 30 rows: their interval is not to be trusted.")
    if rest:
        sizes = [segment.n for segment in rest]
        notes.append(rest_note(sizes, are_cut=are_cut, where="json has", look=look))
    notes += cut_notes(columns, [s.names for s in segments if s.is_small], look)
    p = "p: paired t-test adjusted by Holm's procedure for the number of segments."
    return Section(
        f"{model} minus {baseline}, {by_title(columns, are_cut=are_cut)}",
        *table(
            tuple(zip(shown, verdicts, strict=False)),
            *(name_column(index, name, _names) for index, name in enumerate(columns)),
            (
                Column("rows", spare=2),
                lambda pair: f"{count(pair[0].n)}{'*' if pair[0].is_small else ''}",
            ),
            (Column("mean loss", spare=3), lambda pair: mean_loss_text(pair[0].mean_loss)),
            ("difference", lambda pair: figure(pair[0].difference.value, _DIGITS)),
            (
                f"its {interval_title(report.confidence)}",
                lambda pair: _interval(pair[0].difference),
            ),
            (
                Column("p (Holm)", spare=1, meaning=p),
                lambda pair: figure(_finite(pair[0].difference, "p_adjusted"), 2),
            ),
            (
                Column("verdict", is_text=True),
                lambda pair: Judged(pair[1], KINDS[pair[1]]),
            ),
        ),
        verdicts=(_summary(segments, verdicts, model, report.verdict(whole)),),
        notes=tuple(notes),
        is_asked=True,
    )


def _names(pair: tuple[SegmentDifference, Verdict]) -> tuple[str, ...]:
    return pair[0].names


def _finite(item: DifferenceReport, name: str) -> float | None:
    """Return a figure of a difference over all rows; None where a mean is infinite."""
    found: float | None = getattr(item.finite, name) if item.infinite is None else None
    return found


def _interval(item: DifferenceReport) -> str:
    return interval(_finite(item, "ci_low"), _finite(item, "ci_high"))


def _summary(
    segments: Sequence[SegmentDifference], words: Sequence[Verdict], model: str, whole: Verdict
) -> str:
    """Say in how many segments a model is better or worse, and where that is turned around."""
    counts = [(word, words.count(word)) for word in KINDS if word in words]
    (first, n), *others = counts
    parts = [f"{first} in {count(n)} of {how_many(len(segments), 'segment')}"]
    parts += [f"{word} in {count(n)}" for word, n in others]
    said = f"{model} is {_listed(parts)}."
    if whole not in _OTHER:
        return said
    other = _OTHER[whole]
    turned = [segment for segment, word in zip(segments, words, strict=True) if word == other]
    if not turned:
        return f"{said} Over all rows it is {whole}, and {other} in no segment."
    names = [segment_name(segment.names) for segment in turned[:_MOST_NAMED]]
    if len(turned) > _MOST_NAMED:
        names.append(f"{count(len(turned) - _MOST_NAMED)} more")
    return f"{said} Over all rows it is {whole}, but {other} in {_listed(names)}."


def _listed(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
