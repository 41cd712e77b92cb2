"""Compresses and packs bytes as the usual tools do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def zipped(members: Mapping[str, str | bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make a zip archive of some files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=kind)
    return sink.getvalue()


def _by_arrow(codec: str) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as stream:
            stream.write(data)
        return bytes(sink.getvalue().to_pybytes())

    return pack


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": _gzip,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": _by_arrow("zstd"),
    "lz4": _by_arrow("lz4"),
}
"""Extension, and what makes one member or frame."""
