"""Tables with the same rows in the same order, read side by side."""

from __future__ import annotations

import math
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.data.parts import OpenedPart, Part, parts_of, seen_from_anywhere
from bce_cli.data.table import ReadRows, label_conflict, read_with_size
from bce_cli.errors import BceError, DataError, InputError, JoinInDoubt, argument, given, quoted
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.grammar import parse_number
from bce_cli.readers.reading import LabelValues, Reading
from bce_cli.readers.texts import first_difference
from bce_cli.storage.sources import faults_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from bce_cli.core.rows import Rows
    from bce_cli.data.table import Table
    from bce_cli.storage.sources import Source

_EXACT = 2**53  # whole numbers below it are told from each other as float64
_JOINS = f"{given(on='COLUMN')} joins"
_HINT = f"the sources must hold the same rows in the same order; {_JOINS} them by a key"
_HEADER_HINT = (
    f"the first line names the column, unless it is a number or what {argument('positive=')} says"
)
_LABELS_HINT = (
    f"without {argument('on=')}, labels are taken in the order of the rows; {_JOINS} by a key"
)


class Cursor:
    """One model, read block by block.

    Parameters
    ----------
    name : str
        What messages call its table.
    readings : iterator of Reading and int
        Rows that follow each other, and the bytes they were read from.
    n_before : int
        Rows of the table before them.
    watched : str or None
        The column of their ids, where nobody has named it.
    segments_of_truth : tuple of bool, optional
        Where it is no model, but has the labels of all others: which of the segments it has, too.
    """

    def __init__(
        self,
        name: str,
        readings: Iterator[tuple[Reading, int]],
        n_before: int = 0,
        watched: str | None = None,
        *,
        segments_of_truth: tuple[bool, ...] | None = None,
    ) -> None:
        self.name = name
        self.is_truth = segments_of_truth is not None
        self.segments_of_truth = segments_of_truth or ()
        self.watched = watched
        self.n_taken = n_before
        self._readings = readings
        self._rows: Rows | None = None
        self._start = 0
        self._n_bytes = 0
        self._news = self._known = LabelValues()

    def n_ready(self) -> int:
        """Read on, if all was taken, and return how many rows are there; 0 at the end."""
        while self._rows is None or self._start == len(self._rows):
            found = next(self._readings, None)
            if found is None:
                return 0
            reading, n_bytes = found
            self._rows, self._start = reading.rows, 0
            self._n_bytes += n_bytes
            for values in reading.label_values:
                self._news = replace(values, n_before=self.n_taken)
        return len(self._rows) - self._start

    def take(self, n: int) -> Rows:
        """Return the rows that follow."""
        rows = self._rows
        assert rows is not None  # noqa: S101 -- there are n rows
        start, stop = self._start, self._start + n
        if n < len(rows):
            rows = rows.at(slice(start, stop))
        self._start = stop
        self.n_taken += n
        return rows

    def n_in_all(self) -> int:
        """Read on to the end, and return how many rows there are."""
        while n := self.n_ready():
            self.take(n)
        return self.n_taken

    def n_bytes_read(self) -> int:
        """Return the bytes of all that was read since the last call."""
        n_bytes, self._n_bytes = self._n_bytes, 0
        return n_bytes

    def news(self) -> LabelValues | None:
        """Return which labels there were since the last call; None if they were known before."""
        news, known = self._news, self._known
        self._news = LabelValues()
        if news.has_positive <= known.has_positive and news.other_key in (None, known.other_key):
            return None
        key = known.other_key if news.other_key is None else news.other_key
        self._known = LabelValues(news.has_positive or known.has_positive, other_key=key)
        return news

    def no_rows(self) -> Rows | None:
        """Return rows of this kind, but none of them; None if there never were any."""
        return None if self._rows is None else self._rows.at(slice(0, 0))


def side_by_side(
    models: Sequence[Table],
    run: Callable[..., Iterator[Any]],
    truth: Table | None = None,
    segments_of_truth: tuple[bool, ...] = (),
) -> Iterator[ReadRows]:
    """Read tables side by side, the baseline first; see `aligned_blocks`.

    Parameters
    ----------
    models : sequence of Table
    run : callable (function, items) -> iterator
        Calls the function with each item and yields the results in order, as `map` does.
    truth : Table, optional
        The labels of all models, which have none themselves then.
    segments_of_truth : tuple of bool
        Which of the segments stand beside them.
    """

    def cursor(table: Table) -> Cursor:
        watched, readings = table.columns.watched_name, run(read_with_size, table.blocks())
        of_truth = segments_of_truth if table is truth else None
        return Cursor(table.name, readings, watched=watched, segments_of_truth=of_truth)

    return aligned_blocks([cursor(table) for table in (*models, truth) if table is not None])


def aligned_blocks(
    cursors: Sequence[Cursor], *, is_last: bool = True, is_whole: bool = True
) -> Iterator[ReadRows]:
    """Read several models side by side, as far as each reaches.

    Parameters
    ----------
    cursors : sequence of Cursor
        The baseline first, the truth last; all before the same row.
    is_last : bool
        Whether no model may go on where the baseline ends.
    is_whole : bool
        Whether each cursor goes on to the end of its table.

    Yields
    ------
    ReadRows
        Rows with the predictions of every model; or none, but labels that are to be checked.

    Raises
    ------
    DataError
        The models differ in their labels or ids, or in their number of rows.
    JoinInDoubt
        There are not as many labels as rows, and who reads all of them can say how many.
    """
    baseline = cursors[0]
    remark: str | None = None
    while baseline.n_ready() or is_last:
        n_before = baseline.n_taken
        sizes: list[int] = []
        for cursor in cursors:
            sizes.append(cursor.n_ready())
            yield from _labels_to_check(cursors, cursor)
        if 0 in sizes:
            _refuse_rest(cursors, sizes, is_whole=is_whole)
            return
        models = [cursor.take(min(sizes)) for cursor in cursors]
        for cursor, rows in zip(cursors[1:], models[1:], strict=True):
            found = _other_id(cursor, rows, baseline, models[0], n_before)
            remark = remark or found
            if not cursor.is_truth:
                _check_labels(cursor.name, rows, baseline.name, models[0], n_before)
        n_bytes = sum(cursor.n_bytes_read() for cursor in cursors)
        if baseline.watched is not None:
            models[0] = replace(models[0], ids=None)
        rows = _beside(models, cursors[-1])
        yield ReadRows(Reading(rows, remark=remark), n_bytes)


def _labels_to_check(cursors: Sequence[Cursor], cursor: Cursor) -> Iterator[ReadRows]:
    """Yield what a model's labels were found to be, which comes before any fault behind it."""
    news = cursor.news()
    if news is None:
        return
    values = tuple(news if other is cursor else LabelValues() for other in cursors)
    none = [other.no_rows() for other in cursors]
    tables = [rows for rows in none if rows is not None]
    if len(tables) < len(none):  # an error follows
        tables = [tables[0]] * len(none)
    beside = _beside(tables, cursors[-1])
    yield ReadRows(Reading(beside, label_values=values))


def _check_labels(name: str, rows: Rows, other_name: str, others: Rows, n_before: int) -> None:
    differ = others.labels != rows.labels
    for missing in (others.missing, rows.missing):
        if missing is not None:
            differ &= ~missing
    if differ.any():
        place = int(np.argmax(differ))
        mine, theirs = (name, rows.label(place)), (other_name, others.label(place))
        raise label_conflict(mine, theirs, str(n_before + place + 1), _HINT)


def _other_id(
    model: Cursor, rows: Rows, baseline: Cursor, others: Rows, n_before: int
) -> str | None:
    """Return what there is to say of the first row that has another id in the baseline.

    Raises
    ------
    DataError
        There is one, and the user has named the ids.
    """
    if rows.ids is None or others.ids is None:
        return None
    column = model.watched
    if (column or "").casefold() != (baseline.watched or "").casefold():
        return None
    place = first_difference(rows.ids, others.ids)
    if place is not None and column is not None and _are_alike(rows.ids[place], others.ids[place]):
        pairs = enumerate(zip(rows.ids, others.ids, strict=True))
        place = next((at for at, pair in pairs if not _are_alike(*pair)), None)
    if place is None:
        return None
    mine, theirs = quoted(rows.ids[place]), quoted(others.ids[place])
    row = f"{model.name}, row {n_before + place + 1}: the id"
    if column is None:
        message = f"{row} is {mine}, but {theirs} in {baseline.name}"
        raise DataError(message, _HINT)
    conflict = f"{row} (column {quoted(column)}) is {mine}, but {theirs} in {baseline.name}"
    return f"{conflict}: are these the same rows? --on {quoted(column)} joins them"


def _are_alike(text: str, other: str) -> bool:
    """Whether ids that nobody has named may be the same, such as 7 and 7.0."""
    if text.strip() == other.strip():
        return True
    value = parse_number(text)
    return value is not None and value == parse_number(other) and abs(value) < _EXACT


def _refuse_rest(cursors: Sequence[Cursor], sizes: Sequence[int], *, is_whole: bool) -> None:
    """Raise DataError if one table goes on where another one has ended."""
    if not any(sizes):
        return
    if cursors[-1].is_truth:
        _refuse_counts(*cursors, is_whole=is_whole)
    short, long = cursors[sizes.index(0)], cursors[sizes.index(max(sizes))]
    rows = "1 row" if short.n_taken == 1 else f"{short.n_taken:,} rows"
    message = f"{short.name} ends after {rows}, but {long.name} goes on"
    raise DataError(message, _HINT)


def _refuse_counts(*cursors: Cursor, is_whole: bool) -> None:
    """Raise DataError if there are not as many labels as rows, which all models agree on."""
    *models, truth = cursors
    if not is_whole:
        raise JoinInDoubt(truth.name)
    n_labels, *others = [cursor.n_in_all() for cursor in (truth, *models)]
    if len(set(others)) == 1:
        labels, rows = _how_many(n_labels, "label"), _how_many(others[0], "row")
        message = f"{truth.name} has {labels} for the {rows} of {models[0].name}"
        raise DataError(message, _HEADER_HINT if n_labels == others[0] - 1 else _LABELS_HINT)


def _how_many(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _beside(tables: Sequence[Rows], last: Cursor) -> Rows:
    """Put the predictions of all models, and what stands beside the labels, into the first rows."""
    missing = None
    for rows in tables:
        if rows.missing is not None:
            missing = rows.missing if missing is None else missing | rows.missing
    models = tables[:-1] if last.is_truth else tables
    first = models[0]
    if last.is_truth:
        truth = tables[-1] if last.watched is None else replace(tables[-1], ids=None)
        first = first.taking(truth, last.segments_of_truth)
    rivals = (*first.rivals, *(rows.predictions for rows in models[1:]))
    return replace(first, rivals=rivals, missing=missing).blanked()


@dataclass(frozen=True, slots=True)
class CountedPart:
    """A part, and its rows.

    Attributes
    ----------
    part : Part
    n_rows : int
        Up to the fault, if there is one.
    note : str or None
        What was found out about its source and is worth a word.
    fault : BceError or None
        Why the rows behind could not be counted; where it is one of their cells, there is none.
    is_odd : bool
        Whether it ends with a block without rows: blank lines, or a quote that nobody has closed.
    """

    part: Part
    n_rows: int
    note: str | None = None
    fault: BceError | None = None
    is_odd: bool = False


def counted(part: Part) -> CountedPart:
    """Count the rows of a part, without a look at their cells."""
    found = CountedPart(part, 0)
    try:
        with faults_of(part.source), ExitStack() as opened:
            file = part.open(opened)
            found = replace(found, note=file.note)
            if file.n_rows is not None:
                return replace(found, n_rows=file.n_rows)
            for block in file.blocks:
                n_rows = block.n_rows
                found = replace(found, n_rows=found.n_rows + n_rows, is_odd=n_rows == 0)
    except BceError as error:
        return replace(found, fault=error)
    return found


def counted_parts(model: Table, run: Callable[..., Iterator[Any]]) -> Iterator[CountedPart]:
    """Count the rows of all parts of a table, and note what there is to say of its sources."""
    for found in run(counted, parts_of(seen_from_anywhere(model.sources), model.options, run)):
        if found.note is not None:
            model.note(found.note)
        yield found


def readings_of(
    parts: Sequence[CountedPart], n_skipped: int = 0
) -> Generator[tuple[Reading, int], None, None]:
    """Read parts that follow each other, a block at a time.

    Parameters
    ----------
    parts : sequence of CountedPart
    n_skipped : int
        Rows at the start that another one reads. Blocks that hold no others are not looked at.

    Yields
    ------
    reading : Reading
    n_bytes : int
        What it was read from; 0 where another one reads of the same bytes before.

    Raises
    ------
    DataError, InputError
        The first fault; or there are not as many rows as were counted.
    """
    to_skip = n_skipped
    for found in parts:
        n_rows = 0
        with faults_of(found.part.source), ExitStack() as opened:
            for block in found.part.open(opened).blocks:
                if to_skip and 0 < block.n_rows <= to_skip:
                    n_rows += block.n_rows
                    to_skip -= block.n_rows
                    continue
                reading, n_bytes = block.read(), block.n_bytes
                n_rows += len(reading.rows)
                if to_skip:
                    reading = replace(reading, rows=reading.rows.at(slice(to_skip, None)))
                    n_bytes = to_skip = 0
                yield reading, n_bytes
        if found.fault is not None:
            raise found.fault
        if n_rows != found.n_rows:
            counts = f"{found.n_rows:,} rows were counted in a part of it, {n_rows:,} were read"
            message = f"{found.part.source.name}: {counts}"
            raise InputError(message, "sources must not change while they are read")


@dataclass(frozen=True, slots=True)
class ModelPart:
    """Where rows of one model stand.

    Attributes
    ----------
    name : str
        What messages call its table.
    parts : tuple of CountedPart
        They follow each other, and may go on behind the rows.
    n_skipped : int
        Rows of these parts before the rows.
    watched : str or None
        The column of their ids, where nobody has named it.
    """

    name: str
    parts: tuple[CountedPart, ...]
    n_skipped: int = 0
    watched: str | None = None


@dataclass(frozen=True, slots=True)
class AlignedPart:
    """The rows of some parts of the baseline, under every model; opened as a `Part` is.

    Attributes
    ----------
    models : tuple of ModelPart
        The baseline first.
    n_before : int
        Rows of the data before these.
    is_last : bool
        Whether the baseline ends with them, as the other models must then.
    segments_of_truth : tuple of bool, optional
        Where the last of the models is none, but has the labels of all others: see `Cursor`.
    """

    models: tuple[ModelPart, ...]
    n_before: int
    is_last: bool
    segments_of_truth: tuple[bool, ...] | None = None

    @property
    def source(self) -> Source:
        """Where the first of its bytes come from."""
        return self.models[0].parts[0].part.source

    def open(self, opened: ExitStack) -> OpenedPart:
        """Prepare to read; sources are opened one after the other, and noted when counted."""
        cursors = []
        for model in self.models:
            readings = readings_of(model.parts, model.n_skipped)
            opened.callback(readings.close)
            of_truth = self.segments_of_truth if model is self.models[-1] else None
            cursors.append(
                Cursor(
                    model.name,
                    readings,
                    self.n_before,
                    model.watched,
                    segments_of_truth=of_truth,
                )
            )
        return OpenedPart(None, None, aligned_blocks(cursors, is_last=self.is_last, is_whole=False))


def aligned_parts(
    names: Sequence[str],
    models: Sequence[Iterable[CountedPart]],
    watched: Sequence[str | None],
    *,
    segments_of_truth: tuple[bool, ...] | None = None,
) -> Iterator[AlignedPart]:
    """Yield the rows of the baseline, in parts, with those of the other models beside them.

    A cut stands between two parts of the baseline, unless more rows than it cuts off would have to
    be gone through once more, since parts of other models go on behind it. So no row is gone
    through more than twice on average, and models that are cut alike are read once.

    Parameters
    ----------
    names : sequence of str
        What messages call the table of each model.
    models : sequence of iterable of CountedPart
        The parts of each model, the baseline first.
    watched : sequence of str or None
        The column of the ids of each, where nobody has named it.
    segments_of_truth : tuple of bool, optional
        See `AlignedPart`.
    """
    baseline, *others = models
    rivals = [_Rival(*rival) for rival in zip(names[1:], others, watched[1:], strict=True)]
    cut, row = 0, 0
    taken: list[CountedPart] = []
    for found, is_end in _with_end(baseline):
        taken.append(found)
        row += found.n_rows
        is_last = is_end or found.fault is not None
        for rival in rivals:
            rival.reach(row + 1 if is_last else row)
        n_again = sum(rival.n_again(row) for rival in rivals)
        if not is_last and (row == cut or n_again > row - cut):
            continue
        first = ModelPart(names[0], tuple(taken), watched=watched[0])
        parts = (first, *(rival.part(cut) for rival in rivals))
        yield AlignedPart(parts, cut, is_last, segments_of_truth)
        if is_last:
            return
        for rival in rivals:
            rival.drop(row)
        cut, taken = row, []


def _with_end(parts: Iterable[CountedPart]) -> Iterator[tuple[CountedPart, bool]]:
    """Yield each part, and whether it is the last one."""
    remaining = iter(parts)
    found = next(remaining)
    for following in remaining:
        yield found, False
        found = following
    yield found, True


class _Rival:
    """The parts of another model that hold rows behind the last cut."""

    def __init__(self, name: str, parts: Iterable[CountedPart], watched: str | None) -> None:
        self._name = name
        self._watched = watched
        self._remaining = iter(parts)
        self._held: deque[CountedPart] = deque()
        self._start = 0
        self._last_start = 0
        self._stop: float = 0

    def reach(self, row: int) -> None:
        """Take up all parts that begin before a row."""
        while self._stop < row and (found := next(self._remaining, None)) is not None:
            self._held.append(found)
            self._last_start = int(self._stop)
            self._stop += math.inf if found.fault is not None else found.n_rows

    def n_again(self, row: int) -> int:
        """Rows before a cut at a row that would be gone through once more behind it."""
        return row - self._last_start if self._stop > row else 0

    def part(self, row: int) -> ModelPart:
        """Return what was taken up, as it is to be read from a row on."""
        return ModelPart(self._name, tuple(self._held), row - self._start, self._watched)

    def drop(self, row: int) -> None:
        """Forget the parts that end before a row, or with it; nobody has read an odd end yet."""
        while self._held and self._held[0].fault is None:
            stop = self._start + self._held[0].n_rows
            if stop > row or (stop == row and self._held[0].is_odd):
                return
            self._held.popleft()
            self._start = stop
