"""What `bce report` found: the answers to all questions about the same rows, on one page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from bce_cli.errors import UsageError
from bce_cli.render.layout import Look
from bce_cli.render.segments import segment_records

if TYPE_CHECKING:
    from bce_cli.core.distribution import LossBin
    from bce_cli.core.likelihood import LogProduct
    from bce_cli.core.segments import OtherSegments
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.calibrations import CalibrationsDocument
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.layout import Section
    from bce_cli.render.origin import Origin
    from bce_cli.render.recalibrate import RecalibrateDocument

MOST_SEGMENTS = 50
"""Segments that are told of one by one: the costliest; others are summed up."""


class _Document(Protocol):
    @property
    def doubts(self) -> tuple[str, ...]: ...
    def record(self) -> dict[str, Any]: ...


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
    no_advice : str or None
        Why there are no recalibrations, though rows are held: too few of them, or one label only.
    others : OtherSegments or None
        The segments of `compute` and `compare` beyond the costliest `MOST_SEGMENTS`, together; the
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

    tables: ClassVar[frozenset[str]] = frozenset()

    @property
    def look(self) -> Look:
        """How it looks: a page speaks of options, unless a function was called."""
        return Look(of_result=self.making is not None and self.making.command is None)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes predictions look like ones that were not meant: of one model, or of each."""
        told: tuple[_Document | None, ...] = (
            *(self.compare, self.check, self.compute, self.calibration),
            *self.recalibrations,
        )
        return next((document.doubts for document in told if document is not None), ())

    @property
    def answer(self) -> tuple[str, str, str]:
        """How good, better than what, what to do: a sentence each."""
        from bce_cli.render.page.answer import answer_of  # noqa: PLC0415 -- told at the end

        return answer_of(self)

    def sections(self, _look: Look) -> list[Section]:
        """Say it in brief, as Markdown has it; the page has it all."""
        from bce_cli.render.page.short_form import short_form  # noqa: PLC0415 -- told at the end

        return [short_form(self)]

    def record(self) -> dict[str, Any]:
        """Return all figures by name: the answers to all questions, each as its command has it.

        Segments beyond the costliest are summed up.
        """
        compute, compare = _recorded(self.compute), _recorded(self.compare)
        calibration, check = _recorded(self.calibration), _recorded(self.check)
        recalibrations = [document.record() for document in self.recalibrations]
        conventions = _recorded(self.conventions)
        told = (compute, compare, calibration, *recalibrations, check, {})
        some = next(record for record in told if record is not None)
        return {
            **self.origin.head(_Size(some.get("n"), some.get("unit")), "n"),
            **{name: True for name in ("logits", "soft_labels") if name in some},
            "models": list(self.models),
            "confidence": some.get("confidence"),
            **_made(self.making),
            "answer": list(self.answer),
            "verdict": None if check is None else check["verdict"],
            **_with_few_segments(compute, compare, self.others),
            "conventions": [] if conventions is None else conventions["conventions"],
            "calibration": calibration,
            "recalibrate": recalibrations,
            "no_advice": self.no_advice,
            "check": check,
            "losses": [asdict(each) for each in self.losses],
            "log_product": None if self.log_product is None else asdict(self.log_product),
            "notes": [*self.origin.doubts, *self.doubts],
        }

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:
        """Refuse to be CSV, whose lines would all have to be of one kind.

        Raises
        ------
        UsageError
            Always.
        """
        del brief
        message = "a report has tables of many kinds, and CSV is one table"
        raise UsageError(message, "each answer in it has lines of its own")


class _Size(NamedTuple):
    """What `Origin.head` asks of a report."""

    n: int | None
    unit: str | None


def _recorded(document: _Document | None) -> dict[str, Any] | None:
    return None if document is None else document.record()


def _made(making: Making | None) -> dict[str, Any]:
    """Return how a report came about, for JSON."""
    inputs = () if making is None else making.inputs
    return {
        "version": making and making.version,
        "command": making and making.command,
        "stamp": making and making.stamp,
        "inputs": [
            {
                "source": file.source,
                "files": file.n_files,
                "bytes": file.n_bytes,
                "sha256": file.sha256,
            }
            for file in inputs
        ],
    }


def _with_few_segments(
    compute: dict[str, Any] | None, compare: dict[str, Any] | None, others: OtherSegments | None
) -> dict[str, Any]:
    """Return both records with the costliest segments alone, and what the others come to."""
    found = {"compute": compute, "compare": compare, "other_segments": None}
    if others is None:
        return found
    for name, record in (("compute", compute), ("compare", compare)):
        if record is not None and "segments" in record:
            kept = [
                each
                for each in record["segments"]
                if tuple(each["segment"].values()) not in others.names
            ]
            found[name] = record | {"segments": kept}
    (rest,) = segment_records([others.report], ())
    del rest["segment"]
    found["other_segments"] = {"segments": len(others.names), **rest}
    return found
