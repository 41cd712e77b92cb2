"""Curves: what is to be drawn, drawn with characters or as a picture."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import UsageError, quoted, shortage
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.layout import count, figure, how_many, interval, interval_title, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.text import Annotation

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.report import LossReport
    from bce_cli.render.layout import Look

_DUST = 1e-6
LABEL = 9  # characters before the axis
INDENT = " " * (LABEL + 2)
_HEIGHT = 13
_WIDEST = 100
_PICTURES = ("png", "svg", "pdf")
_PANEL_WIDTH, _PANEL_HEIGHT = 5.6, 3.1  # inches
_LETTERS = 12.5  # of a subtitle, in an inch
_HEADING_SHARE = 0.8  # of the width of a picture


@dataclass(frozen=True, slots=True)
class Series:
    """Points joined by straight lines, ascending in x."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]

    def at(self, x: float) -> float | None:
        """Return the height of the line between the neighbours of x, where both are finite."""
        if not self.x[0] <= x <= self.x[-1]:
            return None
        after = next(i for i, value in enumerate(self.x) if value >= x)
        before = max(after - 1, 0)
        y0, y1 = self.y[before], self.y[after]
        if not (math.isfinite(y0) and math.isfinite(y1)):
            return None
        span = self.x[after] - self.x[before]
        return y1 if span == 0.0 else y0 + (y1 - y0) * (x - self.x[before]) / span


@dataclass(frozen=True, slots=True)
class Curve:
    """Some series over one pair of axes, and the place on the x-axis that they are to show."""

    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...]
    place: float | None = None


def draw_curve(curve: Curve, look: Look) -> tuple[str, ...]:
    """Draw a curve with characters, as wide as the look allows."""
    width = max(min(look.width, _WIDEST) - len(INDENT), 20)
    xs = [x for series in curve.series for x in series.x]
    ys = [y for series in curve.series for y in series.y if math.isfinite(y)]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    canvas = [[" "] * width for _ in range(_HEIGHT)]
    if curve.place is not None:
        place = min(max(curve.place, left), right)
        column = round((place - left) / ((right - left) or 1.0) * (width - 1))
        for row in canvas:
            row[column] = look.pick("┊", ":")
    marked = list(zip(look.pick("•∘×+◦", "*ox+."), curve.series, strict=False))
    for mark, series in marked:
        for column in range(width):
            y = series.at(left + (right - left) * column / (width - 1))
            if y is not None:
                height = (y - low) / ((high - low) or 1.0)
                canvas[round((1.0 - height) * (_HEIGHT - 1))][column] = mark
    heights = {0: high, _HEIGHT // 2: (low + high) / 2.0, _HEIGHT - 1: low}
    span = high - low
    labels = {row: figure(_without_dust(height, span), 3) for row, height in heights.items()}
    ends = figure(left, 4), figure(right, 4)
    axis = curve.x_name.center(width - sum(map(len, ends))).join(ends)
    legend = [f"{mark} {series.name}" for mark, series in marked]
    return (
        f"{INDENT}{curve.y_name}",
        *framed(["".join(row) for row in canvas], labels, look),
        f"{INDENT}{axis}",
        *packed(legend, width),
    )


def _without_dust(height: float, span: float) -> float:
    """Return 0 for what is far nearer to 0 than an axis of this span can show."""
    return 0.0 if abs(height) < _DUST * span else height


def packed(entries: Sequence[str], width: int, indent: str = INDENT) -> list[str]:
    """Put the entries of a legend into as few lines below a drawing as hold them whole.

    Examples
    --------
    >>> [line.strip() for line in packed(["+ a", "o b", "* c"], 10)]
    ['+ a   o b', '* c']
    """
    lines = [""]
    for entry in entries:
        longer = f"{lines[-1]}   {entry}" if lines[-1] else entry
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(entry)
    return [f"{indent}{line}" for line in lines if line]


def framed(
    rows: Sequence[str], labels: Mapping[int, str], look: Look, label: int = LABEL
) -> list[str]:
    """Draw axes on the left of rows of characters and below them, with labels at some rows.

    Parameters
    ----------
    rows : sequence of str
    labels : mapping of int to str
    look : Look
    label : int, optional
        Characters for the labels.
    """
    bar, corner, rule = tuple(look.pick("│└─", "|+-"))
    lines = [f"{labels.get(i, ''):>{label}} {bar}{row}".rstrip() for i, row in enumerate(rows)]
    return [*lines, " " * (label + 1) + corner + rule * len(rows[0])]


def picture_format(path: str) -> str:
    """Return the format that the ending of a path asks for, before any work is done.

    Raises
    ------
    UsageError
        Another ending, or matplotlib is missing.
    """
    ending = PurePath(path).suffix.lower().removeprefix(".")
    if ending not in _PICTURES:
        message = f"--plot {quoted(path)} must end in .png, .svg or .pdf"
        raise UsageError(message)
    require_matplotlib("--plot")
    return ending


def require_matplotlib(option: str) -> None:
    """Raise UsageError if matplotlib is missing, which an option needs."""
    try:
        import matplotlib as mpl  # noqa: F401 -- an extra
    except ImportError as error:
        message = f"{option} needs matplotlib, which is not installed"
        hint = "install matplotlib: pip install matplotlib"
        raise shortage(error) or UsageError(message, hint) from None


@dataclass(frozen=True, slots=True)
class Chapter:
    """Some curves side by side, with a heading and what they show, in words."""

    heading: str
    subtitle: str
    curves: tuple[Curve, ...] = ()


def plot_chapters(chapters: Sequence[Chapter], stream: IO[bytes], picture: str) -> None:
    """Draw chapters one below the other, all curves in panels of one size, as a picture.

    Parameters
    ----------
    chapters : sequence of Chapter
        At least one of them has curves.
    stream : binary stream
    picture : {"png", "svg", "pdf"}
    """
    from matplotlib.figure import Figure

    columns = max(len(chapter.curves) for chapter in chapters)
    width = _PANEL_WIDTH * columns
    subtitles = [subtitle_within(chapter.subtitle, width) for chapter in chapters]
    heights: list[float] = []
    for chapter, lines in zip(chapters, subtitles, strict=True):
        heights += [header_height(lines), *([_PANEL_HEIGHT] if chapter.curves else [])]
    drawn = Figure(figsize=(width, sum(heights)), layout=roomy())
    grid = drawn.add_gridspec(len(heights), columns, height_ratios=heights)
    row = 0
    for chapter, lines in zip(chapters, subtitles, strict=True):
        write_header(drawn.add_subplot(grid[row, :]), chapter.heading, lines)
        row += 1
        for column, curve in enumerate(chapter.curves):
            _plot_curve(drawn.add_subplot(grid[row, column]), curve)
        row += bool(chapter.curves)
    save_picture(drawn, stream, picture)


def _plot_curve(ax: Axes, curve: Curve) -> None:
    for series in curve.series:
        ax.plot(series.x, series.y, label=series.name)
    if curve.place is not None:
        ax.axvline(curve.place, color="0.5", linestyle=":")
    ax.set(xlabel=curve.x_name, ylabel=curve.y_name)
    ax.set_title(curve.title, fontsize=10.0, loc="left", parse_math=False)
    plain_axes(ax)
    if curve.x_name == "row":
        ax.locator_params(axis="x", integer=True)
    if len(curve.series) > 1:
        ax.legend(edgecolor="none", fontsize=9.0)


def roomy() -> ConstrainedLayoutEngine:
    """Return a layout in which no label overlaps another, nor the edge."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)


def plain_axes(ax: Axes) -> None:
    """Leave of the frame of a panel what helps to read it."""
    ax.grid(visible=True, alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)


def subtitle_within(text: str, width: float) -> str:
    """Break a subtitle into lines that a picture of that width, in inches, has room for."""
    room = int(width * _LETTERS)
    return "\n".join("\n".join(wrapped(line, room)) for line in text.splitlines())


def header_height(subtitle: str) -> float:
    """Return what a heading and the lines of a subtitle take, in inches."""
    return 0.65 + 0.17 * len(subtitle.splitlines())


def write_header(ax: Axes, heading: str, subtitle: str) -> None:
    """Write a heading and a subtitle that is broken into lines, in axes of their own."""
    ax.set_axis_off()
    title = _below_corner(ax, heading, 14.0, size=13.0, weight="bold")
    _below_corner(ax, subtitle, 34.0, size=9.5)
    for text in ax.texts:
        text.set_in_layout(False)  # it has room enough, and must not take it from the panels
    drawn = cast("Figure", ax.figure)
    room = drawn.bbox.width * _HEADING_SHARE / title.get_window_extent().width
    title.set_fontsize(13.0 * min(room, 1.0))


def _below_corner(ax: Axes, text: str, points: float, **style: Any) -> Annotation:  # noqa: ANN401
    """Write a text so far below the upper left corner of axes."""
    return ax.annotate(
        text,
        (0.0, 1.0),
        xycoords="axes fraction",
        xytext=(0.0, -points),
        textcoords="offset points",
        va="top",
        parse_math=False,
        **style,
    )


def drawable(text: str) -> str:
    r"""Show characters that no font in use has as escapes, not as boxes and a warning for each.

    Examples
    --------
    >>> drawable("caf\u00e9 \U000e0100")
    'café \\U000e0100'
    """
    if text.isascii():
        return text
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = [
        get_font(findfont(FontProperties(family=[family])))
        for family in FontProperties().get_family()
    ]
    return "".join(
        c
        if c == "\n" or any(font.get_char_index(ord(c)) for font in fonts)
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def rows_and_mean(
    report: LossReport | CalibrationReport,
    low: float | None,
    high: float | None,
    confidence: float = 0.95,
) -> str:
    """Say what a picture is of: how many rows, and their mean loss with its interval, if known.

    Examples
    --------
    >>> from bce_cli import loss_report, loss_totals
    >>> rows_and_mean(loss_report(loss_totals([1, 0], [0.75, 0.25])), 0.25, 0.5)
    '2 rows, mean loss 0.287682 nats (95 % interval 0.25 to 0.5)'
    >>> rows_and_mean(loss_report(loss_totals([1, 0], [0.0, 0.25])), None, None)
    '2 rows, 1 of them certain and wrong, mean loss infinite'
    """
    n = report.n_impossible
    impossible = f", {count(n)} of them certain and wrong" if n else ""
    mean = f"{figure(report.mean_loss)} {report.unit}"
    if math.isinf(report.mean_loss):
        mean = "infinite"
    elif low is not None and high is not None:
        mean += f" ({interval_title(confidence)} {interval(low, high)})"
    return f"{how_many(report.n)}{impossible}, mean loss {mean}"


def save_picture(drawn: Figure, stream: IO[bytes], picture: str) -> None:
    """Write a picture; the same one is the same bytes, whenever it is written."""
    import matplotlib as mpl

    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    _settle(drawn)
    with mpl.rc_context({"svg.hashsalt": "bce"}):
        drawn.savefig(stream, format=picture, dpi=150, metadata=undated[picture])


def _settle(drawn: Figure) -> None:
    """Lay a picture out, and forget the last digits, which the solver does not repeat."""
    drawn.draw_without_rendering()
    drawn.set_layout_engine("none")
    for ax in drawn.axes:
        ax.set_position(tuple(round(end, 4) for end in ax.get_position().bounds))
