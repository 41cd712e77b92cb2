"""Predictions of several models, each in a source of its own, row by row in the same order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.row_columns import Predictions
from bce_cli.errors import DataError
from bce_cli.readers.model_files import ModelFiles, label_conflict
from bce_cli.readers.reading import Reading
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.readers.data_set import DataSet
    from bce_cli.readers.files import Piece
    from bce_cli.readers.options import InputOptions

_HINT = "the sources must hold the same rows in the same order; --on COLUMN joins them by a key"


@dataclass(frozen=True, slots=True)
class AlignedPiece:
    """Some rows with the predictions of every model."""

    rows: Rows
    n_bytes: int

    def read(self) -> Reading:
        """Return the rows."""
        return Reading(self.rows)


class AlignedModels(ModelFiles):
    """Sources that hold the same rows in the same order; see `ModelFiles`.

    Labels must agree, and ids where they are read.
    """

    def __init__(self, paths: Sequence[str], options: InputOptions) -> None:
        super().__init__(paths, options, rivals_have_ids=True)

    def pieces(self) -> Iterator[AlignedPiece]:
        """Read all sources in this thread; see `pieces_by`."""
        return self.pieces_by(map)

    def pieces_by(self, run: Callable[..., Iterator[Any]]) -> Iterator[AlignedPiece]:
        """Read all sources side by side, as far as each reaches.

        Parameters
        ----------
        run : callable (function, items) -> iterator
            Calls the function with each item and yields the results in order, as `map` does.

        Raises
        ------
        DataError
            The sources differ in their labels or ids, or in their number of rows.
        """
        cursors = [_Cursor(model, run) for model in self.models]
        n = 0
        while True:
            sizes = [cursor.n_ready() for cursor in cursors]
            if 0 in sizes:
                _refuse_rest(cursors, sizes)
                return
            taken = [cursor.take(min(sizes)) for cursor in cursors]
            self._check([rows for rows, _ in taken], n)
            rows = _side_by_side([rows for rows, _ in taken])
            self.n_missing += rows.n_missing
            n += len(rows)
            yield AlignedPiece(rows, sum(n_bytes for _, n_bytes in taken))

    def _check(self, models: Sequence[Rows], n_before: int) -> None:
        baseline = models[0]
        for model, rows in zip(self.models[1:], models[1:], strict=True):
            self._check_ids(model.name, baseline, rows, n_before)
            differ = baseline.labels != rows.labels
            for missing in (baseline.missing, rows.missing):
                if missing is not None:
                    differ &= ~missing
            if differ.any():
                place = int(np.argmax(differ))
                raise label_conflict(
                    (model.name, rows.label(place)),
                    (self.models[0].name, baseline.label(place)),
                    str(n_before + place + 1),
                    _HINT,
                )

    def _check_ids(self, name: str, baseline: Rows, rows: Rows, n_before: int) -> None:
        pairs = enumerate(zip(baseline.ids or (), rows.ids or (), strict=True))
        for place, (mine, theirs) in pairs:
            if mine != theirs:
                row = n_before + place + 1
                other = f"{quoted(mine)} in {self.models[0].name}"
                message = f"{name}, row {row}: the id is {quoted(theirs)}, but {other}"
                raise DataError(message, _HINT)


class _Cursor:
    """One source, read piece by piece."""

    def __init__(self, model: DataSet, run: Callable[..., Iterator[Any]]) -> None:
        self.name = model.name
        self.n_taken = 0
        self._model = model
        self._readings = run(_read, model.pieces())
        self._rows: Rows | None = None
        self._start = 0
        self._n_bytes = 0

    def n_ready(self) -> int:
        """Read on, if all was taken, and return how many rows are there; 0 at the end."""
        while self._rows is None or self._start == len(self._rows):
            found = next(self._readings, None)
            if found is None:
                return 0
            reading, n_bytes = found
            self._model.check(reading.summary)
            self._rows, self._start = reading.rows, 0
            self._n_bytes += n_bytes
        return len(self._rows) - self._start

    def take(self, n: int) -> tuple[Rows, int]:
        """Return the rows that follow, and the bytes read since the last call."""
        rows = self._rows
        assert rows is not None  # noqa: S101 -- there are n rows
        start, stop = self._start, self._start + n
        if n < len(rows):
            rows = rows.at(slice(start, stop))
        self._start = stop
        self.n_taken += n
        n_bytes, self._n_bytes = self._n_bytes, 0
        return rows, n_bytes


def _read(piece: Piece) -> tuple[Reading, int]:
    return piece.read(), piece.n_bytes


def _refuse_rest(cursors: Sequence[_Cursor], sizes: Sequence[int]) -> None:
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
