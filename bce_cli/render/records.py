"""A record as JSON or CSV, and what is done to records before: cut, flattened, made finite."""

from __future__ import annotations

import csv
import io
import json
import math
from functools import cache
from itertools import groupby
from types import NoneType
from typing import TYPE_CHECKING, Any

from bce_cli.errors import without_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


def without(record: Any, keys: Collection[str]) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a record without some keys, at whatever depth.

    Examples
    --------
    >>> without({"n": 2, "models": [{"name": "a", "lost": [1, 2]}]}, {"lost"})
    {'n': 2, 'models': [{'name': 'a'}]}
    """
    if isinstance(record, dict):
        return {key: without(value, keys) for key, value in record.items() if key not in keys}
    return [without(i, keys) for i in record] if isinstance(record, list | tuple) else record


def finite(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Return None for a number that JSON cannot hold, anything else as it is."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a record as one line: names of what holds others before theirs; lists left out.

    Examples
    --------
    >>> flat({"n": 2, "brier": {"score": 0.25}, "notes": []})
    {'n': 2, 'brier_score': 0.25}
    """
    line: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            line |= flat(value, f"{prefix}{key}_")
        elif not isinstance(value, list | tuple):
            line[prefix + key] = value
    return line


def write_json(record: Any, plain: Callable[[Any], Any] = finite) -> str:  # noqa: ANN401
    """Write strict JSON; a number that is infinite or undefined is null.

    Parameters
    ----------
    record : dict or list
    plain : callable, optional
        What makes JSON's values of all values in it that are neither dict, list nor tuple.

    Examples
    --------
    >>> print(write_json({"mean_loss": float("inf"), "n": 2}), end="")
    {
      "mean_loss": null,
      "n": 2
    }
    """
    return f"{_written(record, plain, _LINE)}\n"


_LINE = "\n"  # and how far it is set in


def _written(value: Any, plain: Callable[[Any], Any], line: str) -> str:  # noqa: ANN401
    """Write a value as `json.dumps` does with an indent, for which Python has no fast encoder."""
    inner = f"{line}  "
    encoded = _encoder(inner)
    if not isinstance(value, dict | list | tuple):
        return encoded(plain(value))
    items: list[str] = []
    if isinstance(value, dict):
        for are_groups, pairs in groupby(value.items(), lambda pair: _is_group(pair[1])):
            if are_groups:
                items += [f"{encoded(key)}: {_written(each, plain, inner)}" for key, each in pairs]
            else:
                items.append(encoded({key: plain(each) for key, each in pairs})[1:-1])
    else:
        for are_groups, values in groupby(value, _is_group):
            if are_groups:
                items += [_written(each, plain, inner) for each in values]
            else:
                items.append(encoded([*map(plain, values)])[1:-1])
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    text = f",{inner}".join(items)
    return f"{opened}{inner}{text}{line}{closed}" if items else opened + closed


def _is_group(value: object) -> bool:
    return isinstance(value, dict | list | tuple)


@cache
def _encoder(inner: str) -> Callable[[Any], str]:
    """Return what writes values on lines of their own, but for the outermost brackets."""
    return json.JSONEncoder(allow_nan=False, separators=(f",{inner}", ": ")).encode


def write_csv(lines: Sequence[Mapping[str, Any]], *, excel_safe: bool = False) -> str:
    r"""Write a header and a line for each record; what is None is empty.

    Parameters
    ----------
    lines : sequence of dict
    excel_safe : bool, default False
        Whether no text, be it in the header, may look like a formula.

    Examples
    --------
    >>> write_csv([{"n": 2, "skill": None}])
    'n,skill\n2,\n'
    """
    columns = zip(*(line.values() for line in lines), strict=True)
    texts = [_csv_texts(cells, is_safe=excel_safe) for cells in columns]
    rows = [_csv_texts([*lines[0]], is_safe=excel_safe), *zip(*texts, strict=True)]
    text = "\n".join([*map(",".join, rows), ""])
    commas = (len(texts) - 1) * len(rows)
    is_plain = commas and text.count(",") == commas and text.count("\n") == len(rows)
    if is_plain and not any(sign in text for sign in _QUOTED):
        return text
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


_QUOTED = '"\r\0'  # in some versions of Python at least
_MANY = 100  # numbers, which are worth a library that writes them fast


def _csv_texts(values: Sequence[Any], *, is_safe: bool) -> list[str]:
    kinds = {*map(type, values)}
    if len(values) > _MANY and kinds <= {float, NoneType}:
        return float_texts(values)
    if kinds == {int}:
        return [*map(str, values)]
    return [_csv_text(value, is_safe=is_safe) for value in values]


def _csv_text(value: Any, *, is_safe: bool) -> str:  # noqa: ANN401 -- any JSON value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return without_formula(value) if is_safe else value
    return "" if value is None else str(value)


def float_texts(values: Sequence[float | None]) -> list[str]:
    """Write numbers as `str` does, in a tenth of the time; None is empty.

    Examples
    --------
    >>> float_texts([0.1, 1e-5, None])
    ['0.1', '1e-05', '']
    """
    import numpy as np  # noqa: PLC0415 -- JSON needs none
    import orjson

    texts: list[str] = orjson.dumps(values).decode()[1:-1].split(",")
    sizes = np.abs(np.array(values, np.float64))  # None is nan
    for place in np.flatnonzero(~((sizes >= _LEAST) & (sizes < _MOST))).tolist():
        texts[place] = "" if values[place] is None else str(values[place])
    return texts


_LEAST, _MOST = 1e-4, 1e16  # beyond, exponents are written in other ways
