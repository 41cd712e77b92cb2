"""Blocks: what is read and parsed by itself, and how text is cut into such at the ends of records.

With the quoting of RFC 4180, a line end belongs to a quoted field exactly when the number of quote
characters before it is odd. That holds only if quotes stand nowhere else than around a whole field,
or doubled within one; text that breaks this rule is refused instead of guessed at.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Protocol, cast

import numpy as np

from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.grammar import label_key
from bce_cli.readers.reading import LabelValues, Reading, rows_of
from bce_cli.storage.streams import Limited, read_fully

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.reading import ConvertedColumns
    from bce_cli.readers.second_look import Record

    ByteArray = npt.NDArray[np.uint8]
    Positions = npt.NDArray[np.intp]

LONGEST_RECORD = 64 << 20

_QUOTE, _LF, _CR = b'"\n\r'
_MOST_STEPS = 1000
_GLANCE = 1 << 16
_PIECE = 1 << 19  # bytes


class Block(Protocol):
    """Some rows of an opened source, which are read and parsed by themselves."""

    @property
    def n_bytes(self) -> int:
        """Its size, for a progress bar."""

    @property
    def n_rows(self) -> int:
        """Rows it turns into, unless one is faulty; counted without a look at their cells."""

    def read(self) -> Reading:
        """Parse and validate every row."""


class _Odd(Exception):  # noqa: N818 -- no error yet
    """A block needs the second look."""


@dataclass(frozen=True, slots=True)
class TwoLooks(ABC):
    """A block that is converted a column at a time, and where that does not do, read by record.

    Attributes
    ----------
    columns : Columns
        Where its columns stand.
    grammar : Grammar
        What its cells stand for.
    source : str
        What messages call the input.
    """

    columns: Columns
    grammar: Grammar
    source: str

    def plain_numbers(self) -> ConvertedColumns | None:
        """Convert the wanted columns where they are in the form in which most are; None for others.

        It comes before `convert`, which needs pyarrow: loading that takes as long as a small file.
        """
        return None

    @abstractmethod
    def convert(self) -> ConvertedColumns | None:
        """Convert the wanted columns; None, or pyarrow's error, for what is odd."""

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """Yield the cells of each record."""

    @abstractmethod
    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label, where one of the labels was named."""

    @property
    def float_types(self) -> dict[str, str]:
        """What predictions are stored as, by key, where that is no float64."""
        return {}

    def read(self) -> Reading:
        """Parse and validate every row.

        Raises
        ------
        DataError
            Names the first row that is not fine.
        """
        with suppress(_Odd):
            return self._read_by_column()
        if self.columns.watched is not None:  # nobody has asked for it
            return replace(self, columns=replace(self.columns, watched=None)).read()
        from bce_cli.readers.second_look import look_again  # noqa: PLC0415 -- rarely needed

        return look_again(self.records(), self.columns, self.grammar, self.float_types, self.source)

    def _read_by_column(self) -> Reading:
        """Convert all rows at once; raise `_Odd` where that does not do."""
        try:
            cells = self.plain_numbers() or self.convert()
            if cells is None:
                raise _Odd
            cells.float_types = self.float_types
            if self.columns.folders and not self._take_folders(cells):
                raise _Odd
            checked = rows_of(cells, self.grammar)
        except (ValueError, NotImplementedError) as error:
            if type(error).__module__ != "pyarrow.lib":  # which may not be loaded
                raise
            raise _Odd from error
        if checked is None:
            raise _Odd
        rows, first_other = checked
        return Reading(rows, cells.key, (self._label_values(cells, first_other),))

    def _take_folders(self, cells: ConvertedColumns) -> bool:
        from bce_cli.readers.partitions import take_folders  # noqa: PLC0415 -- few paths have any

        return take_folders(cells, self.columns, self.grammar, self.source)

    def _label_values(self, cells: ConvertedColumns, first_other: int | None) -> LabelValues:
        """Say which labels occurred, where one of them was named."""
        positive = self.grammar.positive
        if positive is None or cells.labels is None:
            return LabelValues()
        decimal = self.grammar.decimal
        texts = {label_key(text, decimal) for text in cells.labels.names}  # type: ignore[union-attr]
        has_positive = label_key(positive, decimal) in texts
        if first_other is None:
            return LabelValues(has_positive)
        place, other = self.label_at(first_other)
        return LabelValues.of(other, place, self.grammar, has_positive=has_positive)


@dataclass(frozen=True, slots=True)
class Lines:
    """Some whole records of text.

    Attributes
    ----------
    data : memoryview
        Their bytes; the last line end may be missing at the end of the source.
    first_line : int
        1-based physical line on which they begin; 0 where that was not counted.
    """

    data: memoryview
    first_line: int

    def glance(self) -> Lines:
        """Return the first of them, the last of which may be cut off."""
        return Lines(self.data[:_GLANCE], self.first_line)


@dataclass(frozen=True, slots=True)
class TextBlock(TwoLooks):
    """A block of text.

    Attributes
    ----------
    lines : Lines
    """

    lines: Lines

    @property
    def n_bytes(self) -> int:
        """Its size, for a progress bar."""
        return len(self.lines.data)


class PlainRecords:
    """Records that end with a line feed, and nowhere else."""

    def clean(self, buffer: bytearray, filled: int, *, is_last: bool) -> bytearray:
        """Blank out what does not count in bytes that begin with a record.

        May return other bytes of other length; must do nothing to what it has blanked out before.
        """
        del filled, is_last
        return buffer

    def cut(self, buffer: bytearray, filled: int, *, is_last: bool) -> int:
        """Return the position after the end of the last whole record; 0 if there is none."""
        return filled if is_last else buffer.rfind(b"\n", 0, filled) + 1

    def count_lines(self, buffer: bytearray, end: int) -> int:
        """Count the line ends of whole records, which stand before `end`."""
        return count_byte(as_bytes(memoryview(buffer)[:end]), _LF)

    def is_regular(self, buffer: bytearray, filled: int) -> bool:
        """Whether line feeds alone say where records end."""
        del filled
        return b"\n" in buffer


class QuotedRecords(PlainRecords):
    """Records that end with a line, unless the line end is quoted.

    Parameters
    ----------
    comment : str, optional
        Lines outside quotes that begin with it are blanked out.
    """

    def __init__(self, comment: str | None = None) -> None:
        self._comment = None if comment is None else comment.encode()

    def clean(self, buffer: bytearray, filled: int, *, is_last: bool) -> bytearray:
        """Blank out comments, in bytes that begin with a record."""
        if self._comment is None or self._comment not in buffer:
            return buffer
        text = bytes(memoryview(buffer)[:filled])
        return _without_comments(text, self._comment, is_last=is_last)

    def cut(self, buffer: bytearray, filled: int, *, is_last: bool) -> int:
        """Return the position after the end of the last whole record; 0 if there is none."""
        if is_last:
            return filled
        if b"\n" in buffer:
            return last_end_outside_quotes(buffer, filled, _LF) + 1
        # A return at the very end may be the first half of a line end.
        return last_end_outside_quotes(buffer, filled - 1, _CR) + 1

    def count_lines(self, buffer: bytearray, end: int) -> int:
        """Count line ends as an editor does."""
        return count_lines(buffer, end)

    def is_regular(self, buffer: bytearray, filled: int) -> bool:
        """Whether line feeds alone say where records end."""
        return self._comment is None and b"\n" in buffer and buffer.find(b'"', 0, filled) < 0


def as_bytes(data: object) -> ByteArray:
    """View a buffer as an array of bytes, without a copy."""
    return np.frombuffer(data, dtype=np.uint8)  # type: ignore[call-overload, no-any-return]


class BlockReader:
    """Reads a stream to its end, block by block: an iterator of `Lines`.

    Parameters
    ----------
    stream : binary stream
    name : str
        What messages call it.
    framing : PlainRecords
    block_bytes : int
        Bytes to read at a time; a block is longer only if one record is.
    rest : bytes
        What was read of the first record before.
    line : int
        1-based physical line on which that begins.

    Attributes
    ----------
    line : int
        1-based physical line behind the blocks that were read.
    counts_lines : bool
        Whether that is so; lines are counted later otherwise, if anybody asks for one.
    is_regular : bool
        Whether each of those blocks ends with the last line feed of the bytes that were read for
        it. Then so do those before blocks that were passed over, if they are of that kind, too.

    Raises
    ------
    InputError
        Reading fails.
    DataError
        A record is longer than `LONGEST_RECORD`.
    """

    def __init__(
        self,
        stream: IO[bytes],
        name: str,
        framing: PlainRecords,
        block_bytes: int,
        *,
        rest: bytes = b"",
        line: int = 1,
    ) -> None:
        self.line = line
        self.counts_lines = True
        self.is_regular = True
        self._stream = stream
        self._name = name
        self._framing = framing
        self._block_bytes = block_bytes
        self._rest = rest
        self._lines = self._read()

    def __iter__(self) -> Iterator[Lines]:
        return self

    def __next__(self) -> Lines:
        return next(self._lines)

    def can_pass_over(self) -> bool:
        """Whether blocks can be passed over: not those of pipes, or of text that is decoded."""
        with suppress(OSError):
            self._stream.seek(0, os.SEEK_CUR)
            return self.is_regular
        return False

    def pass_over(self, n: int) -> bool:
        """Go on behind so many blocks, of which the last bytes alone are read.

        They, and all before them, must be regular, and lines must not be counted.

        Returns
        -------
        bool
            False where the last of them is seen not to be regular; no block can be read then.
        """
        if not n:
            return True
        at = self._stream.seek(0, os.SEEK_CUR) + n * self._block_bytes
        if at > self._stream.seek(0, os.SEEK_END):  # it ends in one of them
            self._rest = b""
            return True
        for n_bytes in (min(_GLANCE, self._block_bytes), self._block_bytes):
            tail = bytearray(n_bytes)
            self._stream.seek(at - n_bytes)
            read_fully(self._stream, memoryview(tail))
            end = tail.rfind(b"\n") + 1
            if end:
                self._rest = bytes(memoryview(tail)[end:])
                return True
        return False

    def count_passed(self) -> None:
        """Count the lines of all that precedes what is read next, and count lines from now on."""
        at = self._stream.seek(0, os.SEEK_CUR)
        self._stream.seek(0)
        passed = cast("IO[bytes]", Limited(self._stream, at - len(self._rest)))
        reader = BlockReader(passed, self._name, self._framing, self._block_bytes)
        for _ in reader:
            pass
        self._stream.seek(at)
        self.line, self.counts_lines = reader.line, True

    def placed(self, lines: Lines) -> Lines:
        """Return the records that were read last, with the line on which they begin."""
        if lines.first_line:
            return lines
        self.count_passed()
        n_lines = self._framing.count_lines(cast("bytearray", lines.data.obj), len(lines.data))
        return Lines(lines.data, self.line - n_lines)

    def _read(self) -> Iterator[Lines]:
        framing, step = self._framing, self._block_bytes
        while True:
            rest = self._rest
            buffer = bytearray(len(rest) + step)
            buffer[: len(rest)] = rest
            filled = len(rest) + read_fully(self._stream, memoryview(buffer)[len(rest) :])
            is_last = filled < len(buffer)
            size = len(buffer)
            cleaned = framing.clean(buffer, filled, is_last=is_last)
            if cleaned is not buffer:
                buffer, filled = cleaned, len(cleaned)
            cut = framing.cut(buffer, filled, is_last=is_last)
            data = memoryview(buffer)[:filled]
            self.is_regular &= is_last or framing.is_regular(buffer, filled)
            self._rest = rest = bytes(data[cut:])
            # One long record: grow by doubling, up to the limit.
            step = self._block_bytes if cut else max(min(size, LONGEST_RECORD + 1 - len(rest)), 1)
            if cut:
                first_line = 0
                if self.counts_lines:
                    first_line = self.line
                    self.line += framing.count_lines(buffer, cut)
                yield Lines(data[:cut], first_line)
            if is_last:
                return
            if len(rest) > LONGEST_RECORD:
                if not self.counts_lines:
                    self.count_passed()
                message = (
                    f"{self._name}, line {self.line}: the record is longer than "
                    f"{LONGEST_RECORD >> 20} MiB"
                )
                raise DataError(message, "a quote that is never closed can be the reason")


def _without_comments(text: bytes, comment: bytes, *, is_last: bool) -> bytearray:
    """Empty the comment lines, but for the last line, which may go on in the next block."""
    end = len(text) if is_last else max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
    pattern = re.compile(rb'"[^"]*"?|(?<![^\r\n])' + re.escape(comment) + rb"[^\r\n]*")
    whole = pattern.sub(lambda found: found[0] if found[0][:1] == b'"' else b"", text[:end])
    return bytearray(whole + text[end:])


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
    n_quotes = int(np.count_nonzero(data == _QUOTE)) if text.find(b'"', 0, end + 1) >= 0 else 0
    for _ in range(_MOST_STEPS):
        if n_quotes % 2 == 0:
            return end
        quote = text.rfind(b'"', 0, end)  # all line ends behind it are quoted, too
        before = text.rfind(line_end, 0, quote)
        n_quotes -= text.count(b'"', before + 1, end)
        end = before
    ends = ends_outside_quotes(as_bytes(memoryview(text)[: end + 1]), line_end)
    return int(ends[-1]) if len(ends) else -1


def ends_outside_quotes(data: ByteArray, line_end: int) -> Positions:
    """Positions of the line ends that end a record, in data that starts with a record."""
    ends = np.flatnonzero(data == line_end)
    quotes_before = np.searchsorted(np.flatnonzero(data == _QUOTE), ends)
    outside: Positions = ends[quotes_before % 2 == 0]
    return outside


def count_byte(data: ByteArray, byte: int) -> int:
    """Count how often a byte occurs, in pieces that stay in the cache of a core."""
    pieces = (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))
    return sum(int(np.count_nonzero(piece == byte)) for piece in pieces)


def count_lines(text: bytes | bytearray, end: int | None = None) -> int:
    """Count line ends before `end` as an editor does: LF, CR, or both together."""
    data = as_bytes(memoryview(text)[:end])
    n_lines = count_byte(data, _LF)
    if text.find(b"\r", 0, end) < 0:  # much faster than a look at every byte
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
