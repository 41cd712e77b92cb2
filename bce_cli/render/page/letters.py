"""How wide words are, and what is left of them where there is less room."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = 13.0
"""Of all letters, in pixels: on a phone, where a picture is made smaller, they are 10 high."""

_CUT = "…"
_UNBROKEN = "\N{NO-BREAK SPACE}%"
_TRIALS = 8
_HEAD, _END = 0.25, 0.4  # of a name that is cut twice
_WIDE = 1.0  # letters of Chinese, Japanese and Korean
_OTHER = 0.72  # of most scripts; those of wider letters have fewer
_WIDTHS = (
    "'=27 ijl=28 IJ=29 ,.=32 /:;\\|=34 f=35 -=36 ()[]t=39 !=40 r=41 \"=46 *_`=50 sz=52 ?=53 c=55 "
    "L=56 Fk=58 vxy=59 P=60 TYao=61 e=62 ESbdghnpqu=63 $0123456789{}=64 K=66 AV=68 BRXZ=69 C=70 "
    "U=73 HN=75 DG=77 &=78 OQ=79 w=82 #+<>^~=84 M=86 %=95 m=97 W=99 @=100"
)
"""Hundredths of the size, of DejaVu Sans: other fonts that pages are shown in are narrower."""


@cache
def _widths() -> dict[str, float]:
    found = {" ": 0.32, "\N{NO-BREAK SPACE}": 0.32, "=": 0.84, _CUT: 1.0}
    for group in _WIDTHS.split(" "):
        letters, _, width = group.rpartition("=")
        found |= dict.fromkeys(letters, int(width) / 100.0)
    return found


def width_of(text: str) -> float:
    """Return how much room a line of text takes at most, in pixels.

    Examples
    --------
    >>> round(width_of("loss"), 2), round(width_of("漢字"), 2), width_of("")
    (25.09, 26.0, 0.0)
    """
    known = _widths()
    return SIZE * sum(known[c] if c in known else _width(c) for c in text)


def _width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _OTHER


def fitted(text: str, room: float) -> str:
    """Return a text, or as much of its beginning as there is room for.

    Examples
    --------
    >>> fitted("logistic", 100.0), fitted("logistic", 40.0), fitted("logistic", 0.0)
    ('logistic', 'logi…', '…')
    """
    if width_of(text) <= room:
        return text
    left = room - width_of(_CUT)
    for n, letter in enumerate(text):
        left -= width_of(letter)
        if left < 0.0:
            return text[:n].rstrip() + _CUT
    return text + _CUT  # not reached: all of it would have fit


def fitted_name(name: str, room: float) -> str:
    """Do so for a name, of which beginning and end are left: either may be what tells it apart.

    Examples
    --------
    >>> fitted_name("model", 80.0), fitted_name("probability_of_a", 80.0)
    ('model', 'prob…_of_a')
    """
    if width_of(name) <= room:
        return name
    half = (room + width_of(_CUT)) / 2.0
    end = fitted(name[::-1], half)[::-1].removeprefix(_CUT)
    while end and unicodedata.combining(end[0]):
        end = end[1:]  # an accent whose letter is gone
    return fitted(name, half) + end


def fitted_names(names: Sequence[str], room: float) -> list[str]:
    """Do so for names side by side; of those that begin alike, that is left where they part.

    Examples
    --------
    >>> fitted_names(["part number 1 of the first file (2 %)", "part number 2 of it (3 %)"], 120.0)
    ['pa…1 of th…(2 %)', 'pa…2 of it (3 %)']
    """
    shown = [fitted_name(name, room) for name in names]
    alike: dict[str, list[str]] = {}
    for name, text in zip(names, shown, strict=True):
        if text != name:
            alike.setdefault(text.partition(_CUT)[0], []).append(name)
    for group in alike.values():
        first, last = min(group), max(group)
        pairs = enumerate(zip(first, last, strict=False))
        parting = next((at for at, (a, b) in pairs if a != b), min(map(len, group)))
        for name in group if len(group) > 1 else ():
            shown[names.index(name)] = _with_middle(name, parting, room)
    return shown


def _with_middle(name: str, start: int, room: float) -> str:
    """Return some of a name: its beginning, what follows from a letter on, and its end."""
    end = fitted(name[::-1], _END * room)[::-1].removeprefix(_CUT)
    if len(name) - start <= len(end):
        return fitted_name(name, room)
    while unicodedata.combining(name[start]):
        start -= 1
    head = fitted(name[:start], _HEAD * room)
    rest = name[start : len(name) - len(end)]
    return head + fitted(rest, room - width_of(head) - width_of(end)) + end


def lines_of(text: str, room: float) -> list[str]:
    """Break a text between words into as few lines as have room, about as long as each other.

    Examples
    --------
    >>> lines_of("mean loss of each model", 90.0)
    ['mean loss of', 'each model']
    """
    words = text.replace(" %", _UNBROKEN).split(" ")
    lines = _broken(words, room)
    least = width_of(text) / len(lines)
    for part in range(_TRIALS):
        evener = _broken(words, least + (room - least) * part / _TRIALS)
        if len(evener) <= len(lines):
            lines = evener
            break
    return [fitted(line, room).replace(_UNBROKEN, " %") for line in lines if line]


def _broken(words: Sequence[str], room: float) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if width_of(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
