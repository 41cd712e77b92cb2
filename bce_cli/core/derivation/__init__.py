"""How binary cross-entropy comes about, step by step: plain functions of rows, frozen results.

Each function that ends in `_step` is a step of `bce demo`. It takes validated rows and returns
numbers computed with the same code as `bce compute`; nothing here draws or prints.
"""

from bce_cli.core.derivation.gradient import (
    GradientPoint,
    GradientStep,
    gradient_point,
    gradient_step,
    loss_of_logit,
)
from bce_cli.core.derivation.logarithms import (
    ConstantTrial,
    LogarithmStep,
    LogPoint,
    MonotoneStep,
    PowerRule,
    ProductRule,
    logarithm_step,
    monotone_step,
)
from bce_cli.core.derivation.minima import (
    CurvePoint,
    Iterate,
    NegativeLogStep,
    ScalingStep,
    constant_loss,
    descend,
    negative_log_step,
    scaling_step,
)
from bce_cli.core.derivation.trials import (
    SHOWN,
    BernoulliStep,
    GridTrial,
    ManyTrialsStep,
    SingleTrialStep,
    Trial,
    bernoulli_likelihood,
    bernoulli_step,
    built_in_rows,
    drawn_rows,
    first_trials,
    many_trials_step,
    single_trial_step,
)
from bce_cli.core.derivation.underflow import (
    LostRow,
    UnderflowProduct,
    UnderflowStep,
    float_types,
    underflow_step,
)

__all__ = [
    "SHOWN",
    "BernoulliStep",
    "ConstantTrial",
    "CurvePoint",
    "GradientPoint",
    "GradientStep",
    "GridTrial",
    "Iterate",
    "LogPoint",
    "LogarithmStep",
    "LostRow",
    "ManyTrialsStep",
    "MonotoneStep",
    "NegativeLogStep",
    "PowerRule",
    "ProductRule",
    "ScalingStep",
    "SingleTrialStep",
    "Trial",
    "UnderflowProduct",
    "UnderflowStep",
    "bernoulli_likelihood",
    "bernoulli_step",
    "built_in_rows",
    "constant_loss",
    "descend",
    "drawn_rows",
    "first_trials",
    "float_types",
    "gradient_point",
    "gradient_step",
    "logarithm_step",
    "loss_of_logit",
    "many_trials_step",
    "monotone_step",
    "negative_log_step",
    "scaling_step",
    "single_trial_step",
    "underflow_step",
]
