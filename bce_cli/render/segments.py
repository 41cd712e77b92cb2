"""Where the loss comes from: the segments of `bce compute --by`, side by side."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from bce_cli.core.segments import off_beyond_chance
from bce_cli.errors import quoted, safe_text
from bce_cli.render.layout import (
    PLAIN,
    Column,
    Section,
    count,
    figure,
    how_many,
    interval,
    interval_title,
    percent,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.core.segment_reports import SegmentReport
    from bce_cli.core.segments import Gap
    from bce_cli.render.layout import Look, TableColumn

T = TypeVar("T")

_DIGITS = 5
MOST_SHOWN = 40
"""Segments that a table has."""

_LONGEST_NAME = 60
_MANY_SMALL = 20  # segments of few rows, of which more are hardly meant
EMPTY = "(empty)"
"""What a table has in place of no word."""

GAP = "Gap: event rate minus mean prediction; above 0, predictions are too low."
_SKILL = "Skill: the share removed of the loss of the segment's own base rate."
FIGURES_OF_SEGMENTS = (
    *("n_positive", "weight_sum", "base_rate", "mean_loss", "std_error", "ci_low", "ci_high"),
    *("total_loss", "base_rate_loss", "skill", "brier", "n_impossible", "finite_mean_loss"),
)
"""What a segment has of the figures of all rows."""

_GAP = ("value", "std_error", "ci_low", "ci_high")


def segments_section(
    segments: Sequence[SegmentReport],
    columns: Sequence[str],
    confidence: float = 0.95,
    *,
    are_cut: bool = False,
    shown: Sequence[SegmentReport] | None = None,
    look: Look = PLAIN,
) -> Section:
    """Show each segment, those that cost most first, or in the order of the cuts.

    Parameters
    ----------
    segments : sequence of SegmentReport
        Highest total loss first.
    columns : sequence of str
        Whose words part the rows.
    confidence : float, optional
        Of the intervals.
    are_cut : bool, optional
        Whether one of them was cut into intervals, whose order is that of the segments.
    shown : sequence of SegmentReport, optional
        Those that the table has, where somebody else tells of the others; else the first.
    look : Look, optional
    """
    rest: Sequence[SegmentReport] = ()
    if shown is None:
        shown, rest = segments[:MOST_SHOWN], segments[MOST_SHOWN:]
    notes = []
    if any(segment.is_small for segment in shown):
        notes.append("* fewer than 30 rows: their intervals and skill are not to be trusted.")
    if rest:
        notes.append(rest_note([segment.n for segment in rest], are_cut=are_cut, look=look))
    notes += cut_notes(columns, [s.names for s in segments if s.is_small], look)
    gaps = [(s.names, s.gap) for s in segments if s.gap is not None and not s.is_small]
    has_gaps = any(segment.gap is not None for segment in segments)
    return Section(
        f"Where the loss comes from: {by_title(columns, are_cut=are_cut)}",
        *table(shown, *_columns(segments, columns, interval_title(confidence))),
        verdicts=(gap_verdict(gaps, confidence),) if has_gaps else (),
        notes=tuple(notes),
        is_asked=True,
    )


def _columns(
    segments: Sequence[SegmentReport], columns: Sequence[str], level: str
) -> Iterator[TableColumn[SegmentReport]]:
    """Yield the columns of the table."""
    for index, name in enumerate(columns):
        yield name_column(index, name, lambda segment: segment.names)
    yield Column("rows", spare=2), lambda s: f"{count(s.n)}{'*' if s.is_small else ''}"
    yield Column("base rate", spare=5), lambda s: percent(_of(s, "base_rate"))
    if any(segment.gap is not None for segment in segments):  # older versions have none
        yield Column("predicted", spare=6), lambda s: percent(s.mean_prediction)
        yield Column("gap", meaning=GAP), lambda s: gap_text(s.gap)
        yield Column(f"{level} of gap", spare=7), lambda s: gap_ends(s.gap)
    yield Column("mean loss"), lambda s: figure(_of(s, "mean_loss"), _DIGITS)
    yield Column(level, spare=3), lambda s: interval(_of(s, "ci_low"), _of(s, "ci_high"))
    yield Column("skill", spare=4, meaning=_SKILL), lambda s: percent(_of(s, "skill"))
    yield Column("share of loss"), lambda s: percent(s.share_of_total)
    if any(_of(segment, "n_impossible") for segment in segments):
        yield Column("impossible", spare=1), lambda s: count(_of(s, "n_impossible") or 0)


def gap_text(gap: Gap | None) -> str:
    """Show how far predictions are off on average, with its sign.

    Examples
    --------
    >>> from bce_cli.core.segments import Gap
    >>> gap_text(Gap(0.03)), gap_text(Gap(-0.00001)), gap_text(None)
    ('+0.0300', '0.0000', '-')
    """
    return "-" if gap is None else _decimals(gap.value, "+")


def gap_ends(gap: Gap | None, joint: str = " to ") -> str:
    """Show the interval of a gap with as many decimals as the gap itself."""
    if gap is None or gap.ci_low is None or gap.ci_high is None:
        return "-"
    return f"{_decimals(gap.ci_low)}{joint}{_decimals(gap.ci_high)}"


def _decimals(value: float, sign: str = "") -> str:
    text = f"{value:{sign}.4f}"
    return text if float(text) else "0.0000"


def gap_verdict(gaps: Sequence[tuple[tuple[str, ...], Gap]], confidence: float) -> str:
    """Say for how many segments predictions are off on average, and most for which.

    Parameters
    ----------
    gaps : sequence of tuple of tuple of str and Gap
        The words and the gap of each segment of 30 rows or more.
    confidence : float
        Of the intervals.

    Only a segment that is off beyond what chance does among so many is named.

    Examples
    --------
    >>> from bce_cli.core.segments import Gap
    >>> gap_verdict([(("a",), Gap(0.5, 0.1, 0.3, 0.7)), (("b",), Gap(0.0, 0.1, -0.2, 0.2))], 0.95)
    "Predictions are off on average in 1 of 2 segments, most in 'a': +0.5000 [0.3000, 0.7000]; \
chance alone would make it at most about 0.1 of 2."
    """
    judged = [(names, gap) for names, gap in gaps if gap.std_error is not None]
    if not judged:
        return "No segment has the 30 rows that its gap could be told from."
    n_off = sum(gap.is_off(confidence) for _, gap in judged)
    text = f"Predictions are off on average in {count(n_off)} of {how_many(len(judged), 'segment')}"
    beyond = off_beyond_chance([gap for _, gap in judged], confidence)
    if beyond:
        names, worst = judged[beyond[0]]
        text += f", most in {segment_name(names)}: {gap_text(worst)} [{gap_ends(worst, ', ')}]"
    elif n_off:
        text += ", none of them beyond chance"
    most = (1.0 - confidence) * len(judged)
    return f"{text}; chance alone would make it at most about {most:.2g} of {count(len(judged))}."


def by_title(columns: Sequence[str], *, are_cut: bool) -> str:
    """Say what parts the rows, and in which order segments stand.

    Examples
    --------
    >>> by_title(["site", "day"], are_cut=False), by_title(["age"], are_cut=True)
    ("by 'site', 'day', costliest first", "by 'age', in order")
    """
    order = "in order" if are_cut else "costliest first"
    return f"by {', '.join(map(quoted, columns))}, {order}"


def cut_notes(
    columns: Sequence[str], small: Sequence[Sequence[str]], look: Look = PLAIN
) -> Iterator[str]:
    """Suggest to cut numbers, each of which has few rows.

    Parameters
    ----------
    columns : sequence of str
        Whose words part the rows.
    small : sequence of sequence of str
        The words of each segment of fewer than 30 rows.

    Examples
    --------
    >>> [*cut_notes(["age"], [[f"{n}"] for n in range(21)])]
    ["Each number in 'age' is a segment; --cut quantile:5 puts numbers into intervals."]
    """
    if len(small) <= _MANY_SMALL:
        return
    for place, name in enumerate(columns):
        words = {names[place] for names in small}
        if len(words) > _MANY_SMALL and all(map(_is_number, words)):
            segment = f"Each number in {quoted(name)} is a segment"
            cut = look.asked_by("--cut quantile:5", "cut='quantile:5'")
            yield f"{segment}; {cut} puts numbers into intervals."


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return not word
    return True


def segment_name(names: Sequence[str]) -> str:
    """Call a segment by its words.

    Examples
    --------
    >>> segment_name(("Oslo", ""))
    "'Oslo', (empty)"
    """
    return ", ".join(quoted(name) if name else EMPTY for name in names)


def name_shown(name: str) -> str:
    """Show a word that parts the rows, in quotes where nothing would be seen of it.

    Examples
    --------
    >>> name_shown("Oslo"), name_shown(" "), name_shown("")
    ('Oslo', "' '", '(empty)')
    """
    if not name:
        return EMPTY
    return safe_text(name, _LONGEST_NAME) if name.strip() else quoted(name)


def name_column(index: int, name: str, names_of: Callable[[T], Sequence[str]]) -> TableColumn[T]:
    """Return the column of words that part the rows.

    Parameters
    ----------
    index : int
        Its place among such columns.
    name : str
    names_of : callable
        Returns the words of what a line is of.
    """
    return (
        Column(safe_text(name, _LONGEST_NAME), is_text=True, wraps=True),
        lambda line: name_shown(names_of(line)[index]),
    )


def rest_note(
    rows: Sequence[int], *, are_cut: bool, where: str = "csv and json have", look: Look = PLAIN
) -> str:
    """Say which segments a table leaves out, and where they are.

    Parameters
    ----------
    rows : sequence of int
        How many each of them has.
    are_cut : bool
        Whether a column was cut into intervals, whose order is that of the segments.
    where : str, optional
        The formats that have them.
    look : Look, optional

    Examples
    --------
    >>> rest_note([1200, 34], are_cut=False)
    '2 more segments of 1,234 rows together cost less; --format csv and json have them all.'
    """
    also = f"{how_many(len(rows), 'more segment')} of {how_many(sum(rows))} together"
    have = look.asked_by(f"--format {where}", "segments has")
    return f"{also} {'follow' if are_cut else 'cost less'}; {have} them all."


def _of(segment: SegmentReport, name: str) -> Any:  # noqa: ANN401 -- any figure
    """Return a figure of a segment; None where it has none."""
    return getattr(segment.report, name, None)


def gap_record(gap: Gap | None) -> dict[str, float | None]:
    """Return how far predictions are off on average, for JSON and CSV.

    Examples
    --------
    >>> from bce_cli.core.segments import Gap
    >>> gap_record(Gap(0.5))
    {'gap': 0.5, 'gap_std_error': None, 'gap_ci_low': None, 'gap_ci_high': None}
    """
    return {f"gap_{name}".removesuffix("_value"): getattr(gap, name, None) for name in _GAP}


def _values(segment: SegmentReport) -> tuple[Any, ...]:
    """Return the figures of a segment, as `_KEYS` calls them."""
    report, gap = segment.report, segment.gap
    figures = _NO_FIGURES if report is None else _figures_of(report)
    return (
        segment.n,
        *figures[:_GAP_AT],
        segment.mean_prediction,
        *(_NO_GAP if gap is None else _ends_of(gap)),
        *figures[_GAP_AT:],
        *_rest_of(segment),
    )


_REST = ("share_of_total", "n_clusters", "effective_clusters", "is_small")
_GAP_AT = FIGURES_OF_SEGMENTS.index("base_rate") + 1
_KEYS = (
    "n",
    *FIGURES_OF_SEGMENTS[:_GAP_AT],
    "mean_prediction",
    *gap_record(None),
    *FIGURES_OF_SEGMENTS[_GAP_AT:],
    *_REST,
)
_figures_of, _ends_of, _rest_of = (attrgetter(*n) for n in (FIGURES_OF_SEGMENTS, _GAP, _REST))
_NO_FIGURES, _NO_GAP = (None,) * len(FIGURES_OF_SEGMENTS), (None,) * len(_GAP)


def segment_records(
    segments: Sequence[SegmentReport], columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the words of each segment by column, and its figures beside them, for JSON."""
    return [
        {
            "segment": dict(zip(columns, segment.names, strict=True)),
            **dict(zip(_KEYS, _values(segment), strict=True)),
        }
        for segment in segments
    ]


def segment_lines(
    segments: Sequence[SegmentReport], columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the words of each segment by column, and its figures, in one line, for CSV."""
    keys = (*(f"segment {name}" if name in _KEYS else name for name in columns), *_KEYS)
    return [
        dict(zip(keys, (*segment.names, *_values(segment)), strict=True)) for segment in segments
    ]
