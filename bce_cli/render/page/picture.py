"""What a picture is made of, whoever draws it: axes, and marks at numbers on them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.render.layout import Section

XY: TypeAlias = tuple[float, float]
"""x and y, in the numbers of the axes."""
Shape: TypeAlias = Literal["circle", "square", "diamond", "triangle", "cross", "bar"]
Dash: TypeAlias = Literal["solid", "dashed", "dotted"]


@dataclass(frozen=True, slots=True)
class Scale:
    """One of the two axes, from end to end.

    Attributes
    ----------
    title : str
    low, high : float
        The numbers at its ends.
    ticks : tuple of (float, str)
        Where it is marked, and with what: numbers, or names of rows.
    """

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Polyline:
    """Spots joined by straight lines; `color` counts the colours of a picture, and -1 is grey."""

    name: str
    spots: tuple[XY, ...]
    color: int = 0
    dash: Dash = "solid"


@dataclass(frozen=True, slots=True)
class Spots:
    """Spots, each perhaps with an interval in the direction of `along`; see `Polyline`.

    What is beyond the end of an axis is marked there, and said.

    Attributes
    ----------
    shape : {"circle", "square", "diamond", "triangle", "cross", "bar"}
    is_open : bool
        Whether only the outline is drawn.
    intervals : tuple of (float, float) or None
        A pair for each spot, or nothing where none has one.
    along : {"x", "y"}
    """

    name: str
    spots: tuple[XY, ...]
    color: int = 0
    shape: Shape = "circle"
    intervals: tuple[XY | None, ...] = ()
    along: Literal["x", "y"] = "y"
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Boxes:
    """Rectangles from 0 up: from where to where, and how high; see `Polyline`."""

    name: str
    boxes: tuple[tuple[float, float, float], ...]
    color: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """A line across the picture at one number of an axis, and its name; see `Polyline`."""

    name: str
    value: float
    axis: Literal["x", "y"]
    color: int = -1
    dash: Dash = "dashed"


@dataclass(frozen=True, slots=True)
class Remark:
    """Words that begin at a place."""

    text: str
    spot: XY


PictureMark: TypeAlias = "Polyline | Spots | Boxes | Level | Remark"


@dataclass(frozen=True, slots=True)
class Panel:
    """A second picture below the first, over the same x-axis."""

    y: Scale
    marks: tuple[PictureMark, ...]
    height: int = 72


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, in words and numbers.

    Attributes
    ----------
    name : str
        Its mark in the page: letters and hyphens, each on a page but once.
    title : str
        What it shows.
    description : str
        What is to be seen in it, for those who do not see it.
    x, y : Scale
    marks : tuple of PictureMark
    numbers : Section or None
        Its numbers as a table; None where a table of the page beside it has them.
    below : Panel or None
    width : int
        Of the whole, in pixels at the usual size. It is wide enough for a column of text, and
        narrow enough for its words to be read on a phone.
    height : int
        Of the space between the axes; words above and below come on top.
    """

    name: str
    title: str
    description: str
    x: Scale
    y: Scale
    marks: tuple[PictureMark, ...] = field(default=())
    numbers: Section | None = None
    below: Panel | None = None
    width: int = 480
    height: int = 260
