"""What parts of a column are called, in every format: ``pred.p``, ``proba[1]``, ``a.b[0].c``.

Points lead to what has names, brackets to what is counted from 0. A column of that very name comes
first, and so does the longest name at each step.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

from bce_cli.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MOST_HINTED, _MOST_ELEMENTS, _MOST_PARTS = 2, 2, 1000
_DEEPEST = 8  # parts of parts, where they are listed
_ELEMENT = re.compile(r"\[([0-9]{1,9})\]")

Step: TypeAlias = "str | int"
"""Leads from a column, or a part of one, to a part of it: a name, or the place in a list from 0."""


class Parts(Protocol):
    """What a record, a column or a part of one holds."""

    def names(self) -> Sequence[str]:
        """Return the names of its parts; none if it has no such."""

    def n_elements(self) -> int:
        """Return how many parts it has that are counted from 0; where that differs, two."""

    def part(self, step: Step) -> Self | None:
        """Return one of them; None if there is no such."""


def path_to(name: str, whole: Parts) -> tuple[Step, ...] | None:
    """Find out what leads to a part, which is called ``pred.p``, ``proba[1]`` or ``a.b[0].c``.

    A name may have points and brackets itself; the longest one that there is counts.

    Parameters
    ----------
    name : str
    whole : Parts
        Of a record.

    Returns
    -------
    tuple of Step or None
        None if there is no such part.
    """
    found = _rest_of_path(name, whole)
    return None if found is None else tuple(found)


def _rest_of_path(text: str, whole: Parts) -> list[Step] | None:
    steps: list[tuple[Step, str]] = [
        (name, text[len(name) :])
        for name in sorted(whole.names(), key=len, reverse=True)
        if text.startswith(name) and text[len(name) :][:1] in ("", ".", "[")
    ]
    element = _ELEMENT.match(text)
    if element is not None and whole.n_elements():
        steps.append((int(element[1]), text[element.end() :]))
    for step, rest in steps:
        part = whole.part(step)
        if part is None:
            continue
        if not rest:
            return [step]
        if rest[0] in ".[":
            found = _rest_of_path(rest.removeprefix("."), part)
            if found is not None:
                return [step, *found]
    return None


def part_names(whole: Parts, name: str = "", depth: int = _DEEPEST) -> Iterator[str]:
    """Yield what the innermost parts are called, in their order."""
    names, n_elements = whole.names(), whole.n_elements()
    steps: list[tuple[Step, str]] = [(step, f"{name}.{step}" if name else step) for step in names]
    steps += [(step, f"{name}[{step}]") for step in range(min(n_elements, _MOST_ELEMENTS))]
    if name and not (steps and depth):
        yield name
    for step, longer in steps:
        part = whole.part(step)
        if part is not None:
            yield from part_names(part, longer, depth - 1)


def part_hint(whole: Parts, path: Sequence[Step], name: str) -> str | None:
    """Say how parts of a column are named; None if it has none."""
    found: Parts | None = whole
    for step in path:
        found = None if found is None else found.part(step)
    if found is None:
        return None
    if not (found.names() or found.n_elements()):
        return None
    shown = " or ".join(quoted(part) for part in islice(part_names(found, name), _MOST_HINTED))
    return f"name a part of it, such as {shown}"


class Header(tuple[str, ...]):  # noqa: SLOT001 -- a tuple has no room for slots
    """The names of columns, and behind them those of parts of columns that were asked for.

    Parameters
    ----------
    names : iterable of str
    whole : Parts, optional
        Of a record, where columns may have parts.
    wanted : sequence of str
        What was asked for.

    Attributes
    ----------
    n_columns : int
    paths : tuple of tuple of Step
        What leads to those parts; one for each of the last names.
    whole : Parts or None
    """

    n_columns: int
    paths: tuple[tuple[Step, ...], ...]
    whole: Parts | None

    def __new__(cls, names: Iterable[str], whole: Parts | None, wanted: Sequence[str]) -> Self:
        """Look for what was asked for and is no column."""
        columns = tuple(names)
        paths: dict[str, tuple[Step, ...]] = {}
        for name in (name.strip(" \t") for name in wanted):
            if whole is not None and name not in columns and ("." in name or "[" in name):
                path = path_to(name, whole)
                if path is not None:
                    paths[name] = path
        header = super().__new__(cls, (*columns, *paths))
        header.n_columns, header.paths, header.whole = len(columns), (*paths.values(),), whole
        return header

    @property
    def all_parts(self) -> list[str]:
        """Columns that have no parts, and behind them parts; empty where none may have any."""
        if self.whole is None:
            return []
        columns = set(self[: self.n_columns])
        names = islice(part_names(self.whole), _MOST_PARTS)
        return sorted(names, key=lambda name: name not in columns)
