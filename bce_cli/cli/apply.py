"""bce apply: what are the recalibrated predictions, or the map as a formula?"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal, cast, get_args

import typer

from bce_cli.cli.diagnostics import ProgressBar, say
from bce_cli.cli.input import RowInput, SourcesArg, paths_or_help
from bce_cli.cli.limited import is_limited
from bce_cli.cli.output import OutputOptions, output_option, quiet_option
from bce_cli.cli.parsing import OptionGroup, count_option
from bce_cli.errors import DataError, UsageError, given, quoted

if TYPE_CHECKING:
    from bce_cli.core.recalibration.saved import SavedMap
    from bce_cli.data.table import Table
    from bce_cli.questions.applied import Applied
    from bce_cli.readers.grammar import InputOptions

EXAMPLES = (
    ("bce apply map.json new.csv -o out.csv", "one column more: recalibrated"),
    ("bce apply map.json new.csv | bce compute -p recalibrated", "and what it is worth"),
    ("bce apply map.json new.parquet -p score -o out.parquet", "another column"),
    ("bce apply map.json --formula sql", "the map as an expression"),
)
EPILOG = (
    "All other columns stay as they are, their text, order, quotes, encoding and types among it. "
    "CSV stays CSV, Parquet and ORC become Parquet, Arrow stays Arrow, all else becomes CSV, "
    "unless FILE's ending or --format says otherwise: cells of CSV are texts there, and those of a "
    "workbook go into CSV or JSON alone. JSON becomes JSON Lines, always. Blank lines and comments "
    "are left out."
)
_FORMAT = Literal["csv", "json", "parquet", "arrow"]
_ENDINGS = {".tsv": "csv", ".tab": "csv", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow"}
_TABS = (".tsv", ".tab")
_ROOM_FOR_THREADS = 2 << 30  # bytes

MapArg = Annotated[
    str | None,
    typer.Argument(metavar="MAP", help="What bce recalibrate --save has written."),
]


class AppliedInput(RowInput):
    """Predictions alone, and how they are read."""

    LEFT_OUT = ("label", "positive", "labels", "on", "join")

    prediction: Annotated[
        str | None,
        typer.Option(
            "--prediction",
            "-p",
            metavar="COLUMN",
            help="Predictions: a name, or #3 for the third column. Else the column that the map "
            "was fitted to, or what is called p, prob, prediction or the like.",
        ),
    ] = None
    logits: Annotated[
        bool | None,
        typer.Option(
            "--logits/--no-logits",
            help="Predictions are logits, or with --no-logits are not. Else as where the map was "
            "fitted.",
        ),
    ] = None
    missing: Annotated[
        Literal["keep", "error"],
        typer.Option(
            "--missing",
            metavar="RULE",
            help="Rows without a prediction: keep has an empty cell for them and counts them, "
            "error refuses them.",
        ),
    ] = "keep"  # type: ignore[assignment]  # no row is left out

    def of(self, kept: "SavedMap") -> "InputOptions":
        """Return all that is asked of the input of a map."""
        from bce_cli.readers.columns import ColumnChoice  # noqa: PLC0415 -- --help needs no NumPy
        from bce_cli.readers.grammar import Grammar, InputOptions, Layout  # noqa: PLC0415

        of_logits = self.are_logits(kept)
        if self.comment is not None and (not self.comment or set(self.comment) & set('"\r\n')):
            message = "--comment must be some text without quotes and line ends"
            raise UsageError(message)
        return InputOptions(
            columns=ColumnChoice(
                prediction=self.prediction,
                reads_label=False,
                of_logits=of_logits,
                prefers=kept.prediction_column,
            ),
            grammar=Grammar(
                logits=of_logits, drop_missing=self.missing == "keep", decimal=self.decimal
            ),
            layout=Layout(
                self.input_format, self.delimiter, not self.no_header, self.encoding, self.comment
            ),
            keeps_all=True,
        )

    def are_logits(self, kept: "SavedMap") -> bool:
        """Whether predictions are logits."""
        return kept.of_logits if self.logits is None else self.logits


class AppliedOutput(OutputOptions):
    """Format and file of rows."""

    LEFT_OUT = ("brief", "color", "excel_safe")
    FORMATS = get_args(_FORMAT)
    output_format: Annotated[
        _FORMAT | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="csv, json (an object a line), parquet or arrow. Else that of the input, or what "
            "FILE's ending says.",
        ),
    ] = None  # type: ignore[assignment]  # rows have other formats than reports
    output: Annotated[str | None, output_option(".csv .json .jsonl .parquet .arrow")] = None

    @property
    def writes_rows(self) -> bool:
        """Whether rows are written, and no report."""
        return True

    @property
    def asked(self) -> "_FORMAT | None":
        """The format that was asked for, by name or by that of the file; None for neither."""
        chosen = self._chosen
        return None if chosen == "table" else cast("_FORMAT", chosen)

    def _named(self, ending: str) -> str | None:
        return _ENDINGS.get(ending) or super()._named(ending)

    def refuse_terminal(self, output_format: str) -> None:
        """Raise UsageError if bytes would be written where text is read."""
        is_seen = self.path is None and sys.stdout is not None and sys.stdout.isatty()
        if is_seen and output_format in ("parquet", "arrow"):
            message = f"{output_format.title()} is nothing to read on a terminal"
            raise UsageError(message, "write it to a file with -o FILE")

    def refuse_other_fields(self, delimiter: str) -> None:
        """Raise UsageError if the file is called after tabs, and its fields have another sign."""
        if self._ending() in _TABS and delimiter != "\t":
            message = f"--output {quoted(str(self.output))}: fields stay parted by {delimiter!r}"
            raise UsageError(message, "a name in .csv says so")


class NewColumnOptions(OptionGroup):
    """The column that comes in."""

    column: Annotated[
        str, typer.Option("--column", metavar="NAME", help="What the new column is called.")
    ] = "recalibrated"
    logit: Annotated[
        bool, typer.Option("--logit", help="It has log odds, and no probabilities.")
    ] = False
    formula: Annotated[
        Literal["sql", "python", "excel"] | None,
        typer.Option(
            "--formula",
            metavar="LANGUAGE",
            help='Print the map instead, as an expression: sql ("p"), python (p, or row["a name"]; '
            "needs math) or excel ([@p] in a table).",
        ),
    ] = None


def apply(
    ctx: typer.Context,
    map_path: MapArg = None,
    sources: SourcesArg = None,
    *,
    inputs: AppliedInput,
    new: NewColumnOptions,
    out: AppliedOutput,
    quiet: Annotated[bool, quiet_option("no notes")] = False,
    workers: Annotated[
        int | None, count_option("--workers", "Threads. Else one a core.", least=1)
    ] = None,
) -> None:
    """What are the recalibrated predictions, or the map as a formula?

    Rows in their order, all columns as they are, and one column more.
    """
    if not map_path:
        message = "no MAP was given" if map_path is None else "MAP must not be empty"
        raise UsageError(message, "such as bce apply map.json new.csv, or --formula sql")
    if new.formula is not None:
        _print_formula(map_path, sources, inputs, new, out)
        return
    paths = paths_or_help(ctx, sources)
    if "" in paths:
        message = "SOURCE must not be empty"
        raise UsageError(message)
    if not new.column.strip():
        message = "--column must not be empty"
        raise UsageError(message)
    out.check()
    from bce_cli.data.table import Table  # noqa: PLC0415 -- --help needs no NumPy
    from bce_cli.readers.saved_map import read_map  # noqa: PLC0415
    from bce_cli.storage.sources import refuse_second_pipe  # noqa: PLC0415

    refuse_second_pipe([map_path, *paths])
    kept = read_map(map_path)
    with _hinting_at_keep(), Table.at(paths, inputs.of(kept)) as table:
        applied = _applied(table, kept, map_path, new, out, workers=workers, quiet=quiet)
    if not quiet:
        _tell(table, kept, applied, inputs, new)


@contextmanager
def _hinting_at_keep() -> Iterator[None]:
    """Let hints say what becomes of rows without a prediction here: none is left out."""
    from bce_cli.readers.grammar import DROP_HINT  # noqa: PLC0415 -- --help needs no NumPy

    try:
        yield
    except DataError as error:
        message, hint = error.said
        if hint != DROP_HINT:
            raise
        hint = f"{given(missing='keep')} has an empty cell for such rows, and counts them"
        raise type(error)(message, hint, *error.arguments) from None


def _applied(
    table: "Table",
    kept: "SavedMap",
    map_path: str,
    new: NewColumnOptions,
    out: AppliedOutput,
    *,
    workers: int | None,
    quiet: bool,
) -> "Applied":
    """Write all rows of an opened table."""
    from bce_cli.engine.run import default_workers  # noqa: PLC0415 -- --help needs no NumPy
    from bce_cli.questions.applied import Application, written_format  # noqa: PLC0415

    output_format = written_format(table.first, out.asked)
    out.refuse_terminal(output_format)
    out.refuse_other_fields(getattr(getattr(table.first, "dialect", None), "delimiter", ","))
    is_short = workers is None and is_limited(_ROOM_FOR_THREADS)
    read = [map_path, *(source.local_path or source.path for source in table.sources)]
    with out.staged(read) as stream, ProgressBar(enabled=not quiet) as progress:
        run = Application(
            table,
            kept.map,
            new.column,
            output_format,
            as_logit=new.logit,
            n_workers=0 if is_short else workers or default_workers(),
            progress=progress,
        )
        return run.write(stream)


def _tell(
    table: "Table",
    kept: "SavedMap",
    applied: "Applied",
    inputs: AppliedInput,
    new: NewColumnOptions,
) -> None:
    """Say what was found out about the input, and which cells are empty."""
    for note in table.notes:
        say(note)
    found = table.columns.prediction_name
    if inputs.prediction is None and found != kept.prediction_column:
        say(
            f"prediction column {quoted(found)}, where the map had {quoted(kept.prediction_column)}"
        )
    if inputs.logits is None and kept.of_logits:
        say(f"column {quoted(found)} holds logits, as where the map was fitted")
    if not applied.n:
        say(f"{table.name}: there are no rows, and none are written")
    if applied.n_missing:
        rows = "1 row has" if applied.n_missing == 1 else f"{applied.n_missing:,} rows have"
        say(f"{rows} no prediction, and nothing in {quoted(new.column)}")


def _print_formula(
    map_path: str,
    sources: list[str] | None,
    inputs: AppliedInput,
    new: NewColumnOptions,
    out: AppliedOutput,
) -> None:
    """Write the map as an expression."""
    if sources:
        message = "--formula prints the map, and reads no SOURCE"
        raise UsageError(message, "-p NAME says what its column is called")
    if out.output_format is not None:
        message = "--formula and --format are two different outputs"
        raise UsageError(message)
    from bce_cli.core.arguments import is_place  # noqa: PLC0415 -- --help needs no NumPy
    from bce_cli.readers.saved_map import read_map  # noqa: PLC0415
    from bce_cli.render.formulas import formula  # noqa: PLC0415

    kept = read_map(map_path)
    column = kept.prediction_column if inputs.prediction is None else inputs.prediction
    if inputs.prediction is None and (is_place(column) or not column.strip()):
        message = f"the map has no name of its column, {quoted(column)}"
        raise UsageError(message, "-p NAME says what it is called where the formula will stand")
    assert new.formula is not None  # noqa: S101 -- as it was asked for
    of_logits = inputs.are_logits(kept)
    text = formula(kept.map, column, new.formula, of_logits=of_logits, as_logit=new.logit)
    with out.staged([map_path]) as stream:
        stream.write(f"{text}\n".encode())
