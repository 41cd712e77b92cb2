"""Numbers that float64 reads as 0, 1 or infinity, and that are none of these.

To tell them from the others takes their text, which the fast paths do not keep. So it is first
found out which cells are doubtful, and whether the text of a block can have such a number at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.readers.grammar import holds, parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray
    from bce_cli.readers.columns import Role
    from bce_cli.readers.grammar import Grammar

    ByteArray = npt.NDArray[np.uint8]
    Positions = npt.NDArray[np.intp]

_IN_NUMBERS = frozenset(b"0123456789.eE+-")
_ZERO, _NINE, _MINUS, _SMALL_E, _GREAT_E = b"09-eE"
_LONG_RUN, _SHORT_RUN = 15, 8


def doubtful(values: FloatArray, role: Role, grammar: Grammar) -> BoolArray:
    """Which cells may stand for another number than the one they were read as."""
    if role == "prediction" and grammar.logits:
        return np.isinf(values)
    found: BoolArray = values == 0.0
    return found if role == "weight" else found | (values == 1.0)


def are_held(texts: Iterable[str | None], decimal: str = ".") -> bool:
    """Whether every text that is a number stands for what float64 reads.

    Examples
    --------
    >>> are_held(["0.0", "1e0", "NA", None]), are_held(["1e-400"])
    (True, False)
    """
    for text in texts:
        value = parse_number(text or "", decimal)
        if value is not None and not holds(value, text or "", decimal):
            return False
    return True


def may_hide(text: ByteArray) -> bool:
    """Whether a number in some text may be read as 0 or 1, and be neither.

    Such a number has an exponent of three digits, or many zeros or nines that follow each other: to
    be read as 1 it takes sixteen nines or fifteen zeros, which a point parts at the most once, and
    that only where a negative exponent follows.
    """
    return any(len(found) for found in _signs(text))


def hides(data: memoryview) -> bool:
    """Whether a number in some text is read as 0 or 1, and is neither.

    Examples
    --------
    >>> hides(memoryview(b'{"p": 1e-400}')), hides(memoryview(b'{"p": 1e-300}'))
    (True, False)
    """
    text = np.frombuffer(data, np.uint8)
    end = 0
    for place in np.sort(np.concatenate(_signs(text))).tolist():
        if place < end:
            continue
        start, end = place, place + 1
        while start > 0 and text[start - 1] in _IN_NUMBERS:
            start -= 1
        while end < len(text) and text[end] in _IN_NUMBERS:
            end += 1
        if not are_held([bytes(data[start:end]).decode()]):
            return True
    return False


def _signs(text: ByteArray) -> list[Positions]:
    """Places of all that such a number must have one of."""
    before = text[:-1]
    minus = np.flatnonzero(text[1:] == _MINUS)
    minus = minus[(before[minus] == _SMALL_E) | (before[minus] == _GREAT_E)] + 1
    deep = minus[minus < len(text) - 3]
    for ahead in (1, 2, 3):
        digits = text[deep + ahead]
        deep = deep[(digits >= _ZERO) & (digits <= _NINE)]
    run = _SHORT_RUN if len(minus) else _LONG_RUN
    return [deep, _runs(text == _ZERO, run), _runs(text == _NINE, run)]


def _runs(same: BoolArray, length: int) -> Positions:
    """Places at which so many follow each other; 8 or 15."""
    for step in (1, 2, 4, 7)[: 3 if length == _SHORT_RUN else 4]:
        if len(same) <= step:
            return np.zeros(0, np.intp)
        same = same[:-step] & same[step:]
    return np.flatnonzero(same)
