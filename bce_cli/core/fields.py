"""The members of a saved record, each checked as it is taken."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from bce_cli.errors import DataError, quoted, safe_text
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_MOST = 2**63 - 1
_EXACT = 2**53
_OR_NULL = ", or null"


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of JSON, and where it stands.

    All methods raise `DataError` where a member is missing, or not what it must be. Those that
    begin with `maybe_` take what is null or missing as None: older versions have saved less.

    Attributes
    ----------
    members : mapping
    name : str
        What messages call the file.
    place : str
        The names before that of a member, as ``models[1].``.

    Examples
    --------
    >>> fields = Fields({"n": 3, "mean_loss": None}, "saved.json")
    >>> fields.count("n"), fields.number("mean_loss", null=math.inf), fields.maybe_text("id")
    (3, inf, None)
    >>> fields.number("mean_loss")
    Traceback (most recent call last):
    ...
    bce_cli.errors.DataError: saved.json: mean_loss must be a number, not 'null'
    """

    members: Mapping[str, Any]
    name: str
    place: str = ""

    def __contains__(self, key: str) -> bool:
        """Return whether there is such a member."""
        return key in self.members

    def refuse(self, key: str, domain: str) -> NoReturn:
        """Say what a member must be."""
        place = safe_text(f"{self.name}: {self.place}{key}")
        message = f"{place} must be {domain}, not {_shown(self.members[key])}"
        raise DataError(message)

    def number(
        self,
        key: str,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        null: float | None = None,
    ) -> float:
        """Return a number in [low, high].

        Parameters
        ----------
        key : str
        low, high : float, optional
        null : float, optional
            What null stands for; it may be that itself, too.
        """
        value = self._value(key)
        if null is not None and (value is None or value == null):
            return null
        found = finite(value)
        if found is None or not low <= found <= high:
            self.refuse(key, _domain(low, high) + _OR_NULL * (null is not None))
        return found

    def maybe_number(
        self, key: str, low: float = -math.inf, high: float = math.inf
    ) -> float | None:
        """Return a number in [low, high], or None."""
        value = self.members.get(key)
        if value is None:
            return None
        found = finite(value)
        if found is None or not low <= found <= high:
            self.refuse(key, _domain(low, high) + _OR_NULL)
        return found

    def count(self, key: str, least: int = 0) -> int:
        """Return a whole number of at least so much."""
        value = self._value(key)
        if type(value) is not int or not least <= value <= _MOST:
            self.refuse(key, f"a whole number of {least} or more")
        return value

    def maybe_count(self, key: str, least: int = 0) -> int | None:
        """Return a whole number of at least so much, or None."""
        value = self.members.get(key)
        if value is None:
            return None
        if type(value) is not int or not least <= value <= _MOST:
            self.refuse(key, f"a whole number of {least} or more{_OR_NULL}")
        return value

    def text(self, key: str) -> str:
        """Return a text."""
        value = self._value(key)
        if not isinstance(value, str):
            self.refuse(key, "a text")
        return value

    def maybe_text(self, key: str) -> str | None:
        """Return a text, or None."""
        value = self.members.get(key)
        if value is not None and not isinstance(value, str):
            self.refuse(key, f"a text{_OR_NULL}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; none where there is no such member."""
        values = self.members.get(key, ())
        if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
            self.refuse(key, "a list of texts")
        return tuple(values)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return a truth value; the default where there is no such member."""
        value = self._value(key) if default is None else self.members.get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, "true or false")
        return value

    def choice(self, key: str, names: Collection[str]) -> Any:  # noqa: ANN401 -- some Literal
        """Return one of some names."""
        value = self._value(key)
        if not isinstance(value, str) or value not in names:
            self.refuse(key, _listed(names))
        return value

    def maybe_choice(self, key: str, names: Collection[str]) -> Any:  # noqa: ANN401 -- as above
        """Return one of some names, or None."""
        value = self.members.get(key)
        if value is not None and not (isinstance(value, str) and value in names):
            self.refuse(key, _listed(names) + _OR_NULL)
        return value

    def numbers(self, key: str, low: float, high: float) -> tuple[float, ...]:
        """Return a list of numbers, each in [low, high]; none where there is no such member."""
        values = self.members.get(key, ())
        if not isinstance(values, list | tuple):
            self.refuse(key, "a list")
        places = {f"{key}[{place}]": value for place, value in enumerate(values)}
        within = Fields(places, self.name, self.place)
        return tuple(within.number(place, low, high) for place in places)

    def one(self, key: str) -> Fields:
        """Return an object."""
        value = self._value(key)
        if not isinstance(value, dict):
            self.refuse(key, "an object")
        return Fields(value, self.name, f"{self.place}{key}.")

    def maybe_one(self, key: str) -> Fields | None:
        """Return an object, or None."""
        return None if self.members.get(key) is None else self.one(key)

    def all(self, key: str) -> list[Fields]:
        """Return a list of objects; none where there is no such member."""
        values = self.members.get(key, ())
        if not isinstance(values, list | tuple) or not all(isinstance(v, dict) for v in values):
            self.refuse(key, "a list of objects")
        return [
            Fields(value, self.name, f"{self.place}{key}[{place}].")
            for place, value in enumerate(values)
        ]

    def _value(self, key: str) -> Any:  # noqa: ANN401 -- any JSON value
        if key not in self.members:
            message = f"{safe_text(self.name)}: there is no key {quoted(self.place + key)}"
            raise DataError(message)
        return self.members[key]


def finite(value: Any) -> float | None:  # noqa: ANN401 -- any JSON value
    """Return a finite number, a whole one that is exact as it is; None for any other value."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) <= sys.float_info.max:
        return None
    return value if abs(value) < _EXACT else float(value)


def _domain(low: float, high: float) -> str:
    if high < math.inf:
        return f"a number in [{low:g}, {high:g}]"
    return "a number" if low == -math.inf else f"a number of {low:g} or more"


def _listed(names: Collection[str]) -> str:
    first = list(names)
    return first[0] if len(first) == 1 else f"{', '.join(first[:-1])} or {first[-1]}"


def _shown(value: Any) -> str:  # noqa: ANN401 -- any JSON value
    """Show any JSON value on one line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return quoted(value if isinstance(value, str) else json.dumps(value, default=repr))
