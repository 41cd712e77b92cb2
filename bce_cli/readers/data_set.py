"""Several sources, read one after the other as one data set."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from bce_cli.errors import DataError
from bce_cli.readers.delimited import parse_delimiter
from bce_cli.readers.files import File, check_encoding, open_file
from bce_cli.readers.opened import Opened
from bce_cli.readers.reading import LabelTally
from bce_cli.storage.sources import Source, refuse_second_pipe, sources_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.readers.blocks import Block
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.reading import Summary


class DataSet(Opened):
    """A context that opens the first source at once, and the others when their turn comes.

    The columns found in the first source are wanted in the others too, wherever they stand there.

    Parameters
    ----------
    paths : sequence of str
        Paths or addresses of files, folders, or patterns; ``-`` is standard input.
    options : InputOptions

    Attributes
    ----------
    sources : list of Source
        The files that are read, in this order.
    options : InputOptions
        With the columns of the first source, once that is open.
    labels : LabelTally
        Which labels there were, of the pieces that were checked.
    notes : list of str
        What was found out about the sources and is worth a word.
    n_unmatched : int or None
        Keys without a partner that were left out; None where nothing was joined.
    n_missing : int
        Rows left out for a missing value, of the pieces that were checked.
    """

    def __init__(self, paths: Sequence[str], options: InputOptions) -> None:
        refuse_second_pipe(paths)
        check_encoding(options.layout.encoding)
        parse_delimiter(options.layout.delimiter)
        self._paths = tuple(paths)
        self.sources = [source for path in paths for source in sources_of(path)]
        self.options = options
        super().__init__()
        self.labels = LabelTally(options.grammar.positive)
        self.notes: list[str] = []
        self.n_unmatched: int | None = None
        self.n_missing = 0

    @classmethod
    def of_sources(cls, sources: Sequence[Source], options: InputOptions) -> Self:
        """Return a data set of files that were found before."""
        data = cls((), options)
        data.sources = list(sources)
        return data

    def __enter__(self) -> Self:
        self.notes.clear()
        with ExitStack() as opened:
            self._first, self._is_compressed = self._open(self.sources[0], opened)
            self.keep_open(opened)
        columns, choice = self._first.columns, self.options.columns
        if choice.label is None:
            choice = replace(choice, label=columns.label_name)
        if choice.prediction is None:
            choice = replace(choice, prediction=columns.prediction_name)
        self.options = replace(self.options, columns=choice)
        return self

    @property
    def name(self) -> str:
        """What messages about the whole call it."""
        return ", ".join(Source(path).name for path in self._paths)

    @property
    def columns(self) -> Columns:
        """The columns of the first source."""
        return self._first.columns

    @property
    def label_name(self) -> str:
        """Name of the label column."""
        return self.columns.label_name

    @property
    def prediction_name(self) -> str:
        """Name of the prediction column."""
        return self.columns.prediction_name

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Name of the prediction column of each model."""
        return (self.prediction_name, *(self.columns.names[i] for i in self.columns.rivals))

    def n_bytes(self) -> int | None:
        """Size of all sources; None if one of them is a stream, or compressed."""
        sizes = [source.size() for source in self.sources]
        is_known = None not in sizes and not self._is_compressed
        return sum(size for size in sizes if size is not None) if is_known else None

    def pieces(self) -> Iterator[Block]:
        """Yield all pieces, in the order of the rows."""
        yield from self._first.blocks()
        for source in self.sources[1:]:
            with ExitStack() as opened:
                file, _ = self._open(source, opened)
                yield from file.blocks()

    def check(self, summary: Summary) -> None:
        """Check what a piece came to against those before it, in the order of the rows.

        Raises
        ------
        LabelError
            A third label is among its labels, where there may be two.
        """
        for values in summary.label_values:
            self.labels.add(values)
        self.n_missing += summary.n_missing

    def finish(self, n: int) -> None:
        """Check what can be known at the end alone.

        Raises
        ------
        DataError
            `n`, the number of rows that count, is 0; or the label that was named never occurred,
            but one that is written otherwise.
        """
        if n == 0:
            left = "every row has a missing value" if self.n_missing else "there are no rows"
            message = f"{self.name}: {left}"
            raise DataError(message)
        self.labels.finish()

    def _open(self, source: Source, opened: ExitStack) -> tuple[File, bool]:
        file, is_compressed = open_file(source, self.options, opened)
        if file.note is not None:
            self.notes.append(file.note)
        return file, is_compressed
