"""Quote characters of CSV text, looked at as bytes.

With the quoting of RFC 4180, a line end belongs to a quoted field exactly when the number of quote
characters before it is odd. That holds only if quotes stand nowhere else than around a whole field,
or doubled within one; text that breaks this rule is refused instead of guessed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    ByteArray = npt.NDArray[np.uint8]
    Positions = npt.NDArray[np.intp]

QUOTE = b'"'
_QUOTE, _LF, _CR, _COMMA = b'"\n\r,'


def as_bytes(data: Any) -> ByteArray:  # noqa: ANN401 -- anything with a buffer
    """View a buffer as an array of bytes, without a copy."""
    return np.frombuffer(data, dtype=np.uint8)


def ends_outside_quotes(data: ByteArray, line_end: int) -> Positions:
    """Positions of the line ends that end a record, in data that starts with a record."""
    ends = np.flatnonzero(data == line_end)
    quotes_before = np.searchsorted(np.flatnonzero(data == _QUOTE), ends)
    outside: Positions = ends[quotes_before % 2 == 0]
    return outside


def count_lines(data: ByteArray) -> int:
    """Count line ends as an editor does: LF, CR, or both together."""
    n_lines = int(np.count_nonzero(data == _LF))
    if not np.any(data == _CR):
        return n_lines
    returns = np.flatnonzero(data == _CR)
    followed = data[np.minimum(returns + 1, len(data) - 1)] == _LF
    return n_lines + int(np.count_nonzero(~followed))


def misplaced_quote(data: ByteArray) -> int | None:
    """Find the first quote character that breaks the rule, in data that starts with a record.

    Parameters
    ----------
    data : ndarray of uint8, shape (n,)

    Returns
    -------
    int or None
        Its position; that of the opening quote where a quoted field is never closed.
    """
    quotes = np.flatnonzero(data == _QUOTE)
    padded = np.concatenate([[_LF], data, [_LF]])  # the text's edges end fields too
    before, after = padded[quotes], padded[quotes + 2]
    opening = np.arange(len(quotes)) % 2 == 0
    neighbour = np.where(opening, before, after)
    allowed = np.isin(neighbour, [_COMMA, _LF, _CR, _QUOTE])
    if not allowed.all():
        return int(quotes[np.argmin(allowed)])
    return int(quotes[-1]) if len(quotes) % 2 else None
