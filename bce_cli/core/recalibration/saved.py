"""A map that is kept: what of it, and of the rows it was fitted to, is written down and checked."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np

from bce_cli.core.recalibration.maps import PARAMETERS, RecalibrationMap
from bce_cli.errors import DataError, argument, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

FORMAT, VERSION = "bce recalibration map", 1

MOST_KNOTS = 500_000
"""A map of more is neither written nor read; ten million rows have some thousands."""

_ROWS_AT_ONCE = 1 << 16
_PAIR = 2
_HASH_DIGITS = 64

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


def fingerprint(labels: Any, predictions: Any, weights: Any = None) -> str:  # noqa: ANN401
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


def saved_map_of(record: Mapping[str, Value]) -> SavedMap:
    """Return what a record holds, every value of it checked.

    Parameters
    ----------
    record : mapping of str to value of JSON

    Raises
    ------
    DataError
        It is of another version; or lacks a key, has one too many, or a value that cannot be.
    """
    _check_version(record)
    known = ("format", "version", "method", "parameters", "level_at_0", "level_at_1", "n_blocks")
    own = [field.name for field in fields(SavedMap)[1:]]
    expected = {*known, *own, "knots"}
    for key in (*known, *own, "knots"):
        if key not in record:
            message = f"there is no key {quoted(key)}"
            raise DataError(message)
    for key in record:
        if key not in expected:
            message = f"there is a key {quoted(key)}, which such maps do not have"
            raise DataError(message)
    take = _Taken(record)
    found = SavedMap(
        map=_map_in(record, take),
        label_column=take.text("label_column"),
        prediction_column=take.text("prediction_column"),
        weight_column=take.text_or_null("weight_column"),
        cluster_column=take.text_or_null("cluster_column"),
        of_logits=take.flag("of_logits"),
        n=take.count("n"),
        n_positive=take.number("n_positive", 0.0),
        fingerprint=_fingerprint_in(record),
        folds=take.count("folds"),
        n_clusters=None if record["n_clusters"] is None else take.count("n_clusters"),
        confidence=take.number("confidence"),
        as_is_loss=take.number_or_null("as_is_loss", 0.0),
        fitted_loss=take.number_or_null("fitted_loss", 0.0),
        cross_fitted_loss=take.number_or_null("cross_fitted_loss", 0.0),
        difference=take.number_or_null("difference"),
        std_error=take.number_or_null("std_error", 0.0),
        ci_low=take.number_or_null("ci_low"),
        ci_high=take.number_or_null("ci_high"),
        tool=take.text("tool"),
    )
    if not 0.0 < found.confidence < 1.0:
        _refuse("confidence", "a number between 0 and 1", found.confidence)
    return found


class _Taken:
    """Values of a record, each checked for what it must be."""

    def __init__(self, record: Mapping[str, Value]) -> None:
        self._record = record

    def text(self, key: str) -> str:
        """Return a text."""
        value = self._record[key]
        if not isinstance(value, str):
            _refuse(key, "a text", value)
        return value

    def text_or_null(self, key: str) -> str | None:
        """Return a text, or None."""
        return None if self._record[key] is None else self.text(key)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._record[key]
        if not isinstance(value, bool):
            _refuse(key, "true or false", value)
        return value

    def count(self, key: str) -> int:
        """Return a whole number of 1 or more."""
        value = self._record[key]
        if type(value) is not int or not 1 <= value < 1 << 63:
            _refuse(key, "a whole number of 1 or more", value)
        return value

    def number(self, key: str, least: float = -math.inf) -> float:
        """Return a finite number."""
        value = finite(self._record[key])
        if value is None or value < least:
            what = "a number" if math.isinf(least) else "a number of 0 or more"
            _refuse(key, what, self._record[key])
        return value

    def number_or_null(self, key: str, least: float = -math.inf) -> float | None:
        """Return a finite number, or None."""
        return None if self._record[key] is None else self.number(key, least)


def _check_version(record: Mapping[str, Value]) -> None:
    if record.get("format") != FORMAT:
        if "methods" in record:
            message = "a report of bce recalibrate, and no map"
            raise DataError(message, f"it writes its map with {argument('save')}")
        if "mean_loss" in record or "unit" in record:
            message = "a report, and no map"
            raise DataError(message)
        message = "not a map of bce recalibrate"
        raise DataError(message)
    version = record.get("version")
    if type(version) is int and version > VERSION:
        message = f"a map of version {_shown(version)}, and this bce reads version {VERSION}"
        raise DataError(message, "a newer bce reads it")
    if type(version) is not int or version != VERSION:
        _refuse("version", str(VERSION), version)


def _map_in(record: Mapping[str, Value], take: _Taken) -> RecalibrationMap:
    """Return the map, which checks what its method asks for."""
    method = record["method"]
    if not isinstance(method, str) or method not in PARAMETERS:
        _refuse("method", f"one of {', '.join(PARAMETERS)}", method)
    return RecalibrationMap(
        method=method,
        parameters=_parameters_in(record["parameters"]),
        level_at_0=take.number_or_null("level_at_0"),
        level_at_1=take.number_or_null("level_at_1"),
        knots=_knots_in(record["knots"]),
        n_blocks=None if record["n_blocks"] is None else take.count("n_blocks"),
    )


def _parameters_in(value: Value) -> dict[str, float]:
    if not isinstance(value, dict):
        _refuse("parameters", "an object", value)
    found: dict[str, float] = {}
    for name, given in value.items():
        number = finite(given)
        if number is None:
            _refuse(f"parameter {quoted(name)}", "a number", given)
        found[name] = number
    return found


def _knots_in(value: Value) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list):
        _refuse("knots", "an array", value)
    if len(value) > MOST_KNOTS:
        message = f"there are {len(value):,} knots, and at most {MOST_KNOTS:,} are read"
        raise DataError(message)
    found: list[tuple[float, float]] = []
    for number, knot in enumerate(value, start=1):
        pair = [finite(each) for each in knot] if isinstance(knot, list) else []
        at, level = pair if len(pair) == _PAIR else (None, None)
        if at is None or level is None:
            _refuse(f"knot {number:,}", "an array of two numbers", knot)
        found.append((at, level))
    return tuple(found)


def _fingerprint_in(record: Mapping[str, Value]) -> str:
    value = record["fingerprint"]
    kind, _, digits = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind != "sha256" or len(digits) != _HASH_DIGITS or set(digits) - set("0123456789abcdef"):
        _refuse("fingerprint", "sha256: and 64 digits", value)
    return str(value)


def finite(value: Value) -> float | None:
    """Return a finite number; None for any other value."""
    is_number = type(value) in (int, float) and abs(value) <= sys.float_info.max
    return float(value) if is_number else None


def _refuse(what: str, expected: str, value: Value) -> NoReturn:
    message = f"{what} must be {expected}, not {_shown(value)}"
    raise DataError(message)


def _shown(value: Value) -> str:
    """Show any JSON value on one line."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'an array'} of {len(value):,}"
    return quoted(value if isinstance(value, str) else json.dumps(value))


def _plain(value: Value) -> Value:
    """Return null for what JSON has no number for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _dumped(value: Value) -> str:
    return json.dumps(value, allow_nan=False)
