"""Compressed inputs, recognised by their first bytes whatever the name says."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any, cast

from bce_cli.errors import DataError
from bce_cli.storage.streams import Translated, peeked

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNATURES = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_HEAD = 16
_CHUNK = 1 << 18
_PADDING = {"bz2": 0, "xz": 4}
"""Zeros that may follow a member come in groups of so many; 0 for none at all."""


def decompressed(stream: IO[bytes], name: str) -> tuple[IO[bytes], str | None]:
    """Return the stream as it is, or what it holds if it is compressed, and with what.

    Several members one after the other are read as one. What is cut off or damaged, or followed by
    anything but zeros, is an error when it is reached.

    Parameters
    ----------
    stream : binary stream
    name : str
        What messages call it.

    Raises
    ------
    DataError
        It is compressed twice.
    """
    head, stream = peeked(stream, _HEAD)
    codec = _codec(head)
    if codec is None:
        return stream, None

    def explain(error: Exception) -> Exception | None:
        if isinstance(error, EOFError) or "Truncated" in str(error):
            return DataError(f"{name}: the {codec} data end too early", "the file was cut off")
        return DataError(f"{name}: the {codec} data are damaged: {error}")

    opened = cast("IO[bytes]", Translated(_open(stream, codec, name), explain))
    inner, opened = peeked(opened, _HEAD)
    if _codec(inner) is not None:
        message = f"{name}: it is compressed twice, {codec} around {_codec(inner)}"
        raise DataError(message, "decompress it once on the way in, in a pipe")
    return opened, codec


def _codec(head: bytes) -> str | None:
    return next((codec for signature, codec in _SIGNATURES if head.startswith(signature)), None)


def _open(stream: IO[bytes], codec: str, name: str) -> IO[bytes]:
    if codec in ("bz2", "xz"):
        from bce_cli.readers.members import Members  # noqa: PLC0415 -- what is read is rarely packed

        return cast("IO[bytes]", Members(stream, _decompressors(codec, name), _PADDING[codec]))
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
