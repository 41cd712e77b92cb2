"""Steps of the derivation as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.render.page import strict

if TYPE_CHECKING:
    from collections.abc import Sequence


def write_steps(steps: Sequence[tuple[str, Any]]) -> str:
    """Write one object for one step, an array of objects for several.

    A number that is infinite or undefined is null. One that is too small for float64, which only
    longdouble can hold, is a string of its digits.

    Parameters
    ----------
    steps : sequence of (name, dataclass)
    """
    records = [{"step": name, **asdict(step)} for name, step in steps]
    shown = records if len(records) > 1 else records[0]
    return json.dumps(strict(_plain(shown)), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:  # noqa: ANN401 -- any field of a step
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.longdouble):
        return float(value) if value == 0 or abs(value) >= np.finfo(float).tiny else str(value)
    return value
