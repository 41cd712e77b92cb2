"""A map as one expression over a column: for SQL, for Python, for a table of a spreadsheet.

Each says what `RecalibrationMap` computes, step by step in the same order, so that both agree but
for what LN, EXP and 1 - p round. No step overflows: where the odds would, the probability is 1.
"""

from __future__ import annotations

import keyword
import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from bce_cli.core.arguments import is_place
from bce_cli.core.recalibration.maps import STEPPED, log_odds_of
from bce_cli.errors import DataError, quoted, safe_text
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.recalibration.maps import RecalibrationMap

FormulaLanguage: TypeAlias = Literal["sql", "python", "excel"]
LANGUAGES: tuple[FormulaLanguage, ...] = get_args(FormulaLanguage)

_LARGEST = "1.7976931348623157e308"
_CERTAIN = 600.0  # log odds whose probability is 1 in float64, and whose odds are finite
_MIDDLE = 0.5
_LONGEST_OF_EXCEL = 8192
_MOST_OF_SQL = 5000  # knots: databases look at each case for some rows at a time, and plan for all
_HINT = "give the name that it has where the formula will stand"

Case: TypeAlias = "tuple[str, str]"
"""A condition, and what holds there."""


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language writes what formulas are made of.

    Attributes
    ----------
    x : str
        The column.
    log, exp : str
        Functions.
    log_of_rest : str
        The logarithm of 1 - x.
    equals : str
    number : callable (float) -> str
    choice : callable (cases, otherwise) -> str
        The value of the first case whose condition holds.
    has_infinity : bool
        Whether a column may be infinite.
    infinities : tuple of str
        Log odds of 0 and of 1; what is no number, where no infinity can be written everywhere.
    most_in_a_row : int
        Cases that follow each other; more are parted in the middle, again and again.
    """

    x: str
    log: str
    exp: str
    log_of_rest: str
    equals: str
    number: Callable[[float], str]
    choice: Callable[[Sequence[Case], str], str]
    has_infinity: bool = True
    infinities: tuple[str, str] = ("NULL", "NULL")
    most_in_a_row: int = 64

    def plus(self, value: float) -> str:
        """Return what adds a number; two signs in a row would begin a comment of SQL."""
        return f" {'-' if value < 0.0 else '+'} {self.number(abs(value))}"


def formula(
    found: RecalibrationMap,
    column: str,
    language: FormulaLanguage,
    *,
    of_logits: bool = False,
    as_logit: bool = False,
) -> str:
    """Write a map as one expression.

    Parameters
    ----------
    found : RecalibrationMap
    column : str
        Name of the predictions.
    language : {"sql", "python", "excel"}
        SQL has the column in double quotes. Python has it as a name, or as ``row["the name"]``,
        and needs ``math``. Excel has it in the row of its own table, as ``[@p]``.
    of_logits : bool, default False
        Whether predictions are logits.
    as_logit : bool, default False
        Return log odds, not a probability.

    Raises
    ------
    DataError
        The name cannot stand in a formula, or the formula is too long for Excel or SQL.

    Examples
    --------
    >>> from bce_cli.core.recalibration.maps import RecalibrationMap
    >>> steps = RecalibrationMap("isotonic", knots=((0.25, 0.125), (0.5, 0.75)), n_blocks=2)
    >>> formula(steps, "p", "python")
    '(0.125 if p <= 0.25 else 0.125 + (p - 0.25) / 0.25 * 0.625 if p <= 0.5 else 0.75)'
    >>> formula(RecalibrationMap("as-is"), "log odds", "sql", of_logits=True, as_logit=True)
    '"log odds"'
    """
    if safe_text(column) != column:
        message = f"the column {quoted(column)} has characters that no formula should have"
        raise DataError(message, _HINT)
    if not column.strip():
        message = "the column has no name, and a formula needs one"
        raise DataError(message, _HINT)
    if is_place(column):
        message = f"{quoted(column)} is the place of a column, and a formula needs its name"
        raise DataError(message, _HINT)
    if language == "sql" and len(found.knots) > _MOST_OF_SQL:
        message = (
            f"the map has {len(found.knots):,} knots, and SQL is slow at over {_MOST_OF_SQL:,}"
        )
        raise DataError(message, "bce apply takes them, and SQL a map of another method")
    words = {"sql": _sql, "python": _python, "excel": _excel}[language](column)
    if found.method in STEPPED and language == "excel" and not of_logits:
        text = _looked_up(found, words, as_logit=as_logit)
    elif found.method in STEPPED:
        text = _stepped(found, words, of_logits=of_logits, as_logit=as_logit)
    else:
        text = _of_formula(found, words, of_logits=of_logits, as_logit=as_logit)
    if language != "excel":
        return text
    text = f"={text}"
    if len(text) > _LONGEST_OF_EXCEL:
        message = f"the formula has {len(text):,} characters, and Excel takes {_LONGEST_OF_EXCEL:,}"
        raise DataError(message, "SQL and Python take it, and Excel takes a map of another method")
    return text


def _sql(column: str) -> _Language:
    def number(value: float) -> str:
        text = repr(value)
        return text if "e" in text else f"{text}e0"  # others would be decimals of a fixed size

    def choice(cases: Sequence[Case], otherwise: str) -> str:
        return f"CASE {' '.join(f'WHEN {c} THEN {v}' for c, v in cases)} ELSE {otherwise} END"

    name = column.replace('"', '""')
    x = f'"{name}"'
    return _Language(x, "LN", "EXP", f"LN(1 - {x})", "=", number, choice)


def _python(column: str) -> _Language:
    def choice(cases: Sequence[Case], otherwise: str) -> str:
        return f"({''.join(f'{v} if {c} else ' for c, v in cases)}{otherwise})"

    is_name = column.isidentifier() and not keyword.iskeyword(column) and column != "math"
    x = column if is_name else f"row[{column!r}]"
    infinities = ("-math.inf", "math.inf")
    return _Language(
        x, "math.log", "math.exp", f"math.log1p(-{x})", "==", repr, choice, infinities=infinities
    )


def _excel(column: str) -> _Language:
    def number(value: float) -> str:
        return repr(value).upper()

    def choice(cases: Sequence[Case], otherwise: str) -> str:
        return f"{''.join(f'IF({c}, {v}, ' for c, v in cases)}{otherwise}{')' * len(cases)}"

    escaped = "".join(f"'{sign}" if sign in "[]#'@" else sign for sign in column)
    x = f"[@{column}]" if column.isalnum() else f"[@[{escaped}]]"
    return _Language(
        *(x, "LN", "EXP", f"LN(1 - {x})", "=", number, choice),
        has_infinity=False,
        infinities=("NA()", "NA()"),
        most_in_a_row=16,
    )


def _of_formula(
    found: RecalibrationMap, words: _Language, *, of_logits: bool, as_logit: bool
) -> str:
    """Write a map that is a formula between its levels at 0 and 1."""
    if found.method == "as-is" and of_logits == as_logit:
        return words.x
    log_odds = _log_odds(found, words, of_logits=of_logits)
    cases = [*_ends(found, words, of_logits=of_logits, as_logit=as_logit)]
    if not as_logit:
        cases += _certain(found, words, of_logits=of_logits)
    if isinstance(log_odds, str):
        text = log_odds if as_logit else _sigmoid(log_odds, words)
        return words.choice(cases, text) if cases else text
    below, above = (text if as_logit else _sigmoid(text, words) for text in log_odds)
    return words.choice([*cases, (f"{words.x} < 0", below)], above)


def _log_odds(
    found: RecalibrationMap, words: _Language, *, of_logits: bool
) -> str | tuple[str, str]:
    """Write log odds; of logits below 0 and above, where these differ."""
    x, at = words.x, found.parameters
    logit = x if of_logits else f"({words.log}({x}) - {words.log_of_rest})"
    if found.method == "as-is":
        return logit
    if found.method == "temperature":
        return f"{logit} / {words.number(at['temperature'])}"
    if found.method == "offset":
        return f"{logit}{words.plus(at['a'])}"
    if found.method != "beta":
        return f"{words.number(at['b'])} * {logit}{words.plus(at['a'])}"
    if not of_logits:
        return (
            f"{words.number(at['c'])} + {words.number(at['a'])} * {words.log}({x}) - "
            f"{words.number(at['b'])} * {words.log_of_rest}"
        )
    difference = words.plus(at["b"] - at["a"])
    below = f"{words.number(at['a'])} * {x}{difference} * {words.log}(1 + {words.exp}({x}))"
    above = f"{words.number(at['b'])} * {x}{difference} * {words.log}(1 + {words.exp}(-{x}))"
    return f"{below}{words.plus(at['c'])}", f"{above}{words.plus(at['c'])}"


def _ends(
    found: RecalibrationMap, words: _Language, *, of_logits: bool, as_logit: bool
) -> list[Case]:
    """Return what predictions of exactly 0 and 1 become, where their logit is not their own."""
    levels = (found.level_at_0, found.level_at_1)
    if of_logits and not words.has_infinity:
        return []
    conditions = [f"{words.x} {words.equals} {end}" for end in (0, 1)]
    if of_logits:
        conditions = [f"{words.x} < -{_LARGEST}", f"{words.x} > {_LARGEST}"]
    if found.method == "as-is" and as_logit:
        return list(zip(conditions, words.infinities, strict=True))
    return [
        (condition, words.number(log_odds_of(level) if as_logit else level))
        for condition, level in zip(conditions, levels, strict=True)
        if level is not None
    ]


def _certain(found: RecalibrationMap, words: _Language, *, of_logits: bool) -> list[Case]:
    """Return where probabilities are 1, if odds might overflow there."""
    at = found.parameters
    slope = 1.0 / at["temperature"] if found.method == "temperature" else at.get("b", 1.0)
    intercept = at.get("c", 0.0) if found.method == "beta" else at.get("a", 0.0)
    if slope == 0.0:
        return []
    limit = (_CERTAIN - intercept) / slope
    if math.isinf(limit):
        return []
    if not of_logits:
        limit = 1.0 / (1.0 + math.exp(-limit)) if limit > -_CERTAIN else 0.0
        if limit in (0.0, 1.0):  # no other probability is there
            return []
    return [(f"{words.x} {'>' if slope > 0.0 else '<'} {words.number(limit)}", words.number(1.0))]


def _sigmoid(log_odds: str, words: _Language) -> str:
    odds = f"{words.exp}({log_odds})"
    return f"{odds} / (1 + {odds})"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a map that is made of straight lines: up to which prediction, and its line."""

    end: float
    start: float
    level: float
    width: float = 1.0
    rise: float = 0.0


def _pieces(found: RecalibrationMap) -> list[_Piece]:
    """Return the pieces from 0 to 1; the first and the last are flat."""
    (first, first_level), *_, (last, last_level) = (*found.knots[:1], *found.knots)
    pieces = [_Piece(first, 0.0, first_level)]
    for (left, level), (right, next_level) in zip(found.knots, found.knots[1:], strict=False):
        pieces.append(_Piece(right, left, level, right - left, next_level - level))
    return [*pieces, _Piece(1.0, last, last_level)]


def _stepped(found: RecalibrationMap, words: _Language, *, of_logits: bool, as_logit: bool) -> str:
    cases: list[Case] = []
    for piece in _pieces(found):
        for end, p in _parts(piece, words, of_logits=of_logits):
            level = words.number(piece.level)
            if piece.rise:
                share = f"({p} - {words.number(piece.start)}) / {words.number(piece.width)}"
                level = f"{level} + {share} * {words.number(piece.rise)}"
            if as_logit and piece.rise:
                level = f"{words.log}({level}) - {words.log}(1 - ({level}))"
            elif as_logit:
                level = words.number(log_odds_of(piece.level))
            cases.append((f"{words.x} <= {end}", level))
    return _nested(cases, words)


def _parts(piece: _Piece, words: _Language, *, of_logits: bool) -> list[tuple[str, str]]:
    """Return where a piece ends and how p is written there; of logits in two parts, about 0."""
    if not of_logits:
        return [(words.number(piece.end), words.x)]
    end = words.number(log_odds_of(piece.end)) if piece.end not in (0.0, 1.0) else ""
    end = end or f"{'-' if piece.end == 0.0 else ''}{_LARGEST}"
    below = f"{words.exp}({words.x}) / (1 + {words.exp}({words.x}))"
    above = f"1 / (1 + {words.exp}(-{words.x}))"
    if piece.end <= _MIDDLE:
        return [(end, below)]
    if not piece.rise or piece.start >= _MIDDLE:
        return [(end, above)]
    return [("0", below), (end, above)]


def _nested(cases: Sequence[Case], words: _Language) -> str:
    """Choose among many cases in steps; the last holds beyond all others."""
    if len(cases) <= words.most_in_a_row:
        *others, (_, otherwise) = cases
        return words.choice(others, otherwise) if others else otherwise
    middle = len(cases) // 2
    below, above = _nested(cases[:middle], words), _nested(cases[middle:], words)
    return words.choice([(cases[middle - 1][0], below)], above)


def _looked_up(found: RecalibrationMap, words: _Language, *, as_logit: bool) -> str:
    """Write levels for Excel, where cases may not be nested so often."""
    first, *pieces = _pieces(found)

    def of(values: list[float]) -> str:
        return f"{{{','.join(map(words.number, values))}}}"

    starts = of([piece.start for piece in pieces])

    def at(values: list[float]) -> str:
        return f"LOOKUP({words.x}, {starts}, {of(values)})"

    level = at([piece.level for piece in pieces])
    rises: list[Any] = [piece.rise for piece in pieces]
    if any(rises):
        share = f"({words.x} - LOOKUP({words.x}, {starts}))"
        level += f" + {share} / {at([piece.width for piece in pieces])} * {at(rises)}"
    before = words.number(first.level)
    if as_logit:
        level = f"{words.log}({level}) - {words.log}(1 - ({level}))"
        before = words.number(log_odds_of(first.level))
    return words.choice([(f"{words.x} < {words.number(first.end)}", before)], level)
