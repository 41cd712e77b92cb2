"""What reports are laid out with: sections, tables, numbers and formulas as text, a look."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import Self

    from bce_cli.core.gate.judgement import Verdict

T = TypeVar("T")
Texts: TypeAlias = tuple[str, ...]

_PLAIN_FROM, _PLAIN_TO = -4, 3  # powers between are shown as plain numbers
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

_ASCII_SIGNS = (
    "²=^2 ᵢ=_i ⁰=^0 ¹=^1 ∏=prod Σ=sum σ=sigmoid ∂=d π=r ·=* −=- ×=x →=-> "
    "≤=<= ≥=>= ≠=!= ≈=~ ∞=inf ½=1/2 ⋮=: …=..."
)
"""The signs of mathematics and what stands for them."""


@dataclass(frozen=True, slots=True)
class Look:
    """How text may look, by what the place of the output can show.

    Attributes
    ----------
    width : int
        Columns to fill; a table that needs more loses columns, or is stacked.
    color : bool
        Whether escape sequences for colours are welcome.
    unicode : bool
        Whether more than ASCII can be shown.
    encoding : str
        What the text is written in; characters that it lacks are escaped.
    of_result : bool
        Whether it is the text of a result in Python, where there are no options.
    """

    width: int = 80
    color: bool = False
    unicode: bool = True
    encoding: str = "utf-8"
    of_result: bool = False

    def pick(self, text: str, ascii_text: str) -> str:
        """Return `text`, or `ascii_text` where only ASCII can be shown."""
        return text if self.unicode else ascii_text

    def asked_by(self, option: str, argument: str) -> str:
        """Return how something is asked for: by an option, or in Python by an argument.

        Examples
        --------
        >>> Look().asked_by("--by COLUMN", "by=..."), Look(of_result=True).asked_by("--x", "x=...")
        ('--by COLUMN', 'x=...')
        """
        return argument if self.of_result else option


PLAIN = Look()
"""Of a page, which is the same wherever it is made."""


class Judged(str):
    """A sentence or cell that says how something was judged; a colour may say it again.

    Attributes
    ----------
    verdict : {"passed", "failed", "undecided"}

    Examples
    --------
    >>> Judged("Yes: it does.", "passed").verdict
    'passed'
    """

    __slots__ = ("verdict",)
    verdict: Verdict

    def __new__(cls, text: str, verdict: Verdict) -> Self:
        """Mark a text."""
        judged = super().__new__(cls, text)
        judged.verdict = verdict
        return judged


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
    is_text : bool
        Words, which stand on the left, rather than a number.
    wraps : bool
        Whether cells may be broken into lines; numbers never are.
    spare : int
        Where there is no room for all, a terminal leaves out the columns of the highest number
        first, and none of 0.
    meaning : str
        A sentence that stands with the notes, as long as the column itself is shown.
    """

    title: str
    is_text: bool = False
    wraps: bool = False
    spare: int = 0
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table with sentences below it; every string is shown as it is, never as markup.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuple of str
        Cells may be `Judged`.
    verdicts : tuple of str
        What all comes to, most of them `Judged`. A page has them above the table; a terminal below
        all else, where one looks first.
    notes : tuple of str
    details : tuple of str
        Notes for who asks where the numbers come from; Markdown folds them away.
    headline : Judged or None
        The verdict in a few words. Markdown has it, with a sign, in place of the title, which then
        says what the details are of; and the verdicts below the table.
    marked : collection of int
        0-based rows to be seen first.
    formulas : tuple of str
        Lines above the table.
    drawing : tuple of str
        Lines of a picture made of characters, below it.
    has_head : bool
        Whether a terminal shows the titles of the columns, or rows say enough by themselves.
    is_asked : bool
        Whether an option asked for it by name, so that it belongs to the answer.
    """

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[Texts, ...] = ()
    verdicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    headline: Judged | None = None
    marked: Collection[int] = ()
    formulas: tuple[str, ...] = ()
    drawing: tuple[str, ...] = ()
    has_head: bool = True
    is_asked: bool = False

    @property
    def sentences(self) -> Texts:
        """What is said below the table: what its columns mean, the notes, and the details."""
        meanings = (column.meaning for column in self.columns if column.meaning)
        return (*meanings, *self.notes, *self.details)


TableColumn: TypeAlias = "tuple[Column | str, Callable[[T], str]]"
"""What stands above a column, where a string is the title of one of numbers, and an item's cell."""


def table(
    items: Iterable[T], *columns: TableColumn[T] | None
) -> tuple[tuple[Column, ...], tuple[Texts, ...]]:
    """Return the columns and rows of a section: a row for each item.

    Parameters
    ----------
    items : iterable
    *columns : TableColumn or None
        What is None is left out.

    Examples
    --------
    >>> table([1, 4], ("n", str), None, ("root", lambda n: figure(n**0.5)))[1]
    (('1', '1'), ('4', '2'))
    """
    shown = [column for column in columns if column is not None]
    heads = (head if isinstance(head, Column) else Column(head) for head, _ in shown)
    return tuple(heads), tuple(tuple(cell(item) for _, cell in shown) for item in items)


GAPS = ("⋮", ":")
"""What stands in every cell of a row where some are left out; and that in ASCII."""


def with_gaps(numbers: Iterable[int], rows: Iterable[Texts], sign: str) -> Iterator[Texts]:
    """Yield numbered rows, and a row of signs wherever numbers are left out."""
    previous = 0
    for number, cells in zip(numbers, rows, strict=True):
        if number > previous + 1:
            yield (sign,) * len(cells)
        previous = number
        yield cells


def figure(value: float | None, digits: int = 6) -> str:
    """Show a number with so many significant digits, never cut; ``-`` where it is undefined.

    Examples
    --------
    >>> figure(0.123456789), figure(2.0), figure(5e-324, 4), figure(float("inf")), figure(None)
    ('0.123457', '2', '4.941e-324', 'inf', '-')
    """
    return "-" if value is None else f"{value:.{digits}g}"


def mean_loss_text(value: float | None) -> str:
    """Show a mean loss; one that is infinite has failed.

    Examples
    --------
    >>> mean_loss_text(0.123456789), mean_loss_text(float("inf")).verdict
    ('0.123457', 'failed')
    """
    text = figure(value)
    return Judged(text, "failed") if value == math.inf else text


def interval_title(confidence: float) -> str:
    """Name an interval by its level.

    Examples
    --------
    >>> interval_title(0.95), interval_title(0.999)
    ('95 % interval', '99.9 % interval')
    """
    return f"{100.0 * confidence:g} % interval"


def interval(low: float | None, high: float | None, digits: int = 4) -> str:
    """Show an interval by its ends; ``-`` where there is none.

    Examples
    --------
    >>> interval(0.123456, 2.0), interval(None, None)
    ('0.1235 to 2', '-')
    """
    if low is None or high is None:
        return "-"
    return f"{figure(low, digits)} to {figure(high, digits)}"


def count(value: int | None) -> str:
    """Show a count or a row number; ``never`` where there is none.

    Examples
    --------
    >>> count(1234567), count(None)
    ('1,234,567', 'never')
    """
    return "never" if value is None else f"{value:,}"


def how_many(n: int, noun: str = "row") -> str:
    """Show a number of things.

    Examples
    --------
    >>> how_many(1), how_many(2000), how_many(2, "key")
    ('1 row', '2,000 rows', '2 keys')
    """
    return f"{count(n)} {noun}{'' if n == 1 else 's'}"


def verb(n: int, singular: Literal["is", "was"]) -> str:
    """Return the verb that goes with a number of things.

    Examples
    --------
    >>> verb(1, "is"), verb(2, "was")
    ('is', 'were')
    """
    return singular if n == 1 else {"is": "are", "was": "were"}[singular]


def percent(value: float | None) -> str:
    """Show a share.

    Examples
    --------
    >>> percent(0.1234), percent(-0.5), percent(None)
    ('12.3 %', '-50.0 %', '-')
    """
    if value is None:
        return "-"
    text = f"{value:.1%}".replace("%", " %")
    return "0.0 %" if text == "-0.0 %" else text


def wrapped(text: str, width: int, head: str = "") -> list[str]:
    """Break a text into lines between words; only a word that is too long is broken itself.

    Parameters
    ----------
    text : str
    width : int
        Of a line.
    head : str, optional
        What the first line begins with, and others leave free.

    Examples
    --------
    >>> wrapped("the log of one trial", 16, " 7  ")
    [' 7  the log of', '    one trial']
    """
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    )


def power_of_ten(log10: float, look: Look) -> str:
    """Show 10**log10 with three digits; it may be far too small for a float.

    Examples
    --------
    >>> power_of_ten(-2163.88, Look()), power_of_ten(-2163.88, Look(unicode=False))
    ('1.32 × 10⁻²¹⁶⁴', '1.32 x 10^-2164')
    """
    if math.isinf(log10):
        return "0"
    if _PLAIN_FROM < log10 < _PLAIN_TO:
        return f"{10.0**log10:.3g}"
    exponent = math.floor(log10)
    mantissa = f"{10.0 ** (log10 - exponent):.3g}"
    if mantissa == "10":
        mantissa, exponent = "1", exponent + 1
    return f"{mantissa} {look.pick('×', 'x')} {ten_to(exponent, look)}"


def ten_to(exponent: int, look: Look = PLAIN) -> str:
    """Write a power of ten.

    Examples
    --------
    >>> ten_to(-324), ten_to(-324, Look(unicode=False)), ten_to(0), ten_to(1)
    ('10⁻³²⁴', '10^-324', '1', '10')
    """
    if exponent in (0, 1):
        return str(10**exponent)
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}" if look.unicode else f"10^{exponent}"


def formula(text: str, look: Look) -> str:
    """Return a formula as it is, or in ASCII where nothing else can be shown.

    Examples
    --------
    >>> formula("pᵢ^yᵢ (1−pᵢ)^(1−yᵢ)", Look(unicode=False))
    'p_i^y_i (1-p_i)^(1-y_i)'
    """
    if not look.unicode:
        for pair in _ASCII_SIGNS.split():
            sign, _, ascii_sign = pair.partition("=")
            text = text.replace(sign, ascii_sign)
    return text
