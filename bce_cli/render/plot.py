"""Curves as pictures."""

from __future__ import annotations

from pathlib import PurePath
from typing import IO, TYPE_CHECKING

from bce_cli.errors import UsageError, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from bce_cli.render.curve import Curve

_FORMATS = ("png", "svg", "pdf")


def picture_format(path: str) -> str:
    """Return the format that the ending of a path asks for, before any work is done.

    Raises
    ------
    UsageError
        Another ending, or matplotlib is missing.
    """
    ending = PurePath(path).suffix.lower().removeprefix(".")
    if ending not in _FORMATS:
        message = f"--plot {quoted(path)} must end in .png, .svg or .pdf"
        raise UsageError(message)
    try:
        import matplotlib as mpl  # noqa: F401 -- an extra
    except ImportError:
        message = "--plot needs matplotlib, which is not installed"
        raise UsageError(message, "install matplotlib: pip install matplotlib") from None
    return ending


def plot_curves(curves: Sequence[Curve], stream: IO[bytes], picture: str) -> None:
    """Draw curves side by side.

    Parameters
    ----------
    curves : sequence of Curve
        At least one.
    stream : binary stream
    picture : {"png", "svg", "pdf"}
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4 * len(curves), 4.4), layout="constrained")
    axes = figure.subplots(1, len(curves), squeeze=False)[0]
    for ax, curve in zip(axes, curves, strict=True):
        for series in curve.series:
            ax.plot(series.x, series.y, label=series.name)
        ax.set(title=curve.title, xlabel=curve.x_name, ylabel=curve.y_name)
        ax.grid(visible=True, alpha=0.3)
        ax.legend()
    save_figure(figure, stream, picture)


def save_figure(figure: Figure, stream: IO[bytes], picture: str) -> None:
    """Write a figure; the same one is the same bytes, whenever it is written."""
    import matplotlib as mpl

    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "bce"}):
        figure.savefig(stream, format=picture, dpi=150, metadata=undated[picture])
