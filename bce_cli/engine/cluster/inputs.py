"""What can be read in parts, and by workers anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bce_cli.errors import UsageError
from bce_cli.readers.aligned_models import AlignedModels
from bce_cli.readers.data_set import DataSet
from bce_cli.readers.parts.counted import counted
from bce_cli.readers.parts.plan import parts_of
from bce_cli.readers.parts.side_by_side import aligned_parts
from bce_cli.readers.sources import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.readers.open_data import Data
    from bce_cli.readers.parts.counted import CountedPart
    from bce_cli.readers.parts.part import SourcePart

    Run: TypeAlias = Callable[..., Iterator[Any]]

PartedData: TypeAlias = DataSet | AlignedModels


def checked(data: Data) -> PartedData:
    """Return data that can be read in parts.

    Raises
    ------
    UsageError
        It joins files, or one of its sources is not a file.
    """
    hint = "--engine local reads it"
    if not isinstance(data, DataSet | AlignedModels):
        message = "--engine dask does not join files"
        raise UsageError(message, "--engine local does; or put the columns into one file before")
    for source in data.sources:
        if source.path == STANDARD_INPUT or _is_stream(source.local_path):
            message = f"{source.name}: --engine dask reads files that every worker can open"
            raise UsageError(message, hint)
    return data


def _is_stream(path: str | None) -> bool:
    found = Path(path or "")
    return path is not None and found.exists() and not found.is_file()


def parts_of_data(data: PartedData, run: Run) -> Iterator[SourcePart]:
    """Yield the parts of all sources.

    Parameters
    ----------
    data : DataSet or AlignedModels
        Opened.
    run : callable (function, items) -> iterator
        Calls the function with each item on some worker and yields the results in order.
    """
    if isinstance(data, DataSet):
        return parts_of(_seen_from_anywhere(data.sources), data.options, run)
    names = [model.name for model in data.models]
    return aligned_parts(names, [_counted_parts(model, run) for model in data.models])


def _counted_parts(model: DataSet, run: Run) -> Iterator[CountedPart]:
    """Yield the parts of one model with their rows; what is found out on the way is noted."""
    model.notes.clear()
    for found in run(counted, parts_of(_seen_from_anywhere(model.sources), model.options, run)):
        if found.note is not None:
            model.notes.append(found.note)
        yield found


def _seen_from_anywhere(sources: Sequence[Source]) -> list[Source]:
    """Return sources by their full paths; workers may run in another folder."""
    return [
        source
        if source.local_path is None
        else replace(
            source, path=str(Path(source.local_path).absolute()), shown=source.shown or source.path
        )
        for source in sources
    ]
