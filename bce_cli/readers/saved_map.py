"""A map that `bce recalibrate` has saved, read back with every value checked."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from bce_cli.core.fields import Fields, finite
from bce_cli.core.recalibration.maps import METHODS, RecalibrationMap
from bce_cli.core.recalibration.saved import FORMAT, MOST_KNOTS, VERSION, SavedMap
from bce_cli.errors import DataError, argument, quoted
from bce_cli.readers.saved import Wanted, read_record
from bce_cli.storage.sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

WANTED = Wanted(
    "map of bce recalibrate",
    f"bce recalibrate writes one with {argument('save')}",
    64 << 20,  # half a million knots, with room
    takes_map=True,
)
_OF_THE_MAP = ("method", "parameters", "level_at_0", "level_at_1", "n_blocks", "knots")
_OF_THE_ROWS = tuple(field.name for field in fields(SavedMap) if field.name != "map")
_KEYS = ("format", "version", *_OF_THE_MAP, *_OF_THE_ROWS)
_FINGERPRINT = re.compile("sha256:[0-9a-f]{64}")
_PAIR = 2


def read_map(path: str) -> SavedMap:
    """Read a map.

    Parameters
    ----------
    path : str
        A path or an address, or ``-`` for standard input.

    Raises
    ------
    InputError
        The file cannot be read.
    DataError
        It is no such map, of a version that is not known, or broken.
    """
    return map_of(read_record(path, WANTED), path)


def map_of(record: Mapping[str, Any], path: str) -> SavedMap:
    """Return the map that a record is, every value of it checked.

    Parameters
    ----------
    record : mapping of str to value of JSON
    path : str
        Where it was read.

    Raises
    ------
    DataError
        It is of another version; or lacks a key, has one too many, or a value that cannot be.
    """
    found = Fields(record, Source(path).name)
    try:
        _check_keys(found)
        return _saved_map(found)
    except DataError as error:
        raise DataError(error.said[0], error.said[1] or WANTED.hint) from None


def _check_keys(found: Fields) -> None:
    """Raise DataError unless a record is a map of this version, with its keys and no others."""
    record, name = found.members, found.name
    if record.get("format") != FORMAT:
        if "methods" in record:
            message = f"{name}: a report of bce recalibrate, and no map"
            raise DataError(message, f"it writes its map with {argument('save')}")
        is_report = "mean_loss" in record or "unit" in record
        message = f"{name}: {'a report, and no map' if is_report else f'not a {WANTED.what}'}"
        raise DataError(message)
    version = record.get("version")
    if type(version) is int and version > VERSION:
        shown = quoted(str(version))
        message = f"{name}: a map of version {shown}, and this bce reads version {VERSION}"
        raise DataError(message, "a newer bce reads it")
    for key in _KEYS:
        if key not in record:
            message = f"{name}: there is no key {quoted(key)}"
            raise DataError(message)
    for key in record:
        if key not in _KEYS:
            message = f"{name}: there is a key {quoted(key)}, which such maps do not have"
            raise DataError(message)
    if type(version) is not int or version != VERSION:
        found.refuse("version", str(VERSION))


def _saved_map(found: Fields) -> SavedMap:
    if not (0.0 < found.number("confidence") < 1.0):
        found.refuse("confidence", "a number between 0 and 1")
    if not _FINGERPRINT.fullmatch(found.text("fingerprint")):
        found.refuse("fingerprint", "sha256: and 64 digits")
    n, n_positive = found.count("n", 1), found.number("n_positive", 0.0)
    if found.maybe_text("weight_column") is None and n_positive > n:  # else it is weighted
        found.refuse("n_positive", f"at most n, {n}, without weights")
    low, high = found.maybe_number("ci_low"), found.maybe_number("ci_high")
    if low is not None and high is not None and low > high:
        found.refuse("ci_low", f"at most ci_high, {high:g}")
    return SavedMap(
        map=_map_in(found),
        label_column=found.text("label_column"),
        prediction_column=found.text("prediction_column"),
        weight_column=found.maybe_text("weight_column"),
        cluster_column=found.maybe_text("cluster_column"),
        of_logits=found.flag("of_logits"),
        n=n,
        n_positive=n_positive,
        fingerprint=found.text("fingerprint"),
        folds=found.count("folds", 1),
        n_clusters=found.maybe_count("n_clusters", 1),
        confidence=found.number("confidence"),
        as_is_loss=found.maybe_number("as_is_loss", 0.0),
        fitted_loss=found.maybe_number("fitted_loss", 0.0),
        cross_fitted_loss=found.maybe_number("cross_fitted_loss", 0.0),
        difference=found.maybe_number("difference"),
        std_error=found.maybe_number("std_error", 0.0),
        ci_low=low,
        ci_high=high,
        tool=found.text("tool"),
    )


def _map_in(found: Fields) -> RecalibrationMap:
    """Return the map, which checks what its method asks for."""
    method, parameters = found.choice("method", METHODS), found.one("parameters")
    values = {key: float(parameters.number(key)) for key in parameters.members}
    level_at_0, level_at_1 = found.maybe_number("level_at_0"), found.maybe_number("level_at_1")
    knots, n_blocks = _knots_in(found), found.maybe_count("n_blocks", 1)
    try:
        return RecalibrationMap(method, values, level_at_0, level_at_1, knots, n_blocks)
    except DataError as error:
        message = f"{found.name}: {error.message}"
        raise DataError(message, error.hint) from None


def _knots_in(found: Fields) -> tuple[tuple[float, float], ...]:
    value = found.members["knots"]
    if not isinstance(value, list):
        found.refuse("knots", "a list")
    if len(value) > MOST_KNOTS:
        message = (
            f"{found.name}: there are {len(value):,} knots, and at most {MOST_KNOTS:,} are read"
        )
        raise DataError(message)
    knots: list[tuple[float, float]] = []
    for number, knot in enumerate(value, start=1):
        pair = [finite(each) for each in knot] if isinstance(knot, list) else []
        at, level = pair if len(pair) == _PAIR else (None, None)
        if at is None or level is None:
            key = f"knot {number:,}"
            Fields({key: knot}, found.name).refuse(key, "a list of two numbers")
        knots.append((float(at), float(level)))
    return tuple(knots)
