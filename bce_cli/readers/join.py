"""Labels and predictions from two sources, joined by a key."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from bce_cli.core.rows import Rows, concatenated
from bce_cli.errors import DataError, UsageError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.data_set import DataSet
from bce_cli.readers.reading import Reading, Summary
from bce_cli.readers.sources import STANDARD_INPUT
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    import pandas as pd

    from bce_cli.core.rows import LabelArray
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.label_tally import LabelTally
    from bce_cli.readers.options import InputOptions

_PIECE_ROWS = 1 << 16
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
class JoinedPiece:
    """Some rows that were joined before."""

    rows: Rows
    n_bytes: int = 0

    def read(self) -> Reading:
        """Return the rows."""
        return Reading(self.rows)


class JoinedData:
    """A context in which predictions have found their labels; see `DataSet`.

    Both sources are held in memory. Rows keep the order and the numbers of the predictions.

    Parameters
    ----------
    paths : sequence of str
        Sources of the predictions.
    options : InputOptions
    join : Join
    """

    def __init__(self, paths: Sequence[str], options: InputOptions, join: Join) -> None:
        if STANDARD_INPUT in paths and join.labels_path == STANDARD_INPUT:
            message = "standard input can be read only once"
            raise UsageError(message)
        choice = options.columns
        columns = replace(choice, reads_label=False, key=join.key)
        self._predictions = DataSet(paths, replace(options, columns=columns))
        columns = ColumnChoice(label=choice.label, key=join.key, reads_prediction=False)
        layout = replace(options.layout, input_format=None)
        self._labels = DataSet([join.labels_path], replace(options, columns=columns, layout=layout))
        self._join = join
        self._stack = ExitStack()
        self.n_unmatched: int | None = None
        self.n_missing = 0

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self._predictions)
            opened.enter_context(self._labels)
            self._stack = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def name(self) -> str:
        """What messages about the whole call it."""
        return f"{self._predictions.name} with labels of {self._labels.name}"

    @property
    def columns(self) -> Columns:
        """The columns of the predictions."""
        return self._predictions.columns

    @property
    def labels(self) -> LabelTally:
        """Which labels there were."""
        return self._labels.labels

    @property
    def notes(self) -> list[str]:
        """What was found out about the sources and is worth a word."""
        return [*self._predictions.notes, *self._labels.notes]

    @property
    def label_name(self) -> str:
        """Name of the label column."""
        return self._labels.label_name

    @property
    def prediction_name(self) -> str:
        """Name of the prediction column."""
        return self._predictions.prediction_name

    def n_bytes(self) -> None:
        """Return None: how far the work is cannot be told by bytes."""

    def pieces(self) -> Iterator[JoinedPiece]:
        """Join all rows, and yield them piece by piece.

        Raises
        ------
        DataError
            A key occurs twice, or has no partner and should have one.
        """
        rows = self._joined()
        for start in range(0, len(rows), _PIECE_ROWS):
            stop = min(start + _PIECE_ROWS, len(rows))
            yield JoinedPiece(rows.at(np.arange(start, stop)))

    def check(self, summary: Summary) -> None:
        """Do nothing; all was checked when the rows were joined."""

    def finish(self, n: int) -> None:
        """Check what can be known at the end alone; see `DataSet.finish`."""
        if n == 0:
            message = f"{self.name}: no rows are left"
            raise DataError(message)
        self.labels.finish()

    def _joined(self) -> Rows:
        left, left_frame = _gathered(self._predictions)
        right, right_frame = _gathered(self._labels)
        merged = left_frame.merge(right_frame, on="key", how="outer", indicator=True)
        lone_left = merged.loc[merged["_merge"] == "left_only", ["key", "row_x"]].sort_values(
            "row_x"
        )
        lone_right = merged.loc[merged["_merge"] == "right_only", ["key", "row_y"]].sort_values(
            "row_y"
        )
        if not self._join.is_inner:
            _refuse_lone(lone_left, self._predictions.name, self._labels.name)
            _refuse_lone(lone_right, self._labels.name, self._predictions.name)
        self.n_unmatched = len(lone_left) + len(lone_right)
        pairs = merged[merged["_merge"] == "both"]
        places = pairs["row_x"].to_numpy(np.int64)
        partners = pairs["row_y"].to_numpy(np.int64)
        rows = _with_labels(left, right, places, partners)
        self.n_missing = rows.n_missing - len(lone_left)
        return rows


def _gathered(data: DataSet) -> tuple[Rows, pd.DataFrame]:
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
    return concatenated(pieces), frame


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
