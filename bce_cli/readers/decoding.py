"""What is compressed or in another encoding, turned into UTF-8 as it is read."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import DataError
from bce_cli.storage.streams import ReadOnly, Translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

_CHUNK = 1 << 18
_PADDING = {"bz2": 0, "xz": 4}
"""Zeros that may follow a member come in groups of so many; 0 for none at all."""

_C1_BYTES = range(0xDC80, 0xDCA0)  # as Python keeps bytes that it could not decode


def decompressed(stream: IO[bytes], codec: str, name: str) -> IO[bytes]:
    """Return what a compressed stream holds.

    Several members one after the other are read as one. What is cut off or damaged, or followed by
    anything but zeros, is an error when it is reached.

    Parameters
    ----------
    stream : binary stream
    codec : {"gzip", "bz2", "xz", "zstd", "lz4"}
    name : str
        What messages call it.
    """

    def explain(error: Exception) -> Exception | None:
        if isinstance(error, EOFError) or "Truncated" in str(error):
            return DataError(f"{name}: the {codec} data end too early", "the file was cut off")
        return DataError(f"{name}: the {codec} data are damaged: {error}")

    return cast("IO[bytes]", Translated(_open(stream, codec, name), explain))


def _open(stream: IO[bytes], codec: str, name: str) -> IO[bytes]:
    if codec in ("bz2", "xz"):
        return cast("IO[bytes]", _Members(stream, _decompressors(codec, name), _PADDING[codec]))
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), _CHUNK)
    if codec == "gzip":  # reads on over padding with zeros, which pyarrow does not
        import gzip  # noqa: PLC0415

        return cast("IO[bytes]", gzip.GzipFile(mode="rb", fileobj=buffered))
    import pyarrow as pa

    return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(buffered, mode="r"), codec))


def _decompressors(codec: str, name: str) -> Callable[[], Any]:
    try:
        if codec == "bz2":
            import bz2  # noqa: PLC0415 -- not every Python has it

            return bz2.BZ2Decompressor
        import lzma  # noqa: PLC0415
    except ImportError:
        message = f"{name}: it is compressed with {codec}, which this Python cannot read"
        raise DataError(message, f"{codec} -dc FILE | bce compute -") from None
    return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)


class _Members(ReadOnly):
    """The decompressed bytes of all members, and nothing else between or behind them.

    The file objects of bz2 and lzma take whatever follows a member and is no other one for the end
    of the data, so that a damaged second member would be lost without a word.

    Parameters
    ----------
    stream : binary stream
    decompressor : callable () -> decompressor
        Of bz2 or lzma; called once a member.
    padding : int
        Zeros between and behind members come in groups of so many; 0 for none at all.

    Raises
    ------
    EOFError
        While reading, if the last member is cut off.
    OSError, lzma.LZMAError
        While reading, if the data are damaged.
    """

    def __init__(self, stream: IO[bytes], decompressor: Callable[[], Any], padding: int) -> None:
        super().__init__()
        self._stream = stream
        self._new = decompressor
        self._member = decompressor()
        self._padding = padding
        self._n_zeros = 0
        self._is_between = False

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")
        while len(view):
            compressed = self._compressed()
            if compressed is None:
                return 0
            data: bytes = self._member.decompress(compressed, len(view))
            if data:
                view[: len(data)] = data
                return len(data)
        return 0

    def _compressed(self) -> bytes | None:
        """Return bytes for the member in hand, empty if it has enough; None at the end."""
        if self._member.eof:
            unused = self._member.unused_data
            self._member = self._new()
            self._is_between = True
            self._n_zeros = 0
            if unused and (start := self._behind_padding(unused)):
                return start
        if not self._is_between and not self._member.needs_input:
            return b""
        while chunk := self._chunk():
            start = self._behind_padding(chunk) if self._is_between else chunk
            if start:
                return start
        if not self._is_between:
            raise EOFError
        self._check_padding()
        return None

    def _chunk(self) -> bytes:
        chunk = bytearray(_CHUNK)
        count = self._stream.readinto(chunk)  # type: ignore[attr-defined]
        return bytes(chunk[: count or 0])

    def _behind_padding(self, data: bytes) -> bytes:
        """Return what follows the zeros, which begins a member; empty if there are zeros only."""
        start = data.lstrip(b"\0") if self._padding else data
        self._n_zeros += len(data) - len(start)
        if start:
            self._check_padding()
            self._is_between = False
        return start

    def _check_padding(self) -> None:
        if self._padding and self._n_zeros % self._padding:
            message = "zeros behind it do not come in fours"
            raise OSError(message)


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


class Transcoded(ReadOnly):
    """Text of some encoding as UTF-8, without a byte order mark.

    Parameters
    ----------
    stream : binary stream
    encoding : str
    name : str
        What messages call it.

    Raises
    ------
    DataError
        When bytes are reached that are no text in that encoding.
    """

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
            self._ready = self._ready.removeprefix(codecs.BOM_UTF8)
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
