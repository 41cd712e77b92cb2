"""What a path stands for: an address, folders of this machine, or a pattern such as day=*/*.csv.

Addresses such as s3://bucket/preds.csv are told from paths, and shown without their secrets.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from bce_cli.errors import InputError, UsageError, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.storage.folders import LOGS, is_hidden, is_leftover, refuse_logged_table
from bce_cli.storage.stamps import Stamp
from bce_cli.storage.streams import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Identity = tuple[int, int]


# Patterns are compiled when they are needed: most paths are no addresses.
_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]+)://"
_WEB = ("http", "https")
_SCHEDULERS = ("tcp:", "tls:", "ws:", "wss:")
_LOCAL_HOSTS = ("", "localhost")
_ANY_SCHEME = r"(?i:https?:/+|[a-z][a-z0-9+.-]*://)"
_IN_ANY_SCHEME = ":/"
_WORD_WITH_ADDRESS = rf"{_ANY_SCHEME}[^\s'\"<>]*[^\s'\"<>:,;)]"
_END_OF_AUTHORITY = r"[/?#]"
_HOST_AND_PORT = r"(?:.*@)?(?:\[[^\]]*\]|[^:]*):\d*"
_SHOWN_CREDENTIALS, _SHOWN_QUERY = "***@", "?..."
_PARTS_OF_SECRETS, _LEAST_SECRET = r"[:@/?#&=\s]", 3
_PAGE_QUERY = r"[?#]"
_QUERY = r"[?#][\w.%-]+="
"""Of other addresses than pages, whose names may hold both, and where ? is a sign of patterns."""


def scheme_of(path: str) -> str | None:
    """Return what an address begins with, in lower case; None for a path.

    Examples
    --------
    >>> scheme_of("s3://bucket/preds.csv"), scheme_of("preds.csv"), scheme_of("./s3://a")
    ('s3', None, None)
    """
    found = re.match(_SCHEME, path) if _IN_ANY_SCHEME in path else None
    return found.group(1).lower() if found else None


def is_web(path: str) -> bool:
    """Whether it is the address of a page, which may have a query and has no folder to list."""
    return scheme_of(path) in _WEB


def local_path(path: str) -> str | None:
    """Return the path on this machine that is meant; None for an address elsewhere.

    Examples
    --------
    >>> local_path("preds.csv"), local_path("file:///a%20b.csv"), local_path("s3://bucket/a")
    ('preds.csv', '/a b.csv', None)
    """
    scheme = scheme_of(path)
    if scheme is None:
        return path
    if scheme != "file":
        return None
    from urllib.parse import unquote  # noqa: PLC0415 -- few inputs are addresses

    host, rest = split_authority(path)
    return unquote(f"/{rest}") if host in _LOCAL_HOSTS else None


def split_authority(address: str) -> tuple[str, str]:
    """Return what stands between :// and the next slash, and what follows that.

    Examples
    --------
    >>> split_authority("s3://bucket/a/b.csv"), split_authority("s3://bucket")
    (('bucket', 'a/b.csv'), ('bucket', ''))
    """
    authority, _, rest = address.partition("://")[2].partition("/")
    return authority, rest


def without_secrets(path: str) -> str:
    """Return a path as it is, and an address without what may be secret in it.

    That is all before the @ of its host, a query, and a fragment.

    Examples
    --------
    >>> without_secrets("s3://key:secret@bucket/a.csv"), without_secrets("https://token@host")
    ('s3://***@bucket/a.csv', 'https://***@host')
    >>> without_secrets("https://host/a.csv?X-Amz-Signature=0f3c"), without_secrets("s3://b/?.csv")
    ('https://host/a.csv?...', 's3://b/?.csv')
    """
    start, user, place, query = _divided(path)
    shown_user = _SHOWN_CREDENTIALS if user else ""
    return f"{start}{shown_user}{place}{_SHOWN_QUERY if query else ''}"


def _divided(path: str) -> tuple[str, str, str, str]:
    """Return what precedes an authority, who is named in it, the place, and query and fragment."""
    found = re.search(_ANY_SCHEME, path) if _IN_ANY_SCHEME in path else None
    if found is None:
        return "", "", path, ""
    start, rest = path[: found.end()], path[found.end() :]
    authority = re.split(_END_OF_AUTHORITY, rest, maxsplit=1)[0]
    # A slash in a password ends what looks like the authority; but no port is like that.
    is_cut = ":" in authority and not re.fullmatch(_HOST_AND_PORT, authority)
    end = (rest if is_cut else authority).rfind("@") + 1
    place = rest[end:]
    is_page = found.group().lower().startswith((*_WEB, *_SCHEDULERS))
    query = re.search(_PAGE_QUERY if is_page else _QUERY, place)
    cut = len(place) if query is None else query.start()
    return start, rest[:end], place[:cut], place[cut:]


def secrets_of(path: str) -> list[str]:
    """Return what must not be shown of an address, as it stands there and decoded, longest first.

    Parts of two letters are none of these: such words stand in any message.

    Examples
    --------
    >>> secrets_of("https://me:p%40ss@host/a.csv?sig=0f3c")
    ['me:p%40ss', '?sig=0f3c', 'me:p@ss', 'p%40ss', 'p@ss', '0f3c', 'sig']
    """
    from urllib.parse import unquote  # noqa: PLC0415 -- few inputs are addresses

    _, user, _, query = _divided(path)
    found = [user.removesuffix("@"), query]
    for text in tuple(found):
        found += [part for part in re.split(_PARTS_OF_SECRETS, text) if len(part) >= _LEAST_SECRET]
    both = dict.fromkeys(part for text in found for part in (text, unquote(text)) if part)
    return sorted(both, key=len, reverse=True)


def without_secrets_in(text: str, address: str | None = None) -> str:
    """Return a text in which addresses may stand, such as a message, without their secrets.

    Parameters
    ----------
    text : str
    address : str, optional
        Parts of this one must not stand in it either.

    Examples
    --------
    >>> without_secrets_in("cannot open 'https://token@host/a?b=c' now")
    "cannot open 'https://***@host/a?...' now"
    """
    text = re.sub(_WORD_WITH_ADDRESS, lambda found: without_secrets(found[0]), text)
    for secret in [] if address is None else secrets_of(address):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return text


def shown_path(path: str) -> str:
    """Return a path or an address as messages show it."""
    return safe_text(without_secrets(path))


def refuse_credentials(address: str) -> None:
    """Raise UsageError if a password stands in an address, where every list of processes shows it.

    Examples
    --------
    >>> refuse_credentials("s3://bucket/a@b:c.csv")
    """
    from urllib.parse import unquote  # noqa: PLC0415 -- few inputs are addresses

    if scheme_of(address) is not None and ":" in unquote(_divided(address)[1]):
        message = f"{without_secrets(address)}: a password does not belong in an address"
        raise UsageError(message, "credentials are taken from the usual environment variables")


def file_name(path: str) -> str:
    """Return the last part of a path or an address, without a user and the query.

    Examples
    --------
    >>> file_name("https://host/a/preds.csv.gz?token=1"), file_name("a/b.csv"), file_name("b/")
    ('preds.csv.gz', 'b.csv', 'b')
    """
    start, _, place, query = _divided(path)
    shown = place if not start or is_web(path) else place + query
    return shown.rstrip("/").rpartition("/")[2] or shown


_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def partitions_of(path: str) -> tuple[tuple[str, str | None], ...]:
    """Return the names and the values that the folders of a path stand for, as Hive has it.

    Examples
    --------
    >>> partitions_of("s3://bucket/day=2026-11-01/hour=07%3A30/a.csv")
    (('day', '2026-11-01'), ('hour', '07:30'))
    >>> partitions_of("day=__HIVE_DEFAULT_PARTITION__/p=1.csv"), partitions_of("a.csv")
    ((('day', None),), ())
    >>> partitions_of("https://host/day%3D1%2B1/a.csv?k=/v=1/"), partitions_of("s3://k=v/a=b=c/d")
    ((('day', '1+1'),), (('a', 'b=c'),))
    """
    if "=" not in path and "%" not in path:
        return ()
    place = local_path(path)
    if place is None:
        address = path.removesuffix(_divided(path)[3]) if is_web(path) else path
        place = split_authority(address)[1]
    found = []
    for folder in place.split("/")[:-1]:
        name, sign, value = (_decoded(folder) if is_web(path) else folder).partition("=")
        if sign and name:
            text = None if value == _NO_VALUE else _decoded(value)
            found.append((_decoded(name), text))
    return tuple(found)


def _decoded(text: str) -> str:
    from urllib.parse import unquote  # noqa: PLC0415 -- few inputs have partitions

    return unquote(text, errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder.

    Attributes
    ----------
    path : str
        As its tree calls it, with slashes between the names.
    is_folder : bool
    stamp : Stamp or None
        Which version of a file it is, where that is known.
    """

    path: str
    is_folder: bool
    stamp: Stamp | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class Tree(Protocol):
    """Folders that can be listed."""

    def look_up(self, path: str) -> Entry | None:
        """Return what is there; None if nothing is."""

    def children(self, folder: str) -> Sequence[Entry]:
        """Return what a folder holds, hidden or not, in any order; nothing if it is none."""

    def files_below(self, folder: str) -> Sequence[Entry]:
        """Return all files of a folder and its folders that are not hidden, in any order."""


class LocalTree:
    """See `Tree`; links are followed, and what they lead to counts once.

    Raises
    ------
    InputError
        From every method: a folder cannot be read, or is one of a table that keeps a log.
    """

    def __init__(self) -> None:
        self._fine: set[str] = set()

    def look_up(self, path: str) -> Entry | None:
        """Return what is there, even a pipe; None if nothing is, or it cannot be told."""
        try:
            status = os.stat(path)  # noqa: PTH116 -- a path may end in a slash, which Path drops
        except (OSError, ValueError):
            return None
        return _entry(path, status)

    def children(self, folder: str) -> Sequence[Entry]:
        """Return what a folder holds, in any order."""
        self._refuse_within(folder)
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
        self._refuse_within(folder)
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

    def _refuse_within(self, folder: str) -> None:
        """Raise InputError if a folder, or one around it, holds a table that keeps a log."""
        shown, around = folder or ".", os.path.realpath(folder or ".")
        while around not in self._fine:
            self._fine.add(around)
            _refuse_logged(shown, [name for name in LOGS if os.path.isdir(f"{around}/{name}")])  # noqa: PTH112
            shown = around = os.path.dirname(around)  # noqa: PTH120


def _walked(folder: str, seen: set[Identity], links: deque[str]) -> Iterator[Entry]:
    if not _is_new(_status(folder or "."), seen):
        return
    items = _listed(folder)
    _refuse_logged(folder, [item.name for item in items])
    for item in sorted(items, key=lambda item: item.name):
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


def _refuse_logged(folder: str, names: Sequence[str]) -> None:
    def metadata() -> list[str]:
        try:
            return [item.name for item in _listed(f"{folder or '.'}/metadata")]
        except InputError:  # around the folder, it need not be readable
            return []

    refuse_logged_table(safe_text(folder or "."), names, metadata)


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as items:
            return list(items)
    except (NotADirectoryError, FileNotFoundError):
        return []
    except OSError as error:
        raise unreadable(safe_text(folder), error) from None


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116 -- as above
    except OSError as error:  # a link that leads nowhere, say
        raise unreadable(safe_text(path), error) from None


def _is_new(status: os.stat_result, seen: set[Identity]) -> bool:
    identity = (status.st_dev, status.st_ino)
    is_new = identity not in seen
    seen.add(identity)
    return is_new


def _entry(path: str, status: os.stat_result) -> Entry:
    return Entry(path, stat.S_ISDIR(status.st_mode), Stamp.of_status(status))


_ANY_DEPTH = "**"


def is_pattern(path: str) -> bool:
    """Whether a path has one of the signs that patterns are made of.

    Examples
    --------
    >>> is_pattern("day=*"), is_pattern("part-[0-9]"), is_pattern("a[1")
    (True, True, False)
    """
    return "*" in path or "?" in path or "]" in path.partition("[")[2]


def files_matching(tree: Tree, pattern: str) -> list[Entry]:
    """Return the files that match a pattern, and those below folders that do, each once.

    ``*``, ``?`` and ``[...]`` stand for characters of one name, ``**`` for any number of folders.
    Hidden names are matched only by a pattern that begins with the same character.

    Parameters
    ----------
    tree : Tree
    pattern : str
        With slashes between the names.
    """
    parts = pattern.split("/")
    first = next(index for index, part in enumerate(parts) if is_pattern(part))
    folder = "/".join(parts[:first]) or ("/" if first else "")
    wanted = [part for part in parts[first:] if part]
    return list({entry.path: entry for entry in _below(tree, folder, wanted)}.values())


def split_leftovers(files: Sequence[Entry], inner: str) -> tuple[list[Entry], list[str]]:
    """Part the files that a folder or pattern stands for from what programs have left behind.

    Parameters
    ----------
    files : sequence of Entry
    inner : str
        The folder or pattern. A pattern that is itself called as leftovers are stands for them.

    Returns
    -------
    data : list of Entry
    leftovers : list of str
        Their paths, without the part that all have in common.
    """
    parts, first = _split_at_pattern(inner)
    if any(map(is_leftover, parts[first:])):
        return list(files), []
    start = _start_of_names(inner)
    data, leftovers = [], []
    for file in files:
        below = file.path[start:]
        if any(is_leftover(name) and not is_hidden(name) for name in below.split("/")):
            leftovers.append(below)
        else:
            data.append(file)
    return data, sorted(leftovers)


def split_empty(files: Sequence[Entry], inner: str) -> tuple[list[Entry], list[str]]:
    """Part files that hold something from those of no bytes, unless all are such.

    Parameters
    ----------
    files : sequence of Entry
    inner : str
        The folder or pattern.

    Returns
    -------
    data : list of Entry
    empty : list of str
        Their paths, without the part that all have in common.
    """
    data = [file for file in files if file.stamp is None or file.stamp.size != 0]
    if not data:
        return list(files), []
    start = _start_of_names(inner)
    return data, [
        file.path[start:] for file in files if file.stamp is not None and not file.stamp.size
    ]


def _split_at_pattern(inner: str) -> tuple[list[str], int]:
    """Return the parts of a path, and how many of them precede the first pattern."""
    parts = inner.split("/")
    return parts, next((i for i, part in enumerate(parts) if is_pattern(part)), len(parts))


def _start_of_names(inner: str) -> int:
    """Return how long the part is that all paths below a folder, or of a pattern, begin with."""
    parts, first = _split_at_pattern(inner)
    folder = "/".join(parts[:first])
    return len(folder.rstrip("/") + "/") if folder or first > 1 else 0


def _below(tree: Tree, folder: str, parts: Sequence[str]) -> Iterator[Entry]:
    part, rest = parts[0], parts[1:]
    if part == _ANY_DEPTH:
        start = len(folder.rstrip("/") + "/") if folder else 0
        for entry in tree.files_below(folder):
            if _matches(parts, entry.path[start:].split("/")):
                yield entry
        return
    for entry in _fitting(tree, folder, part):
        if not rest:
            yield from tree.files_below(entry.path) if entry.is_folder else [entry]
        elif entry.is_folder:
            yield from _below(tree, entry.path, rest)


def _fitting(tree: Tree, folder: str, part: str) -> list[Entry]:
    """Return what fits a part of a pattern; a name that is just the same wins over others."""
    entries = tree.children(folder)
    same = [entry for entry in entries if entry.name == part]
    return same or [entry for entry in entries if _fits(entry.name, part)]


def _matches(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a file, or one of the folders that it is in, matches."""
    if not parts:
        return True
    if parts[0] == _ANY_DEPTH:
        return _matches(parts[1:], names) or (bool(names) and _matches(parts, names[1:]))
    return bool(names) and _fits(names[0], parts[0]) and _matches(parts[1:], names[1:])


def _fits(name: str, part: str) -> bool:
    return fnmatchcase(name, part) and (not is_hidden(name) or part[0] == name[0])
