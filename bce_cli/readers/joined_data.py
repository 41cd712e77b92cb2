"""Labels and predictions from two sources, read as one data set."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from bce_cli.errors import DataError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.data_set import DataSet
from bce_cli.readers.join import gathered
from bce_cli.readers.joined_rows import Sides, joined_rows, n_unmatched
from bce_cli.readers.opened import Opened
from bce_cli.readers.reading import Reading, Summary
from bce_cli.storage.sources import Source, refuse_second_pipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.join import Join
    from bce_cli.readers.reading import LabelTally

_PIECE_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class JoinedPiece:
    """Some rows that were joined before."""

    rows: Rows
    n_bytes: int = 0

    @property
    def n_rows(self) -> int:
        """How many they are."""
        return len(self.rows)

    def read(self) -> Reading:
        """Return the rows."""
        return Reading(self.rows)


class JoinedData(Opened):
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
        refuse_second_pipe([*paths, join.labels_path])
        columns = replace(options.columns, reads_label=False, key=join.key)
        self._predictions = DataSet(paths, replace(options, columns=columns))
        self._labels = labels_data(options, join)
        self._join = join
        super().__init__()
        self.n_unmatched: int | None = None
        self.n_missing = 0

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self._predictions)
            opened.enter_context(self._labels)
            self.keep_open(opened)
        return self

    @property
    def sources(self) -> list[Source]:
        """The files that are read."""
        return [*self._predictions.sources, *self._labels.sources]

    @property
    def driven(self) -> DataSet:
        """The predictions, whose rows are joined."""
        return self._predictions

    @property
    def truth(self) -> DataSet:
        """The labels they are joined with."""
        return self._labels

    @property
    def rivals(self) -> list[DataSet]:
        """Further models that they are joined with: none."""
        return []

    @property
    def is_inner(self) -> bool:
        """Whether rows without a partner are left out."""
        return self._join.is_inner

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

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Name of the prediction column of each model."""
        return self._predictions.prediction_names

    def n_bytes(self) -> None:
        """Return None: how far the work is cannot be told by bytes."""

    def pieces(self) -> Iterator[JoinedPiece]:
        """Join all rows, and yield them piece by piece.

        Raises
        ------
        DataError
            A key occurs twice, or has no partner and should have one.
        """
        left, sides = gathered(self._predictions), Sides(gathered(self._labels))
        joined = joined_rows(left, sides, is_inner=self._join.is_inner)
        self.n_missing = joined.n_missing
        self.n_unmatched = n_unmatched(left, sides, joined)
        yield from joined_pieces(joined.rows)

    def check(self, summary: Summary) -> None:
        """Do nothing; all was checked when the rows were joined."""

    def finish(self, n: int) -> None:
        """Check what can be known at the end alone; see `DataSet.finish`."""
        if n == 0:
            message = f"{self.name}: no rows are left"
            raise DataError(message)
        self.labels.finish()


def labels_data(options: InputOptions, join: Join) -> DataSet:
    """Return the data set of a source that holds labels and keys."""
    choice = options.columns
    columns = ColumnChoice(label=choice.label, key=join.key, reads_prediction=False)
    layout = replace(options.layout, input_format=None)
    return DataSet([join.labels_path or ""], replace(options, columns=columns, layout=layout))


def joined_pieces(rows: Rows) -> Iterator[JoinedPiece]:
    """Yield rows that are in memory, piece by piece."""
    for start in range(0, len(rows), _PIECE_ROWS):
        stop = min(start + _PIECE_ROWS, len(rows))
        yield JoinedPiece(rows.at(slice(start, stop)))
