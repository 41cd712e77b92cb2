"""What a prediction costs if the label is 1 and if it is 0, and what it costs given the label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bce_cli.core.logits import sigmoid, softplus
from bce_cli.core.rows import as_floats

if TYPE_CHECKING:
    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray, Rows

CostArray: TypeAlias = npt.NDArray[np.floating[Any]]
CostLabels: TypeAlias = npt.NDArray[np.bool_] | CostArray
"""Labels as a rule sees them, in its float type where they are soft."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The loss of each prediction for either label.

    Attributes
    ----------
    positive, negative : ndarray of float32 or float64, shape (n,)
        Loss in nats if the label is 1, and if it is 0.
    positive_held, negative_held : ndarray of bool, shape (n,), optional
        Where a limit held that loss: it changed the number whose logarithm is taken, or the
        logarithm. None where there is no limit.
    """

    positive: CostArray
    negative: CostArray
    positive_held: BoolArray | None = None
    negative_held: BoolArray | None = None

    def of(self, labels: CostLabels) -> FloatArray:
        """Loss of each row; shape (n,).

        Parameters
        ----------
        labels : ndarray of bool, float32 or float64, shape (n,)
            Soft labels weigh both losses, in the float type of labels and losses.
        """
        if labels.dtype == np.bool_:
            losses: CostArray = np.where(labels, self.positive, self.negative)
            return losses.astype(np.float64, copy=False)
        shares: CostArray = labels.view(labels.dtype)
        mixed: CostArray = _scaled(1.0 - shares, self.negative) + _scaled(shares, self.positive)
        return mixed.astype(np.float64, copy=False)

    def held(self, labels: CostLabels) -> BoolArray:
        """Rows in whose loss a limit shows; shape (n,)."""
        if self.positive_held is None or self.negative_held is None:
            return np.zeros(len(labels), np.bool_)
        held: BoolArray = (self.positive_held & (labels > 0.0)) | (
            self.negative_held & (labels < 1.0)
        )
        return held


def _scaled(shares: CostArray, costs: CostArray) -> CostArray:
    """Multiply; a share of 0 counts for nothing, even if the cost is infinite."""
    scratch = np.zeros(len(costs), np.result_type(shares, costs))
    return np.multiply(shares, costs, out=scratch, where=shares > 0.0)


def exact_costs(probabilities: FloatArray) -> Costs:
    """-log p and -log1p(-p), without any limit."""
    negative = np.negative(probabilities)
    with np.errstate(divide="ignore"):  # a certain, wrong prediction costs infinity
        positive, negative = np.log(probabilities), np.log1p(negative, out=negative)
    return Costs(positive=negated(positive), negative=negated(negative))


def exact_logit_costs(logits: FloatArray) -> Costs:
    """Softplus of the logit with the sign of the label."""
    return Costs(positive=softplus(-logits), negative=softplus(logits))


def negated(logs: CostArray) -> CostArray:
    """Turn logarithms into losses in place; 0 becomes 0 and not -0."""
    return np.subtract(0.0, logs, out=logs)


def losses_of(labels: LabelArray, probabilities: FloatArray) -> FloatArray:
    """Exact losses in nats of rows that were validated before; shape (n,)."""
    return exact_costs(probabilities).of(labels)


def likelihoods_of(rows: Rows) -> FloatArray:
    """Probability given to each label, p^y (1-p)^(1-y), and 1 for rows left out; shape (n,)."""
    positive = rows.probabilities
    # 1 - sigmoid(x) would round to 0 where sigmoid(-x) does not
    negative = 1.0 - positive if rows.logits is None else sigmoid(-rows.logits)
    if rows.labels.dtype == np.bool_:
        likelihoods = np.where(rows.labels, positive, negative)
    else:
        labels = as_floats(rows.labels)
        likelihoods = negative ** (1.0 - labels) * positive**labels
    if rows.missing is not None:
        likelihoods[rows.missing] = 1.0
    return likelihoods
