"""One source of JSON lines: its keys, then its pieces."""

from __future__ import annotations

from itertools import chain, islice
from typing import IO, TYPE_CHECKING

from bce_cli.errors import DataError, EmptyInputError, quoted
from bce_cli.readers.blocks import read_blocks
from bce_cli.readers.columns import find_columns
from bce_cli.readers.json_lines.lines import JsonLines, Number, Pairs, objects_of
from bce_cli.readers.json_lines.piece import JsonPiece
from bce_cli.readers.typed_columns import typed_grammar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.readers.blocks import Block
    from bce_cli.readers.columns import ColumnChoice, Columns
    from bce_cli.readers.options import InputOptions

_MOST_LOOKED_AT = 100


class JsonFile:
    """An opened source of JSON lines, of which the first object is read at once.

    Parameters
    ----------
    stream : binary stream
        UTF-8 text.
    name : str
        What messages call it.
    options : InputOptions

    Attributes
    ----------
    columns : Columns
        Their names are the keys of the first objects.

    Raises
    ------
    DataError
        The source is empty or no JSON, or its first objects lack a key.
    InputError
        Reading fails.
    """

    note: str | None = None
    n_rows: int | None = None

    def __init__(self, stream: IO[bytes], name: str, options: InputOptions) -> None:
        self._name = name
        self._grammar = typed_grammar(options.grammar)
        self._blocks = read_blocks(stream, name, JsonLines(), options.block_bytes)
        self._first, found = self._first_object()
        _refuse_places(options.columns, name)
        self.columns = self._find_columns(found, options.columns)
        self._kinds = {key: _kind(value) for key, value in found}

    def pieces(self) -> Iterator[JsonPiece]:
        """Yield the lines, block by block."""
        for block in chain([self._first], self._blocks):
            yield JsonPiece(block, self.columns, self._kinds, self._grammar, self._name)

    def _find_columns(self, first: Pairs, choice: ColumnChoice) -> Columns:
        """Find the keys in the first object, or else in those that follow, where it lacks some."""
        try:
            return find_columns(_keys([first]), choice, self._name)
        except DataError as error:
            near = islice(objects_of(self._first, self._name), _MOST_LOOKED_AT)
            objects = [found for _, found in near if not isinstance(found, DataError)]
            try:
                return find_columns(_keys(objects), choice, self._name)
            except DataError:
                raise error from None

    def _first_object(self) -> tuple[Block, Pairs]:
        for block in self._blocks:
            for _, found in objects_of(block, self._name):
                if isinstance(found, DataError):
                    raise found
                return block, found
        message = f"{self._name}: the input is empty"
        raise EmptyInputError(message, "each line must be one JSON object")


def _keys(objects: list[Pairs]) -> list[str]:
    return list(dict.fromkeys(key for found in objects for key, _ in found))


def _refuse_places(choice: ColumnChoice, name: str) -> None:
    for wanted in choice.named:
        if wanted[:1] == "#" and wanted[1:].isdigit():
            message = f"{name}: JSON keys have names and no places, so not {quoted(wanted)}"
            raise DataError(message, "name the key")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) and not isinstance(value, Number) else "number"
