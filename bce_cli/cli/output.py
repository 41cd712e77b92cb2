"""The options of the output: its format, by name or as asked for, its file, and how it looks."""

import codecs
import os
import shutil
import stat
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

import typer

from bce_cli.cli.diagnostics import say
from bce_cli.cli.parsing import OptionGroup
from bce_cli.cli.staging import are_same, staged_output, status_of, stdout_encoding
from bce_cli.errors import UsageError, did_you_mean, quoted
from bce_cli.render import Format, PictureFormat

if TYPE_CHECKING:
    from bce_cli.render.layout import Look
    from bce_cli.render.page.document import ReportDocument
    from bce_cli.render.write import Document

MOST_ROWS = 10_000
"""Rows that a table may show; drawing more would take longer than reading them."""
AnyFormat = Literal[Format, "parquet"]
"""Those of a report and of every row."""
_BY_NAME = {
    ".txt": "table",
    ".json": "json",
    ".csv": "csv",
    ".parquet": "parquet",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
}
"""The formats that the endings of a file's name ask for."""
_WORKBOOKS = (".xlsx", ".xls", ".ods")
_PRINTED = (".pdf",)
_LINES = (".jsonl", ".ndjson")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")
_ENDINGS = (*_BY_NAME, *_LINES, *_COMPRESSED)


def output_option(endings: str = ".csv .json .md .html .txt") -> Any:  # noqa: ANN401 -- as Typer has it
    """Declare the option that says where a report goes."""
    what = f"Write to FILE, whole or not at all. Its ending is the format: {endings}"
    return typer.Option("--output", "-o", metavar="FILE", help=what)


ColorOpt = Annotated[
    Literal["auto", "always", "never"],
    typer.Option("--color", metavar="WHEN", help="auto (on a terminal), always or never."),
]


BriefOpt = Annotated[
    bool, typer.Option("--brief", help="The answer alone, without the tables behind it.")
]


def format_option(formats: str) -> Any:  # noqa: ANN401 -- as Typer has it
    """Declare the option that says how a report is written."""
    what = f"{formats}. Else table, or what FILE's ending says."
    return typer.Option("--format", "-f", metavar="FORMAT", help=what)


def plot_option(what: str) -> Any:  # noqa: ANN401 -- as Typer has it
    """Declare the option that asks for a picture; see `checked_picture`."""
    return typer.Option(
        "--plot",
        metavar="FILE",
        help=f"Draw {what} as well: .png, .svg or .pdf (needs matplotlib).",
    )


def quiet_option(what: str) -> Any:  # noqa: ANN401 -- as Typer has it
    """Declare the option that leaves out all but one thing."""
    return typer.Option("--quiet", "-q", help=f"Print {what}.")


class OutputOptions(OptionGroup):
    """Format, file and colours of a report.

    Examples
    --------
    >>> OutputOptions(output="report.json").text_format, OutputOptions().text_format
    ('json', 'table')
    """

    FORMATS = get_args(Format)
    USUAL = "table"
    output_format: Annotated[Format | None, format_option("table, json, csv, markdown or html")] = (
        None
    )
    output: Annotated[str | None, output_option()] = None
    brief: BriefOpt = False
    color: ColorOpt = "auto"
    excel_safe: Annotated[
        bool,
        typer.Option(
            "--excel-safe",
            help="In csv, an apostrophe before what looks like a formula.",
        ),
    ] = False

    def check(self, *, is_number: bool = False) -> None:
        """Refuse options that contradict each other.

        Parameters
        ----------
        is_number : bool, default False
            Whether the output is one number alone, which has no format, whatever the name.
        """
        if self.output == "":
            message = "--output must not be empty"
            raise UsageError(message)
        if is_number:
            self._chosen = self.output_format or self.USUAL
        elif self.excel_safe and self.text_format != "csv":
            message = "--excel-safe goes with --format csv"
            raise UsageError(message)

    @property
    def path(self) -> str | None:
        """The file to write; None for standard output."""
        return None if self.output == "-" else self.output

    @property
    def writes_rows(self) -> bool:
        """Whether rows are written, and no report."""
        return False

    @property
    def text_format(self) -> Format:
        """The format of the output: that of --format, else what its name says, else a table.

        Raises
        ------
        UsageError
            The name says nothing, or what --format or the command does not.
        """
        return cast("Format", self._chosen)

    @cached_property
    def _chosen(self) -> str:
        """The same, or parquet; decided once, since what is there may change meanwhile."""
        given: str | None = self.output_format
        ending = self._ending()
        named = self._named(ending)
        if named is None:
            return given or self.USUAL
        is_plain = ending == ".txt" and given != "parquet"
        if given not in {None, named} and not is_plain:
            message = (
                f"--output {quoted(str(self.output))} and --format {given} contradict each other"
            )
            raise UsageError(message, f"leave out --format for {named}, or choose another name")
        if named not in self.FORMATS:
            message = f"--output {quoted(str(self.output))}: {named} is not written by this command"
            raise UsageError(message, f"it writes {', '.join(self.FORMATS)}")
        return given or named

    def _named(self, ending: str) -> str | None:
        """Return the format that an ending asks for; None if it leaves that open."""
        if not ending:
            return None
        place = f"--output {quoted(str(self.output))}"
        if ending in _COMPRESSED:
            message = f"{place}: what is written is not compressed"
            raise UsageError(message, f"name it without {ending}, and compress it afterwards")
        if ending in _LINES and not self.writes_rows:
            message = f"{place}: JSON Lines hold rows, and this is a report"
            also = ", and --per-example writes rows" if "parquet" in self.FORMATS else ""
            raise UsageError(message, f"a name in .json holds a report{also}")
        named = "json" if ending in _LINES else _BY_NAME.get(ending)
        if named is None and self.output_format is None:
            known = [end for end, kind in _BY_NAME.items() if kind in self.FORMATS]
            meant = did_you_mean(ending, known)
            message = f"{place}: the ending {quoted(ending)} names no format{meant}"
            if ending in _WORKBOOKS:
                raise UsageError(message, "a table program reads .csv")
            if ending in _PRINTED and "html" in self.FORMATS:
                raise UsageError(message, "a browser prints .html to a PDF")
            raise UsageError(message, f"{', '.join(known)} do, and any name goes with --format")
        return named

    def _ending(self) -> str:
        """Return how the name of the output ends; "" for standard output, pipes and devices.

        A name may be an ending alone; all other hidden files have none.
        """
        if self.path is None:
            return ""
        status = status_of(self.path)
        is_file = status is None or stat.S_ISREG(status.st_mode)
        if not is_file:
            return ""
        name = os.path.basename(self.path).lower()  # noqa: PTH119 -- a text
        return name if name in _ENDINGS else os.path.splitext(name)[1]  # noqa: PTH122

    def _refuse_terminal(self, what: str, name: str) -> None:
        """Raise UsageError if bytes would be written where text is read."""
        if self.path is None and sys.stdout is not None and sys.stdout.isatty():
            message = f"{what} is nothing to read on a terminal"
            raise UsageError(message, f"write it to a file with -o {name}")

    @property
    def is_prose(self) -> bool:
        """Whether the report is for people, and tells itself what it was made of."""
        return self.text_format in {"table", "markdown", "html"}

    @property
    def is_seen(self) -> bool:
        """Whether people see the report at once, on the terminal where errors are told as well."""
        to_terminal = self.path is None and sys.stdout is not None and sys.stdout.isatty()
        return to_terminal and self.is_prose

    @property
    def look(self) -> "Look":
        """How text may look there; a page is the same wherever it is made."""
        from bce_cli.render.layout import Look  # noqa: PLC0415 -- not for --help

        if self.text_format == "html":
            return Look()
        return Look(
            width=shutil.get_terminal_size((80, 24)).columns,
            color=self._wants_color(),
            unicode=self._encoding().startswith("utf"),
            encoding=self._encoding(),
        )

    def staged(self, inputs: Sequence[str]) -> AbstractContextManager[IO[bytes]]:
        """Provide the stream of the report; see `staged_output`."""
        return staged_output(self.path, inputs)

    def written(self, document: "Document") -> bytes:
        """Return a report in the format that was asked for."""
        from bce_cli.render.write import write_document  # noqa: PLC0415 -- not for --help

        text = write_document(
            document, self.text_format, self.look, brief=self.brief, excel_safe=self.excel_safe
        )
        return self.encode(text)

    def tell(self, notes: Sequence[str], *, quiet: bool) -> None:
        """Write notes on a finished report to standard error, unless it has them itself.

        Parameters
        ----------
        notes : sequence of str
        quiet : bool
            Whether the output is one number alone.
        """
        if quiet or not self.is_prose:
            for note in notes:
                say(f"note: {note}")

    def encode(self, text: str) -> bytes:
        """Encode text as its place wants it."""
        return text.encode(self._encoding(), "backslashreplace")

    def _encoding(self) -> str:
        """Return the encoding of the output: files are UTF-8, and a page says that it is."""
        is_utf8 = self.path is not None or self.text_format == "html"
        return "utf-8" if is_utf8 else codecs.lookup(stdout_encoding()).name

    def _wants_color(self) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return self.path is None and sys.stdout is not None and sys.stdout.isatty()


class RowOutputOptions(OutputOptions):
    """The same, for output that may be every row."""

    FORMATS = get_args(AnyFormat)
    per_example: Annotated[
        bool,
        typer.Option(
            "--per-example",
            help="Every row with its loss, no report; json: one a line.",
        ),
    ] = False
    output_format: Annotated[
        AnyFormat | None,
        format_option("table, json, csv, markdown, html; parquet with --per-example"),
    ] = None  # type: ignore[assignment]  # Parquet holds rows alone
    output: Annotated[str | None, output_option(".csv .json .md .html .txt .parquet")] = None

    def check(self, *, is_number: bool = False) -> None:
        """Refuse options that contradict each other; see the base class."""
        super().check(is_number=is_number)
        if self.per_example and self._chosen == "html":
            message = "--per-example writes rows, and a page (html) holds a report"
            raise UsageError(message, "csv, parquet, json, markdown and table hold rows")
        if self.is_parquet:
            if not self.per_example:
                asked = (
                    "--format parquet"
                    if self.output_format
                    else f"--output {quoted(str(self.output))}"
                )
                message = f"{asked} goes with --per-example"
                raise UsageError(message, "Parquet holds rows, not a report")
            self._refuse_terminal("Parquet", "FILE")

    @property
    def writes_rows(self) -> bool:
        """Whether rows are written, and no report."""
        return self.per_example

    @property
    def is_parquet(self) -> bool:
        """Whether rows are to be written as Parquet."""
        return self._chosen == "parquet"


class PageOptions(OutputOptions):
    """The same, for a page with pictures, its short form, or its figures.

    Examples
    --------
    >>> PageOptions(output="a.md").text_format, PageOptions().text_format
    ('markdown', 'html')
    """

    LEFT_OUT = ("brief", "color", "excel_safe")
    FORMATS = ("html", "markdown", "json")
    USUAL = "html"
    output_format: Annotated[
        Literal["html", "markdown", "json"] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="html; markdown, the short form; or json, all figures. Else html, or what FILE's "
            "ending says.",
        ),
    ] = None
    output: Annotated[str | None, output_option(".html .md .json")] = None
    picture_format: Annotated[
        PictureFormat | None,
        typer.Option(
            "--picture-format",
            metavar="FORMAT",
            help="Of the pictures on the page: svg, or png for mail (needs matplotlib). Else svg.",
        ),
    ] = None

    def check(self, *, is_number: bool = False) -> None:
        """Refuse options that contradict each other; see the base class."""
        super().check(is_number=is_number)
        kind = self.text_format
        if kind == "html":
            self._refuse_terminal("HTML", "report.html")
        elif self.picture_format is not None:
            message = f"--picture-format goes with --format html, and {kind} has no pictures"
            raise UsageError(message)
        if self.picture_format == "png":
            from bce_cli.render.drawing import require_matplotlib  # noqa: PLC0415 -- an extra

            require_matplotlib("--picture-format png")

    def page(self, document: "ReportDocument") -> bytes:
        """Return a report in the format that was asked for."""
        from bce_cli.render.write import write_report  # noqa: PLC0415 -- not for --help

        pictures = self.picture_format or "svg"
        return self.encode(write_report(document, self.text_format, self.look, pictures))


def checked_picture(plot: str | None, output: str | None) -> str:
    """Return the format that the name of a picture asks for; "" without a picture.

    Parameters
    ----------
    plot, output : str or None
        Files for the picture and for the text.

    Raises
    ------
    UsageError
        Both are the same file, the ending is unknown, or matplotlib is missing.
    """
    if plot is None:
        return ""
    if not plot:
        message = "--plot must not be empty"
        raise UsageError(message)
    if are_same(plot, output):
        message = f"--plot and --output are the same file, {quoted(plot)}"
        if output is None:
            message = f"--plot and standard output are the same file, {quoted(plot)}"
        raise UsageError(message)
    from bce_cli.render.drawing import picture_format  # noqa: PLC0415 -- an extra

    return picture_format(plot)
