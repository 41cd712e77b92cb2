"""From pieces of rows to one result: a pure function of a piece, and the fold over its parts."""

from __future__ import annotations

from dataclasses import dataclass, field

from bce_cli.core.convention_totals import ConventionTotals
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.differences import DifferenceRow, Differences
from bce_cli.core.excerpt import ExampleRow, Excerpt, Prefix, example_row
from bce_cli.core.likelihood import FLOAT_TYPES, LikelihoodProduct, RunningProduct
from bce_cli.core.rows import Rows, ScoredRows
from bce_cli.core.segments import SegmentTotals
from bce_cli.core.totals import LossTotals
from bce_cli.core.worst import WorstRow, WorstRows


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
    """What one piece came to.

    Attributes
    ----------
    totals : LossTotals
    worst : WorstRows
    kept : ScoredRows
        All rows of the piece, or only the last that counts.
    last : int
        0-based place in the piece of the last row that counts; -1 if there is none.
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
    kept = rows if keep_rows else rows.tail()
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
        self._totals = LossTotals()
        self._worst = WorstRows(plan.n_worst)
        self._products = [RunningProduct(dtype) for dtype in FLOAT_TYPES if plan.with_product]
        self._excerpt = None if plan.n_first is None else Excerpt(plan.n_first)
        self._compared = tuple(ConventionTotals(item.name) for item in plan.compared)
        self._differences = Differences(plan.n_differing)
        self._segments = SegmentTotals()
        self._last: Part | None = None
        self._last_row = 0

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
        if part.totals.n:
            self._last = part
            self._last_row = self._totals.n_read + part.last + 1
        self._totals += part.totals
        self._worst += part.worst
        self._differences += part.differences
        self._segments += part.segments
        pairs = zip(self._compared, part.compared, strict=True)
        self._compared = tuple(mine + others for mine, others in pairs)

    def _add_rows(self, part: Part) -> None:
        prefix = self._prefix(self._totals.n_read)
        for product in self._products:
            product.extend(part.kept.factors)
        if self._excerpt is not None:
            self._excerpt.extend(part.kept, prefix, self._products[-1].result().zero_row)

    def _prefix(self, n: int) -> Prefix:
        return Prefix(
            n=n,
            product=self._products[-1].value if self._products else 1.0,
            losses=self._totals.losses,
            is_infinite=self._totals.n_infinite > 0,
        )

    def result(self) -> Result:
        """Return what all parts came to."""
        excerpt: tuple[ExampleRow, ...] = ()
        if self._excerpt is not None and self._last is not None:
            kept = self._last.kept
            last = example_row(kept, kept.rows.last, self._prefix(self._last_row))
            excerpt = self._excerpt.result(last)
        return Result(
            totals=self._totals,
            products=tuple(product.result() for product in self._products),
            worst=self._worst.rows,
            excerpt=excerpt,
            compared=self._compared,
            differences=self._differences.rows,
            segments=self._segments,
        )
