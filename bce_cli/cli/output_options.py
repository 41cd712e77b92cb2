"""The options that say where a report goes and how it looks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from bce_cli.cli.options import Color, ColorOpt, FormatOpt, OutputOpt, RowFormatOpt
from bce_cli.cli.output import staged_output
from bce_cli.cli.terminal import encoding_of, look_for
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from bce_cli.render.layout import Look
    from bce_cli.render.write import Format


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Format, file and colours of a report."""

    output_format: FormatOpt = "table"
    output: OutputOpt = None
    color: ColorOpt = Color.AUTO

    @property
    def path(self) -> str | None:
        """The file to write; None for standard output."""
        return None if self.output == "-" else self.output

    @property
    def is_prose(self) -> bool:
        """Whether the report is for people, and tells itself what it was made of."""
        return self.output_format in ("table", "markdown")

    @property
    def look(self) -> Look:
        """How text may look there."""
        return look_for(self.path, self.color)

    def staged(self, inputs: Sequence[str]) -> AbstractContextManager[IO[bytes]]:
        """Provide the stream of the report; see `staged_output`."""
        return staged_output(self.path, inputs)

    def encode(self, text: str) -> bytes:
        """Encode text as its place wants it."""
        return text.encode(encoding_of(self.path), "backslashreplace")


@dataclass(frozen=True, slots=True)
class RowOutputOptions(OutputOptions):
    """The same, for output that may be every row."""

    output_format: RowFormatOpt = "table"  # type: ignore[assignment]  # Parquet holds rows alone

    @property
    def is_parquet(self) -> bool:
        """Whether rows are to be written as Parquet."""
        return str(self.output_format) == "parquet"

    @property
    def text_format(self) -> Format:
        """The format of a report, which is text."""
        return cast("Format", self.output_format)

    def refuse_terminal(self) -> None:
        """Raise UsageError if bytes would be written where text is read."""
        if self.path is None and sys.stdout is not None and sys.stdout.isatty():
            message = "Parquet is nothing to read on a terminal"
            raise UsageError(message, "write it to a file with -o FILE")
