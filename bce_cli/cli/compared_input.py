"""The options of `bce compare`: rows that several models have predicted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bce_cli.cli.input_options import ClusterOpt, IdOpt, OnModelsOpt, PredictionsOpt
from bce_cli.cli.scored_input import ScoredInput
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.data.data import Data
    from bce_cli.readers.columns import ColumnChoice


@dataclass(frozen=True, slots=True)
class ComparedInput(ScoredInput):
    """Labels, and predictions of several models in columns or in files of their own."""

    prediction: PredictionsOpt = None  # type: ignore[assignment]  # several, in its old place
    on: OnModelsOpt = None
    id_column: IdOpt = None
    cluster: ClusterOpt = None

    @property
    def predictions(self) -> list[str]:
        """The columns that were named."""
        return list(self.prediction or ())

    @property
    def has_columns(self) -> bool:
        """Whether models are columns, and sources parts of one data set."""
        return len(self.predictions) > 1

    def columns(self) -> ColumnChoice:
        """Return the columns that are to be read."""
        first = next(iter(self.predictions), None)
        return replace(
            ScoredInput.columns(self),
            prediction=first,
            rivals=tuple(self.predictions[1:]),
            id=self.id_column,
            cluster=self.cluster,
        )

    def models(self, paths: Sequence[str]) -> Data:
        """Prepare to read the sources.

        Raises
        ------
        UsageError
            There is one model only, or options contradict each other.
        """
        if self.has_columns:
            return self.data(paths)
        if len(paths) == 1:
            message = "there is one model only: name two columns, or give a source for each model"
            raise UsageError(message, "such as -p old -p new, or old.csv new.csv")
        from bce_cli.data.data import open_models  # noqa: PLC0415 -- --help needs no NumPy

        self.check()
        return open_models(paths, self.input_options(), self.how_joined())

    def check(self) -> None:
        """Refuse options that contradict each other."""
        if self.has_columns or self.labels is not None:
            ScoredInput.check(self)
            return
        if self.join == "inner" and self.on is None:
            message = "--join needs --on"
            raise UsageError(message, "such as --on id")
        ScoredInput.check(replace(self, on=None, join="all"))  # a key alone joins the models
