"""From rows with several predictions to the totals of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bce_cli.core.comparison.totals import DifferenceTotals, ModelTotals
from bce_cli.core.conventions import EXACT, Convention

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows


@dataclass(frozen=True, slots=True)
class ComparisonPlan:
    """What to find out about the rows.

    Attributes
    ----------
    convention : Convention
    n_shown : int
        Rows to keep of those that gain, and of those that lose, most.
    """

    convention: Convention = EXACT
    n_shown: int = 0


@dataclass(frozen=True, slots=True)
class ComparisonTotals:
    """What some rows come to under every model.

    Attributes
    ----------
    models : tuple of ModelTotals
        The baseline first.
    differences : tuple of DifferenceTotals
        One for each model but the baseline.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.row_columns import Predictions
    >>> from bce_cli.core.rows import Rows
    >>> rival = Predictions(np.array([0.5, 0.5]))
    >>> rows = Rows(np.array([True, False]), np.array([0.25, 0.75]), rivals=(rival,))
    >>> totals = ComparisonTotals.of(rows, ComparisonPlan())
    >>> totals.differences[0].moments.ratio, totals.differences[0].n_better
    (-0.6931471805599453, 2)
    """

    models: tuple[ModelTotals, ...]
    differences: tuple[DifferenceTotals, ...]

    @classmethod
    def of(cls, rows: Rows, plan: ComparisonPlan) -> ComparisonTotals:
        """Sum up some rows."""
        convention = plan.convention
        held = [convention.held(model) for model in rows.under_models()]
        losses = [convention.losses(model) for model in held]
        baseline, *rivals = zip(held, losses, strict=True)
        return cls(
            tuple(ModelTotals.of(*model, convention) for model in (baseline, *rivals)),
            tuple(
                DifferenceTotals.of(baseline, rival, convention, plan.n_shown) for rival in rivals
            ),
        )

    def __iadd__(self, other: ComparisonTotals) -> Self:
        """Merge with the rows that follow; what is on the left may be used up."""
        models, differences = list(self.models), list(self.differences)
        for index, model in enumerate(other.models):
            models[index] += model
        for index, difference in enumerate(other.differences):
            differences[index] += difference
        return type(self)(tuple(models), tuple(differences))
