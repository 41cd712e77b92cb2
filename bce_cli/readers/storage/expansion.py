"""From what was named to what is read: folders and patterns stand for their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.errors import InputError, safe_text
from bce_cli.readers.sources import STANDARD_INPUT, Source
from bce_cli.readers.storage.addresses import (
    is_web,
    local_path,
    refuse_credentials,
    without_secrets,
)
from bce_cli.readers.storage.local_tree import LocalTree
from bce_cli.readers.storage.patterns import files_matching, is_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.readers.storage.tree import Entry, Tree

_WHAT_COUNTS = "names that begin with . or _ do not count"


def parts_of(path: str) -> list[Source]:
    """Return the files that are meant, sorted by their paths.

    Parameters
    ----------
    path : str
        A file; a folder, which stands for all files below it, but for hidden ones; or a pattern,
        unless there is something that is called just so. Each may be an address. A path at which
        there is nothing is returned as it is, to be an error when it is opened.

    Raises
    ------
    InputError
        A folder holds no files, a pattern matches none, or storage cannot be reached.
    UsageError
        An address has a password in it.
    """
    if path == STANDARD_INPUT:
        return [Source(path)]
    local = local_path(path)
    if local is not None:
        return _expanded(path, local, LocalTree(), lambda found: found)
    refuse_credentials(path)
    if is_web(path):
        return [Source(path)]
    from bce_cli.readers.storage.remote_tree import RemoteTree  # noqa: PLC0415 -- loads pyarrow.fs

    tree = RemoteTree(path)
    return _expanded(path, tree.root, tree, tree.address_of)


def _expanded(path: str, inner: str, tree: Tree, address_of: Callable[[str], str]) -> list[Source]:
    """Expand a path, which the tree calls otherwise."""
    entry = tree.look_up(inner)
    if entry is None and is_pattern(inner):
        found: Sequence[Entry] = files_matching(tree, inner)
        lack = "no file matches this pattern"
    elif entry is not None and entry.is_folder:
        found = tree.files_below(inner)
        lack = "there are no data files in this folder"
    else:
        return [Source(path, None if entry is None else entry.size)]
    if not found:
        message = f"{safe_text(without_secrets(path))}: {lack}"
        raise InputError(message, _WHAT_COUNTS)
    files = sorted(found, key=lambda file: file.path)
    return [Source(address_of(file.path), file.size) for file in files]
