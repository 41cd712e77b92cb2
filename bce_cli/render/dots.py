"""Rows of points with intervals, on axes of matplotlib, made to fit the room that there is."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from bce_cli.errors import ArgumentError, UsageError, safe_text, shortage
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.crown import (
    PLAIN,
    POINTS,
    crown,
    in_points,
    lay_out,
    letter_size,
    take_away,
    width_of,
)
from bce_cli.render.drawing import drawable, plain_axes, roomy
from bce_cli.render.layout import figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Record: TypeAlias = Mapping[str, Any]
    Named: TypeAlias = Callable[[Sequence[str]], list[str]]
    """Makes names fit to be drawn where there is so much room."""

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "0.5"
"""Colours that the colour-blind tell apart, on light and on dark; shapes say the same."""

MOST_ROWS = 20
"""However many there are, in a new figure too; the others are told of."""
DIGITS, TITLE_NAME = 4, 24
"""Of a number and of a name in a title."""
_LONGEST_NAME, _SHORTEST_NAME = 30, 8
_MOST_LETTERS = 400
_NAME_SHARE = 0.6  # of the width of axes, at the most
_LABEL_SHARE = 0.4  # of the width of axes that a layout places; more is written inside
_GAP, _NAME = 0.9, 1.8  # letters beside a label, and that the name of an axis takes
_LIFT = 0.5  # letters from points to the label above them
_LINE_SPACING, _ROW_SPACING = 1.25, 1.6
_WIDTH, _AXES_WIDTH, _WIDEST = 6.4, 4.0, 10.0  # inches
_AROUND = 1.7  # inches above and below the rows
_POINTS_PER_TICK = 62.0
_OFF_SCALE = 1e100
_LEAST_SPAN = 0.01
_CROWN = 2.0  # rows that would go where legend and title are, beside the room between axes
_POINTS_LINE = 0.8  # lines that points take below their label
_MARGIN, _ROOM_FOR_WORDS = 0.06, 0.6
_HALF_ROW = 0.6


@dataclass(frozen=True, slots=True)
class Mark:
    """What points of a kind mean, and how they look; shapes tell kinds apart without colours."""

    meaning: str
    sign: str
    color: str
    is_filled: bool = True
    size: float = 6.0


@dataclass(frozen=True, slots=True)
class Point:
    """A point with its interval, if it has one; the value may be infinite."""

    mark: Mark
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What stands on one line of a picture.

    Attributes
    ----------
    label : tuple of str
        Lines beside the axes; the first is there always, the others as there is room.
    points : tuple of Point
    word : str
        What is said in place of points.
    """

    label: tuple[str, ...]
    points: tuple[Point, ...] = ()
    word: str = ""


@dataclass(frozen=True, slots=True)
class Dots:
    """Rows of points, what they show, and what they are to be measured by.

    Attributes
    ----------
    title, x_name, y_name : str
    rows : sequence of Row
        The most important first.
    line : tuple of float and str, optional
        A line through all rows, and its meaning.
    n_rows : int, optional
        How many there are, of which these are the first.
    rest : callable
        Says in a label what becomes of the rows but those that are drawn, which are told by place.
    kept : int
        The place of a row that is drawn even where there is room for the first ones alone.
    ticks : tuple of str
        Words for -1, 0 and 1, in place of numbers.
    """

    title: str
    x_name: str
    y_name: str
    rows: Sequence[Row]
    line: tuple[float, str] | None = None
    n_rows: int = 0
    rest: Callable[[Sequence[int]], str] = str
    kept: int = 0
    ticks: tuple[str, ...] = ()


def refuse_other_axes(ax: object) -> None:
    """Raise unless there is matplotlib, and what was given, if anything, is axes of it.

    Raises
    ------
    UsageError
        matplotlib is missing.
    ArgumentError
        It is anything but axes.
    """
    try:
        from matplotlib.axes import Axes
    except ImportError as error:
        message = "plot needs matplotlib, which is not installed"
        hint = "install it: pip install 'bce-cli[plot]'"
        raise shortage(error) or UsageError(message, hint) from None
    if not (ax is None or isinstance(ax, Axes)):
        message = f"ax must be axes of matplotlib, got {type(ax).__name__}"
        raise ArgumentError(message, None, "ax")


def new_axes(height: float) -> Axes:
    """Open a figure of such a height, in inches, that notebooks show by themselves."""
    from matplotlib import pyplot as plt  # it knows of all figures that it opened

    return plt.figure(figsize=(_WIDTH, height), layout=roomy()).add_subplot()


def draw_dots(dots: Dots, ax: Axes | None) -> Axes:
    """Draw rows of points into axes, or into new ones.

    Parameters
    ----------
    dots : Dots
    ax : matplotlib.axes.Axes, optional
        Nothing else of its figure is touched. What was drawn there by this module before is
        replaced.
    """
    is_inside = ax is not None and _is_too_wide(dots, ax)
    n_rows, n_lines = _fitting(dots, ax, is_inside=is_inside)
    places = [*range(n_rows - 1), max(n_rows - 1, dots.kept)]
    rows = [dots.rows[place] for place in places]
    labels = ["\n".join(row.label[:n_lines]) for row in rows]
    if dots.n_rows > n_rows:
        labels.append(dots.rest(places))
    labels = [drawable(label) for label in labels]
    height = _pitch(n_lines) * len(labels) / POINTS
    drawn = new_axes(height + _AROUND) if ax is None else ax
    take_away(drawn)
    before = {*drawn.get_children()}
    handles = _draw_rows(drawn, rows, dots)
    artists = [artist for artist in drawn.get_children() if artist not in before]
    if is_inside:
        _label_inside(drawn, labels, n_lines)
    else:
        drawn.set_ylim(len(labels) - 1 + _HALF_ROW, -_HALF_ROW)
        drawn.set_yticks(range(len(labels)), labels, **PLAIN)
        drawn.tick_params(axis="y", length=0.0)
    drawn.set_xlabel(drawable(dots.x_name), **PLAIN)
    drawn.set_ylabel(drawable(dots.y_name), **PLAIN)
    plain_axes(drawn)
    drawn.grid(visible=False, axis="y")
    if ax is None:
        _widen(drawn)
    lay_out(drawn)
    ticks = None if dots.ticks else _POINTS_PER_TICK
    fitted = crown(drawn, dots.title, handles, is_new=ax is None, points_per_tick=ticks)
    fitted.artists = artists
    if ax is None:
        lay_out(drawn)
        lacking = height - in_points(drawn, drawn.bbox.height) / POINTS
        whole = cast("Figure", drawn.figure)
        whole.set_figheight(whole.get_figheight() + max(lacking, 0.0))
    return drawn


def _is_too_wide(dots: Dots, ax: Axes) -> bool:
    """Return whether labels beside axes would take much of them, or run over their neighbours."""
    whole = ax.figure.bbox
    if ax.figure.get_layout_engine() is None:
        box = ax.get_position(original=True)
        others = [other.get_position(original=True) for other in ax.figure.axes if other is not ax]
        is_level = [other.y0 < box.y1 and other.y1 > box.y0 for other in others]
        ends = [other.x1 for other, level in zip(others, is_level, strict=True) if level]
        left = max((end for end in ends if end <= box.x0), default=0.0)
        room = in_points(ax, (box.x0 - left) * whole.width)
        room -= letter_size() * (_GAP + _NAME * bool(dots.y_name))
    else:
        room = _LABEL_SHARE * cell_width(ax)
    return any(width_of(line) > room for row in dots.rows for line in row.label)


def cell_width(ax: Axes) -> float:
    """Return how wide axes are before any layout makes room for what is around them, in points."""
    spec = ax.get_subplotspec()
    if spec is None or ax.figure.get_layout_engine() is None:
        return in_points(ax, ax.bbox.width)
    share = spec.get_position(cast("Figure", ax.figure)).width
    return in_points(ax, share * ax.figure.bbox.width)


def _label_inside(ax: Axes, labels: Sequence[str], n_lines: int) -> None:
    """Write the label of each row above its points, within the axes."""
    room = cell_width(ax) - _GAP * letter_size()
    shown = ["\n".join(_within(line, room) for line in label.split("\n")) for label in labels]
    pitch = max(_height(ax) / len(labels), 1.0) / letter_size()
    raised = min(_LIFT / pitch, 0.5)
    above = min((_LIFT + _LINE_SPACING * n_lines) / pitch, 1.0)
    around = max(1.0 - above - raised, 0.2) / 2.0
    ax.set_ylim(len(labels) - 1 + raised + around, -above - around)
    ax.set_yticks([row - raised for row in range(len(labels))], shown, **PLAIN)
    ax.tick_params(axis="y", length=0.0, pad=-0.4 * letter_size())
    ground = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "alpha": 0.7, "pad": 0.5}
    for label in ax.get_yticklabels():
        label.set(ha="left", va="bottom", multialignment="left", bbox=ground)


def _within(line: str, room: float) -> str:
    """Return a line in brief that has no more room than that, in points."""
    shown = line
    while width_of(shown) > room and len(line) > _SHORTEST_NAME:
        line = line[:-1]
        shown = f"{line.rstrip()}..."
    return shown


def _height(ax: Axes) -> float:
    """Return what axes have for rows, in points, less what a title and a legend will take."""
    return in_points(ax, ax.bbox.height) - _CROWN * _pitch(1)


def _fitting(dots: Dots, ax: Axes | None, *, is_inside: bool) -> tuple[int, int]:
    """Return how many rows there is room for, and how many lines of each label."""
    n_rows, n_lines = len(dots.rows), max(len(row.label) for row in dots.rows)
    if ax is None:
        return n_rows, n_lines
    height = _height(ax)
    while n_lines > 1 and n_rows * _pitch(n_lines, is_inside=is_inside) > height:
        n_lines -= 1
    fitting = max(int(height / _pitch(n_lines, is_inside=is_inside)), 1)
    if dots.n_rows > min(fitting, n_rows):
        fitting = max(fitting - 1, 1)  # for a word about the others
    return min(n_rows, fitting), n_lines


def _pitch(n_lines: int, *, is_inside: bool = False) -> float:
    """Return what a row takes whose label has so many lines, in points."""
    lines = n_lines - 1 + _POINTS_LINE * is_inside
    return letter_size() * (_ROW_SPACING + _LINE_SPACING * lines)


def number(value: float | None) -> float | None:
    """Return a number of JSON, and None for one that is not known."""
    return None if value is None or math.isnan(value) else float(value)


def names_that_differ(names: Sequence[str], ax: Axes | None) -> list[str]:
    """Return names made fit to be drawn beside axes: in brief, and each another one.

    Examples
    --------
    >>> names_that_differ(["a", "x" * 40 + "1", "x" * 40 + "2"], None)
    ['a', 'xxxxxxxxxxxxx...xxxxxxxxxxxxx1', 'xxxxxxxxxxxxx...xxxxxxxxxxxxx2']
    """
    shown = [drawable(safe_text(name, _MOST_LETTERS)) for name in names]
    room = math.inf if ax is None else _NAME_SHARE * cell_width(ax)
    longest = [_fitting_letters(name, room) for name in shown]
    pairs = [*zip(shown, longest, strict=True)]
    brief = [name if len(name) <= n else f"{name[: n - 3]}..." for name, n in pairs]
    often = Counter(brief)
    brief = [
        name if often[name] == 1 or len(full) <= n else _without_middle(full, n)
        for name, (full, n) in zip(brief, pairs, strict=True)
    ]
    often = Counter(brief)
    return [
        name if often[name] == 1 else f"{name} ({number})" for number, name in enumerate(brief, 1)
    ]


def _without_middle(name: str, n: int) -> str:
    half = (n - 2) // 2
    return f"{name[: half - 1]}...{name[-half:]}"


def _fitting_letters(name: str, room: float) -> int:
    """Return how many letters of a name have room, in points; a few have always."""
    if math.isinf(room):
        return _LONGEST_NAME
    width = width_of(name)
    fitting = min(len(name) * room / max(width, 1.0), _LONGEST_NAME)
    return max(int(fitting), _SHORTEST_NAME)


def _draw_rows(ax: Axes, rows: Sequence[Row], dots: Dots) -> list[Artist]:
    """Draw all points, and return what a legend explains."""
    _set_scale(ax, rows, dots)
    marks = dict.fromkeys(point.mark for row in rows for point in row.points)
    handles: list[Artist] = [_draw_points(ax, rows, mark) for mark in marks]
    if dots.line is not None:
        place, meaning = dots.line
        handles.append(ax.axvline(place, color=GREY, linestyle="--", label=meaning, zorder=1.0))
    for height, row in enumerate(rows):
        if row.word:
            across = ax.get_yaxis_transform()
            ax.text(
                0.02, height, row.word, transform=across, fontsize="small", va="center", **PLAIN
            )
    return handles


def _draw_points(ax: Axes, rows: Sequence[Row], mark: Mark) -> Artist:
    """Draw the points of a kind: those with a place on the scale, and others at its ends."""
    heights, values, errors = [], [], []
    style: dict[str, Any] = {
        "color": mark.color,
        "markerfacecolor": mark.color if mark.is_filled else "none",
        "markersize": mark.size,
    }
    for height, row in enumerate(rows):
        for point in row.points:
            if point.mark != mark:
                continue
            if is_on_scale(point.value):
                heights.append(height)
                values.append(point.value)
                errors.append([_distance(point.value, end) for end in (point.low, point.high)])
            else:
                _draw_beyond(ax, height, point)
    style["label"] = mark.meaning
    if all(math.isnan(distance) for pair in errors for distance in pair):
        return ax.plot(values, heights, mark.sign, **style)[0]
    spread = [*zip(*errors, strict=True)]
    drawn = ax.errorbar(values, heights, xerr=spread, fmt=mark.sign, capsize=3.0, **style)
    return cast("Artist", drawn)  # a group of some, which legends take for one


def _draw_beyond(ax: Axes, height: int, point: Point) -> None:
    """Draw an arrowhead at the end of the scale, and say beside it what it stands for."""
    is_right = point.value > 0.0
    place, sign, side = (0.985, ">", "right") if is_right else (0.015, "<", "left")
    across = ax.get_yaxis_transform()
    ax.plot([place], [height], sign, color=point.mark.color, transform=across)
    text = "infinite" if math.isinf(point.value) else figure(point.value, 4)
    ax.annotate(
        text,
        (place, height),
        xycoords=across,
        xytext=(-6.0 if is_right else 6.0, 0.0),
        textcoords="offset points",
        fontsize="small",
        va="center",
        ha=side,
        **PLAIN,
    )


def span_of(rows: Sequence[Row], dots: Dots) -> tuple[float, float]:
    """Return the ends of a scale that all points have a place on, with room for words beside it."""
    points = [point for row in rows for point in row.points]
    ends = [end for p in points for end in (p.value, p.low, p.high) if end is not None]
    ends += [dots.line[0]] if dots.line is not None else []
    shown = [end for end in ends if is_on_scale(end)] or [0.0]
    low, high = (-1.0, 1.0) if dots.ticks else (min(shown), max(shown))
    largest = max(abs(low), abs(high))
    if high - low <= _LEAST_SPAN * largest:
        half = _LEAST_SPAN * largest or 0.5
        low, high = low - half, high + half
    span = high - low
    beyond = [point.value > 0.0 for point in points if not is_on_scale(point.value)]
    left = _ROOM_FOR_WORDS if False in beyond and not dots.ticks else _MARGIN
    right = _ROOM_FOR_WORDS if True in beyond and not dots.ticks else _MARGIN
    return low - left * span, high + right * span


def _set_scale(ax: Axes, rows: Sequence[Row], dots: Dots) -> None:
    """Scale the x-axis, and mark it."""
    low, high = span_of(rows, dots)
    ax.set_xlim(low, high)
    if dots.ticks:
        ax.set_xticks((-1.0, 0.0, 1.0), dots.ticks)
        return
    ax.xaxis.set_major_formatter(
        lambda value, _: figure(0.0 if abs(value) < 1e-9 * (high - low) else value)
    )


def _widen(ax: Axes) -> None:
    """Make a new figure wide enough for the labels beside its axes."""
    labels = max(label.get_window_extent().width for label in ax.get_yticklabels())
    wanted = _AXES_WIDTH + in_points(ax, labels) / POINTS
    cast("Figure", ax.figure).set_figwidth(min(max(wanted, _WIDTH), _WIDEST))


def is_on_scale(value: float) -> bool:
    """Whether a number is not so great that others could not be told apart beside it."""
    return abs(value) < _OFF_SCALE


def _distance(value: float, end: float | None) -> float:
    """Return how far the end of an interval is from its point; nan where there is none."""
    return abs(value - end) if end is not None and is_on_scale(end) else math.nan
