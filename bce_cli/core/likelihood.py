"""The raw likelihood: a product of probabilities, multiplied row by row until it underflows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

import numpy as np

from bce_cli.core.arguments import check_choice
from bce_cli.core.conventions import EXACT
from bce_cli.core.exact_sum import BLOCK, ExactSum
from bce_cli.core.validate import check_rows
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, ScoredRows


FloatType: TypeAlias = Literal["float16", "float32", "float64", "longdouble"]
FLOAT_TYPES: tuple[FloatType, ...] = ("float16", "float32", "float64")

_SOON_LOST = {"float16": 1 << 6, "float32": 1 << 9, "float64": 1 << 11, "longdouble": 1 << 15}
"""By so many ordinary rows, which are multiplied before all others."""
_FEW_UNITS = 1 << 20  # below so many subnormal steps, most factors no longer move the product


@dataclass(frozen=True, slots=True)
class LikelihoodProduct:
    """What became of the raw product of all likelihoods in one float type.

    Attributes
    ----------
    dtype : str
        The float type it was multiplied in.
    smallest_normal, smallest_subnormal : float
        The limits of that type; NumPy scalars for longdouble, whose range is wider than float's.
    product : float
        The product of all rows, rounded after each of them; the result after an underflow has
        nothing to do with the true value.
    subnormal_row : int or None
        1-based row at which the product first fell below `smallest_normal` (at 0 included).
    zero_row : int or None
        1-based row at which it became 0. A product whose factors all exceed 1/2 may stop at the
        smallest subnormal number instead, since half of that rounds up.
    """

    dtype: FloatType
    smallest_normal: float
    smallest_subnormal: float
    product: float
    subnormal_row: int | None
    zero_row: int | None

    @property
    def log_of_product(self) -> float:
        """Natural logarithm of `product`; -inf once it is 0."""
        return float(np.log(self.product)) if self.product > 0.0 else -math.inf


class RunningProduct:
    """Multiplies likelihoods in the order of the rows.

    Parameters
    ----------
    dtype : {"float16", "float32", "float64", "longdouble"}

    Examples
    --------
    >>> import numpy as np
    >>> running = RunningProduct("float16")
    >>> for _ in range(3):
    ...     running.extend(np.full(10, 0.25))
    >>> running.result().subnormal_row, running.result().zero_row
    (8, 13)
    """

    def __init__(self, dtype: FloatType) -> None:
        self._dtype = dtype
        self._type = np.dtype(dtype)
        limits = np.finfo(self._type)
        is_wider = dtype == "longdouble"  # its numbers do not fit into Python's float
        self._number = cast("Callable[[Any], float]", np.longdouble if is_wider else float)
        self._tiny = self._number(limits.smallest_normal)
        self._unit = self._number(limits.smallest_subnormal)
        self._n = 0
        self._subnormal_row: int | None = None
        self._zero_row: int | None = None
        self.value = self._number(1.0)

    @property
    def is_zero(self) -> bool:
        """Whether no further row can change the product."""
        return self._zero_row is not None

    def extend(self, likelihoods: FloatArray) -> None:
        """Multiply by further likelihoods, each in [0, 1]; shape (n,)."""
        rest = likelihoods
        while len(rest) and not self.is_zero:
            size = BLOCK if self._n else _SOON_LOST[self._dtype]
            self._multiply(rest[:size])
            self._n += len(rest[:size])
            rest = rest[size:]

    def _multiply(self, likelihoods: FloatArray) -> None:
        with np.errstate(under="ignore"):
            factors = likelihoods.astype(self._type)
            moving = np.flatnonzero(factors < self._least_idle_factor())
            running = factors[moving]
            if len(running) == 0:
                return
            running[0] *= self._type.type(self.value)
            np.multiply.accumulate(running, out=running)
        self.value = self._number(running[-1])
        if self._subnormal_row is None and self.value < self._tiny:
            self._subnormal_row = self._n + int(moving[np.argmax(running < self._tiny)]) + 1
        if self.value == 0.0:
            self._zero_row = self._n + int(moving[np.argmax(running == 0.0)]) + 1

    def _least_idle_factor(self) -> np.float64:
        """Return a factor from which on multiplying leaves the product as it is.

        A factor of 1 always does. A product of k subnormal steps is also kept, by rounding, by
        factors above 1 - 0.5 / k; leaving those out spares the processor its slow path for
        subnormal numbers.
        """
        if self.value >= self._tiny:
            return np.float64(1.0)
        units = self.value / self._unit
        if units > _FEW_UNITS:
            return np.float64(1.0)
        return np.float64(1.0 - 0.49 / units)  # a NumPy scalar, so that float16 compares in float64

    def result(self) -> LikelihoodProduct:
        """Return the product so far, and the rows at which it was lost."""
        return LikelihoodProduct(
            dtype=self._dtype,
            smallest_normal=self._tiny,
            smallest_subnormal=self._unit,
            product=self.value,
            subnormal_row=self._subnormal_row,
            zero_row=self._zero_row,
        )


def likelihood_product(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    dtype: FloatType = "float64",
    *,
    weights: npt.ArrayLike | None = None,
    logits: bool = False,
    soft_labels: bool = False,
) -> LikelihoodProduct:
    """Multiply the probabilities of all labels, as the definition of the likelihood says.

    Parameters
    ----------
    labels, probabilities : array-like, shape (n,)
        As for `binary_cross_entropy`.
    dtype : {"float16", "float32", "float64", "longdouble"}, default "float64"
        The type in which each factor and each intermediate product is rounded.
    weights : array-like, shape (n,), optional
        Exponents of the factors.
    logits, soft_labels : bool, default False

    Returns
    -------
    LikelihoodProduct
        The product, and the rows at which it left the normal range and became 0.

    Raises
    ------
    LabelError, ProbabilityError, WeightError, DataError
        As `binary_cross_entropy` does.
    ArgumentError
        `dtype` is not known.

    Examples
    --------
    >>> lost = likelihood_product([1] * 2000, [0.5] * 2000)
    >>> lost.product, lost.subnormal_row, lost.zero_row
    (0.0, 1023, 1075)
    """
    if isinstance(dtype, str):
        check_choice("dtype", dtype, get_args(FloatType))
    running = RunningProduct(dtype)
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    running.extend(EXACT.score(rows).factors)
    return running.result()


ROWS_BEFORE, ROWS_AFTER = 2, 1
"""Rows shown around the one at which the product becomes 0."""


@dataclass(frozen=True, slots=True)
class LogProduct:
    """How the logarithm of the product of likelihoods falls with the rows.

    Attributes
    ----------
    rows : tuple of int
        How many rows were multiplied, ascending from 0; those that were left out are counted, as
        numbers of rows have it.
    log10 : tuple of float
        log10 of their product as the sum of logarithms gives it, weights being exponents. Finite:
        the first row that was held to be impossible is no longer among them.
    n : int
        All rows, of which the last of `rows` may be but the beginning.
    """

    rows: tuple[int, ...]
    log10: tuple[float, ...]
    n: int


_MOST_POINTS = 200
_REST = 10  # a tenth as many rows again are followed after the product was lost


@dataclass(frozen=True, slots=True)
class Prefix:
    """What all rows before some others came to.

    Attributes
    ----------
    n : int
        Rows.
    product : float
        Their raw float64 likelihood product.
    losses : ExactSum
        The weighted sum of their losses in nats.
    is_infinite : bool
        Whether one of those losses was infinite, and left out of the sum.
    """

    n: int
    product: float
    losses: ExactSum
    is_infinite: bool

    @property
    def log_likelihood(self) -> float:
        """Weighted sum of the logarithms of all likelihoods, in nats; rounded once."""
        return -math.inf if self.is_infinite else 0.0 - float(self.losses)


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One row as the table shows it; losses and logarithms in nats, `row` 1-based."""

    row: int
    id: str | None
    label: float
    prediction: float
    weight: float | None
    likelihood: float
    loss: float
    running_product: float
    running_log_likelihood: float


def example_rows(scored: ScoredRows, prefix: Prefix, indices: list[int]) -> list[ExampleRow]:
    """Show some rows.

    Parameters
    ----------
    scored : ScoredRows
        Shape (n,).
    prefix : Prefix
        The rows before them.
    indices : list of int
        0-based places, ascending.
    """
    if not indices:
        return []
    factors = np.append(prefix.product, scored.factors[: indices[-1] + 1])
    with np.errstate(under="ignore"):
        products = np.multiply.accumulate(factors)[1:]
    starts = np.array([0, *(index + 1 for index in indices[:-1])])
    losses = scored.weighted_losses(0, indices[-1] + 1)
    are_infinite = np.isinf(losses)
    infinite_so_far = np.logical_or.accumulate(are_infinite)
    stretches = ExactSum.by_group(np.where(are_infinite, 0.0, losses), starts)
    examples, total = [], prefix.losses
    for index, stretch in zip(indices, stretches, strict=True):
        total = total + stretch
        so_far = Prefix(
            n=prefix.n + index + 1,
            product=float(products[index]),
            losses=total,
            is_infinite=prefix.is_infinite or bool(infinite_so_far[index]),
        )
        examples.append(example_row(scored, index, so_far))
    return examples


def example_row(scored: ScoredRows, index: int, prefix: Prefix) -> ExampleRow:
    """Show one row, where `prefix` includes that row."""
    return ExampleRow(
        row=prefix.n,
        id=scored.rows.id_at(index),
        label=scored.rows.label(index),
        prediction=float(scored.rows.probabilities[index]),
        weight=scored.rows.weight(index),
        likelihood=float(scored.likelihoods[index]),
        loss=float(scored.losses[index]),
        running_product=prefix.product,
        running_log_likelihood=prefix.log_likelihood,
    )


class Excerpt:
    """Collects the first rows and those around the one at which the product becomes 0.

    Parameters
    ----------
    n_first : int
        How many rows to take from the start.
    """

    def __init__(self, n_first: int) -> None:
        self._n_first = n_first
        self._lost_row: int | None = None
        self._kept: dict[int, ExampleRow] = {}

    def needs(self, n: int) -> bool:
        """Whether rows after the first `n` may have to be shown."""
        return n < self._n_first or self._lost_row is None or n < self._lost_row + ROWS_AFTER

    def extend(self, scored: ScoredRows, prefix: Prefix, lost_row: int | None) -> None:
        """Take in the rows that follow.

        Parameters
        ----------
        scored : ScoredRows
        prefix : Prefix
            The rows before them.
        lost_row : int or None
            1-based row of the whole data at which the product became 0, if it did so by the end of
            these.
        """
        self._lost_row = lost_row
        end = prefix.n + len(scored)
        wanted = set(range(prefix.n + 1, min(self._n_first, end) + 1))
        if lost_row is None:  # it may be the first row of the next
            wanted.update(range(end - ROWS_BEFORE + 1, end + 1))
        else:
            wanted.update(range(lost_row - ROWS_BEFORE, lost_row + ROWS_AFTER + 1))
        indices = sorted(row - prefix.n - 1 for row in wanted if prefix.n < row <= end)
        missing = scored.rows.missing
        if missing is not None:
            indices = [index for index in indices if not missing[index]]
        for example in example_rows(scored, prefix, indices):
            self._kept[example.row] = example
        self._kept = {row: kept for row, kept in self._kept.items() if self._is_wanted(row, end)}

    def _is_wanted(self, row: int, end: int) -> bool:
        if row <= self._n_first:
            return True
        if self._lost_row is None:
            return row > end - ROWS_BEFORE
        return self._lost_row - ROWS_BEFORE <= row <= self._lost_row + ROWS_AFTER

    def result(self, last: ExampleRow) -> tuple[ExampleRow, ...]:
        """Return the rows to show, in order, with the last row of the data among them."""
        shown = {
            row: kept
            for row, kept in self._kept.items()
            if row <= self._n_first or self._lost_row is not None
        }
        return tuple(example for _, example in sorted((shown | {last.row: last}).items()))


class RunningLogProduct:
    """Follows the logarithm of the product of likelihoods to a bit beyond the row that loses it.

    It is told at rows that are multiples of a power of two, of which there are at most 200, and at
    the last. Which they are depends on the rows alone, and not on how they were cut.

    Examples
    --------
    >>> from bce_cli.core.conventions import EXACT
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.ones(5, np.bool_), np.full(5, 0.1))
    >>> running = RunningLogProduct()
    >>> running.extend(EXACT.score(rows), Prefix(0, 1.0, ExactSum(), False), None)
    >>> running.result(5).rows, round(running.result(5).log10[-1], 9)
    ((0, 1, 2, 3, 4, 5), -5.0)
    """

    def __init__(self) -> None:
        self._stride = 1
        self._stop: int | None = None
        self._is_over = False
        self._losses: dict[int, ExactSum] = {0: ExactSum()}
        self._last = (0, ExactSum())

    def needs(self, n: int) -> bool:
        """Whether rows after the first `n` are to be followed."""
        return not self._is_over and (self._stop is None or n < self._stop)

    def extend(self, scored: ScoredRows, prefix: Prefix, lost_row: int | None) -> None:
        """Take in the rows that follow; see `Excerpt.extend`."""
        if not self.needs(prefix.n):
            return
        end = prefix.n + len(scored)
        if lost_row is not None:
            self._stop = lost_row + lost_row // _REST + 1
            end = min(end, self._stop)
        losses = scored.weighted_losses(0, end - prefix.n)
        impossible = np.flatnonzero(np.isinf(losses))
        if len(impossible):
            self._is_over = True
            losses = losses[: impossible[0]]
            end = prefix.n + len(losses)
        if not len(losses):
            return
        while end > self._stride * _MOST_POINTS:
            self._stride *= 2
        self._follow(losses, prefix)
        self._losses = {row: s for row, s in self._losses.items() if row % self._stride == 0}

    def _follow(self, losses: FloatArray, prefix: Prefix) -> None:
        """Sum up finite losses from one point to the next."""
        end = prefix.n + len(losses)
        first = (prefix.n // self._stride + 1) * self._stride
        points = [*range(first, end, self._stride), end]
        starts = np.array([0, *(point - prefix.n for point in points[:-1])])
        total = prefix.losses
        for point, each in zip(points, ExactSum.by_group(losses, starts), strict=True):
            total = total + each
            self._losses[point] = total
        self._last = (end, total)

    def result(self, n: int) -> LogProduct:
        """Return the points so far; `n` is the number of all rows."""
        found = sorted((self._losses | dict([self._last])).items())
        return LogProduct(
            rows=tuple(row for row, _ in found),
            log10=tuple((0.0 - float(losses)) / math.log(10.0) for _, losses in found),
            n=n,
        )
