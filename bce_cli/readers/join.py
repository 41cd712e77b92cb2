"""Rows of two sources, joined by the text of a key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from bce_cli.core.concatenation import concatenated
from bce_cli.errors import DataError, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from bce_cli.core.rows import BoolArray, LabelArray, Rows
    from bce_cli.readers.data_set import DataSet

    Places = npt.NDArray[np.int64]

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Join:
    """How rows of several sources find together.

    Attributes
    ----------
    key : str
        Column of all sources whose text joins their rows.
    labels_path : str, optional
        None where labels stand beside the predictions of each model.
    is_inner : bool
        Leave out rows without a partner, instead of refusing them.
    """

    key: str
    labels_path: str | None = None
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """All rows of a source.

    Attributes
    ----------
    name : str
        What messages call it.
    rows : Rows
    keys : pandas.Index
        The key of each row.
    """

    name: str
    rows: Rows
    keys: pd.Index

    def lone(self, places: Places) -> pd.DataFrame:
        """Return the `key` of all rows but those at some places, and where it stands as `row`."""
        is_lone = np.ones(len(self.keys), np.bool_)
        is_lone[places] = False
        return self.frame[is_lone]

    @property
    def frame(self) -> pd.DataFrame:
        """The `key` of each row, and its 0-based place as `row`."""
        import pandas as pd

        return pd.DataFrame({"key": self.keys, "row": np.arange(len(self.keys))})


def gathered(data: DataSet) -> Gathered:
    """Read all rows of a source, and refuse keys that occur twice."""
    pieces, keys = [], []
    for piece in data.pieces():
        reading = piece.read()
        data.check(reading.summary)
        pieces.append(reading.rows)
        keys += list(reading.keys or ())
    data.finish(len(keys))
    found = Gathered(data.name, concatenated(pieces), as_keys(keys))
    if found.keys.is_unique:
        return found
    frame = found.frame
    repeated = frame[frame["key"].duplicated()].drop_duplicates("key")
    key, row = repeated.iloc[0]
    first = frame.loc[frame["key"] == key, "row"].iloc[0]
    message = f"{data.name}, row {row + 1}: the key {quoted(key)} stands in row {first + 1} too"
    raise DataError(message + _others(repeated, "repeat"), "each row needs a key of its own")


def as_keys(keys: Sequence[str]) -> pd.Index:
    """Return keys as something that finds their places."""
    import pandas as pd

    return pd.Index(pd.Series(keys, dtype="str"))


@dataclass(frozen=True, slots=True)
class Partners:
    """Which rows of two sources belong together.

    Attributes
    ----------
    left, right : ndarray of int, shape (m,)
        Places of the rows that have a partner, in pairs.
    """

    left: Places
    right: Places


def partners(left: Gathered, right: Gathered) -> Partners:
    """Find out which rows of two sources belong together, in the order of the left ones."""
    places = right.keys.get_indexer(left.keys)
    found = np.flatnonzero(places >= 0)
    return Partners(found, places[found])


def refuse_lone(side: Gathered, places: Places, other: str) -> None:
    """Raise DataError unless all rows of a source are at places with a partner in the other."""
    if len(places) == len(side.keys):
        return
    lone = side.lone(places)
    key, row = lone.iloc[0]
    message = f"{side.name}, row {int(row) + 1}: the key {quoted(key)} has no partner in {other}"
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


def with_labels(rows: Rows, labels: Rows, found: Partners) -> Rows:
    """Give predictions their labels; rows without one are left out and keep their places."""
    values = cast("LabelArray", np.zeros(len(rows), labels.labels.dtype))
    values[found.left] = labels.labels[found.right]
    missing = missing_with(rows, labels, found)
    return replace(rows, labels=values, missing=missing if missing.any() else None).blanked()


def missing_with(rows: Rows, others: Rows, found: Partners) -> BoolArray:
    """Return which rows are left out, have no partner, or one that is left out."""
    missing = np.ones(len(rows), np.bool_)
    missing[found.left] = False
    if rows.missing is not None:
        missing |= rows.missing
    if others.missing is not None:
        missing[found.left] |= others.missing[found.right]
    return missing
