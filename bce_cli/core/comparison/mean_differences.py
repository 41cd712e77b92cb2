"""The mean differences of losses alone: of each model to the first, and nothing else."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.mean_loss import MeanTotals, mean_of
from bce_cli.core.rows import weighted
from bce_cli.core.state import BOTH, State
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows


@dataclass(frozen=True, slots=True)
class MeanDifferences(State):
    """The sums that mean differences of independent rows need, and no other.

    Attributes
    ----------
    models : tuple of MeanTotals
        The baseline first. Where one of them is in doubt, so are the differences.
    differences : tuple of ExactSum, or None
        Weighted sum of the loss of each model minus that of the baseline, but for the baseline;
        None where a loss is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Predictions, Rows
    >>> rival = Predictions(np.array([0.5, 0.5]))
    >>> rows = Rows(np.array([True, False]), np.array([0.25, 0.75]), rivals=(rival,))
    >>> MeanDifferences.of(rows).values
    [-0.6931471805599453]
    """

    models: tuple[MeanTotals, ...]
    differences: tuple[ExactSum, ...] | None = field(metadata=BOTH)

    @classmethod
    def of(cls, rows: Rows, convention: Convention = EXACT) -> MeanDifferences:
        """Sum up some rows, whose clusters do not matter."""
        held = [convention.held(model) for model in rows.under_models()]
        losses = [convention.losses(model) for model in held]
        models = tuple(
            MeanTotals.of(model, convention, own) for model, own in zip(held, losses, strict=True)
        )
        if any(model.n_infinite for model in models):
            return cls(models, None)
        differences = []
        for after in losses[1:]:
            after -= losses[0]  # noqa: PLW2901 -- in place, as nobody needs them any more
            differences.append(ExactSum.of(weighted(after, held[0].weights)))
        return cls(models, tuple(differences))

    @property
    def are_in_doubt(self) -> bool:
        """Whether it takes the sums of `ComparisonTotals` to tell if a model is what was meant."""
        return any(model.are_in_doubt for model in self.models)

    @property
    def values(self) -> list[float]:
        """The mean differences, in nats, where they are not in doubt.

        Raises
        ------
        DataError
            As `mean_of` does, of any model.
        """
        for model in self.models:
            mean_of(model)
        return [total.over(self.models[0].divisors) for total in self.differences or ()]
