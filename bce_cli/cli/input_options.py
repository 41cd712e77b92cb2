"""Options that say what the input is, each declared once; `Inputs` is a group for `with_groups`.

================  ============================================================
option            meaning
================  ============================================================
--label           column of the labels
--prediction      column of the predictions
--weight          column of the weights
--id              column that names the rows
--positive        label that counts as 1
--soft-labels     labels between 0 and 1
--logits          predictions that are logits
--missing         what becomes of rows with a missing value
--labels          file of the labels, with --on and --join
--input-format    csv, tsv, jsonl, parquet or arrow
--delimiter, --decimal, --comment, --no-header
                  how CSV text is written
--encoding        how text is encoded
================  ============================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.readers.open_data import Data

_COLUMNS = "By name, or #3 for the third"

LabelOpt = Annotated[
    str | None,
    typer.Option(
        "--label",
        "-l",
        metavar="COLUMN",
        help=f"Column of the labels. {_COLUMNS}; without it, a customary name such as "
        "label, y, y_true, target, actual or outcome.",
    ),
]
PredictionOpt = Annotated[
    str | None,
    typer.Option(
        "--prediction",
        "-p",
        metavar="COLUMN",
        help=f"Column of the predicted probabilities of label 1. {_COLUMNS}; without it, a "
        "customary name such as prediction, p, prob, probability, y_prob or score.",
    ),
]
WeightOpt = Annotated[
    str | None,
    typer.Option(
        "--weight",
        "-w",
        metavar="COLUMN",
        help="Column of the weights, each 0 or more; else all 1.",
    ),
]
IdOpt = Annotated[
    str | None,
    typer.Option("--id", metavar="COLUMN", help="Column that names the rows, shown beside them."),
]
PositiveOpt = Annotated[
    str | None,
    typer.Option(
        "--positive",
        metavar="VALUE",
        help="The label that counts as 1, where labels are not 0 and 1 or true and false; "
        "exactly one other may occur.",
    ),
]
SoftLabelsOpt = Annotated[
    bool, typer.Option("--soft-labels", help="Labels are probabilities themselves, in [0, 1].")
]
LogitsOpt = Annotated[
    bool,
    typer.Option(
        "--logits", help="Predictions are logits, log p - log(1 - p); any number will do."
    ),
]
MissingOpt = Annotated[
    Literal["error", "drop"],
    typer.Option(
        "--missing",
        help="Rows with a missing label, prediction or weight (empty, NA, NaN, null, None): refuse "
        "them, or leave them out and count them.",
    ),
]
LabelsOpt = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="Take the labels from this file, joined by the column of --on. Both sources are then "
        "held in memory.",
    ),
]
OnOpt = Annotated[
    str | None,
    typer.Option("--on", metavar="COLUMN", help="Column of both files that joins their rows."),
]
JoinOpt = Annotated[
    Literal["all", "inner"],
    typer.Option(
        "--join",
        help="Rows without a partner in the other file: refuse them (all), or leave them out and "
        "count them (inner).",
    ),
]
InputFormatOpt = Annotated[
    Literal["csv", "tsv", "jsonl", "parquet", "arrow"] | None,
    typer.Option(
        "--input-format",
        help="Format of the sources; by default, what their first bytes and names say.",
        show_default=False,
    ),
]
DelimiterOpt = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="Between the fields of CSV text: a character, or tab, space, pipe, semicolon; by "
        "default the first of , ; tab | under which the header has the columns.",
    ),
]
DecimalOpt = Annotated[
    Literal[".", ","],
    typer.Option("--decimal", help="Decimal sign of numbers in CSV text."),
]
NoHeaderOpt = Annotated[
    bool,
    typer.Option("--no-header", help="The first line holds data; columns are #1, #2 and so on."),
]
EncodingOpt = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Encoding of text, such as latin-1; by default UTF-8, or what a byte order mark says.",
    ),
]
CommentOpt = Annotated[
    str | None,
    typer.Option(
        "--comment", metavar="TEXT", help="Pass over lines of CSV text that begin with TEXT."
    ),
]


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
