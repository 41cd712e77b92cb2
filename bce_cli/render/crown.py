"""What stands around axes: a title, a legend and names that keep to the width of the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from bce_cli.render.drawing import drawable
from bce_cli.render.layout import wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.gridspec import SubplotSpec
    from matplotlib.legend import Legend
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""What keeps text from outside from being set as mathematics."""
POINTS = 72.0
"""In an inch."""

_HEADING: dict[str, Any] = {"fontsize": "medium", "loc": "left", **PLAIN}
_LEGEND: dict[str, Any] = {
    "bbox_to_anchor": (0.0, 1.0),
    "borderaxespad": 0.2,
    "borderpad": 0.2,
    "columnspacing": 1.2,
    "fontsize": "small",
    "frameon": False,
    "handletextpad": 0.5,
    "loc": "lower left",
}
_SHORTEST_LINE = 12  # letters
_MOST_LINES = 4
_MOST_TICKS = 8
_UNBROKEN = "\N{NO-BREAK SPACE}%"
_LINES_BELOW = 3.4  # of ticks and a name below other axes
_LINE_SPACING = 1.2


def crown(
    ax: Axes,
    title: str,
    handles: Sequence[Artist],
    *,
    is_new: bool,
    points_per_tick: float | None = None,
) -> Crown:
    """Put a legend above axes, and above that the title, no wider than they are.

    Both are fitted to the axes, as are the names of these, whenever their figure is laid out or
    drawn, as other axes may have taken room by then. So they take no width from any axes. In a
    figure without a layout the axes make room for what is above them and below.

    Where both would take more than half of the height of axes that were given, or the legend is
    wider than they in any case, it is not seen.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    title : str
    handles : sequence of Artist
        All that has a meaning.
    is_new : bool
        Whether their figure may grow.
    points_per_tick : float, optional
        What a number below the axes takes, at the most.
    """
    before = ax.get_axes_locator()
    if isinstance(before, Crown):
        before = before.before
    fitted = Crown(ax, drawable(title), handles, before, is_new=is_new)
    fitted.points_per_tick = points_per_tick
    ax.set_axes_locator(cast("Any", fitted))  # whose own axes are what it is called with
    fitted(ax)
    return fitted


def take_away(ax: Axes) -> tuple[Mapping[str, Any], ...]:
    """Remove the picture that was drawn in axes before, so that another one can take its place.

    Returns
    -------
    tuple of mapping
        The records of reliability diagrams, if it was some.
    """
    found = ax.get_axes_locator()
    if not isinstance(found, Crown) or not {*found.artists} & {*ax.get_children()}:
        return ()  # or someone has cleared the axes
    for container in [*ax.containers]:
        if {*container.get_children()} & {*found.artists}:
            container.remove()
    for artist in {*found.artists} & {*ax.get_children()}:
        artist.remove()
    if not found.diagrams:
        from matplotlib.ticker import AutoLocator, ScalarFormatter

        for axis in (ax.xaxis, ax.yaxis):
            axis.set_tick_params(reset=True)
            axis.set_major_locator(AutoLocator())
            axis.set_major_formatter(ScalarFormatter())
    return found.diagrams


def lay_out(ax: Axes) -> None:
    """Give axes the place that their figure's layout, if it has one, has for them so far."""
    engine = ax.figure.get_layout_engine()
    if engine is not None:
        engine.execute(ax.figure.canvas.figure)  # of all subfigures


def in_points(ax: Axes, pixels: float) -> float:
    """Return a length in points."""
    return pixels / ax.figure.dpi * POINTS


def letter_size() -> float:
    """Return the size of the labels beside axes, in points, as matplotlib is set up."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    return FontProperties(size=rcParams["ytick.labelsize"]).get_size_in_points()


def width_of(text: str) -> float:
    """Return how wide the longest line of a label beside axes is, in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=letter_size())
    return max(
        text_to_path.get_text_width_height_descent(line, font, ismath=False)[0]
        for line in text.split("\n")
    )


class Crown:
    """What axes call before they are laid out or drawn: it fits what stands around them.

    Whatever of it someone replaces is left as it is from then on.

    Attributes
    ----------
    before : callable, optional
        What placed the axes before.
    points_per_tick : float, optional
        What a number below the axes takes, at the most.
    diagrams : tuple of mapping
        The records of reliability diagrams that are drawn.
    artists : list of Artist
        What the picture consists of.
    """

    def __init__(
        self,
        ax: Axes,
        title: str,
        handles: Sequence[Artist],
        before: Any,  # noqa: ANN401 -- of matplotlib, which gives it no name
        *,
        is_new: bool,
    ) -> None:
        self.before = before
        self.points_per_tick: float | None = None
        self.diagrams: tuple[Mapping[str, Any], ...] = ()
        self.artists: list[Artist] = []
        self._ax = ax
        self._handles = handles
        self._is_new = is_new
        self._names = ax.get_xlabel(), ax.get_ylabel()
        self._shown_names = self._names
        self._title = title
        self._shown_title = title
        self._legend: Legend | None = None
        self._legend_height = self._title_height = 0.0
        self._fitted_to: tuple[float, ...] = ()
        ax.set_title(title, **_HEADING)
        if handles:
            self._legend = _legend(ax, handles, len(handles))

    def get_subplotspec(self) -> SubplotSpec | None:
        """Return the place in a grid of axes, which layouts ask for."""
        return getattr(self.before or self._ax, "get_subplotspec", lambda: None)()

    def __call__(self, ax: Axes, renderer: RendererBase | None = None) -> Bbox:
        """Fit what stands around the axes, and return their place."""
        box = self.before(ax, renderer) if self.before else ax.get_position(original=True)
        whole = ax.figure.bbox
        pixels = box.width * whole.width, box.height * whole.height
        size = tuple(round(in_points(ax, side), 2) for side in pixels)  # at any resolution
        if size != self._fitted_to:
            self._fitted_to = size
            if self.points_per_tick is not None:
                room = int(size[0] / self.points_per_tick)
                ax.locator_params(axis="x", nbins=max(min(room, _MOST_TICKS), 2))
            self._fit_names(pixels, renderer)
            self._fit_legend(pixels[0], renderer)
            self._fit_title(*pixels, renderer)
        is_plain = ax.figure.get_layout_engine() is None and not self.before
        return self._with_room(box) if is_plain else box

    def _fit_names(self, sides: tuple[float, float], renderer: RendererBase | None) -> None:
        ax = self._ax
        labels = ax.xaxis.label, ax.yaxis.label
        shown = []
        for label, side, name, before in zip(
            labels, sides, self._names, self._shown_names, strict=True
        ):
            if label.get_text() == before:
                label.set_text(name)
                _wrap(label, side, renderer, is_upright=label is ax.yaxis.label)
                before = label.get_text()  # noqa: PLW2901 -- what is there now
            shown.append(before)
        self._shown_names = shown[0], shown[1]

    def _fit_legend(self, width: float, renderer: RendererBase | None) -> None:
        """Put the legend into as many columns as are no wider than the axes."""
        self._legend_height = 0.0
        if self._legend is None or self._ax.get_legend() is not self._legend:
            return
        for columns in range(len(self._handles), 0, -1):
            self._legend = _legend(self._ax, self._handles, columns)
            extent = self._legend.get_window_extent(renderer)
            self._legend_height = in_points(self._ax, extent.height)
            if extent.width <= width:
                break

    def _fit_title(self, width: float, height: float, renderer: RendererBase | None) -> None:
        ax = self._ax
        if ax.get_title(loc="left") != self._shown_title:
            return
        words = ax.set_title(self._title, **_HEADING)
        _wrap(words, width, renderer)
        lines = words.get_text().split("\n")
        if len(lines) > _MOST_LINES and not self._is_new:
            lines[_MOST_LINES - 1] += " ..."
            words.set_text("\n".join(lines[:_MOST_LINES]))
        self._title_height = in_points(ax, words.get_window_extent(renderer).height)
        both = self._legend_height + self._title_height
        if self._legend is not None and self._legend_height:
            is_wide = self._legend.get_window_extent(renderer).width > width
            is_seen = self._is_new or (both <= in_points(ax, height) / 2.0 and not is_wide)
            self._legend.set_visible(is_seen)
            self._legend_height *= is_seen
        self._shown_title = words.get_text()
        pad = self._legend_height + 0.6 * letter_size()
        ax.set_title(self._shown_title, pad=pad, **_HEADING)

    def _with_room(self, box: Bbox) -> Bbox:
        """Take from axes what they have to leave to words above and below them."""
        from matplotlib.transforms import Bbox

        ax = self._ax
        line = letter_size() / in_points(ax, ax.figure.bbox.height)
        floor, ceiling = 0.0, 1.0
        for other in ax.figure.axes:
            place = other.get_position(original=True)
            if other is ax or place.x1 <= box.x0 or place.x0 >= box.x1:
                continue
            if place.y0 >= box.y1:
                ceiling = min(ceiling, place.y0 - _LINES_BELOW * line)
            if place.y1 <= box.y0:  # leaves room for a name of one line
                floor = box.y0 - _LINES_BELOW * line
        above = ((self._title_height + self._legend_height) / letter_size() + 1.0) * line
        below = (_LINES_BELOW + self._shown_names[0].count("\n") * _LINE_SPACING) * line
        half = box.height / 2.0
        bottom = min(max(box.y0, floor + below), box.y0 + half / 2.0)
        top = max(min(box.y1, ceiling - above), box.y0 + half)
        return Bbox.from_extents(box.x0, bottom, box.x1, top)


def _legend(ax: Axes, handles: Sequence[Artist], columns: int) -> Legend:
    legend = ax.legend(handles=handles, ncols=columns, **_LEGEND)
    legend.set_in_layout(False)  # the title above it leaves it its height
    for label in legend.get_texts():
        label.set(**PLAIN)
    return legend


def _wrap(
    words: Text, pixels: float, renderer: RendererBase | None, *, is_upright: bool = False
) -> None:
    """Break a text into lines that are no longer than some room, in pixels."""
    text = words.get_text().replace(" %", _UNBROKEN)
    letters = len(text)
    while letters > _SHORTEST_LINE:
        extent = words.get_window_extent(renderer)
        length = extent.height if is_upright else extent.width
        if length <= pixels:
            return
        letters = max(min(int(letters * pixels / length), letters - 1), _SHORTEST_LINE)
        words.set_text("\n".join(wrapped(text, letters)).replace(_UNBROKEN, " %"))
