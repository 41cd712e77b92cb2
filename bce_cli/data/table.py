"""Sources that follow each other and hold the same columns, and what is found out about them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from bce_cli.data.same_labels import MOST_SOURCES, in_a_row, numbered, remark_on
from bce_cli.errors import BceError, DataError, EmptyInputError, JoinInDoubt, LabelError
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.dialect import parse_delimiter
from bce_cli.readers.files import File, check_encoding, open_file
from bce_cli.readers.reading import LabelTally, LabelValues, Reading
from bce_cli.storage.sources import Source, all_sources, blame_change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from bce_cli.data.same_labels import LabelPrint
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.storage.sources import Held


@dataclass(frozen=True, slots=True)
class Facts:
    """What was counted and noted of rows that follow each other.

    Attributes
    ----------
    labels : tuple of LabelValues
        One for each table that is read with labels of its own.
    n : int
        Rows that count.
    n_missing : int
        Rows that are left out for a missing value.
    n_bytes : int
        Read so far, for a progress bar.
    notes : tuple of str
        What was found out about sources and is worth a word.
    tally : JoinTally, optional
        Which keys have found a partner, where rows are joined in parts.
    remark : str, optional
        What the first rows that are worth a word have given reason to say.
    prints : tuple of LabelPrint
        The labels of each source, where there are several.
    """

    labels: tuple[LabelValues, ...] = ()
    n: int = 0
    n_missing: int = 0
    n_bytes: int = 0
    notes: tuple[str, ...] = ()
    tally: Any = None
    remark: str | None = None
    prints: tuple[LabelPrint, ...] = ()

    @classmethod
    def of(cls, reading: Reading, n_bytes: int) -> Facts:
        """Return what there is to know of some rows."""
        return cls(
            labels=reading.label_values,
            n=len(reading.rows) - reading.rows.n_missing,
            n_missing=reading.n_missing,
            n_bytes=n_bytes,
            tally=reading.tally,
            remark=reading.remark,
            prints=() if reading.label_print is None else (reading.label_print,),
        )

    def followed_by(self, other: Facts, positive: str | None) -> tuple[Facts, BceError | None]:
        """Merge with what is known of the rows that follow, up to the first error in their order.

        Parameters
        ----------
        other : Facts
        positive : str or None
            The label that counts as 1, where it was named.

        Returns
        -------
        facts : Facts
        error : LabelError or JoinInDoubt or None
            A third label is among the labels of a table, or a key occurs twice.
        """
        labels, error = _merged_labels(self.labels, other.labels, positive)
        tally = self.tally or other.tally
        if error is None and self.tally is not None and other.tally is not None:
            try:
                tally += other.tally
            except JoinInDoubt as doubt:
                error = doubt
        merged = Facts(
            labels,
            self.n + other.n,
            self.n_missing + other.n_missing,
            self.n_bytes + other.n_bytes,
            self.notes + other.notes,
            tally,
            self.remark or other.remark,
            in_a_row(self.prints, other.prints),
        )
        return merged, error


def _merged_labels(
    left: tuple[LabelValues, ...], right: tuple[LabelValues, ...], positive: str | None
) -> tuple[tuple[LabelValues, ...], BceError | None]:
    pairs = zip_longest(left, right, fillvalue=LabelValues())
    found = [mine for mine, _ in pairs]
    for table, values in sorted(enumerate(right), key=lambda item: item[1].n_before):
        tally = LabelTally(positive)
        tally.add(found[table])
        try:
            tally.add(values)
        except LabelError as third_label:
            return tuple(found), third_label
        first = values if found[table].other is None else found[table]
        found[table] = replace(first, has_positive=tally.has_positive, other=tally.other)
    return tuple(found), None


def read_block(block: Block) -> Reading:
    """Read a block; what the workers do first."""
    return block.read()


def read_with_size(block: Block) -> tuple[Reading, int]:
    """Read a block, and say from how many bytes, for a progress bar."""
    return block.read(), block.n_bytes


class ReadRows(NamedTuple):
    """Rows in memory that were read before; see `Block`.

    Attributes
    ----------
    reading : Reading
    n_bytes : int
        What they were read from.
    """

    reading: Reading
    n_bytes: int = 0

    @property
    def n_rows(self) -> int:
        """How many they are."""
        return len(self.reading.rows)

    def read(self) -> Reading:
        """Return the rows."""
        return self.reading


class Table:
    """A context that opens the first source at once, and the others when their turn comes.

    The columns found in the first source are wanted in the others too, wherever they stand there.

    Parameters
    ----------
    sources : sequence of Source
    options : InputOptions
    name : str
        What messages about all of it call it.

    Attributes
    ----------
    sources : tuple of Source
        The files that are read, in this order.
    options : InputOptions
        With the columns of the first source, once that is open.
    labels : LabelTally
        Which labels there were, once all rows were read.
    notes : list of str
        What was found out about the sources and is worth a word.
    doubts : list of str
        Those of them that say what looks not meant.
    """

    def __init__(self, sources: Sequence[Source], options: InputOptions, name: str = "") -> None:
        self.sources = tuple(sources)
        self.options = options
        self.name = name
        self.labels = LabelTally(options.grammar.positive)
        self.notes: list[str] = []
        self.doubts: list[str] = []
        self._stack = ExitStack()

    @classmethod
    def at(cls, paths: Sequence[str | Held], options: InputOptions) -> Self:
        """Return the table of what is in memory, or of files, folders or patterns at some paths.

        Raises
        ------
        UsageError
            An option has no meaning, or a file would be read twice.
        InputError
            A folder or pattern holds no files, or not all that it holds would count.
        """
        check_encoding(options.layout.encoding)
        parse_delimiter(options.layout.delimiter)
        sources, notes = all_sources(paths)
        table = cls(sources, options, ", ".join(Source.named(path).name for path in paths))
        table.note(*notes)
        return table

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._n_empty, self._first = self._open_first(opened)
            self._stack = opened.pop_all()
        columns, choice = self._first.columns, self.options.columns
        if choice.label is None:
            choice = replace(choice, label=columns.label_name)
        if choice.prediction is None:
            choice = replace(choice, prediction=columns.prediction_name)
        if columns.models:
            first, *rivals = columns.models
            choice = replace(choice, prediction=first, rivals=(*rivals,), least_models=None)
        self.options = replace(self.options, columns=choice)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if isinstance(error, BceError):
            blame_change(error, self.sources)

    @property
    def first(self) -> File:
        """The first source that is not empty."""
        return self._first

    @property
    def columns(self) -> Columns:
        """The columns of the first source."""
        return self._first.columns

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Name of the prediction column of each model."""
        columns = self.columns
        return (columns.prediction_name, *(columns.names[place] for place in columns.rivals))

    def n_bytes(self) -> int | None:
        """Size of all sources; None if one of them is a stream, or compressed."""
        sizes = [source.size() for source in self.sources]
        is_known = None not in sizes and not self._is_compressed
        return sum(size for size in sizes if size is not None) if is_known else None

    @property
    def is_numbered(self) -> bool:
        """Whether there are several sources, and few, whose labels might be the same."""
        return 1 < len(self.sources) <= MOST_SOURCES

    def blocks(self) -> Iterator[Block]:
        """Yield all blocks, in the order of the rows."""
        for number, file in self.files():
            yield from numbered(file.blocks(), number if self.is_numbered else None)

    def files(self) -> Iterator[tuple[int, File]]:
        """Yield all sources that are not empty, with their numbers; each is open for its turn."""
        first = self._n_empty
        yield first, self._first
        for number, source in enumerate(self.sources[first + 1 :], start=first + 1):
            with ExitStack() as opened:
                try:
                    file, _ = self._open(source, opened)
                except EmptyInputError as empty:
                    self._pass_over(source, empty)
                    continue
                yield number, file

    def conclude(self, labels: LabelValues, notes: Sequence[str] = ()) -> None:
        """Take in what was found out by whoever has read all rows."""
        self.labels = LabelTally(self.options.grammar.positive)
        self.labels.add(labels)
        self.note(*notes)

    def note_same_labels(self, prints: Sequence[LabelPrint]) -> None:
        """Say it if sources seem to hold the same rows."""
        remark = remark_on(prints, [source.name for source in self.sources], self._ids)
        self.doubt(remark)

    def _ids(self, number: int) -> Sequence[str] | None:
        """Return what seem to be the ids of the rows of a source; None without such a column.

        That source is small, and is read once more.
        """
        source = self.sources[number]
        if source.is_read_once:
            return None
        columns = ColumnChoice(reads_label=False, reads_prediction=False, watches_ids=True)
        ids: list[str] = []
        try:
            with Table([source], replace(self.options, columns=columns)) as table:
                for block in table.blocks():
                    ids += block.read().rows.ids or ()
        except BceError:
            return None
        return ids if table.columns.watched is not None else None

    def note(self, *notes: str) -> None:
        """Take in what is worth a word, unless it is known."""
        self.notes += [note for note in notes if note not in self.notes]

    def doubt(self, note: str | None) -> None:
        """Take in what looks not meant, if anything does; see `note`."""
        if note is not None and note not in self.doubts:
            self.doubts.append(note)
            self.note(note)

    def _open_first(self, opened: ExitStack) -> tuple[int, File]:
        """Open the first source that is not empty; return how many precede it, too."""
        for number, source in enumerate(self.sources):
            try:
                file, self._is_compressed = self._open(source, opened)
            except EmptyInputError as empty:
                if number == len(self.sources) - 1:
                    raise
                self._pass_over(source, empty)
            else:
                return number, file
        message = "internal: there are no sources"
        raise AssertionError(message)

    def _pass_over(self, source: Source, empty: EmptyInputError) -> None:
        """Note that a source is empty; raise the error that it is, unless it is a part."""
        if not source.is_part:
            raise empty
        self.note(empty_note(source))

    def _open(self, source: Source, opened: ExitStack) -> tuple[File, bool]:
        file, is_compressed = open_file(source, self.options, opened)
        if file.note is not None:
            self.note(file.note)
        return file, is_compressed


def empty_note(source: Source) -> str:
    """Say that a file of a folder is empty."""
    return f"{source.name}: it is empty, and adds no rows"


def label_conflict(
    theirs: tuple[str, float], baseline: tuple[str, float], row: str, hint: str | None = None
) -> DataError:
    """Say that two tables do not agree on what happened; each is a name and a label."""
    label, other = f"{theirs[1]:g}", f"{baseline[1]:g} in {baseline[0]}"
    message = f"{theirs[0]}, row {row}: the label is {label}, but {other}"
    return DataError(message, hint)
