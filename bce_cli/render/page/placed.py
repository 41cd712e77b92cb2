"""A picture as strokes and letters in pixels: where all of it stands, so that no words overlap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bce_cli.lean_dataclass import dataclass
from bce_cli.render.layout import figure
from bce_cli.render.page.letters import SIZE, fitted, fitted_name, fitted_names, lines_of, width_of
from bce_cli.render.page.picture import Boxes, Level, Polyline, Remark, Spots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.render.page.picture import XY, Dash, Picture, PictureMark, Scale, Shape

Anchor: TypeAlias = Literal["start", "middle", "end"]

INK, GREY = "currentColor", "#808080"
COLORS = ("#1A7FC4", "#D55E00", "#00936B", "#B8599F", "#8F7A1F", "#6C78DC", "#D2483F", "#3F8F9F")
"""Each of them is seen on white and on black, with a contrast of 3 at least."""

_DASHES: dict[Dash, str] = {"solid": "", "dashed": "6 4", "dotted": "1.5 3.5"}
_FAINT = 0.15
_LINE = 18.0  # from a line of words to the next
_DESCENT = 4.0
_GAP = 8.0  # from labels to axes
_SAMPLE = 24.0  # of a mark, in a legend
_BETWEEN = 14.0  # entries of a legend
_RADIUS = 4.2
_CAP = 3.0
_RIGHT = 10.0
_MOST_LABEL, _CUT_LABEL = 0.54, 0.45  # of the width of a picture; the latter if some are cut
_CLOSE = 8  # tenths of a pixel, that nobody tells apart
_PANELS = 10.0  # from one to the other

_OUTLINES: dict[Shape, tuple[tuple[XY, ...], ...]] = {
    "square": (((-3.8, -3.8), (3.8, -3.8), (3.8, 3.8), (-3.8, 3.8)),),
    "diamond": (((0.0, -5.4), (5.4, 0.0), (0.0, 5.4), (-5.4, 0.0)),),
    "triangle": (((0.0, -5.0), (4.8, 3.8), (-4.8, 3.8)),),
    "cross": (((-4.0, -4.0), (4.0, 4.0)), ((-4.0, 4.0), (4.0, -4.0))),
    "bar": (((0.0, -6.5), (0.0, 6.5)),),
}
_LINES: tuple[Shape, ...] = ("cross", "bar")


@dataclass(frozen=True, slots=True)
class Stroke:
    """Lines from spot to spot, or circles around spots, all of one look.

    Attributes
    ----------
    runs : tuple of tuple of (float, float)
        Each a line.
    color : str
    width : float
        Of the line; 0 for what is filled.
    dash : str
        Lengths of dashes and gaps; "" for none.
    is_closed : bool
    radius : float
        Above 0 for circles around all spots.
    opacity : float
    """

    runs: tuple[tuple[XY, ...], ...]
    color: str
    width: float = 1.0
    dash: str = ""
    is_closed: bool = False
    radius: float = 0.0
    opacity: float = 1.0

    @property
    def path(self) -> str:
        """Its outline, as SVG has it."""
        if self.radius:
            return "".join(_circle(spot, self.radius) for run in self.runs for spot in run)
        return "".join(_run(run) + "z" * self.is_closed for run in self.runs)


@dataclass(frozen=True, slots=True)
class Words:
    """A line of words; `whole` is what they were cut from."""

    text: str
    x: float
    y: float
    anchor: Anchor = "start"
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """All strokes and words of a picture, in the order in which they are drawn."""

    width: float
    height: float
    strokes: tuple[Stroke, ...]
    words: tuple[Words, ...]


def number(value: float) -> str:
    """Write a length in pixels, with a decimal.

    Examples
    --------
    >>> number(12.04), number(-0.04), number(0.5)
    ('12', '0', '0.5')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _run(run: Sequence[XY]) -> str:
    """Write a line by the steps between its spots; nobody misses those that are next to others."""
    x, y = (round(10.0 * length) for length in run[0])
    path = f"M{number(x / 10.0)} {number(y / 10.0)}"
    for place, spot in enumerate(run[1:], 2):
        right, down = round(10.0 * spot[0]) - x, round(10.0 * spot[1]) - y
        if max(abs(right), abs(down)) < _CLOSE and place < len(run):
            continue
        if down == 0:
            path += f"h{number(right / 10.0)}"
        elif right == 0:
            path += f"v{number(down / 10.0)}"
        else:
            space = "" if down < 0 else " "
            path += f"l{number(right / 10.0)}{space}{number(down / 10.0)}"
        x, y = x + right, y + down
    return path


def _circle(spot: XY, radius: float) -> str:
    r, there = number(radius), number(2.0 * radius)
    half = f"a{r} {r} 0 1 0"
    return f"M{number(spot[0] - radius)} {number(spot[1])}{half} {there} 0{half}-{there} 0z"


@dataclass(frozen=True, slots=True)
class _Plot:
    """The space between axes, and where numbers stand in it."""

    x: Scale
    y: Scale
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def across(self, value: float) -> float:
        """Return the place of a number of the x-axis; at an end what is beyond it."""
        return self.left + _share(self.x, value) * self.width

    def down(self, value: float) -> float:
        return self.bottom - _share(self.y, value) * self.height

    def spot(self, spot: XY) -> XY:
        return self.across(spot[0]), self.down(spot[1])


def _share(scale: Scale, value: float) -> float:
    if math.isinf(value):
        return float((value > 0.0) == (scale.high > scale.low))
    return min(max((value - scale.low) / (scale.high - scale.low), 0.0), 1.0)


def place(picture: Picture) -> Placed:
    """Find a place for all that a picture consists of."""
    below = picture.below
    scales = [picture.y] if below is None else [picture.y, below.y]
    labels = max((width_of(text) for scale in scales for _, text in scale.ticks), default=0.0)
    is_cut = labels > picture.width * _MOST_LABEL
    room = picture.width * _CUT_LABEL if is_cut else labels
    left = room + _GAP
    top, strokes, words = _legend(picture)
    width = picture.width - left - _RIGHT
    plot = _Plot(picture.x, picture.y, left, top + _heading(picture.y), width, picture.height)
    plots = [(plot, picture.marks)]
    if below is not None:
        under = plot.bottom + _PANELS + _heading(below.y)
        plots.append((_Plot(picture.x, below.y, left, under, width, below.height), below.marks))
    for each, marks in plots:
        strokes += _grid(each)
        words += _y_words(each, room)
        for mark in marks:
            found = _DRAWN[type(mark)](mark, each)
            strokes += found[0]
            words += found[1]
    last = plots[-1][0]
    bottom, x_words = _x_words(last, picture.width)
    return Placed(picture.width, math.ceil(bottom), (*strokes,), (*words, *x_words))


def _heading(scale: Scale) -> float:
    return _LINE + 7.0 if scale.title else _GAP


def _grid(plot: _Plot) -> list[Stroke]:
    """Draw faint lines at all ticks, and the axis below."""
    upright = [
        ((x, plot.top), (x, plot.bottom)) for x in (plot.across(at) for at, _ in plot.x.ticks)
    ]
    level = [((plot.left, y), (plot.right, y)) for y in (plot.down(at) for at, _ in plot.y.ticks)]
    axis = ((plot.left, plot.bottom), (plot.right, plot.bottom))
    return [
        Stroke((*upright, *level), INK, 1.0, opacity=_FAINT),
        Stroke((axis,), INK, 1.0, opacity=0.6),
    ]


def _y_words(plot: _Plot, room: float) -> Iterator[Words]:
    """Name the y-axis above it, and its ticks on its left, as many as have room."""
    if plot.y.title:
        shown = fitted(plot.y.title, plot.right)
        yield _words(shown, 0.0, plot.top - _GAP - 4.0, plot.y.title)
    last = math.inf
    texts = fitted_names([name for _, name in plot.y.ticks], room)
    for (at, name), text in zip(plot.y.ticks, texts, strict=True):
        y = plot.down(at) + _DESCENT
        if abs(y - last) >= SIZE:
            yield _words(text, plot.left - _GAP, y, name, "end")
            last = y


def _x_words(plot: _Plot, width: float) -> tuple[float, list[Words]]:
    """Name ticks below the x-axis, as many as have room, and below them the axis."""
    words, end = [], -math.inf
    bottom = plot.bottom + _LINE
    for at, text in plot.x.ticks:
        half = width_of(text) / 2.0
        x = min(max(plot.across(at), half), width - half)
        if x - half >= end + _GAP / 2.0:
            words.append(Words(text, x, bottom, "middle"))
            end = x + half
    for line in lines_of(plot.x.title, width):
        bottom += _LINE
        half = width_of(line) / 2.0
        x = min(max(plot.left + plot.width / 2.0, half), width - half)
        words.append(Words(line, x, bottom, "middle"))
    return bottom + _DESCENT + 2.0, words


def _words(shown: str, x: float, y: float, name: str, anchor: Anchor = "start") -> Words:
    return Words(shown, x, y, anchor, whole="" if shown == name else name)


def _color(place: int) -> str:
    return GREY if place < 0 else COLORS[place % len(COLORS)]


Drawn: TypeAlias = "tuple[list[Stroke], list[Words]]"


def _draw_line(mark: Polyline, plot: _Plot) -> Drawn:
    runs: list[list[XY]] = [[]]
    for spot in mark.spots:
        if all(map(math.isfinite, spot)):
            runs[-1].append(plot.spot(spot))
        elif runs[-1]:
            runs.append([])
    shown = tuple(tuple(run) for run in runs if run)
    return [Stroke(shown, _color(mark.color), 2.0, _DASHES[mark.dash])], []


def _draw_level(mark: Level, plot: _Plot) -> Drawn:
    if mark.axis == "x":
        x = plot.across(mark.value)
        run = (x, plot.top), (x, plot.bottom)
    else:
        y = plot.down(mark.value)
        run = (plot.left, y), (plot.right, y)
    return [Stroke((run,), _color(mark.color), 1.6, _DASHES[mark.dash])], []


def _draw_boxes(mark: Boxes, plot: _Plot) -> Drawn:
    base = plot.down(0.0)
    boxes = []
    for low, high, height in mark.boxes:
        left, right, top = plot.across(low), plot.across(high), plot.down(height)
        if 0.0 < base - top < 1.0:
            top = base - 1.0  # whatever is there is seen
        if top < base:
            boxes.append(((left, base), (left, top), (right, top), (right, base)))
    return [Stroke((*boxes,), _color(mark.color), 0.0, is_closed=True)] if boxes else [], []


def _draw_spots(mark: Spots, plot: _Plot) -> Drawn:
    """Draw intervals, and over them spots; those beyond an axis as arrowheads, with a word."""
    color, strokes, words, inside = _color(mark.color), [], [], []
    for spot in mark.spots:
        if _is_within(plot.x, spot[0]) and _is_within(plot.y, spot[1]):
            inside.append(plot.spot(spot))
        else:
            arrow, said = _beyond(spot, plot, color)
            strokes.append(arrow)
            words.append(said)
    whiskers = tuple(_whiskers(mark, plot))
    if whiskers:
        strokes.append(Stroke(whiskers, color, 1.5))
    if inside:
        strokes.append(_shaped(mark.shape, inside, color, is_open=mark.is_open))
    return strokes, words


def _is_within(scale: Scale, value: float) -> bool:
    low, high = sorted((scale.low, scale.high))
    return low <= value <= high


def _whiskers(mark: Spots, plot: _Plot) -> Iterator[tuple[XY, ...]]:
    for spot, interval in zip(mark.spots, mark.intervals, strict=False):
        if interval is None:
            continue
        if mark.along == "y":
            x, ends = plot.across(spot[0]), [plot.down(end) for end in interval]
            yield (x, ends[0]), (x, ends[1])
            yield from (((x - _CAP, y), (x + _CAP, y)) for y in ends)
        else:
            y, ends = plot.down(spot[1]), [plot.across(end) for end in interval]
            yield (ends[0], y), (ends[1], y)
            yield from (((x, y - _CAP), (x, y + _CAP)) for x in ends)


def _shaped(shape: Shape, spots: Sequence[XY], color: str, *, is_open: bool) -> Stroke:
    if shape == "circle":
        return Stroke((tuple(spots),), color, 1.8 * is_open, radius=_RADIUS)
    runs = tuple(
        tuple((x + right, y + down) for right, down in outline)
        for x, y in spots
        for outline in _OUTLINES[shape]
    )
    if shape in _LINES:
        return Stroke(runs, color, 2.4)
    return Stroke(runs, color, 1.8 * is_open, is_closed=True)


def _beyond(spot: XY, plot: _Plot, color: str) -> tuple[Stroke, Words]:
    """Draw an arrowhead at the end of an axis, and say beside it what it stands for."""
    x, y = plot.spot(spot)
    is_across = not _is_within(plot.x, spot[0])
    value = spot[0] if is_across else spot[1]
    text = "infinite" if math.isinf(value) else figure(value, 4)
    is_right, is_low = x > plot.left + plot.width / 2.0, y > plot.top + plot.height / 2.0
    anchor: Anchor = "end" if is_right else "start"
    side, way = 1.0 if is_right else -1.0, 1.0 if is_low else -1.0
    if is_across:
        head = (x, y), (x - 9.0 * side, y - 5.0), (x - 9.0 * side, y + 5.0)
        said = Words(text, x - 13.0 * side, y + _DESCENT, anchor)
    else:
        head = (x, y), (x - 5.0, y - 9.0 * way), (x + 5.0, y - 9.0 * way)
        said = Words(text, x - 9.0 * side, y - 4.5 * way + _DESCENT, anchor)
    return Stroke((head,), color, 0.0, is_closed=True), said


def _draw_remark(mark: Remark, plot: _Plot) -> Drawn:
    x, y = plot.spot(mark.spot)
    shown = fitted(mark.text, plot.right - x - _CAP)
    return [], [_words(shown, x + _CAP, y + _DESCENT, mark.text)]


_DRAWN: dict[type, Callable[[Any, _Plot], Drawn]] = {
    Polyline: _draw_line,
    Level: _draw_level,
    Boxes: _draw_boxes,
    Spots: _draw_spots,
    Remark: _draw_remark,
}


def _legend(picture: Picture) -> tuple[float, list[Stroke], list[Words]]:
    """Explain all marks that have a name, in as few lines as hold them, and say where these end."""
    strokes: list[Stroke] = []
    words: list[Words] = []
    room = picture.width - _SAMPLE - _GAP
    named = [mark for mark in picture.marks if not isinstance(mark, Remark) and mark.name]
    x, y = 0.0, _LINE
    for mark in named:
        text = fitted_name(mark.name, room)
        taken = _SAMPLE + _GAP + width_of(text)
        if x and x + taken > picture.width:
            x, y = 0.0, y + _LINE
        strokes += _sample(mark, x, y - _DESCENT)
        words.append(_words(text, x + _SAMPLE + _GAP, y, mark.name))
        x += taken + _BETWEEN
    return (y + _GAP if named else 0.0), strokes, words


def _sample(mark: PictureMark, x: float, y: float) -> Iterator[Stroke]:
    """Draw how a mark looks."""
    if isinstance(mark, Remark):
        return
    color, middle = _color(mark.color), x + _SAMPLE / 2.0
    if isinstance(mark, Boxes):
        box = (x + 4, y - 5), (x + _SAMPLE - 4, y - 5), (x + _SAMPLE - 4, y + 5), (x + 4, y + 5)
        yield Stroke((box,), color, 0.0, is_closed=True)
    elif isinstance(mark, Spots):
        if any(interval is not None for interval in mark.intervals):
            yield Stroke((((x, y), (x + _SAMPLE, y)),), color, 1.5)
        yield _shaped(mark.shape, [(middle, y)], color, is_open=mark.is_open)
    elif isinstance(mark, Level) and mark.axis == "x":
        yield Stroke((((middle, y - 7), (middle, y + 7)),), color, 1.6, _DASHES[mark.dash])
    else:
        yield Stroke((((x, y), (x + _SAMPLE, y)),), color, 2.0, _DASHES[mark.dash])
