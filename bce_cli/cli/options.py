"""Options that commands share beside those of input and output: losses, and what does the work."""

import os
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
from bce_cli.errors import UsageError, did_you_mean, quoted

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.data.data import Data
    from bce_cli.engine.connection import Cluster
    from bce_cli.engine.run import Job

SCHEDULER_VARIABLE = "DASK_SCHEDULER_ADDRESS"
_ROOM_FOR_THREADS = 2 << 30  # bytes

UnitOpt = Annotated[
    Literal["nats", "bits"],
    typer.Option("--unit", metavar="UNIT", help="Of every loss: nats or bits."),
]
WorkersOpt = Annotated[
    int | None,
    count_option(
        "--workers",
        "Threads, or processes with dask. Else one a core.",
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
        UsageError
            There is no such convention, --like and --clip contradict each other, or all
            conventions were asked for.
        """
        from bce_cli.core.conventions import Convention  # noqa: PLC0415 -- --help needs no NumPy
        from bce_cli.core.rules import RULES  # noqa: PLC0415

        if self.like == "all":
            message = "--like all belongs to bce compute; name one convention here"
            raise UsageError(message)
        if self.like not in RULES:
            also = did_you_mean(self.like, [*RULES, "all"])
            message = f"--like {quoted(self.like)} is not known{also}"
            raise UsageError(message, f"known are {', '.join(RULES)}, and all")
        return Convention(self.clip, self.like)


class SideBySideLossOptions(LossOptions):
    """The same, for a command that can also set all conventions side by side.

    Examples
    --------
    >>> options = SideBySideLossOptions(like="all", clip=0.01)
    >>> options.convention().name, len(options.compared()), options.compared()[-1].name
    ('exact', 14, 'clip')
    """

    like: Annotated[str, _like_option("; all sets them side by side")] = "exact"

    def convention(self) -> "Convention":
        """Return the convention of the report, which is exact beside all others."""
        if self.like != "all":
            return super().convention()
        from bce_cli.core.conventions import EXACT  # noqa: PLC0415 -- --help needs no NumPy

        return EXACT

    def compared(self) -> "tuple[Convention, ...]":
        """Return the conventions to set side by side, if any."""
        if self.like != "all":
            return ()
        from bce_cli.core.convention_totals import ALL_CONVENTIONS  # noqa: PLC0415 -- rarely needed
        from bce_cli.core.conventions import Convention  # noqa: PLC0415

        own = () if self.clip is None else (Convention(self.clip),)
        return (*ALL_CONVENTIONS, *own)


class EngineOptions(OptionGroup):
    """What does the work, and how many workers there are."""

    workers: WorkersOpt = None
    engine: Annotated[
        Literal["local", "dask"],
        typer.Option(
            "--engine",
            metavar="ENGINE",
            help="local (threads) or dask (a cluster).",
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
        from bce_cli.engine.run import Job, default_workers  # noqa: PLC0415

        n_workers = self.workers or default_workers()
        cluster = self._cluster(n_workers)
        if not (self.workers or cluster) and is_limited(_ROOM_FOR_THREADS):
            n_workers = 0
        return Job(data, n_workers, progress, cluster)

    def _cluster(self, n_workers: int) -> "Cluster | None":
        if self.engine == "local":
            if self.scheduler is not None:
                message = "--scheduler goes with --engine dask"
                raise UsageError(message)
            return None
        scheduler = self.scheduler or os.environ.get(SCHEDULER_VARIABLE) or None
        if scheduler is not None and self.workers is not None:
            named = "--scheduler" if self.scheduler else SCHEDULER_VARIABLE
            message = f"--workers starts processes here; {named} names a cluster that has its own"
            raise UsageError(message)
        from bce_cli.engine.connection import Cluster  # noqa: PLC0415 -- rarely needed

        return Cluster(scheduler, n_workers)
