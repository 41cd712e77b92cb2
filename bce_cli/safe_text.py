"""Text from outside, made fit to be shown: nothing in it can move a cursor or hide what follows."""

from __future__ import annotations

import unicodedata

_LONGEST = 80
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that are shown as escapes: controls, bidirectional and other format
characters, surrogates (bytes that were not UTF-8), private and unassigned code points, line
separators."""


def safe_text(text: str, longest: int | None = None) -> str:
    r"""Show control, escape, bidirectional and other invisible characters as escapes.

    Parameters
    ----------
    text : str
        A path, a column name, a cell: whatever came from outside.
    longest : int, optional
        Cut off after so many characters, with an ellipsis of three dots.

    Examples
    --------
    >>> safe_text("a\x1b[31mred")
    'a\\x1b[31mred'
    >>> safe_text("abcdef", longest=4)
    'abcd...'
    """
    cut = text if longest is None or len(text) <= longest else text[:longest] + "..."
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(_escaped(c) if unicodedata.category(c) in _INVISIBLE else c for c in cut)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 -- a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def excel_safe(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    Examples
    --------
    >>> excel_safe("=1+1"), excel_safe("a=1")
    ("'=1+1", 'a=1')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def quoted(text: str) -> str:
    """Show a name or a cell inside a message: in quotes, shortened.

    Examples
    --------
    >>> quoted("=" * 100)[-7:]
    "===...'"
    """
    return f"'{safe_text(text, _LONGEST)}'"
