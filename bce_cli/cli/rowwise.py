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

    from bce_cli.readers.open_data import Data


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
        weight: str | None = None,
        row_id: str | None = None,
        soft_labels: bool = False,
        logits: bool = False,
        block_bytes: int | None = None,
    ) -> Data:
        """Prepare to read the sources.

        Raises
        ------
        UsageError
            Options contradict each other.
        """
        self._check(soft_labels=soft_labels)
        from bce_cli.readers.blocks import BLOCK_BYTES  # noqa: PLC0415 -- --help needs no NumPy
        from bce_cli.readers.columns import ColumnChoice  # noqa: PLC0415
        from bce_cli.readers.grammar import Grammar  # noqa: PLC0415
        from bce_cli.readers.open_data import open_data  # noqa: PLC0415
        from bce_cli.readers.options import InputOptions, Layout  # noqa: PLC0415

        options = InputOptions(
            columns=ColumnChoice(self.label, self.prediction, weight, row_id),
            grammar=Grammar(
                self.positive, soft_labels, logits, self.missing == "drop", self.decimal
            ),
            layout=Layout(
                self.input_format, self.delimiter, not self.no_header, self.encoding, self.comment
            ),
            block_bytes=block_bytes or BLOCK_BYTES,
        )
        join = None
        if self.labels is not None and self.on is not None:
            from bce_cli.readers.join import Join  # noqa: PLC0415 -- only then

            join = Join(self.labels, self.on, is_inner=self.join == "inner")
        return open_data(paths, options, join)

    def paths_read(self, paths: Sequence[str]) -> list[str]:
        """Return all paths that are read, and must not be overwritten."""
        return [*paths, *([] if self.labels is None else [self.labels])]

    def _check(self, *, soft_labels: bool) -> None:
        if (self.labels is None) != (self.on is None):
            message = "--labels and --on go together: a file, and the column that joins it"
            raise UsageError(message, "such as --labels truth.csv --on id")
        if self.join == "inner" and self.labels is None:
            message = "--join needs --labels and --on"
            raise UsageError(message)
        if self.positive is not None and soft_labels:
            message = "--positive names one of two labels; it does not go with --soft-labels"
            raise UsageError(message)
        if self.positive is not None and not self.positive.strip():
            message = "--positive must not be empty"
            raise UsageError(message)
        if self.comment is not None and (not self.comment or set(self.comment) & set('"\r\n')):
            message = "--comment must be some text without quotes and line ends"
            raise UsageError(message)
