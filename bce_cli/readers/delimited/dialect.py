"""What separates the fields of a source, found out from its first record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.errors import UsageError, quoted

if TYPE_CHECKING:
    from bce_cli.readers.options import Layout

NAMES = {"tab": "\t", "space": " ", "pipe": "|", "semicolon": ";", "comma": ",", r"\t": "\t"}
"""Delimiters that are clumsy to write in a shell, by name."""

SNIFFED = (",", ";", "\t", "|")
"""Delimiters that are tried where none was named, in this order."""

_TAB_EXTENSIONS = (".tsv", ".tab")
_RESERVED = '"\r\n'


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields are written.

    Attributes
    ----------
    delimiter : str
        One ASCII character.
    decimal : {".", ","}
    """

    delimiter: str = ","
    decimal: str = "."

    @property
    def delimiter_name(self) -> str:
        """What messages call the delimiter."""
        return delimiter_name(self.delimiter)


def delimiter_name(delimiter: str) -> str:
    """Call a delimiter by its name, or quote it."""
    by_sign = {"\t": "tab", " ": "space", ",": "comma"}
    return by_sign.get(delimiter) or quoted(delimiter)


def parse_delimiter(text: str | None) -> str | None:
    r"""Read the option --delimiter.

    Raises
    ------
    UsageError
        It is not one ASCII character, or a quote or a line end.

    Examples
    --------
    >>> parse_delimiter("semicolon"), parse_delimiter("tab")
    (';', '\t')
    """
    if text is None:
        return None
    delimiter = NAMES.get(text.lower(), text)
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in _RESERVED:
        message = f"--delimiter must be one ASCII character, got {quoted(text)}"
        raise UsageError(message, f"or one of {', '.join(list(NAMES)[:5])}")
    return delimiter


def candidates(layout: Layout, decimal: str, extensions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the delimiters to try on a source, the likeliest first."""
    delimiter = parse_delimiter(layout.delimiter)
    if delimiter is not None:
        return (delimiter,)
    is_named_tab = any(known in extensions for known in _TAB_EXTENSIONS)
    if layout.input_format == "tsv" or (layout.input_format is None and is_named_tab):
        return ("\t",)
    return tuple(sorted(SNIFFED, key=lambda sign: sign == decimal))  # commas may be quoted
