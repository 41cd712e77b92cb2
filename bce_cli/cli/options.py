"""Arguments and options, each declared once; those of the input are in `input_options`.

The alias holds the type, the names and the help; the command gives the default.

=================  ==========================================================
alias              meaning
=================  ==========================================================
SourcesArg         files to read, or standard input
ModelSourcesArg    files of models, or with columns of models
UnitOpt            nats or bits
LikeOpt            convention of the losses
LikeAllOpt         the same, or all of them side by side
ClipOpt            lower limit of the probabilities
FormatOpt          table, json, csv or markdown
RowFormatOpt       the same, or parquet
PerExampleOpt      every row instead of the report
RowsOpt            first rows to show in the table
WorstOpt           rows of highest loss to show
ConfidenceOpt      level of intervals
ChangedRowsOpt     rows of greatest change to show
ByOpt              columns that part the rows
ExcelSafeOpt       no formulas for spreadsheets
OutputOpt          file to write
QuietOpt           the one number alone
SilentOpt          nothing but the exit code
WorkersOpt         threads, or processes
EngineOpt          local or dask
SchedulerOpt       address of a cluster
ColorOpt           auto, always or never
StepArg            step of the derivation
DemoFormatOpt      table, json or markdown
NOpt, POpt, SeedOpt  rows drawn for a demonstration
KOpt               factor of a curve
PlotOpt            picture to write
=================  ==========================================================
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import typer


class Color(StrEnum):
    """When to use colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


MOST_ROWS = 10_000
"""Rows that a table may show; drawing more would take longer than reading them."""

SourcesArg = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="Files of predictions, read as one data set: CSV, JSON Lines, Parquet or Arrow, "
        "compressed or not. A folder stands for all files below it, a pattern such as "
        "'day=*/*.csv' for those that match; names in _ or . are left out. s3://, gs://, abfs://, "
        "hdfs:// and https:// are read with the usual environment variables. - is standard input, "
        "the default in a pipe.",
        show_default=False,
    ),
]
ModelSourcesArg = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="A file for each model, the baseline first; or files, read as one data set, that have "
        "a column for each: CSV, JSON Lines, Parquet or Arrow, compressed or not; - is standard "
        "input, the default in a pipe.",
        show_default=False,
    ),
]
UnitOpt = Annotated[
    Literal["nats", "bits"],
    typer.Option("--unit", help="Unit of every loss and log-likelihood."),
]
_LIKE_HELP = (
    "Compute what another library would print: sklearn, sklearn-1.1, torch, keras, tf-keras, "
    "xgboost, lightgbm, lightgbm-xentropy, catboost, kaggle, yardstick or spark"
)
LikeOpt = Annotated[str, typer.Option("--like", metavar="NAME", help=f"{_LIKE_HELP}.")]
LikeAllOpt = Annotated[
    str,
    typer.Option(
        "--like", metavar="NAME", help=f"{_LIKE_HELP}; or all of them side by side, with all."
    ),
]
ClipOpt = Annotated[
    float | None,
    typer.Option(
        "--clip",
        metavar="EPS",
        help="Move probabilities into [EPS, 1 - EPS] first; by default nothing is clipped, and a "
        "certain, wrong prediction costs infinity.",
    ),
]
FormatOpt = Annotated[
    Literal["table", "json", "csv", "markdown"],
    typer.Option("--format", "-f", help="Format of the output."),
]
RowFormatOpt = Annotated[
    Literal["table", "json", "csv", "markdown", "parquet"],
    typer.Option(
        "--format", "-f", help="Format of the output; parquet goes with --per-example alone."
    ),
]
PerExampleOpt = Annotated[
    bool,
    typer.Option(
        "--per-example",
        help="Write every row with its loss instead of the report; json means one object a line.",
    ),
]
RowsOpt = Annotated[
    int,
    typer.Option(
        "--rows",
        metavar="N",
        min=0,
        max=MOST_ROWS,
        help="First rows to show in the table; --per-example writes all.",
    ),
]
WorstOpt = Annotated[
    int,
    typer.Option(
        "--worst",
        metavar="N",
        min=0,
        max=MOST_ROWS,
        help="Show the N rows of highest loss as well; with --format csv, show those alone.",
    ),
]
ConfidenceOpt = Annotated[
    float,
    typer.Option(
        "--confidence",
        metavar="LEVEL",
        help="Of every interval, between 0 and 1; a difference is told from none at this level.",
    ),
]
ChangedRowsOpt = Annotated[
    int,
    typer.Option(
        "--rows",
        metavar="N",
        min=0,
        max=MOST_ROWS,
        help="Rows to show of those that gained, and of those that lost, most.",
    ),
]
DifferenceQuietOpt = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print the mean differences alone, and no notes."),
]
ByOpt = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="COLUMN",
        help="Show where the loss comes from: figures for each value of this column, or for each "
        "combination of values if given more than once.",
    ),
]
ExcelSafeOpt = Annotated[
    bool,
    typer.Option(
        "--excel-safe",
        help="With --format csv, put an apostrophe before texts that a spreadsheet would take for "
        "a formula.",
    ),
]
OutputOpt = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE, whole or not at all, and never to an input; - is standard output.",
    ),
]
QuietOpt = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print the mean loss alone, and no notes."),
]
SilentOpt = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Print nothing but errors: the exit code tells. A file of --output is written.",
    ),
]
WorkersOpt = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Threads to use, or processes with --engine dask; by default, one for each core. No "
        "digit depends on it.",
    ),
]
EngineOpt = Annotated[
    Literal["local", "dask"],
    typer.Option(
        "--engine",
        help="What does the work: threads of this process, or a cluster of Dask, whose workers "
        "read the files themselves. No digit depends on it.",
    ),
]
SchedulerOpt = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="With --engine dask, the cluster to use, such as tcp://host:8786; by default that of "
        "DASK_SCHEDULER_ADDRESS, or else processes on this machine.",
    ),
]
ColorOpt = Annotated[
    Color,
    typer.Option("--color", help="Colour tables: auto means on a terminal, without NO_COLOR."),
]
StepArg = Annotated[
    str | None,
    typer.Argument(metavar="STEP", help="A step of the list below, or all.", show_default=False),
]
DemoSourcesArg = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="Files with rows of your own; - or a pipe is standard input.",
        show_default=False,
    ),
]
DemoFormatOpt = Annotated[
    Literal["table", "json", "markdown"],
    typer.Option("--format", "-f", help="Format of the output."),
]
NOpt = Annotated[
    int | None,
    typer.Option("--n", metavar="N", help="Draw N built-in rows (underflow: 2000 by default)."),
]
POpt = Annotated[
    float | None,
    typer.Option("--p", metavar="P", help="Draw them with, and predict, this P(label = 1): 0.7."),
]
SeedOpt = Annotated[
    int | None,
    typer.Option("--seed", metavar="SEED", help="Draw them with this seed: 0."),
]
KOpt = Annotated[
    float | None,
    typer.Option("--k", metavar="K", help="Factor of the step scaling: 3 by default."),
]
PlotOpt = Annotated[
    str | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw the step's curves into FILE as well: .png, .svg or .pdf (needs matplotlib).",
    ),
]
