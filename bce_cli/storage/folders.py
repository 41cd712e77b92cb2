"""What in a folder is no data: what programs leave behind, and tables that keep a log.

A table of Delta Lake, Iceberg or Hudi has files that no longer count beside those that do; only its
log tells them apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bce_cli.errors import InputError, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_HIDDEN = (".", "_")
_MOST_SHOWN = 5
# Compiled when they are needed: most commands read no folder.
_LEFTOVER = (
    r"(?is).*(?:~|\.(?:bak|backup|old|orig|rej|sw[a-p]|tmp|temp|crc|part|partial"
    r"|crdownload|download))|#.*#|~\$.*|thumbs\.db|desktop\.ini|icon\r"
)


def is_hidden(name: str) -> bool:
    """Whether a file or a folder is no part of a data set by the name it has.

    Names such as ``_SUCCESS``, ``_temporary`` and ``.part-0.crc`` are what writers of parts leave
    behind; ``_day=1`` is a partition.

    Examples
    --------
    >>> [name for name in ("_SUCCESS", ".crc", "_day=1", "part-0.csv") if is_hidden(name)]
    ['_SUCCESS', '.crc']
    """
    return name.startswith(_HIDDEN) and not (name.startswith("_") and "=" in name)


def is_leftover(name: str) -> bool:
    """Whether a file or a folder is called as editors, systems and broken downloads call theirs.

    Examples
    --------
    >>> [name for name in ("a.csv~", "#a.csv#", "a.CSV.BAK", "part-0.csv") if is_leftover(name)]
    ['a.csv~', '#a.csv#', 'a.CSV.BAK']
    """
    return re.fullmatch(_LEFTOVER, name) is not None


def passed_over(names: Sequence[str], what: str = "file") -> str:
    """Say which files have not been taken for data.

    Examples
    --------
    >>> passed_over(["a.csv~", "b.bak"])
    'passed over 2 files: a.csv~, b.bak'
    """
    count = f"1 {what}" if len(names) == 1 else f"{len(names):,} {what}s"
    shown = ", ".join(safe_text(name, 80) for name in names[:_MOST_SHOWN])
    more = f" and {len(names) - _MOST_SHOWN:,} more" if len(names) > _MOST_SHOWN else ""
    return f"passed over {count}: {shown}{more}"


class _Kind(NamedTuple):
    what: str
    hint: str


_ELSEWHERE = "read it with {}, and pass the rows on as Parquet"
_ICEBERG = _Kind("an Iceberg table", _ELSEWHERE.format("pyiceberg or DuckDB's iceberg_scan"))
_LOGS = {
    "_delta_log": _Kind("a Delta table", _ELSEWHERE.format("deltalake or DuckDB's delta_scan")),
    ".hoodie": _Kind("a Hudi table", _ELSEWHERE.format("Spark or hudi")),
}
_METADATA = "metadata"
LOGS = (*_LOGS, _METADATA)
"""Names of folders that tables which keep a log may have in theirs."""

_ICEBERG_LOG = r"(?i)[^/.][^/]*\.metadata\.json(?:\.gz)?"
"""Writers differ in what they put before: a version, a number and a UUID, or what they like."""


def refuse_logged_table(
    folder: str, names: Iterable[str], metadata: Callable[[], Iterable[str]]
) -> None:
    """Raise InputError if a folder holds a table that keeps a log.

    Parameters
    ----------
    folder : str
        As messages show it.
    names : iterable of str
        What it holds.
    metadata : callable () -> iterable of str
        Returns what its folder of that name holds, if it has one.
    """
    found = set(names)
    kinds = [kind for name, kind in _LOGS.items() if name in found]
    if _METADATA in found and any(re.fullmatch(_ICEBERG_LOG, name) for name in metadata()):
        kinds.append(_ICEBERG)
    if kinds:
        raise _error(folder, kinds[0])


def refuse_logged_tables(paths: Iterable[str], shown: Callable[[str], str]) -> None:
    """Raise InputError if there is a table that keeps a log among all paths below a folder.

    Parameters
    ----------
    paths : iterable of str
        With slashes between the names.
    shown : callable (path) -> str
        Returns how messages show a folder.
    """
    for path in paths:
        names = path.split("/")
        for place, name in enumerate(names):
            below = "/".join(names[place + 1 :])
            is_iceberg = name == _METADATA and re.fullmatch(_ICEBERG_LOG, below)
            kind = _ICEBERG if is_iceberg else _LOGS.get(name)
            if kind is not None:
                raise _error(shown("/".join(names[:place])), kind)


def _error(folder: str, kind: _Kind) -> InputError:
    message = f"{folder}: it is {kind.what}, in which not every file counts"
    return InputError(message, kind.hint)
