"""What the folders of a path say of all rows in a file, such as day=2026-11-01/part.parquet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.errors import DataError, quoted
from bce_cli.readers.grammar import CellFault, cell_error, check_number, label_key, read_cell
from bce_cli.readers.texts import strings

if TYPE_CHECKING:
    from bce_cli.readers.columns import Columns
    from bce_cli.readers.grammar import Grammar
    from bce_cli.readers.reading import ConvertedColumns


_ZEROS = re.compile(r"(:[0-9]{2})(?:\.0+|(\.[0-9]*[1-9])0+)$")
"""At the end of a time, where one library writes fewer of them than another."""


def agree(text: str, folder: str | None) -> bool:
    """Whether a cell says what the folder says: the same text, number or time.

    Examples
    --------
    >>> agree("2026-11-01", "2026-11-01"), agree("1", "01"), agree("2", "01"), agree(" ", None)
    (True, True, False, True)
    >>> agree("2026-11-01 08:30:00", "2026-11-01 08:30:00.000000")
    True
    """
    if not (folder or "").strip():
        return not text.strip()
    return text == folder or _comparable(text) == _comparable(folder or "")


def _comparable(text: str) -> str:
    """Return a text without what says nothing in a number, or in the seconds of a time."""
    return label_key(_ZEROS.sub(r"\1\2", text))


def refuse_other(key: str, text: str, columns: Columns, place: str) -> None:
    """Raise DataError if a cell says something else than the folder.

    Parameters
    ----------
    key : str
        Of the column; nothing is asked of other columns than those that folders stand for as well.
    text : str
    columns : Columns
    place : str
        Where the cell stands.
    """
    role, _, number = key.partition(" ")
    if role != "folder":
        return
    folder = columns.folders[int(number) - 1]
    if agree(text, folder.text):
        return
    said = "no value" if folder.text is None else quoted(folder.text)
    message = f"{place}: column {quoted(folder.name)} is {quoted(text)}, but its folder says {said}"
    raise DataError(message, "rename the folder, or the column")


def take_folders(cells: ConvertedColumns, columns: Columns, grammar: Grammar, source: str) -> bool:
    """Add what the folders of a path say to the cells of a block.

    Parameters
    ----------
    cells : ConvertedColumns
        Columns of the same names are taken out.
    columns : Columns
    grammar : Grammar
    source : str
        What messages call the input.

    Returns
    -------
    bool
        Whether those columns say the same.

    Raises
    ------
    DataError
        The folder is no weight, but is to be one.
    """
    for key, _ in columns.confirmed:
        found = cells.categories.pop(key, None)
        folder = columns.folders[int(key.partition(" ")[2]) - 1]
        if found is None:  # too long
            return False
        codes = np.unique(found.codes).tolist()
        if not all(agree(found.names[code], folder.text) for code in codes):
            return False
    for key, folder in columns.fixed:
        if key == "weight":
            _add_weight(cells, folder.name, folder.text, grammar, source)
        else:
            if key in columns.cuts:
                check_number(folder.text or "", folder.name, source, grammar.decimal)
            _add_text(cells, key, folder.text)
    return True


def _add_weight(
    cells: ConvertedColumns, name: str, text: str | None, grammar: Grammar, source: str
) -> None:
    try:
        weight = read_cell("weight", text, grammar)
    except CellFault as fault:
        error = cell_error("weight", text, fault, column=name, place=source)
        raise error from None
    cells.numbers["weight"] = np.full(cells.n, 0.0 if weight is None else weight)
    cells.add_nulls("weight", np.full(cells.n, weight is None))


def _add_text(cells: ConvertedColumns, key: str, text: str | None) -> None:
    import pyarrow as pa

    codes = pa.Array.from_buffers(
        pa.int32(), cells.n, [None, pa.py_buffer(np.zeros(cells.n, np.int32))]
    )
    cells.add_text(key, pa.DictionaryArray.from_arrays(codes, strings([text])))
