"""Predictions of several models, each in a source of its own, joined by a key."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from bce_cli.readers.join import gathered
from bce_cli.readers.joined_data import joined_pieces, labels_data
from bce_cli.readers.joined_rows import Sides, joined_rows, n_unmatched
from bce_cli.readers.model_files import ModelFiles
from bce_cli.storage.sources import refuse_second_pipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.readers.data_set import DataSet
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.join import Join
    from bce_cli.readers.joined_data import JoinedPiece
    from bce_cli.readers.reading import LabelTally
    from bce_cli.storage.sources import Source


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
    def driven(self) -> DataSet:
        """The baseline, whose rows are joined."""
        return self.models[0]

    @property
    def truth(self) -> DataSet | None:
        """The labels they are joined with, where they have none themselves."""
        return self._labels

    @property
    def rivals(self) -> list[DataSet]:
        """Further models that they are joined with."""
        return self.models[1:]

    @property
    def is_inner(self) -> bool:
        """Whether rows without a partner are left out."""
        return self._join.is_inner

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
        truth = None if self._labels is None else gathered(self._labels)
        sides = Sides(truth, tuple(rivals))
        joined = joined_rows(baseline, sides, is_inner=self._join.is_inner)
        self.n_missing = joined.n_missing
        self.n_unmatched = n_unmatched(baseline, sides, joined)
        yield from joined_pieces(joined.rows)
