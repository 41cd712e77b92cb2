"""Which format a source is in, as its first bytes and its name say, and the file that reads it."""

from __future__ import annotations

import codecs
import io
from functools import partial
from itertools import starmap
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

from bce_cli.errors import ArgumentError, DataError, argument, given, quoted
from bce_cli.readers.dialect import Encoding
from bce_cli.readers.foreign import HEAD_BYTES, n_controls, refuse_binary, refuse_known
from bce_cli.storage.streams import Rejoined, peeked

if TYPE_CHECKING:
    from contextlib import ExitStack

    from bce_cli.readers.archives import Archive
    from bce_cli.readers.columnar import ColumnarFile
    from bce_cli.readers.delimited import DelimitedFile
    from bce_cli.readers.grammar import InputOptions, Layout
    from bce_cli.readers.json_lines import JsonFile
    from bce_cli.storage.sources import Source

File: TypeAlias = "DelimitedFile | JsonFile | ColumnarFile"

_CODEC_HEAD = 16
_DECOMPRESSED_BYTES = 1 << 20
_CODECS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
"""What compressed data begin with, whatever the name says."""

ARCHIVE_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""What zip archives begin with, and what is made of them: workbooks, and arrays of NumPy."""

_FORMATS = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
    (b"\x93NUMPY", "numpy"),
    (b"ORC", "orc"),
)
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKED = (
    Encoding(codecs.BOM_UTF8),
    Encoding(codecs.BOM_UTF32_LE, "utf-32-le"),
    Encoding(codecs.BOM_UTF32_BE, "utf-32-be"),
    Encoding(codecs.BOM_UTF16_LE, "utf-16-le"),
    Encoding(codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""What each mark says, the order of bytes among it."""
_JSON = "JSON"
_JSON_EXTENSIONS = (".jsonl", ".ndjson", ".json")
_CALLED = {
    "parquet": "Parquet",
    "arrow": "Arrow",
    "numpy": "NumPy",
    "excel": "Excel",
    "orc": "ORC",
    "json": _JSON,
    "jsonl": "JSON Lines",
    "csv": "CSV",
    "tsv": "TSV",
}


_TEXTS = ("csv", "tsv", "json", "jsonl")


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
    if source.held is not None:
        frame: Any = source.held
        return frame.opened(options), False
    options = at_its_path(options, source)
    head, stream = peeked(opened.enter_context(source.open()), HEAD_BYTES)
    if head.startswith(ARCHIVE_MARKS):
        return _of_archive(source, stream, options, opened), True
    return _of_stream(source, head, stream, options, opened, extensions=source.extensions)


def _of_archive(
    source: Source, stream: IO[bytes], options: InputOptions, opened: ExitStack
) -> File:
    """Open the table of a zip archive."""
    from bce_cli.readers.archives import Archive  # noqa: PLC0415 -- few inputs are archives

    file: Any = source.random_access(opened)
    file = _copied(stream, opened) if file is None else file
    archive = Archive(file, source.name, opened)
    archive.refuse_documents()
    if archive.is_workbook:
        return _of_workbook(source, archive, options)
    if archive.is_of_arrays and source.member is None:
        return _of_arrays(source, archive, options)
    member = archive.table(source.member)
    head, stream = peeked(member.stream, HEAD_BYTES)
    if head.startswith(ARCHIVE_MARKS):
        message = f"{source.name}: it is a zip archive in a zip archive"
        raise DataError(message, "unpack the outer one first")
    endings = member.extensions
    table, _ = _of_stream(source, head, stream, options, opened, extensions=endings, is_packed=True)
    table.note = "; ".join(note for note in (member.note, table.note) if note) or None
    return table


def _of_workbook(source: Source, archive: Archive, options: InputOptions) -> File:
    """Open a sheet of a workbook."""
    from bce_cli.readers.workbooks import WorkbookFile  # noqa: PLC0415 -- few are such

    _refuse_contradiction("excel", source.name, options.layout)
    _refuse_options(options, source.name, _CALLED["excel"])
    return WorkbookFile(archive, source.member, name=source.name, options=options)


def _of_arrays(source: Source, archive: Archive, options: InputOptions) -> File:
    """Open an archive of arrays, which are columns of one table."""
    from bce_cli.readers.arrays import ArrayFile, arrays_of  # noqa: PLC0415 -- few are such

    _refuse_contradiction("numpy", source.name, options.layout)
    _refuse_options(options, source.name, _CALLED["numpy"])
    arrays = partial(arrays_of, archive)
    return ArrayFile(arrays, name=source.name, size=None, options=options, has_ranges=False)


def _of_stream(
    source: Source,
    head: bytes,
    stream: IO[bytes],
    options: InputOptions,
    opened: ExitStack,
    *,
    extensions: tuple[str, ...],
    is_packed: bool = False,
) -> tuple[File, bool]:
    """Find out what a stream is by its head and the endings of its name; see `open_file`."""
    name = source.name
    codec = codec_of(head)
    if codec is not None:
        stream = _decompressed(stream, codec, name)
        head, stream = peeked(stream, HEAD_BYTES)
        options = _in_small_blocks(options)
    kind = _checked_kind(head, name, options.layout)
    is_compressed = codec is not None or is_packed
    if kind is not None:
        _refuse_options(options, name, _CALLED[kind])
        size = None if is_compressed else source.size()
        file: Any = stream
        if kind in ("parquet", "orc", "numpy") or head.startswith(b"ARROW1"):
            file = None if is_compressed else source.random_access(opened)
            file = _copied(stream, opened) if file is None else file
        if kind == "numpy":
            from bce_cli.readers.arrays import ArrayFile, array_of  # noqa: PLC0415

            arrays = partial(array_of, file, file.seek(0, io.SEEK_END))
            table = ArrayFile(arrays, name=name, size=size, options=options, has_ranges=True)
            return table, is_compressed
        from bce_cli.readers.columnar import ColumnarFile  # noqa: PLC0415 -- not for CSV

        return ColumnarFile(file, kind, head, name=name, size=size, options=options), is_compressed
    text = utf8(stream, options.layout.encoding, name)
    start, text = peeked(text, HEAD_BYTES)
    refuse_binary(start, name, extensions)
    if is_json(start, extensions, options.layout.input_format):
        _refuse_options(options, name, _JSON)
        from bce_cli.readers.json_documents import open_json  # noqa: PLC0415

        return open_json(text, name, extensions, options), is_compressed
    from bce_cli.readers.delimited import DelimitedFile  # noqa: PLC0415 -- not for a glance

    delimited = DelimitedFile(text, name, extensions, options)
    delimited.encoding = encoding_of(head, options.layout.encoding)
    return delimited, is_compressed


def at_its_path(options: InputOptions, source: Source) -> InputOptions:
    """Return options with what the path of a source says of its rows."""
    folders = source.folders
    if not folders:
        return options
    from dataclasses import replace  # noqa: PLC0415 -- not for a glance at the header

    from bce_cli.readers.columns import Folder  # noqa: PLC0415 -- as above

    return replace(
        options, columns=replace(options.columns, folders=tuple(starmap(Folder, folders)))
    )


def codec_of(head: bytes) -> str | None:
    """Return how a source is compressed, as its first bytes say; None if it is not."""
    return next((codec for signature, codec in _CODECS if head.startswith(signature)), None)


def _decompressed(stream: IO[bytes], codec: str, name: str) -> IO[bytes]:
    """Return what a compressed stream holds, unless that is compressed, too."""
    from bce_cli.readers.decoding import decompressed  # noqa: PLC0415 -- few inputs are compressed

    inner, stream = peeked(decompressed(stream, codec, name), _CODEC_HEAD)
    again = "zip" if inner.startswith(ARCHIVE_MARKS) else codec_of(inner)
    if again is not None:
        message = f"{name}: it is compressed twice, {codec} around {again}"
        raise DataError(message, "decompress it once on the way in, in a pipe")
    return stream


def _in_small_blocks(options: InputOptions) -> InputOptions:
    """Let workers begin, and end, soon after what they wait for was decompressed."""
    from dataclasses import replace  # noqa: PLC0415 -- not for a glance at the header

    return replace(options, block_bytes=min(options.block_bytes, _DECOMPRESSED_BYTES))


def binary_format(head: bytes, name: str) -> str | None:
    """Recognise a format by the first bytes of a source; None is text.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES`, or all.
    name : str
        What messages call the source.

    Returns
    -------
    {"parquet", "arrow", "orc", "numpy"} or None

    Raises
    ------
    DataError
        It is a format that cannot be read.

    Examples
    --------
    >>> binary_format(b"PAR1....", "preds"), binary_format(b"y,p", "preds")
    ('parquet', None)
    """
    refuse_known(head, name)
    if b"\n" in head and not n_controls(head):
        return None  # a header may begin with a name such as PAR1
    return next((known for signature, known in _FORMATS if head.startswith(signature)), None)


def _checked_kind(head: bytes, name: str, layout: Layout) -> str | None:
    """Recognise a binary format, and refuse what `input_format` contradicts."""
    kind = binary_format(head, name)
    _refuse_contradiction(kind, name, layout)
    return kind


def _refuse_contradiction(kind: str | None, name: str, layout: Layout) -> None:
    wanted = layout.input_format
    if wanted is None or wanted == kind or (kind is None and wanted in _TEXTS):
        return
    found = _CALLED.get(kind or "", "text")
    message = f"{name}: it is {found}, not {_CALLED[wanted]} as {argument('input_format=')} says"
    raise DataError(message)


def is_json(start: bytes, extensions: tuple[str, ...], input_format: str | None) -> bool:
    """Whether text is JSON; see `binary_format` for what is no text.

    Parameters
    ----------
    start : bytes
        The first bytes, as UTF-8.
    extensions : tuple of str
        The endings of its name.
    input_format : str or None
        What was asked for.
    """
    if input_format is not None:
        return input_format in ("json", "jsonl")
    if any(known in extensions for known in _JSON_EXTENSIONS):
        return True
    first = start.lstrip(b" \t\r\n")
    is_array = first.startswith(b"[") and first[1:].lstrip(b" \t\r\n").startswith((b"{", b"["))
    return is_array or first.startswith(b"{")


def _refuse_options(options: InputOptions, name: str, kind: str) -> None:
    """Refuse options that say nothing about a format, so that none is ignored in silence."""
    layout = options.layout
    asked = {
        argument("delimiter="): layout.delimiter is not None,
        given(no_header=True): not layout.has_header,
        argument("comment="): layout.comment is not None,
        argument("decimal="): kind == _JSON and options.grammar.decimal != ".",
        argument("encoding="): kind != _JSON and layout.encoding is not None,
    }
    for what, is_given in asked.items():
        if is_given:
            message = f"{name}: {what} says nothing about {kind}, which this is"
            raise ArgumentError(message)


def _copied(stream: IO[bytes], opened: ExitStack) -> IO[bytes]:
    """Copy a stream to a file whose parts can be read in any order."""
    import shutil  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    copy = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 -- closed with the others
    shutil.copyfileobj(stream, copy, 1 << 20)
    copy.seek(0)
    return copy


def check_encoding(encoding: str | None) -> None:
    """Raise ArgumentError if there is no text encoding of that name."""
    if encoding is None:
        return
    try:
        b"a".decode(encoding, "ignore")
    except (LookupError, ValueError):
        message = f"{argument('encoding')} {quoted(encoding)} is not known"
        raise ArgumentError(message, "such as latin-1, cp1252, utf-16-le or shift_jis") from None


def encoding_of(head: bytes, told: str | None) -> Encoding:
    r"""Return how text is encoded, as is told, or by what it begins with.

    Examples
    --------
    >>> encoding_of(b"y,p", None), encoding_of(codecs.BOM_UTF16_BE + b"y", None)
    (Encoding(mark=b'', name='utf-8'), Encoding(mark=b'\xfe\xff', name='utf-16-be'))
    """
    if told is not None:
        return Encoding(name=told)
    return next((found for found in _MARKED if head.startswith(found.mark)), Encoding())


def utf8(stream: IO[bytes], encoding: str | None, name: str) -> IO[bytes]:
    """Return a stream of UTF-8 text without a byte order mark.

    Parameters
    ----------
    stream : binary stream
    encoding : str or None
        With None, a byte order mark decides, and text without one is passed on as it is.
    name : str
        What messages call it.

    Raises
    ------
    DataError
        When bytes are reached that are no text in that encoding.
    """
    head, whole = peeked(stream, 4)
    if encoding is None and head.startswith(codecs.BOM_UTF8):
        return cast("IO[bytes]", Rejoined(head[len(codecs.BOM_UTF8) :], stream))
    if encoding is None:
        encoding = next((known for mark, known in _MARKS if head.startswith(mark)), None)
    if encoding is None:
        return whole
    from bce_cli.readers.decoding import transcoded  # noqa: PLC0415 -- most text is UTF-8

    return transcoded(whole, encoding, name)


def utf8_mark_length(head: bytes) -> int | None:
    """Return how many bytes of a mark precede UTF-8 text; None if a mark says it is none.

    Examples
    --------
    >>> utf8_mark_length(b"y,p"), utf8_mark_length(codecs.BOM_UTF16_LE)
    (0, None)
    """
    if head.startswith(codecs.BOM_UTF8):
        return len(codecs.BOM_UTF8)
    return None if any(head.startswith(mark) for mark, _ in _MARKS) else 0
