"""The loss of every row, and its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.report import loss_report
from bce_cli.core.totals import loss_totals
from bce_cli.core.validate import check_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray


def binary_cross_entropy(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
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
    LabelError, ProbabilityError
        Names the first value outside its domain.
    DataError
        The lengths differ, or labels are soft and the convention takes only 0 and 1.

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
    rows = check_rows(labels, probabilities, logits=logits, soft_labels=soft_labels)
    return convention.losses(rows)


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
    totals = loss_totals(
        labels,
        probabilities,
        weights=weights,
        logits=logits,
        soft_labels=soft_labels,
        convention=convention,
    )
    return loss_report(totals).mean_loss
