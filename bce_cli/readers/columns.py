"""Which columns of a header hold the labels, the predictions and the ids."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from bce_cli.errors import DataError, quoted
from bce_cli.readers.parts import Header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.readers.parts import Parts, Step


Role: TypeAlias = Literal["label", "prediction", "weight"]
"""What the numbers of a column are."""

_MOST_LISTED = 20
_MOST_MEANT = 3

WATCHED = "watched"
"""Key of an id that nobody has named: what cannot be read of it is no error."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LABEL_NAMES = _words(
    "label labels y y_true true truth ground_truth target targets y_test actual observed "
    "outcome event"
)
"""Customary names of the label column; case does not matter."""

PREDICTION_NAMES = _words(
    "prediction predictions pred preds predicted p prob probs probability probabilities proba "
    "y_prob y_proba y_pred y_score y_hat yhat p_hat phat score scores forecast"
)
"""Customary names of the prediction column; case does not matter."""

ID_NAMES = _words(
    "id row_id rowid record_id recordid example_id sample_id case_id instance_id uid uuid guid"
)
"""Customary names of a column that says which rows are the same; case does not matter."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns asked for: a literal name, ``#3`` for the third, None for a customary name.

    Attributes
    ----------
    label, prediction : str or None
    weight, id, key, cluster : str or None
        Without a name these are not read. The key joins rows of two files; rows of one cluster
        depend on each other.
    rivals : tuple of str
        Predictions of further models.
    segments : tuple of str
        Columns whose values part the rows.
    watches_ids : bool
        Where no id is named, read a column of a customary name for it as well, if there is one and
        it can be read.
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
    cluster: str | None = None
    rivals: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    watches_ids: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """All columns that have been named."""
        single = (self.label, self.prediction, self.weight, self.id, self.key, self.cluster)
        return (*(name for name in single if name is not None), *self.rivals, *self.segments)


class NumberColumn(NamedTuple):
    """A column whose cells stand for numbers; `key` is another for each, even of the same role."""

    key: str
    role: Role
    place: int


class TextColumn(NamedTuple):
    """A column whose cells are taken as text."""

    key: str
    place: int


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns found in one header.

    Attributes
    ----------
    names : tuple of str
        All names of the header, and behind them those of parts of columns that were asked for.
    label, prediction, weight, id, key, cluster : int or None
        0-based positions; None for what is not read.
    rivals, segments : tuple of int
    watched : int or None
        An id that nobody has named; it is read as ids are.
    paths : tuple of tuple of Step
        What leads to those parts, from the header's name on; one for each of the last names.
    """

    names: tuple[str, ...]
    label: int | None = None
    prediction: int | None = None
    weight: int | None = None
    id: int | None = None
    key: int | None = None
    cluster: int | None = None
    rivals: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    watched: int | None = None
    paths: tuple[tuple[Step, ...], ...] = ()

    def path(self, place: int) -> tuple[Step, ...]:
        """Return what leads to a column: its name, and from there on to a part of it."""
        part = place - (len(self.names) - len(self.paths))
        return (self.names[place],) if part < 0 else self.paths[part]

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
    def cluster_name(self) -> str | None:
        """Name of the cluster column; None without one."""
        return None if self.cluster is None else self.names[self.cluster]

    @property
    def watched_name(self) -> str | None:
        """Name of an id that nobody has named; None without one."""
        return None if self.watched is None else self.names[self.watched]

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Names of the columns that part the rows."""
        return tuple(self.names[place] for place in self.segments)

    @property
    def numbers(self) -> tuple[NumberColumn, ...]:
        """The columns whose cells stand for numbers."""
        roles: tuple[tuple[Role, int | None], ...] = (
            ("label", self.label),
            ("prediction", self.prediction),
            ("weight", self.weight),
        )
        return (
            *(NumberColumn(role, role, place) for role, place in roles if place is not None),
            *(
                NumberColumn(f"prediction {index}", "prediction", place)
                for index, place in enumerate(self.rivals, start=2)
            ),
        )

    @property
    def wanted(self) -> tuple[tuple[str, int], ...]:
        """The keys and places of all columns that are read."""
        return (*((key, place) for key, _, place in self.numbers), *self.texts)

    @property
    def texts(self) -> tuple[TextColumn, ...]:
        """The columns whose cells are taken as text."""
        places = (("id", self.id), ("key", self.key), ("cluster", self.cluster))
        return (
            *(TextColumn(key, place) for key, place in places if place is not None),
            *(TextColumn(f"segment {i}", place) for i, place in enumerate(self.segments, start=1)),
            *(() if self.watched is None else (TextColumn(WATCHED, self.watched),)),
        )


def find_columns(
    names: Sequence[str], choice: ColumnChoice, source: str, whole: Parts | None = None
) -> Columns:
    """Find the chosen columns in a header, or parts of them.

    Parameters
    ----------
    names : sequence of str
        The header.
    choice : ColumnChoice
    source : str
        What messages call the input.
    whole : Parts, optional
        Of a record, where columns may have parts. A column that is called so comes first.

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
    header = Header((name.strip(" \t") for name in names), whole, choice.named)
    names = header

    def at(wanted: str | None, role: Role | None = None) -> int | None:
        if wanted is not None:
            return _by_name(names, wanted, source)
        return None if role is None else _customary(names, role, source)

    found = Columns(
        tuple(names),
        label=at(choice.label, "label") if choice.reads_label else None,
        prediction=at(choice.prediction, "prediction") if choice.reads_prediction else None,
        weight=at(choice.weight),
        id=at(choice.id),
        key=at(choice.key),
        cluster=at(choice.cluster),
        rivals=tuple(_by_name(names, name, source) for name in choice.rivals),
        segments=tuple(_by_name(names, name, source) for name in choice.segments),
        paths=header.paths,
    )
    _refuse_double_roles(found, source)
    return replace(found, watched=_customary_id(found)) if choice.watches_ids else found


def _customary_id(found: Columns) -> int | None:
    """Return the first column with a customary name for an id that is nothing else."""
    taken = {place for _, place in found.wanted}
    places = {name.lower(): at for at, name in reversed([*enumerate(found.names)])}
    ids = (places[name] for name in ID_NAMES if name in places)
    return next((place for place in ids if place not in taken), None)


def _refuse_double_roles(found: Columns, source: str) -> None:
    taken: dict[int, str] = {}
    for number in found.numbers:
        name, other = quoted(found.names[number.place]), taken.get(number.place)
        if other == number.role:
            message = f"{source}: column {name} was named as a {number.role} more than once"
            raise DataError(message)
        if other is not None:
            message = f"{source}: column {name} cannot be both {other} and {number.role}"
            raise DataError(message)
        taken[number.place] = number.role
    for text in found.texts:
        if text.place in taken:
            name = quoted(found.names[text.place])
            hint = "every row has a number of its own without an id" if text.key == "id" else None
            role = text.key.partition(" ")[0]
            message = f"{source}: column {name} cannot be the {role} as well"
            raise DataError(message, hint)
    for index, place in enumerate(found.segments):
        if place in found.segments[:index]:
            name = quoted(found.names[place])
            message = f"{source}: column {name} was named as a segment more than once"
            raise DataError(message)


def _customary(names: tuple[str, ...], role: Role, source: str) -> int:
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
        n_columns = getattr(names, "n_columns", len(names))
        if 1 <= place <= n_columns:
            return place - 1
        message = f"{source}: there is no column {wanted}, only {n_columns}"
        raise DataError(message, _listed(names))
    close = _close_to(wanted, (*names, *getattr(names, "all_parts", ())))
    also = f"; did you mean {' or '.join(quoted(name) for name in close)}?" if close else ""
    message = f"{source}: there is no column {quoted(wanted)}{also}"
    raise DataError(message, _listed(names))


def _close_to(wanted: str, names: tuple[str, ...]) -> list[str]:
    """Return names like this one; also those of parts which, in their column, are called so."""
    ends = [name for name in names if name.lower().endswith(f".{wanted.lower()}")]
    by_lower = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(wanted.lower(), by_lower, n=_MOST_MEANT)
    return list(dict.fromkeys([*ends, *(by_lower[name] for name in close)]))[:_MOST_MEANT]


def _listed(names: tuple[str, ...]) -> str:
    names = tuple(getattr(names, "all_parts", ())) or names
    if not names:
        return "there are no columns"
    listed = ", ".join(quoted(name) for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"the columns are {listed}" + (f" and {more} more" if more > 0 else "")
