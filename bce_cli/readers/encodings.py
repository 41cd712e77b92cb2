"""Text in other encodings, turned into UTF-8 as it is read."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING, cast

from bce_cli.errors import DataError, UsageError, quoted
from bce_cli.readers.streams import Rejoined, peeked

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

UTF8_MARK = codecs.BOM_UTF8
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 18
_C1_BYTES = range(0xDC80, 0xDCA0)  # as Python keeps bytes that it could not decode


def check_encoding(encoding: str | None) -> None:
    """Raise UsageError if there is no text encoding of that name."""
    if encoding is None:
        return
    try:
        b"a".decode(encoding, "ignore")
    except (LookupError, ValueError):
        message = f"--encoding {quoted(encoding)} is not known"
        raise UsageError(message, "such as latin-1, cp1252, utf-16-le or shift_jis") from None


def suggested_encoding(text: str) -> str:
    r"""Guess, for a hint, how text may be encoded that is not UTF-8.

    Parameters
    ----------
    text : str
        Decoded from UTF-8 with ``surrogateescape``.

    Examples
    --------
    >>> suggested_encoding("caf\udce9"), suggested_encoding("\udc93caf\udce9\udc94")
    ('latin-1', 'cp1252')
    """
    return "cp1252" if any(ord(character) in _C1_BYTES for character in text) else "latin-1"


def utf8(stream: IO[bytes], encoding: str | None, name: str) -> IO[bytes]:
    """Return a stream of UTF-8 text without a byte order mark.

    Parameters
    ----------
    stream : binary stream
    encoding : str or None
        With None, a byte order mark decides, and text without one is passed on as it is.
    name : str
        What messages call it.

    Raises
    ------
    DataError
        When bytes are reached that are no text in that encoding.
    """
    head, whole = peeked(stream, 4)
    if encoding is None and head.startswith(UTF8_MARK):
        return cast("IO[bytes]", Rejoined(head[len(UTF8_MARK) :], stream))
    if encoding is None:
        encoding = next((known for mark, known in _MARKS if head.startswith(mark)), None)
    if encoding is None:
        return whole
    return cast("IO[bytes]", _Transcoded(whole, encoding, name))


def utf8_mark_length(head: bytes) -> int | None:
    """Return how many bytes of a mark precede UTF-8 text; None if a mark says it is none.

    Examples
    --------
    >>> utf8_mark_length(b"y,p"), utf8_mark_length(codecs.BOM_UTF16_LE)
    (0, None)
    """
    if head.startswith(UTF8_MARK):
        return len(UTF8_MARK)
    return None if any(head.startswith(mark) for mark, _ in _MARKS) else 0


class _Transcoded(io.RawIOBase):
    def __init__(self, stream: IO[bytes], encoding: str, name: str) -> None:
        super().__init__()
        self._stream = stream
        self._encoding = encoding
        self._name = name
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ready = b""
        self._is_start = True
        self._is_over = False
        self._line = 1

    def readable(self) -> bool:
        """Whether bytes can be read; they can."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")
        while not self._ready and not self._is_over:
            self._decode()
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _decode(self) -> None:
        chunk = bytearray(_CHUNK)
        count = self._stream.readinto(chunk)  # type: ignore[attr-defined]
        self._is_over = not count
        try:
            text = self._decoder.decode(bytes(chunk[:count]), final=not count)
            self._ready = text.encode()
        except UnicodeError as error:
            raise self._undecodable(error) from None
        if self._is_start and text:
            self._is_start = False
            self._ready = self._ready.removeprefix(UTF8_MARK)
        self._line += text.count("\n")

    def _undecodable(self, error: UnicodeError) -> DataError:
        line, what = self._line, "the text ends in the middle of a character"
        if isinstance(error, UnicodeDecodeError) and not self._is_over:
            before = error.object[: error.start].decode(self._encoding, "replace")
            line += before.count("\n")
            what = f"byte 0x{error.object[error.start]:02x} is no {self._encoding} text"
        return DataError(
            f"{self._name}, line {line}: {what}", "--encoding says how the text is encoded"
        )
