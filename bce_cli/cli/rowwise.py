"""The group of options that every command shares which reads labels and predictions row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.cli.input_options import (
    CommentOpt,
    DecimalOpt,
    DelimiterOpt,
    EncodingOpt,
    InputFormatOpt,
    JoinOpt,
    LabelOpt,
    LabelsOpt,
    MissingOpt,
    NoHeaderOpt,
    OnOpt,
    PositiveOpt,
    PredictionOpt,
)
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.data.data import Data, Join
    from bce_cli.readers.columns import ColumnChoice
    from bce_cli.readers.grammar import Grammar, InputOptions


@dataclass(frozen=True, slots=True)
class Rowwise:
    """What a command needs to read labels and predictions."""

    label: LabelOpt = None
    prediction: PredictionOpt = None
    positive: PositiveOpt = None
    missing: MissingOpt = "error"
    labels: LabelsOpt = None
    on: OnOpt = None
    join: JoinOpt = "all"
    input_format: InputFormatOpt = None
    delimiter: DelimiterOpt = None
    decimal: DecimalOpt = "."
    no_header: NoHeaderOpt = False
    encoding: EncodingOpt = None
    comment: CommentOpt = None

    def data(
        self,
        paths: Sequence[str],
        *,
        columns: ColumnChoice | None = None,
        block_bytes: int | None = None,
    ) -> Data:
        """Prepare to read the sources.

        Parameters
        ----------
        paths : sequence of str
        columns : ColumnChoice, optional
            What to read, if not just `columns()`.
        block_bytes : int, optional

        Raises
        ------
        UsageError
            Options contradict each other.
        """
        self.check()
        from bce_cli.data.data import open_data  # noqa: PLC0415 -- --help needs no NumPy

        return open_data(paths, self.input_options(columns, block_bytes), self.how_joined())

    def input_options(
        self, columns: ColumnChoice | None = None, block_bytes: int | None = None
    ) -> InputOptions:
        """Return all that is asked of the input; see `data`."""
        from bce_cli.readers.grammar import (  # noqa: PLC0415
            BLOCK_BYTES,
            InputOptions,
            Layout,
        )

        return InputOptions(
            columns=columns or self.columns(),
            grammar=self.grammar(),
            layout=Layout(
                self.input_format, self.delimiter, not self.no_header, self.encoding, self.comment
            ),
            block_bytes=block_bytes or BLOCK_BYTES,
        )

    def how_joined(self) -> Join | None:
        """Return how rows of several sources find together; None if they need not."""
        if self.on is None:
            return None
        from bce_cli.data.data import Join  # noqa: PLC0415 -- only then

        return Join(self.on, self.labels, is_inner=self.join == "inner")

    def columns(self) -> ColumnChoice:
        """Return the columns that are to be read."""
        from bce_cli.readers.columns import ColumnChoice  # noqa: PLC0415 -- --help needs no NumPy

        return ColumnChoice(self.label, self.prediction)

    def grammar(self) -> Grammar:
        """Return how cells are to be read."""
        from bce_cli.readers.grammar import Grammar  # noqa: PLC0415 -- --help needs no NumPy

        return Grammar(self.positive, drop_missing=self.missing == "drop", decimal=self.decimal)

    def check(self) -> None:
        """Refuse options that contradict each other."""
        if (self.labels is None) != (self.on is None):
            message = "--labels and --on go together: a file, and the column that joins it"
            raise UsageError(message, "such as --labels truth.csv --on id")
        if self.join == "inner" and self.labels is None:
            message = "--join needs --labels and --on"
            raise UsageError(message)
        if self.positive is not None and not self.positive.strip():
            message = "--positive must not be empty"
            raise UsageError(message)
        if self.comment is not None and (not self.comment or set(self.comment) & set('"\r\n')):
            message = "--comment must be some text without quotes and line ends"
            raise UsageError(message)
