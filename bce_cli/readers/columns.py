"""Which columns of a header hold the labels, the predictions and the ids."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.errors import DataError
from bce_cli.readers.customary_names import LABEL_NAMES, PREDICTION_NAMES
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.readers.grammar import Role

_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns asked for: a literal name, ``#3`` for the third, None for a customary name.

    Attributes
    ----------
    label, prediction : str or None
    weight, id, key : str or None
        Without a name these are not read. The key joins rows of two files.
    reads_label, reads_prediction : bool
        Whether the source has that column at all.
    """

    label: str | None = None
    prediction: str | None = None
    weight: str | None = None
    id: str | None = None
    key: str | None = None
    reads_label: bool = True
    reads_prediction: bool = True


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns found in one header.

    Attributes
    ----------
    names : tuple of str
        All names of the header.
    label, prediction, weight, id, key : int or None
        0-based positions; None for what is not read.
    """

    names: tuple[str, ...]
    label: int | None = None
    prediction: int | None = None
    weight: int | None = None
    id: int | None = None
    key: int | None = None

    @property
    def label_name(self) -> str:
        """Name of the label column; empty without one."""
        return "" if self.label is None else self.names[self.label]

    @property
    def prediction_name(self) -> str:
        """Name of the prediction column; empty without one."""
        return "" if self.prediction is None else self.names[self.prediction]

    @property
    def weight_name(self) -> str | None:
        """Name of the weight column; None without one."""
        return None if self.weight is None else self.names[self.weight]

    @property
    def numbers(self) -> tuple[tuple[Role, int], ...]:
        """The roles whose cells stand for numbers, with their positions."""
        places = (("label", self.label), ("prediction", self.prediction), ("weight", self.weight))
        return tuple((role, place) for role, place in places if place is not None)  # type: ignore[misc]

    @property
    def texts(self) -> tuple[tuple[str, int], ...]:
        """The roles whose cells are taken as text, with their positions."""
        places = (("id", self.id), ("key", self.key))
        return tuple((role, place) for role, place in places if place is not None)


def find_columns(names: Sequence[str], choice: ColumnChoice, source: str) -> Columns:
    """Find the chosen columns in a header.

    Parameters
    ----------
    names : sequence of str
        The header.
    choice : ColumnChoice
    source : str
        What messages call the input.

    Raises
    ------
    DataError
        A column is missing or ambiguous, or the same one would be two things.

    Examples
    --------
    >>> found = find_columns(["id", "y", "Prob"], ColumnChoice(id="#1"), "preds.csv")
    >>> found.label, found.prediction, found.id
    (1, 2, 0)
    """
    names = tuple(name.strip(" \t") for name in names)
    found = Columns(
        names,
        label=_find(names, choice.label, "label", source) if choice.reads_label else None,
        prediction=(
            _find(names, choice.prediction, "prediction", source)
            if choice.reads_prediction
            else None
        ),
        weight=_optional(names, choice.weight, source),
        id=_optional(names, choice.id, source),
        key=_optional(names, choice.key, source),
    )
    _refuse_double_roles(found, source)
    return found


def _refuse_double_roles(found: Columns, source: str) -> None:
    taken: dict[int, str] = {}
    for role, place in (*found.numbers, *found.texts):
        other = taken.setdefault(place, role)
        if other == role or {other, role} == {"id", "key"}:
            continue
        name = quoted(found.names[place])
        if role in ("id", "key"):
            hint = "every row has a number of its own without an id" if role == "id" else None
            message = f"{source}: column {name} cannot be the {role} as well"
            raise DataError(message, hint)
        message = f"{source}: column {name} cannot be both {other} and {role}"
        raise DataError(message)


def _optional(names: tuple[str, ...], wanted: str | None, source: str) -> int | None:
    return None if wanted is None else _by_name(names, wanted, source)


def _find(names: tuple[str, ...], wanted: str | None, role: Role, source: str) -> int:
    if wanted is not None:
        return _by_name(names, wanted, source)
    customary = LABEL_NAMES if role == "label" else PREDICTION_NAMES
    found = [i for i, name in enumerate(names) if name.lower() in customary]
    if len(found) == 1:
        return found[0]
    hint = f"choose one with --{role}; {_listed(names)}"
    if not found:
        message = (
            f"{source}: no column has a customary name for the {role}, such as '{customary[0]}'"
        )
        raise DataError(message, hint)
    several = ", ".join(quoted(names[i]) for i in found)
    message = f"{source}: several columns could be the {role}: {several}"
    raise DataError(message, hint)


def _by_name(names: tuple[str, ...], wanted: str, source: str) -> int:
    found = [i for i, name in enumerate(names) if name == wanted.strip(" \t")]
    if len(found) == 1:
        return found[0]
    if found:
        places = " and ".join(f"#{i + 1}" for i in found)
        message = f"{source}: several columns are called {quoted(wanted)}: {places}"
        raise DataError(message, f"choose one by its place, such as #{found[0] + 1}")
    if re.fullmatch(r"#[0-9]{1,9}", wanted):
        place = int(wanted[1:])
        if 1 <= place <= len(names):
            return place - 1
        message = f"{source}: there is no column {wanted}, only {len(names)}"
        raise DataError(message, _listed(names))
    by_lower = {name.lower(): name for name in reversed(names)}
    close = [by_lower[name] for name in difflib.get_close_matches(wanted.lower(), by_lower, n=3)]
    also = f"; did you mean {' or '.join(quoted(name) for name in close)}?" if close else ""
    message = f"{source}: there is no column {quoted(wanted)}{also}"
    raise DataError(message, _listed(names))


def _listed(names: tuple[str, ...]) -> str:
    listed = ", ".join(quoted(name) for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"the columns are {listed}" + (f" and {more} more" if more > 0 else "")
