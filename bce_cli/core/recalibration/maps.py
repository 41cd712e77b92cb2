r"""Maps from predictions to recalibrated predictions, as values.

With :math:`z = \log p - \log(1 - p)` the recalibrated log odds are

============  ============================================  ========================
method        log odds                                      parameters
============  ============================================  ========================
as-is         z                                             none
offset        a + z                                         ``a``
temperature   z / T                                         ``temperature``
logistic      a + b z                                       ``a``, ``b``
platt         a + b z, fitted to smoothed labels            ``a``, ``b``
beta          c + a log p - b log(1 - p)                    ``c``, ``a``, ``b``
============  ============================================  ========================

These formulas have nothing to say of predictions of exactly 0 and exactly 1; each of the two has a
level of its own. *isotonic* and *centred* are no formulas: they are levels at some predictions,
their knots, on straight lines between these and flat outside.
"""

from __future__ import annotations

import math
from dataclasses import field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from bce_cli.core.rules import logit, sigmoid, softplus
from bce_cli.core.validate import checked_predictions
from bce_cli.errors import DataError, quoted
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray, Places

Method: TypeAlias = Literal[
    "as-is", "offset", "temperature", "logistic", "platt", "beta", "isotonic", "centred"
]

METHODS: tuple[Method, ...] = get_args(Method)
"""From the simplest on."""

PARAMETERS: dict[Method, tuple[str, ...]] = {
    "as-is": (),
    "offset": ("a",),
    "temperature": ("temperature",),
    "logistic": ("a", "b"),
    "platt": ("a", "b"),
    "beta": ("c", "a", "b"),
    "isotonic": (),
    "centred": (),
}
"""Names of the parameters of each method, in the order in which they are shown."""

STEPPED: tuple[Method, ...] = ("isotonic", "centred")
"""The methods that have knots."""

GREATEST = float(np.finfo(np.float64).max)
"""Of finite numbers."""


@dataclass(frozen=True)
class Points:
    """Predictions to be mapped, in every form that a map may want.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (n,)
    logits : ndarray of float64, shape (n,)
        Infinite where a prediction is exactly 0 or 1. Where predictions are logits their sigmoids
        may round to 0 or 1 all the same; then the logit is what counts.
    from_logits : bool
        Whether predictions are logits.

    Examples
    --------
    >>> Points.of(np.array([0.0, 0.5])).logits.tolist()
    [-inf, 0.0]
    >>> Points.of_logits(np.array([40.0])).probabilities.tolist()
    [1.0]
    """

    probabilities: FloatArray
    logits: FloatArray
    from_logits: bool = False

    @classmethod
    def of(cls, probabilities: FloatArray, logits: FloatArray | None = None) -> Points:
        """Take probabilities in [0, 1], or the sigmoids of logits beside these, as rows have."""
        if logits is None:
            return cls(probabilities, logit(probabilities))
        return cls(probabilities, logits, from_logits=True)

    @classmethod
    def of_logits(cls, logits: FloatArray) -> Points:
        """Take any numbers, infinite ones included."""
        return cls(sigmoid(logits), logits, from_logits=True)

    def at(self, places: BoolArray | Places | slice) -> Points:
        """Return some of them."""
        return Points(self.probabilities[places], self.logits[places], self.from_logits)

    @cached_property
    def log_p(self) -> FloatArray:
        """Logarithms of p; shape (n,)."""
        if self.from_logits:
            return -softplus(-self.logits)
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities)

    @cached_property
    def log_rest(self) -> FloatArray:
        """Logarithms of 1 - p; shape (n,)."""
        if self.from_logits:
            return -softplus(self.logits)
        with np.errstate(divide="ignore"):
            return np.log1p(-self.probabilities)


@dataclass(frozen=True, slots=True)
class RecalibrationMap:
    """A map from predictions to recalibrated predictions.

    Equal maps do the same; a map pickles.

    Attributes
    ----------
    method : {"as-is", "offset", "temperature", "logistic", "platt", "beta", "isotonic", "centred"}
    parameters : dict of str to float
        As `PARAMETERS` names them.
    level_at_0, level_at_1 : float or None
        What predictions of exactly 0, and of exactly 1, become: probabilities in (0, 1). None for
        the maps that are no formula.
    knots : tuple of tuple of float
        Of *isotonic* and *centred*: pairs of a prediction in [0, 1] and its level in (0, 1), both
        ascending.
    n_blocks : int or None
        Of these two: how many levels there are.

    Raises
    ------
    DataError
        A field is not what the method asks for.

    Examples
    --------
    >>> found = RecalibrationMap("logistic", {"a": 0.0, "b": 0.5}, 0.01, 0.99)
    >>> found.apply([0.0, 0.2, 0.5, 1.0]).round(6).tolist()
    [0.01, 0.333333, 0.5, 0.99]
    >>> steps = RecalibrationMap("centred", knots=((0.25, 0.5), (0.75, 0.7)), n_blocks=2)
    >>> steps.apply([0.0, 0.5, 1.0]).round(6).tolist()
    [0.5, 0.6, 0.7]
    """

    method: Method
    parameters: dict[str, float] = field(default_factory=dict, hash=False)
    level_at_0: float | None = None
    level_at_1: float | None = None
    knots: tuple[tuple[float, float], ...] = ()
    n_blocks: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            message = f"there is no map {quoted(str(self.method))}"
            raise DataError(message, f"known are {', '.join(METHODS)}")
        _check_parameters(self.method, self.parameters)
        is_formula = self.method not in ("as-is", *STEPPED)
        for name in ("level_at_0", "level_at_1"):
            level = getattr(self, name)
            if (level is not None) != is_formula:
                message = f"{self.method} {'needs' if is_formula else 'has no'} {name}"
                raise DataError(message)
            if level is not None and not 0.0 < level < 1.0:
                message = f"{name} must be between 0 and 1, got {level!r}"
                raise DataError(message)
        _check_knots(self.method, self.knots, self.n_blocks)

    @property
    def is_reversed(self) -> bool:
        """Whether it turns the order of predictions round: its slope is below 0."""
        slope = self.parameters.get("b", 1.0) if self.method != "beta" else 1.0
        return slope < 0.0 or self.parameters.get("temperature", 1.0) < 0.0

    def logits_of(
        self, probabilities: npt.ArrayLike | None = None, *, logits: npt.ArrayLike | None = None
    ) -> FloatArray:
        """Return recalibrated log odds.

        Parameters
        ----------
        probabilities : array-like, shape (n,), optional
            Each in [0, 1].
        logits : array-like, shape (n,), optional
            In their place: any numbers, infinite ones included.

        Returns
        -------
        ndarray of float64, shape (n,)
            Finite but for those that *as-is* leaves at 0 and 1.

        Raises
        ------
        ProbabilityError, DataError, ArgumentError
            As `apply` does.

        Examples
        --------
        >>> RecalibrationMap("temperature", {"temperature": 2.0}, 0.5, 0.5).logits_of(logits=[3])
        array([1.5])
        """
        return self.logits_at(_points(probabilities, logits))

    def apply(self, probabilities: npt.ArrayLike, *, logits: bool = False) -> FloatArray:
        """Return recalibrated probabilities.

        Parameters
        ----------
        probabilities : array-like, shape (n,)
            Each in [0, 1]; with `logits`, log odds: any numbers, infinite ones included.
        logits : bool, default False

        Returns
        -------
        ndarray of float64, shape (n,)
            The sigmoids of recalibrated log odds; levels as they are.

        Raises
        ------
        ProbabilityError
            Names the first value outside its domain.
        DataError
            The shape is another, or a value is not a number at all.
        ArgumentError
            A value is masked.
        """
        points = _points(None, probabilities) if logits else _points(probabilities, None)
        return self.probabilities_at(points)

    def logits_at(self, points: Points) -> FloatArray:
        """Return recalibrated log odds of predictions that were validated before; shape (n,)."""
        if self.method == "as-is":
            return points.logits.copy()
        if self.method in STEPPED:
            return logit(self._levels(points.probabilities))
        recalibrated = self._formula(points)
        for level, are_there in self._ends(points):
            recalibrated[are_there] = log_odds_of(level)
        return recalibrated

    def probabilities_at(self, points: Points) -> FloatArray:
        """Return recalibrated probabilities of such predictions; shape (n,)."""
        if self.method == "as-is":
            return points.probabilities.copy()
        if self.method in STEPPED:
            return self._levels(points.probabilities)
        recalibrated = sigmoid(self._formula(points))
        for level, are_there in self._ends(points):
            recalibrated[are_there] = level
        return recalibrated

    def _ends(self, points: Points) -> list[tuple[float, BoolArray]]:
        """Find predictions of exactly 0 and 1, and what becomes of them."""
        ends = ((self.level_at_0, -np.inf), (self.level_at_1, np.inf))
        return [(level, points.logits == end) for level, end in ends if level is not None]

    def _formula(self, points: Points) -> FloatArray:
        """Return log odds by the formula; those at 0 and 1 are any number."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return np.clip(self._by_formula(points), -GREATEST, GREATEST)

    def _by_formula(self, points: Points) -> FloatArray:
        at = self.parameters
        if self.method == "temperature":
            return points.logits / at["temperature"]
        if self.method == "beta":
            return at["c"] + at["a"] * points.log_p - at["b"] * points.log_rest
        return at["a"] + at.get("b", 1.0) * points.logits

    def _levels(self, probabilities: FloatArray) -> FloatArray:
        """Return levels on straight lines between knots, flat outside; never less for more."""
        x, y = (np.array(column) for column in zip(*self.knots, strict=True))
        right = np.clip(np.searchsorted(x, probabilities, side="right"), 1, max(len(x) - 1, 1))
        right = np.minimum(right, len(x) - 1)
        left = np.maximum(right - 1, 0)
        widths = np.where(right > left, x[right] - x[left], 1.0)
        shares = np.clip((np.clip(probabilities, x[0], x[-1]) - x[left]) / widths, 0.0, 1.0)
        levels = np.minimum(y[left] + shares * (y[right] - y[left]), y[right])
        return np.where(shares < 1.0, levels, y[right])


def log_odds_of(level: float) -> float:
    """Return the log odds of a level in (0, 1).

    Examples
    --------
    >>> log_odds_of(0.5), round(log_odds_of(0.9), 6)
    (0.0, 2.197225)
    """
    return math.log(level) - math.log1p(-level)


def _points(probabilities: npt.ArrayLike | None, logits: npt.ArrayLike | None) -> Points:
    if logits is not None:
        return Points.of_logits(checked_predictions(logits, logits=True))
    if probabilities is None:
        message = "neither probabilities nor logits were given"
        raise TypeError(message)
    return Points.of(checked_predictions(probabilities))


def _check_parameters(method: Method, parameters: dict[str, float]) -> None:
    """Raise DataError unless these are the finite parameters of the method."""
    wanted = PARAMETERS[method]
    if set(parameters) != set(wanted):
        message = f"the parameters of {method} are {', '.join(wanted) or 'none'}"
        raise DataError(message, f"got {', '.join(map(quoted, parameters)) or 'none'}")
    for name, value in parameters.items():
        if not math.isfinite(value):
            message = f"{name} of {method} must be a finite number, got {value!r}"
            raise DataError(message)
    if parameters.get("temperature") == 0.0:
        message = "temperature must not be 0"
        raise DataError(message)
    if method == "beta" and min(parameters["a"], parameters["b"]) < 0.0:
        message = "a and b of beta must not be below 0"
        raise DataError(message)


def _check_knots(
    method: Method, knots: tuple[tuple[float, float], ...], n_blocks: int | None
) -> None:
    """Raise DataError unless these are knots of a map that never falls, if the method has any."""
    if (method in STEPPED) != bool(knots) or bool(knots) != (n_blocks is not None):
        message = f"{method} {'needs' if method in STEPPED else 'has no'} knots and n_blocks"
        raise DataError(message)
    for x, y in knots:
        if not (0.0 <= x <= 1.0 and 0.0 < y < 1.0):
            message = f"knot ({x!r}, {y!r}) must have a level between 0 and 1 at a probability"
            raise DataError(message)
    for before, after in pairwise(knots):
        if not (before[0] < after[0] and before[1] <= after[1]):
            message = f"knots must ascend, got {before!r} before {after!r}"
            raise DataError(message)
    n_levels = len({y for _, y in knots})
    if n_blocks is not None and n_blocks != n_levels:
        message = f"n_blocks is {n_blocks}, and the knots have {n_levels} levels"
        raise DataError(message)
