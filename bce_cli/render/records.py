"""A record as JSON or CSV, and what is done to records before: cut, flattened, made finite."""

from __future__ import annotations

import csv
import io
import json
import math
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

    def strict(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {key: strict(item) for key, item in value.items()}
        return [*map(strict, value)] if isinstance(value, list | tuple) else plain(value)

    return json.dumps(strict(record), indent=2, allow_nan=False) + "\n"


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
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for cells in (lines[0], *(line.values() for line in lines)):
        writer.writerow([_csv_cell(cell, is_safe=excel_safe) for cell in cells])
    return stream.getvalue()


def _csv_cell(value: Any, *, is_safe: bool) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, bool):
        return str(value).lower()
    return without_formula(value) if is_safe and isinstance(value, str) else value
