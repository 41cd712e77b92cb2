"""Options that commands share beside those of input and output: losses, and what does the work."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from bce_cli.cli.diagnostics import ProgressBar
from bce_cli.cli.input import RowInput, paths_read
from bce_cli.cli.limited import is_limited
from bce_cli.cli.output import OutputOptions
from bce_cli.cli.parsing import OptionGroup, count_option
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.data.data import Data
    from bce_cli.engine.run import Job

_ROOM_FOR_THREADS = 2 << 30  # bytes

UnitOpt = Annotated[
    Literal["nats", "bits"],
    typer.Option("--unit", metavar="UNIT", help="Of every loss: nats or bits."),
]
ConfidenceOpt = Annotated[
    float,
    typer.Option(
        "--confidence",
        metavar="LEVEL",
        help="Of every interval and verdict, between 0 and 1.",
    ),
]
WorkersOpt = Annotated[
    int | None,
    count_option(
        "--workers",
        "Threads or processes. Else one a core.",
        least=1,
    ),
]


def _like_option(more: str = "") -> Any:  # noqa: ANN401 -- as Typer has it
    return typer.Option(
        "--like",
        metavar="NAME",
        help="As another library has it: sklearn, sklearn-1.1, torch, keras, tf-keras, xgboost, "
        f"lightgbm, lightgbm-xentropy, catboost, kaggle, yardstick or spark{more}.",
    )


class LossOptions(OptionGroup):
    """Unit and convention of every loss."""

    like: Annotated[str, _like_option()] = "exact"
    clip: Annotated[
        float | None,
        typer.Option(
            "--clip",
            metavar="EPS",
            help="Move probabilities into [EPS, 1 - EPS] first.",
        ),
    ] = None
    unit: UnitOpt = "nats"

    def convention(self) -> "Convention":
        """Return the one convention to judge by.

        Raises
        ------
        UsageError, ArgumentError
            There is no such convention, --like and --clip contradict each other, or all
            conventions were asked for.
        """
        if self.like == "all":
            message = "--like all belongs to bce compute; name one convention here"
            raise UsageError(message)
        return self._conventions()[0]

    def _conventions(self) -> "tuple[Convention, tuple[Convention, ...]]":
        from bce_cli.questions.answers import conventions  # noqa: PLC0415 -- --help needs no NumPy

        return conventions(self.like, self.clip)


class SideBySideLossOptions(LossOptions):
    """The same, for a command that can also set all conventions side by side.

    Examples
    --------
    >>> convention, compared = SideBySideLossOptions(like="all", clip=0.01).conventions()
    >>> convention.name, len(compared), compared[-1].name
    ('exact', 14, 'clip')
    """

    like: Annotated[str, _like_option("; all sets them side by side")] = "exact"

    def conventions(self) -> "tuple[Convention, tuple[Convention, ...]]":
        """Return the convention of the report, and those to set side by side, if any."""
        return self._conventions()


class EngineOptions(OptionGroup):
    """What does the work, and how many workers there are."""

    workers: WorkersOpt = None
    engine: Annotated[
        Literal["local", "dask"],
        typer.Option(
            "--engine",
            metavar="ENGINE",
            help="local (here) or dask (a cluster).",
        ),
    ] = "local"
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Of a cluster, such as tcp://host:8786. Else DASK_SCHEDULER_ADDRESS, or processes "
            "here.",
        ),
    ] = None

    @contextmanager
    def at_work(
        self,
        data: "Data",
        inputs: RowInput,
        out: OutputOptions,
        *,
        quiet: bool,
        also_read: Sequence[str] = (),
        is_silent: bool = False,
        is_told: bool = True,
    ) -> "Iterator[tuple[Job, IO[bytes]]]":
        """Provide what a command runs, and where its report goes; tell of the input afterwards.

        Parameters
        ----------
        data : Data
        inputs : RowInput
            What `data` was made from.
        out : OutputOptions
            The report is put there when the block ends without an error.
        quiet : bool
            Neither a progress bar nor notes.
        also_read : sequence of str, optional
            Paths beside those of `data` that must not be overwritten.
        is_silent : bool, optional
            No report: the stream goes nowhere.
        is_told : bool, optional
            Whether a report in prose tells of columns and rows itself.

        Raises
        ------
        UsageError
            The options contradict each other.
        OutputError
            The report cannot be written.
        """
        read = [*paths_read(data), *also_read]
        staged = BytesIO() if is_silent else out.staged(read)
        # The bar is gone before the report is written, perhaps to the same terminal.
        with staged as stream, ProgressBar(enabled=not quiet) as progress:
            yield self._job(data, progress), stream
        if not quiet:
            inputs.tell(data, is_told=is_told and out.is_prose)

    def _job(self, data: "Data", progress: ProgressBar) -> "Job":
        from bce_cli.questions.answers import job  # noqa: PLC0415 -- --help needs no NumPy

        is_short = is_limited(_ROOM_FOR_THREADS)
        wanted = (self.workers, self.engine, self.scheduler)
        return job(data, *wanted, progress, is_limited=is_short, may_copy=True)
