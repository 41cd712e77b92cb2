"""Folders of storage elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bce_cli.errors import InputError, safe_text
from bce_cli.readers.storage.addresses import without_secrets
from bce_cli.readers.storage.faults import asked
from bce_cli.readers.storage.patterns import is_pattern
from bce_cli.readers.storage.stores import store_of
from bce_cli.readers.storage.tree import Entry, is_hidden

if TYPE_CHECKING:
    from collections.abc import Sequence


class RemoteTree:
    """See `Tree`; a tree of the storage that an address belongs to.

    Parameters
    ----------
    address : str

    Attributes
    ----------
    root : str
        What the tree calls the address.

    Raises
    ------
    InputError
        From every method: storage cannot be reached, or refuses.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._store = asked(address, lambda: store_of(address))
        self.root = self._store.path_of(address)
        if is_pattern(self._store.root):
            message = f"{safe_text(without_secrets(address))}: no pattern may stand before the path"
            raise InputError(message, "name one bucket or host")

    def address_of(self, path: str) -> str:
        """Return the address of a path of this tree."""
        return self._store.address_of(path)

    def look_up(self, path: str) -> Entry | None:
        """Return what is there; None if nothing is.

        Raises
        ------
        InputError
            Not even the bucket is there.
        """
        files, root = self._store.files, self._store.root
        found = _entry(asked(self._address, lambda: files.get_file_info(path)))
        if found is None and root:
            bucket = _entry(asked(self._address, lambda: files.get_file_info(root)))
            if bucket is None:
                message = f"{safe_text(without_secrets(self._address))}: there is no such bucket"
                raise InputError(message)
        return found

    def children(self, folder: str) -> Sequence[Entry]:
        """Return what a folder holds."""
        return self._list(folder, is_deep=False)

    def files_below(self, folder: str) -> Sequence[Entry]:
        """Return all files of a folder and its folders that are not hidden."""
        start = len(folder.rstrip("/")) + 1
        return [
            entry
            for entry in self._list(folder, is_deep=True)
            if not entry.is_folder and not any(map(is_hidden, entry.path[start:].split("/")))
        ]

    def _list(self, folder: str, *, is_deep: bool) -> list[Entry]:
        from pyarrow import fs

        selector = fs.FileSelector(folder, allow_not_found=True, recursive=is_deep)
        infos = asked(self._address, lambda: self._store.files.get_file_info(selector))
        return [entry for entry in map(_entry, infos) if entry is not None]


def _entry(info: Any) -> Entry | None:  # noqa: ANN401 -- pyarrow has no types
    from pyarrow import fs

    if info.type == fs.FileType.NotFound:
        return None
    return Entry(info.path.rstrip("/"), info.type == fs.FileType.Directory, info.size)
