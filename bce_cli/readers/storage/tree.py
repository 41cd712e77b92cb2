"""What folders of any kind of storage have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN = (".", "_")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder.

    Attributes
    ----------
    path : str
        As its tree calls it, with slashes between the names.
    is_folder : bool
    size : int or None
        Bytes of a file, where they are known.
    """

    path: str
    is_folder: bool
    size: int | None = None

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
