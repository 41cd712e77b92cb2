"""The loss of every row, and its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import as_floats
from bce_cli.core.validate import check_pair
from bce_cli.errors import DataError

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, LabelArray


def binary_cross_entropy(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> FloatArray:
    r"""Binary cross-entropy (log loss) of each row, in nats.

    The smaller the better; 0 for a certain, right prediction, infinite for a certain, wrong one.
    Nothing is clipped.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Outcomes, each 0 or 1.
    probabilities : array-like, shape (n,)
        Predicted P(label = 1), each in [0, 1].

    Returns
    -------
    ndarray of float64, shape (n,)
        Losses in nats, each in [0, inf], within one unit in the last place of the true value
        (NumPy's logarithms are not always correctly rounded, and may differ in the last bit
        between families of processors).

    Raises
    ------
    LabelError, ProbabilityError
        Names the first value outside its domain.
    DataError
        The lengths differ.

    Notes
    -----
    The negative logarithm of a Bernoulli trial's probability :math:`p^y (1-p)^{1-y}`:
    :math:`-\log p` for :math:`y = 1` and :math:`-\log(1-p)` for :math:`y = 0`, the latter computed
    as ``-log1p(-p)``, which keeps all digits of a small p.

    References
    ----------
    I. J. Good, "Rational decisions", J. R. Stat. Soc. B 14 (1952), 107-114.

    Examples
    --------
    >>> binary_cross_entropy([1, 0], [0.5, 0.0]).tolist()
    [0.6931471805599453, 0.0]
    """
    return losses_of(*check_pair(labels, probabilities))


def mean_binary_cross_entropy(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Mean binary cross-entropy (log loss) in nats.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Outcomes, each 0 or 1.
    probabilities : array-like, shape (n,)
        Predicted P(label = 1), each in [0, 1].

    Returns
    -------
    float
        In [0, inf]: the exact sum of the losses, rounded once, over n. The order of the rows does
        not matter.

    Raises
    ------
    LabelError, ProbabilityError
        Names the first value outside its domain.
    DataError
        The lengths differ, or there are no rows.

    Examples
    --------
    >>> round(mean_binary_cross_entropy([1, 1, 0, 0], [0.9, 0.8, 0.3, 0.4]), 12)
    0.299001158669
    >>> mean_binary_cross_entropy([1], [0.0])
    inf
    """
    losses = binary_cross_entropy(labels, probabilities)
    if len(losses) == 0:
        message = "the mean of no rows is undefined"
        raise DataError(message)
    if np.isinf(losses.max()):
        return float("inf")
    return float(ExactSum.of(losses)) / len(losses)


def losses_of(labels: LabelArray, probabilities: FloatArray) -> FloatArray:
    """Losses in nats of rows that were validated before; shape (n,)."""
    with np.errstate(divide="ignore"):  # a certain, wrong prediction costs infinity
        logs = np.log1p(-probabilities)
        logs_of_positive = np.log(probabilities)
    if labels.dtype == np.bool_:
        np.copyto(logs, logs_of_positive, where=labels.view(np.bool_))
    else:
        shares = as_floats(labels)
        logs = _scaled(1.0 - shares, logs) + _scaled(shares, logs_of_positive)
    return np.subtract(0.0, logs, out=logs)  # not negated: a right, certain row costs 0, not -0


def _scaled(shares: FloatArray, logs: FloatArray) -> FloatArray:
    """Multiply; a share of 0 counts for nothing, even if the logarithm is infinite."""
    return np.multiply(shares, logs, out=np.zeros(len(logs)), where=shares > 0.0)


def likelihoods_of(labels: LabelArray, probabilities: FloatArray) -> FloatArray:
    """Probability that was given to each label, p^y (1-p)^(1-y); shape (n,)."""
    likelihoods = 1.0 - probabilities
    if labels.dtype == np.bool_:
        np.copyto(likelihoods, probabilities, where=labels.view(np.bool_))
    else:
        likelihoods **= 1.0 - labels
        likelihoods *= probabilities**labels
    return likelihoods
