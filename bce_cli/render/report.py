"""What `bce report` found: the answers to all questions about the same rows, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bce_cli.core.distribution import LossBin
    from bce_cli.core.likelihood import LogProduct
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.calibrations import CalibrationsDocument
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.layout import Look, Section
    from bce_cli.render.origin import Origin
    from bce_cli.render.recalibrate import RecalibrateDocument


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read, as it was then; what is no file has neither size nor digest."""

    source: str
    n_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Making:
    """How a report came about.

    Attributes
    ----------
    inputs : tuple of InputFile
    command : str or None
        The command line, without secrets; None where a function was called.
    version : str
    stamp : str or None
        When it was made, if that was asked for.
    """

    inputs: tuple[InputFile, ...]
    command: str | None
    version: str
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """Finished answers about the same rows; what nobody asked for, or could be told, is None.

    Attributes
    ----------
    origin : Origin
        With the columns of all models.
    models : tuple of str
        What they are called; the first is the one that is judged.
    compute : ComputeDocument or None
        Of the first model, with its segments, and the worst rows where they were asked for.
    conventions : ComputeDocument or None
        The same, as other libraries have it.
    compare : CompareDocument or None
        Of at least two models.
    calibration : CalibrationDocument or CalibrationsDocument or None
    recalibrations : tuple of RecalibrateDocument
        Of each model, in their order; none where no rows are held.
    check : CheckDocument or None
        Of the first model.
    losses : tuple of LossBin
        How the losses of the first model are distributed.
    log_product : LogProduct or None
        Of the first model.
    making : Making or None
    """

    origin: Origin
    models: tuple[str, ...]
    compute: ComputeDocument | None = None
    conventions: ComputeDocument | None = None
    compare: CompareDocument | None = None
    calibration: CalibrationDocument | CalibrationsDocument | None = None
    recalibrations: tuple[RecalibrateDocument, ...] = ()
    check: CheckDocument | None = None
    losses: tuple[LossBin, ...] = ()
    log_product: LogProduct | None = None
    making: Making | None = None

    def sections(self, _look: Look) -> list[Section]:
        """Say it in brief, as Markdown has it; the page has it all."""
        from bce_cli.render.page.short_form import short_form  # noqa: PLC0415 -- who has a report seldom wants it in brief

        return [short_form(self)]
