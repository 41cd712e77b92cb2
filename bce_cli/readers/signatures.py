"""Formats that are recognised by their first bytes."""

from __future__ import annotations

from bce_cli.errors import DataError

_READ = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
)

_EXPORT = "export it as CSV, Parquet or JSON Lines"

_REFUSED = (
    (b"PK\x03\x04", "is a zip archive or a spreadsheet", "unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet", "save it as CSV"),
    (b"PARE", "is an encrypted Parquet file", None),
    (b"FEA1", "is a Feather file of the first version", "write it again as Arrow or Parquet"),
    (b"SQLite format 3\x00", "is an SQLite database", _EXPORT),
    (b"\x89HDF", "is an HDF5 file", _EXPORT),
    (b"\x93NUMPY", "is a NumPy array", _EXPORT),
    (b"\x80\x02", "is a Python pickle", _EXPORT),
    (b"\x80\x03", "is a Python pickle", _EXPORT),
    (b"\x80\x04", "is a Python pickle", _EXPORT),
    (b"\x80\x05", "is a Python pickle", _EXPORT),
    (b"ORC", "is an ORC file", _EXPORT),
    (b"Obj\x01", "is an Avro file", _EXPORT),
    (b"RDX", "is an R data file", _EXPORT),
    (b"%PDF", "is a PDF file", None),
    (b"7z\xbc\xaf", "is a 7z archive", "unpack it first"),
    (b"\x89PNG", "is a picture", None),
    (b"<!DOCTYPE", "is a web page", "was it downloaded without signing in?"),
    (b"<!doctype", "is a web page", "was it downloaded without signing in?"),
    (b"<html", "is a web page", "was it downloaded without signing in?"),
    (b"<?xml", "is an XML document", _EXPORT),
)


def binary_format(head: bytes, name: str) -> str | None:
    """Recognise a format by the first bytes of a source; None is text.

    Parameters
    ----------
    head : bytes
        The first 16 bytes, or all.
    name : str
        What messages call the source.

    Returns
    -------
    {"parquet", "arrow"} or None

    Raises
    ------
    DataError
        It is a format that cannot be read.

    Examples
    --------
    >>> binary_format(b"PAR1....", "preds"), binary_format(b"y,p", "preds")
    ('parquet', None)
    """
    for signature, what, hint in _REFUSED:
        if head.startswith(signature):
            message = f"{name}: it {what}, not a table of predictions"
            raise DataError(message, hint)
    return next((known for signature, known in _READ if head.startswith(signature)), None)
