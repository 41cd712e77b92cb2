"""Every error the tool raises on purpose, and text from outside made fit to stand in it.

Anything else that escapes is a bug. Errors cross process boundaries, so each can be pickled with
all it was given. Nothing in a text that is shown can move a cursor or hide what follows.

Messages speak of arguments, as Python has them; `argument` and `given` mark where. So whoever was
given them under other names, as the options of a command, can put those in their place, and
nothing else that a message says is taken for an argument.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    Given = list[tuple[str, "str | bool | float | None"]]
    """Names of arguments, each with a value; None stands for none."""

_LONGEST = 80
_BEGIN, _END = "\ufdd0", "\ufdd1"
"""Around arguments in a message: code points that no text has, and `safe_text` lets none pass."""

# Patterns are compiled when they are needed: a run without an error needs none.
ARGUMENTS = f"{_BEGIN}((?:[a-z_]+(?:=(?:[sn](?:[0-9a-f]{{2}})*)?)?,)+){_END}"
_MOST_LIKE, _FAR = 3, 0.1
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 -- their wide forms are taken for them
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that are shown as escapes: controls, bidirectional and other format
characters, surrogates (bytes that were not UTF-8), private and unassigned code points, line
separators."""
_NO_THREAD = r"(?i)can't start new thread|Resource temporarily unavailable"
_NO_MEMORY = (
    r"(?i)MemoryError|cannot allocate memory|not enough memory|out of memory|bad_alloc"
    r"|failed to map segment|cannot create shared object|cannot apply additional memory protection"
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
        Names of further arguments, which `argument` does not mark in these lines.

    Attributes
    ----------
    message, hint : str
        As Python has them; as text, an error is both.
    arguments : tuple of str
        All arguments that are spoken of.
    said : tuple of (str, str or None)
        Message and hint as they were given, with their marks.

    Examples
    --------
    >>> error = DataError("preds.csv, line 18: prediction is empty", "leave such rows out")
    >>> print(error)
    preds.csv, line 18: prediction is empty
    leave such rows out
    """

    def __init__(self, message: str, hint: str | None = None, *arguments: str) -> None:
        self.said = message, hint
        self.message = in_python(message)
        self.hint = None if hint is None else in_python(hint)
        marked = (name for text in self.said for name in names_in(text or ""))
        self.arguments = tuple(dict.fromkeys((*arguments, *marked)))
        super().__init__(self.message, self.hint, *self.arguments)

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n{self.hint}"


class UsageError(BceError, ValueError):
    """What was asked for contradicts itself, or does not exist."""


class ArgumentError(UsageError):
    """An argument is outside its domain, or contradicts another.

    Examples
    --------
    >>> error = ArgumentError(f"{argument('max_brier')} must be in [0, 1], got 1.5")
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


def argument(name: str) -> str:
    """Return the name of an argument, marked as such, to stand in a message.

    Parameters
    ----------
    name : str
        With an equals sign behind it where it could be taken for a word, as ``on=``.

    Examples
    --------
    >>> str(ArgumentError(f"{argument('positive')} must not be empty"))
    'positive must not be empty'
    """
    return f"{_BEGIN}{name},{_END}"


def given(**values: str | bool | float) -> str:
    """Return arguments with their values, marked as such, to stand in a message.

    Parameters
    ----------
    **values : str, bool or number
        As they are, from outside or not; long texts are shortened.

    Examples
    --------
    >>> in_python(f"such as {given(label='#1', prediction='#2')}")
    "such as label='#1', prediction='#2'"
    """
    pairs = []
    for name, value in values.items():
        text = repr(value)
        if isinstance(value, str):
            text = value if len(value) <= _LONGEST else value[:_LONGEST] + "..."
        code = text.encode("utf-8", "surrogatepass").hex()
        pairs.append(f"{name}={'s' if isinstance(value, str) else 'n'}{code},")
    return f"{_BEGIN}{''.join(pairs)}{_END}"


def spelt(text: str, spell: Callable[[Given], str]) -> str:
    """Return a message with its arguments written as a function has it.

    Parameters
    ----------
    text : str
        With the marks of `argument` and `given`.
    spell : callable
        Gets those that stand side by side.
    """
    if _BEGIN not in text:
        return text
    return re.sub(ARGUMENTS, lambda mark: spell(arguments_in(mark[1])), text)


def arguments_in(mark: str) -> Given:
    """Return what a mark stands for; see `ARGUMENTS`."""
    found: Given = []
    for pair in mark.split(",")[:-1]:
        name, sign, code = pair.partition("=")
        value: str | bool | float | None = None
        if code:
            text = bytes.fromhex(code[1:]).decode("utf-8", "surrogatepass")
            value = text if code[0] == "s" else _number(text)
        found.append((name if code else name + sign, value))
    return found


def _number(text: str) -> bool | float:
    if text in ("True", "False"):
        return text == "True"
    return int(text) if text.removeprefix("-").isdigit() else float(text)


def in_python(text: str) -> str:
    """Return a message, or a note, in the words of Python.

    Examples
    --------
    >>> in_python(f"{given(missing='drop')} leaves them out, unless {argument('id')} is given")
    "missing='drop' leaves them out, unless id is given"
    """
    return spelt(text, _python)


def _python(given: Given) -> str:
    return ", ".join(name if value is None else f"{name}={value!r}" for name, value in given)


def names_in(text: str) -> list[str]:
    """Return the names of all arguments that are marked in a message."""
    found = (arguments_in(mark[1]) for mark in re.finditer(ARGUMENTS, text))
    return [name.removesuffix("=") for given in found for name, _ in given]


_FEWER = f"fewer {argument('workers')} take less"


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
    ShortageError('out of memory; fewer workers take less', None, 'workers')
    >>> shortage(ImportError("libarrow.so: failed to map segment from shared object"))
    ShortageError('out of memory; fewer workers take less', None, 'workers')
    >>> shortage(KeyError("memory"))
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ShortageError):
            return found
        if isinstance(found, MemoryError) or getattr(found, "errno", None) == errno.ENOMEM:
            return ShortageError(f"out of memory; {_FEWER}")
        is_plain = getattr(found, "errno", None) is None  # a number says better what was lacking
        if is_plain and not isinstance(found, BceError | ValueError | LookupError):  # of the data
            if re.search(_NO_THREAD, str(found)):
                return ShortageError(f"no thread can be started; {_FEWER}")
            if re.search(_NO_MEMORY, str(found)):
                return ShortageError(f"out of memory; {_FEWER}")
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
    >>> safe_text("abcdef", longest=4), safe_text("abcdef", longest=4).whole
    ('abcd...', 'abcdef')
    """
    if longest is not None and len(text) > longest:
        return Cut(f"{safe_text(text[:longest])}...", text)
    if text.isascii() and text.isprintable():
        return text
    import unicodedata  # noqa: PLC0415 -- rarely needed

    return "".join(_escaped(c) if unicodedata.category(c) in _INVISIBLE else c for c in text)


class Cut(str):
    """A text that was cut off, for places that can show the whole beside it.

    Attributes
    ----------
    whole : str
        As it came, not fit to be shown as it is.
    """

    __slots__ = ("whole",)
    whole: str

    def __new__(cls, text: str, whole: str = "") -> Self:
        """Remember what a text was before."""
        cut = super().__new__(cls, text)
        cut.whole = whole
        return cut


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
