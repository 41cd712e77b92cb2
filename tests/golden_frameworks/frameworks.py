"""What each library itself says of labels, predictions and weights; each is imported when asked.

None of them is needed by the project. `make_golden.py` runs them once and writes down the numbers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Array: TypeAlias = npt.NDArray[np.float64]
Score: TypeAlias = "Callable[[Array, Array, Array | None], float]"


@dataclass(frozen=True, slots=True)
class Framework:
    """A library and how it is asked for a mean loss.

    Attributes
    ----------
    package : str
        The name it is installed by.
    score : callable (labels, predictions, weights or None) -> float
    takes_soft : bool
        Whether labels may be fractions.
    of_logits : callable, optional
        The same, with logits in place of probabilities.
    """

    package: str
    score: Score
    takes_soft: bool = True
    of_logits: Score | None = None

    @property
    def version(self) -> str:
        """The release that is installed."""
        return version(self.package)


def _sklearn(labels: Array, predictions: Array, weights: Array | None) -> float:
    from sklearn.metrics import log_loss

    return float(log_loss(labels, predictions, sample_weight=weights, labels=[0, 1]))


def _torch(labels: Array, predictions: Array, weights: Array | None) -> float:
    import torch
    from torch.nn.functional import binary_cross_entropy

    p, y = (torch.tensor(values, dtype=torch.float32) for values in (predictions, labels))
    w = None if weights is None else torch.tensor(weights, dtype=torch.float32)
    return float(binary_cross_entropy(p, y, weight=w))


def _torch_logits(labels: Array, logits: Array, weights: Array | None) -> float:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    x, y = (torch.tensor(values, dtype=torch.float32) for values in (logits, labels))
    w = None if weights is None else torch.tensor(weights, dtype=torch.float32)
    return float(binary_cross_entropy_with_logits(x, y, weight=w))


def _keras_metric(module: Any, *arrays: Array | None, from_logits: bool) -> float:  # noqa: ANN401
    metric = module.metrics.BinaryCrossentropy(from_logits=from_logits)
    labels, predictions, weights = (
        None if values is None else values.astype(np.float32)[:, None] for values in arrays
    )
    metric.update_state(labels, predictions, sample_weight=weights)
    return float(metric.result())


def _keras(labels: Array, predictions: Array, weights: Array | None) -> float:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    return _keras_metric(keras, labels, predictions, weights, from_logits=False)


def _keras_logits(labels: Array, logits: Array, weights: Array | None) -> float:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    return _keras_metric(keras, labels, logits, weights, from_logits=True)


def _tf_keras(labels: Array, predictions: Array, weights: Array | None) -> float:
    import tf_keras

    return _keras_metric(tf_keras, labels, predictions, weights, from_logits=False)


def _xgboost(labels: Array, predictions: Array, weights: Array | None) -> float:
    import xgboost

    features = np.zeros((len(labels), 1))
    data = xgboost.DMatrix(features, label=labels, weight=weights, base_margin=predictions)
    # no trees, and an objective that leaves the margin as it is
    options = {"objective": "reg:squarederror", "eval_metric": "logloss", "base_score": 0.0}
    return float(xgboost.train(options, data, 0).eval(data).rsplit(":", 1)[1])


def _lightgbm(metric: str) -> Score:
    def score(labels: Array, predictions: Array, weights: Array | None) -> float:
        import lightgbm

        features = np.zeros((len(labels), 1))
        data = lightgbm.Dataset(features, labels, weight=weights, init_score=predictions)
        # an objective of one's own leaves the scores as they are
        booster = lightgbm.Booster({"objective": "custom", "metric": metric, "verbose": -1}, data)
        return float(booster.eval_train()[0][2])

    return score


def _catboost_logits(labels: Array, logits: Array, weights: Array | None) -> float:
    from catboost.utils import eval_metric

    return float(eval_metric(labels, logits, "Logloss", weight=weights)[0])


def _catboost(labels: Array, predictions: Array, weights: Array | None) -> float:
    predictions = predictions.astype(np.float64)
    with np.errstate(divide="ignore"):
        scores = np.log(predictions) - np.log1p(-predictions)
    return _catboost_logits(labels, scores, weights)


FRAMEWORKS = {
    "sklearn": Framework("scikit-learn", _sklearn, takes_soft=False),
    "torch": Framework("torch", _torch, of_logits=_torch_logits),
    "keras": Framework("keras", _keras, of_logits=_keras_logits),
    "tf-keras": Framework("tf-keras", _tf_keras),
    "xgboost": Framework("xgboost", _xgboost),
    "lightgbm": Framework("lightgbm", _lightgbm("binary_logloss")),
    "lightgbm-xentropy": Framework("lightgbm", _lightgbm("cross_entropy")),
    "catboost": Framework("catboost", _catboost, of_logits=_catboost_logits),
}
