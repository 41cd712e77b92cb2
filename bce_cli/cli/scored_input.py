"""The options of commands that score predictions: how rows are read, and what weighs them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bce_cli.cli.input_options import LogitsOpt, SoftLabelsOpt, WeightOpt
from bce_cli.cli.rowwise import Rowwise
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.readers.columns import ColumnChoice
    from bce_cli.readers.grammar import Grammar


@dataclass(frozen=True, slots=True)
class ScoredInput(Rowwise):
    """Labels and predictions, which may be soft, be logits, and have weights."""

    weight: WeightOpt = None
    soft_labels: SoftLabelsOpt = False
    logits: LogitsOpt = False

    def columns(self) -> ColumnChoice:
        """Return the columns that are to be read."""
        return replace(Rowwise.columns(self), weight=self.weight)

    def grammar(self) -> Grammar:
        """Return how cells are to be read."""
        soft, logits = self.soft_labels, self.logits
        return replace(Rowwise.grammar(self), soft_labels=soft, logits=logits)

    def check(self) -> None:
        """Refuse options that contradict each other."""
        Rowwise.check(self)
        if self.positive is not None and self.soft_labels:
            message = "--positive names one of two labels; it does not go with --soft-labels"
            raise UsageError(message)
