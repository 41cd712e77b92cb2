"""Fields of delimited text in its simplest form, found by array operations.

Where no field is quoted and every line ends with LF, each delimiter ends a field. NumPy finds them
all in a fraction of the time in which a parser looks for quotes, blank lines and short records; a
count shows whether there was any. Arrow then reads the numbers between them, as its parser does.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from bce_cli.readers.blocks import count_byte

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray

    ByteArray = npt.NDArray[np.uint8]
    Offsets = npt.NDArray[np.int32]

_LF, _ZERO = b"\n0"
_IN_NUMBERS = b"0123456789.eE-"
_SMALL = 1 << 20  # bytes, of which Python reads the numbers in some milliseconds
_PIECE = 1 << 20  # bytes; what is found out about so many stays in the cache of a core
_LONGEST = 1 << 31
_EVERY_SECOND = 0b10101010

_PLACES_OF_BITS = np.zeros(256, np.intp)
_PLACES_OF_BITS[[128 >> place for place in range(8)]] = range(8)


class PlainFields(NamedTuple):
    r"""Where fields of some columns begin and end.

    Attributes
    ----------
    data : ndarray of uint8
    ends : dict of int to ndarray of int32, shape (n,)
        By column, the places of the delimiters or line ends behind its fields.

    Examples
    --------
    >>> text = np.frombuffer(b"a,1,0.25\nb,0,0.5\n", np.uint8)
    >>> fields = PlainFields.found(text, ",", 3, [1, 2])
    >>> fields.bits(1).tolist(), fields.floats(2).tolist()
    ([True, False], [0.25, 0.5])
    >>> PlainFields.found(text, ",", 2, [1]) is None
    True
    """

    data: ByteArray
    ends: dict[int, Offsets]

    @classmethod
    def found(
        cls, data: ByteArray, delimiter: str, n_columns: int, wanted: Iterable[int]
    ) -> Self | None:
        """Find the fields of some columns; None where a line has more or fewer than the header.

        Parameters
        ----------
        data : ndarray of uint8
            Whole lines without a quote or a carriage return.
        delimiter : str
            One ASCII character.
        n_columns : int
        wanted : iterable of int
            0-based places of columns.
        """
        if not len(data) or data[-1] != _LF or len(data) >= _LONGEST:
            return None
        if n_columns == 2:  # noqa: PLR2004 -- one of which mostly has a single character
            both = _of_one_character(data, ord(delimiter))
            if both is not None:
                return cls(data, both)
        last = n_columns - 1
        found: dict[int, list[Offsets]] = {last: []}
        found |= {end % n_columns: [] for place in wanted for end in (place - 1, place)}
        n_found = n_lines = 0
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            are_line_ends = piece == _LF
            n_lines += int(np.count_nonzero(are_line_ends))
            separators = np.flatnonzero((piece == ord(delimiter)) | are_line_ends)
            for place, parts in found.items():
                ends = separators[(place - n_found) % n_columns :: n_columns]
                if place == last and not are_line_ends[ends].all():
                    return None
                parts.append(np.add(ends, start, dtype=np.int32, casting="unsafe"))
            n_found += len(separators)
        if n_found != n_columns * n_lines:
            return None
        return cls(data, {place: np.concatenate(parts) for place, parts in found.items()})

    @property
    def n(self) -> int:
        """How many lines there are."""
        return len(next(iter(self.ends.values())))

    def _bounds(self, place: int) -> tuple[Offsets, Offsets]:
        """Return where the fields of a column begin, and where they end."""
        if place:
            return self.ends[place - 1] + np.int32(1), self.ends[place]
        begins = np.zeros(self.n, np.int32)
        begins[1:] = self.ends[max(self.ends)][:-1] + np.int32(1)  # behind the line before
        return begins, self.ends[0]

    def bits(self, place: int) -> BoolArray | None:
        """Read a column of which each field is the character 0 or 1; None where one is not."""
        return bits_between(self.data, *self._bounds(place))

    def floats(self, place: int) -> FloatArray | None:
        """Read a column of finite numbers; None where one is none."""
        return floats_between(self.data, *self._bounds(place))


def _of_one_character(data: ByteArray, delimiter: int) -> dict[int, Offsets] | None:
    """Find the fields of two columns, of which one has a single character; None for others.

    Then line ends alone need to be found.
    """
    ends = _line_ends(data)
    if ends is None:
        return None
    begins = np.zeros_like(ends)
    np.add(ends[:-1], 1, out=begins[1:])
    is_first = len(data) > 1 and data[1] == delimiter
    between = begins + np.int32(1) if is_first else ends - np.int32(2)
    if not (np.all(between >= begins) and np.all(between < ends)):
        return None
    if count_byte(data, delimiter) != len(ends) or np.any(data.take(between) != delimiter):
        return None
    return {0: between, 1: ends}


def _line_ends(data: ByteArray) -> Offsets | None:
    """Find all LF; None where two of them are among eight bytes that are looked at together."""
    parts = []
    for start in range(0, len(data), _PIECE):
        eights = np.packbits(data[start : start + _PIECE] == _LF)
        at = np.flatnonzero(eights != 0)
        bits = eights.take(at)
        if np.any(bits & (bits - np.uint8(1))):
            return None
        at *= 8
        at += _PLACES_OF_BITS.take(bits)
        parts.append(np.add(at, start, dtype=np.int32, casting="unsafe"))
    return np.concatenate(parts)


def bits_between(data: ByteArray, begins: Offsets, ends: Offsets) -> BoolArray | None:
    """Read what stands between places, each the character 0 or 1; None where one is not."""
    digits = data.take(begins) - np.uint8(_ZERO)  # an empty field begins with its end
    is_one_digit = digits.max() <= 1 and bool(np.all(ends - begins == 1))
    return digits.view(np.bool_) if is_one_digit else None


def floats_between(data: ByteArray, begins: Offsets, ends: Offsets) -> FloatArray | None:
    """Read the finite numbers that stand between places, which ascend; None where one is none.

    Blanks around it belong to no number, and one that float64 cannot hold is not finite.
    """
    is_small = len(data) <= _SMALL and "pyarrow" not in sys.modules
    values = (_floats_by_python if is_small else _floats_by_arrow)(data, begins, ends)
    return values if values is not None and np.isfinite(values).all() else None


def _floats_by_python(data: ByteArray, begins: Offsets, ends: Offsets) -> FloatArray | None:
    """Read a few numbers, in less time than it takes to load pyarrow."""
    text = data.tobytes()
    numbers = [text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    if b"".join(numbers).translate(None, _IN_NUMBERS):  # Python takes blanks, names, underscores
        return None
    try:
        return np.array([float(number) for number in numbers])
    except ValueError:
        return None


def _floats_by_arrow(data: ByteArray, begins: Offsets, ends: Offsets) -> FloatArray | None:
    import pyarrow as pa

    # Texts of Arrow follow each other: between two fields stands one that is null.
    n = len(begins)
    offsets = np.zeros(2 * n + 1, np.int32)
    offsets[1::2], offsets[2::2] = begins, ends
    validity = np.full(n // 4 + 1, _EVERY_SECOND, np.uint8)
    buffers = map(pa.py_buffer, (validity, offsets, data))
    texts = pa.Array.from_buffers(pa.string(), 2 * n, [*buffers], null_count=n)
    try:
        numbers = _cast_to_floats()(texts)
    except pa.ArrowInvalid:
        return None
    return np.frombuffer(numbers.buffers()[1], np.float64, 2 * n)[1::2].copy()


@cache
def _cast_to_floats() -> Callable[[Any], Any]:
    import pyarrow as pa

    try:  # what `pyarrow.compute` wraps: importing that takes as long as all else of pyarrow
        from pyarrow._compute import CastOptions, call_function
    except ImportError:
        from pyarrow.compute import CastOptions, call_function
    options = CastOptions(pa.float64())
    return lambda texts: call_function("cast", [texts], options)
