"""The mean loss alone, and the losses that it is the mean of."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any

from bce_cli.core.conventions import EXACT, Convention, check_convention, refuse_mixed
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import weighted
from bce_cli.core.state import BOTH, State
from bce_cli.core.totals import (
    Float32Sum,
    LossTotals,
    divisor_of,
    finite_losses,
    held_weights,
    merged_types,
)
from bce_cli.core.validate import check_rows
from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, Rows

_COIN = math.log(2.0)
"""What 1/2 costs, whatever the label: the least mean of the losses of p and of 1 - p."""


@dataclass(frozen=True, slots=True)
class MeanTotals(State):
    """The sums that a mean loss needs, and no other; they show when it is beyond doubt, too.

    For 1 - p to cost less than p does, as `LossReport.is_reversed` has it, the mean must be above
    ln 2: in each row, the losses of both come to -log p - log(1 - p), which is 2 ln 2 at the least.

    Attributes
    ----------
    n : int
        Rows that count.
    n_certain : int
        Predictions of exactly 0 or 1; none where they are logits.
    n_infinite : int
        Rows whose weighted loss is infinite, and in no sum.
    losses : ExactSum
        Weighted sum of the others, in nats.
    weights, divisors : ExactSum
        Sum of the weights, and what the mean divides by.
    held_weights : Float32Sum, optional
        Where the convention divides by such a sum.
    float_type : str or None
        What predictions were stored as, where the limits of the convention depend on that.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> totals = MeanTotals.of(Rows(np.array([True, False]), np.array([0.5, 0.75])))
    >>> round(mean_of(totals), 6), totals.are_in_doubt
    (1.039721, True)
    """

    n: int
    n_certain: int
    n_infinite: int
    losses: ExactSum
    weights: ExactSum
    divisors: ExactSum
    held_weights: Float32Sum | None = None
    float_type: str | None = field(default=None, metadata={"merge": merged_types})

    @classmethod
    def of(
        cls, rows: Rows, convention: Convention = EXACT, losses: FloatArray | None = None
    ) -> MeanTotals:
        """Sum up some rows, of which the caller may have the losses already; shape (n,)."""
        n_certain = 0 if rows.logits is not None else rows.certainties()[0]
        rows = convention.held(rows)
        losses = convention.losses(rows) if losses is None else losses
        finite, n_infinite = finite_losses(losses, rows.weights)
        n = len(rows) - rows.n_missing
        count = ExactSum.of_count(n)
        weights = count if rows.weights is None else ExactSum.of(rows.weights)
        return cls(
            n,
            n_certain,
            n_infinite,
            ExactSum.of(finite),
            weights,
            divisors=count if convention.rule.mean_over == "rows" else weights,
            held_weights=held_weights(rows, convention),
            float_type=convention.type_that_matters(rows),
        )

    @property
    def mean_divisor(self) -> ExactSum:
        """What the mean divides by, as the convention adds that up."""
        return divisor_of(self.divisors, self.held_weights)

    @property
    def are_in_doubt(self) -> bool:
        """Whether it takes the sums of `LossTotals` to tell if the mean is what was meant."""
        is_above = bool(float(self.losses) > _COIN * float(self.weights))
        return is_above or self.n_infinite > 0 or 0 < self.n == self.n_certain


@dataclass(frozen=True, slots=True)
class Guarded(State):
    """A few sums of some rows, and all others where those are in doubt.

    So most rows take the few sums, and those that are surely not what was meant are read once, too.

    Attributes
    ----------
    few : MeanTotals or another state
        What has `are_in_doubt`.
    whole : LossTotals or another state, or None
        None where some of the rows were beyond doubt.
    """

    few: Any
    whole: Any = field(metadata=BOTH)

    @classmethod
    def of(cls, rows: Rows, few: Callable[[Rows], Any], whole: Callable[[Rows], Any]) -> Guarded:
        """Sum up some rows in one way, and where that leaves doubts, in the other, too."""
        found = few(rows)
        return cls(found, whole(rows) if found.are_in_doubt else None)


def mean_of(totals: MeanTotals | LossTotals) -> float:
    """Return the mean loss in nats; infinite where a loss is.

    Raises
    ------
    DataError
        There are no rows, or none with a weight; or predictions were stored in several types, and
        the limits of the convention depend on that.
    """
    if totals.n == 0:
        message = "the mean of no rows is undefined"
        raise DataError(message)
    refuse_mixed(totals.float_type)
    if not totals.weights.units:
        message = "all weights are 0, so there is no mean"
        raise DataError(message)
    return math.inf if totals.n_infinite else totals.losses.over(totals.mean_divisor)


def binary_cross_entropy(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    logits: bool = False,
    soft_labels: bool = False,
    convention: Convention = EXACT,
) -> FloatArray:
    r"""Binary cross-entropy (log loss) of each row, in nats.

    The smaller the better; 0 for a certain, right prediction, infinite for a certain, wrong one.
    Nothing is clipped, unless a convention says so.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Outcomes, each 0 or 1; with `soft_labels`, the probability of label 1, each in [0, 1].
    probabilities : array-like, shape (n,)
        Predicted P(label = 1), each in [0, 1]; with `logits`, its log odds, any number.
    weights : array-like, shape (n,), optional
        Each 0 or in [1e-100, 1e100]; losses are multiplied by them, and that of a row of weight 0
        is 0.
    logits, soft_labels : bool, default False
    convention : Convention, default exact
        Whose rule is followed: ``Convention(like="torch")``, ``Convention(clip=1e-15)``.

    Returns
    -------
    ndarray of float64, shape (n,)
        Losses in nats, each in [0, inf], within one unit in the last place of the true value
        (NumPy's logarithms are not always correctly rounded, and may differ in the last bit
        between families of processors); two units for logits.

    Raises
    ------
    LabelError, ProbabilityError, WeightError
        Names the first value outside its domain.
    DataError
        The lengths differ, or labels are soft and the convention takes only 0 and 1.
    ArgumentError
        `convention` is none.

    Notes
    -----
    The negative logarithm of a Bernoulli trial's probability :math:`p^y (1-p)^{1-y}`:
    :math:`-\log p` for :math:`y = 1` and :math:`-\log(1-p)` for :math:`y = 0`, the latter computed
    as ``-log1p(-p)``, which keeps all digits of a small p. For a logit x, that is
    :math:`\log(1+e^{-x})` and :math:`\log(1+e^x)`. Soft labels weigh both by y and 1 - y.

    References
    ----------
    I. J. Good, "Rational decisions", J. R. Stat. Soc. B 14 (1952), 107-114.

    Examples
    --------
    >>> binary_cross_entropy([1, 0], [0.5, 0.0]).tolist()
    [0.6931471805599453, 0.0]
    >>> binary_cross_entropy([1, 0], [0.0, 1000.0], logits=True).tolist()
    [0.6931471805599453, 1000.0]
    """
    check_convention(convention)
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    return weighted(convention.losses(rows), convention.held(rows).weights)


def mean_binary_cross_entropy(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    logits: bool = False,
    soft_labels: bool = False,
    convention: Convention = EXACT,
) -> float:
    """Mean binary cross-entropy (log loss) in nats.

    Parameters
    ----------
    labels, probabilities : array-like, shape (n,)
    logits, soft_labels : bool, default False
    convention : Convention, default exact
        As for `binary_cross_entropy`.
    weights : array-like, shape (n,), optional
        Of the rows, each 0 or in [1e-100, 1e100].

    Returns
    -------
    float
        In [0, inf]: the exact sum of the (weighted) losses, rounded once, over n or the sum of the
        weights. The order of the rows does not matter.

    Raises
    ------
    LabelError, ProbabilityError, WeightError
        Names the first value outside its domain.
    DataError
        The lengths differ, there are no rows, or all weights are 0.

    Examples
    --------
    >>> round(mean_binary_cross_entropy([1, 1, 0, 0], [0.9, 0.8, 0.3, 0.4]), 12)
    0.299001158669
    >>> mean_binary_cross_entropy([1], [0.0])
    inf
    >>> mean_binary_cross_entropy([1], [0.0], convention=Convention(like="torch"))
    100.0
    """
    check_convention(convention)
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    return mean_of(MeanTotals.of(rows, convention))
