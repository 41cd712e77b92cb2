"""The options that say what the input is; what is read by them, and what is told of it."""

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bce_cli.cli.diagnostics import ExitCode, say
from bce_cli.cli.help import no_sources
from bce_cli.cli.parsing import OptionGroup
from bce_cli.errors import InputError, UsageError, quoted, safe_text

if TYPE_CHECKING:
    from bce_cli.data.data import Data, Join
    from bce_cli.readers.columns import ColumnChoice
    from bce_cli.readers.grammar import Grammar, InputOptions
    from bce_cli.render.origin import Origin


def _column(*names: str, what: str) -> Any:  # noqa: ANN401 -- as Typer has it
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
        "A file for each model, the baseline first, or one data set with -p twice: CSV, JSON "
        "Lines, Parquet or Arrow, compressed or not; - is standard input."
    ),
]
IdOpt = Annotated[str | None, _column("--id", what="Names of the rows, shown beside them.")]


class RowInput(OptionGroup):
    """How labels and predictions are read, row by row."""

    label: Annotated[
        str | None,
        _column(
            "--label",
            "-l",
            what="Labels: a name, or #3 for the third column. Else what is called label, y, "
            "y_true, target or the like.",
        ),
    ] = None
    prediction: Annotated[
        str | None,
        _column(
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
        _column(
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

    def data(
        self,
        paths: Sequence[str],
        *,
        columns: "ColumnChoice | None" = None,
        block_bytes: int | None = None,
    ) -> "Data":
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
        self.check_paths(paths)
        from bce_cli.data.data import open_data  # noqa: PLC0415 -- --help needs no NumPy

        columns = columns or self.columns()
        if len(paths) == 2 and self.labels is None:  # noqa: PLR2004 -- predictions, labels
            columns = replace(columns, truth=paths[1])
        asked = self._asked(columns, block_bytes)
        return open_data(paths, asked, self._join())

    def columns(self) -> "ColumnChoice":
        """Return the columns that are to be read."""
        from bce_cli.readers.columns import ColumnChoice  # noqa: PLC0415 -- --help needs no NumPy

        return ColumnChoice(self.label, self.prediction)

    def grammar(self) -> "Grammar":
        """Return how cells are to be read."""
        from bce_cli.readers.grammar import Grammar  # noqa: PLC0415 -- --help needs no NumPy

        return Grammar(self.positive, drop_missing=self.missing == "drop", decimal=self.decimal)

    def check(self) -> None:
        """Refuse options that contradict each other."""
        self._check_join()
        if self.positive is not None and not self.positive.strip():
            message = "--positive must not be empty"
            raise UsageError(message)
        if self.comment is not None and (not self.comment or set(self.comment) & set('"\r\n')):
            message = "--comment must be some text without quotes and line ends"
            raise UsageError(message)

    def check_paths(self, paths: Sequence[str]) -> None:
        """Refuse paths that are empty, as a variable of a script may be."""
        for name, path in [*(("SOURCE", path) for path in paths), ("--labels", self.labels)]:
            if path == "":
                message = f"{name} must not be empty"
                raise UsageError(message)
        for path in paths if len(paths) > 1 else ():
            if path.isidentifier() and not os.path.lexists(path):
                message = f"{path}: no such file or directory"
                raise InputError(message, f"columns are options: --label {path}, or -p {path}")

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
        if self.label is None or self.prediction is None:
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

    def _asked(self, columns: "ColumnChoice", block_bytes: int | None = None) -> "InputOptions":
        """Return all that is asked of the input; see `data`."""
        from bce_cli.readers.grammar import BLOCK_BYTES, InputOptions, Layout  # noqa: PLC0415

        return InputOptions(
            columns=columns,
            grammar=self.grammar(),
            layout=Layout(
                self.input_format, self.delimiter, not self.no_header, self.encoding, self.comment
            ),
            block_bytes=block_bytes or BLOCK_BYTES,
        )

    def _join(self) -> "Join | None":
        """Return how rows of several sources find together; None if they need not."""
        if not self.on and self.labels is None:
            return None
        from bce_cli.data.data import Join  # noqa: PLC0415 -- only then

        return Join(tuple(self.on or ()), self.labels, is_inner=self.join == "inner")

    def _check_join(self) -> None:
        if self.labels is None and self.on:
            message = "--labels and --on go together: a file, and the column that joins it"
            raise UsageError(message, "such as --labels truth.csv --on id")
        if self.join == "inner" and not self.on:
            message = "--join needs --labels and --on"
            raise UsageError(message)


class ScoredInput(RowInput):
    """Labels and predictions to score, which may be soft, be logits, and have weights."""

    weight: Annotated[
        str | None,
        _column("--weight", "-w", what="Weights of the rows, each 0 or more. Else all 1."),
    ] = None
    soft_labels: Annotated[
        bool, typer.Option("--soft-labels", help="Labels are probabilities themselves, in [0, 1].")
    ] = False
    logits: Annotated[
        bool,
        typer.Option("--logits", help="Predictions are logits, log p - log(1 - p)."),
    ] = False

    def columns(self) -> "ColumnChoice":
        """Return the columns that are to be read."""
        return replace(super().columns(), weight=self.weight, of_logits=self.logits)

    def grammar(self) -> "Grammar":
        """Return how cells are to be read."""
        return replace(super().grammar(), soft_labels=self.soft_labels, logits=self.logits)

    def check(self) -> None:
        """Refuse options that contradict each other."""
        super().check()
        if self.positive is not None and self.soft_labels:
            message = "--positive names one of two labels; it does not go with --soft-labels"
            raise UsageError(message)

    def origin(self, data: "Data", paths: Sequence[str]) -> "Origin":
        """Return what a report tells of its rows, once all of them were read."""
        from bce_cli.render.origin import Origin  # noqa: PLC0415
        from bce_cli.storage.paths import without_secrets  # noqa: PLC0415 -- as above

        return Origin(
            sources=tuple(map(without_secrets, paths)),
            label_column=data.label_name,
            prediction_columns=tuple(dict.fromkeys(data.prediction_names)),
            weight_column=data.weight_name,
            labels_source=self.labels and without_secrets(self.labels),
            positive_label=data.labels.positive,
            negative_label=data.labels.other,
            of_logits=self.logits,
            n_missing=data.n_missing,
            n_unmatched=data.n_unmatched,
            doubts=tuple(data.doubts),
        )


class ComparedInput(ScoredInput):
    """Labels, and predictions of several models in columns or in files of their own."""

    prediction: Annotated[
        list[str] | None,
        _column(
            "--prediction",
            "-p",
            what="A model's probabilities of label 1. Given twice or more, each is a model, the "
            "first the baseline.",
        ),
    ] = None  # type: ignore[assignment]  # several, in its old place
    on: Annotated[
        list[str] | None,
        _column(
            "--on",
            what="Columns that join the rows of all files. Else they must be in one order.",
        ),
    ] = None
    id_column: IdOpt = None
    cluster: Annotated[
        str | None,
        _column(
            "--cluster",
            what="Rows of one user or day, say, depend on each other: intervals and p values "
            "allow for it.",
        ),
    ] = None

    @property
    def predictions(self) -> list[str]:
        """The columns that were named."""
        return list(self.prediction or ())

    @property
    def has_columns(self) -> bool:
        """Whether models are columns, and sources parts of one data set."""
        return len(self.predictions) > 1

    def columns(self) -> "ColumnChoice":
        """Return the columns that are to be read."""
        return replace(
            super().columns(),
            prediction=next(iter(self.predictions), None),
            rivals=tuple(self.predictions[1:]),
            id=self.id_column,
            cluster=self.cluster,
        )

    def models(self, paths: Sequence[str]) -> "Data":
        """Prepare to read the sources.

        Raises
        ------
        UsageError
            There is one model only, or options contradict each other.
        """
        if self.has_columns:
            return self.data(paths)
        if len(paths) == 1:
            message = "there is one model only: name two columns, or give a source for each model"
            several = [name for name in "".join(self.predictions).split(",") if name]
            if len(several) > 1:
                words = (f"-p {shlex.quote(safe_text(name))}" for name in several)
                raise UsageError(message, f"such as {' '.join(words)}")
            raise UsageError(message, "such as -p old -p new, or old.csv new.csv")
        from bce_cli.data.data import open_models  # noqa: PLC0415 -- --help needs no NumPy

        self.check()
        self.check_paths(paths)
        columns = self.columns()
        if self.labels is None:
            columns = replace(columns, truth="FILE")
        return open_models(paths, self._asked(columns), self._join())

    def _check_join(self) -> None:
        if self.has_columns or self.labels is not None:
            super()._check_join()
        elif self.join == "inner" and not self.on:  # a key alone joins the models
            message = "--join needs --on"
            raise UsageError(message, "such as --on id")


def paths_or_help(ctx: typer.Context, sources: list[str] | None) -> list[str]:
    """Return the sources, standard input in a pipe; on a terminal say what is missing, and stop."""
    if sources:
        return sources
    if sys.stdin is not None and not sys.stdin.isatty():
        return ["-"]
    for line in no_sources(ctx):
        typer.echo(line, err=True)
    raise typer.Exit(ExitCode.USAGE)


def paths_read(data: "Data") -> list[str]:
    """Return all paths on this machine that are read, and must not be overwritten."""
    return [source.local_path or source.path for source in data.sources]


def _count(n: int, what: str) -> str:
    return f"1 {what}" if n == 1 else f"{n:,} {what}s"
