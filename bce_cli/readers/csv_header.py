"""The first record of a CSV source: it names the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bce_cli.errors import DataError, EmptyInputError
from bce_cli.readers.csv_blocks import Block
from bce_cli.readers.csv_faults import records
from bce_cli.readers.numbers import parse_number
from bce_cli.readers.quotes import as_bytes, count_lines, ends_outside_quotes
from bce_cli.readers.signatures import UTF8_BOM, refuse_other_formats
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_header(blocks: Iterator[Block], name: str) -> tuple[list[str], Block]:
    """Take the header off the first blocks of a source.

    Parameters
    ----------
    blocks : iterator of Block
        From the start of the source; those read here are used up.
    name : str
        What messages call the source.

    Returns
    -------
    names : list of str
    rest : Block
        What follows the header in its block.

    Raises
    ------
    DataError
        The source is empty, in another format or encoding, or begins with data.
    """
    is_start = True
    for block in blocks:
        body = _start(block, name) if is_start else block
        is_start = False
        header, rest = _split(body)
        if header.data:
            return _names(header, name), rest
    message = f"{name}: the input is empty"
    raise EmptyInputError(message, "its first line must name the columns")


def _start(block: Block, name: str) -> Block:
    """Look at the first bytes of the source, and leave out a byte order mark."""
    refuse_other_formats(bytes(block.data[:8]), name)
    has_mark = block.data[:3] == UTF8_BOM
    return Block(block.data[3:], block.first_line) if has_mark else block


def _split(block: Block) -> tuple[Block, Block]:
    """Cut after the first record that is not blank; it is empty if there is none."""
    data = as_bytes(block.data)
    text = bytes(block.data)
    start = len(text) - len(text.lstrip(b"\r\n"))
    ends = [ends_outside_quotes(data[start:], ord(line_end)) for line_end in "\r\n"]
    end = min((start + int(found[0]) + 1 for found in ends if len(found)), default=len(text))
    end += text[end - 1 : end + 1] == b"\r\n"
    return (
        Block(block.data[start:end], block.first_line + count_lines(data[:start])),
        Block(block.data[end:], block.first_line + count_lines(data[:end])),
    )


def _names(header: Block, name: str) -> list[str]:
    place = f"{name}, line {header.first_line}"
    data = bytes(header.data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = f"byte 0x{data[error.start]:02x} at position {error.start + 1}"
        message = f"{place}: the header is not UTF-8 text: {bad}"
        raise DataError(
            message, "convert it first, such as with iconv -f LATIN1 -t UTF-8"
        ) from None
    _, names = next(records(header))
    if all(parse_number(cell) is not None for cell in names):
        message = f"{place}: the header holds numbers, not names: {quoted(data.decode().strip())}"
        raise DataError(message, "the first line must name the columns")
    return names
