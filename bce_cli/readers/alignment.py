"""What several models say of the same rows, brought together as their sources are read on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.row_columns import Predictions
from bce_cli.errors import DataError, quoted
from bce_cli.readers.model_files import label_conflict
from bce_cli.readers.reading import LabelValues, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.rows import Rows

_HINT = "the sources must hold the same rows in the same order; --on COLUMN joins them by a key"


@dataclass(frozen=True, slots=True)
class AlignedPiece:
    """Some rows with the predictions of every model; or none, but labels that are to be checked.

    Attributes
    ----------
    rows : Rows
    n_bytes : int
    label_values : tuple of LabelValues
        What the labels of each model were found to be before these rows.
    """

    rows: Rows
    n_bytes: int = 0
    label_values: tuple[LabelValues, ...] = ()

    @property
    def n_rows(self) -> int:
        """How many they are."""
        return len(self.rows)

    def read(self) -> Reading:
        """Return the rows."""
        return Reading(self.rows, label_values=self.label_values)


class Cursor:
    """One model, read piece by piece.

    Parameters
    ----------
    name : str
        What messages call its source.
    readings : iterator of Reading and int
        Rows that follow each other, and the bytes they were read from.
    n_before : int
        Rows of the source before them.
    """

    def __init__(
        self, name: str, readings: Iterator[tuple[Reading, int]], n_before: int = 0
    ) -> None:
        self.name = name
        self.n_taken = n_before
        self._readings = readings
        self._rows: Rows | None = None
        self._start = 0
        self._n_bytes = 0
        self._news = self._known = LabelValues()

    def n_ready(self) -> int:
        """Read on, if all was taken, and return how many rows are there; 0 at the end."""
        while self._rows is None or self._start == len(self._rows):
            found = next(self._readings, None)
            if found is None:
                return 0
            reading, n_bytes = found
            self._rows, self._start = reading.rows, 0
            self._n_bytes += n_bytes
            for values in reading.label_values:
                self._news = replace(values, n_before=self.n_taken)
        return len(self._rows) - self._start

    def take(self, n: int) -> Rows:
        """Return the rows that follow."""
        rows = self._rows
        assert rows is not None  # noqa: S101 -- there are n rows
        start, stop = self._start, self._start + n
        if n < len(rows):
            rows = rows.at(slice(start, stop))
        self._start = stop
        self.n_taken += n
        return rows

    def n_bytes_read(self) -> int:
        """Return the bytes of all that was read since the last call."""
        n_bytes, self._n_bytes = self._n_bytes, 0
        return n_bytes

    def news(self) -> LabelValues | None:
        """Return which labels there were since the last call; None if they were known before."""
        news, known = self._news, self._known
        self._news = LabelValues()
        if news.has_positive <= known.has_positive and news.other in (None, known.other):
            return None
        other = known.other if news.other is None else news.other
        self._known = LabelValues(news.has_positive or known.has_positive, other)
        return news

    def no_rows(self) -> Rows | None:
        """Return rows of this kind, but none of them; None if there never were any."""
        return None if self._rows is None else self._rows.at(slice(0, 0))


def aligned_pieces(cursors: Sequence[Cursor], *, is_last: bool = True) -> Iterator[AlignedPiece]:
    """Read several models side by side, as far as each reaches.

    Parameters
    ----------
    cursors : sequence of Cursor
        The baseline first; all before the same row.
    is_last : bool
        Whether no model may go on where the baseline ends.

    Raises
    ------
    DataError
        The models differ in their labels or ids, or in their number of rows.
    """
    baseline = cursors[0]
    while baseline.n_ready() or is_last:
        n_before = baseline.n_taken
        sizes: list[int] = []
        for cursor in cursors:
            sizes.append(cursor.n_ready())
            yield from _labels_to_check(cursors, cursor)
        if 0 in sizes:
            _refuse_rest(cursors, sizes)
            return
        models = [cursor.take(min(sizes)) for cursor in cursors]
        for cursor, rows in zip(cursors[1:], models[1:], strict=True):
            _check_ids(cursor.name, rows, baseline.name, models[0], n_before)
            _check_labels(cursor.name, rows, baseline.name, models[0], n_before)
        yield AlignedPiece(_side_by_side(models), sum(cursor.n_bytes_read() for cursor in cursors))


def _labels_to_check(cursors: Sequence[Cursor], cursor: Cursor) -> Iterator[AlignedPiece]:
    """Yield what a model's labels were found to be, which comes before any fault behind it."""
    news = cursor.news()
    if news is None:
        return
    values = tuple(news if other is cursor else LabelValues() for other in cursors)
    kinds = (
        cursors[0].no_rows(),
        cursor.no_rows(),
    )  # where the baseline has none, an error follows
    rows = next(found for found in kinds if found is not None)
    yield AlignedPiece(_side_by_side([rows] * len(cursors)), label_values=values)


def _check_labels(name: str, rows: Rows, other_name: str, others: Rows, n_before: int) -> None:
    differ = others.labels != rows.labels
    for missing in (others.missing, rows.missing):
        if missing is not None:
            differ &= ~missing
    if differ.any():
        place = int(np.argmax(differ))
        mine, theirs = (name, rows.label(place)), (other_name, others.label(place))
        raise label_conflict(mine, theirs, str(n_before + place + 1), _HINT)


def _check_ids(name: str, rows: Rows, other_name: str, others: Rows, n_before: int) -> None:
    pairs = zip(rows.ids or (), others.ids or (), strict=True)
    for row, (mine, theirs) in enumerate(pairs, n_before + 1):
        if mine != theirs:
            other = f"{quoted(theirs)} in {other_name}"
            message = f"{name}, row {row}: the id is {quoted(mine)}, but {other}"
            raise DataError(message, _HINT)


def _refuse_rest(cursors: Sequence[Cursor], sizes: Sequence[int]) -> None:
    """Raise DataError if one source goes on where another one has ended."""
    if not any(sizes):
        return
    short, long = cursors[sizes.index(0)], cursors[sizes.index(max(sizes))]
    rows = "1 row" if short.n_taken == 1 else f"{short.n_taken:,} rows"
    message = f"{short.name} ends after {rows}, but {long.name} goes on"
    raise DataError(message, _HINT)


def _side_by_side(models: Sequence[Rows]) -> Rows:
    """Put the predictions of all models into the rows of the first."""
    missing = None
    for rows in models:
        if rows.missing is not None:
            missing = rows.missing if missing is None else missing | rows.missing
    rivals = tuple(Predictions(rows.probabilities, rows.logits) for rows in models[1:])
    return replace(models[0], rivals=rivals, missing=missing).blanked()
