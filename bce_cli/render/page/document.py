"""What `bce report` found: the answers to all questions about the same rows, on one page."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from bce_cli.errors import UsageError
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.page.answer import answer_of
from bce_cli.render.page.material import Answers
from bce_cli.render.page.short_form import asked_sections, short_form
from bce_cli.render.segments import segment_records

if TYPE_CHECKING:
    from bce_cli.core.segment_reports import OtherSegments
    from bce_cli.render.layout import Look, Section
    from bce_cli.render.page.material import Making


class _Document(Protocol):
    def record(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ReportDocument(Answers):
    """Finished answers about the same rows, and how programs and pull requests have them."""

    tables: ClassVar[frozenset[str]] = frozenset()

    @property
    def answer(self) -> tuple[str, str, str]:
        """How good, better than what, what to do: a sentence each."""
        return answer_of(self)

    def sections(self, _look: Look) -> list[Section]:
        """Say it in brief, as Markdown has it; the page has it all."""
        return [short_form(self), *asked_sections(self)]

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
