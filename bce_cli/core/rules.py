"""Rules: what a prediction costs, exactly or as another library has it; one table of them.

Every function takes probabilities (or logits), float64 of shape (n,), and returns the costs of both
labels in the float type of the library. A rule computes what the library computes, in its order:
``log(1 - p)`` where that is written, not the better ``log1p(-p)``.

======================  ===============================================================  ==========
convention              loss of label 1 (label 0 likewise)                               float type
======================  ===============================================================  ==========
``exact``               -log p                                                           float64
``sklearn``             p and 1 - p clipped to [eps, 1 - eps], 2.2e-16 in float64        of p
``sklearn-1.1``         p clipped to [1e-15, 1 - 1e-15], both classes renormalised       of p
``torch``               log p held at -100 or more; weighted means divide by n           float32
``keras``               p clipped to [1e-7, 1 - 1e-7]                                    float32
``tf-keras``            the same, and 1e-7 added inside the logarithm                    float32
``xgboost``             p held at 1e-16 or more                                          float32
``lightgbm``            p held at 1e-15 or more; a soft label above 0 is 1               float64
``lightgbm-xentropy``   p held at 1e-12 or more                                          float64
``catboost``            log(1 + exp(a)) - a of the raw score a; above 0.5, a label is 1  float64
``kaggle``              p clipped to [1e-15, 1 - 1e-15]                                  float64
``yardstick``           p and 1 - p clipped to [2.2e-16, 1 - 2.2e-16]                    float64
``spark``               constants outside [1e-15, 1 - 1e-15]                             float64
======================  ===============================================================  ==========

Losses of float32 rules are computed in float32 and then widened, so that their sum is exact and
depends on no order. The libraries add them up in float32 or in blocks, so their last digits differ:
the means agree within 2e-7. The float64 rules agree within 1e-12. ``lightgbm-xentropy`` divides by
a sum of weights that is rounded to float32 at each step, which was off by 5e-6 over 200,000 rows;
that sum is repeated here for up to a million rows, and is exact beyond.

Predictions may be stored as float32 or float16. The float32 rules hold them in float32 whatever
they are stored as; all others but two widen them to float64. ``sklearn`` clips at the machine
precision of their own type, 1.2e-7 or 9.8e-4, and in that of ``sklearn-1.1`` the limit 1 - 1e-15
rounds to 1 (and 1e-15 to 0, in float16), so that a certain, wrong row is infinite, or not-a-number
there. Both go on in that type, and here in float64: means agree within 2e-7 for float32.

With infinite logits torch and catboost print not-a-number; here the right side costs 0 and the
wrong one infinity.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np

from bce_cli.core.arguments import number_in, shown
from bce_cli.core.rows import as_floats
from bce_cli.errors import ArgumentError, argument

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray, Rows


CostArray: TypeAlias = "npt.NDArray[np.floating[Any]]"
F = TypeVar("F", bound=np.floating[Any])
CostLabels: TypeAlias = "npt.NDArray[np.bool_] | CostArray"
"""Labels as a rule sees them, in its float type where they are soft."""
CostRule: TypeAlias = "Callable[[FloatArray], Costs]"


def sigmoid(logits: FloatArray) -> FloatArray:
    """Probability that belongs to each logit, 1 / (1 + exp(-x)).

    Parameters
    ----------
    logits : ndarray of float64, shape (n,)
        Any numbers, infinite ones included.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1], within three units in the last place, small probabilities too.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-np.inf, -700.0, 0.0, np.inf])).tolist()
    [0.0, 9.85967654375977e-305, 0.5, 1.0]
    """
    with np.errstate(under="ignore"):
        odds = np.exp(-np.abs(logits))  # of the less likely side
    return np.where(logits >= 0.0, 1.0, odds) / (1.0 + odds)


def logit(probabilities: FloatArray) -> FloatArray:
    """Log odds of each probability, log p - log1p(-p); infinite at 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> logit(np.array([0.0, 5e-324, 0.5, 1.0])).round(4).tolist()
    [-inf, -744.4401, 0.0, inf]
    """
    with np.errstate(divide="ignore"):
        log_odds: FloatArray = np.log(probabilities)
        log_odds -= np.log1p(-probabilities)
    return log_odds


def softplus(values: FloatArray) -> FloatArray:
    """log(1 + exp(x)): the loss of label 0 for the logit x, and of label 1 for the logit -x.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Any numbers, infinite ones included.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, inf], in nats, within two units in the last place; infinite for plus infinity alone.

    Examples
    --------
    >>> import numpy as np
    >>> softplus(np.array([-np.inf, -50.0, 0.0, 1e308, np.inf])).tolist()
    [0.0, 1.9287498479639178e-22, 0.6931471805599453, 1e+308, inf]
    """
    with np.errstate(under="ignore"):
        tail = np.log1p(np.exp(-np.abs(values)))
    return np.maximum(values, 0.0) + tail


class Costs(NamedTuple):
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
            losses: CostArray = chosen(labels, self.positive, self.negative)
            return losses.astype(np.float64, copy=False)
        shares: CostArray = labels.view(labels.dtype)
        mixed: CostArray = _scaled(1.0 - shares, self.negative) + _scaled(shares, self.positive)
        return mixed.astype(np.float64, copy=False)

    @property
    def reversed(self) -> Costs:
        """What the same predictions would cost as probabilities of label 0."""
        return Costs(self.negative, self.positive, self.negative_held, self.positive_held)

    def held(self, labels: CostLabels) -> BoolArray:
        """Rows in whose loss a limit shows; shape (n,)."""
        if self.positive_held is None or self.negative_held is None:
            return np.zeros(len(labels), np.bool_)
        held: BoolArray = (self.positive_held & (labels > 0.0)) | (
            self.negative_held & (labels < 1.0)
        )
        return held


def chosen(
    labels: npt.NDArray[Any], positive: npt.NDArray[F], negative: npt.NDArray[F]
) -> npt.NDArray[F]:
    """Return one number for label 1 and another for label 0; shape (n,), as `numpy.where` does.

    That takes a branch for each row, which no processor foresees; bits are mixed without any.

    Parameters
    ----------
    labels : ndarray of bool, shape (n,)
    positive, negative : ndarray of float32 or float64, shape (n,)
        Of one type.

    Examples
    --------
    >>> import numpy as np
    >>> chosen(np.array([True, False]), np.array([0.5, 1.5]), np.array([-0.0, np.inf])).tolist()
    [0.5, inf]
    """
    whole = np.dtype(f"i{positive.itemsize}")
    mask = labels.astype(whole)
    np.negative(mask, out=mask)  # all bits for label 1
    ones, zeros = positive.view(whole), negative.view(whole)
    mask &= ones ^ zeros
    mask ^= zeros
    return mask.view(positive.dtype)


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
    if labels.dtype != np.bool_:
        return exact_costs(probabilities).of(labels)
    losses = np.negative(probabilities)
    ones, zeros = np.flatnonzero(labels), np.flatnonzero(np.logical_not(labels))
    with np.errstate(divide="ignore"):  # each row is asked for one of the logarithms alone
        losses[ones] = np.log(probabilities[ones])
        losses[zeros] = np.log1p(losses[zeros])
    return negated(losses)  # type: ignore[return-value]


def likelihoods_of(rows: Rows) -> FloatArray:
    """Probability given to each label, p^y (1-p)^(1-y), and 1 for rows left out; shape (n,)."""
    positive = rows.probabilities
    # 1 - sigmoid(x) would round to 0 where sigmoid(-x) does not
    negative = 1.0 - positive if rows.logits is None else sigmoid(-rows.logits)
    if rows.labels.dtype == np.bool_:
        likelihoods = chosen(rows.labels, positive, negative)
    else:
        labels = as_floats(rows.labels)
        likelihoods = negative ** (1.0 - labels) * positive**labels
    if rows.missing is not None:
        likelihoods[rows.missing] = 1.0
    return likelihoods


_KERAS_EPSILON = np.float32(1e-7)
_LEAST_TORCH_LOG = np.float32(-100.0)
_XGBOOST_EPSILON = np.float32(1e-16)
_LIGHTGBM_EPSILON = np.float32(1e-15)


def clip_probability(probabilities: FloatArray, eps: float) -> Costs:
    """Move p into [eps, 1 - eps], then -log p and -log1p(-p): the rule of clipping."""
    p, held = _held_within(probabilities, eps, 1.0 - eps)
    return Costs(negated(np.log(p)), negated(np.log1p(-p)), held, held)


def clip_then_subtract(probabilities: FloatArray, eps: float) -> Costs:
    """Move p into [eps, 1 - eps], then -log p and -log(1 - p): a rule often written by hand."""
    p, held = _held_within(probabilities, eps, 1.0 - eps)
    return Costs(negated(np.log(p)), negated(np.log(1.0 - p)), held, held)


def clip_each_class(probabilities: CostArray, low: float | np.float32, high: float | None) -> Costs:
    """Move p and 1 - p, each on its own, into [low, high]; a right, certain row may cost 0."""
    positive, positive_held = _held_within(probabilities, low, high)
    negative, negative_held = _held_within(1.0 - probabilities, low, high)
    return Costs(negated(np.log(positive)), negated(np.log(negative)), positive_held, negative_held)


def clip_and_renormalise(probabilities: FloatArray, low: float, high: float) -> Costs:
    """Move p into [low, high], then divide p and 1 - p by their sum, which may round."""
    p, held = _held_within(probabilities, low, high)
    rest = 1.0 - p
    total = rest + p
    with np.errstate(divide="ignore"):  # limits may round to 0 and 1
        positive, negative = np.log(p / total), np.log(rest / total)
    return Costs(negated(positive), negated(negative), held, held)


def machine_limits(float_type: str) -> tuple[float, float]:
    """Return the machine precision of a float type, and 1 less that."""
    eps = float(np.finfo(float_type).eps)
    return eps, 1.0 - eps


def rounded_limits(float_type: str) -> tuple[float, float]:
    """Return 1e-15 and 1 - 1e-15 as a float type rounds them."""
    low, high = (float(np.dtype(float_type).type(limit)) for limit in (1e-15, 1.0 - 1e-15))
    return low, high


def spark_costs(probabilities: FloatArray) -> Costs:
    """Constants outside [1e-15, 1 - 1e-15], -log eps and -log1p(-eps), for the label's class."""
    eps = 1e-15
    costs, held = [], []
    for share in (probabilities, 1.0 - probabilities):
        floored, is_low = _held_within(share, eps)
        is_high = share > 1.0 - eps
        costs.append(np.where(is_high, -np.log1p(-eps), negated(np.log(floored))))
        held.append(is_low | is_high)
    return Costs(*costs, *held)


def lightgbm_costs(probabilities: FloatArray) -> Costs:
    """-log of p or 1 - p where that exceeds 1e-15, a float32; else -log of it, in float32, too."""
    eps = float(_LIGHTGBM_EPSILON)
    cap = -np.log(_LIGHTGBM_EPSILON)
    costs, held = [], []
    for share in (probabilities, 1.0 - probabilities):
        held.append(share <= eps)
        costs.append(np.where(held[-1], cap, negated(np.log(np.maximum(share, eps)))))
    return Costs(*costs, *held)


def xgboost_costs(probabilities: FloatArray) -> Costs:
    """Raise p and 1 - p to at least 1e-16, all in float32."""
    return clip_each_class(probabilities.astype(np.float32), _XGBOOST_EPSILON, None)


def torch_costs(probabilities: FloatArray) -> Costs:
    """-log p and -log1p(-p) in float32, the logarithms held at -100 or more."""
    p = probabilities.astype(np.float32)
    with np.errstate(divide="ignore"):
        positive, positive_held = _held_within(np.log(p), _LEAST_TORCH_LOG)
        negative, negative_held = _held_within(np.log1p(-p), _LEAST_TORCH_LOG)
    return Costs(negated(positive), negated(negative), positive_held, negative_held)


def torch_logit_costs(logits: FloatArray) -> Costs:
    """(1 - y) x - log sigmoid(x) in float32, which loses the loss of a right, confident label 0."""
    x = _float32(logits)
    with np.errstate(under="ignore"):
        log_sigmoid = np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))
    negative = np.where(x == -np.inf, 0.0, x - np.maximum(log_sigmoid, -np.finfo(x.dtype).max))
    return Costs(negated(log_sigmoid), negative)


def keras_costs(probabilities: FloatArray) -> Costs:
    """Move p into [1e-7, 1 - 1e-7], then -log p and -log(1 - p), all in float32."""
    p, held = _held_in_keras(probabilities)
    return Costs(negated(np.log(p)), negated(np.log(1.0 - p)), held, held)


def tf_keras_costs(probabilities: FloatArray) -> Costs:
    """As keras, but 1e-7 is added once more inside both logarithms."""
    p, held = _held_in_keras(probabilities)
    positive, negative = np.log(p + _KERAS_EPSILON), np.log(1.0 - p + _KERAS_EPSILON)
    return Costs(negated(positive), negated(negative), held, held)


def keras_logit_costs(logits: FloatArray) -> Costs:
    """max(x, 0) - x y + log1p(exp(-|x|)) in float32."""
    x = _float32(logits)
    with np.errstate(under="ignore"):
        tail = np.log1p(np.exp(-np.abs(x)))
    return Costs(np.maximum(-x, 0.0) + tail, np.maximum(x, 0.0) + tail)


def catboost_costs(probabilities: FloatArray) -> Costs:
    """Turn p into the raw score log p - log1p(-p) first, which is all that the library takes."""
    with np.errstate(divide="ignore"):
        return catboost_logit_costs(np.log(probabilities) - np.log1p(-probabilities))


def catboost_logit_costs(scores: FloatArray) -> Costs:
    """log(1 + exp(a)) - y a, or (1 - y) a where exp(a) is infinite, which is 0 for label 1."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        odds = np.exp(scores)
        positive = np.where(np.isfinite(odds), np.log(1.0 + odds) - scores, 0.0)
        negative = np.where(np.isfinite(odds), np.log(1.0 + odds), scores)
    return Costs(positive, negative)


def _held_in_keras(probabilities: FloatArray) -> tuple[CostArray, BoolArray]:
    one = np.float32(1.0)
    return _held_within(probabilities.astype(np.float32), _KERAS_EPSILON, one - _KERAS_EPSILON)


def _held_within(
    values: CostArray, low: float | np.float32, high: float | np.float32 | None = None
) -> tuple[CostArray, BoolArray]:
    """Return the values moved into the limits, and where that changed them."""
    moved = np.clip(values, low, high)
    return moved, moved != values


def _float32(values: FloatArray) -> CostArray:
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


_EPS64 = float(np.finfo(np.float64).eps)


class Rule(NamedTuple):
    """How one library gets from predictions to a mean loss.

    Attributes
    ----------
    costs : callable (probabilities) -> Costs
    source : str
        The release whose rule it is, and where that rule stands.
    logit_costs : callable (logits) -> Costs, optional
        Where the library takes logits itself; elsewhere their sigmoid is taken.
    single_precision : bool
        Whether it holds labels and weights in float32.
    mean_over : {"weights", "rows"}
        What the weighted sum of the losses is divided by.
    takes_soft : bool
        Whether it takes labels between 0 and 1.
    threshold : float, optional
        Labels above it count as 1, the others as 0.
    reach : float
        No limit touches a probability in [reach, 1 - reach], where predictions are float64.
    limits_in : callable (float type) -> (low, high), optional
        What `costs` takes as well, where predictions are stored in another float type than float64
        and the limits depend on that; see `rows.FloatType`.
    adds_weights_in_float32 : bool
        Whether the sum of the weights is rounded to float32 at each step.
    """

    costs: CostRule
    source: str
    logit_costs: CostRule | None = None
    single_precision: bool = False
    mean_over: Literal["weights", "rows"] = "weights"
    takes_soft: bool = True
    threshold: float | None = None
    reach: float = 1e-6
    limits_in: Callable[[str], tuple[float, float]] | None = None
    adds_weights_in_float32: bool = False


Like: TypeAlias = Literal[
    "exact",
    "sklearn",
    "sklearn-1.1",
    "torch",
    "keras",
    "tf-keras",
    "xgboost",
    "lightgbm",
    "lightgbm-xentropy",
    "catboost",
    "kaggle",
    "yardstick",
    "spark",
    "all",
]
"""Names of the rules, and "all" of them side by side."""

RULES: dict[str, Rule] = {
    "exact": Rule(exact_costs, "the definition", exact_logit_costs, reach=0.0),
    "sklearn": Rule(
        partial(clip_each_class, low=_EPS64, high=1.0 - _EPS64),
        "scikit-learn 1.5 and later: log_loss in sklearn/metrics/_classification.py",
        takes_soft=False,
        limits_in=machine_limits,
    ),
    "sklearn-1.1": Rule(
        partial(clip_and_renormalise, low=1e-15, high=1.0 - 1e-15),
        "scikit-learn 1.1 and earlier: log_loss with eps=1e-15",
        takes_soft=False,
        limits_in=rounded_limits,
    ),
    "torch": Rule(
        torch_costs,
        "PyTorch 2: BCELoss, BCEWithLogitsLoss in aten/src/ATen/native/Loss.cpp",
        torch_logit_costs,
        single_precision=True,
        mean_over="rows",
    ),
    "keras": Rule(
        keras_costs,
        "Keras 3: metrics.BinaryCrossentropy; binary_crossentropy in backend/tensorflow/nn.py",
        keras_logit_costs,
        single_precision=True,
    ),
    "tf-keras": Rule(
        tf_keras_costs,
        "tf-keras and Keras 2: metrics.BinaryCrossentropy; tf_keras/backend.py",
        keras_logit_costs,
        single_precision=True,
    ),
    "xgboost": Rule(
        xgboost_costs,
        "XGBoost 3: logloss in src/metric/elementwise_metric.cu",
        single_precision=True,
    ),
    "lightgbm": Rule(
        lightgbm_costs,
        "LightGBM 4: binary_logloss in src/metric/binary_metric.hpp",
        single_precision=True,
        threshold=0.0,
    ),
    "lightgbm-xentropy": Rule(
        partial(clip_each_class, low=1e-12, high=None),
        "LightGBM 4: cross_entropy in src/metric/xentropy_metric.hpp",
        single_precision=True,
        adds_weights_in_float32=True,
    ),
    "catboost": Rule(
        catboost_costs,
        "CatBoost 1.2: Logloss in catboost/libs/metrics/metric.cpp",
        catboost_logit_costs,
        single_precision=True,
        threshold=0.5,
        reach=0.0,
    ),
    "kaggle": Rule(
        partial(clip_then_subtract, eps=1e-15),
        "the evaluation pages of competitions: max(min(p, 1 - 1e-15), 1e-15)",
        takes_soft=False,
    ),
    "yardstick": Rule(
        partial(clip_each_class, low=_EPS64, high=1.0 - _EPS64),
        "R package yardstick: mn_log_loss in R/prob-mn_log_loss.R",
        takes_soft=False,
    ),
    "spark": Rule(
        spark_costs,
        "Spark 3: MulticlassMetrics.logLoss with eps=1e-15",
        takes_soft=False,
    ),
}
"""Every convention by its name."""


def rule_of_clip(eps: float) -> Rule:
    """Return the rule of clipping at `eps` and ``1 - eps``.

    Raises
    ------
    ArgumentError
        If `eps` is not in (0, 0.5), or so small that ``1 - eps`` is 1.
    """
    if not 0.0 < number_in(eps) < 0.5:  # noqa: PLR2004 -- one half
        message = f"{argument('clip')} must be greater than 0 and less than 0.5, got {shown(eps)}"
        raise ArgumentError(message)
    if 1.0 - eps == 1.0:
        message = f"{argument('clip')} {eps!r} is too small: 1 - {eps!r} rounds to 1"
        raise ArgumentError(message, "1.2e-16 and more make a difference")
    return Rule(partial(clip_probability, eps=eps), "bce", reach=eps)
