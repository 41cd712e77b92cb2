"""The file of a picture, checked before any work is done."""

from __future__ import annotations

import os

from bce_cli.errors import UsageError
from bce_cli.safe_text import quoted


def checked_picture(plot: str | None, output: str | None) -> str:
    """Return the format that the name of a picture asks for; "" without a picture.

    Parameters
    ----------
    plot, output : str or None
        Files for the picture and for the text.

    Raises
    ------
    UsageError
        Both are the same file, the ending is unknown, or matplotlib is missing.
    """
    if plot is None:
        return ""
    if output is not None and os.path.abspath(plot) == os.path.abspath(output):  # noqa: PTH100
        message = f"--plot and --output are the same file, {quoted(plot)}"
        raise UsageError(message)
    from bce_cli.render.drawing import picture_format  # noqa: PLC0415 -- an extra

    return picture_format(plot)
