"""Where numeric columns are to be cut into intervals, as commands and functions are told it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any

from bce_cli.core.arguments import number_in, shown
from bce_cli.core.cuts import MOST_QUANTILES, Cut
from bce_cli.errors import ArgumentError, argument, did_you_mean, given, quoted
from bce_cli.readers.grammar import parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUANTILES = "quantile:"
_SUCH_AS = f"such as {given(cut='18,30,65')} or {given(cut='quantile:5')}"


def cuts_of_texts(texts: Sequence[str], by: Sequence[str]) -> dict[str, Cut]:
    """Read what a command is told, ``18,30,65``, ``quantile:5`` or ``COLUMN=18,30``.

    Parameters
    ----------
    texts : sequence of str
    by : sequence of str
        The columns that part the rows.

    Returns
    -------
    dict of str to Cut
        By the names of columns.

    Raises
    ------
    ArgumentError
        A text is none of these, or its column does not part the rows.

    Examples
    --------
    >>> cuts_of_texts(["18,30"], ["age"])["age"].names
    ('below 18', '18 to below 30', '30 or more')
    """
    if not texts:
        return {}
    _refuse_none(by)
    found: dict[str, Cut] = {}
    for text in texts:
        column, sign, rest = text.rpartition("=")
        name = _column(column, by) if sign else _only(by)
        if name in found:
            message = f"{argument('cut')} was given twice for column {quoted(name)}"
            raise ArgumentError(message, "all its numbers go together, as 18,30,65")
        found[name] = _cut(rest)
    return found


def cuts_of(cut: Any, by: Sequence[str]) -> dict[str, Cut]:  # noqa: ANN401 -- whatever was given
    """Read what a function is told: numbers, a text, or a mapping of these by column.

    See `cuts_of_texts`.

    Examples
    --------
    >>> cuts_of({"age": [18, 0.5e2]}, ["sex", "age"])["age"].names
    ('below 18', '18 to below 50', '50 or more')
    """
    if cut is None:
        return {}
    _refuse_none(by)
    if isinstance(cut, Mapping):
        return {_column(name, by): _cut(value) for name, value in cut.items()}
    return {_only(by): _cut(cut)}


def _refuse_none(by: Sequence[str]) -> None:
    if not by:
        message = f"{argument('cut')} goes with {argument('by')}, a column of numbers"
        raise ArgumentError(message)


def _only(by: Sequence[str]) -> str:
    if len(by) > 1:
        names = f"{argument('by')} names {len(by)} columns"
        message = f"{argument('cut')} must say which column it cuts: {names}"
        raise ArgumentError(message, given(cut=f"{by[0]}=18,30,65"))
    return by[0]


def _column(name: object, by: Sequence[str]) -> str:
    if isinstance(name, Integral) and str(name) in by:  # as a frame may call it
        return str(name)
    if not isinstance(name, str) or name not in by:
        also = did_you_mean(name, by) if isinstance(name, str) else ""
        message = f"{argument('cut')} names column {shown(name)}, and {argument('by')} does not"
        raise ArgumentError(message + also)
    return name


def _cut(value: Any) -> Cut:  # noqa: ANN401 -- whatever was given
    if isinstance(value, str):
        text = value.strip()
        if text.startswith(_QUANTILES):
            return _quantiles(text.removeprefix(_QUANTILES), value)
        return _fixed([_edge_of_text(part, value) for part in text.split(",")], value)
    try:
        numbers = [*value]
    except TypeError:
        numbers = [value]
    return _fixed([_edge_of_number(number) for number in numbers], value)


def _quantiles(text: str, whole: str) -> Cut:
    n = int(text) if text.isdecimal() and len(text) <= len(str(MOST_QUANTILES)) else 0
    if not 1 < n <= MOST_QUANTILES:
        most, got = f"{MOST_QUANTILES:,}", shown(whole)
        message = f"{argument('cut')} takes from 2 to {most} quantiles, got {got}"
        raise ArgumentError(message, _SUCH_AS)
    return Cut(quantiles=n)


def _edge_of_text(text: str, whole: str) -> Decimal:
    value = parse_number(text)
    if value is None:
        message = f"{argument('cut')} must be numbers, or quantile:5, got {shown(whole)}"
        raise ArgumentError(message, _SUCH_AS)
    return _finite(value, text.strip())


def _edge_of_number(number: Any) -> Decimal:  # noqa: ANN401 -- whatever was given
    if type(number) is not bool and isinstance(number, Integral):
        return _finite(number_in(number), str(int(number)))
    if isinstance(number, Decimal):
        return _finite(float(number), str(number))
    value = number_in(number)
    if math.isnan(value):
        message = f"{argument('cut')} must be numbers, got {shown(number)}"
        raise ArgumentError(message, f"such as {argument('cut')}=[18, 30, 65]")
    # A number of NumPy has the digits of its own type.
    return _finite(value, str(number) if hasattr(number, "dtype") else repr(value))


def _finite(value: float, text: str) -> Decimal:
    if not math.isfinite(value):
        message = f"{argument('cut')} must be finite numbers, got {quoted(text)}"
        raise ArgumentError(message)
    return Decimal(text)


def _fixed(edges: list[Decimal], value: object) -> Cut:
    if not edges:
        message = f"{argument('cut')} has no number"
        raise ArgumentError(message, _SUCH_AS)
    if any(low >= high for low, high in pairwise(edges)):
        got = shown(value)
        message = f"{argument('cut')} must ascend, each number above that before it, got {got}"
        raise ArgumentError(message)
    return Cut(tuple(edges))
