"""What a page is made of: the answers about the same rows, and how they came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bce_cli.lean_dataclass import dataclass
from bce_cli.render.layout import Look

if TYPE_CHECKING:
    from bce_cli.core.distribution import LossBin
    from bce_cli.core.likelihood import LogProduct
    from bce_cli.core.segment_reports import OtherSegments
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.calibrations import CalibrationsDocument
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.origin import Origin
    from bce_cli.render.recalibrate import RecalibrateDocument

MOST_TOLD = 50
"""Segments that are told of one by one: the costliest; others are summed up."""


class _Doubted(Protocol):
    @property
    def doubts(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read, as it was then; what is no file has neither size nor digest.

    Attributes
    ----------
    source : str
        As the user has named it, without secrets.
    n_bytes : int or None
    sha256 : str or None
        In hexadecimal digits. Of several files, that of their digests, one a line.
    n_files : int
        How many are told of as one, if they are many.
    """

    source: str
    n_bytes: int | None
    sha256: str | None
    n_files: int = 1


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
class Answers:
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
    no_advice : str or None
        Why there are no recalibrations, though rows are held: too few of them, or one label only.
    others : OtherSegments or None
        The segments of `compute` and `compare` beyond the costliest `MOST_TOLD`, together; the
        page has them as one, and None where there are no more.
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
    no_advice: str | None = None
    others: OtherSegments | None = None

    @property
    def look(self) -> Look:
        """How it looks: a page speaks of options, unless a function was called."""
        return Look(of_result=self.making is not None and self.making.command is None)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes predictions look like ones that were not meant: of one model, or of each."""
        told: tuple[_Doubted | None, ...] = (
            *(self.compare, self.check, self.compute, self.calibration),
            *self.recalibrations,
        )
        return next((document.doubts for document in told if document is not None), ())
