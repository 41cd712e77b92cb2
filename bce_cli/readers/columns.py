"""Which columns of a header hold the labels, the predictions and the ids."""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from bce_cli.core.arguments import is_place
from bce_cli.errors import DataError, argument, did_you_mean, given, quoted
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.parts import Header
from bce_cli.storage.paths import is_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bce_cli.core.cuts import Cut
    from bce_cli.readers.parts import Parts, Step


Role: TypeAlias = Literal["label", "prediction", "weight"]
"""What the numbers of a column are."""

_MOST_DIGITS = 9  # of the place of a column
_MOST_LISTED = 20
_SIGN = re.compile(r"[,;|:~^!/\\]")
"""What may stand between fields that were taken for one."""

_INDEX = r"|index|Unnamed: [0-9]+|__index_level_[0-9]+__"
"""Names that pandas gives to the numbers of rows."""

USAGE = "usage"
"""Column of a solution of Kaggle, in lower case, that says which rows count for which score."""
_MAY_PART = re.compile(r"[,;\t| ]")
"""What stands in a header of several columns that was not taken for such."""

WATCHED = "watched"
"""Key of an id that nobody has named: what cannot be read of it is no error."""
MAY_BE_LEFT_OUT = ("cluster", "order")
"""Roles of columns of text in which a blank cell is a missing value."""
MUST_HAVE_TEXT = ("key", *MAY_BE_LEFT_OUT)
"""Roles of columns of which no cell of a row that counts may be blank."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LABEL_NAMES = _words(
    "label labels y y_true true truth ground_truth target targets y_test actual observed "
    "outcome event"
)
"""Customary names of the label column; case does not matter."""

PREDICTION_NAMES = _words(
    "prediction predictions pred preds predicted p prob probs probability probabilities proba "
    "y_prob y_proba y_pred y_pred_proba pred_proba prob_1 proba_1 probability_1 y_score y_hat yhat "
    "p_hat phat score scores forecast"
)
"""Customary names of the prediction column; case does not matter."""

LOGIT_NAMES = _words("logit logits")
"""The same, where predictions are logits: these come first."""

ID_NAMES = _words(
    "id row_id rowid record_id recordid example_id sample_id case_id instance_id uid uuid guid"
)
"""Customary names of a column that says which rows are the same; case does not matter."""

BY_PLACE = {"label": "#1", "prediction": "#2"}
LABELS_BESIDE = f"{given(labels='FILE')} has the labels, in the same order"
"""What hints say where columns have no names."""


class Folder(NamedTuple):
    """What a folder of a path says of all rows in a file, such as ``day=2026-11-01``.

    Attributes
    ----------
    name : str
    text : str or None
        None where the folder stands for rows without a value.
    """

    name: str
    text: str | None


class Beside(NamedTuple):
    """The header of the predictions, as whoever looks for their labels elsewhere has to know it.

    Attributes
    ----------
    source : str
        What messages call it.
    prediction : str
        Name of the prediction column.
    names : tuple of str
        All names.
    """

    source: str
    prediction: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns asked for: a literal name, ``#3`` for the third, None for a customary name.

    Attributes
    ----------
    label, prediction : str or None
    weight, id, cluster : str or None
        Without a name these are not read. Rows of one cluster depend on each other.
    keys : tuple of str
        Columns that join rows of two files, all together.
    rivals : tuple of str
        Predictions of further models.
    segments : tuple of str
        Columns whose values part the rows.
    cuts : dict of str to Cut
        Which of these hold numbers that are cut into intervals.
    order : str or None
        Rows of a smaller value of this column came before; it is read as text.
    watches_ids : bool
        Where no id is named, read a column of a customary name for it as well, if there is one and
        it can be read.
    reads_label, reads_prediction : bool
        Whether the source has that column at all.
    of_logits : bool
        Whether predictions are logits, which have customary names of their own.
    takes_rest : bool
        Labels and predictions are in different files, so that the one column that is nothing else
        is the label or the prediction, where none has a customary name.
    may_lack : bool
        Weight, id, cluster, order and segments may stand in another file instead.
    beside : Beside, optional
        The header of the predictions, where these are the labels.
    prefers : str, optional
        What predictions are called before any customary name, where there is such a column.
    least_models : int, optional
        Names of predictions may be patterns, such as ``p_*``, and so many models there must be.
        None where they are names alone, and 0 where a list would make patterns of them.
    truth : str, optional
        Where there are several sources: what a hint calls the file that may hold their labels.
    folders : tuple of Folder
        What the path of a source says of its rows, which any text and the weight may be.
    """

    label: str | None = None
    prediction: str | None = None
    weight: str | None = None
    id: str | None = None
    keys: tuple[str, ...] = ()
    reads_label: bool = True
    reads_prediction: bool = True
    cluster: str | None = None
    rivals: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    order: str | None = None
    watches_ids: bool = False
    takes_rest: bool = False
    may_lack: bool = False
    beside: Beside | None = None
    folders: tuple[Folder, ...] = ()
    of_logits: bool = False
    truth: str | None = None
    prefers: str | None = None
    least_models: int | None = None
    cuts: Mapping[str, Cut] = field(default_factory=dict)

    def with_preferred(self, names: Sequence[str]) -> ColumnChoice:
        """Return the choice that is left once it is known what columns there are."""
        is_there = self.prediction is None and self.prefers in names
        return replace(self, prediction=self.prefers) if is_there else self

    @property
    def predictions(self) -> tuple[str, ...]:
        """What predictions are asked for by, the baseline first; none for a customary name."""
        return () if self.prediction is None else (self.prediction, *self.rivals)

    @property
    def without_patterns(self) -> ColumnChoice:
        """The same, but for predictions, where some of them are named by patterns."""
        is_open = bool(self.least_models) and any(map(is_pattern, self.predictions))
        return replace(self, rivals=(), reads_prediction=False) if is_open else self

    @property
    def is_one_number(self) -> bool:
        """Whether labels alone or predictions alone are read, so that one column says it all."""
        single = (self.weight, self.id, self.cluster, self.order)
        others = (*single, *self.keys, *self.rivals, *self.segments)
        return self.reads_label != self.reads_prediction and not any(others)

    @property
    def named(self) -> tuple[str, ...]:
        """All columns that have been named."""
        single = (self.label, self.prediction, self.weight, self.id, self.cluster, self.order)
        named = (name for name in single if name is not None)
        return (*named, *self.keys, *self.rivals, *self.segments)

    def parted(self, found: Columns) -> tuple[ColumnChoice, ColumnChoice]:
        """Return what of this is read of the predictions, and what is left to their labels.

        Parameters
        ----------
        found : Columns
            What the predictions have of it.
        """
        pairs = tuple(zip(self.segments, found.segments, strict=True))
        has_weight, has_id = found.weight is not None, found.id is not None
        has_cluster, has_order = found.cluster is not None, found.order is not None
        here = replace(
            self,
            weight=self.weight if has_weight else None,
            id=self.id if has_id else None,
            cluster=self.cluster if has_cluster else None,
            order=self.order if has_order else None,
            segments=tuple(name for name, place in pairs if place is not None),
            may_lack=False,
        )
        there = ColumnChoice(
            weight=None if has_weight else self.weight,
            id=None if has_id else self.id,
            cluster=None if has_cluster else self.cluster,
            order=None if has_order else self.order,
            segments=tuple(name for name, place in pairs if place is None),
            cuts=self.cuts,
        )
        return here, there


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
    """The columns found in one header, and in the folders of its path.

    Attributes
    ----------
    names : tuple of str
        All names of the header, and behind them those of parts of columns that were asked for.
    label, prediction, weight, id, cluster, order : int or None
        0-based positions, those of folders behind all names; None for what is not read.
    keys, rivals : tuple of int
    segments : tuple of int or None
        None for one that stands in another file.
    cuts : dict of str to Cut
        By the keys of those segments that hold numbers.
    watched : int or None
        An id that nobody has named; it is read as ids are.
    folders : tuple of Folder
    paths : tuple of tuple of Step
        What leads to those parts, from the header's name on; one for each of the last names.
    models : tuple of str
        Where names of predictions were patterns: what all of them are asked for by.
    """

    names: tuple[str, ...]
    label: int | None = None
    prediction: int | None = None
    weight: int | None = None
    id: int | None = None
    keys: tuple[int, ...] = ()
    cluster: int | None = None
    rivals: tuple[int, ...] = ()
    segments: tuple[int | None, ...] = ()
    order: int | None = None
    watched: int | None = None
    folders: tuple[Folder, ...] = ()
    paths: tuple[tuple[Step, ...], ...] = ()
    models: tuple[str, ...] = ()
    cuts: Mapping[str, Cut] = field(default_factory=dict)

    def name(self, place: int) -> str:
        """Return the name of a column, or of a folder."""
        n = len(self.names)
        return self.names[place] if place < n else self.folders[place - n].name

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
        return None if self.weight is None else self.name(self.weight)

    @property
    def id_name(self) -> str | None:
        """Name of the column that names the rows; None without one."""
        return None if self.id is None else self.name(self.id)

    @property
    def cluster_name(self) -> str | None:
        """Name of the cluster column; None without one."""
        return None if self.cluster is None else self.name(self.cluster)

    @property
    def order_name(self) -> str | None:
        """Name of the column that says what came before; None without one."""
        return None if self.order is None else self.name(self.order)

    @property
    def watched_name(self) -> str | None:
        """Name of an id that nobody has named; None without one."""
        return None if self.watched is None else self.names[self.watched]

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Names of the columns that part the rows."""
        return tuple(self.name(place) for place in self.segments if place is not None)

    @property
    def segment_cuts(self) -> tuple[Cut | None, ...]:
        """How each column that parts the rows is cut; None for by its words."""
        places = enumerate(self.segments, start=1)
        return tuple(self.cuts.get(f"segment {i}") for i, place in places if place is not None)

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of the columns that join rows of two files."""
        return tuple(self.name(place) for place in self.keys)

    @property
    def numbers(self) -> tuple[NumberColumn, ...]:
        """The columns whose cells stand for numbers."""
        roles: tuple[tuple[Role, int | None], ...] = (
            ("label", self.label),
            ("prediction", self.prediction),
            ("weight", self.weight),
        )
        return (
            *(
                NumberColumn(role, role, place)
                for role, place in roles
                if place is not None and place < len(self.names)
            ),
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
        n = len(self.names)
        return (*(column for column in self._all_texts if column.place < n), *self.confirmed)

    @property
    def fixed(self) -> tuple[tuple[str, Folder], ...]:
        """The keys of what is the same for all rows, as the path says."""
        n = len(self.names)
        weight = () if self.weight is None else (TextColumn("weight", self.weight),)
        return tuple(
            (key, self.folders[place - n])
            for key, place in (*weight, *self._all_texts)
            if place >= n
        )

    @property
    def confirmed(self) -> tuple[TextColumn, ...]:
        """The columns that must say what the folder of the same name says."""
        if not self.folders:
            return ()
        used = [folder for _, folder in self.fixed]
        return tuple(
            TextColumn(f"folder {i}", place)
            for i, folder in enumerate(self.folders, start=1)
            if folder in used
            for place, name in enumerate(self.names)
            if name == folder.name
        )

    @property
    def _all_texts(self) -> tuple[TextColumn, ...]:
        places = (
            ("id", self.id),
            *((f"key {i}", place) for i, place in enumerate(self.keys, start=1)),
            ("cluster", self.cluster),
            ("order", self.order),
            *((f"segment {i}", place) for i, place in enumerate(self.segments, start=1)),
            (WATCHED, self.watched),
        )
        return tuple(TextColumn(key, place) for key, place in places if place is not None)


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
    header_names, wanted = names, (*choice.named, *filter(None, [choice.prefers]))
    header = Header((name.strip(" \t") for name in names), whole, wanted)
    names, choice = header, choice.with_preferred(header)

    is_lone = choice.is_one_number and len(names) == 1 and not _MAY_PART.search(names[0])

    def number(wanted: str | None, role: Role) -> int | None:
        if wanted is not None:
            _refuse_lone_pattern(names, wanted, source, choice, role)
            return _by_name(names, wanted, source)
        if is_lone:
            return 0
        is_left = choice.takes_rest and not _customary_places(names, role, choice)
        return None if is_left else _customary(names, role, choice, source)

    def at(wanted: str | None) -> int | None:
        if wanted is None:
            return None
        place = _folder_place(names, wanted, choice.folders, source)
        if place is not None or (choice.may_lack and _is_lacking(names, wanted)):
            return place
        return _by_name(names, wanted, source, choice)

    def key(wanted: str) -> int:
        place = _folder_place(names, wanted, choice.folders, source)
        return _by_name(names, wanted, source) if place is None else place

    asked = choice.without_patterns
    found = Columns(
        tuple(names),
        label=number(choice.label, "label") if choice.reads_label else None,
        prediction=number(choice.prediction, "prediction") if asked.reads_prediction else None,
        weight=at(choice.weight),
        id=at(choice.id),
        keys=tuple(key(name) for name in choice.keys),
        cluster=at(choice.cluster),
        order=at(choice.order),
        rivals=tuple(_by_name(names, name, source) for name in asked.rivals),
        segments=tuple(at(name) for name in choice.segments),
        folders=choice.folders,
        paths=header.paths,
        cuts={
            f"segment {i}": choice.cuts[name]
            for i, name in enumerate(choice.segments, start=1)
            if name in choice.cuts
        },
    )
    if asked is not choice:
        models = _models(header, choice, found, source)
        each = replace(choice, prediction=models[0], rivals=models[1:], least_models=None)
        return replace(find_columns(header_names, each, source, whole), models=models)
    if choice.takes_rest:
        found = _with_rest(found, choice, source)
    _refuse_double_roles(found, choice, source)
    _refuse_odd_folders(found, source)
    return replace(found, watched=_customary_id(found)) if choice.watches_ids else found


def _models(header: Header, choice: ColumnChoice, found: Columns, source: str) -> tuple[str, ...]:
    """Return the names of all models, once it is known which columns are something else."""
    from bce_cli.readers.patterns import expanded, must_match_several  # noqa: PLC0415 -- rare

    asked, taken = choice.predictions, {place for _, place in found.wanted}
    others = {*ID_NAMES, *LABEL_NAMES, *(folder.name for folder in choice.folders)}
    free = [
        name
        for place, name in enumerate(header[: header.n_columns])
        if place not in taken
        and not {name, name.lower()} & others
        and not re.fullmatch(_INDEX, name)
    ]
    models = expanded(asked, header, free, header.all_parts)
    for name in models:
        if name in asked and name.strip(" \t") not in header and must_match_several(name):
            message = f"{source}: no column matches {quoted(name)}"
            raise DataError(message, _listed(header))
    if len(models) < (choice.least_models or 1):
        pattern, alone = quoted(next(filter(is_pattern, asked))), quoted(models[0])
        message = f"{source}: there is one model only: {pattern} matches {alone} alone"
        raise DataError(message, _listed(header))
    return tuple(models)


def _refuse_lone_pattern(
    names: tuple[str, ...], wanted: str, source: str, choice: ColumnChoice, role: Role
) -> None:
    """Raise DataError for a pattern that is no column's name, where one model is asked for."""
    if role != "prediction" or not is_pattern(wanted) or _places_of(names, wanted):
        return
    from bce_cli.readers.patterns import must_match_several  # noqa: PLC0415 -- rare

    if must_match_several(wanted):
        hint = "one model is judged here; bce compare takes patterns"
        if choice.least_models == 0:
            hint = f"a pattern is listed, prediction={[wanted]!r}; {_listed(names)}"
        message = f"{source}: there is no column {quoted(wanted)}"
        raise DataError(message, hint)


def _with_rest(found: Columns, choice: ColumnChoice, source: str) -> Columns:
    if choice.reads_label and found.label is None:
        found = replace(found, label=_rest(found, "label", choice, source))
    if choice.reads_prediction and found.prediction is None:
        found = replace(found, prediction=_rest(found, "prediction", choice, source))
    return found


def _rest(found: Columns, role: Role, choice: ColumnChoice, source: str) -> int:
    """Return the one column that is nothing else; that of the labels may be called as before."""
    names = found.names
    taken = {place for _, place in found.wanted}
    taken |= {names.index(name) for name, _ in choice.folders if name in names}
    rest = [
        place
        for place, name in enumerate(names)
        if place not in taken and not re.fullmatch(_INDEX, name)
    ]
    if role == "label":
        named = choice.beside.prediction if choice.beside is not None else ""
        same = [place for place in rest if names[place] == named]
        rest = same or [place for place in rest if names[place].lower() != USAGE]
    is_one = len(rest) == 1 and not (len(names) == 1 and _MAY_PART.search(names[0]))
    return rest[0] if is_one else _customary(names, role, choice, source)


def _customary_id(found: Columns) -> int | None:
    """Return the first column with a customary name for an id that is nothing else."""
    taken = {place for _, place in found.wanted}
    places = {name.lower(): at for at, name in reversed([*enumerate(found.names)])}
    ids = (places[name] for name in ID_NAMES if name in places)
    return next((place for place in ids if place not in taken), None)


def _or_truth(names: Sequence[str], choice: ColumnChoice) -> str:
    """Return how to say that labels are in a file of their own; "" where there is one source."""
    if choice.truth is None:
        return ""
    key = next((name for name in names if name.lower() in ID_NAMES), names[0] if names else "id")
    return f", or a file of labels with {given(labels=choice.truth, on=key)}"


def _refuse_double_roles(found: Columns, choice: ColumnChoice, source: str) -> None:
    taken: dict[int, str] = {}
    for number in found.numbers:
        name, other = quoted(found.names[number.place]), taken.get(number.place)
        if other == number.role:
            message = f"{source}: column {name} was named as a {number.role} more than once"
            raise DataError(message)
        if other is not None:
            message = f"{source}: column {name} cannot be both {other} and {number.role}"
            also = _or_truth(found.names, choice)
            either = f"{argument(f'{other}=')} or {argument(f'{number.role}=')}"
            raise DataError(message, f"{either} names another column{also}")
        taken[number.place] = number.role
    for text in found.texts:
        if text.place in taken:
            name = quoted(found.names[text.place])
            hint = "every row has a number of its own without an id" if text.key == "id" else None
            role = text.key.partition(" ")[0]
            message = f"{source}: column {name} cannot be the {role} as well"
            raise DataError(message, hint)
    for role, places in (("segment", found.segments), ("key", found.keys)):
        for index, place in enumerate(places):
            if place is not None and place in places[:index]:
                name = quoted(found.name(place))
                message = f"{source}: column {name} was named as a {role} more than once"
                raise DataError(message)


def _refuse_odd_folders(found: Columns, source: str) -> None:
    for key, (name, text) in found.fixed:
        role = key.partition(" ")[0]
        if role in MUST_HAVE_TEXT and not (text or "").strip():
            message = f"{source}: the {role} (column {quoted(name)}, a folder) is empty"
            raise DataError(message)
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            message = f"{source}: {role} {quoted(text or '')}, a folder, is not UTF-8 text"
            raise DataError(message) from None


def _folder_place(
    names: tuple[str, ...], wanted: str, folders: tuple[Folder, ...], source: str
) -> int | None:
    """Return the place of what a folder says, behind those of the header; None if none says it."""
    places = [at for at, (name, _) in enumerate(folders) if name == wanted.strip(" \t")]
    texts = list(dict.fromkeys(folders[at].text for at in places))
    if len(texts) > 1:
        two = " and ".join(quoted(text or "") for text in texts[:2])
        message = f"{source}: its path has {quoted(wanted)} more than once, as {two}"
        raise DataError(message)
    return len(names) + places[0] if places else None


def _customary_names(role: Role) -> tuple[str, ...]:
    return LABEL_NAMES if role == "label" else PREDICTION_NAMES


def _customary_places(names: tuple[str, ...], role: Role, choice: ColumnChoice) -> list[int]:
    logits = _places(names, LOGIT_NAMES) if choice.of_logits and role == "prediction" else []
    return logits or _places(names, _customary_names(role))


def _customary(names: tuple[str, ...], role: Role, choice: ColumnChoice, source: str) -> int:
    found = _customary_places(names, role, choice)
    logits = [] if role == "label" else _places(names, LOGIT_NAMES)
    if len(found) == 1:
        return found[0]
    also = _or_truth(names, choice) if choice.reads_label and choice.reads_prediction else ""
    hint = f"choose one with {argument(f'{role}=')}{also}; {_listed(names)}"
    if not found:
        if role == "label" and choice.reads_prediction:
            also = also or f", or a file of labels with {argument('labels=')}"
            hint = f"choose one with {argument('label=')}{also}; {_listed(names)}"
        if logits:
            column = quoted(names[logits[0]])
            hint = f"{given(logits=True)} takes column {column}, if it holds log-odds"
        message = (
            f"{source}: no column has a customary name for the {role}, "
            f"such as '{_customary_names(role)[0]}'"
        )
        raise DataError(message, hint)
    several = ", ".join(quoted(names[i]) for i in found)
    message = f"{source}: several columns could be the {role}: {several}"
    raise DataError(message, hint)


def _places(names: tuple[str, ...], customary: tuple[str, ...]) -> list[int]:
    return [i for i, name in enumerate(names) if name.lower() in customary]


def _places_of(names: tuple[str, ...], wanted: str) -> list[int]:
    return [i for i, name in enumerate(names) if name == wanted.strip(" \t")]


def _is_lacking(names: tuple[str, ...], wanted: str) -> bool:
    """Whether no column is called so; a place such as #3 is always one of this file."""
    return not (_places_of(names, wanted) or is_place(wanted))


def _by_name(
    names: tuple[str, ...],
    wanted: str,
    source: str,
    choice: ColumnChoice | None = None,
) -> int:
    """Find a column; with a choice, one that was not found in folders, or beside predictions."""
    beside = None if choice is None else choice.beside
    folders = () if choice is None else tuple(name for name, _ in choice.folders)
    found = _places_of(names, wanted)
    if len(found) == 1:
        return found[0]
    if found:
        places = " and ".join(f"#{i + 1}" for i in found)
        message = f"{source}: several columns are called {quoted(wanted)}: {places}"
        raise DataError(message, f"choose one by its place, such as #{found[0] + 1}")
    if is_place(wanted):
        place = int(wanted[1:])
        n_columns = getattr(names, "n_columns", len(names))
        if 1 <= place <= n_columns:
            return place - 1
        message = f"{source}: there is no column {wanted}, only {n_columns}"
        raise DataError(message, _listed(names))
    everywhere = (*(() if beside is None else beside.names), *names, *folders)
    also = did_you_mean(wanted, (*everywhere, *getattr(names, "all_parts", ())))
    if not also and wanted.isdecimal() and 1 <= int(wanted[:_MOST_DIGITS]) <= len(names):
        also = f"; did you mean '#{int(wanted[:_MOST_DIGITS])}'?"
    if beside is None:
        message = f"{source}: there is no column {quoted(wanted)}{also}"
        shown = ", ".join(map(quoted, dict.fromkeys(folders)))
        raise DataError(message, _listed(names) + (f"; its folders say {shown}" if folders else ""))
    message = f"{beside.source}: there is no column {quoted(wanted)}, nor in {source}{also}"
    raise DataError(message, f"{_listed(beside.names)}; in {source}, {_listed(names)}")


def _listed(names: tuple[str, ...]) -> str:
    names = tuple(getattr(names, "all_parts", ())) or names
    if not names:
        return "there are no columns"
    if len(names) == 1:
        sign = _SIGN.search(names[0])
        also = f"; {given(delimiter=sign[0])} would part it" if sign else ""
        return f"the only column is {quoted(names[0])}{also}"
    listed = ", ".join(quoted(name) for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"the columns are {listed}" + (f" and {more} more" if more > 0 else "")
