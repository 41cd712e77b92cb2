"""All sums and counts that a report needs, exact and mergeable."""

from __future__ import annotations

import math
from dataclasses import field, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.conventions import EXACT, Convention, check_convention
from bce_cli.core.exact_sum import UNIT_EXPONENT, ExactSum, trailing_zeros
from bce_cli.core.rows import as_floats, one_float_type, weighted
from bce_cli.core.rules import losses_of
from bce_cli.core.state import FIRST, State
from bce_cli.core.validate import check_rows
from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray, Rows


@dataclass(frozen=True, slots=True)
class Moments(State):
    """Sums over pairs of a value u and a divisor d, exact and mergeable.

    Attributes
    ----------
    n : int
        Pairs whose divisor is above 0; the others count for nothing.
    values, divisors : ExactSum
        Sums of u and of d.
    value_squares, value_divisors, divisor_squares : ExactSum
        Sums of u u, of u d and of d d.

    Examples
    --------
    >>> import numpy as np
    >>> moments = Moments.of(np.array([1.0, 2.0, 6.0]))
    >>> moments.ratio, round(moments.standard_error() ** 2, 12)
    (3.0, 2.333333333333)
    """

    n: int = 0
    values: ExactSum = ExactSum()
    divisors: ExactSum = ExactSum()
    value_squares: ExactSum = ExactSum()
    value_divisors: ExactSum = ExactSum()
    divisor_squares: ExactSum = ExactSum()

    @classmethod
    def of(cls, values: FloatArray, divisors: FloatArray | None = None) -> Moments:
        """Sum up finite values.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
            0 where the divisor is.
        divisors : ndarray of float64, shape (n,), optional
            0 or more; all 1 by default.
        """
        total = ExactSum.of(values)
        squares = ExactSum.of_products(values, values)
        if divisors is None:
            count = ExactSum.of_count(len(values))
            return cls(len(values), total, count, squares, total, count)
        return cls(
            int(np.count_nonzero(divisors)),
            total,
            ExactSum.of(divisors),
            squares,
            ExactSum.of_products(values, divisors),
            ExactSum.of_products(divisors, divisors),
        )

    @property
    def ratio(self) -> float | None:
        """Sum of the values over the sum of the divisors; None where that is 0."""
        return self.values.over(self.divisors) if self.divisors.units else None

    @property
    def effective_n(self) -> float:
        """(Sum of the divisors)^2 over the sum of their squares: as many equal pairs say as much.

        Where it is far below `n`, intervals by Student's t with n - 1 degrees of freedom are too
        narrow: a few great pairs decide.
        """
        squares = self.divisor_squares.units << -UNIT_EXPONENT
        return self.divisors.units**2 / squares if squares else 0.0

    def standard_error(self) -> float | None:
        """Return the standard error of the ratio, by linearisation; None for fewer than two pairs.

        With r the ratio: SE^2 = n / (n - 1) * sum((u - r d)^2) / sum(d)^2. With d = 1 that is the
        sample variance over n; with d = weight and u = weight times loss, it is that of a weighted
        mean; with sums over clusters in their place, it is the cluster-robust one (Liang and Zeger,
        Biometrika 73, 1986). The squares are expanded and the differences taken in integers, so
        nothing cancels.
        """
        if self.n < 2 or self.divisors.units == 0:  # noqa: PLR2004 -- a variance needs two
            return None
        sums = self.values.units, self.divisors.units
        products = self.value_squares.units, self.value_divisors.units, self.divisor_squares.units
        # Zeros that all end with are left out.
        half = trailing_zeros(reduce(or_, products)) - UNIT_EXPONENT
        spare = min(trailing_zeros(sums[0] | sums[1]), half // 2)
        up = max(-UNIT_EXPONENT - 2 * spare, 0)
        down = max(2 * spare + UNIT_EXPONENT, 0)
        return standard_error_of(
            self.n, *[unit >> spare for unit in sums], *[(p << up) >> down for p in products]
        )


def standard_error_of(  # noqa: PLR0917 -- the moments that it is made of
    n: int,
    values: int,
    divisors: int,
    value_squares: int,
    value_divisors: int,
    divisor_squares: int,
) -> float:
    """Return the standard error of a ratio; see `Moments.standard_error`.

    Parameters
    ----------
    n : int
        At least 2.
    values, divisors : int
        In a unit that is any power of two; divisors are above 0.
    value_squares, value_divisors, divisor_squares : int
        In the square of that unit.

    Examples
    --------
    >>> standard_error_of(3, 9, 3, 41, 9, 3) ** 2  # of 1, 2 and 6
    2.3333333333333335
    """
    squares = (
        value_squares * divisors**2
        - 2 * values * value_divisors * divisors
        + values**2 * divisor_squares
    )
    return _square_root(n * max(squares, 0), (n - 1) * divisors**4)


def _square_root(numerator: int, denominator: int) -> float:
    """Return the root of a quotient whose size need not fit into a float.

    Examples
    --------
    >>> _square_root(10**800, 10**200), _square_root(2, 8), _square_root(0, 8)
    (1e+300, 0.5, 0.0)
    """
    shift = (denominator.bit_length() - numerator.bit_length() + 120) // 2
    scaled = (numerator << max(2 * shift, 0)) // (denominator << max(-2 * shift, 0))
    return math.ldexp(math.isqrt(scaled), -shift)


MOST_HELD_WEIGHTS = 11 << 10
"""Those of more rows would make a state great, and are added up exactly."""


@dataclass(frozen=True, slots=True)
class Float32Sum(State):
    """A sum that is rounded to float32 at each step, as LightGBM's cross_entropy adds weights up.

    It takes two of them at a time; see ObtainMinMaxSum in its include/LightGBM/utils/common.h. Such
    a sum depends on the order, and that of further rows cannot be told without these before them:
    so the weights themselves are held, up to `MOST_HELD_WEIGHTS`.

    Attributes
    ----------
    n : int
    held : bytes
        The weights as float32; none of them once there are too many.

    Examples
    --------
    >>> first, rest = (Float32Sum.of(np.array(w)) for w in ([1e8, 3.0, 3.0], [3.0]))
    >>> first.value, (first + rest).value
    (100000008.0, 100000008.0)
    """

    n: int
    held: bytes

    @classmethod
    def of(cls, weights: FloatArray) -> Float32Sum:
        """Take in some weights."""
        if len(weights) > MOST_HELD_WEIGHTS:
            return cls(len(weights), b"")
        with np.errstate(over="ignore"):
            return cls(len(weights), weights.astype(np.float32).tobytes())

    def __iadd__(self, other: Float32Sum) -> Float32Sum:  # noqa: PYI034 -- or another
        """Merge with the weights of the rows that follow."""
        # By hand: there is a limit to them.
        whole = State.__iadd__(self, other)
        return whole if whole.n <= MOST_HELD_WEIGHTS else Float32Sum(whole.n, b"")

    @property
    def value(self) -> float | None:
        """The sum; None where it is not known, or of no use."""
        if not 0 < self.n <= MOST_HELD_WEIGHTS:
            return None
        weights = np.frombuffer(self.held, np.float32)
        start = 2 - len(weights) % 2
        with np.errstate(over="ignore"):
            pairs = weights[start::2] + weights[start + 1 :: 2]
            terms = np.concatenate([weights[:start].sum(dtype=np.float32, keepdims=True), pairs])
            total = float(np.add.accumulate(terms, dtype=np.float32)[-1])
        return total if 0.0 < total < math.inf else None


def merged_types(left: str | None, right: str | None) -> str | None:
    """Merge what the predictions of some rows were stored as; None is what matters not."""
    return left or right if left is None or right is None else one_float_type([left, right])


def finite_losses(losses: FloatArray, weights: FloatArray | None) -> tuple[FloatArray, int]:
    """Return losses times weights, 0 in place of infinite ones, and how many were infinite.

    Raises
    ------
    DataError
        A product is infinite, though its loss is not.
    """
    products = weighted(losses, weights)
    if len(products) == 0 or np.isfinite(products.max()):
        return products, 0
    infinite = np.isinf(products)
    refuse_overflow(losses, weights, infinite)
    return np.where(infinite, 0.0, products), int(np.count_nonzero(infinite))


def refuse_overflow(losses: FloatArray, weights: FloatArray | None, infinite: BoolArray) -> None:
    """Raise DataError where a loss that is finite, times its weight, is among the infinite ones."""
    if weights is None:
        return
    beyond = infinite & np.isfinite(losses)
    if beyond.any():
        place = int(np.argmax(beyond))
        message = (
            f"the loss {losses[place]:g} times the weight {weights[place]:g} is beyond the range "
            "of float64"
        )
        raise DataError(message, "divide all weights by the same number: no mean depends on that")


def squared_errors(rows: Rows) -> FloatArray:
    """Return squared differences between label and probability; shape (n,)."""
    errors: FloatArray = rows.labels - rows.probabilities
    errors *= errors
    if rows.missing is not None:
        errors[rows.missing] = 0.0
    return errors


def label_entropies(rows: Rows) -> ExactSum:
    """Sum the weighted entropies of soft labels, in nats: what no prediction can take away."""
    if rows.labels.dtype == np.bool_:
        return ExactSum()
    labels = as_floats(rows.labels)
    return ExactSum.of(weighted(losses_of(labels, labels), rows.weights))


def held_weights(rows: Rows, convention: Convention) -> Float32Sum | None:
    """Return weights whose sum is rounded at each step, where a convention has such a sum."""
    if rows.weights is None or not convention.rule.adds_weights_in_float32:
        return None
    return Float32Sum.of(rows.present(rows.weights))


def divisor_of(divisors: ExactSum, held: Float32Sum | None) -> ExactSum:
    """Return the sum that a mean divides by."""
    value = None if held is None else held.value
    return divisors if value is None else ExactSum.of(np.array([value]))


def count_soft(rows: Rows) -> int:
    """Count the labels that are neither 0 nor 1."""
    if rows.labels.dtype == np.bool_:
        return 0
    return int(np.count_nonzero((rows.labels > 0.0) & (rows.labels < 1.0)))


def count_weightless(rows: Rows) -> int:
    """Count the rows of weight 0 that are not left out."""
    if rows.weights is None:
        return 0
    return len(rows) - rows.n_missing - int(np.count_nonzero(rows.weights))


@dataclass(frozen=True, slots=True)
class Doubts(State):
    """Sums that show when a result is exact, and yet surely not what was meant.

    Attributes
    ----------
    n_certain : int
        Predictions of exactly 0 or 1; none where they are logits.
    n_infinite : int
        Rows whose weighted loss would be infinite for 1 - p; they are in no sum.
    losses : ExactSum
        Weighted sum of the other losses for 1 - p in place of p, in nats.
    """

    n_certain: int
    n_infinite: int
    losses: ExactSum

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray | None, n_certain: int) -> Doubts | None:
        """Sum up the losses that 1 - p would have in place of p; None without losses or rows.

        Examples
        --------
        >>> import numpy as np
        >>> from bce_cli.core.rows import Rows
        >>> rows = Rows(np.array([True, False]), np.array([0.5, 0.0]))
        >>> found = Doubts.of(rows, np.array([0.5, np.inf]), 1)
        >>> found.n_infinite, float((found + found).losses)
        (1, 1.0)
        """
        if losses is None or len(rows) == rows.n_missing:
            return None
        products, n_infinite = weighted(losses, rows.weights), 0
        if not np.isfinite(products.max()):
            infinite = np.isinf(products)  # a product beyond float64 would not do better
            n_infinite = int(np.count_nonzero(infinite))
            products = np.where(infinite, 0.0, products)
        return cls(0 if rows.logits is not None else n_certain, n_infinite, ExactSum.of(products))


@dataclass(frozen=True, slots=True)
class LossTotals(State):
    """What is known of some rows, small and independent of how they were split.

    Merging is associative; all but `first_impossible_row` is commutative too, so every figure
    derived from the sums has the same digits for one block or a thousand.

    Attributes
    ----------
    n, n_positive : int
        Rows, and rows with label 1.
    n_missing : int
        Rows that were left out, and are in none of the other counts and sums.
    n_weightless : int
        Rows of weight 0, which count for nothing in the mean; none where it is over rows.
    n_soft : int
        Rows whose label is neither 0 nor 1.
    n_clipped : int
        Rows that a limit of the convention touches.
    n_impossible : int
        Rows whose exact loss is infinite: a label that was given probability 0.
    n_infinite : int
        Rows whose weighted loss under the convention is infinite. They are counted here, and in no
        loss sum.
    first_impossible_row : int or None
        1-based, within the rows read.
    weights, positive_weights, weight_squares : ExactSum
        Sum of the weights as the convention holds them, of weights times labels, and of squares.
    losses, impossible_losses : ExactSum
        Weighted sum of the finite losses in nats, over all and over the impossible rows.
    label_entropies : ExactSum
        Weighted sum of the entropies of soft labels, in nats.
    squared_errors : ExactSum
        Weighted sum of squared differences between label and probability.
    divisors, impossible_divisors : ExactSum
        What the mean divides by: the weights, or the number of rows where the convention does so;
        of all and of the impossible rows.
    loss_squares, loss_divisors, divisor_squares : ExactSum
        Second moments: of the weighted losses, of those with the divisors, of the divisors.
    held_weights : Float32Sum, optional
        Where the convention divides by such a sum.
    float_type : str or None
        What predictions were stored as, where the limits of the convention depend on that.
    doubts : Doubts, optional
        None where they were not asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.5, 0.0]))
    >>> totals = LossTotals.of(rows)
    >>> totals.n, float(totals.losses)
    (2, 0.6931471805599453)
    >>> (totals + totals).n
    4
    """

    n: int = 0
    n_positive: int = 0
    n_missing: int = 0
    n_weightless: int = 0
    n_soft: int = 0
    n_clipped: int = 0
    n_impossible: int = 0
    n_infinite: int = 0
    first_impossible_row: int | None = field(default=None, metadata=FIRST)
    weights: ExactSum = ExactSum()
    positive_weights: ExactSum = ExactSum()
    weight_squares: ExactSum = ExactSum()
    losses: ExactSum = ExactSum()
    impossible_losses: ExactSum = ExactSum()
    label_entropies: ExactSum = ExactSum()
    squared_errors: ExactSum = ExactSum()
    divisors: ExactSum = ExactSum()
    impossible_divisors: ExactSum = ExactSum()
    loss_squares: ExactSum = ExactSum()
    loss_divisors: ExactSum = ExactSum()
    divisor_squares: ExactSum = ExactSum()
    held_weights: Float32Sum | None = None
    float_type: str | None = field(default=None, metadata={"merge": merged_types})
    doubts: Doubts | None = None

    @classmethod
    def of(
        cls,
        rows: Rows,
        losses: FloatArray | None = None,
        convention: Convention = EXACT,
        reversed_losses: FloatArray | None = None,
        loss_squares: ExactSum | None = None,
    ) -> LossTotals:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
        losses : ndarray of float64, shape (n,), optional
            Losses of the rows under `convention`, where the caller has them already.
        convention : Convention, default exact
        reversed_losses : ndarray of float64, shape (n,), optional
            What 1 - p would cost in place of p. Where the caller has losses and not these, there
            are no doubts.
        loss_squares : ExactSum, optional
            Of `finite_losses`, where the caller has it already.
        """
        if losses is None:
            losses, reversed_losses = convention.losses_both_ways(rows)
        n_certain, impossible = rows.certainties()
        rows = convention.hardened(convention.held(rows))
        weights, labels = rows.weights, rows.labels
        over_rows = weights is None or convention.rule.mean_over == "rows"
        finite, n_infinite = finite_losses(losses, weights)
        n_positive = int(np.count_nonzero(labels if labels.dtype == np.bool_ else labels == 1.0))
        loss_sum = ExactSum.of(finite)
        weight_sum = square_sum = n = ExactSum.of_count(len(rows) - rows.n_missing)
        if weights is not None:
            weight_sum, square_sum = ExactSum.of(weights), ExactSum.of_products(weights, weights)
            positive_sum = ExactSum.of_products(weights, as_floats(labels))
        elif labels.dtype == np.bool_:
            positive_sum = ExactSum.of_count(n_positive)
        else:
            positive_sum = ExactSum.of(as_floats(labels))
        return cls(
            n=len(rows) - rows.n_missing,
            n_positive=n_positive,
            n_missing=rows.n_missing,
            n_weightless=0 if over_rows else count_weightless(rows),
            n_soft=count_soft(rows),
            n_clipped=convention.n_clipped(rows),
            n_impossible=len(impossible),
            n_infinite=n_infinite,
            first_impossible_row=int(impossible[0]) + 1 if len(impossible) else None,
            weights=weight_sum,
            positive_weights=positive_sum,
            weight_squares=square_sum,
            losses=loss_sum,
            impossible_losses=ExactSum.of(finite[impossible]),
            label_entropies=label_entropies(rows),
            squared_errors=ExactSum.of(weighted(squared_errors(rows), weights)),
            divisors=n if over_rows else weight_sum,
            impossible_divisors=(
                ExactSum.of_count(len(impossible))
                if weights is None or over_rows
                else ExactSum.of(weights[impossible])
            ),
            loss_squares=loss_squares or ExactSum.of_products(finite, finite),
            loss_divisors=(
                loss_sum if weights is None or over_rows else ExactSum.of_products(finite, weights)
            ),
            divisor_squares=n if over_rows else square_sum,
            held_weights=held_weights(rows, convention),
            float_type=convention.type_that_matters(rows),
            doubts=Doubts.of(rows, reversed_losses, n_certain),
        )

    @property
    def n_weighted(self) -> int:
        """Rows that count for something in the mean."""
        return self.n - self.n_weightless

    @property
    def n_read(self) -> int:
        """Rows read: those that count and those left out."""
        return self.n + self.n_missing

    @property
    def effective_n(self) -> float:
        """(Sum of the weights)^2 over the sum of their squares, rounded once."""
        return self.weights.units**2 / (self.weight_squares.units << -UNIT_EXPONENT)

    @property
    def mean_divisor(self) -> ExactSum:
        """What the mean divides by, as the convention adds that up."""
        return divisor_of(self.divisors, self.held_weights)

    @property
    def moments(self) -> Moments:
        """What the standard error of the mean is made of."""
        return Moments(
            self.n_weighted,
            self.losses,
            self.divisors,
            self.loss_squares,
            self.loss_divisors,
            self.divisor_squares,
        )

    def __iadd__(self, other: LossTotals) -> LossTotals:  # noqa: PYI034 -- see below
        """Merge with the totals of the rows that follow."""
        # By hand: those rows are numbered from the first of them.
        if self.first_impossible_row is None and other.first_impossible_row is not None:
            other = replace(other, first_impossible_row=self.n_read + other.first_impossible_row)
        return State.__iadd__(self, other)  # super() finds no class with slots


def loss_totals(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    logits: bool = False,
    soft_labels: bool = False,
    convention: Convention = EXACT,
) -> LossTotals:
    """Sum up the losses of arrays; totals of further arrays can be added.

    Parameters
    ----------
    labels, probabilities : array-like, shape (n,)
    weights : array-like, shape (n,), optional
    logits, soft_labels : bool, default False
    convention : Convention, default exact
        As for `mean_binary_cross_entropy`.

    Raises
    ------
    LabelError, ProbabilityError, WeightError, DataError
        As `binary_cross_entropy` does.

    Examples
    --------
    >>> from bce_cli import loss_report, loss_totals
    >>> monday, tuesday = loss_totals([1, 0], [0.9, 0.2]), loss_totals([1], [0.7])
    >>> round(loss_report(monday + tuesday).mean_loss, 12)
    0.228393003637
    """
    check_convention(convention)
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    return LossTotals.of(rows, convention=convention)
