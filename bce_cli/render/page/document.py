"""What a page is made of: the answers of a report, as `bce_cli.render.report` has them.

They are told here by what is read of them, since a report in turn tells its answer by these pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bce_cli.core.distribution import LossBin
    from bce_cli.core.likelihood import LogProduct
    from bce_cli.core.segments import OtherSegments
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.calibrations import CalibrationsDocument
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.layout import Look
    from bce_cli.render.origin import Origin
    from bce_cli.render.recalibrate import RecalibrateDocument


class ReadFile(Protocol):
    """A file that was read."""

    @property
    def source(self) -> str:
        """Its path."""

    @property
    def n_bytes(self) -> int | None:
        """Its size; None if it is no file."""

    @property
    def n_files(self) -> int:
        """How many are told of as one."""

    @property
    def sha256(self) -> str | None:
        """Its digest; None if it is no file."""


class HowMade(Protocol):
    """How a report came about."""

    @property
    def inputs(self) -> tuple[ReadFile, ...]:
        """What was read."""

    @property
    def command(self) -> str | None:
        """The command line, if there was one."""

    @property
    def version(self) -> str:
        """That of bce."""

    @property
    def stamp(self) -> str | None:
        """When, if that was asked for."""


class Answers(Protocol):
    """Finished answers about the same rows; None, or nothing, where there is none."""

    @property
    def origin(self) -> Origin:
        """Where the rows came from, with the columns of all models."""

    @property
    def models(self) -> tuple[str, ...]:
        """What they are called; the first is judged."""

    @property
    def compute(self) -> ComputeDocument | None:
        """Of the first model."""

    @property
    def conventions(self) -> ComputeDocument | None:
        """Of the first model, as other libraries have it."""

    @property
    def compare(self) -> CompareDocument | None:
        """Of at least two models."""

    @property
    def calibration(self) -> CalibrationDocument | CalibrationsDocument | None:
        """Of each model."""

    @property
    def recalibrations(self) -> tuple[RecalibrateDocument, ...]:
        """Of each model, in their order."""

    @property
    def check(self) -> CheckDocument | None:
        """Of the first model."""

    @property
    def losses(self) -> tuple[LossBin, ...]:
        """How those of the first model are distributed."""

    @property
    def log_product(self) -> LogProduct | None:
        """Of the first model."""

    @property
    def no_advice(self) -> str | None:
        """Why there are no recalibrations, though rows are held."""

    @property
    def others(self) -> OtherSegments | None:
        """The segments beyond the costliest, together."""

    @property
    def making(self) -> HowMade | None:
        """How all of it came about."""

    @property
    def look(self) -> Look:
        """Whether it speaks of options, or of arguments."""


class Recorded(Answers, Protocol):
    """The same, which programs may have as well."""

    def record(self) -> Mapping[str, Any]:
        """Return all figures by name; nothing where these are not to be told."""
