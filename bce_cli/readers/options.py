"""What the user says about the input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bce_cli.readers.blocks import BLOCK_BYTES
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar

InputFormat: TypeAlias = Literal["csv", "tsv", "jsonl", "parquet", "arrow"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a source is laid out, as far as it is not to be found out.

    Attributes
    ----------
    input_format : {"csv", "tsv", "jsonl", "parquet", "arrow"}, optional
    delimiter : str, optional
        One ASCII character between the fields of CSV text.
    has_header : bool
        Whether the first record names the columns.
    encoding : str, optional
        Of text; UTF-8, or what a byte order mark says, without it.
    comment : str, optional
        Lines of CSV text that begin with it are passed over.
    """

    input_format: InputFormat | None = None
    delimiter: str | None = None
    has_header: bool = True
    encoding: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class InputOptions:
    """All that is asked of the input.

    Attributes
    ----------
    columns : ColumnChoice
    grammar : Grammar
    layout : Layout
    block_bytes : int
        Bytes of text read at a time. No result depends on it.
    """

    columns: ColumnChoice = field(default_factory=ColumnChoice)
    grammar: Grammar = field(default_factory=Grammar)
    layout: Layout = field(default_factory=Layout)
    block_bytes: int = BLOCK_BYTES
