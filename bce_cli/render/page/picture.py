"""What a picture is made of, whoever draws it: axes, and marks at numbers on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from bce_cli.render.layout import Section

XY: TypeAlias = tuple[float, float]
"""x and y, in the numbers of the axes."""
Shape: TypeAlias = Literal["circle", "square", "diamond", "triangle"]
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

    Attributes
    ----------
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


PictureMark: TypeAlias = "Polyline | Spots | Boxes | Level"


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
    width, height : int
        Of the whole, in pixels at the usual size.
    """

    name: str
    title: str
    description: str
    x: Scale
    y: Scale
    marks: tuple[PictureMark, ...] = field(default=())
    numbers: Section | None = None
    width: int = 640
    height: int = 360
