"""Rows of two sources, joined by the text of a key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from bce_cli.core.concatenation import concatenated
from bce_cli.errors import DataError
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    import pandas as pd

    from bce_cli.core.rows import LabelArray, Rows
    from bce_cli.readers.data_set import DataSet

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Join:
    """Where labels come from that do not stand beside the predictions.

    Attributes
    ----------
    labels_path : str
    key : str
        Column of both sources whose text joins their rows.
    is_inner : bool
        Leave out rows without a partner, instead of refusing them.
    """

    labels_path: str
    key: str
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """All rows of a source.

    Attributes
    ----------
    name : str
        What messages call it.
    rows : Rows
    frame : pandas.DataFrame
        The `key` of each row, and its 0-based place as `row`.
    """

    name: str
    rows: Rows
    frame: pd.DataFrame


def gathered(data: DataSet) -> Gathered:
    """Read all rows of a source, and refuse keys that occur twice."""
    import pandas as pd

    pieces, keys = [], []
    for piece in data.pieces():
        reading = piece.read()
        data.check(reading.summary)
        pieces.append(reading.rows)
        keys += list(reading.keys or ())
    data.finish(len(keys))
    frame = pd.DataFrame({"key": pd.Series(keys, dtype="str"), "row": np.arange(len(keys))})
    repeated = frame[frame["key"].duplicated()].drop_duplicates("key")
    if len(repeated):
        key, row = repeated.iloc[0]
        first = frame.loc[frame["key"] == key, "row"].iloc[0]
        message = f"{data.name}, row {row + 1}: the key {quoted(key)} stands in row {first + 1} too"
        raise DataError(message + _others(repeated, "repeat"), "each row needs a key of its own")
    return Gathered(data.name, concatenated(pieces), frame)


def merged(left: Gathered, right: Gathered, *, is_inner: bool) -> tuple[Rows, int, int]:
    """Give predictions their labels.

    Parameters
    ----------
    left, right : Gathered
        Predictions and labels.
    is_inner : bool
        Leave out rows without a partner.

    Returns
    -------
    rows : Rows
        In the order of the predictions.
    n_lone, n_unmatched : int
        Predictions, and keys of either side, that were left out for want of a partner.

    Raises
    ------
    DataError
        A row has no partner and should have one.
    """
    pairs = left.frame.merge(right.frame, on="key", how="outer", indicator=True)
    lone_left = pairs.loc[pairs["_merge"] == "left_only", ["key", "row_x"]].sort_values("row_x")
    lone_right = pairs.loc[pairs["_merge"] == "right_only", ["key", "row_y"]].sort_values("row_y")
    if not is_inner:
        _refuse_lone(lone_left, left.name, right.name)
        _refuse_lone(lone_right, right.name, left.name)
    both = pairs[pairs["_merge"] == "both"]
    places = both["row_x"].to_numpy(np.int64)
    partners = both["row_y"].to_numpy(np.int64)
    rows = _with_labels(left.rows, right.rows, places, partners)
    return rows, len(lone_left), len(lone_left) + len(lone_right)


def _refuse_lone(lone: pd.DataFrame, name: str, other: str) -> None:
    if lone.empty:
        return
    key, row = lone.iloc[0]
    message = f"{name}, row {int(row) + 1}: the key {quoted(key)} has no partner in {other}"
    hint = "--join inner leaves out rows without a partner, and counts them"
    raise DataError(message + _others(lone, "have none"), hint)


def _others(keys: pd.DataFrame, what: str) -> str:
    """Count the keys but for the first, and name some."""
    others = keys["key"].iloc[1:]
    if others.empty:
        return ""
    shown = ", ".join(quoted(key) for key in others.head(_MOST_SHOWN))
    more = ", ..." if len(others) > _MOST_SHOWN else ""
    return f"; {len(others):,} more {what}: {shown}{more}"


def _with_labels(
    left: Rows,
    right: Rows,
    places: np.ndarray[tuple[int], np.dtype[np.int64]],
    partners: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Rows:
    """Give the predictions their labels; rows without one are left out and keep their places."""
    labels = cast("LabelArray", np.zeros(len(left), right.labels.dtype))
    labels[places] = right.labels[partners]
    missing = np.ones(len(left), np.bool_)
    missing[places] = False
    if left.missing is not None:
        missing |= left.missing
    if right.missing is not None:
        missing[places] |= right.missing[partners]
    return replace(left, labels=labels, missing=missing if missing.any() else None).blanked()
