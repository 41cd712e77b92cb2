"""The rules by which libraries keep a loss finite, each as it stands in their source.

Every function takes probabilities (or logits), float64 of shape (n,), and returns the costs of both
labels in the float type of the library. A rule computes what the library computes, in its order:
``log(1 - p)`` where that is written, not the better ``log1p(-p)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.costs import CostArray, Costs, negated

if TYPE_CHECKING:
    from bce_cli.core.rows import BoolArray, FloatArray

_KERAS_EPSILON = np.float32(1e-7)
_LEAST_TORCH_LOG = np.float32(-100.0)
_XGBOOST_EPSILON = np.float32(1e-16)
_LIGHTGBM_EPSILON = np.float32(1e-15)


def clip_probability(probabilities: FloatArray, eps: float) -> Costs:
    """Move p into [eps, 1 - eps], then -log p and -log1p(-p): the rule of ``--clip``."""
    p, held = _held_within(probabilities, eps, 1.0 - eps)
    return Costs(negated(np.log(p)), negated(np.log1p(-p)), held, held)


def clip_then_subtract(probabilities: FloatArray, eps: float) -> Costs:
    """Move p into [eps, 1 - eps], then -log p and -log(1 - p): a rule often written by hand."""
    p, held = _held_within(probabilities, eps, 1.0 - eps)
    return Costs(negated(np.log(p)), negated(np.log(1.0 - p)), held, held)


def clip_each_class(probabilities: FloatArray, eps: float) -> Costs:
    """Move p and 1 - p, each on its own, into [eps, 1 - eps]."""
    positive, positive_held = _held_within(probabilities, eps, 1.0 - eps)
    negative, negative_held = _held_within(1.0 - probabilities, eps, 1.0 - eps)
    return Costs(negated(np.log(positive)), negated(np.log(negative)), positive_held, negative_held)


def clip_and_renormalise(probabilities: FloatArray, eps: float) -> Costs:
    """Move p into [eps, 1 - eps], then divide p and 1 - p by their sum, which may round."""
    p, held = _held_within(probabilities, eps, 1.0 - eps)
    rest = 1.0 - p
    total = rest + p
    return Costs(negated(np.log(p / total)), negated(np.log(rest / total)), held, held)


def floor_each_class(probabilities: FloatArray, eps: float) -> Costs:
    """Raise p and 1 - p to at least eps; a right, certain row costs 0."""
    positive, positive_held = _held_within(probabilities, eps)
    negative, negative_held = _held_within(1.0 - probabilities, eps)
    return Costs(negated(np.log(positive)), negated(np.log(negative)), positive_held, negative_held)


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
    p = probabilities.astype(np.float32)
    positive, positive_held = _held_within(p, _XGBOOST_EPSILON)
    negative, negative_held = _held_within(1.0 - p, _XGBOOST_EPSILON)
    return Costs(negated(np.log(positive)), negated(np.log(negative)), positive_held, negative_held)


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
