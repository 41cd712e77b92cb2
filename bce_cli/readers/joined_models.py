"""Predictions of several models, each in a source of its own, joined by a key."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np

from bce_cli.core.row_columns import Predictions
from bce_cli.readers.join import gathered, missing_with, partners, with_labels
from bce_cli.readers.joined_data import joined_pieces, labels_data
from bce_cli.readers.model_files import ModelFiles, label_conflict
from bce_cli.readers.sources import refuse_second_pipe
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.rows import FloatArray, Rows
    from bce_cli.readers.data_set import DataSet
    from bce_cli.readers.join import Gathered, Join, Partners
    from bce_cli.readers.joined_data import JoinedPiece
    from bce_cli.readers.label_tally import LabelTally
    from bce_cli.readers.options import InputOptions
    from bce_cli.readers.sources import Source


class JoinedModels(ModelFiles):
    """Sources whose rows are joined by a key, and with labels of another file where one is named.

    All of them are held in memory. Rows keep the order and the numbers of the baseline.

    Parameters
    ----------
    paths : sequence of str
    options : InputOptions
    join : Join
    """

    def __init__(self, paths: Sequence[str], options: InputOptions, join: Join) -> None:
        refuse_second_pipe([*paths, join.labels_path])
        reads_label = join.labels_path is None
        columns = replace(options.columns, key=join.key, reads_label=reads_label)
        super().__init__(paths, replace(options, columns=columns), rivals_have_ids=False)
        self._join = join
        self._lone_keys: set[str] = set()
        self._labels = None if reads_label else labels_data(options, join)

    def __enter__(self) -> Self:
        super().__enter__()
        if self._labels is not None:
            with ExitStack() as opened:
                opened.push(super().__exit__)
                opened.enter_context(self._labels)
                self.keep_open(opened)
        return self

    @property
    def sources(self) -> list[Source]:
        """The files that are read."""
        return [*super().sources, *([] if self._labels is None else self._labels.sources)]

    @property
    def _labelled(self) -> DataSet:
        return self.models[0] if self._labels is None else self._labels

    @property
    def labels(self) -> LabelTally:
        """Which labels there were."""
        return self._labelled.labels

    @property
    def label_name(self) -> str:
        """Name of the label column."""
        return self._labelled.label_name

    def pieces(self) -> Iterator[JoinedPiece]:
        """Join all rows, and yield them piece by piece.

        Raises
        ------
        DataError
            A key occurs twice, or has no partner and should have one; or labels differ.
        """
        baseline, *rivals = (gathered(model) for model in self.models)
        rows, lone = baseline.rows, np.zeros(len(baseline.rows), np.bool_)
        if self._labels is not None:
            truth = gathered(self._labels)
            found = self._partners(baseline, truth, lone)
            rows = with_labels(rows, truth.rows, found)
        for rival in rivals:
            found = self._partners(baseline, rival, lone)
            if self._labels is None:
                _refuse_other_labels(baseline, rival, found)
            rows = _with_rival(rows, rival.rows, found)
        if rows.missing is not None:
            self.n_missing = int(np.count_nonzero(rows.missing & ~lone))
        self.n_unmatched = len(self._lone_keys)
        yield from joined_pieces(rows)

    def _partners(self, left: Gathered, right: Gathered, lone: np.ndarray) -> Partners:
        found = partners(left, right, is_inner=self._join.is_inner)
        self._lone_keys.update(found.lone)
        has_partner = np.zeros(len(lone), np.bool_)
        has_partner[found.left] = True
        lone |= ~has_partner
        return found


def _with_rival(rows: Rows, rival: Rows, found: Partners) -> Rows:
    """Put the predictions of another model beside those that are there."""

    def placed(values: FloatArray) -> FloatArray:
        spread = np.zeros(len(rows))
        spread[found.left] = values[found.right]
        return spread

    logits = None if rival.logits is None else placed(rival.logits)
    predictions = Predictions(placed(rival.probabilities), logits)
    missing = missing_with(rows, rival, found)
    rivals = (*rows.rivals, predictions)
    return replace(rows, rivals=rivals, missing=missing if missing.any() else None).blanked()


def _refuse_other_labels(baseline: Gathered, rival: Gathered, found: Partners) -> None:
    """Raise DataError if a key has one label here and another one there."""
    mine, theirs = baseline.rows.at(found.left), rival.rows.at(found.right)
    differ = mine.labels != theirs.labels
    for missing in (mine.missing, theirs.missing):
        if missing is not None:
            differ &= ~missing
    if differ.any():
        place = int(np.argmax(differ))
        raise label_conflict(
            (rival.name, theirs.label(place)),
            (baseline.name, mine.label(place)),
            f"{found.right[place] + 1} (key {quoted(rival.frame['key'].iloc[found.right[place]])})",
        )
