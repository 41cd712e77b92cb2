"""What several conventions make of the same rows: a sum for each, exact and mergeable."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING

from bce_cli.core.conventions import Convention, refuse_mixed
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.report import NATS_PER, check_unit
from bce_cli.core.rules import RULES
from bce_cli.core.state import FIRST, State
from bce_cli.core.totals import (
    Float32Sum,
    count_soft,
    divisor_of,
    finite_losses,
    held_weights,
    merged_types,
)
from bce_cli.core.validate import check_rows
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Rows

ALL_CONVENTIONS = tuple(Convention(like=name) for name in RULES)


@dataclass(frozen=True, slots=True)
class ConventionTotals(State):
    """The mean loss of some rows under one convention, as a mergeable state.

    Attributes
    ----------
    name : str
    n_clipped : int
        Rows that a limit of the convention touches.
    n_infinite : int
        Rows whose weighted loss is infinite, and in no sum.
    n_refused : int
        Rows whose soft labels the convention does not take; with one of them there is no mean.
    losses, divisors : ExactSum
        Weighted sum of the finite losses in nats, and what the mean divides by.
    held_weights, float_type
        As in `LossTotals`.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.0, 0.5]))
    >>> totals = ConventionTotals.of(rows, Convention(like="torch"))
    >>> totals.mean_loss, (totals + totals).n_clipped
    (50.3465735912323, 2)
    """

    name: str = field(metadata=FIRST)
    n_clipped: int = 0
    n_infinite: int = 0
    n_refused: int = 0
    losses: ExactSum = ExactSum()
    divisors: ExactSum = ExactSum()
    held_weights: Float32Sum | None = None
    float_type: str | None = field(default=None, metadata={"merge": merged_types})

    @classmethod
    def of(cls, rows: Rows, convention: Convention) -> ConventionTotals:
        """Sum up some rows."""
        if not convention.rule.takes_soft and count_soft(rows):
            return cls(convention.name, n_refused=count_soft(rows))
        rows = convention.held(rows)
        finite, n_infinite = finite_losses(convention.losses(rows), rows.weights)
        counts_rows = rows.weights is None or convention.rule.mean_over == "rows"
        n = ExactSum.of_count(len(rows) - rows.n_missing)
        return cls(
            name=convention.name,
            n_clipped=convention.n_clipped(rows),
            n_infinite=n_infinite,
            losses=ExactSum.of(finite),
            divisors=n if counts_rows or rows.weights is None else ExactSum.of(rows.weights),
            held_weights=held_weights(rows, convention),
            float_type=convention.type_that_matters(rows),
        )

    @property
    def total_loss(self) -> float | None:
        """Weighted sum of the losses in nats; None where the convention refuses the labels."""
        if self.n_refused:
            return None
        return math.inf if self.n_infinite else float(self.losses)

    @property
    def mean_loss(self) -> float | None:
        """Mean loss in nats; None where the convention refuses the labels, or no row counts."""
        if self.n_refused or not self.divisors.units:
            return None
        divisor = divisor_of(self.divisors, self.held_weights)
        return math.inf if self.n_infinite else self.losses.over(divisor)


@dataclass(frozen=True, slots=True)
class ConventionReport:
    """One convention beside the others; losses in the unit asked for.

    Attributes
    ----------
    name : str
    mean_loss : float or None
        None where the convention does not take soft labels.
    n_clipped : int or None
        Rows that a limit of the convention touches.
    cap_positive, cap_negative : float
        What an impossible row costs: one with label 1 and probability 0, and one with label 0 and
        probability 1.
    """

    name: str
    mean_loss: float | None
    n_clipped: int | None
    cap_positive: float
    cap_negative: float


def convention_report(
    convention: Convention, totals: ConventionTotals, unit: Unit, *, logits: bool = False
) -> ConventionReport:
    """Derive the figures of one convention from its totals.

    Parameters
    ----------
    convention : Convention
    totals : ConventionTotals
    unit : {"nats", "bits"}
    logits : bool, default False
        Whether predictions were logits; rules that take them have no limit for them.

    Raises
    ------
    DataError
        Predictions were stored in several types, and limits depend on that.
    """
    refuse_mixed(totals.float_type)
    is_unlimited = logits and convention.rule.logit_costs is not None
    nats, mean, kind = NATS_PER[unit], totals.mean_loss, totals.float_type or "float64"
    return ConventionReport(
        name=totals.name,
        mean_loss=None if mean is None else mean / nats,
        n_clipped=None if totals.n_refused else totals.n_clipped,
        cap_positive=math.inf if is_unlimited else convention.cap(True, kind) / nats,
        cap_negative=math.inf if is_unlimited else convention.cap(False, kind) / nats,
    )


def convention_reports(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    logits: bool = False,
    soft_labels: bool = False,
    unit: Unit = "nats",
) -> tuple[ConventionReport, ...]:
    """Mean loss of the same rows under every convention of the table of rules.

    Parameters
    ----------
    labels, probabilities : array-like, shape (n,)
    weights : array-like, shape (n,), optional
    logits, soft_labels : bool, default False
        As for `mean_binary_cross_entropy`.
    unit : {"nats", "bits"}, default "nats"

    Returns
    -------
    tuple of ConventionReport
        The exact one first.

    Raises
    ------
    LabelError, ProbabilityError, WeightError, DataError
        As `binary_cross_entropy` does.
    ArgumentError
        `unit` is not known.

    Examples
    --------
    >>> reports = convention_reports([1, 1], [0.5, 0.0])
    >>> [(report.name, round(report.mean_loss, 4)) for report in reports[:4]]
    [('exact', inf), ('sklearn', 18.3684), ('sklearn-1.1', 17.616), ('torch', 50.3466)]
    """
    check_unit(unit)
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    return tuple(
        convention_report(convention, ConventionTotals.of(rows, convention), unit, logits=logits)
        for convention in ALL_CONVENTIONS
    )
