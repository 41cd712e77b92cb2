"""A map that `bce recalibrate` has saved, read back with every value checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bce_cli.core.recalibration.saved import saved_map_of
from bce_cli.errors import DataError, argument
from bce_cli.readers.saved import Wanted, read_record
from bce_cli.storage.sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bce_cli.core.recalibration.saved import SavedMap

WANTED = Wanted(
    "map of bce recalibrate",
    f"bce recalibrate writes one with {argument('save')}",
    64 << 20,  # half a million knots, with room
    takes_map=True,
)


def read_map(path: str) -> SavedMap:
    """Read a map.

    Parameters
    ----------
    path : str
        A path or an address, or ``-`` for standard input.

    Raises
    ------
    InputError
        The file cannot be read.
    DataError
        It is no such map, of a version that is not known, or broken.
    """
    return map_of(read_record(path, WANTED), path)


def map_of(record: Mapping[str, Any], path: str) -> SavedMap:
    """Return the map that a record is, which was read from a path.

    Raises
    ------
    DataError
        It is no such map, of a version that is not known, or broken.
    """
    try:
        return saved_map_of(record)
    except DataError as error:
        message = f"{Source(path).name}: {error.message}"
        raise DataError(message, error.said[1] or WANTED.hint) from None
