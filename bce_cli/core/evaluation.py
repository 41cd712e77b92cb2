"""The fold over the parts of a data set, in the order of its rows, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from bce_cli.core.part import Part, Plan, evaluate_piece
from bce_cli.core.rows import Rows
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from bce_cli.core.convention_totals import ConventionTotals
    from bce_cli.core.differences import DifferenceRow
    from bce_cli.core.excerpt import ExampleRow, Excerpt, Prefix
    from bce_cli.core.likelihood import LikelihoodProduct, RunningProduct
    from bce_cli.core.segments import SegmentTotals
    from bce_cli.core.worst import WorstRow

_NO_ROWS = Rows(np.zeros(0, np.bool_), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Result:
    """Everything known once all rows were seen.

    Attributes
    ----------
    totals : LossTotals
    products : tuple of LikelihoodProduct
        One for each float type, or none.
    worst : tuple of WorstRow
    excerpt : tuple of ExampleRow
    compared : tuple of ConventionTotals
        One for each convention of the plan, in its order.
    differences : tuple of DifferenceRow
        Rows on which these conventions differ, the most important first.
    segments : SegmentTotals or None
        Of the columns that part the rows; None where there are none.
    """

    totals: LossTotals
    products: tuple[LikelihoodProduct, ...]
    worst: tuple[WorstRow, ...]
    excerpt: tuple[ExampleRow, ...]
    compared: tuple[ConventionTotals, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    segments: SegmentTotals | None = None


class Evaluation:
    """Folds the parts of a data set, in the order of its rows.

    Parameters
    ----------
    plan : Plan

    Examples
    --------
    >>> import numpy as np
    >>> rows = Rows(np.array([True] * 1000), np.array([0.25] * 1000))
    >>> evaluation = Evaluation(Plan())
    >>> evaluation += evaluate_piece(rows, Plan(), keep_rows=evaluation.needs_rows)
    >>> [product.zero_row for product in evaluation.result().products]
    [13, 75, 538]
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._part: Part | None = None
        self._products: list[RunningProduct] = []
        self._excerpt: Excerpt | None = None
        if plan.with_product:
            from bce_cli.core.likelihood import FLOAT_TYPES, RunningProduct  # noqa: PLC0415

            self._products = [RunningProduct(dtype) for dtype in FLOAT_TYPES]
        if plan.n_first is not None:
            from bce_cli.core.excerpt import Excerpt  # noqa: PLC0415

            self._excerpt = Excerpt(plan.n_first)

    @property
    def _totals(self) -> LossTotals:
        return LossTotals() if self._part is None else self._part.totals

    @property
    def needs_rows(self) -> bool:
        """Whether pieces to come must bring their rows along."""
        if any(not product.is_zero for product in self._products):
            return True
        return self._excerpt is not None and self._excerpt.needs(self._totals.n_read)

    def __iadd__(self, part: Part) -> Self:
        """Take in the part that follows."""
        if self.needs_rows and len(part.kept) == part.totals.n_read:
            self._add_rows(part)
        if self._part is None:
            self._part = part
        else:
            self._part += part
        return self

    def _add_rows(self, part: Part) -> None:
        prefix = self._prefix(self._totals, self._totals.n_read)
        for product in self._products:
            product.extend(part.kept.factors)
        if self._excerpt is not None:
            self._excerpt.extend(part.kept, prefix, self._products[-1].result().zero_row)

    def _prefix(self, totals: LossTotals, n: int) -> Prefix:
        from bce_cli.core.excerpt import Prefix  # noqa: PLC0415

        return Prefix(
            n=n,
            product=self._products[-1].value if self._products else 1.0,
            losses=totals.losses,
            is_infinite=totals.n_infinite > 0,
        )

    def result(self, whole: Part | None = None) -> Result:
        """Return what all rows came to.

        Parameters
        ----------
        whole : Part, optional
            What all rows came to, where those were added only that had to bring their rows along.
        """
        part = whole or self._part or evaluate_piece(_NO_ROWS, self.plan, keep_rows=False)
        excerpt: tuple[ExampleRow, ...] = ()
        if self._excerpt is not None and part.totals.n:
            from bce_cli.core.excerpt import example_row  # noqa: PLC0415

            prefix = self._prefix(part.totals, part.last + 1)
            excerpt = self._excerpt.result(example_row(part.kept, part.kept.rows.last, prefix))
        return Result(
            totals=part.totals,
            products=tuple(product.result() for product in self._products),
            worst=() if part.worst is None else part.worst.rows,
            excerpt=excerpt,
            compared=part.compared,
            differences=() if part.differences is None else part.differences.rows,
            segments=part.segments,
        )
