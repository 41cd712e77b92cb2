"""States: what some rows came to, as values that are merged with those of the rows that follow."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Merge = Callable[[Any, Any], Any]


def merged(left: Any, right: Any) -> Any:  # noqa: ANN401 -- whatever has +=
    """Merge two values of which the first is used up, and the second stays as it is.

    None is what is known of no rows: merged with something it is a copy of that. Tuples are merged
    element by element, all else by ``+=``, in place where the value can.

    Examples
    --------
    >>> merged((1, None), (2, 3)), merged([1], [2])
    ((3, 3), [1, 2])
    """
    if right is None:
        return left
    if left is None:
        return deepcopy(right)
    if isinstance(left, tuple):
        return tuple(merged(*pair) for pair in zip(left, right, strict=True))
    left += right
    return left


def _first(left: Any, right: Any) -> Any:  # noqa: ANN401 -- any value
    return right if left is None else left


FIRST: Mapping[str, Merge] = MappingProxyType({"merge": _first})
"""Metadata of a field that is the same on both sides, as a name, or is known from the first on."""


def _both(left: Any, right: Any) -> Any:  # noqa: ANN401 -- whatever merges
    return None if left is None or right is None else merged(left, right)


BOTH: Mapping[str, Merge] = MappingProxyType({"merge": _both})
"""Metadata of a field that is None where it is not known of some of the rows."""


class State:
    """Base of dataclasses that hold what is known of some rows: they merge field by field.

    ``a += b`` gives what is known of the rows of both, those of `b` after those of `a`, each field
    as `merged` has it or as its metadata say. It uses `a` up and leaves `b` as it is; ``a + b``
    leaves both.

    Examples
    --------
    >>> from dataclasses import dataclass, field
    >>> @dataclass(frozen=True, slots=True)
    ... class Count(State):
    ...     name: str = field(metadata=FIRST)
    ...     n: int
    >>> Count("rows", 2) + Count("rows", 3)
    Count(name='rows', n=5)
    """

    __slots__ = ()

    def __iadd__(self, other: Self) -> Self:
        """Merge with what is known of the rows that follow."""
        cls: Any = type(self)
        both = ((rule, getattr(self, name), getattr(other, name)) for name, rule in _rules(cls))
        whole: Self = cls(*(rule(left, right) for rule, left, right in both))
        return whole

    def __add__(self, other: Self) -> Self:
        """Do the same, and leave both sides as they are."""
        whole = deepcopy(self)
        whole += other
        return whole


@cache
def _rules(cls: Any) -> tuple[tuple[str, Merge], ...]:  # noqa: ANN401 -- mypy takes no class for hashable
    """Return the names of the fields of a class, in order, and how each is merged."""
    return tuple((field.name, field.metadata.get("merge", merged)) for field in fields(cls))
