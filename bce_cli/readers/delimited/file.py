"""One delimited source: its header, then its pieces."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import IO, TYPE_CHECKING

from bce_cli.readers.blocks import Block, read_blocks
from bce_cli.readers.delimited.header import read_header
from bce_cli.readers.delimited.piece import DelimitedPiece
from bce_cli.readers.delimited.quotes import QuotedRecords
from bce_cli.readers.delimited.records import fields_of
from bce_cli.readers.grammar import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bce_cli.readers.columns import Columns
    from bce_cli.readers.delimited.dialect import Dialect
    from bce_cli.readers.grammar import Grammar, InputOptions

_GLANCE = 1 << 16


class DelimitedFile:
    """An opened source of delimited text, of which the header is read at once.

    Parameters
    ----------
    stream : binary stream
        UTF-8 text.
    name : str
        What messages call it.
    extensions : tuple of str
        The endings of its name.
    options : InputOptions

    Attributes
    ----------
    columns : Columns
    dialect : Dialect

    Raises
    ------
    DataError
        The source is empty or no text, or its header lacks a column.
    InputError
        Reading fails.
    """

    def __init__(
        self, stream: IO[bytes], name: str, extensions: tuple[str, ...], options: InputOptions
    ) -> None:
        self._name = name
        self._grammar = options.grammar
        framing = QuotedRecords(options.layout.comment)
        self._blocks = read_blocks(stream, name, framing, options.block_bytes)
        self.columns, self.dialect, self._rest = read_header(
            self._blocks, name, extensions, options
        )

    @property
    def note(self) -> str | None:
        """What was found out about the source and is worth a word."""
        if self.dialect.delimiter == ",":
            return None
        return f"{self._name}: delimiter {self.dialect.delimiter_name}"

    @property
    def n_rows(self) -> None:
        """Unknown before they are counted."""

    def pieces(self) -> Iterator[DelimitedPiece]:
        """Yield the records below the header, block by block."""
        blocks = chain([self._rest] if self._rest.data else [], self._blocks)
        yield from pieces_of(blocks, self.columns, self.dialect, self._grammar, self._name)


def pieces_of(
    blocks: Iterable[Block], columns: Columns, dialect: Dialect, grammar: Grammar, name: str
) -> Iterator[DelimitedPiece]:
    """Yield blocks of records that follow each other as pieces."""
    piece: DelimitedPiece | None = None
    for block in blocks:
        if piece is None:
            has_text = _has_text_labels(block, columns, dialect, grammar)
            piece = DelimitedPiece(block, columns, dialect, grammar, has_text, name)
        yield replace(piece, block=block)


def _has_text_labels(block: Block, columns: Columns, dialect: Dialect, grammar: Grammar) -> bool:
    """Glance at the first record; either answer is right, one of them is faster."""
    if columns.label is None or grammar.soft_labels:
        return False
    if grammar.positive is not None:
        return True
    glance = Block(block.data[:_GLANCE], block.first_line)
    _, fields = next(fields_of(glance, dialect), (0, []))
    place = columns.label
    return place < len(fields) and parse_number(fields[place], dialect.decimal) is None
