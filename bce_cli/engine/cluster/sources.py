"""Sources that every worker can open, wherever it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bce_cli.errors import BceError, InputError, SideUnreadable, UsageError
from bce_cli.storage.sources import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_sources(sources: Sequence[Source]) -> None:
    """Raise UsageError if one of the sources is not a file."""
    for source in sources:
        if source.path == STANDARD_INPUT or _is_stream(source.local_path):
            message = f"{source.name}: --engine dask reads files that every worker can open"
            raise UsageError(message, "--engine local reads it")


def _is_stream(path: str | None) -> bool:
    found = Path(path or "")
    return path is not None and found.exists() and not found.is_file()


def seen_from_anywhere(sources: Sequence[Source]) -> list[Source]:
    """Return sources by their full paths; workers may run in another folder."""
    return [
        source
        if source.local_path is None
        else replace(
            source, path=str(Path(source.local_path).absolute()), shown=source.shown or source.path
        )
        for source in sources
    ]


def with_hint(error: BceError, sources: Sequence[Source]) -> BceError:
    """Tell of shared storage if a worker cannot open what can be opened here."""
    if isinstance(error, InputError | SideUnreadable) and error.hint is None:
        for source in sources:
            if error.message.startswith(f"{source.name}: ") and source.size() is not None:
                hint = "every worker must see it under the same path, on shared storage"
                return InputError(error.message, hint)
    return error
