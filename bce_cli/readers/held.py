"""Numbers that float64 reads as 0, 1 or infinity, and that are none of these.

To tell them from the others takes their text, which the fast paths do not keep. So it is first
found out which cells are doubtful, and whether the text of a block can have such a number at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.readers.grammar import holds, parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    for place in np.sort(np.concatenate(list(_signs(text)))).tolist():
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


def _signs(text: ByteArray) -> Iterator[Positions]:
    """Places of all that such a number must have one of."""
    minus = np.flatnonzero(text[1:] == _MINUS) + 1
    before = text[minus - 1]
    minus = minus[(before == _SMALL_E) | (before == _GREAT_E)]
    deep = minus[minus < len(text) - 3]
    for ahead in (1, 2, 3):
        digits = text[deep + ahead]
        deep = deep[(digits >= _ZERO) & (digits <= _NINE)]
    yield deep
    for sign in (_ZERO, _NINE):
        yield _runs(text, sign, _SHORT_RUN if len(minus) else _LONG_RUN)


def _runs(text: ByteArray, sign: int, length: int) -> Positions:
    """Places in all runs of a sign that are as long, found by a look at every fourth or eighth."""
    kind = np.dtype(np.uint32 if length == _SHORT_RUN else np.uint64)
    step = kind.itemsize
    whole = np.frombuffer(bytes([sign]) * step, kind)[0]
    found = np.flatnonzero(text[: len(text) // step * step].view(kind) == whole) * step
    count = np.full(len(found), step)
    for start, way in ((found, -1), (found + step - 1, 1)):
        goes_on = np.ones(len(found), np.bool_)
        for distance in range(1, length - step + 1):
            goes_on &= text.take(start + way * distance, mode="clip") == sign
            count += goes_on
    return found[count >= length]
