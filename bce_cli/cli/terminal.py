"""What standard output can show."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from typing import TYPE_CHECKING

from bce_cli.cli.options import Color
from bce_cli.cli.output import stdout_encoding

if TYPE_CHECKING:
    from bce_cli.render.layout import Look


def look_for(output: str | None, color: Color) -> Look:
    """Decide how text may look in `output`, or on standard output without one."""
    from bce_cli.render.layout import Look  # noqa: PLC0415 -- not for --help

    return Look(
        width=shutil.get_terminal_size((80, 24)).columns,
        color=_wants_color(output, color),
        unicode=encoding_of(output).startswith("utf"),
    )


def encoding_of(output: str | None) -> str:
    """Return the encoding of the output: files are UTF-8."""
    return codecs.lookup(stdout_encoding()).name if output is None else "utf-8"


def _wants_color(output: str | None, color: Color) -> bool:
    if color is not Color.AUTO:
        return color is Color.ALWAYS
    if output is not None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout is not None and sys.stdout.isatty()
