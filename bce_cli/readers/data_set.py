"""Several sources, read one after the other as one data set."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from bce_cli.errors import UsageError
from bce_cli.readers.csv_blocks import BLOCK_BYTES
from bce_cli.readers.csv_file import CsvFile
from bce_cli.readers.sources import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from bce_cli.readers.columns import ColumnChoice, Columns
    from bce_cli.readers.csv_piece import CsvPiece


class DataSet:
    """A context that opens the first source at once, and the others when their turn comes.

    The columns found in the first source are wanted in the others too, wherever they stand there.

    Parameters
    ----------
    paths : sequence of str
        Paths; ``-`` is standard input.
    choice : ColumnChoice
    block_bytes : int
        Bytes read at a time. No result depends on it.
    """

    def __init__(
        self, paths: Sequence[str], choice: ColumnChoice, block_bytes: int = BLOCK_BYTES
    ) -> None:
        if list(paths).count(STANDARD_INPUT) > 1:
            message = "standard input can be read only once"
            raise UsageError(message)
        self._sources = [Source(path) for path in paths]
        self._choice = choice
        self._block_bytes = block_bytes
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._first = self._open(self._sources[0], opened)
            self._stack = opened.pop_all()
        columns = self._first.columns
        if self._choice.label is None:
            self._choice = replace(self._choice, label=columns.label_name)
        if self._choice.prediction is None:
            self._choice = replace(self._choice, prediction=columns.prediction_name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def name(self) -> str:
        """What messages about the whole call it."""
        return ", ".join(source.name for source in self._sources)

    @property
    def columns(self) -> Columns:
        """The columns of the first source."""
        return self._first.columns

    def n_bytes(self) -> int | None:
        """Size of all sources; None if one of them is a stream."""
        sizes = [source.size() for source in self._sources]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def pieces(self) -> Iterator[CsvPiece]:
        """Yield all pieces, in the order of the rows."""
        yield from self._first.pieces()
        for source in self._sources[1:]:
            with ExitStack() as opened:
                yield from self._open(source, opened).pieces()

    def _open(self, source: Source, opened: ExitStack) -> CsvFile:
        stream = opened.enter_context(source.open())
        return CsvFile(stream, source.name, self._choice, self._block_bytes)
