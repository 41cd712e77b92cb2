"""JSON values as they are decoded: with the texts of numbers, and keys that are repeated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.readers.parts import Step

_KINDS = {"Pairs": "an object", "list": "an array", "str": "a string", "bool": "true or false"}


class Number(str):
    """The text of a JSON number, as it stands."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, in order, with repeated keys."""


decoder = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_float=Number, parse_int=Number, parse_constant=Number
)
"""Keeps the texts of numbers, and repeated keys."""


@dataclass(frozen=True, slots=True)
class JsonParts:
    """What some values have as their parts; see `parts.Parts`.

    Attributes
    ----------
    values : list
        As `decoder` makes them.
    """

    values: list[Any]

    def names(self) -> Sequence[str]:
        """Return the names of its parts; none if it has no such."""
        objects = (value for value in self.values if isinstance(value, Pairs))
        return list(dict.fromkeys(key for found in objects for key, _ in found))

    def n_elements(self) -> int:
        """Return how many parts it has that are counted from 0; where that differs, the most."""
        return max((len(value) for value in self.values if is_array(value)), default=0)

    def part(self, step: Step) -> Self | None:
        """Return one of them; None if there is no such."""
        if isinstance(step, int):
            arrays = (value for value in self.values if is_array(value))
            found = [value[step] for value in arrays if step < len(value)]
        else:
            objects = (value for value in self.values if isinstance(value, Pairs))
            found = [value for pairs in objects for key, value in pairs if key == step]
        return type(self)(found) if found else None


def is_array(value: object) -> bool:
    """Whether a value that was decoded is an array."""
    return isinstance(value, list) and not isinstance(value, Pairs)


def reason_of(error: ValueError) -> str:
    """Return why a text is not JSON."""
    reason = str(error).partition(": line ")[0]
    return f"{reason[:1].lower()}{reason[1:]}"


def kind_of(value: Any) -> str:  # noqa: ANN401 -- any JSON value
    """Call a JSON value by its kind."""
    if value is None:
        return "null"
    return _KINDS.get(type(value).__name__, "a number")
