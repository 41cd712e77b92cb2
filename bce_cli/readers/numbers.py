"""The grammar of numbers in text: what IEEE 754 and spreadsheets write, and nothing else."""

from __future__ import annotations

import re

_NUMBER = re.compile(
    r"[ \t]*+[+-]?+"
    r"(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|nan|inf(?:inity)?)[ \t]*+",
    re.ASCII | re.IGNORECASE,
)
_SWAPPED = str.maketrans(",.", ".,")


def parse_number(text: str, decimal: str = ".") -> float | None:
    """Read a decimal number, ``nan`` or ``inf``, with spaces around; None for anything else.

    Parameters
    ----------
    text : str
    decimal : {".", ","}
        What stands before the fraction; nothing stands between thousands.

    Examples
    --------
    >>> parse_number(" +.5e-1 "), parse_number("1_0"), parse_number("50%")
    (0.05, None, None)
    >>> parse_number("0,5", ","), parse_number("0.5", ",")
    (0.5, None)
    """
    if decimal == ",":
        text = text.translate(_SWAPPED)
    return float(text) if _NUMBER.fullmatch(text) else None
