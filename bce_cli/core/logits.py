"""Logits: predictions on the scale of log p - log(1 - p), from minus to plus infinity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray


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
