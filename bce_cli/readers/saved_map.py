"""A map that `bce recalibrate` has saved, read back with every value checked."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, NoReturn, cast

from bce_cli.core.recalibration.saved import saved_map_of
from bce_cli.errors import DataError, argument
from bce_cli.storage.paths import refuse_credentials
from bce_cli.storage.sources import Source

if TYPE_CHECKING:
    from bce_cli.core.recalibration.saved import SavedMap

_LARGEST = 64 << 20  # half a million knots, with room
_HOW_TO_SAVE = f"bce recalibrate writes one with {argument('save')}"


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
    refuse_credentials(path)
    source = Source(path)
    with source.open() as stream:
        content = io.BufferedReader(cast("io.RawIOBase", stream)).read(_LARGEST + 1)
    if len(content) > _LARGEST:
        _refuse(source.name, f"more than {_LARGEST >> 20} MiB are no map of bce recalibrate")
    try:
        return saved_map_of(_object_of(content, source.name))
    except DataError as error:
        if error.message.startswith(f"{source.name}: "):
            raise
        message = f"{source.name}: {error.message}"
        raise DataError(message, error.said[1] or _HOW_TO_SAVE) from None


def _object_of(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content, object_pairs_hook=_unique, parse_constant=_refused_token)
    except UnicodeDecodeError:
        _refuse(name, "not a map of bce recalibrate: not text")
    except RecursionError:
        _refuse(name, "not a map of bce recalibrate: nested too deeply")
    except ValueError as error:
        reason = str(error).partition(": line ")[0]
        what = f"not JSON, {reason[:1].lower()}{reason[1:]}" if content.strip() else "empty"
        _refuse(name, f"not a map of bce recalibrate: {what}")
    if not isinstance(value, dict):
        _refuse(name, "not a map of bce recalibrate: not a JSON object")
    return value


def _refuse(name: str, reason: str) -> NoReturn:
    message = f"{name}: {reason}"
    raise DataError(message, _HOW_TO_SAVE) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        message = "a key occurs twice"
        raise ValueError(message)
    return members


def _refused_token(token: str) -> NoReturn:
    message = f"the token {token}"
    raise ValueError(message)
