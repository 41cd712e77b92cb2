"""Quote characters of CSV text, looked at as bytes.

With the quoting of RFC 4180, a line end belongs to a quoted field exactly when the number of quote
characters before it is odd. That holds only if quotes stand nowhere else than around a whole field,
or doubled within one; text that breaks this rule is refused instead of guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.readers.blocks import as_bytes

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.readers.blocks import ByteArray

    Positions = npt.NDArray[np.intp]

QUOTE = b'"'
_QUOTE, _LF, _CR = b'"\n\r'
_MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class QuotedRecords:
    """Records that end with a line, unless the line end is quoted.

    Attributes
    ----------
    comment : str, optional
        Lines outside quotes that begin with it are blanked out.
    """

    comment: str | None = None

    def clean(self, buffer: bytearray, filled: int, *, is_last: bool) -> bytearray:
        """Blank out comments, in bytes that begin with a record."""
        if self.comment is None or self.comment.encode() not in buffer:
            return buffer
        text = bytes(memoryview(buffer)[:filled])
        return _without_comments(text, self.comment.encode(), is_last=is_last)

    def cut(self, buffer: bytearray, filled: int, *, is_last: bool) -> int:
        """Return the position after the end of the last whole record; 0 if there is none."""
        if is_last:
            return filled
        return last_end_outside_quotes(buffer, filled, line_end_of(buffer)) + 1

    def count_lines(self, buffer: bytearray, end: int) -> int:
        """Count line ends as an editor does."""
        data = as_bytes(memoryview(buffer)[:end])
        if buffer.find(b"\r", 0, end) < 0:  # much faster than a look at every byte
            return int(np.count_nonzero(data == _LF))
        return count_lines(data)


def _without_comments(text: bytes, comment: bytes, *, is_last: bool) -> bytearray:
    """Empty the comment lines, but for the last line, which may go on in the next block."""
    end = len(text) if is_last else max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
    pattern = re.compile(rb'"[^"]*"?|(?<![^\r\n])' + re.escape(comment) + rb"[^\r\n]*")
    whole = pattern.sub(lambda found: found[0] if found[0][:1] == QUOTE else b"", text[:end])
    return bytearray(whole + text[end:])


def line_end_of(text: bytes | bytearray) -> int:
    """Return the byte that ends lines: a line feed, unless there are carriage returns only."""
    first_return = text.find(b"\r")
    only_returns = 0 <= first_return < len(text) - 1 and text.find(b"\n") < 0
    return _CR if only_returns else _LF


def last_end_outside_quotes(text: bytearray, filled: int, line_end: int) -> int:
    r"""Return the position of the last line end that ends a record; -1 if there is none.

    Parameters
    ----------
    text : bytearray
        Starts with a record.
    filled : int
        Bytes of it that count.
    line_end : int

    Examples
    --------
    >>> last_end_outside_quotes(bytearray(b'a,"b\n'), 5, ord("\n"))
    -1
    >>> last_end_outside_quotes(bytearray(b'a,"b\n"\nc'), 8, ord("\n"))
    6
    """
    end = text.rfind(line_end, 0, filled)
    data = as_bytes(memoryview(text)[: end + 1])
    n_quotes = int(np.count_nonzero(data == _QUOTE)) if text.find(QUOTE, 0, end + 1) >= 0 else 0
    for _ in range(_MOST_STEPS):
        if n_quotes % 2 == 0:
            return end
        quote = text.rfind(QUOTE, 0, end)  # all line ends behind it are quoted, too
        before = text.rfind(line_end, 0, quote)
        n_quotes -= text.count(QUOTE, before + 1, end)
        end = before
    ends = ends_outside_quotes(as_bytes(memoryview(text)[: end + 1]), line_end)
    return int(ends[-1]) if len(ends) else -1


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


def count_records(data: ByteArray) -> int:
    r"""Count records, in data that starts with one; blank lines are none.

    Examples
    --------
    >>> count_records(as_bytes(b'1,"a\n\nb"\r\n\r\n\n0,c'))
    2
    """
    if not len(data):
        return 0
    is_end = data == _LF
    returns = data == _CR
    if returns.any():
        is_end |= returns
    filled_ends = is_end[1:] & ~is_end[:-1]
    is_cut = not is_end[-1]
    if not np.any(data == _QUOTE):
        return int(np.count_nonzero(filled_ends)) + is_cut
    ends = np.flatnonzero(filled_ends) + 1
    quotes_before = np.searchsorted(np.flatnonzero(data == _QUOTE), ends)
    return int(np.count_nonzero(quotes_before % 2 == 0)) + is_cut


def misplaced_quote(data: ByteArray, delimiter: str = ",") -> int | None:
    """Find the first quote character that breaks the rule, in data that starts with a record.

    Parameters
    ----------
    data : ndarray of uint8, shape (n,)
    delimiter : str
        One ASCII character.

    Returns
    -------
    int or None
        Its position; that of the opening quote where a quoted field is never closed.
    """
    quotes = np.flatnonzero(data == _QUOTE)
    opening, closing = quotes[::2], quotes[1::2]
    allowed = np.zeros(256, np.bool_)
    allowed[[_LF, _CR, _QUOTE, ord(delimiter)]] = True
    # The text's edges end fields, too.
    fine_before = allowed.take(data.take(opening - 1, mode="wrap"))
    fine_before[:1] |= opening[:1] == 0
    fine_after = allowed.take(data.take(closing + 1, mode="wrap"))
    fine_after[-1:] |= closing[-1:] == len(data) - 1
    if not (fine_before.all() and fine_after.all()):
        fine = np.empty(len(quotes), np.bool_)
        fine[::2], fine[1::2] = fine_before, fine_after
        return int(quotes[np.argmin(fine)])
    return int(quotes[-1]) if len(quotes) % 2 else None
