"""What the words of a column say of which rows came before which others."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bce_cli.errors import DataError, quoted
from bce_cli.readers.grammar import parse_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.rows import Categories, Places

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:[.,](\d+))?( ?Z|[+-]\d\d:?\d\d)?"
)
_PERIOD = re.compile(r"\d{4}(?:[-/. ]?[QWqw]?\d{1,3})+")
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_DIGITS = re.compile(r"\d+")
_HINT = "numbers, or dates and times that begin with the year, such as 2026-01-31"

Key: TypeAlias = Any
"""What a word is compared by."""


def ranks_of(order: Categories, column: str, decimal: str = ".") -> Places:
    """Return a number for each row, smaller where it came before.

    All words are numbers, which count by their value; or dates, with a time of day or without, by
    ISO 8601, those with an offset by the instant; or else periods that begin with a year of four
    digits and are all written alike, as 2026-01, 2026Q1 or 2026/01/31.

    Parameters
    ----------
    order : Categories, shape (n,)
    column : str
        What messages call it.
    decimal : {".", ","}
        Of numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        Equal where words stand for the same.

    Raises
    ------
    DataError
        Words are none of these, or not all of them the same.

    Examples
    --------
    >>> from bce_cli.core.rows import Categories
    >>> ranks_of(Categories(np.array([0, 1, 2, 0], np.int32), ("10", "9.5", "9.50")), "t").tolist()
    [1, 0, 0, 1]
    """
    used = np.unique(order.codes)
    words = [order.names[code].strip() for code in used.tolist()]
    keys = _keys(words, column, decimal)
    rank = {key: number for number, key in enumerate(sorted(set(keys)))}
    ranks = np.zeros(len(order.names), np.intp)
    ranks[used] = [rank[key] for key in keys]
    return ranks[order.codes]


def _keys(words: Sequence[str], column: str, decimal: str) -> list[Key]:
    """Return what words are compared by, all of one kind, which is that of the first."""
    number = partial(_number, decimal=decimal)
    kinds: tuple[Callable[[str], Key | None], ...] = (number, _instant, _local_time, _period)
    kind = next((kind for kind in kinds if words and kind(words[0]) is not None), None)
    keys: list[Key] = []
    for word in words:
        key = None if kind is None else kind(word)
        if key is None or (kind is _period and key[0] != keys[0][0] if keys else False):
            others = "" if word == words[0] else f", as {quoted(words[0])} does"
            what = f"{quoted(word)} does not say what came before{others}"
            message = f"order (column {quoted(column)}): {what}"
            raise DataError(message, _HINT)
        keys.append(key)
    return keys


def _number(word: str, decimal: str) -> float | None:
    value = parse_number(word, decimal)
    if value is None and decimal != ".":
        value = parse_number(word)  # as columns that are no text have it
    if value is None or math.isnan(value):
        return None
    return int(word) if _WHOLE.fullmatch(word) else value  # which may have more digits


def _instant(word: str) -> tuple[datetime, str] | None:
    """Return a time with an offset in UTC, and the digits of its fraction."""
    found = _TIME.fullmatch(word)
    return None if found is None or found[3] is None else _time(found)


def _local_time(word: str) -> tuple[datetime, str] | None:
    found = _TIME.fullmatch(word)
    return None if found is None or found[3] is not None else _time(found)


def _time(found: re.Match[str]) -> tuple[datetime, str] | None:
    try:
        time = datetime.fromisoformat(found[1])
        if found[3] is not None and found[3].strip() != "Z":
            sign, digits = found[3][0], found[3][1:].replace(":", "")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            time = time - offset if sign == "+" else time + offset
    except (ValueError, OverflowError):
        return None
    return time, (found[2] or "").rstrip("0")


def _period(word: str) -> tuple[str, str] | None:
    """Return how a period is written, and what it is sorted by."""
    if not _PERIOD.fullmatch(word) or _TIME.fullmatch(word):
        return None
    return _DIGITS.sub(lambda digits: str(len(digits[0])), word), word
