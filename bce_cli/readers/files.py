"""Which format a source is in, and the file object that reads it."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Protocol, TypeAlias

from bce_cli.errors import DataError, UsageError
from bce_cli.readers.compression import decompressed
from bce_cli.readers.delimited.file import DelimitedFile
from bce_cli.readers.encodings import utf8
from bce_cli.readers.signatures import binary_format
from bce_cli.storage.streams import peeked

if TYPE_CHECKING:
    from contextlib import ExitStack

    from bce_cli.readers.columnar.file import ColumnarFile
    from bce_cli.readers.grammar import InputOptions, Layout
    from bce_cli.readers.json_lines.file import JsonFile
    from bce_cli.readers.reading import Reading
    from bce_cli.storage.sources import Source

_HEAD = 64
_JSON_EXTENSIONS = (".jsonl", ".ndjson", ".json")
_CALLED = {
    "parquet": "Parquet",
    "arrow": "Arrow",
    "jsonl": "JSON Lines",
    "csv": "CSV",
    "tsv": "TSV",
}


class Piece(Protocol):
    """A part of a source that turns itself into rows."""

    @property
    def n_bytes(self) -> int:
        """Size of the piece, for a progress bar."""

    @property
    def n_rows(self) -> int:
        """Rows it turns into, unless one is faulty; counted without a look at their cells."""

    def read(self) -> Reading:
        """Parse and validate every row."""


File: TypeAlias = "DelimitedFile | JsonFile | ColumnarFile"


def open_file(source: Source, options: InputOptions, opened: ExitStack) -> tuple[File, bool]:
    """Open a source and find out what it is.

    Parameters
    ----------
    source : Source
    options : InputOptions
    opened : ExitStack
        Closes what is opened here.

    Returns
    -------
    file : DelimitedFile or JsonFile or ColumnarFile
    is_compressed : bool

    Raises
    ------
    DataError
        The source is empty, damaged or of another format, or lacks a column.
    InputError
        It cannot be opened or read.
    UsageError
        An option does not go with its format.
    """
    name = source.name
    stream, codec = decompressed(opened.enter_context(source.open()), name)
    head, stream = peeked(stream, _HEAD)
    kind = _checked_kind(head, name, options.layout)
    is_compressed = codec is not None
    if kind is not None:
        _refuse_options(options, name, _CALLED[kind])
        size = None if is_compressed else source.size()
        file: Any = stream
        if kind == "parquet" or head.startswith(b"ARROW1"):
            file = None if is_compressed else source.random_access(opened)
            file = _copied(stream, opened) if file is None else file
        from bce_cli.readers.columnar.file import ColumnarFile  # noqa: PLC0415 -- not for CSV

        return ColumnarFile(file, kind, head, name=name, size=size, options=options), is_compressed
    text = utf8(stream, options.layout.encoding, name)
    extensions = source.extensions
    start, text = peeked(text, _HEAD)
    if _is_json(start, extensions, options.layout):
        _refuse_options(options, name, "JSON Lines")
        from bce_cli.readers.json_lines.file import JsonFile  # noqa: PLC0415

        return JsonFile(text, name, options), is_compressed
    return DelimitedFile(text, name, extensions, options), is_compressed


def _checked_kind(head: bytes, name: str, layout: Layout) -> str | None:
    """Recognise a binary format, and refuse what --input-format contradicts."""
    kind = binary_format(head, name)
    wanted = layout.input_format
    if wanted is None or wanted == kind or (kind is None and wanted in ("csv", "tsv", "jsonl")):
        return kind
    found = _CALLED.get(kind or "", "text")
    message = f"{name}: it is {found}, not {_CALLED[wanted]} as --input-format says"
    raise DataError(message)


def _is_json(start: bytes, extensions: tuple[str, ...], layout: Layout) -> bool:
    if layout.input_format is not None:
        return layout.input_format == "jsonl"
    if any(known in extensions for known in _JSON_EXTENSIONS):
        return True
    first = start.lstrip(b" \t\r\n")
    return first.startswith(b"{") or (first.startswith(b"[") and b"{" in first)


def _refuse_options(options: InputOptions, name: str, kind: str) -> None:
    """Refuse options that say nothing about a format, so that none is ignored in silence."""
    layout = options.layout
    given = {
        "--delimiter": layout.delimiter is not None,
        "--no-header": not layout.has_header,
        "--comment": layout.comment is not None,
        "--decimal": kind == "JSON Lines" and options.grammar.decimal != ".",
        "--encoding": kind != "JSON Lines" and layout.encoding is not None,
    }
    for option, is_given in given.items():
        if is_given:
            message = f"{name}: {option} says nothing about {kind}, which this is"
            raise UsageError(message)


def _copied(stream: IO[bytes], opened: ExitStack) -> IO[bytes]:
    """Copy a stream to a file whose parts can be read in any order."""
    import shutil  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    copy = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 -- closed with the others
    shutil.copyfileobj(stream, copy, 1 << 20)
    copy.seek(0)
    return copy
