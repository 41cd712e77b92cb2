"""Pictures drawn: as SVG inside a page, and as PNG."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bce_cli.errors import safe_text
from bce_cli.render.page.letters import SIZE
from bce_cli.render.page.placed import number, place

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

    from bce_cli.render.page.picture import Picture


def svg_of(picture: Picture) -> Markup:
    """Draw a picture as an element of HTML.

    It has no style, no script and no reference to anything but its own title and description; all
    text is escaped. The same picture is the same bytes.

    Examples
    --------
    >>> from bce_cli.render.page.picture import Picture, Polyline
    >>> from bce_cli.render.page.scales import linear
    >>> line = Polyline("a < b", ((0.0, 0.0), (1.0, 1.0)))
    >>> drawn = svg_of(Picture("it", "A line", "", linear("x", 0, 1), linear("y", 0, 1), (line,)))
    >>> '<title id="it-title">A line</title>' in drawn, "a &lt; b" in drawn
    (True, True)
    """
    from markupsafe import Markup  # noqa: PLC0415 -- where pages are written

    drawn = _template().render(
        name=picture.name,
        title=safe_text(picture.title),
        description=safe_text(picture.description),
        placed=place(picture),
        number=number,
        size=SIZE,
    )
    return Markup(drawn)  # noqa: S704 -- the template has escaped all text


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 -- as above

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=False,
    )
    return environment.get_template("picture.svg.jinja")
