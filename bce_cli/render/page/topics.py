"""What stands on the page of a report, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from bce_cli.render.layout import Section
    from bce_cli.render.page.picture import Picture

Content: TypeAlias = "Section | Picture"


@dataclass(frozen=True, slots=True)
class Topic:
    """What the page says of one thing, under one heading.

    Attributes
    ----------
    name : str
        Its mark in the page, such as ``segments``: letters and hyphens, each but once.
    title : str
    contents : tuple of Section or Picture
        In their order. A section whose title is that of the topic does not repeat it.
    folded : str
        Text that is shown as it is, such as JSON, behind a line that opens it.
    """

    name: str
    title: str
    contents: tuple[Content, ...] = ()
    folded: str = ""
