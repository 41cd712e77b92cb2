"""Checks of arguments, so that a wrong one is told by its name and by what is allowed."""

from __future__ import annotations

import math
import re
from numbers import Integral, Real
from typing import TYPE_CHECKING

from bce_cli.errors import ArgumentError, argument, did_you_mean, quoted, safe_text

if TYPE_CHECKING:
    from collections.abc import Collection

_LONGEST = 80
USUAL_CONFIDENCE = 0.95
"""Level of an interval for which none was asked."""

_PLACE = re.compile(r"#[0-9]{1,9}")


def shown(value: object) -> str:
    """Show what an argument was given, on one line, shortened.

    Examples
    --------
    >>> shown("bit"), shown(2.5), shown([1, 2])
    ("'bit'", '2.5', '[1, 2]')
    """
    if isinstance(value, str):
        return quoted(value)
    if hasattr(value, "__len__") and len(value) > _LONGEST:  # whose text may take a while
        return f"a {type(value).__name__} of {len(value):,}"
    return safe_text(" ".join(repr(value).split()), _LONGEST)


def check_choice(name: str, value: object, known: Collection[str]) -> None:
    """Raise ArgumentError unless a value is one of some texts.

    Examples
    --------
    >>> check_choice("unit", "bit", ("nats", "bits"))
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: unit 'bit' is not known; did you mean 'bits'?
    known are nats, bits
    """
    if isinstance(value, str) and value in known:
        return
    also = did_you_mean(value, known) if isinstance(value, str) else ""
    message = f"{argument(name)} {shown(value)} is not known{also}"
    raise ArgumentError(message, f"known are {', '.join(known)}")


def check_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Raise ArgumentError unless a value is a whole number within limits.

    Examples
    --------
    >>> check_whole("n_bins", 0, least=1)
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: n_bins must be at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        message = f"{argument(name)} must be a whole number, got {shown(value)}"
        raise ArgumentError(message)
    number = int(value)
    if number < least:
        message = f"{argument(name)} must be at least {least}, got {shown(value)}"
        raise ArgumentError(message)
    if most is not None and number > most:
        message = f"{argument(name)} must be at most {most}, got {shown(value)}"
        raise ArgumentError(message)


def number_in(value: object) -> float:
    """Return the number that a value is; not-a-number for any other value.

    Examples
    --------
    >>> number_in(1), number_in(10**400), number_in("1"), number_in(True)
    (1.0, inf, nan, nan)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def check_confidence(value: object) -> None:
    """Raise ArgumentError unless a value can be the level of an interval.

    Examples
    --------
    >>> check_confidence(95)
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: confidence must lie between 0 and 1, got 95
    such as 0.95 or 0.99
    """
    number = number_in(value)
    if not 0.0 < number < 1.0:
        got = shown(value) if math.isnan(number) else f"{number:g}"
        message = f"{argument('confidence')} must lie between 0 and 1, got {got}"
        raise ArgumentError(message, "such as 0.95 or 0.99")


def check_limit(name: str, value: object, low: float, high: float, domain: str) -> None:
    """Raise ArgumentError unless a value is a finite number in [low, high], which `domain` says.

    Examples
    --------
    >>> check_limit("max_brier", 1.5, 0.0, 1.0, "in [0, 1]")
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: max_brier must be in [0, 1], got 1.5
    """
    number = number_in(value)
    if not math.isfinite(number):
        message = f"{argument(name)} must be a finite number, got {shown(value)}"
        raise ArgumentError(message)
    if not low <= number <= high:
        message = f"{argument(name)} must be {domain}, got {shown(value)}"
        raise ArgumentError(message)


def check_kind(name: str, value: object, kind: type, hint: str | None = None) -> None:
    """Raise ArgumentError unless a value is of a class.

    Examples
    --------
    >>> check_kind("plan", 10, dict)
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: plan must be a dict, got 10
    """
    if not isinstance(value, kind):
        message = f"{argument(name)} must be a {kind.__name__}, got {shown(value)}"
        raise ArgumentError(message, hint)


def is_place(column: str) -> bool:
    """Whether a column is asked for by its place in the header.

    Examples
    --------
    >>> is_place("#3"), is_place("3"), is_place("#1234567890")
    (True, False, False)
    """
    return _PLACE.fullmatch(column) is not None
