"""What is compressed or in another encoding, turned into UTF-8 as it is read."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import DataError, argument
from bce_cli.storage.streams import Chunks, Translated, read_some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class _Members(Chunks):
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
        While reading, if the data are damaged, and no sooner than what is before was read.
    """

    def __init__(self, stream: IO[bytes], decompressor: Callable[[], Any], padding: int) -> None:
        super().__init__(self._decompressed(stream, decompressor, padding))

    def _decompressed(
        self, stream: IO[bytes], decompressor: Callable[[], Any], padding: int
    ) -> Iterator[bytes]:
        member, data = decompressor(), b""
        n_zeros: int | None = None  # behind a member; None within one
        while True:
            if n_zeros is None and not member.needs_input:
                yield member.decompress(b"", self.n_wanted)
            elif n_zeros is None:
                data = data or _chunk_of(stream)
                if not data:
                    raise EOFError
                yield member.decompress(data, self.n_wanted)
                data = b""
            else:
                data = data or _chunk_of(stream)
                start = data.lstrip(b"\0") if padding else data
                n_zeros += len(data) - len(start)
                if start or not data:
                    if padding and n_zeros % padding:
                        message = "zeros behind it do not come in fours"
                        raise OSError(message)
                    if not data:
                        return
                    n_zeros = None
                data = start
            if member.eof:
                data, member, n_zeros = member.unused_data, decompressor(), 0


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


def transcoded(stream: IO[bytes], encoding: str, name: str) -> IO[bytes]:
    """Return text of some encoding as UTF-8, without a byte order mark.

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
    return cast("IO[bytes]", Chunks(_utf8_of(stream, encoding, name)))


def _utf8_of(stream: IO[bytes], encoding: str, name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line, mark = 1, codecs.BOM_UTF8
    while True:
        chunk = _chunk_of(stream)
        try:
            text = decoder.decode(chunk, final=not chunk)
            data = text.encode()
        except UnicodeError as error:
            what = "the text ends in the middle of a character"
            if isinstance(error, UnicodeDecodeError) and chunk:
                line += error.object[: error.start].decode(encoding, "replace").count("\n")
                what = f"byte 0x{error.object[error.start]:02x} is no {encoding} text"
            message = f"{name}, line {line}: {what}"
            raise DataError(
                message, f"{argument('encoding=')} says how the text is encoded"
            ) from None
        if data:
            yield data.removeprefix(mark)
            mark = b""
        line += text.count("\n")
        if not chunk:
            return


def _chunk_of(stream: IO[bytes]) -> bytes:
    chunk = bytearray(_CHUNK)
    return bytes(chunk[: read_some(stream, chunk)])
