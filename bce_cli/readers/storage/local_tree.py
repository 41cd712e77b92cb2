"""Folders of this machine, or of a share that it has mounted."""

from __future__ import annotations

import os
import stat
from collections import deque
from typing import TYPE_CHECKING

from bce_cli.errors import InputError, os_reason, safe_text
from bce_cli.readers.storage.tree import Entry, is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Identity = tuple[int, int]


class LocalTree:
    """See `Tree`; links are followed, and what they lead to counts once.

    Raises
    ------
    InputError
        From every method: a folder cannot be read.
    """

    def look_up(self, path: str) -> Entry | None:
        """Return what is there, even a pipe; None if nothing is, or it cannot be told."""
        try:
            status = os.stat(path)  # noqa: PTH116 -- a path may end in a slash, which Path drops
        except (OSError, ValueError):
            return None
        return _entry(path, status)

    def children(self, folder: str) -> Sequence[Entry]:
        """Return what a folder holds, in any order."""
        found = []
        for item in _listed(folder):
            entry = self.look_up(item.path if folder else item.name)
            if entry is not None:
                found.append(entry)
        return found

    def files_below(self, folder: str) -> Sequence[Entry]:
        """Return all regular files of a folder and its folders that are not hidden.

        What a link leads to is taken last, and left out if it was there without the link, or if it
        is a folder around this one.
        """
        links: deque[str] = deque()
        seen: set[Identity] = set()
        found = list(_walked(folder, seen, links))
        around = os.path.realpath(folder or ".")
        while links:
            link = links.popleft()
            entry = _entry(link, _status(link))
            if not entry.is_folder:
                found += [entry] if _is_new(_status(link), seen) else []
            elif not f"{around}/".startswith(os.path.join(os.path.realpath(link), "")):  # noqa: PTH118
                found += _walked(link, seen, links)
        return found


def _walked(folder: str, seen: set[Identity], links: deque[str]) -> Iterator[Entry]:
    if not _is_new(_status(folder or "."), seen):
        return
    for item in sorted(_listed(folder), key=lambda item: item.name):
        path = item.path if folder else item.name
        if is_hidden(item.name):
            continue
        if item.is_symlink():
            links.append(path)
        elif item.is_dir():
            yield from _walked(path, seen, links)
        elif stat.S_ISREG((status := _status(path)).st_mode):
            _is_new(status, seen)
            yield _entry(path, status)


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as items:
            return list(items)
    except NotADirectoryError:
        return []
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from None


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116 -- as above
    except OSError as error:  # a link that leads nowhere, say
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> InputError:
    return InputError(f"{safe_text(path)}: {os_reason(error)}")


def _is_new(status: os.stat_result, seen: set[Identity]) -> bool:
    identity = (status.st_dev, status.st_ino)
    is_new = identity not in seen
    seen.add(identity)
    return is_new


def _entry(path: str, status: os.stat_result) -> Entry:
    is_regular = stat.S_ISREG(status.st_mode)
    return Entry(path, stat.S_ISDIR(status.st_mode), status.st_size if is_regular else None)
