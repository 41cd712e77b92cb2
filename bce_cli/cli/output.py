"""The output: nothing of it is seen before all of it is known to be good; and what says so."""

import codecs
import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

import typer

from bce_cli.cli.diagnostics import ExitCode, say
from bce_cli.cli.limited import is_limited
from bce_cli.cli.parsing import OptionGroup
from bce_cli.errors import (
    OutputCreationError,
    OutputError,
    UsageError,
    did_you_mean,
    os_reason,
    quoted,
    safe_text,
    shortage,
)
from bce_cli.render import Format

if TYPE_CHECKING:
    from bce_cli.render.layout import Look
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
_LINES = (".jsonl", ".ndjson")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")
_ENDINGS = (*_BY_NAME, *_LINES, *_COMPRESSED)
_KEPT_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20
_HANDLES = "/proc/self/fd"


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
            self._chosen = self.output_format or "table"
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
            return given or "table"
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
            raise UsageError(message, f"{', '.join(known)} do, and any name goes with --format")
        return named

    def _ending(self) -> str:
        """Return how the name of the output ends; "" for standard output, pipes and devices.

        A name may be an ending alone; all other hidden files have none.
        """
        if self.path is None:
            return ""
        status = _status_of(self.path)
        is_file = status is None or stat.S_ISREG(status.st_mode)
        if not is_file:
            return ""
        name = os.path.basename(self.path).lower()  # noqa: PTH119 -- a text
        return name if name in _ENDINGS else os.path.splitext(name)[1]  # noqa: PTH122

    @property
    def is_prose(self) -> bool:
        """Whether the report is for people, and tells itself what it was made of."""
        return self.text_format in {"table", "markdown", "html"}

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
        return "utf-8" if is_utf8 else codecs.lookup(_stdout_encoding()).name

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
            self._refuse_terminal()

    @property
    def writes_rows(self) -> bool:
        """Whether rows are written, and no report."""
        return self.per_example

    @property
    def is_parquet(self) -> bool:
        """Whether rows are to be written as Parquet."""
        return self._chosen == "parquet"

    def _refuse_terminal(self) -> None:
        """Raise UsageError if bytes would be written where text is read."""
        if self.path is None and sys.stdout is not None and sys.stdout.isatty():
            message = "Parquet is nothing to read on a terminal"
            raise UsageError(message, "write it to a file with -o FILE")


@contextmanager
def staged_output(path: str | None, inputs: Sequence[str]) -> Iterator[IO[bytes]]:
    """Provide a stream whose bytes reach their place when the block ends without an error.

    A regular file is replaced in one step, so it holds the old bytes or all of the new ones. For
    standard output, pipes and devices the bytes wait in a temporary file and are copied at the end.

    Parameters
    ----------
    path : str or None
        The file; standard output without one.
    inputs : sequence of str
        Paths that must not be overwritten.

    Raises
    ------
    OutputCreationError
        The file is an input, or cannot be created.
    OutputError
        Writing fails.
    """
    if path is None:
        _refuse_inputs_in_stdout(inputs)
        with _spool() as spool:
            yield spool
            _copy_to_stdout(spool)
        return
    place = safe_text(path)
    found = _looked_up(path, place)
    target = Path(os.path.realpath(path))  # a link that the user named is followed
    if found is not None:
        _refuse_inputs(place, found, inputs)
    if found is not None and not stat.S_ISREG(found.st_mode):
        with _spool() as spool:
            yield spool
            with _naming(place, OutputCreationError):
                special = Path(path).open("wb")  # noqa: SIM115 -- closed below
            with _naming(place), special:
                _copy(spool, special)
        return
    with _replacing(place, target, found) as stream:
        yield stream


def _looked_up(path: str, place: str) -> os.stat_result | None:
    """Return what is there now, through links; None if nothing is, and a file can be made.

    Raises
    ------
    OutputCreationError
        A folder is there, or is what the path names, or it leads nowhere.
    """
    with _naming(place, OutputCreationError):
        try:
            found = os.stat(path)  # noqa: PTH116 -- Path drops a slash at the end
        except FileNotFoundError:
            found = None
        except ValueError as error:  # it has a NUL
            message = f"{place}: {os_reason(error)}"
            raise OutputCreationError(message) from None
    if (found is not None and stat.S_ISDIR(found.st_mode)) or _names_folder(path):
        message = f"{place}: is a directory"
        raise OutputCreationError(message, None if found else "name a file in it")
    return found


def _names_folder(path: str) -> bool:
    return os.path.basename(path) in ("", os.curdir, os.pardir)  # noqa: PTH119 -- as above


def write_stdout(text: str) -> None:
    """Write text to standard output at once."""
    with staged_output(None, ()) as stream:
        stream.write(text.encode(_stdout_encoding(), "backslashreplace"))


def _stdout_encoding() -> str:
    """How standard output wants its text."""
    return (sys.stdout.encoding if sys.stdout is not None else None) or "utf-8"


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
    if _are_same(plot, output):
        message = f"--plot and --output are the same file, {quoted(plot)}"
        if output is None:
            message = f"--plot and standard output are the same file, {quoted(plot)}"
        raise UsageError(message)
    from bce_cli.render.drawing import picture_format  # noqa: PLC0415 -- an extra

    return picture_format(plot)


def _are_same(plot: str, output: str | None) -> bool:
    """Whether two outputs go to one file, of whatever names; None is standard output."""
    found, other = _status_of(plot), _status_of(output)
    if found is not None and other is not None:
        return os.path.samestat(found, other)
    with contextlib.suppress(OSError, ValueError):  # neither is there yet, through links
        return output is not None and os.path.realpath(plot) == os.path.realpath(output)
    return False


@contextmanager
def _naming(place: str, kind: type[OutputError] = OutputError) -> Iterator[None]:
    """Turn what goes wrong into an error that names the place, or into the end of a pipe."""
    try:
        yield
    except BrokenPipeError:
        raise typer.Exit(ExitCode.BROKEN_PIPE) from None
    except OSError as error:
        lacking = shortage(error)
        if lacking is not None:
            raise lacking from None
        message = f"{place}: {os_reason(error)}"
        raise kind(message) from None


def _refuse_inputs(place: str, found: os.stat_result, inputs: Sequence[str]) -> None:
    for name in inputs:
        status = _status_of(name)
        if status is not None and os.path.samestat(found, status):
            message = f"{place}: the output would overwrite an input"
            raise OutputCreationError(message, "choose another file for --output")


def _refuse_inputs_in_stdout(inputs: Sequence[str]) -> None:
    """Refuse to append to what is read, as with ``>>``; a terminal may be both."""
    found = _status_of(None)
    if found is not None and stat.S_ISREG(found.st_mode):
        _refuse_inputs("standard output", found, inputs)


def _status_of(path: str | None) -> os.stat_result | None:
    """Return what is there, standard input for a hyphen, standard output for None; or None."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if path is None or path == "-":
            return os.fstat((sys.stdin if path else sys.stdout).fileno())
        return os.stat(path)  # noqa: PTH116 -- as above
    return None


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    with (
        _naming("temporary file"),  # its folder is full, say
        tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY) as spool,
    ):
        yield spool


def _copy_to_stdout(spool: IO[bytes]) -> None:
    if sys.stdout is None:
        message = "standard output is closed"
        raise OutputError(message)
    try:
        with _naming("standard output"):
            _copy(spool, sys.stdout.buffer)
    except (OutputError, typer.Exit):
        abandon_stdout()
        raise


def abandon_stdout() -> None:
    """Keep the interpreter from flushing what is left, and complaining, when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _copy(spool: IO[bytes], stream: IO[bytes]) -> None:
    """Copy all bytes, also to a stream that takes a part of them at a time."""
    spool.seek(0)
    while chunk := spool.read(_CHUNK):
        rest = memoryview(chunk)
        while rest:
            rest = rest[stream.write(rest) :]
    stream.flush()


@contextmanager
def _replacing(place: str, target: Path, old: os.stat_result | None) -> Iterator[IO[bytes]]:
    # Named before it is made, so that no signal can come between the making and the removing.
    temporary = target.parent / f".{target.name[:50]}.{os.urandom(8).hex()}"
    try:
        with _naming(place, OutputCreationError):
            handle = _without_name(target.parent)
            has_name = handle is None
            if handle is None:
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with _naming(place):
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                if not has_name:
                    _name(stream.fileno(), temporary)
            _give_to_owner(temporary, old)
            temporary.chmod(_mode(old))
            temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):  # it was never made, say
            temporary.unlink()


def _without_name(folder: Path) -> int | None:
    """Open a new file without a name, of which nothing is left however suddenly this process ends.

    None where that is not to be feared, or the system has no such files.
    """
    kind = getattr(os, "O_TMPFILE", None)
    if kind is not None and is_limited() and os.path.isdir(_HANDLES):  # noqa: PTH112
        with contextlib.suppress(OSError):
            return os.open(folder, os.O_WRONLY | kind, 0o600)
    return None


def _name(handle: int, path: Path) -> None:
    """Give a name to an open file that has none."""
    # Python follows the link to the file only where a folder is named, which does not matter here.
    os.link(f"{_HANDLES}/{handle}", path, src_dir_fd=handle, follow_symlinks=True)


def _give_to_owner(path: Path, old: os.stat_result | None) -> None:
    """Let a file belong to whom the old one belonged, as far as this process may."""
    if old is None or not hasattr(os, "chown"):
        return
    now = path.stat()
    for uid, gid in ((old.st_uid, -1), (-1, old.st_gid)):
        if uid not in (-1, now.st_uid) or gid not in (-1, now.st_gid):
            with contextlib.suppress(OSError):
                os.chown(path, uid, gid)


def _mode(old: os.stat_result | None) -> int:
    """Return the mode of the old file, or what a new one would get.

    New bytes do not run as whoever owns the file.
    """
    if old is not None:
        return stat.S_IMODE(old.st_mode) & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
