"""Predictions of several models by a pattern of their names: -p 'p_*' in place of each of them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bce_cli.storage.paths import is_pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_ELEMENT = re.compile(r"\[[0-9]{1,9}\]")


def must_match_several(name: str) -> bool:
    """Whether a name is a pattern, where ``proba[1]`` is an element rather than ``proba1``.

    Examples
    --------
    >>> must_match_several("p_*"), must_match_several("proba[1]"), must_match_several("p[1]_*")
    (True, False, True)
    """
    return is_pattern(_ELEMENT.sub("", name))


def expanded(asked: Sequence[str], there: Collection[str], *free: Sequence[str]) -> list[str]:
    """Put in place of each pattern the names that match it.

    Parameters
    ----------
    asked : sequence of str
        Names and patterns. What is called just as a pattern is no pattern.
    there : collection of str
        All names.
    *free : sequence of str
        Those that may match, in the order in which they do; the first of these sequences counts in
        which one does. Letters match as they are written.

    Returns
    -------
    list of str
        Each name once. What is named by itself stands where it is named, and a pattern that nothing
        matches stays.

    Examples
    --------
    >>> expanded(["old", "p_*", "q?"], ["y", "p_a", "old", "p_b"], ["p_a", "old", "p_b"])
    ['old', 'p_a', 'p_b', 'q?']
    """
    literal = {name.strip(" \t") for name in asked} & {*there}

    def names() -> Iterator[str]:
        for name in asked:
            if name.strip(" \t") in literal or not is_pattern(name):
                yield name
                continue
            each = ([*_matching(name, some)] for some in free)
            yield from (found for found in next(filter(None, each), [name]) if found not in literal)

    return list(dict.fromkeys(names()))


def _matching(pattern: str, names: Sequence[str]) -> Iterator[str]:
    return (name for name in names if fnmatchcase(name, pattern.strip(" \t")))
