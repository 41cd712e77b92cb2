"""One CSV source: its header, then its pieces."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from bce_cli.readers.columns import ColumnChoice, find_columns
from bce_cli.readers.csv_blocks import BLOCK_BYTES, read_blocks
from bce_cli.readers.csv_header import read_header
from bce_cli.readers.csv_piece import CsvPiece

if TYPE_CHECKING:
    from collections.abc import Iterator


class CsvFile:
    """An opened CSV source, of which the header is read at once.

    Parameters
    ----------
    stream : binary stream
    name : str
        What messages call it.
    choice : ColumnChoice
    block_bytes : int

    Attributes
    ----------
    columns : Columns

    Raises
    ------
    DataError
        The source is empty or in another format, or its header lacks a column.
    InputError
        Reading fails.
    """

    def __init__(
        self, stream: IO[bytes], name: str, choice: ColumnChoice, block_bytes: int = BLOCK_BYTES
    ) -> None:
        self._name = name
        self._blocks = read_blocks(stream, name, block_bytes)
        names, self._rest = read_header(self._blocks, name)
        self.columns = find_columns(names, choice, name)

    def pieces(self) -> Iterator[CsvPiece]:
        """Yield the records below the header, block by block."""
        if self._rest.data:
            yield CsvPiece(self._rest, self.columns, self._name)
        for block in self._blocks:
            yield CsvPiece(block, self.columns, self._name)
