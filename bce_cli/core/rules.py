"""The rules of losses, exact or as another library has it: one table, an entry a convention.

======================  ===============================================================  ==========
convention              loss of label 1 (label 0 likewise)                               float type
======================  ===============================================================  ==========
``exact``               -log p                                                           float64
``sklearn``             p and 1 - p clipped to [2.2e-16, 1 - 2.2e-16]                    float64
``sklearn-1.1``         p clipped to [1e-15, 1 - 1e-15], both classes renormalised       float64
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
the means agree within 2e-7. The float64 rules agree within 1e-12, but for weighted means of
``lightgbm-xentropy``: that library adds up the weights in float32, one after the other, and was off
by 5e-6 over 200,000 rows.

With infinite logits torch and catboost print not-a-number; here the right side costs 0 and the
wrong one infinity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bce_cli.core import clip_rules
from bce_cli.core.costs import Costs, exact_costs, exact_logit_costs
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.rows import FloatArray

CostRule: TypeAlias = "Callable[[FloatArray], Costs]"

_EPS64 = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Rule:
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
        No limit touches a probability in [reach, 1 - reach].
    """

    costs: CostRule
    source: str
    logit_costs: CostRule | None = None
    single_precision: bool = False
    mean_over: Literal["weights", "rows"] = "weights"
    takes_soft: bool = True
    threshold: float | None = None
    reach: float = 1e-6


RULES: dict[str, Rule] = {
    "exact": Rule(exact_costs, "the definition", exact_logit_costs, reach=0.0),
    "sklearn": Rule(
        partial(clip_rules.clip_each_class, eps=_EPS64),
        "scikit-learn 1.5 and later: log_loss in sklearn/metrics/_classification.py",
        takes_soft=False,
    ),
    "sklearn-1.1": Rule(
        partial(clip_rules.clip_and_renormalise, eps=1e-15),
        "scikit-learn 1.1 and earlier: log_loss with eps=1e-15",
        takes_soft=False,
    ),
    "torch": Rule(
        clip_rules.torch_costs,
        "PyTorch 2: BCELoss, BCEWithLogitsLoss in aten/src/ATen/native/Loss.cpp",
        clip_rules.torch_logit_costs,
        single_precision=True,
        mean_over="rows",
    ),
    "keras": Rule(
        clip_rules.keras_costs,
        "Keras 3: metrics.BinaryCrossentropy; binary_crossentropy in backend/tensorflow/nn.py",
        clip_rules.keras_logit_costs,
        single_precision=True,
    ),
    "tf-keras": Rule(
        clip_rules.tf_keras_costs,
        "tf-keras and Keras 2: metrics.BinaryCrossentropy; tf_keras/backend.py",
        clip_rules.keras_logit_costs,
        single_precision=True,
    ),
    "xgboost": Rule(
        clip_rules.xgboost_costs,
        "XGBoost 3: logloss in src/metric/elementwise_metric.cu",
        single_precision=True,
    ),
    "lightgbm": Rule(
        clip_rules.lightgbm_costs,
        "LightGBM 4: binary_logloss in src/metric/binary_metric.hpp",
        single_precision=True,
        threshold=0.0,
    ),
    "lightgbm-xentropy": Rule(
        partial(clip_rules.floor_each_class, eps=1e-12),
        "LightGBM 4: cross_entropy in src/metric/xentropy_metric.hpp",
        single_precision=True,
    ),
    "catboost": Rule(
        clip_rules.catboost_costs,
        "CatBoost 1.2: Logloss in catboost/libs/metrics/metric.cpp",
        clip_rules.catboost_logit_costs,
        single_precision=True,
        threshold=0.5,
        reach=0.0,
    ),
    "kaggle": Rule(
        partial(clip_rules.clip_then_subtract, eps=1e-15),
        "the evaluation pages of competitions: max(min(p, 1 - 1e-15), 1e-15)",
        takes_soft=False,
    ),
    "yardstick": Rule(
        partial(clip_rules.clip_each_class, eps=_EPS64),
        "R package yardstick: mn_log_loss in R/prob-mn_log_loss.R",
        takes_soft=False,
    ),
    "spark": Rule(
        clip_rules.spark_costs,
        "Spark 3: MulticlassMetrics.logLoss with eps=1e-15",
        takes_soft=False,
    ),
}
"""Every convention by the name that ``--like`` takes."""


def rule_of_clip(eps: float) -> Rule:
    """Return the rule of ``--clip EPS``.

    Raises
    ------
    UsageError
        If `eps` is not in (0, 0.5), or so small that ``1 - eps`` is 1.
    """
    if not 0.0 < eps < 0.5:  # noqa: PLR2004 -- one half
        message = f"--clip must be greater than 0 and less than 0.5, got {eps!r}"
        raise UsageError(message)
    if 1.0 - eps == 1.0:
        message = f"--clip {eps!r} is too small: 1 - {eps!r} rounds to 1"
        raise UsageError(message, "1.2e-16 and more make a difference")
    return Rule(partial(clip_rules.clip_probability, eps=eps), "bce", reach=eps)
