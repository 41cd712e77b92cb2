"""Options that say what the input is, each declared once.

================  ============================================================
option            meaning
================  ============================================================
--label           column of the labels
--prediction      column of the predictions
--weight          column of the weights
--id              column that names the rows
--cluster         column whose values tie rows together
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

from typing import Annotated, Literal

import typer

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
PredictionsOpt = Annotated[
    list[str] | None,
    typer.Option(
        "--prediction",
        "-p",
        metavar="COLUMN",
        help=f"Column of a model's predicted probabilities of label 1. {_COLUMNS}. Given more than "
        "once, each is a model, the first the baseline; else each SOURCE is.",
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
        help="Rows with a missing label, prediction or weight (empty, NA, N/A, #N/A, <NA>, NaN, "
        "null, None, \\N): refuse them, or leave them out and count them.",
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
OnModelsOpt = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="COLUMN",
        help="Column that joins the rows of all files, which otherwise must be in the same order.",
    ),
]
ClusterOpt = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="COLUMN",
        help="Rows with the same value here depend on each other, such as those of one user or "
        "day: intervals and p values allow for it. Takes 3 to 7 KB of memory for each value.",
    ),
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
