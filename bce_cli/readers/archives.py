"""Zip archives: the one table that they hold, or the one that was named.

What is in a member counts, and not what the archive says of it: no more is held in memory than is
asked for, whatever size a member claims, and its checksum is compared when all of it was read.
"""

from __future__ import annotations

import copy
import errno
import io
import os
import zipfile
import zlib
from contextlib import suppress
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from bce_cli.errors import BceError, DataError, quoted, safe_text
from bce_cli.readers.decoding import decompressed
from bce_cli.readers.foreign import EXCEL, OPEN_DOCUMENT, PYTORCH, refusal
from bce_cli.storage.folders import is_hidden, is_leftover, passed_over
from bce_cli.storage.sources import PIPE
from bce_cli.storage.streams import Chunks, ReadOnly, Translated, read_some, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import ExitStack
    from zipfile import ZipFile, ZipInfo

    from _typeshed import WriteableBuffer

_STORED, _DEFLATED, _BZ2, _LZMA, _ZSTD = 0, 8, 12, 14, 93
_CODECS = {_BZ2: "bz2", _ZSTD: "zstd"}
_CALLED = {9: "Deflate64", 95: "xz", 98: "PPMd"}
_ENCRYPTED, _SAYS_UTF8 = 1, 1 << 11
_STEP = 1 << 12  # LZMA makes up to some thousand times as much of it, all at once
_MOST_SHOWN = 5

_TABLES = {
    *(".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json"),
    *(".parquet", ".arrow", ".feather", ".ipc", ".npy"),
}
_TABLES_OR_TEXT = _TABLES | {".txt", ".gz", ".bz2", ".xz", ".zst", ".lz4"}
_READ_BY_PEOPLE = ("readme", "license", "licence", "copying", "notice", "changelog", "citation")


class Member(NamedTuple):
    """What is read of an archive.

    Attributes
    ----------
    stream : binary stream
        What it holds, as it was before it was packed.
    extensions : tuple of str
        The endings of its name, in lower case, the last one first.
    note : str or None
        What was passed over.
    """

    stream: IO[bytes]
    extensions: tuple[str, ...]
    note: str | None


class Archive:
    """An opened zip archive.

    Parameters
    ----------
    file : binary stream or file of pyarrow
        With random access.
    name : str
        What messages call it.
    opened : ExitStack
        Closes what is opened here.

    Attributes
    ----------
    files : list of ZipInfo
    names : list of str
        Of all files in it.

    Raises
    ------
    DataError
        It is damaged.
    """

    def __init__(self, file: Any, name: str, opened: ExitStack) -> None:  # noqa: ANN401
        self._name = name
        self._opened = opened
        at_once = getattr(file, "bytes_at_once", None)
        if at_once is None:  # a file of Python's, which alone refuses to go before the start
            file = opened.enter_context(os.fdopen(os.dup(file.fileno()), "rb"))
        else:  # each read costs a request
            file = opened.enter_context(io.BufferedReader(file, at_once))
        self._file = file
        try:
            self._zip: ZipFile = opened.enter_context(zipfile.ZipFile(file))
        except Exception as error:  # noqa: BLE001 -- whatever damage makes zipfile raise
            raise self._explained(error) from None
        infos = self._zip.infolist()  # of which a damaged one may have no name
        self.files = [_named(info) for info in infos if not info.filename.endswith("/")]
        self.names = [info.filename for info in self.files]

    @property
    def is_workbook(self) -> bool:
        """Whether it is a workbook of Excel."""
        return "xl/workbook.xml" in self.names

    @property
    def is_of_arrays(self) -> bool:
        """Whether it is what NumPy's `savez` writes."""
        return bool(self.names) and all(name.endswith(".npy") for name in self.names)

    def rewound(self) -> IO[bytes]:
        """Return the archive itself, from its start."""
        self._file.seek(0)
        return cast("IO[bytes]", self._file)

    def refuse_documents(self) -> None:
        """Raise DataError if it is a document of Office, and no archive to whom it belongs."""
        if self.names[:1] == ["mimetype"]:
            raise refusal(self._name, OPEN_DOCUMENT)
        if any(name.endswith("/data.pkl") for name in self.names):
            raise refusal(self._name, PYTORCH)
        if "[Content_Types].xml" in self.names and not self.is_workbook:
            raise refusal(self._name, EXCEL)

    def table(self, wanted: str | None) -> Member:
        """Open the file of that name, or the only one that can be a table.

        Raises
        ------
        DataError
            There is none, or there are several; or it is encrypted, or packed in a way that cannot
            be read. Reading raises it where the data are damaged.
        """
        info, passed = self._only() if wanted is None else (self._called(wanted), [])
        suffixes = reversed(PurePath(info.filename).suffixes)
        note = f"{self._name}: {passed_over(passed)}" if passed else None
        return Member(self.unpacked(info), tuple(suffix.lower() for suffix in suffixes), note)

    def _called(self, wanted: str) -> ZipInfo:
        """Find a file by its path in the archive, or by its name alone where that is enough."""
        name = wanted.replace("\\", "/")
        tails = (name, f"{name}.npy")
        same = [info for info in self.files if info.filename == name]
        found = same or [
            info
            for info in self.files
            if info.filename == tails[1] or info.filename.endswith(tuple(f"/{t}" for t in tails))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            message = f"{self._name}: {len(found)} files in the archive are called so"
            others = [info.filename for info in found]
            raise DataError(message, None if same else f"they are {_listed(others)}")
        message = f"{self._name}: there is no such file in the archive"
        raise DataError(message, f"it holds {_listed(self.names)}" if self.names else None)

    def _only(self) -> tuple[ZipInfo, list[str]]:
        data = [info for info in self.files if not _is_passed_over(info.filename)]
        tables = [info for info in data if _can_be_table(info.filename)] or data
        if len(tables) == 1:
            return tables[0], [info.filename for info in data if info is not tables[0]]
        if not tables:
            message = f"{self._name}: there are no data files in this zip archive"
            raise DataError(message, "names that begin with . or _ do not count")
        names = [info.filename for info in tables]
        message = f"{self._name}: the zip archive holds {len(names):,} tables: {_listed(names)}"
        first, is_piped = safe_text(names[0], 80), self._name == PIPE
        one = f"unzip -p FILE {first} | bce compute -" if is_piped else f"{self._name}::{first}"
        raise DataError(message, f"name one of them: {one}")

    def unpacked(self, info: ZipInfo) -> IO[bytes]:
        """Return what a file of the archive holds; see `table`."""
        if info.flag_bits & _ENCRYPTED:
            message = f"{self._name}: {quoted(info.filename)} in the archive is encrypted"
            raise DataError(message, "unpack it with its password, and pass the file")
        method = info.compress_type
        if method not in (_STORED, _DEFLATED, _LZMA, *_CODECS):
            how = _CALLED.get(method, f"method {method}")
            message = f"{self._name}: {quoted(info.filename)} is packed with {how}"
            raise DataError(message, "unpack it, and pass the file")
        if method in _CODECS:  # zipfile sets no limit to what a few bytes of these become
            packed = copy.copy(info)
            packed.compress_type, packed.file_size = _STORED, info.compress_size
            del packed.CRC
            whole = decompressed(self._raw(packed), _CODECS[method], self._name)
            stream: IO[bytes] = cast("IO[bytes]", _Checked(whole, info))
        else:
            stream = self._raw(info)
        if method == _LZMA:
            stream = cast("IO[bytes]", Chunks(_steps(stream)))
        return cast("IO[bytes]", Translated(stream, self._explained))

    def _raw(self, info: ZipInfo) -> IO[bytes]:
        try:
            return self._opened.enter_context(self._zip.open(info))
        except Exception as error:  # noqa: BLE001 -- whatever damage makes zipfile raise
            raise self._explained(error) from None

    def _explained(self, error: Exception) -> Exception:
        """Turn what zipfile and the decompressors raise into errors of this package."""
        if isinstance(error, (BceError, MemoryError)):
            return error
        is_outside = isinstance(error, OSError) and error.errno == errno.EINVAL
        if isinstance(error, OSError) and error.errno and not is_outside:
            return unreadable(self._name, error)
        if isinstance(error, EOFError) or str(error) == "File is not a zip file":
            return DataError(f"{self._name}: the zip data end too early", "the file was cut off")
        reason = safe_text(str(error), 120) or type(error).__name__
        reason = "a place before its start" if is_outside else reason
        return DataError(f"{self._name}: the zip data are damaged: {reason}")


def _named(info: ZipInfo) -> ZipInfo:
    """Read a name as UTF-8, if it is such and the archive does not say so."""
    with suppress(UnicodeError):
        if not info.flag_bits & _SAYS_UTF8:
            info.filename = info.filename.encode("cp437").decode()
    return info


def _is_passed_over(path: str) -> bool:
    """Whether a file of an archive is one of those that do not count in a folder either."""
    return any(is_hidden(name) or is_leftover(name) for name in path.split("/"))


def _can_be_table(path: str) -> bool:
    name = PurePath(path)
    is_for_people = name.stem.lower().startswith(_READ_BY_PEOPLE)
    endings = {suffix.lower() for suffix in name.suffixes}
    return bool(endings & _TABLES) or (bool(endings & _TABLES_OR_TEXT) and not is_for_people)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(safe_text(name, 80) for name in names[:_MOST_SHOWN])
    return f"{shown} and {len(names) - _MOST_SHOWN:,} more" if names[_MOST_SHOWN:] else shown


def _steps(stream: IO[bytes]) -> Iterator[bytes]:
    step: Callable[[], bytes] = lambda: stream.read(_STEP)  # noqa: E731
    return iter(step, b"")


class _Checked(ReadOnly):
    """What a member holds, which must be what the archive says of it."""

    def __init__(self, stream: IO[bytes], info: ZipInfo) -> None:
        super().__init__()
        self._stream = stream
        self._info = info
        self._crc = self._size = 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the start of `buffer`; return how many bytes that are, 0 at the end."""
        view = memoryview(buffer).cast("B")
        count = read_some(self._stream, view)
        self._crc = zlib.crc32(view[:count], self._crc)
        self._size += count
        is_over = not count and len(view)
        if self._size > self._info.file_size or (is_over and self._crc != self._info.CRC):
            message = f"Bad CRC-32 for file {self._info.filename!r}"
            raise zipfile.BadZipFile(message)
        return count
