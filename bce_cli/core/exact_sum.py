"""A sum of floating-point numbers that does not depend on order or grouping.

Every float64 is a whole multiple of 2**-1074, so a sum of them is a whole number of such units.
Python integers hold it exactly; adding two of them is associative and commutative, and one division
at the end rounds once. `extraction` gets from an array to that integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.extraction import BLOCK, UNITS_OF_ONE, block_units, group_units, product_units

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray


@dataclass(frozen=True, slots=True)
class ExactSum:
    """The exact sum of some float64 numbers.

    Attributes
    ----------
    units : int
        The sum, in units of 2**-1074.

    Examples
    --------
    >>> import numpy as np
    >>> total = ExactSum.of(np.array([1e16, 1.0, -1e16]))
    >>> float(total)
    1.0
    >>> float(ExactSum.of(np.array([0.1] * 10)))
    1.0
    >>> total + ExactSum.of(np.array([2.0])) == ExactSum.of(np.array([3.0]))
    True
    """

    units: int = 0

    @classmethod
    def of(cls, values: FloatArray) -> ExactSum:
        """Sum finite numbers.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            If a value is infinite or not a number.
        """
        return cls(
            sum(
                block_units(values[start : start + BLOCK]) for start in range(0, len(values), BLOCK)
            )
        )

    @classmethod
    def of_products(cls, left: FloatArray, right: FloatArray) -> ExactSum:
        """Sum ``left[i] * right[i]`` exactly, but for at most two units of 2**-1074 a product.

        Each product is split into its rounded value and its rounding error, which is a float64
        itself (Dekker, Numer. Math. 18, 1971), and both are summed.

        Parameters
        ----------
        left, right : ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            If a value is infinite or not a number.

        Examples
        --------
        >>> import numpy as np
        >>> tenth = np.array([0.1])
        >>> from fractions import Fraction
        >>> exact = ExactSum.of_products(tenth, tenth)
        >>> Fraction(exact.units, 2**1074) == Fraction(0.1) ** 2
        True
        """
        total = 0
        for start in range(0, len(left), BLOCK):
            block = left[start : start + BLOCK]
            others = block if right is left else right[start : start + BLOCK]
            total += product_units(block, others)
        return cls(total)

    @classmethod
    def by_group(cls, values: FloatArray, starts: npt.NDArray[np.intp]) -> list[ExactSum]:
        """Sum each of several groups that stand one after the other.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
        starts : ndarray of int, shape (m,)
            Where each group begins, ascending, from 0; none is empty.

        Raises
        ------
        ValueError
            If a value is infinite or not a number.

        Examples
        --------
        >>> import numpy as np
        >>> values = np.array([0.1, 0.2, 1e100, -1e100])
        >>> [float(total) for total in ExactSum.by_group(values, np.array([0, 2]))]
        [0.30000000000000004, 0.0]
        """
        groups = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(values)))
        units = [0] * len(starts)
        for begin in range(0, len(values), BLOCK):
            block = slice(begin, begin + BLOCK)
            for group, total in zip(*group_units(values[block], groups[block]), strict=True):
                units[group] += total
        return [cls(total) for total in units]

    @classmethod
    def of_count(cls, n: int) -> ExactSum:
        """Sum `n` ones."""
        return cls(n * UNITS_OF_ONE)

    def __add__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.units + other.units)

    def __sub__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.units - other.units)

    def scaled(self, factor: float) -> ExactSum:
        """Return the sum times a finite number, to less than one unit of 2**-1074.

        Examples
        --------
        >>> float(ExactSum.of_count(3).scaled(-0.5))
        -1.5
        """
        numerator, denominator = factor.as_integer_ratio()
        return ExactSum(self.units * numerator // denominator)

    def __float__(self) -> float:
        """Return the nearest float64, ties to even; infinite beyond the largest one."""
        try:
            return self.units / UNITS_OF_ONE
        except OverflowError:
            return float("inf") if self.units > 0 else float("-inf")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the zero bits at the end; ordinary numbers leave a thousand of them."""
        shift = trailing_zeros(self.units)
        return _shifted, (self.units >> shift, shift)


def _shifted(units: int, shift: int) -> ExactSum:
    return ExactSum(units << shift)


def trailing_zeros(number: int) -> int:
    """Count the zero bits at the end of an integer; 0 for 0.

    Examples
    --------
    >>> trailing_zeros(24), trailing_zeros(-1), trailing_zeros(0)
    (3, 0, 0)
    """
    return max((number & -number).bit_length() - 1, 0)
