"""Pictures drawn, as elements of HTML: as SVG, or as PNG where mail refuses that."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bce_cli.errors import UsageError, shortage
from bce_cli.render.drawing import drawable
from bce_cli.render.page.letters import SIZE
from bce_cli.render.page.picture import Remark
from bce_cli.render.page.placed import INK, number, place
from bce_cli.render.page.templating import rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bce_cli.render.page.picture import XY, Picture, PictureMark, Scale
    from bce_cli.render.page.placed import Anchor, Stroke, Words

_DARK = "#1a1a1a"
_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"  # where a line of words begins, whatever it says
_INCH = 100.0  # pixels of the usual size, of which one is two of PNG
_SHARPNESS = 2
_POINTS = 72.0
_COLORS = 64  # tell a line from its edge, and take a third of the bytes
_SIDES: dict[Anchor, str] = {"start": "left", "middle": "center", "end": "right"}


def svg_of(picture: Picture) -> Markup:
    """Draw a picture as SVG that is part of a page.

    It has no style, no script and no reference to anything but its own title and description; all
    text is escaped, and has to be fit to be shown. The same picture is the same bytes.

    Examples
    --------
    >>> from bce_cli.render.page.picture import Picture, Polyline
    >>> from bce_cli.render.page.scales import linear
    >>> line = Polyline("a < b", ((0.0, 0.0), (1.0, 1.0)))
    >>> drawn = svg_of(Picture("it", "A line", "", linear("x", 0, 1), linear("y", 0, 1), (line,)))
    >>> '<title id="it-title">A line</title>' in drawn, "a &lt; b" in drawn
    (True, True)
    """
    found = {"picture": picture, "placed": place(picture), "number": number, "letters": SIZE}
    drawn = rendered("picture.svg.jinja", **found)
    return Markup(drawn)  # noqa: S704 -- the template has escaped all text


def img_of(picture: Picture) -> Markup:
    """Draw a picture as an image that is part of a page, with its description in words.

    Raises
    ------
    UsageError
        matplotlib is missing.
    """
    data = b64encode(png_of(picture)).decode("ascii")
    placed = place(_drawable(picture))
    image = Markup('<img src="data:image/png;base64,{}" width="{}" height="{}" alt="{}">')
    size = number(placed.width), number(placed.height)
    return image.format(data, *size, f"{picture.title}. {picture.description}".strip())


def png_of(picture: Picture) -> bytes:
    """Draw a picture as PNG, dark on white, with two pixels for each of the usual size.

    Raises
    ------
    UsageError
        matplotlib is missing.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        message = "a picture as PNG needs matplotlib, which is not installed"
        hint = "install it: pip install 'bce-cli[plot]'"
        raise shortage(error) or UsageError(message, hint) from None
    from PIL import Image  # noqa: PLC0415 -- what matplotlib writes PNG with

    placed = place(_drawable(picture))
    size = placed.width / _INCH, placed.height / _INCH
    canvas: Any = FigureCanvasAgg(Figure(size, dpi=_INCH * _SHARPNESS, facecolor="white"))
    ax = canvas.figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    ax.set(xlim=(0.0, placed.width), ylim=(placed.height, 0.0))
    for stroke in placed.strokes:
        _draw_stroke(stroke, ax)
    for words in placed.words:
        _write_words(words, ax)
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw")
    stream = io.BytesIO()
    image.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE).save(
        stream, "png", optimize=True
    )
    return stream.getvalue()


def _drawable(picture: Picture) -> Picture:
    """Return a picture without letters that no font has, before words are given their places."""
    below = picture.below
    if below is not None:
        below = replace(below, y=_drawable_scale(below.y))
    return replace(
        picture,
        x=_drawable_scale(picture.x),
        y=_drawable_scale(picture.y),
        marks=tuple(_drawable_mark(mark) for mark in picture.marks),
        below=below,
    )


def _drawable_scale(scale: Scale) -> Scale:
    ticks = tuple((at, drawable(text)) for at, text in scale.ticks)
    return replace(scale, title=drawable(scale.title), ticks=ticks)


def _drawable_mark(mark: PictureMark) -> PictureMark:
    if isinstance(mark, Remark):
        return replace(mark, text=drawable(mark.text))
    return replace(mark, name=drawable(mark.name))


def _draw_stroke(stroke: Stroke, ax: Axes) -> None:
    from matplotlib.patches import Circle, PathPatch
    from matplotlib.path import Path as Outline

    color = _DARK if stroke.color == INK else stroke.color
    look: dict[str, Any] = {"facecolor": color, "edgecolor": "none"}
    if stroke.width:
        look = {"facecolor": "none", "edgecolor": color, "linewidth": _points(stroke.width)}
        look |= {"capstyle": "butt", "joinstyle": "miter", "linestyle": _dashes(stroke)}
    look |= {"alpha": stroke.opacity, "clip_on": False}
    if stroke.radius:
        for run in stroke.runs:
            for spot in run:
                ax.add_patch(Circle(spot, stroke.radius, **look))
        return
    corners: list[XY] = []
    codes: list[Any] = []
    for run in stroke.runs:
        corners += [*run, run[0]] if stroke.is_closed else run
        codes += [Outline.MOVETO] + [Outline.LINETO] * (len(run) - 1)
        codes += [Outline.CLOSEPOLY] * stroke.is_closed
    ax.add_patch(PathPatch(Outline(corners, codes), **look))


def _dashes(stroke: Stroke) -> Any:  # noqa: ANN401 -- of matplotlib, which has names as well
    """Return lengths of dashes and gaps, which matplotlib counts in widths of the line."""
    if not stroke.dash:
        return "-"
    return 0.0, [float(length) / stroke.width for length in stroke.dash.split()]


def _points(pixels: float) -> float:
    return pixels / _INCH * _POINTS


def _write_words(words: Words, ax: Axes) -> None:
    ax.text(
        words.x,
        words.y,
        f"{_LEFT_TO_RIGHT}{words.text}" if _LEFT_TO_RIGHT in words.text else words.text,
        color=_DARK,
        fontsize=_points(SIZE),
        family="DejaVu Sans",
        ha=_SIDES[words.anchor],
        va="baseline",
        parse_math=False,
    )
