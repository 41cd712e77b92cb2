"""The names of the columns of a file, from its first bytes alone and without NumPy.

Completion asks for them while a command line is typed. No result is made of what is found here.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import stat
from collections import Counter
from contextlib import ExitStack
from itertools import islice
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from bce_cli.errors import safe_text
from bce_cli.readers.dialect import EXCEL_MARK, delimiters_to_try
from bce_cli.readers.files import binary_format, codec_of, is_json, utf8
from bce_cli.readers.foreign import HEAD_BYTES, refuse_binary
from bce_cli.storage.streams import peeked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.storage.paths import Entry

_MOST_BYTES = 1 << 18
_MOST_FOLDERS = 50
_MOST_ENTRIES = 1000
"""So many folders are listed, and so many names of each are looked at."""


class Told(NamedTuple):
    """What the user has said about the files, as the options have it."""

    input_format: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    has_header: bool = True
    encoding: str | None = None
    comment: str | None = None


def names_in(path: str, told: Told) -> list[str]:
    """Return what the columns of a file may be called by; nothing if that is not quickly found.

    A name that is empty, or that several columns have, is the place of the column, such as #2. One
    that a terminal would not show as it is, is left out.

    Parameters
    ----------
    path : str
        A file; or a folder or a pattern, of which the first file that comes along is looked at. An
        address elsewhere, a pipe and a device have no names.
    told : Told

    Raises
    ------
    BceError, OSError, ValueError, ...
        It cannot be read, or is no table. Whoever asks does not mind why.
    """
    file = path if _is_file(path) else _file_of(path)
    if file is None:
        return []
    names = [name.strip(" \t") for name in _names_of(file, told)]
    places = [f"#{place}" for place in range(1, len(names) + 1)]
    if not told.has_header:
        return places
    counts = Counter(names)
    called = [
        name if name and counts[name] == 1 else place
        for name, place in zip(names, places, strict=True)
    ]
    return [name for name in called if safe_text(name) == name]


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 -- a slash at the end counts
    except (OSError, ValueError):
        return False


def _file_of(path: str) -> str | None:
    """Return a file that a folder, a pattern or an address stands for, if there is one near."""
    from bce_cli.storage.paths import files_matching, is_pattern, local_path  # noqa: PLC0415

    here = local_path(path)
    if here is None:
        return None
    folders = _FewFolders()
    entry = folders.look_up(here)
    if entry is None and is_pattern(here):
        found: Sequence[Entry] = files_matching(folders, here)
    elif entry is not None and entry.is_folder:
        found = folders.files_below(here)
    else:
        found = [] if entry is None else [entry]
    return next((file.path for file in found if _is_file(file.path)), None)


class _FewFolders:
    """Folders here, of which a few are listed, and each up to some length; see `Tree`."""

    def __init__(self) -> None:
        self._n_left = _MOST_FOLDERS

    def look_up(self, path: str) -> Entry | None:
        """Return what is there; None if nothing is."""
        from bce_cli.storage.paths import Entry  # noqa: PLC0415 -- most sources are plain files

        try:
            return Entry(path, stat.S_ISDIR(os.stat(path).st_mode))  # noqa: PTH116 -- as a path is
        except (OSError, ValueError):
            return None

    def children(self, folder: str) -> Sequence[Entry]:
        """Return some of what a folder holds, in the order of the names."""
        from bce_cli.storage.folders import is_leftover  # noqa: PLC0415 -- as above
        from bce_cli.storage.paths import Entry  # noqa: PLC0415

        self._n_left -= 1
        if self._n_left < 0:
            return []
        with os.scandir(folder or ".") as items:
            some = sorted(islice(items, _MOST_ENTRIES), key=lambda item: item.name)
        return [
            Entry(item.path if folder else item.name, item.is_dir())
            for item in some
            if not is_leftover(item.name)
        ]

    def files_below(self, folder: str) -> Sequence[Entry]:
        """Return one file of a folder or its folders, if one is near."""
        return list(islice(self._below(folder), 1))

    def _below(self, folder: str) -> Iterator[Entry]:
        from bce_cli.storage.folders import is_hidden  # noqa: PLC0415 -- as above

        for entry in self.children(folder):
            if is_hidden(entry.name):
                continue
            if entry.is_folder:
                yield from self._below(entry.path)
            else:
                yield entry


def _names_of(path: str, told: Told) -> list[str]:
    extensions = tuple(suffix.lower() for suffix in reversed(PurePath(path).suffixes))
    with ExitStack() as opened:
        file = opened.enter_context(Path(path).open("rb", buffering=0))
        head, stream = peeked(cast("IO[bytes]", file), HEAD_BYTES)
        codec = codec_of(head)
        if codec is not None:
            from bce_cli.readers.decoding import decompressed  # noqa: PLC0415 -- few files are

            head, stream = peeked(decompressed(stream, codec, path), HEAD_BYTES)
        kind = binary_format(head, path)
        if kind is not None:
            return [] if codec else _schema_names(path, kind, head)
        data, _ = peeked(utf8(stream, told.encoding, path), _MOST_BYTES)
    refuse_binary(data[:HEAD_BYTES], path, extensions)
    if is_json(data[:HEAD_BYTES], extensions, told.input_format):
        return _json_names(data)
    return _delimited_names(data, told, extensions)


def _schema_names(path: str, kind: str, head: bytes) -> list[str]:
    import pyarrow as pa

    with pa.OSFile(os.fsencode(path)) as file:
        if kind == "parquet":
            from pyarrow import parquet

            schema: Any = parquet.read_schema(file)
        else:
            from pyarrow import ipc

            is_file = head.startswith(b"ARROW1")
            schema = (ipc.open_file(file) if is_file else ipc.open_stream(file)).schema
        return list(schema.names)


def _json_names(data: bytes) -> list[str]:
    import json  # noqa: PLC0415 -- few files are

    line = data.lstrip(b" \t\r\n").partition(b"\n")[0]
    value = json.loads(line)
    return list(value) if isinstance(value, dict) else []


def _delimited_names(data: bytes, told: Told, extensions: tuple[str, ...]) -> list[str]:
    """Return the first record under the delimiter that suits it best, unless it was cut."""
    data = data.lstrip(b"\r\n")
    mark = EXCEL_MARK.match(data)
    signs = delimiters_to_try(told.delimiter, told.input_format, told.decimal, extensions)
    if mark is not None and mark[0].endswith((b"\n", b"\r")):
        signs, data = (mark[1].decode(),), data[mark.end() :]
    text = codecs.getincrementaldecoder("utf-8")().decode(data)  # the last character may be cut
    start = text.partition("\n")[0]
    likely = [sign for sign in signs if sign in start] or list(signs[:1])
    records = [
        _first_record(text, sign, told.comment, is_cut=len(data) == _MOST_BYTES) for sign in likely
    ]
    return records[0] if len(records) == 1 else _with_customary_names(records)


def _with_customary_names(records: list[list[str]]) -> list[str]:
    """Return the first of some headers that has columns to judge by; else the first."""
    from bce_cli.readers.columns import LABEL_NAMES, PREDICTION_NAMES  # noqa: PLC0415 -- rare

    for names in records:
        lower = {name.strip(" \t").lower() for name in names}
        if not (lower.isdisjoint(LABEL_NAMES) or lower.isdisjoint(PREDICTION_NAMES)):
            return names
    return records[0]


def _first_record(text: str, sign: str, comment: str | None, *, is_cut: bool) -> list[str]:
    lines = io.StringIO(text, newline="")
    counted = (line for line in lines if not (comment and line.startswith(comment)))
    fields = next((fields for fields in csv.reader(counted, delimiter=sign) if fields), [])
    return [] if is_cut and lines.tell() == len(text) else fields
