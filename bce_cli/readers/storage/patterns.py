"""Patterns such as day=*/part-?.csv, matched against folders of any kind."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bce_cli.readers.storage.tree import is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.readers.storage.tree import Entry, Tree

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


def _below(tree: Tree, folder: str, parts: Sequence[str]) -> Iterator[Entry]:
    part, rest = parts[0], parts[1:]
    if part == _ANY_DEPTH:
        start = len(folder.rstrip("/") + "/") if folder else 0
        for entry in tree.files_below(folder):
            if _matches(parts, entry.path[start:].split("/")):
                yield entry
        return
    for entry in _children(tree, folder, part):
        if not rest:
            yield from tree.files_below(entry.path) if entry.is_folder else [entry]
        elif entry.is_folder:
            yield from _below(tree, entry.path, rest)


def _children(tree: Tree, folder: str, part: str) -> list[Entry]:
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
