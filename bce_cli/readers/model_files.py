"""Several sources of the same rows, each with the predictions of another model."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from bce_cli.errors import DataError
from bce_cli.readers.data_set import DataSet
from bce_cli.readers.opened import Opened
from bce_cli.storage.sources import Source, refuse_second_pipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.reading import LabelTally, Summary


class ModelFiles(Opened):
    """A context with a data set for each model; weights and clusters are those of the first.

    Parameters
    ----------
    paths : sequence of str
        One source for each model, the baseline first; it may have many parts.
    options : InputOptions
    rivals_have_ids : bool
        Whether the column of the ids, where there is one, is read from every source.
    """

    def __init__(
        self, paths: Sequence[str], options: InputOptions, *, rivals_have_ids: bool
    ) -> None:
        refuse_second_pipe(paths)
        choice = options.columns
        row_id = choice.id if rivals_have_ids else None
        rival = replace(choice, weight=None, id=row_id, cluster=None, segments=())
        self.models = [
            DataSet([path], replace(options, columns=rival if index else choice))
            for index, path in enumerate(paths)
        ]
        super().__init__()
        self.n_missing = 0
        self.n_unmatched: int | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            for model in self.models:
                opened.enter_context(model)
            self.keep_open(opened)
        return self

    @property
    def sources(self) -> list[Source]:
        """The files that are read."""
        return [source for model in self.models for source in model.sources]

    @property
    def name(self) -> str:
        """What messages about the whole call it."""
        return ", ".join(model.name for model in self.models)

    @property
    def columns(self) -> Columns:
        """The columns of the baseline."""
        return self.models[0].columns

    @property
    def labels(self) -> LabelTally:
        """Which labels the baseline's source had."""
        return self.models[0].labels

    @property
    def notes(self) -> list[str]:
        """What was found out about the sources and is worth a word."""
        return [note for model in self.models for note in model.notes]

    @property
    def label_name(self) -> str:
        """Name of the label column of the baseline."""
        return self.models[0].label_name

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Name of the prediction column in each source."""
        return tuple(model.prediction_name for model in self.models)

    @property
    def prediction_name(self) -> str:
        """Name of the prediction column of the baseline."""
        return self.models[0].prediction_name

    def n_bytes(self) -> int | None:
        """Size of all sources; None if one of them is a stream, or compressed."""
        sizes = [model.n_bytes() for model in self.models]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def check(self, summary: Summary) -> None:
        """Do nothing; all was checked when the rows were joined."""

    def finish(self, n: int) -> None:
        """Check what can be known at the end alone; see `DataSet.finish`."""
        if n == 0:
            left = "no rows are left" if self.n_missing or self.n_unmatched else "there are no rows"
            message = f"{self.name}: {left}"
            raise DataError(message)
        for model in self.models:
            model.labels.finish()


def label_conflict(
    theirs: tuple[str, float], baseline: tuple[str, float], row: str, hint: str | None = None
) -> DataError:
    """Say that two sources do not agree on what happened; each is a name and a label."""
    label, other = f"{theirs[1]:g}", f"{baseline[1]:g} in {baseline[0]}"
    message = f"{theirs[0]}, row {row}: the label is {label}, but {other}"
    return DataError(message, hint)
