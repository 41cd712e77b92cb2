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

_MOST_AT_ONCE = 1 << 20  # decompressed bytes that are made in one go
_DEFLATE = 8
_HAS_CRC, _HAS_MORE, _HAS_NAME, _HAS_COMMENT = 2, 4, 8, 16
"""What the header of gzip may have, by its flags."""

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
    if codec == "gzip":
        return cast("IO[bytes]", _GzipMembers(cast("io.BufferedReader", buffered)))
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


class _GzipMembers(Chunks):
    """The decompressed bytes of all members of gzip, between and behind which zeros may stand.

    That of Python asks for 8 KiB at a time, for each of which it waits for the interpreter lock;
    that of pyarrow knows no zeros.

    Parameters
    ----------
    packed : BufferedReader
        What it has in its buffer is decompressed at once.

    Raises
    ------
    EOFError
        While reading, if the last member is cut off.
    OSError, zlib.error
        While reading, if the data are damaged; with the words of Python's own module.
    """

    def __init__(self, packed: io.BufferedReader) -> None:
        super().__init__(self._decompressed(packed))

    def _decompressed(self, packed: io.BufferedReader) -> Iterator[bytes]:
        import zlib  # noqa: PLC0415 -- not every input is compressed

        while _pass_gzip_header(packed):
            member: Any = zlib.decompressobj(-zlib.MAX_WBITS)
            crc = size = 0
            while not member.eof:
                data = packed.peek()
                text = member.decompress(data, min(self.n_wanted, _MOST_AT_ONCE))
                left = member.unused_data if member.eof else member.unconsumed_tail
                packed.read(len(data) - len(left))
                if not (text or data):
                    raise EOFError
                crc, size = zlib.crc32(text, crc), size + len(text)
                yield text
            told = int.from_bytes(_exactly(packed, 4), "little")
            told_size = int.from_bytes(_exactly(packed, 4), "little")
            if told != crc:
                message = f"CRC check failed {told:#x} != {crc:#x}"
                raise OSError(message)
            if told_size != size & 0xFFFFFFFF:
                message = "Incorrect length of data produced"
                raise OSError(message)
            while (data := packed.peek())[:1] == b"\0":
                packed.read(len(data) - len(data.lstrip(b"\0")))


def _pass_gzip_header(packed: io.BufferedReader) -> bool:
    """Go behind the header of the next member; say whether there is one."""
    magic = packed.read(2)
    if not magic:
        return False
    if magic != b"\x1f\x8b":
        message = f"Not a gzipped file ({magic!r})"
        raise OSError(message)
    method, flags, *_ = _exactly(packed, 8)
    if method != _DEFLATE:
        message = "Unknown compression method"
        raise OSError(message)
    if flags & _HAS_MORE:
        _exactly(packed, int.from_bytes(_exactly(packed, 2), "little"))
    for has_text in (_HAS_NAME, _HAS_COMMENT):
        while flags & has_text and packed.read(1) not in (b"", b"\0"):
            pass
    if flags & _HAS_CRC:
        _exactly(packed, 2)
    return True


def _exactly(packed: io.BufferedReader, n_bytes: int) -> bytes:
    data = packed.read(n_bytes)
    if len(data) < n_bytes:
        raise EOFError
    return data


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
