"""Many exact sums at once, which take few bytes on the way from one machine to another."""

from __future__ import annotations

import zlib
from array import array
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from bce_cli.core.exact_sum import ExactSum, trailing_zeros

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ORDER: Literal["little"] = "little"


@dataclass(frozen=True, slots=True, eq=False)
class SumTable:
    """Exact sums, by kind and by group.

    Attributes
    ----------
    kinds : tuple of str, shape (k,)
    units : ndarray of int, shape (k, m)
        Python integers: the sums over m groups, in units of 2**-1074.

    Examples
    --------
    >>> table = SumTable.of({"rows": [ExactSum.of_count(2), ExactSum.of_count(3)]})
    >>> [float(total) for total in (table + table)["rows"]]
    [4.0, 6.0]
    """

    kinds: tuple[str, ...]
    units: npt.NDArray[np.object_]

    @classmethod
    def of(cls, sums: Mapping[str, Sequence[ExactSum]]) -> SumTable:
        """Put the sums of several kinds together, each of shape (m,)."""
        units = [[total.units for total in of_kind] for of_kind in sums.values()]
        return cls(tuple(sums), np.array(units, np.object_))

    def __add__(self, other: SumTable) -> SumTable:
        """Merge with sums of the same kinds over the same groups."""
        return SumTable(self.kinds, self.units + other.units)

    def __reduce__(self) -> tuple[Callable[..., SumTable], tuple[object, ...]]:
        """Pickle each sum as an odd number and a power of two: most of its bits are zeros."""
        flat = self.units.ravel().tolist()
        shifts = list(map(trailing_zeros, flat))
        odd = [units >> shift for units, shift in zip(flat, shifts, strict=True)]
        sizes = bytes(number.bit_length() // 8 + 1 for number in odd)
        digits = (
            number.to_bytes(size, _ORDER, signed=True)
            for number, size in zip(odd, sizes, strict=True)
        )
        frame = zlib.compress(array("H", shifts).tobytes() + sizes)
        return _unpickled, (self.kinds, frame, b"".join(digits))

    def __getitem__(self, kind: str) -> tuple[ExactSum, ...]:
        """Return the sums of one kind; shape (m,)."""
        return tuple(map(ExactSum, self.units[self.kinds.index(kind)].tolist()))


def _unpickled(kinds: tuple[str, ...], frame: bytes, digits: bytes) -> SumTable:
    frame = zlib.decompress(frame)
    n = len(frame) // 3
    shifts, ends = array("H", frame[: 2 * n]), accumulate(frame[2 * n :], initial=0)
    units = [
        int.from_bytes(digits[start:end], _ORDER, signed=True) << shift
        for shift, (start, end) in zip(shifts, pairwise(ends), strict=True)
    ]
    return SumTable(kinds, np.array(units, np.object_).reshape(len(kinds), -1))
