"""Every error the tool raises on purpose, and text from outside made fit to stand in it.

Anything else that escapes is a bug. Errors cross process boundaries, so each keeps all it was given
in ``args``. Nothing in a text that is shown can move a cursor or hide what follows.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 80
_MOST_LIKE, _FAR = 3, 0.1
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 -- their wide forms are taken for them
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that are shown as escapes: controls, bidirectional and other format
characters, surrogates (bytes that were not UTF-8), private and unassigned code points, line
separators."""
_NO_THREAD = re.compile(r"can't start new thread|Resource temporarily unavailable", re.IGNORECASE)
_NO_MEMORY = re.compile(
    r"MemoryError|cannot allocate memory|not enough memory|out of memory|bad_alloc"
    r"|failed to map segment|cannot create shared object|cannot apply additional memory protection",
    re.IGNORECASE,
)


class BceError(Exception):
    """Root of the tree; never raised itself.

    Parameters
    ----------
    message : str
        One line: what is wrong, where, and the offending text.
    hint : str, optional
        One line that says what to try.
    *arguments : str
        Names of the arguments that both lines speak of. Whoever was given them under other names,
        as the options of a command, can put those in their place.

    Examples
    --------
    >>> error = DataError("preds.csv, line 18: prediction 1.2 is not in [0, 1]")
    >>> str(error)
    'preds.csv, line 18: prediction 1.2 is not in [0, 1]'
    """

    def __init__(self, message: str, hint: str | None = None, *arguments: str) -> None:
        super().__init__(message, hint, *arguments)
        self.message = message
        self.hint = hint
        self.arguments = arguments

    def __str__(self) -> str:
        return self.message


class UsageError(BceError):
    """The command line contradicts itself or asks for what does not exist."""


class ArgumentError(BceError, ValueError):
    """An argument is outside its domain, or contradicts another.

    Examples
    --------
    >>> error = ArgumentError("max_brier must be in [0, 1], got 1.5", None, "max_brier")
    >>> str(error), error.arguments
    ('max_brier must be in [0, 1], got 1.5', ('max_brier',))
    """


class DataError(BceError, ValueError):
    """The input was read, and what it says cannot be used."""


class EmptyInputError(DataError):
    """There is nothing to read, not even a header."""


class LabelError(DataError):
    """A label is neither 0 nor 1; or, where labels are soft, not in [0, 1]."""


class ProbabilityError(DataError):
    """A prediction is not a number in [0, 1]; or, where it is a logit, not a number."""


class WeightError(DataError):
    """A weight is negative, not finite, or of a size whose square is not."""


class InputError(BceError):
    """The input cannot be opened or read."""


class MissingInputError(InputError):
    """There is no such file; the hint says what there is."""


class EngineError(BceError):
    """The cluster that was to do the work cannot be reached, or was lost."""


class ShortageError(BceError):
    """The system has not given the memory or the threads that the work takes."""


class JoinInDoubt(BceError):  # noqa: N818 -- no error yet
    """Rows do not join, or may not; who holds all of them can say. No user ever sees this."""


class SideUnreadable(JoinInDoubt):
    """A worker cannot open what rows are to be joined with."""


class DoubtWarning(UserWarning):
    """A result is exact, and looks like one that was not meant."""


class OutputError(BceError):
    """The output cannot be created or written."""


class OutputCreationError(OutputError):
    """The output file cannot be created, or may not be: it is an input."""


def shortage(error: BaseException) -> ShortageError | None:
    """Return what to say if memory or threads were what was lacking; else None.

    Libraries say it in many ways: Python cannot start a thread, the loader cannot map a library
    into memory, and an error of their own may stand before the cause.

    Parameters
    ----------
    error : BaseException
        No `BceError`, or one that says it already.

    Examples
    --------
    >>> shortage(MemoryError("Unable to allocate 8 TiB"))
    ShortageError('out of memory; fewer --workers take less', None)
    >>> shortage(ImportError("libarrow.so: failed to map segment from shared object"))
    ShortageError('out of memory; fewer --workers take less', None)
    >>> shortage(KeyError("memory"))
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ShortageError):
            return found
        if isinstance(found, MemoryError) or getattr(found, "errno", None) == errno.ENOMEM:
            return ShortageError("out of memory; fewer --workers take less")
        is_plain = getattr(found, "errno", None) is None  # a number says better what was lacking
        if is_plain and not isinstance(found, BceError | ValueError | LookupError):  # of the data
            if _NO_THREAD.search(str(found)):
                return ShortageError("no thread can be started; fewer --workers take less")
            if _NO_MEMORY.search(str(found)):
                return ShortageError("out of memory; fewer --workers take less")
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return None


def os_reason(error: Exception) -> str:
    """Return why opening, reading or writing failed, in the words of the operating system.

    Examples
    --------
    >>> os_reason(FileNotFoundError(2, "No such file or directory"))
    'no such file or directory'
    """
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{reason[:1].lower()}{reason[1:]}"


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
    import unicodedata  # noqa: PLC0415 -- rarely needed

    return "".join(_escaped(c) if unicodedata.category(c) in _INVISIBLE else c for c in cut)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 -- a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def without_formula(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    Examples
    --------
    >>> without_formula("=1+1"), without_formula("a=1")
    ("'=1+1", 'a=1')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """Return what to add to a message about a name that is not known; "" if none is like it.

    Examples
    --------
    >>> did_you_mean("kagle", ["sklearn", "kaggle"]), did_you_mean("x", ["sklearn"])
    ("; did you mean 'kaggle'?", '')
    """
    close = names_like(wanted, known)
    return f"; did you mean {' or '.join(map(quoted, close))}?" if close else ""


def names_like(wanted: str, known: Iterable[str]) -> list[str]:
    """Return the known names that may have been meant, three at most.

    Mistyped, abbreviated, or named by what stands behind the last point alone.

    Examples
    --------
    >>> names_like("KAGGLE", ["kaggle", "keras"]), names_like("lgbm", ["lightgbm", "sklearn"])
    (['kaggle'], ['lightgbm'])
    >>> names_like("p", ["pred.p", "y"])
    ['pred.p']
    """
    from difflib import SequenceMatcher, get_close_matches  # noqa: PLC0415 -- rarely needed

    by_lower = {name.lower(): name for name in reversed([*known])}
    wanted = wanted.lower()
    if wanted in by_lower:
        return [by_lower[wanted]]
    ends = [name for name in reversed(by_lower) if name.endswith(f".{wanted}")]
    if ends:
        return [by_lower[name] for name in ends[:_MOST_LIKE]]
    close = get_close_matches(wanted, by_lower, n=_MOST_LIKE)
    ratios = [SequenceMatcher(None, name, wanted).ratio() for name in close]
    close = [name for name, ratio in zip(close, ratios, strict=True) if ratio > ratios[0] - _FAR]
    if not close and len(wanted) > 1 and wanted[0].isalpha():
        close = [name for name in reversed(by_lower) if _abbreviates(wanted, name)][:_MOST_LIKE]
    return [by_lower[name] for name in close]


def _abbreviates(short: str, long: str) -> bool:
    """Whether all letters of one text occur in another, in their order, the first at its start."""
    letters = iter(long)
    return short[0] == long[:1] and all(letter in letters for letter in short)


def quoted(text: str) -> str:
    """Show a name or a cell inside a message: in quotes, shortened.

    Examples
    --------
    >>> quoted("=" * 100)[-7:]
    "===...'"
    """
    return f"'{safe_text(text, _LONGEST)}'"
