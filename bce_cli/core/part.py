"""What one piece of rows contributes to an evaluation: a pure function of a piece and a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.rows import Rows, ScoredRows
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from bce_cli.core.convention_totals import ConventionTotals
    from bce_cli.core.differences import Differences
    from bce_cli.core.rows import FloatArray
    from bce_cli.core.segments import SegmentTotals
    from bce_cli.core.worst import WorstRows

State = TypeVar("State")


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
    worst : WorstRows or None
        None where none are kept; the same goes for what follows.
    kept : ScoredRows
        All rows of a piece, or only the last that counts.
    last : int
        0-based place among the rows of the last one that counts; -1 if there is none.
    compared : tuple of ConventionTotals
    differences : Differences or None
    segments : SegmentTotals or None
    """

    totals: LossTotals
    worst: WorstRows | None
    kept: ScoredRows
    last: int
    compared: tuple[ConventionTotals, ...]
    differences: Differences | None
    segments: SegmentTotals | None

    def __iadd__(self, other: Part) -> Self:
        """Merge with the rows that follow; the segments on the left are used up."""
        pairs = zip(self.compared, other.compared, strict=True)
        return type(self)(
            totals=self.totals + other.totals,
            worst=_merged(self.worst, other.worst),
            kept=other.kept if other.totals.n else self.kept,
            last=self.totals.n_read + other.last if other.totals.n else self.last,
            compared=tuple(mine + others for mine, others in pairs),
            differences=_merged(self.differences, other.differences),
            segments=_merged(self.segments, other.segments),
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
    tail = replace(rows.tail(), rivals=(), cluster=None, segments=())
    kept = rows if keep_rows else tail
    last = rows.last
    return Part(
        totals=LossTotals.of(rows, losses, plan.convention),
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
    if plan.n_worst:
        from bce_cli.core.worst import WorstRows  # noqa: PLC0415

        found["worst"] = WorstRows.of(rows, losses, plan.n_worst)
    if plan.compared:
        from bce_cli.core.convention_totals import ConventionTotals  # noqa: PLC0415
        from bce_cli.core.differences import Differences  # noqa: PLC0415

        found["compared"] = tuple(ConventionTotals.of(rows, rule) for rule in plan.compared)
        found["differences"] = Differences.of(rows, plan.compared, plan.n_differing)
    if rows.segments:
        from bce_cli.core.segments import SegmentTotals  # noqa: PLC0415

        found["segments"] = SegmentTotals.of(rows, losses, plan.convention)
    return found


def _merged(mine: State | None, others: State | None) -> State | None:
    if mine is None or others is None:
        return None
    mine += others  # type: ignore[operator]
    return mine
