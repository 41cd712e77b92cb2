"""What the user says about the input, and what the text of a cell stands for.

This is the one place where cells are decided on, one at a time. The readers' fast paths convert
whole columns and must agree with these rules; whatever they cannot settle is looked at again by
them.
"""

from __future__ import annotations

import math
import re
from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.core.validate import LARGEST_WEIGHT, LEAST_WEIGHT
from bce_cli.errors import (
    DataError,
    LabelError,
    ProbabilityError,
    WeightError,
    argument,
    given,
    quoted,
    safe_text,
)
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.columns import ColumnChoice

if TYPE_CHECKING:
    from bce_cli.readers.columns import Role

BLOCK_BYTES = 4 << 20
"""What is read of a source at a time, unless it is said otherwise."""

InputFormat: TypeAlias = Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow", "orc"]

_MISSING_WORDS = frozenset(
    {"", "na", "n/a", "null", "none", "<na>", r"\n", "#n/a", "#n/a n/a", "#na"}
)
_MISSING = re.compile(
    r"[+-]?nan(?:\([0-9a-z_]*\))?"  # C, with the payload or the kind that it may write
    r"|[+-]?1\.#(?:[qs]?nan|ind)0*"  # C of Windows, of old
    r"|\.[a-z_]?",  # SAS and Stata, which know several kinds
    re.ASCII,
)
"""What stands for a value that is not there, in lower case; databases write \\N."""

DROP_HINT = f"{given(missing='drop')} leaves such rows out, and counts them"

_TRUTH = {"true": 1.0, "false": 0.0}
_TRUTH_KEYS = {"true": "1e0", "false": "0"}
_BLANKS = " \t"
_LONGEST_SHOWN = 80

_NOT_A_NUMBER, _NOT_A_LABEL, _NOT_TEXT = "is not a number", "is not 0 or 1", "is not UTF-8 text"
_OUTSIDE = "is not in [0, 1]"
_NOT_A_WEIGHT = f"is neither 0 nor in [{LEAST_WEIGHT:g}, {LARGEST_WEIGHT:g}]"
_NOT_HELD = "is not {0:g}, but float64 cannot tell it from {0:g}"
_TOO_LARGE = "is finite, but float64 cannot hold it"

_NUMBER = re.compile(
    r"[ \t]*+[+-]?+"
    r"(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|nan|inf(?:inity)?)[ \t]*+",
    re.ASCII | re.IGNORECASE,
)
_PARTS = re.compile(r"([+-]?)([0-9]*+)\.?([0-9]*+)(?:[eE]([+-]?)0*+([0-9]*))?", re.ASCII)
_LONGEST_EXPONENT = 18  # digits
_SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True, slots=True)
class Grammar:
    """How cells are to be read.

    Attributes
    ----------
    positive : str, optional
        The text of the label that counts as 1; exactly one other text then counts as 0.
    soft_labels : bool
        Labels are numbers in [0, 1].
    logits : bool
        Predictions are logits: any number, infinite ones included.
    drop_missing : bool
        Leave out rows with a missing cell, instead of refusing them.
    decimal : {".", ","}
        What stands before the fraction of a number.
    has_arguments : bool
        Labels and predictions are arguments of a function, and not columns that are named.
    """

    positive: str | None = None
    soft_labels: bool = False
    logits: bool = False
    drop_missing: bool = False
    decimal: str = "."
    has_arguments: bool = False


LABELS_FIRST = "labels come first, then predictions: these look swapped"
"""What to try where arrays are given in the wrong order."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a source is laid out, as far as it is not to be found out.

    Attributes
    ----------
    input_format : {"csv", "tsv", "json", "jsonl", "parquet", "arrow", "orc"}, optional
    delimiter : str, optional
        One ASCII character between the fields of CSV text.
    has_header : bool
        Whether the first record names the columns.
    encoding : str, optional
        Of text; UTF-8, or what a byte order mark says, without it.
    comment : str, optional
        Lines of CSV text that begin with it are passed over.
    """

    input_format: InputFormat | None = None
    delimiter: str | None = None
    has_header: bool = True
    encoding: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class InputOptions:
    """All that is asked of the input.

    Attributes
    ----------
    columns : ColumnChoice
    grammar : Grammar
    layout : Layout
    block_bytes : int
        Bytes of text read at a time. No result depends on it.
    keeps_all : bool
        Blocks of typed columns have all that the source has, beside those that are wanted.
    """

    columns: ColumnChoice = field(default_factory=ColumnChoice)
    grammar: Grammar = field(default_factory=Grammar)
    layout: Layout = field(default_factory=Layout)
    block_bytes: int = BLOCK_BYTES
    keeps_all: bool = False


class CellFault(Exception):  # noqa: N818 -- an error is made of it, with its place
    """A cell cannot be used.

    Parameters
    ----------
    what : str
        What is wrong with it, to follow the cell's name.
    is_missing : bool
        Whether there is no value at all.
    hint : str, optional
        What to try.
    """

    def __init__(self, what: str, *, is_missing: bool = False, hint: str | None = None) -> None:
        super().__init__(what, is_missing, hint)
        self.what = what
        self.is_missing = is_missing
        self.hint = hint


def read_cell(role: Role, text: str | None, grammar: Grammar) -> float | None:
    """Read one cell.

    Parameters
    ----------
    role : {"label", "prediction", "weight"}
    text : str or None
        None stands for null.
    grammar : Grammar

    Returns
    -------
    float or None
        None for a missing value that `grammar` lets pass.

    Raises
    ------
    CellFault

    Examples
    --------
    >>> read_cell("label", "True", Grammar()), read_cell("label", "b", Grammar(positive="b"))
    (1.0, 1.0)
    >>> read_cell("prediction", "NA", Grammar(drop_missing=True)) is None
    True
    """
    missing = is_missing(role, text, grammar)
    if missing and grammar.drop_missing:
        return None
    cell = (text or "").strip(_BLANKS)
    if not cell:
        raise CellFault("is null" if text is None else "is empty", is_missing=True)
    try:
        return _value(role, cell, grammar)
    except CellFault as fault:
        fault.is_missing = missing
        raise


def is_missing(role: Role, text: str | None, grammar: Grammar) -> bool:
    """Whether a cell holds no value."""
    if text is None:
        return True
    cell = text.strip(_BLANKS)
    if role == "label" and grammar.positive is not None:
        return not cell  # a class may be called NA
    return _means_nothing(cell)


def is_missing_text(key: str, text: str) -> bool:
    """Whether a text is none where each row needs one; a cluster may be called NA, no time is.

    Examples
    --------
    >>> [is_missing_text(key, "NA") for key in ("cluster", "order")], is_missing_text("order", " ")
    ([False, True], True)
    """
    cell = text.strip()
    return not cell or (key == "order" and _means_nothing(cell))


def is_no_number(text: str) -> bool:
    """Whether a text stands for a number that is not there, as nothing at all or NA does."""
    return _means_nothing(text.strip(_BLANKS))


def check_number(text: str, column: str, place: str, decimal: str = ".") -> None:
    """Raise DataError unless a text, of a column that is cut, is a number or none."""
    if is_no_number(text) or parse_number(text, decimal) is not None:
        return
    hint = f"{argument('cut')} takes columns of numbers; without it, each value is a segment"
    if decimal == "." and parse_number(text, ",") is not None:
        hint = f"{given(decimal=',')} reads numbers with a decimal comma"
    elif decimal == "," and parse_number(text) is not None:
        hint = f"this number has a decimal point, which is read without {given(decimal=',')}"
    message = f"{place}: segment {quoted(text)} (column {quoted(column)}) is not a number"
    raise DataError(message, hint)


def _means_nothing(cell: str) -> bool:
    word = cell.lower()
    return word in _MISSING_WORDS or _MISSING.fullmatch(word) is not None


def _value(role: Role, cell: str, grammar: Grammar) -> float:
    if role == "label" and grammar.positive is not None:
        try:
            cell.encode()
        except UnicodeEncodeError:
            raise CellFault(_NOT_TEXT) from None
        same = label_key(cell, grammar.decimal) == label_key(grammar.positive, grammar.decimal)
        return float(same)
    value = parse_number(cell, grammar.decimal)
    is_held = value is None or holds(value, cell, grammar.decimal)
    if role == "label" and not grammar.soft_labels:
        value = _TRUTH.get(cell.lower(), value)
        if value not in (0.0, 1.0) or not is_held:
            raise CellFault(_NOT_A_LABEL)
        return value
    if value is None or (math.isnan(value) and grammar.logits):
        raise CellFault(_NOT_A_NUMBER)
    if not is_held:
        _refuse_unheld(role, value, cell, grammar)
    if role == "weight":
        fits = value == 0.0 or LEAST_WEIGHT <= value <= LARGEST_WEIGHT
    else:
        fits = 0.0 <= value <= 1.0 or (role == "prediction" and grammar.logits)
    if not fits:
        raise CellFault(_NOT_A_WEIGHT if role == "weight" else _OUTSIDE)
    return value


def _refuse_unheld(role: Role, value: float, cell: str, grammar: Grammar) -> None:
    """Raise CellFault for a number that float64 cannot hold, where that makes a difference."""
    if role == "weight":
        if value != 1.0:
            raise CellFault(_NOT_A_WEIGHT)
    elif role == "prediction" and grammar.logits:
        if math.isinf(value):
            raise CellFault(_TOO_LARGE, hint="a logit may be infinite, if it is written as inf")
    else:
        is_beyond_one = label_key(cell, grammar.decimal).startswith("1")
        if not 0.0 <= value <= 1.0 or cell.startswith("-") or (value == 1.0 and is_beyond_one):
            raise CellFault(_OUTSIDE)
        hint = f"{given(logits=True)} takes log(p / (1 - p)) in its place, which float64 holds"
        if role == "label":
            hint = f"write {value:g} where that is meant"
        raise CellFault(_NOT_HELD.format(value), hint=hint)


def cell_error(
    role: Role,
    text: str | None,
    fault: CellFault,
    *,
    column: str,
    place: str,
    decimal: str = ".",
) -> DataError:
    """Make the error of a cell: its place, its role, its text, and its column if called otherwise.

    Examples
    --------
    >>> fault = CellFault("is not in [0, 1]")
    >>> print(cell_error("prediction", "1.2", fault, column="p", place="preds.csv, line 18"))
    preds.csv, line 18: prediction 1.2 (column 'p') is not in [0, 1]
    """
    kind = {"label": LabelError, "prediction": ProbabilityError, "weight": WeightError}[role]
    cell = _shown(text, decimal)
    called = "" if column == role else f"(column {quoted(column)})"
    subject = " ".join(part for part in (role, cell, called) if part)
    hint = DROP_HINT if fault.is_missing else fault.hint
    return kind(f"{place}: {subject} {fault.what}", hint)


def _shown(text: str | None, decimal: str) -> str:
    """Show a number as it stands and any other text in quotes."""
    stripped = (text or "").strip(_BLANKS)
    if not stripped:
        return ""
    is_number = parse_number(stripped, decimal) is not None
    return safe_text(stripped, _LONGEST_SHOWN) if is_number else quoted(text or "")


def parse_number(text: str, decimal: str = ".") -> float | None:
    """Read a decimal number, ``nan`` or ``inf``, with spaces around; None for anything else.

    Parameters
    ----------
    text : str
    decimal : {".", ","}
        What stands before the fraction; nothing stands between thousands.

    Examples
    --------
    >>> parse_number(" +.5e-1 "), parse_number("1_0"), parse_number("50%")
    (0.05, None, None)
    >>> parse_number("0,5", ","), parse_number("0.5", ",")
    (0.5, None)
    """
    if decimal == ",":
        text = text.translate(_SWAPPED)
    return float(text) if _NUMBER.fullmatch(text) else None


def label_key(text: str, decimal: str = ".") -> str:
    """Return what labels are compared by: one text for all numbers of equal value.

    Parameters
    ----------
    text : str
    decimal : {".", ","}

    Examples
    --------
    >>> {label_key(text) for text in ("1", "1.0", "+1", "01", "1e0", "0.1E1", " 1 ")}
    {'1e0'}
    >>> label_key("-0.0"), label_key("-12.50"), label_key("0,5", ","), label_key("yes ")
    ('0', '-125e-1', '5e-1', 'yes')
    """
    text = text.strip(_BLANKS)
    number = text.translate(_SWAPPED) if decimal == "," else text
    found = _PARTS.fullmatch(number) if _NUMBER.fullmatch(number) else None
    if found is None:
        return text
    sign, whole, fraction, exponent_sign, exponent = found.groups(default="")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"
    if len(exponent) > _LONGEST_EXPONENT:
        return text
    shortest = digits.rstrip("0")
    power = int(f"{exponent_sign}{exponent or 0}") - len(fraction) + len(digits) - len(shortest)
    return f"{sign.strip('+')}{shortest}e{power}"


def mean_the_same(label: str, other: str) -> bool:
    """Whether two labels that are written otherwise stand for the same where none is named.

    Examples
    --------
    >>> mean_the_same("1", "true"), mean_the_same("True", "TRUE"), mean_the_same("1", "0")
    (True, True, False)
    """
    left, right = (_TRUTH_KEYS.get(text.lower(), label_key(text)) for text in (label, other))
    return left == right


def holds(value: float, text: str, decimal: str = ".") -> bool:
    """Whether a number that was read as 0, 1 or infinity is just that; others are near enough.

    Parameters
    ----------
    value : float
        As `parse_number` reads it.
    text : str
    decimal : {".", ","}

    Examples
    --------
    >>> holds(0.0, "0.00e7"), holds(0.0, "1e-400"), holds(1.0, "0.99999999999999999999")
    (True, False, False)
    >>> holds(float("inf"), "inf"), holds(float("inf"), "1e999"), holds(0.1, "0.1")
    (True, False, True)
    """
    if value == 0.0:
        return label_key(text, decimal) == "0"
    if value in (1.0, -1.0):
        return label_key(text, decimal) == f"{value:.0f}e0"
    return not math.isinf(value) or not any(sign.isdigit() for sign in text)
