"""The options that say what the input is; what is read by them, and what is told of it."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bce_cli.cli.diagnostics import ExitCode, say
from bce_cli.cli.help import no_sources
from bce_cli.cli.parsing import OptionGroup
from bce_cli.errors import InputError, OutputCreationError, UsageError, quoted, safe_text

if TYPE_CHECKING:
    from bce_cli.data.data import Data
    from bce_cli.questions.inputs import Inputs


def column_option(*names: str, what: str) -> Any:  # noqa: ANN401 -- as Typer has it
    """Declare an option that names a column."""
    return typer.Option(*names, metavar="COLUMN", help=what)


def _sources(what: str) -> Any:  # noqa: ANN401 -- as Typer has it
    return typer.Argument(metavar="SOURCE", help=what, show_default=False)


SourcesArg = Annotated[
    list[str] | None,
    _sources(
        "CSV, JSON, Parquet, Arrow, ORC, NumPy or Excel, zipped or not: files, folders, "
        "'day=*/*.csv', s3:// gs:// abfs:// hdfs:// https://; - is standard input."
    ),
]
ComparedSourcesArg = Annotated[
    list[str] | None,
    _sources(
        "A file for each model, the baseline first; a folder or 'runs/*.csv' of them, where that "
        "is the first by name; or one data set with -p twice. - is standard input."
    ),
]
IdOpt = Annotated[str | None, column_option("--id", what="Names of the rows, shown beside them.")]
ClusterOpt = Annotated[
    str | None,
    column_option(
        "--cluster",
        what="Rows of one user or day, say, depend on each other: intervals and p values allow "
        "for it.",
    ),
]
ByOpt = Annotated[
    list[str] | None,
    column_option("--by", what="Figures for each value; given twice, for each pair."),
]
CutOpt = Annotated[
    list[str] | None,
    typer.Option(
        "--cut",
        metavar="NUMBERS",
        help="Cut a column of --by into intervals: 18,30,65, or quantile:5; of several columns, "
        "age=18,30,65.",
    ),
]


def parted(inputs: "Inputs", by: list[str] | None, cut: list[str] | None) -> "Inputs":
    """Return the same with the segments that --by and --cut ask for.

    Raises
    ------
    ArgumentError
        A cut is none, or is of no column that parts the rows.
    """
    if not cut:
        return replace(inputs, by=tuple(by or ()))
    from bce_cli.questions.cuts import cuts_of_texts  # noqa: PLC0415 -- rarely needed

    columns = tuple(by or ())
    return replace(inputs, by=columns, cut=cuts_of_texts(cut, columns))


class RowInput(OptionGroup):
    """How labels and predictions are read, row by row."""

    label: Annotated[
        str | None,
        column_option(
            "--label",
            "-l",
            what="Labels: a name, or #3 for the third column. Else what is called label, y, "
            "y_true, target or the like.",
        ),
    ] = None
    prediction: Annotated[
        str | None,
        column_option(
            "--prediction",
            "-p",
            what="Probabilities of label 1. Else what is called p, prob, prediction, "
            "y_pred_proba or the like.",
        ),
    ] = None
    positive: Annotated[
        str | None,
        typer.Option(
            "--positive",
            metavar="VALUE",
            help="Label that counts as 1, where they are not 0 and 1.",
        ),
    ] = None
    missing: Annotated[
        Literal["error", "drop"],
        typer.Option(
            "--missing",
            metavar="RULE",
            help="Rows with an empty value, or NA: error refuses them, drop counts them and leaves "
            "them out.",
        ),
    ] = "error"
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="Take the labels from this file, joined by --on, or row by row.",
        ),
    ] = None
    on: Annotated[
        list[str] | None,
        column_option(
            "--on",
            what="Column of both files that joins their rows; given twice, both do.",
        ),
    ] = None
    join: Annotated[
        Literal["all", "inner"],
        typer.Option(
            "--join",
            metavar="RULE",
            help="Rows without a partner: all refuses them, inner counts them and leaves them out.",
        ),
    ] = "all"
    input_format: Annotated[
        Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow", "orc"] | None,
        typer.Option(
            "--input-format",
            metavar="FORMAT",
            help="csv, tsv, json, jsonl, parquet, arrow, orc. Else as it looks.",
            show_default=False,
        ),
    ] = None
    delimiter: Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            metavar="CHAR",
            help="A character, or tab, space, pipe, semicolon. Else the first of , ; tab | that "
            "fits.",
        ),
    ] = None
    decimal: Annotated[
        Literal[".", ","],
        typer.Option("--decimal", metavar="SIGN", help="Decimal sign in CSV: . or ,"),
    ] = "."
    no_header: Annotated[
        bool,
        typer.Option("--no-header", help="The first line holds data: columns are #1, #2 ..."),
    ] = False
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            metavar="NAME",
            help="Such as latin-1. Else UTF-8, or as a mark says.",
        ),
    ] = None
    comment: Annotated[
        str | None,
        typer.Option(
            "--comment", metavar="TEXT", help="Pass over lines of CSV that begin with TEXT."
        ),
    ] = None

    def asked(self) -> "Inputs":
        """Return the same, as questions have it."""
        from bce_cli.questions.inputs import Inputs  # noqa: PLC0415 -- --help needs no NumPy

        return Inputs(
            label=self.label,
            predictions=() if self.prediction is None else (self.prediction,),
            positive=self.positive,
            missing=self.missing,
            labels=self.labels,
            on=tuple(self.on or ()),
            join=self.join,
            input_format=self.input_format,
            delimiter=self.delimiter,
            decimal=self.decimal,
            no_header=self.no_header,
            encoding=self.encoding,
            comment=self.comment,
        )

    @property
    def _leaves_predictions_open(self) -> bool:
        """Whether the columns of predictions are not all named."""
        return self.prediction is None

    def tell(self, data: "Data", *, is_told: bool) -> None:
        """Say what was found out about the input, and which rows were left out.

        Parameters
        ----------
        data : Data
            All of it was read.
        is_told : bool
            Whether the output itself tells of columns and rows.
        """
        for note in data.notes:
            say(note)
        if is_told:
            return
        if self.label is None or self._leaves_predictions_open:
            names = list(dict.fromkeys(data.prediction_names))
            columns = "prediction column" if len(names) == 1 else "prediction columns"
            predictions = ", ".join(quoted(name) for name in names)
            label = quoted(data.label_name)
            if data.truth is not None:
                label += f" of {data.truth.name}"
                predictions += f" of {data.baseline.name}" if len(data.models) == 1 else ""
            say(f"label column {label}, {columns} {predictions}")
        if data.n_missing:
            say(f"left out {_count(data.n_missing, 'row')} with a missing value")
        if data.n_unmatched:
            say(f"left out {_count(data.n_unmatched, 'key')} without a partner")


class ScoredInput(RowInput):
    """Labels and predictions to score, which may be soft, be logits, and have weights."""

    weight: Annotated[
        str | None,
        column_option("--weight", "-w", what="Weights of the rows, each 0 or more. Else all 1."),
    ] = None
    soft_labels: Annotated[
        bool, typer.Option("--soft-labels", help="Labels are probabilities themselves, in [0, 1].")
    ] = False
    logits: Annotated[
        bool,
        typer.Option("--logits", help="Predictions are logits, log p - log(1 - p)."),
    ] = False

    def asked(self) -> "Inputs":
        """Return the same, as questions have it."""
        return replace(
            super().asked(),
            weight=self.weight,
            soft_labels=self.soft_labels,
            logits=self.logits,
        )


class ModelsInput(ScoredInput):
    """The same, for predictions of one model or of several in columns of their own."""

    prediction: Annotated[
        list[str] | None,
        column_option(
            "--prediction",
            "-p",
            what="Probabilities of label 1; several, or 'p_*', are a model each. Else what is "
            "called p, prob or the like.",
        ),
    ] = None  # type: ignore[assignment]  # several, in its old place

    @property
    def predictions(self) -> list[str]:
        """The columns that were named."""
        return list(self.prediction or ())

    @property
    def _leaves_predictions_open(self) -> bool:
        return not self.prediction or self._has_patterns

    @property
    def _has_patterns(self) -> bool:
        from bce_cli.storage.paths import is_pattern  # noqa: PLC0415 -- not for --help

        return any(map(is_pattern, self.predictions))

    def asked(self) -> "Inputs":
        """Return the same, as questions have it."""
        least = 1 if self._has_patterns else None
        return replace(super().asked(), predictions=tuple(self.predictions), least_models=least)


class ComparedInput(ModelsInput):
    """Labels, and predictions of several models in columns or in files of their own."""

    prediction: Annotated[
        list[str] | None,
        column_option(
            "--prediction",
            "-p",
            what="A model's probabilities of label 1, given twice or more, the baseline first; "
            "'p_*' is each so called.",
        ),
    ] = None
    on: Annotated[
        list[str] | None,
        column_option(
            "--on",
            what="Columns that join the rows of all files. Else they must be in one order.",
        ),
    ] = None
    id_column: IdOpt = None
    cluster: ClusterOpt = None
    by: ByOpt = None
    cut: CutOpt = None

    def asked(self) -> "Inputs":
        """Return the same, as questions have it."""
        asked = replace(super().asked(), least_models=2, id=self.id_column, cluster=self.cluster)
        return parted(asked, self.by, self.cut)

    def models(self, inputs: "Inputs", paths: Sequence[str]) -> "tuple[Data, Sequence[Any]]":
        """Prepare to read the sources.

        Returns
        -------
        data : Data
        sources : sequence of str
            A model each, or what follows each other.

        Raises
        ------
        UsageError
            There is one model only, or options contradict each other.
        """
        from bce_cli.questions.inputs import model_sources  # noqa: PLC0415 -- --help needs no NumPy

        sources, notes = model_sources(paths, self.predictions)
        if sources is None:
            return inputs.data(paths), paths
        if len(sources) == 1:
            message = "there is one model only: name two columns, or give a source for each model"
            several = [name for name in "".join(self.predictions).split(",") if name]
            if len(several) > 1:
                from shlex import quote  # noqa: PLC0415 -- rarely needed

                words = (f"-p {quote(safe_text(name))}" for name in several)
                raise UsageError(message, f"such as {' '.join(words)}")
            raise UsageError(message, "such as -p old -p new, -p 'p_*', or old.csv new.csv")
        return inputs.models(sources, notes), sources


def _refuse_columns(paths: Sequence[str]) -> None:
    """Refuse the name of a column in the place of one of several sources."""
    for path in paths if len(paths) > 1 else ():
        refuse_column(path, "--label", "-p")


def refuse_column(path: str, *options: str) -> None:
    """Refuse what seems to be the name of a column, which belongs to some options.

    Raises
    ------
    InputError
        There is no such file.
    """
    if path.isidentifier() and not os.path.lexists(path):
        message = f"{path}: no such file or directory"
        hint = ", or ".join(f"{option} {path}" for option in options)
        raise InputError(message, f"columns are options: {hint}")


def paths_or_help(ctx: typer.Context, sources: list[str] | None) -> list[str]:
    """Return the sources, standard input in a pipe; on a terminal say what is missing, and stop.

    Raises
    ------
    InputError
        One of several sources is not there, and seems to be the name of a column.
    OutputCreationError
        What is written would be read by the next run, as it lies in a folder that is a source.
    """
    if sources:
        _refuse_columns(sources)
        for option in _WRITTEN:
            _refuse_within(sources, ctx.params.get(option), option)
        return sources
    if sys.stdin is not None and not sys.stdin.isatty():
        return ["-"]
    for line in no_sources(ctx):
        typer.echo(line, err=True)
    raise typer.Exit(ExitCode.USAGE)


_WRITTEN = ("output", "plot", "save")
"""Options that name a file which is written."""


def _refuse_within(sources: list[str], path: str | None, option: str) -> None:
    """Refuse a new file in a folder of which all files are read, unless its name hides it."""
    if not path or "\0" in path or os.path.lexists(path):  # no file, or an old one
        return
    from bce_cli.storage.folders import is_hidden, is_leftover  # noqa: PLC0415 -- not for --help

    target = Path(os.path.realpath(path))
    for source in filter(os.path.isdir, sources):
        folder = os.path.realpath(source)
        if not target.is_relative_to(folder):
            continue
        parts = target.relative_to(folder).parts
        if not any(is_hidden(part) or is_leftover(part) for part in parts):
            message = f"{safe_text(path)}: the output would lie in a folder that is read"
            raise OutputCreationError(message, f"choose another folder for --{option}")


def paths_read(data: "Data") -> list[str]:
    """Return all paths on this machine that are read, and must not be overwritten."""
    return [source.local_path or source.path for source in data.sources]


def _count(n: int, what: str) -> str:
    return f"1 {what}" if n == 1 else f"{n:,} {what}s"
