"""Files that are no tables of predictions: what they are, by their first bytes or else by name."""

from __future__ import annotations

from typing import NamedTuple

from bce_cli.errors import DataError

HEAD_BYTES = 512
"""So many bytes tell a kind of file from all others; a tar archive has its mark in the middle."""

_EXPORT = "export it as CSV, Parquet or JSON Lines"
_UNPACK = "unpack it first"
_R = "in R, write.csv(..., row.names = FALSE) writes what can be read"
_PANDAS = "in pandas, {} reads it, and to_parquet writes what can be read"


class _Kind(NamedTuple):
    what: str
    hint: str | None = None


_ARRAY_HINT = (
    "in Python, numpy.savetxt('preds.csv', array, delimiter=',', header='y,p', comments='')"
)
_ARRAY = _Kind("a NumPy array", _ARRAY_HINT)
_ARRAYS = _Kind("an archive of NumPy arrays", _ARRAY_HINT)
_PICKLE = _Kind(
    "a Python pickle",
    "to load one runs whatever is in it; if it is yours, pandas.read_pickle(FILE).to_parquet(...)",
)
_STATA = _Kind("a Stata file", _PANDAS.format("read_stata"))
_SAS = _Kind("a SAS data set", _PANDAS.format("read_sas"))
_SPSS = _Kind("an SPSS file", _PANDAS.format("read_spss"))
_SPSS_PORTABLE = _Kind("a portable file of SPSS", _PANDAS.format("read_spss"))
_R_OBJECT = _Kind("an R object", _R)
_R_DATA = _Kind("an R data file", _R)
_TAR = _Kind("a tar archive", "unpack it, tar -xf, and pass the files in it")
_HDF5 = _Kind("an HDF5 file", _PANDAS.format("read_hdf"))
_SQLITE = _Kind("an SQLite database", "sqlite3 -header -csv FILE 'SELECT ...' | bce compute -")
_MATLAB = _Kind("a MATLAB file", "in MATLAB, writetable or parquetwrite writes what can be read")
_OLD_EXCEL = _Kind("a spreadsheet of old, or another document of Office", "save it as CSV")
_COMPRESS = _Kind("compressed with compress", "gzip -dc FILE | bce compute -")
EXCEL = _Kind("an Excel workbook, or another document of Office", "save it as CSV")
PYTORCH = _Kind("a PyTorch file", "in PyTorch, numpy.save writes what can be read")
OPEN_DOCUMENT = _Kind("a spreadsheet or text of OpenDocument", "save it as CSV")
_SEVEN_ZIP = _Kind("a 7z archive", _UNPACK)
_RAR = _Kind("a rar archive", _UNPACK)
_LZMA = _Kind("compressed with lzma", "xz -dc FILE | bce compute -")
_WEB_PAGE = _Kind("a web page", "was it downloaded without signing in?")
_XML = _Kind("an XML document", _EXPORT)
_RTF = _Kind("a text document", "save it as CSV")
_POINTER = _Kind("a pointer of Git LFS to the file", "git lfs pull fetches the file itself")
_PDF = _Kind("a PDF file")
_PICTURE = _Kind("a picture")
_PROGRAM = _Kind("a program")
_ARROW_HINT = "write it again as Arrow or Parquet"

_SIGNATURES: tuple[tuple[int, tuple[bytes, ...], _Kind], ...] = (
    (0, (b"\xd0\xcf\x11\xe0",), _OLD_EXCEL),
    (0, (b"\x09\x08\x10\x00", b"\x09\x04\x06\x00", b"\x09\x02\x06\x00"), _OLD_EXCEL),
    (257, (b"ustar",), _TAR),
    (0, (b"PARE",), _Kind("an encrypted Parquet file")),
    (0, (b"FEA1",), _Kind("a Feather file of the first version", _ARROW_HINT)),
    (0, (b"SQLite format 3\x00",), _SQLITE),
    (8, (b"DUCK",), _Kind("a DuckDB database", "COPY TABLE TO 'preds.parquet' writes a table")),
    (0, (b"\x89HDF",), _HDF5),
    (0, (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), _PICKLE),
    (0, (b"Obj\x01",), _Kind("an Avro file", _EXPORT)),
    (0, tuple(b"RD%c%d\n" % (c, v) for c in b"XAB" for v in (2, 3)), _R_DATA),
    (0, (b"X\n\x00\x00\x00", b"B\n\x02\x00", b"B\n\x03\x00"), _R_OBJECT),
    (0, tuple(b"A\n%d\n%d" % (v, r) for v in (2, 3) for r in (19, 26)), _R_OBJECT),
    (0, (b"<stata_dta>",), _STATA),
    (0, tuple(bytes([v, o, 1, 0]) for v in (105, 108, *range(110, 116)) for o in (1, 2)), _STATA),
    (12, (b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00",), _SAS),
    (0, (b"HEADER RECORD*******LIB",), _SAS),
    (0, (b"$FL2@(#)", b"$FL3@(#)"), _SPSS),
    (0, (b"ASCII SPSS PORT FILE",), _SPSS_PORTABLE),
    (0, (b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"), _MATLAB),
    (0, (b"CDF\x01", b"CDF\x02", b"CDF\x05"), _Kind("a netCDF file", _EXPORT)),
    (4, (b"Standard Jet DB", b"Standard ACE DB"), _Kind("an Access database", _EXPORT)),
    (0, (b"\x1f\x9d", b"\x1f\xa0"), _COMPRESS),
    (0, (b"7z\xbc\xaf",), _SEVEN_ZIP),
    (0, (b"Rar!\x1a\x07",), _RAR),
    (0, (b"LZIP",), _Kind("compressed with lzip", "lzip -dc FILE | bce compute -")),
    (0, (b"\x5d\x00\x00",), _LZMA),
    (0, (b"\x89LZO",), _Kind("compressed with lzop", "lzop -dc FILE | bce compute -")),
    (0, (b"\xff\x06\x00\x00sNaPpY",), _Kind("compressed with snappy", _UNPACK)),
    (0, (b"%PDF-",), _PDF),
    (0, (b"{\\rtf",), _RTF),
    (0, (b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), _PICTURE),
    (0, (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf"), _PROGRAM),
    (0, (b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML"), _WEB_PAGE),
    (0, (b"<?xml",), _XML),
    (0, (b"version https://git-lfs.github.com/spec",), _POINTER),
)
"""Where something stands that tells a file from a table, and what that says."""

_TEXTS = (_WEB_PAGE, _XML, _RTF, _PDF, _POINTER, _SAS, _SPSS_PORTABLE, _R_OBJECT, _R_DATA)
"""What may have no control characters at its start."""

_BY_NAME = {
    **dict.fromkeys((".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"), _TAR),
    **dict.fromkeys((".sas7bdat", ".sas7bcat", ".xpt", ".sd2"), _SAS),
    **dict.fromkeys((".rds",), _R_OBJECT),
    **dict.fromkeys((".rdata", ".rda"), _R_DATA),
    **dict.fromkeys((".dta",), _STATA),
    **dict.fromkeys((".sav", ".zsav", ".por"), _SPSS),
    **dict.fromkeys((".xls", ".xlsb"), _OLD_EXCEL),
    **dict.fromkeys((".npy",), _ARRAY),
    **dict.fromkeys((".npz",), _ARRAYS),
    **dict.fromkeys((".pkl", ".pickle", ".p", ".joblib"), _PICKLE),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), _HDF5),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), _SQLITE),
    **dict.fromkeys((".mat",), _MATLAB),
    **dict.fromkeys((".z",), _COMPRESS),
    **dict.fromkeys((".7z",), _SEVEN_ZIP),
    **dict.fromkeys((".rar",), _RAR),
    **dict.fromkeys((".br",), _Kind("compressed with brotli", "brotli -dc FILE | bce compute -")),
    **dict.fromkeys((".lzma",), _LZMA),
    **dict.fromkeys((".qs", ".fst"), _R_OBJECT),
}
"""What the endings of names say, for those of which the bytes say nothing."""

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_FEW = 16  # text may have so many control characters, or one in so many bytes
_WIDEST = 4  # bytes of a character


def refuse_known(head: bytes, name: str) -> None:
    r"""Raise DataError if a source begins as a file that is no table does.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES`, or all.
    name : str
        What messages call it.

    Examples
    --------
    >>> refuse_known(b"PARENT,y,p\n", "preds.csv")
    """
    start = head.lstrip()
    for place, signatures, kind in _SIGNATURES:
        is_text = kind in _TEXTS
        if (start if is_text else head).startswith(signatures, place):
            if not is_text and b"\n" in head and not n_controls(head):
                continue  # a header may begin with a name such as ORC
            raise refusal(name, kind)


def refusal(name: str, kind: _Kind) -> DataError:
    """Return the error of a source that is a file of some kind, and no table."""
    return DataError(f"{name}: it is {kind.what}, not a table of predictions", kind.hint)


def refuse_binary(text: bytes, name: str, extensions: tuple[str, ...]) -> None:
    """Raise DataError if what should be text is none, in whatever encoding.

    Parameters
    ----------
    text : bytes
        The first bytes, as UTF-8 where it was said how they are encoded.
    name : str
        What messages call it.
    extensions : tuple of str
        The endings of its name, which tell what it may be.
    """
    is_binary = n_controls(text) > max(_FEW, len(text) // _FEW)
    has_header = b"\n" in text and not n_controls(text.partition(b"\n")[0])
    if not is_binary or has_header or _may_be_wide(text):
        return
    kind = next((_BY_NAME[ending] for ending in extensions if ending in _BY_NAME), None)
    if kind is None:
        message = f"{name}: it is binary data of an unknown kind, not a table of predictions"
        raise DataError(message)
    message = f"{name}: it is {kind.what}, as its name says, not a table of predictions"
    raise DataError(message, kind.hint)


def n_controls(text: bytes) -> int:
    """Count the control characters that no text has, NUL among them."""
    return len(text) - len(text.translate(None, _CONTROLS))


def _may_be_wide(text: bytes) -> bool:
    """Whether text may be UTF-16 or UTF-32 without a byte order mark."""
    plain = text.replace(b"\0", b"")
    is_wide = len(plain) * 3 <= len(text) * 2 and b"\0" * _WIDEST not in text
    return is_wide and not n_controls(plain)
