"""What separates the fields of CSV and its kin, as far as a name, an option or a mark says it."""

from __future__ import annotations

import re
from typing import NamedTuple

from bce_cli.errors import ArgumentError, argument, did_you_mean, quoted

_NAMES = {"tab": "\t", "space": " ", "pipe": "|", "semicolon": ";", "comma": ",", r"\t": "\t"}
"""Delimiters that are clumsy to write in a shell, by name."""

SNIFFED = (",", ";", "\t", "|")
"""Delimiters that are tried where none was named, in this order."""

_TAB_EXTENSIONS = (".tsv", ".tab")
_RESERVED = '"\r\n'

EXCEL_MARK = re.compile(rb"sep=([,;\t|])[\r\n]*", re.IGNORECASE)


class Dialect(NamedTuple):
    """How fields are written.

    Attributes
    ----------
    delimiter : str
        One ASCII character.
    decimal : {".", ","}
    has_header : bool
        Whether the first record names the columns.
    """

    delimiter: str = ","
    decimal: str = "."
    has_header: bool = True


class Encoding(NamedTuple):
    """How text is written as bytes.

    Attributes
    ----------
    mark : bytes
        What precedes the text.
    name : str
        As Python calls it.
    """

    mark: bytes = b""
    name: str = "utf-8"


def delimiter_name(delimiter: str) -> str:
    """Call a delimiter by its name, or quote it."""
    by_sign = {"\t": "tab", " ": "space", ",": "comma"}
    return by_sign.get(delimiter) or quoted(delimiter)


def parse_delimiter(text: str | None) -> str | None:
    r"""Read the argument `delimiter`.

    Raises
    ------
    ArgumentError
        It is not one ASCII character, or a quote or a line end.

    Examples
    --------
    >>> parse_delimiter("semicolon"), parse_delimiter("tab")
    (';', '\t')
    """
    if text is None:
        return None
    delimiter = _NAMES.get(text.lower(), text)
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in _RESERVED:
        words = list(_NAMES)[:5]
        also = did_you_mean(text, words)
        message = f"{argument('delimiter')} must be one ASCII character, got {quoted(text)}{also}"
        raise ArgumentError(message, f"or one of {', '.join(words)}")
    return delimiter


def delimiters_to_try(
    named: str | None, input_format: str | None, decimal: str, extensions: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the delimiters to try on a source, the likeliest first.

    Parameters
    ----------
    named, input_format : str or None
        As these arguments have them.
    decimal : {".", ","}
        Decimal sign of its numbers.
    extensions : tuple of str
        The endings of its name.

    Raises
    ------
    ArgumentError
        As `parse_delimiter` does.
    """
    delimiter = parse_delimiter(named)
    if delimiter is not None:
        return (delimiter,)
    is_named_tab = any(known in extensions for known in _TAB_EXTENSIONS)
    if input_format == "tsv" or (input_format is None and is_named_tab):
        return ("\t",)
    return tuple(sorted(SNIFFED, key=lambda sign: sign == decimal))  # commas may be quoted
