"""What tells one version of a file from another, so that no number is made of two of them.

A file gets its stamp when it is first looked at. Whoever opens it, here or on a worker, compares
what is there then with that stamp, and once more when all was read.
"""

from __future__ import annotations

import stat
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple

from bce_cli.errors import BceError, InputError
from bce_cli.storage.streams import Translated

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer

_SECOND, _MICROSECOND = 10**9, 10**3
_UNTIL_DONE = "sources must not change while they are read"
_SAME_COPY = (
    "workers must see what the caller sees: on shared storage, or in copies with the same times"
)


class Here(NamedTuple):
    """What one machine knows a file by.

    Attributes
    ----------
    device, inode : int
    changed_ns : int
        When its content, owner, mode or names were changed; nobody can set that.
    n_names : int
        Where these become fewer or more, the last change is one of names alone.
    """

    device: int
    inode: int
    changed_ns: int
    n_names: int

    def is_other_than(self, other: Here) -> bool:
        """Whether it is another file, or was changed."""
        is_same_file = self[:2] == other[:2]
        return not is_same_file or (
            self.n_names == other.n_names and self.changed_ns != other.changed_ns
        )


class Stamp(NamedTuple):
    """A version of a file. What is None is not known, and differs from nothing.

    Attributes
    ----------
    size : int or None
        Bytes.
    time_ns : int or None
        When it was last modified, in nanoseconds since 1970.
    tag : str or None
        An ETag or a generation: stores have another one for each version.
    here : Here or None
        Only for a file of this machine.
    is_callers : bool
        Whether it was taken in another process than the one that reads the file.
    """

    size: int | None
    time_ns: int | None = None
    tag: str | None = None
    here: Here | None = None
    is_callers: bool = False

    @classmethod
    def of_status(cls, status: os.stat_result) -> Stamp | None:
        """Return the stamp of a regular file; None for a pipe and the like, which promise nothing.

        Nor does an empty file promise anything, but not to grow: those of ``/proc`` are such.
        """
        if not stat.S_ISREG(status.st_mode):
            return None
        if not status.st_size:
            return cls(0)
        here = Here(status.st_dev, status.st_ino, status.st_ctime_ns, status.st_nlink)
        return cls(status.st_size, status.st_mtime_ns, None, here)

    def differs_from(self, other: Stamp) -> bool:
        """Whether they are of two versions, as far as both know.

        Examples
        --------
        >>> Stamp(8, 5 * 10**9).differs_from(Stamp(8, 5 * 10**9 + 7))
        False
        >>> Stamp(8, 5 * 10**9).differs_from(Stamp(8, 6 * 10**9))
        True
        """
        if None not in (self.size, other.size) and self.size != other.size:
            return True
        if self.tag and other.tag and self.tag.removeprefix("W/") != other.tag.removeprefix("W/"):
            return True
        if self.here is not None and other.here is not None:
            return self.time_ns != other.time_ns or self.here.is_other_than(other.here)
        if self.time_ns is None or other.time_ns is None:
            return False
        return not _is_same_time(self.time_ns, other.time_ns)

    def is_untold_by(self, other: Stamp) -> bool:
        """Whether it has a tag or a time, and the other has neither to compare with it.

        Examples
        --------
        >>> Stamp(8, tag="a").is_untold_by(Stamp(8)), Stamp(8).is_untold_by(Stamp(8))
        (True, False)
        """
        pairs = ((self.tag, other.tag), (self.time_ns, other.time_ns))
        return any(mine is not None for mine, _ in pairs) and all(None in pair for pair in pairs)

    def for_others(self) -> Stamp:
        """Return what can be compared in other processes, whose machines count inodes otherwise."""
        return self._replace(here=None, is_callers=True)

    def with_known(self, other: Stamp) -> Stamp:
        """Return it with the tag of another look at the same version, where that tells one."""
        return self if self.tag is not None else self._replace(tag=other.tag)

    def refuse(self, found: Stamp | None, name: str) -> None:
        """Raise InputError if something else is found than this version.

        Parameters
        ----------
        found : Stamp or None
            None where nothing can be said.
        name : str
            What messages call the file.
        """
        if found is not None and self.differs_from(found):
            raise self.refusal(name)

    def refusal(self, name: str) -> InputError:
        """Return the error where another version is found than this one."""
        if not self.is_callers:
            return changed(name)
        message = f"{name}: a worker sees another version of it than the caller"
        return InputError(message, _SAME_COPY)


def _is_same_time(mine: int, theirs: int) -> bool:
    """Compare times that two systems tell; some know no fractions of a second, some few digits."""
    unit = _MICROSECOND if mine % _SECOND and theirs % _SECOND else _SECOND
    return mine // unit == theirs // unit


def changed(name: str) -> InputError:
    """Return the error of a file that is no longer what it was."""
    return InputError(f"{name}: changed while it was read", _UNTIL_DONE)


@contextmanager
def unchanged(
    name: str, known: Stamp | None, found: Stamp | None, look: Callable[[], Stamp | None]
) -> Iterator[None]:
    """Refuse what was just opened if it is of another version than the known one, or changes.

    An error that comes of a change, such as a number that is cut off, is that of the change.

    Parameters
    ----------
    name : str
        What messages call the file.
    known : Stamp or None
        What it was when it was first looked at.
    found : Stamp or None
        What it is now.
    look : callable () -> Stamp or None
        Looks at it again, when all was read.

    Raises
    ------
    InputError
        It is another version than the known one, or has changed in the meantime.
    """
    if known is not None:
        known.refuse(found, name)
    if found is None:
        yield
        return
    try:
        yield
    except InputError:
        raise
    except BceError:
        try:
            now = look()
        except InputError:  # what cannot be looked at any more explains nothing
            now = None
        found.refuse(now, name)
        raise
    found.refuse(look(), name)


class WholeFile(Translated):
    """A file of this machine, which must end where its size says.

    Parameters
    ----------
    stream : binary stream
    explain : callable (Exception) -> Exception or None
        As of `Translated`.
    name : str
        What messages call it.
    size : int
    """

    def __init__(
        self,
        stream: IO[bytes],
        explain: Callable[[Exception], Exception | None],
        name: str,
        size: int,
    ) -> None:
        super().__init__(stream, explain)
        self._name = name
        self._size = size

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        count = super().readinto(buffer)
        if not count and memoryview(buffer).nbytes and self._stream.tell() != self._size:
            raise changed(self._name)
        return count
