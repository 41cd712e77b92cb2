"""Which keys have found a partner so far, small enough to travel."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.errors import JoinInDoubt

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.readers.join import Gathered
    from bce_cli.readers.joined_rows import JoinedRows, Sides

    Bits = npt.NDArray[np.uint8]
    Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class JoinTally:
    """What is to be known of some joined rows, so that all of them can be checked.

    Attributes
    ----------
    n_lone : int
        Rows without a partner on some side.
    matched : tuple of ndarray of uint8
        A bit for each row of each side: whether it has found its partner.
    lone : ndarray of uint64, shape (m,)
        Hashes of the keys without a partner on the first side, ascending.
    """

    n_lone: int
    matched: tuple[Bits, ...]
    lone: Hashes

    @classmethod
    def of(cls, left: Gathered, sides: Sides, joined: JoinedRows) -> JoinTally:
        """Note what some rows have found.

        Raises
        ------
        JoinInDoubt
            A key occurs twice.
        """
        import pandas as pd

        first = joined.found[0]
        lone = left.keys.delete(first.left).to_numpy(dtype=object)
        matched = []
        for side, found in zip(sides.all, joined.found, strict=True):
            is_matched = np.zeros(len(side.keys), np.bool_)
            is_matched[found.right] = True
            matched.append(np.packbits(is_matched))
        hashes = pd.util.hash_array(lone)
        if not left.keys.is_unique:
            raise _twofold()
        n_lone = int(np.count_nonzero(joined.is_lone))
        return cls(n_lone, tuple(matched), np.sort(hashes))

    def __add__(self, other: JoinTally) -> JoinTally:
        """Merge with what other rows have found.

        Raises
        ------
        JoinInDoubt
            A key occurs in both.
        """
        pairs = list(zip(self.matched, other.matched, strict=True))
        lone = np.sort(np.concatenate([self.lone, other.lone]))
        if np.any(pairs[0][0] & pairs[0][1]) or np.any(lone[1:] == lone[:-1]):
            raise _twofold()
        return JoinTally(
            self.n_lone + other.n_lone, tuple(mine | theirs for mine, theirs in pairs), lone
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without long runs of the same bits; rows often come in the order of the labels."""
        packed = [zlib.compress(bits.tobytes(), 1) for bits in self.matched]
        return _unpacked, (self.n_lone, packed, self.lone.tobytes())


def _unpacked(n_lone: int, packed: list[bytes], lone: bytes) -> JoinTally:
    matched = tuple(np.frombuffer(zlib.decompress(bits), np.uint8) for bits in packed)
    return JoinTally(n_lone, matched, np.frombuffer(lone, np.uint64))


def _twofold() -> JoinInDoubt:
    message = "a key occurs twice"
    return JoinInDoubt(message)
