"""Where the bytes come from: files, addresses and standard input, and what stands for several."""

from __future__ import annotations

import io
import os
import stat
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from bce_cli.errors import BceError, InputError, UsageError, safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.storage.folders import passed_over
from bce_cli.storage.paths import (
    LocalTree,
    file_name,
    files_matching,
    is_pattern,
    is_web,
    local_path,
    partitions_of,
    refuse_credentials,
    shown_path,
    split_empty,
    split_leftovers,
)
from bce_cli.storage.stamps import Stamp, WholeFile, unchanged
from bce_cli.storage.streams import Translated, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import ExitStack

    from bce_cli.storage.paths import Entry, Tree


STANDARD_INPUT = "-"
PIPE = "standard input"
"""What messages call it."""

_WITHIN = "::"
"""Between the path of an archive or a workbook, and what is meant of it."""

_ARCHIVE_MARK = b"PK"
_ARCHIVE_ENDINGS = (".zip", ".npz", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


class Held(Protocol):
    """A table in memory, which is a source all the same; `readers` know how it is read."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def identity(self) -> int:
        """What it has in common only with what holds the same rows."""

    @property
    def is_read_once(self) -> bool:
        """Whether its rows are gone once they were read."""

    @property
    def index(self) -> Any:  # noqa: ANN401 -- of pandas
        """What pandas calls its rows; None where they have no names."""

    def called(self, name: str) -> Held:
        """Return the same table under another name."""


def refuse_second_pipe(paths: Sequence[str | Held | None]) -> None:
    """Raise UsageError if standard input is named more than once; what is None is no path."""
    if paths.count(STANDARD_INPUT) > 1:
        message = "standard input can be read only once"
        raise UsageError(message)


@dataclass(frozen=True, slots=True)
class Source:
    """One input, which can be opened in any process, unless it is in the memory of this one.

    Attributes
    ----------
    path : str
        A path or an address, or ``-`` for standard input.
    stamp : Stamp, optional
        Its version, if it was looked at already. Any other one is refused when it is opened.
    shown : str, optional
        What the user calls it, if not by that path.
    member : str, optional
        What is meant of an archive or a workbook at that path: a file, or a sheet.
    is_part : bool
        Whether it is one of the files of a folder or a pattern, some of which may be empty.
    held : Held, optional
        What is in memory, and has no path.
    """

    path: str
    stamp: Stamp | None = None
    shown: str | None = None
    member: str | None = None
    is_part: bool = False
    held: Held | None = None

    @classmethod
    def named(cls, path: str | Held) -> Source:
        """Return what is at a path, or in memory."""
        return cls(path) if isinstance(path, str) else cls(str(path.identity), held=path)

    @property
    def name(self) -> str:
        """What messages call it."""
        if self.held is not None:
            return self.held.name
        if self.path == STANDARD_INPUT:
            return PIPE
        shown = shown_path(self.shown or self.path)
        return shown if self.member is None else f"{shown}{_WITHIN}{safe_text(self.member)}"

    @property
    def identity(self) -> tuple[str, str | None]:
        """What tells it from all other sources, as the user has named them."""
        return self.path, self.member

    @property
    def extensions(self) -> tuple[str, ...]:
        """The endings of its name, in lower case, the last one first."""
        if self.path == STANDARD_INPUT or self.held is not None:
            return ()
        suffixes = PurePath(self.member or file_name(self.path)).suffixes
        return tuple(suffix.lower() for suffix in reversed(suffixes))

    @property
    def folders(self) -> tuple[tuple[str, str | None], ...]:
        """What the folders that the user has named, or that are below, say of it."""
        return () if self.held is not None else partitions_of(self.shown or self.path)

    @property
    def local_path(self) -> str | None:
        """The path on this machine; None for standard input, memory and addresses elsewhere."""
        has_path = self.path != STANDARD_INPUT and self.held is None
        return local_path(self.path) if has_path else None

    @property
    def is_read_once(self) -> bool:
        """Whether its rows are gone once they were read."""
        if self.held is not None:
            return self.held.is_read_once
        return self.path == STANDARD_INPUT

    def size(self) -> int | None:
        """Bytes of a regular file, or of one in storage elsewhere; None for anything else."""
        found = self.stamp or self.look()
        return None if found is None else found.size

    def look(self) -> Stamp | None:
        """Return what version is there now; None for what has none, or cannot be looked at."""
        if self.path == STANDARD_INPUT or self.held is not None:
            return None
        if self.local_path is None:
            from bce_cli.storage.remote import stamp_of  # noqa: PLC0415 -- rare

            return stamp_of(self.path)
        try:
            return Stamp.of_status(Path(self.local_path).stat())
        except (OSError, ValueError):
            return None

    def looked_at(self) -> Source:
        """Return the source with all that can be known of its version.

        Raises
        ------
        InputError
            It is another version than the known one.
        """
        found = self.look()
        if found is None:
            return self
        if self.stamp is None:
            return replace(self, stamp=found)
        self.stamp.refuse(found, self.name)
        return replace(self, stamp=self.stamp.with_known(found))

    def refuse_change(self) -> None:
        """Raise InputError if another version is there now than the known one."""
        if self.stamp is not None:
            self.stamp.refuse(self.look(), self.name)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading bytes, from start to end.

        Raises
        ------
        InputError
            If it cannot be opened, with the reason of the operating system; so does each read.
        """
        if self.path == STANDARD_INPUT:
            if sys.stdin is None:
                message = "standard input is closed"
                raise InputError(message)
            with self._unchanged(sys.stdin.buffer) as size:  # which may be a file
                yield self._explained(sys.stdin.buffer, size)
            return
        if self.local_path is None:
            from bce_cli.storage.remote import opened_stream  # noqa: PLC0415 -- rare

            with opened_stream(self.path, self.stamp) as remote:
                yield remote
            return
        try:
            stream = Path(self.local_path).open("rb", buffering=0)  # noqa: SIM115 -- closed below
        except (OSError, ValueError) as error:
            raise unreadable(self.name, error) from None
        with stream, self._unchanged(stream) as size:
            yield self._explained(cast("IO[bytes]", stream), size)

    def random_access(self, opened: ExitStack) -> Any | None:  # noqa: ANN401 -- files of any kind
        """Open for reading any range of bytes, with `seek`; None if it gives a stream alone.

        Parameters
        ----------
        opened : ExitStack
            Closes what is opened here.

        Raises
        ------
        InputError
            It cannot be opened; where it is elsewhere, so does each read.
        """
        if self.path == STANDARD_INPUT:
            return None
        if self.local_path is None:
            from bce_cli.storage.remote import opened_ranges  # noqa: PLC0415 -- rare

            return opened_ranges(self.path, self.stamp, opened)
        if self.size() is None:
            return None
        import pyarrow as pa

        try:
            file = opened.enter_context(pa.OSFile(os.fsencode(self.local_path)))
        except OSError as error:
            raise unreadable(self.name, error) from None
        opened.enter_context(self._unchanged(file))
        return file

    @contextmanager
    def _unchanged(self, file: Any) -> Iterator[int | None]:  # noqa: ANN401 -- as above
        """Provide the bytes of an opened file, which must be the known one and stay it."""

        def look() -> Stamp | None:
            try:
                descriptor = file.fileno()
            except io.UnsupportedOperation:  # no file of the system
                return None
            try:
                return Stamp.of_status(os.fstat(descriptor))
            except OSError as error:  # of a network, say
                raise unreadable(self.name, error) from None

        found = look()
        with unchanged(self.name, self.stamp, found, look):
            yield None if found is None else found.size

    def _explained(self, stream: IO[bytes], size: int | None = None) -> IO[bytes]:
        def explain(error: Exception) -> Exception | None:
            return unreadable(self.name, error) if isinstance(error, OSError) else None

        if not size:
            return cast("IO[bytes]", Translated(stream, explain))
        return cast("IO[bytes]", WholeFile(stream, explain, self.name, size))


def files_of(sources: Iterable[Source]) -> tuple[str, ...]:
    """Return the absolute paths of those that are files of this machine, each once."""
    paths = dict.fromkeys(source.local_path for source in sources)
    return tuple(os.path.abspath(path) for path in paths if path is not None)  # noqa: PTH100


def blame_change(error: BceError, sources: Sequence[Source]) -> None:
    """Raise InputError if an error is one of a source that has changed, which is the cause then."""
    if isinstance(error, InputError):
        return
    for source in sources:
        if error.message.startswith((f"{source.name}: ", f"{source.name}, ")):
            source.refuse_change()


_WHAT_COUNTS = "names that begin with . or _ do not count"


def all_sources(paths: Sequence[str | Held]) -> tuple[list[Source], list[str]]:
    """Return the files that several paths stand for, one after the other; see `sources_of`.

    Returns
    -------
    sources : list of Source
    notes : list of str
        What was passed over, and what else is worth a word.

    Raises
    ------
    InputError
        As `sources_of` does.
    UsageError
        As it does; or a file would be read twice.
    """
    notes: list[str] = []
    found = [(path, source) for path in paths for source in sources_of(path, notes)]
    if len(found) > 1:
        _refuse_repeats(found)
    return [source for _, source in found], notes


def _refuse_repeats(found: Sequence[tuple[str | Held, Source]]) -> None:
    """Raise UsageError if two sources are the same file, whose rows would count twice.

    Parameters
    ----------
    found : sequence of (path, Source)
        Each with what the user has named.
    """
    seen: dict[object, tuple[str | Held, Source]] = {}
    for path, source in found:
        identity = (_identity(source), source.member)
        other_path, other = seen.setdefault(identity, (path, source))
        if other is source:
            continue
        what = f"{other.name} and {source.name} are the same file"
        if not (isinstance(path, str) and isinstance(other_path, str)):
            what = f"{other.name} and {source.name} are the same table"
            message = f"{what}: its rows would count twice"
            raise UsageError(message, "give each table once")
        if other.name == source.name:
            what = f"{source.name} is in {shown_path(other_path)} and in {shown_path(path)}"
            what = f"{source.name} is named twice" if path == other_path else what
        message = f"{what}: its rows would count twice"
        raise UsageError(message, "name each file once")


def _identity(source: Source) -> object:
    """Return what two sources have in common only if they are the same file."""
    if source.held is not None:
        return source.held.identity, None
    try:
        if source.path == STANDARD_INPUT:
            status = os.fstat(sys.stdin.fileno())
        elif source.local_path is not None:
            status = Path(source.local_path).stat()
        else:
            from bce_cli.storage.stores import normal_address  # noqa: PLC0415 -- rare

            return normal_address(source.path)
    except (OSError, ValueError, AttributeError):  # nothing there, or no file of the system
        return source.path
    return (status.st_dev, status.st_ino) if status.st_ino else source.path


def sources_of(path: str | Held, notes: list[str] | None = None) -> list[Source]:
    """Return the files that are meant, sorted by their paths.

    Parameters
    ----------
    path : str or Held
        A file; a folder, which stands for all files below it, but for hidden ones; or a pattern,
        unless there is something that is called just so. Each may be an address. A path at which
        there is nothing is returned as it is, to be an error when it is opened; but for
        ``archive.zip::preds.csv``, which is a part of the archive.

    Raises
    ------
    InputError
        A folder holds no files, a pattern matches none, or storage cannot be reached.
    UsageError
        An address has a password in it.
    """
    if not isinstance(path, str) or path == STANDARD_INPUT:
        return [Source.named(path)]
    if _WITHIN in path:
        whole, member = _split_member(path)
        if member is not None:
            return [replace(source, member=member) for source in sources_of(whole, notes)]
    local = local_path(path)
    if local is not None:
        return _expanded(path, local, LocalTree(), lambda found: found, notes)
    refuse_credentials(path)
    if is_web(path):
        return [Source(path)]
    from bce_cli.storage.stores import RemoteTree  # noqa: PLC0415 -- loads pyarrow.fs

    tree = RemoteTree(path)
    return _expanded(path, tree.root, tree, tree.address_of, notes)


def paths_at(path: str, notes: list[str] | None = None) -> list[str]:
    """Return the paths of the files and folders that a pattern stands for, or a folder holds.

    Each may be read by itself; in folders that stand for values, ``day=1``, none is. What is
    neither pattern nor folder is returned as it is.

    Raises
    ------
    InputError, UsageError
        As `sources_of` does.
    """
    sources = sources_of(path, notes)
    if not any(source.is_part for source in sources):
        return [path]
    whole = _split_member(path)[0]
    local = local_path(whole)
    parts = (whole if local is None else local).rstrip("/").split("/")
    is_folder = not any(map(is_pattern, parts)) or (local is not None and os.path.isdir(local))  # noqa: PTH112 -- as given
    depth = None if "**" in parts and not is_folder else len(parts) + is_folder
    found = []
    for source in sources:
        names = source.path.split("/")[:depth]
        member = "" if source.member is None else _WITHIN + source.member
        found.append("/".join(names) + member)
    paths = [*dict.fromkeys(found)]
    return [path] if any("=" in file_name(each) for each in paths) else paths


def _split_member(path: str) -> tuple[str, str | None]:
    """Part an archive or a workbook from what is meant of it.

    Only what is there and is an archive can be parted so; of an address, or of a pattern, what is
    called as archives are.
    """
    local = local_path(path)
    if local is None or not os.path.lexists(local):
        place = path.find(_WITHIN)
        while place >= 0:
            whole, member = path[:place], path[place + len(_WITHIN) :]
            if member and _is_archive(whole):
                return whole, member
            place = path.find(_WITHIN, place + 1)
    return path, None


def _is_archive(path: str) -> bool:
    local = local_path(path)
    if local is None or is_pattern(local):
        return file_name(path).lower().endswith(_ARCHIVE_ENDINGS)
    try:
        status = Path(local).stat()
        if not stat.S_ISREG(status.st_mode):
            return False
        with Path(local).open("rb") as file:
            return file.read(len(_ARCHIVE_MARK)) == _ARCHIVE_MARK
    except (OSError, ValueError):
        return False


def _expanded(
    path: str,
    inner: str,
    tree: Tree,
    address_of: Callable[[str], str],
    notes: list[str] | None,
) -> list[Source]:
    """Expand a path, which the tree calls otherwise."""
    entry = tree.look_up(inner)
    if entry is None and is_pattern(inner):
        found: Sequence[Entry] = files_matching(tree, inner)
        lack = "no file matches this pattern"
    elif entry is not None and entry.is_folder:
        found = tree.files_below(inner)
        lack = "there are no data files in this folder"
    else:
        return [Source(path, None if entry is None else entry.stamp)]
    found, leftovers = split_leftovers(found, inner)
    note = passed_over(leftovers)
    if not found:
        message = f"{shown_path(path)}: {lack}"
        raise InputError(message, note if leftovers else _WHAT_COUNTS)
    if leftovers and notes is not None:
        notes.append(f"{shown_path(path)}: {note}")
    files = sorted(found, key=lambda file: file.path)
    files, empty = split_empty(files, inner)
    if empty and notes is not None:
        notes.append(f"{shown_path(path)}: {passed_over(empty, 'empty file')}")
    return [Source(address_of(file.path), file.stamp, is_part=True) for file in files]


def opened_at(source: Source, start: int, opened: ExitStack) -> IO[bytes]:
    """Open a file for reading on from a byte; `opened` closes it.

    Raises
    ------
    InputError
        It cannot be opened, or not there; so does each read.
    """
    if start == 0 or source.local_path is not None:
        stream = opened.enter_context(source.open())
        if start:
            stream.seek(start)
        return stream
    file: IO[bytes] | None = source.random_access(opened)
    if file is None:
        message = f"{source.name}: it can be read from its start alone"
        raise InputError(message)
    file.seek(start)
    return file


@contextmanager
def faults_of(source: Source) -> Iterator[None]:
    """Turn what a machine may lack while it reads a source, such as disk space, into InputError."""
    try:
        yield
    except OSError as error:
        raise unreadable(source.name, error) from None
