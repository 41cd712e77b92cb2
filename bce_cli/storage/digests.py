"""What a file held when it was read, in a few digits that anybody can compute again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bce_cli.storage.sources import Source

_CHUNK = 1 << 20


class Digest(NamedTuple):
    """Bytes, and their SHA-256 in hexadecimal digits."""

    n_bytes: int
    sha256: str


def digest_of(source: Source) -> Digest | None:
    """Return the digest of a regular file of this machine; None for all else.

    A pipe is gone once it was read, and what is elsewhere would have to be fetched once more. Of an
    archive or a workbook it is that of the whole.

    Parameters
    ----------
    source : Source
        With the stamp of the version that was read, if it has one.

    Raises
    ------
    InputError
        It cannot be read, is another version than the known one, or changes meanwhile.

    References
    ----------
    NIST, FIPS 180-4, "Secure Hash Standard", 2015; `sha256sum` prints the same digits.

    Examples
    --------
    >>> from bce_cli.storage.sources import Source
    >>> digest_of(Source("-")) is None
    True
    """
    if source.local_path is None or source.look() is None:
        return None
    found, n_bytes = hashlib.sha256(usedforsecurity=False), 0
    with source.open() as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
            n_bytes += len(chunk)
    return Digest(n_bytes, found.hexdigest())
