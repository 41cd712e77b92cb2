"""Files that are recognised by their first bytes and are no CSV text."""

from __future__ import annotations

from bce_cli.errors import DataError

UTF8_BOM = b"\xef\xbb\xbf"

_SIGNATURES = (
    (b"\x1f\x8b", "is compressed with gzip", "gzip -dc"),
    (b"BZh", "is compressed with bzip2", "bzip2 -dc"),
    (b"\xfd7zXZ\x00", "is compressed with xz", "xz -dc"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd", "zstd -dc"),
    (b"\x04\x22\x4d\x18", "is compressed with lz4", "lz4 -dc"),
    (b"PK\x03\x04", "is a zip archive or a spreadsheet", "unzip -p"),
    (b"PAR1", "is a Parquet file", None),
    (b"ARROW1", "is an Arrow file", None),
    (b"\xff\xfe", "is UTF-16 text", "iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "is UTF-16 text", "iconv -f UTF-16 -t UTF-8"),
)


def refuse_other_formats(start: bytes, name: str) -> None:
    """Raise DataError if `start`, the first bytes of a source, belong to another format."""
    for signature, what, command in _SIGNATURES:
        if start.startswith(signature):
            message = f"{name}: it {what}, not CSV text"
            hint = f"convert it on the way in: {command} FILE | bce compute -" if command else None
            raise DataError(message, hint)
