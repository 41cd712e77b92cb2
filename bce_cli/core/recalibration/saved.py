"""A map that is kept: what of it, and of the rows it was fitted to, is written down."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bce_cli.core.recalibration.maps import PARAMETERS, RecalibrationMap
from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

FORMAT, VERSION = "bce recalibration map", 1

MOST_KNOTS = 500_000
"""A map of more is neither written nor read; ten million rows have some thousands."""

_ROWS_AT_ONCE = 1 << 16

Value: TypeAlias = Any
"""Any value of JSON."""


@dataclass(frozen=True, slots=True)
class SavedMap:
    """A map, the columns that it was made of, and what it was worth there.

    Losses are means in nats; None stands for an infinite one, or for what was not worked out.

    Attributes
    ----------
    map : RecalibrationMap
    label_column, prediction_column : str
    weight_column, cluster_column : str or None
    of_logits : bool
        Whether predictions were logits.
    n : int
        Rows.
    n_positive : float
        Rows of label 1, weighted; with soft labels, their sum.
    fingerprint : str
        What tells these rows from others; see `fingerprint`.
    folds : int
    n_clusters : int or None
    confidence : float
        Of the interval, such as 0.95.
    as_is_loss : float or None
        Of the predictions as they are.
    fitted_loss, cross_fitted_loss : float or None
        Of recalibrated ones, on the rows of the fit and on rows left out of it.
    difference, std_error, ci_low, ci_high : float or None
        The cross-fitted loss minus that as it is, and its interval.
    tool : str
        What has written it.

    Examples
    --------
    >>> kept = SavedMap(RecalibrationMap("offset", {"a": 0.5}, 0.25, 0.75), "label", "p", n=8)
    >>> kept.record()["method"], kept.record()["parameters"]
    ('offset', {'a': 0.5})
    """

    map: RecalibrationMap
    label_column: str
    prediction_column: str
    weight_column: str | None = None
    cluster_column: str | None = None
    of_logits: bool = False
    n: int = 0
    n_positive: float = 0.0
    fingerprint: str = ""
    folds: int = 0
    n_clusters: int | None = None
    confidence: float = 0.95
    as_is_loss: float | None = None
    fitted_loss: float | None = None
    cross_fitted_loss: float | None = None
    difference: float | None = None
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    tool: str = ""

    def record(self) -> dict[str, Value]:
        """Return all of it as values of JSON, under the keys of the file."""
        found = self.map
        own = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        parameters = {name: float(found.parameters[name]) for name in PARAMETERS[found.method]}
        return {
            "format": FORMAT,
            "version": VERSION,
            "tool": own.pop("tool"),
            "method": found.method,
            "parameters": parameters,
            "level_at_0": found.level_at_0,
            "level_at_1": found.level_at_1,
            "n_blocks": found.n_blocks,
            **own,
            "knots": [[float(at), float(level)] for at, level in found.knots],
        }

    def to_json(self) -> bytes:
        """Return the file: strict JSON, a key on each line, a knot on each line.

        The same rows give the same bytes: there is no time in it, and numbers have as many digits
        as tell them from all others.

        Raises
        ------
        DataError
            The map has more than `MOST_KNOTS` knots.
        """
        record = self.record()
        knots = record.pop("knots")
        if len(knots) > MOST_KNOTS:
            message = f"the map has {len(knots):,} knots; at most {MOST_KNOTS:,} are saved"
            raise DataError(message, "round the predictions, or choose another method")
        lines = [f"  {_dumped(key)}: {_dumped(_plain(value))}" for key, value in record.items()]
        pairs = [f"    [{at!r}, {level!r}]" for at, level in knots]
        inside = "[\n{}\n  ]".format(",\n".join(pairs)) if pairs else "[]"
        lines.append(f'  "knots": {inside}')
        return "{{\n{}\n}}\n".format(",\n".join(lines)).encode()


def fingerprint(
    labels: npt.ArrayLike, predictions: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> str:
    """Return what tells some rows, in their order, from all others.

    SHA-256 of label, prediction and weight of each row after the other, as float64 in
    little-endian order.

    Parameters
    ----------
    labels : array_like, shape (n,)
    predictions : array_like, shape (n,)
        Probabilities, or logits where these were given.
    weights : array_like, shape (n,), optional
        All 1 without them.

    Examples
    --------
    >>> fingerprint([1, 0], [0.9, 0.2])[:20]
    'sha256:eec3bdd810ec4'
    >>> fingerprint([1, 0], [0.9, 0.2]) == fingerprint([True, False], [0.9, 0.2], [1, 1])
    True
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    weights = None if weights is None else np.asarray(weights)
    digest = hashlib.sha256()
    for start in range(0, len(labels), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        rows = np.ones((len(labels[some]), 3), "<f8")
        rows[:, 0], rows[:, 1] = labels[some], predictions[some]
        if weights is not None:
            rows[:, 2] = weights[some]
        digest.update((rows + 0.0).data)  # which makes -0.0 a 0.0
    return f"sha256:{digest.hexdigest()}"


def _plain(value: Value) -> Value:
    """Return null for what JSON has no number for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _dumped(value: Value) -> str:
    return json.dumps(value, allow_nan=False)
