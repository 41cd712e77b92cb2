"""From pieces of rows to one result: a pure function of a piece, and the fold over its parts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from bce_cli.core.convention_totals import ConventionTotals
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.differences import DifferenceRow, Differences
from bce_cli.core.excerpt import ExampleRow, Excerpt, Prefix, example_row
from bce_cli.core.likelihood import FLOAT_TYPES, LikelihoodProduct, RunningProduct
from bce_cli.core.rows import Rows, ScoredRows
from bce_cli.core.segments import SegmentTotals
from bce_cli.core.totals import LossTotals
from bce_cli.core.worst import WorstRow, WorstRows

_NO_ROWS = Rows(np.zeros(0, np.bool_), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to find out about the rows.

    Attributes
    ----------
    convention : Convention
    with_product : bool
        Multiply the raw likelihoods, in every float type.
    n_first : int or None
        Rows from the start to show in an excerpt; None for no excerpt, which needs `with_product`.
    n_worst : int
        Rows of highest loss to keep.
    compared : tuple of Convention
        Conventions whose means are to be set side by side.
    n_differing : int
        Rows to keep of those on which these conventions differ most.
    """

    convention: Convention = EXACT
    with_product: bool = True
    n_first: int | None = None
    n_worst: int = 0
    compared: tuple[Convention, ...] = ()
    n_differing: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What some rows came to.

    Attributes
    ----------
    totals : LossTotals
    worst : WorstRows
    kept : ScoredRows
        All rows of a piece, or only the last that counts.
    last : int
        0-based place among the rows of the last one that counts; -1 if there is none.
    compared : tuple of ConventionTotals
    differences : Differences
    segments : SegmentTotals
    """

    totals: LossTotals
    worst: WorstRows
    kept: ScoredRows
    last: int
    compared: tuple[ConventionTotals, ...]
    differences: Differences
    segments: SegmentTotals

    def __iadd__(self, other: Part) -> Self:
        """Merge with the rows that follow; the segments on the left are used up."""
        segments = self.segments
        segments += other.segments
        pairs = zip(self.compared, other.compared, strict=True)
        return type(self)(
            totals=self.totals + other.totals,
            worst=self.worst + other.worst,
            kept=other.kept if other.totals.n else self.kept,
            last=self.totals.n_read + other.last if other.totals.n else self.last,
            compared=tuple(mine + others for mine, others in pairs),
            differences=self.differences + other.differences,
            segments=segments,
        )


def evaluate_piece(rows: Rows, plan: Plan, *, keep_rows: bool) -> Part:
    """Compute what one piece contributes.

    Parameters
    ----------
    rows : Rows
    plan : Plan
    keep_rows : bool
        Whether the rows themselves must come back, because the raw product is still alive.
    """
    rows = plan.convention.held(rows)
    losses = plan.convention.losses(rows)
    compared = tuple(ConventionTotals.of(rows, convention) for convention in plan.compared)
    tail = replace(rows.tail(), rivals=(), cluster=None, segments=())
    kept = rows if keep_rows else tail
    last = rows.last
    return Part(
        totals=LossTotals.of(rows, losses, plan.convention),
        worst=WorstRows.of(rows, losses, plan.n_worst),
        kept=ScoredRows(
            rows=kept,
            likelihoods=plan.convention.likelihoods(kept),
            losses=losses if keep_rows else losses[max(last, 0) : last + 1].copy(),
        ),
        last=last,
        compared=compared,
        differences=Differences.of(rows, plan.compared, plan.n_differing),
        segments=SegmentTotals.of(rows, losses, plan.convention),
    )


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
    segments : SegmentTotals
        Of the columns that part the rows, where there are any.
    """

    totals: LossTotals
    products: tuple[LikelihoodProduct, ...]
    worst: tuple[WorstRow, ...]
    excerpt: tuple[ExampleRow, ...]
    compared: tuple[ConventionTotals, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    segments: SegmentTotals = field(default_factory=SegmentTotals)


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
    >>> evaluation.add(evaluate_piece(rows, Plan(), keep_rows=evaluation.needs_rows))
    >>> [product.zero_row for product in evaluation.result().products]
    [13, 75, 538]
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._part: Part | None = None
        self._products = [RunningProduct(dtype) for dtype in FLOAT_TYPES if plan.with_product]
        self._excerpt = None if plan.n_first is None else Excerpt(plan.n_first)

    @property
    def _totals(self) -> LossTotals:
        return LossTotals() if self._part is None else self._part.totals

    @property
    def needs_rows(self) -> bool:
        """Whether pieces to come must bring their rows along."""
        if any(not product.is_zero for product in self._products):
            return True
        return self._excerpt is not None and self._excerpt.needs(self._totals.n_read)

    def add(self, part: Part) -> None:
        """Take in the part that follows."""
        if self.needs_rows and len(part.kept) == part.totals.n_read:
            self._add_rows(part)
        if self._part is None:
            self._part = part
        else:
            self._part += part

    def _add_rows(self, part: Part) -> None:
        prefix = self._prefix(self._totals, self._totals.n_read)
        for product in self._products:
            product.extend(part.kept.factors)
        if self._excerpt is not None:
            self._excerpt.extend(part.kept, prefix, self._products[-1].result().zero_row)

    def _prefix(self, totals: LossTotals, n: int) -> Prefix:
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
            prefix = self._prefix(part.totals, part.last + 1)
            excerpt = self._excerpt.result(example_row(part.kept, part.kept.rows.last, prefix))
        return Result(
            totals=part.totals,
            products=tuple(product.result() for product in self._products),
            worst=part.worst.rows,
            excerpt=excerpt,
            compared=part.compared,
            differences=part.differences.rows,
            segments=part.segments,
        )
