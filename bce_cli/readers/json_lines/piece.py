"""One block of JSON lines, and how it turns into rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.readers.blocks import as_bytes
from bce_cli.readers.json_lines.lines import cells_of, count_filled
from bce_cli.readers.two_looks import read
from bce_cli.readers.typed_columns import typed_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bce_cli.readers.blocks import Block
    from bce_cli.readers.cells import Cells
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.reading import Reading
    from bce_cli.readers.second_look import Record

_LF, _CR, _OPEN, _CLOSE = b"\n\r{}"


@dataclass(frozen=True, slots=True)
class JsonPiece:
    """Whole lines of one source.

    Attributes
    ----------
    block : Block
    columns : Columns
        Their names are keys.
    kinds : dict of str to str
        The kind of value that each wanted key had in the first object: string, bool or number.
        Other kinds are read as well, but slower.
    grammar : Grammar
        As `typed_grammar` returns it.
    source : str
        What messages call the input.
    """

    block: Block
    columns: Columns
    kinds: dict[str, str]
    grammar: Grammar
    source: str

    @property
    def n_bytes(self) -> int:
        """Size of the piece, for a progress bar."""
        return len(self.block.data)

    @property
    def n_rows(self) -> int:
        """Rows it turns into; see `Piece`."""
        return count_objects(self.block.data) or count_filled(self.block)

    def read(self) -> Reading:
        """Parse and validate every line; see `two_looks.read`."""
        return read(self)

    def records(self) -> Iterator[Record]:
        """Yield the cells of each line."""
        return cells_of(self.block, self.columns, self.grammar, self.source)

    def convert(self) -> Cells | None:
        """Convert the wanted keys, typed, in this thread; None for what is odd."""
        n = count_objects(self.block.data)
        if not n:
            return None
        table = self._table()
        if len(table) != n:
            return None
        table.validate(full=True)  # the parser lets text through that is not UTF-8
        return typed_cells(
            n, self.columns, lambda place: table.column(self.columns.names[place]), self.grammar
        )

    def _table(self) -> pa.Table:
        import pyarrow as pa
        from pyarrow import json

        types = {"string": pa.string(), "bool": pa.bool_(), "number": pa.float64()}
        fields = {self.columns.names[p]: "number" for _, _, p in self.columns.numbers}
        fields |= {name: self.kinds[name] for name in fields if name in self.kinds}
        schema = {name: types[kind] for name, kind in fields.items()}
        for _, place in self.columns.texts:
            name = self.columns.names[place]
            is_number = self.kinds.get(name) == "number"
            schema.setdefault(name, pa.int64() if is_number else pa.string())
        data = self.block.data
        return json.read_json(
            pa.BufferReader(pa.py_buffer(data)),
            json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            json.ParseOptions(
                explicit_schema=pa.schema(list(schema.items())), unexpected_field_behavior="ignore"
            ),
        )

    def label_at(self, index: int) -> tuple[str, str]:
        """Return the place and the text of one label."""
        place, found = next(islice(self.records(), index, None))
        return place, str(found["label"])  # type: ignore[index]


def count_objects(data: memoryview) -> int:
    r"""Count the lines, if each that is not blank begins and ends with a brace; 0 otherwise.

    pyarrow takes what spans lines or shares one, and crashes on a lone ``null``; what passes here
    and gives as many rows is an object a line.

    Examples
    --------
    >>> count_objects(memoryview(b'{"y": 1}\n\n{"y": 0}\n')), count_objects(memoryview(b"null"))
    (2, 0)
    """
    text = as_bytes(data)
    ends = np.append(np.flatnonzero(text == _LF), len(text))
    starts = np.append(0, ends[:-1] + 1)
    last = ends - 1
    last -= (last >= starts) & (text[np.maximum(last, 0)] == _CR)
    filled = last >= starts
    starts, last = starts[filled], last[filled]
    is_plain = bool(np.all((text[starts] == _OPEN) & (text[last] == _CLOSE)))
    return len(starts) if is_plain else 0
