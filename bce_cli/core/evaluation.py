"""The fold over rows, in their order: what it asks of them, and what it comes to."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bce_cli.core.conventions import EXACT, Convention, check_convention
from bce_cli.core.rows import Rows, ScoredRows
from bce_cli.core.state import FIRST, State
from bce_cli.core.totals import LossTotals
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.convention_totals import ConventionTotals
    from bce_cli.core.extremes import DifferenceRow, Differences, WorstRow, WorstRows
    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.likelihood import (
        ExampleRow,
        Excerpt,
        LikelihoodProduct,
        LogProduct,
        Prefix,
        RunningLogProduct,
        RunningProduct,
    )
    from bce_cli.core.rows import FloatArray
    from bce_cli.core.segmented import Segmented
    from bce_cli.core.segments import SegmentSums


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
    with_log_product : bool
        Follow the logarithm of the product to where float64 has lost it, which needs
        `with_product`.
    """

    convention: Convention = EXACT
    with_product: bool = True
    n_first: int | None = None
    n_worst: int = 0
    compared: tuple[Convention, ...] = ()
    n_differing: int = 100
    with_log_product: bool = False

    def __post_init__(self) -> None:
        check_convention(self.convention)


@dataclass(frozen=True, slots=True)
class Findings(State):
    """What some rows came to.

    Attributes
    ----------
    totals : LossTotals
    worst : WorstRows or None
        None where none are kept; the same goes for what follows.
    kept : ScoredRows
        All of them, or only the last that counts.
    last : int
        0-based place among the rows of the last one that counts; -1 if there is none.
    compared : tuple of ConventionTotals
    differences : Differences or None
    segments : Segmented of SegmentSums, or None
    clusters : ClusterSums or None
        Losses by cluster.
    """

    totals: LossTotals
    worst: WorstRows | None
    kept: ScoredRows = field(metadata=FIRST)
    last: int = field(metadata=FIRST)
    compared: tuple[ConventionTotals, ...]
    differences: Differences | None
    segments: Segmented[SegmentSums] | None
    clusters: ClusterSums | None

    def __iadd__(self, other: Findings) -> Findings:  # noqa: PYI034 -- as State has it
        """Merge with what the rows that follow came to."""
        # By hand: the last row that counts is the last of theirs, if they have one.
        if other.totals.n:
            self = replace(self, kept=other.kept, last=self.totals.n_read + other.last)  # noqa: PLW0642
        return State.__iadd__(self, other)


def evaluate_rows(rows: Rows, plan: Plan, *, keep_rows: bool) -> Findings:
    """Find out what the plan asks about some rows.

    Parameters
    ----------
    rows : Rows
    plan : Plan
    keep_rows : bool
        Whether the rows themselves must come back, because the raw product is still alive.
    """
    rows = plan.convention.held(rows)
    losses, reversed_losses = plan.convention.losses_both_ways(rows)
    tail = replace(rows.tail(), rivals=(), cluster=None, segments=())
    kept = rows if keep_rows else tail
    last = rows.last
    return Findings(
        totals=LossTotals.of(rows, losses, plan.convention, reversed_losses),
        kept=ScoredRows(
            rows=kept,
            likelihoods=plan.convention.likelihoods(kept),
            losses=losses if keep_rows else losses[max(last, 0) : last + 1].copy(),
        ),
        last=last,
        **_wishes(rows, losses, plan),
    )


def _wishes(rows: Rows, losses: FloatArray, plan: Plan) -> dict[str, Any]:
    """Compute what is not always asked for; what does it is loaded when it is."""
    found: dict[str, Any] = {"worst": None, "compared": (), "differences": None, "segments": None}
    found["clusters"] = None
    if rows.cluster is not None:
        from bce_cli.core.groups import clusters_of, losses_by_cluster  # noqa: PLC0415

        found["clusters"] = losses_by_cluster(clusters_of(rows), rows, losses, plan.convention)
    if plan.n_worst:
        from bce_cli.core.extremes import WorstRows  # noqa: PLC0415

        found["worst"] = WorstRows.of(rows, losses, plan.n_worst)
    if plan.compared:
        from bce_cli.core.convention_totals import ConventionTotals  # noqa: PLC0415
        from bce_cli.core.extremes import Differences  # noqa: PLC0415

        found["compared"] = tuple(ConventionTotals.of(rows, rule) for rule in plan.compared)
        found["differences"] = Differences.of(rows, plan.compared, plan.n_differing)
    if rows.segments:
        from bce_cli.core.segments import segment_sums  # noqa: PLC0415

        found["segments"] = segment_sums(rows, losses, plan.convention)
    return found


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
    segments : Segmented of SegmentSums, or None
        Of the columns that part the rows; None where there are none.
    clusters : ClusterSums or None
        Losses by cluster; None where rows have none.
    log_product : LogProduct or None
        None where nobody asked for it.
    """

    totals: LossTotals
    products: tuple[LikelihoodProduct, ...]
    worst: tuple[WorstRow, ...]
    excerpt: tuple[ExampleRow, ...]
    compared: tuple[ConventionTotals, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    segments: Segmented[SegmentSums] | None = None
    clusters: ClusterSums | None = None
    log_product: LogProduct | None = None


class Evaluation:
    """Folds what rows came to, in their order, with what must see them one after the other.

    Parameters
    ----------
    plan : Plan

    Examples
    --------
    >>> import numpy as np
    >>> rows = Rows(np.array([True] * 1000), np.array([0.25] * 1000))
    >>> evaluation = Evaluation(Plan())
    >>> evaluation += evaluate_rows(rows, Plan(), keep_rows=evaluation.needs_rows)
    >>> [product.zero_row for product in evaluation.result().products]
    [13, 75, 538]
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._findings: Findings | None = None
        self._products: list[RunningProduct] = []
        self._excerpt: Excerpt | None = None
        self._log_product: RunningLogProduct | None = None
        if plan.with_product:
            from bce_cli.core.likelihood import FLOAT_TYPES, RunningProduct  # noqa: PLC0415

            self._products = [RunningProduct(dtype) for dtype in FLOAT_TYPES]
        if plan.n_first is not None:
            from bce_cli.core.likelihood import Excerpt  # noqa: PLC0415

            self._excerpt = Excerpt(plan.n_first)
        if plan.with_log_product:
            from bce_cli.core.likelihood import RunningLogProduct  # noqa: PLC0415

            self._log_product = RunningLogProduct()

    @property
    def _totals(self) -> LossTotals:
        return LossTotals() if self._findings is None else self._findings.totals

    @property
    def needs_rows(self) -> bool:
        """Whether rows to come must bring their rows along."""
        if any(not product.is_zero for product in self._products):
            return True
        followed = (each for each in (self._excerpt, self._log_product) if each is not None)
        return any(each.needs(self._totals.n_read) for each in followed)

    def __iadd__(self, findings: Findings) -> Self:
        """Take in what the rows that follow came to."""
        if self.needs_rows and len(findings.kept) == findings.totals.n_read:
            self._add_rows(findings.kept)
        if self._findings is None:
            self._findings = findings
        else:
            self._findings += findings
        return self

    def _add_rows(self, kept: ScoredRows) -> None:
        prefix = self._prefix(self._totals, self._totals.n_read)
        for product in self._products:
            product.extend(kept.factors)
        for followed in (self._excerpt, self._log_product):
            if followed is not None:
                followed.extend(kept, prefix, self._products[-1].result().zero_row)

    def _prefix(self, totals: LossTotals, n: int) -> Prefix:
        from bce_cli.core.likelihood import Prefix  # noqa: PLC0415

        return Prefix(
            n=n,
            product=self._products[-1].value if self._products else 1.0,
            losses=totals.losses,
            is_infinite=totals.n_infinite > 0,
        )

    def result(self, whole: Findings | None = None) -> Result:
        """Return what all rows came to.

        Parameters
        ----------
        whole : Findings, optional
            What all rows came to, where those were added only that had to bring their rows along.
        """
        found = whole or self._findings or evaluate_rows(_NO_ROWS, self.plan, keep_rows=False)
        excerpt: tuple[ExampleRow, ...] = ()
        if self._excerpt is not None and found.totals.n:
            from bce_cli.core.likelihood import example_row  # noqa: PLC0415

            prefix = self._prefix(found.totals, found.last + 1)
            excerpt = self._excerpt.result(example_row(found.kept, found.kept.rows.last, prefix))
        return Result(
            totals=found.totals,
            products=tuple(product.result() for product in self._products),
            worst=() if found.worst is None else found.worst.rows,
            excerpt=excerpt,
            compared=found.compared,
            differences=() if found.differences is None else found.differences.rows,
            segments=found.segments,
            clusters=found.clusters,
            log_product=None
            if self._log_product is None
            else self._log_product.result(found.totals.n_read),
        )
