"""Documents of saved records: what `record` of each has said, said again."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

from bce_cli.core.fields import Fields
from bce_cli.errors import DataError, safe_text
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.calibrations import CalibrationsDocument
from bce_cli.render.check import CheckDocument
from bce_cli.render.compare import CompareDocument
from bce_cli.render.compute import ComputeDocument
from bce_cli.render.origin import Saved, is_doubt
from bce_cli.render.recalibrate import RecalibrateDocument
from bce_cli.render.saved.calibrations import calibrations_document, segmented_document
from bce_cli.render.saved.check import check_document
from bce_cli.render.saved.compare import compare_document
from bce_cli.render.saved.compute import compute_document
from bce_cli.render.saved.recalibrate import recalibrate_document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SavedDocument: TypeAlias = (
    ComputeDocument
    | CompareDocument
    | CalibrationDocument
    | CalibrationsDocument
    | RecalibrateDocument
    | CheckDocument
)

_KNOWN = "bce compute, compare, calibration, recalibrate or check"


def document_of(record: Mapping[str, Any], name: str) -> SavedDocument:
    """Make the document again whose record was saved.

    It says what the first one said, but for the rows that no record has. Null stands for infinity
    where a number can be infinite and is never undefined.

    Parameters
    ----------
    record : mapping
        Of any command that judges predictions; it is left as it is. Keys that are not known are
        kept in the record of the document, and count for nothing else.
    name : str
        What messages call it.

    Raises
    ------
    DataError
        Names the first key that is missing, or whose value is not what it must be.

    Examples
    --------
    >>> document_of({"n": 2}, "saved.json")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    bce_cli.errors.DataError: saved.json: not a report of bce compute, compare, calibration, ...
    """
    return document_in(Fields(record, name))


def document_in(fields: Fields) -> SavedDocument:
    """Make a document again of what may be a part of a record; see `document_of`."""
    build = next((build for key, build in _BUILDS.items() if key in fields), None)
    if build is None:
        message = f"{safe_text(fields.name)}: not a report of {_KNOWN}"
        raise DataError(message)
    document = build(fields)
    doubts = tuple(safe_text(note) for note in fields.texts("notes") if is_doubt(note))
    return replace(document, saved=Saved(_restored(fields.members, document.record()), doubts))


def _restored(saved: Any, whole: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Copy what was saved, with the infinite numbers of the whole in place of null."""
    if isinstance(saved, dict):
        named = whole if isinstance(whole, dict) else {}
        return {key: _restored(value, named.get(key)) for key, value in saved.items()}
    if isinstance(saved, list | tuple):
        items = whole if isinstance(whole, list | tuple) else ()
        return [_restored(*pair) for pair in zip_longest(saved, items[: len(saved)])]
    is_infinite = saved is None and isinstance(whole, float) and math.isinf(whole)
    return whole if is_infinite else saved


_BUILDS: dict[str, Callable[[Fields], SavedDocument]] = {
    "checks": check_document,
    "comparisons": compare_document,
    "log_loss": segmented_document,
    "models": calibrations_document,
    "methods": recalibrate_document,
    "effective_probability": compute_document,
}
"""Each command by a key that no other's record has."""
