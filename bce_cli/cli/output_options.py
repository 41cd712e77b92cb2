"""The options that say where a report goes and how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from bce_cli.cli.options import Color, ColorOpt, FormatOpt, OutputOpt
from bce_cli.cli.output import staged_output
from bce_cli.cli.terminal import encoding_of, look_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from bce_cli.render.look import Look


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
