"""One Parquet or Arrow source: its schema, then its pieces."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bce_cli.errors import DataError
from bce_cli.readers.columnar.batches import open_arrow, open_parquet
from bce_cli.readers.columnar.piece import ColumnarPiece
from bce_cli.readers.columnar.types import refuse_text_type, refuse_type
from bce_cli.readers.columns import find_columns
from bce_cli.readers.typed_columns import typed_grammar
from bce_cli.storage.streams import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bce_cli.readers.columnar.batches import Run
    from bce_cli.readers.grammar import InputOptions

_FORMATS = {"parquet": "Parquet", "arrow": "Arrow"}


class ColumnarFile:
    """An opened Parquet or Arrow source, of which the schema is read at once.

    Parameters
    ----------
    file : binary stream or file of pyarrow
        With random access, but for a stream of Arrow batches.
    kind : {"parquet", "arrow"}
    head : bytes
        Its first bytes.
    name : str
        What messages call it.
    size : int or None
        Its bytes, where they are known.
    options : InputOptions

    Attributes
    ----------
    columns : Columns
    runs : tuple of Run
        What a Parquet file can be read by; see `Batches`.

    Raises
    ------
    DataError
        The source is damaged, or lacks a column.
    InputError
        Reading fails.
    """

    note: str | None = None

    def __init__(
        self,
        file: Any,  # noqa: ANN401 -- Python's files, and pyarrow's own
        kind: str,
        head: bytes,
        *,
        name: str,
        size: int | None,
        options: InputOptions,
    ) -> None:
        self._name = name
        self._kind = kind
        self._size = size
        self._grammar = typed_grammar(options.grammar)
        with self._explained():
            self._table = (
                open_parquet(file, options.block_bytes)
                if kind == "parquet"
                else open_arrow(file, head, options.block_bytes)
            )
            schema: pa.Schema = self._table.schema
            self.runs = self._table.runs
            names = schema.names
        self.columns = find_columns(names, options.columns, name)
        for number in self.columns.numbers:
            refuse_type(number.role, schema.field(number.place), name)
        for text in self.columns.texts:
            refuse_text_type(text.key.partition(" ")[0], schema.field(text.place), name)
        self._places = sorted({place for _, place in self.columns.wanted})

    @property
    def n_rows(self) -> int | None:
        """How many rows it has, where the file says it."""
        return self._table.n_rows

    def pieces(self, runs: tuple[Run, ...] | None = None) -> Iterator[ColumnarPiece]:
        """Yield the rows, a batch at a time; of these runs only, which follow each other."""
        first_row = runs[0].first_row if runs else 1
        n_rows = self._table.n_rows
        batches = self._table.read(self._places, self.runs if runs is None else runs)
        while True:
            with self._explained():
                batch = next(batches, None)
            if batch is None:
                return
            share = 0 if not n_rows or not self._size else self._size * batch.num_rows // n_rows
            yield ColumnarPiece(
                batch, self._places, first_row, share, self.columns, self._grammar, self._name
            )
            first_row += batch.num_rows

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except DataError:
            raise
        except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
            if isinstance(error, OSError) and error.errno:
                raise unreadable(self._name, error) from None
            reason = str(error).strip().partition("\n")[0].partition(". ")[0]
            message = f"{self._name}: the {_FORMATS[self._kind]} data are damaged: {reason}"
            raise DataError(message) from None
