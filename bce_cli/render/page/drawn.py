"""A picture as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bce_cli.errors import safe_text

if TYPE_CHECKING:
    from bce_cli.render.page.picture import Picture


def svg_of(picture: Picture) -> Markup:
    """Draw a picture as SVG, with its title and description."""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{}" height="{}"'
        ' viewBox="0 0 {} {}" aria-labelledby="{}-title {}-desc"><title id="{}-title">{}</title>'
        '<desc id="{}-desc">{}</desc><rect x="40" y="20" width="560" height="300" fill="none"'
        ' stroke="currentColor"/></svg>'
    ).format(
        *(picture.width, picture.height, picture.width, picture.height),
        *(picture.name, picture.name, picture.name, safe_text(picture.title)),
        *(picture.name, safe_text(picture.description)),
    )


def png_of(picture: Picture) -> bytes:
    """Draw a picture as PNG."""
    raise NotImplementedError(picture.name)
