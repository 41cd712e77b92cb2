"""What `bce calibration` found of several models, or of segments as well."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from bce_cli.errors import safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.calibration_table import CalibrationTable
from bce_cli.render.diagram import models_section
from bce_cli.render.origin import Saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.calibration.models import CalibrationLine
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.calibration_table import ModelCalibration
    from bce_cli.render.layout import Look, Section
    from bce_cli.render.origin import Origin

_OF_ROWS = frozenset(
    (
        *("source", "label_column", "prediction_column", "prediction_columns", "weight_column"),
        *("labels_source", "positive_label", "negative_label", "n", "n_positive", "weight_sum"),
        *("base_rate", "n_missing", "n_unmatched", "unit", "cut", "logits", "soft_labels", "notes"),
        *("confidence", "cluster_column", "n_clusters", "effective_clusters"),
    )
)
"""What a record tells of the rows, and not of a model."""


@dataclass(frozen=True, slots=True)
class CalibrationsDocument:
    """Finished reports of models on the same rows, and the figures of segments.

    Attributes
    ----------
    origin : Origin
    models : tuple of ModelCalibration
        At least one.
    segment_columns : tuple of str
    segments : tuple of CalibrationLine
        Of each segment a line for each model.
    saved : Saved or None
        Where all of it was read from a saved report. One in brief has no diagrams.
    """

    origin: Origin
    models: tuple[ModelCalibration, ...]
    segment_columns: tuple[str, ...] = ()
    segments: tuple[CalibrationLine, ...] = ()
    saved: Saved | None = None

    tables: ClassVar[frozenset[str]] = frozenset(("bins", "isotonic", "histogram"))

    @property
    def table(self) -> CalibrationTable:
        """A line for each model, on all rows and on each segment."""
        return CalibrationTable(
            self.origin, self.models, self.segment_columns, self.segments, has_names=True
        )

    @property
    def named_reports(self) -> list[tuple[str, CalibrationReport]]:
        """What was found of each model on all rows, by its name."""
        return [(model.name, model.report) for model in self.models]

    def alone(self, model: ModelCalibration) -> CalibrationDocument:
        """Return the document that one of the models would have if it were the only one."""
        origin = replace(self.origin, prediction_columns=(model.name,))
        document = replace(model.document, origin=origin)
        if self.saved is None:
            return document
        prefix = f"{safe_text(model.name)}: "
        own = (doubt for doubt in self.saved.doubts if doubt.startswith(prefix))
        doubts, record = tuple(doubt.removeprefix(prefix) for doubt in own), document.record()
        record["notes"] = [*origin.doubts, *doubts, *document.notes]
        return replace(document, saved=Saved(record, doubts))

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes a model look like one that was not meant."""
        if self.saved is not None:
            return self.saved.doubts
        return self._of_models(lambda document: document.doubts)

    @property
    def notes(self) -> tuple[str, ...]:
        """The same, and what is not as was asked for."""
        return self._of_models(lambda document: document.notes)

    def _of_models(
        self, notes: Callable[[CalibrationDocument], tuple[str, ...]]
    ) -> tuple[str, ...]:
        return tuple(
            f"{safe_text(model.name)}: {note}"
            for model in self.models
            for note in notes(model.document)
        )

    def sections(self, look: Look) -> list[Section]:
        """Show a table, and all models in one diagram."""
        shown = self.table.shown
        drawn = [model for model in self.models if model.document.has_diagram]
        named = [(shown(model.name), model.report) for model in drawn]
        diagram = [models_section(named, look)] if drawn else []
        asked = [
            replace(section, title=f"{shown(model.name)}: {section.title}")
            for model in self.models
            for section in model.document.sections(look)
            if section.is_asked
        ]
        doubts = (*self.origin.doubts, *self.doubts)
        gaps = [self.table.gap_section()] if self.segment_columns else []
        return [self.table.section(look, doubts), *gaps, *asked, *diagram]

    def record(self) -> dict[str, Any]:
        """Return all figures by name."""
        if self.saved is not None:
            return deepcopy(self.saved.record)
        found = [model.document.record() for model in self.models]
        head = {k: v for k, v in found[0].items() if k in _OF_ROWS and k != "notes"}
        models = [
            {
                "name": model.name,
                **{key: value for key, value in record.items() if key not in _OF_ROWS},
                **self.table.gap_record(model),
            }
            for model, record in zip(self.models, found, strict=True)
        ]
        segments = {"segments": self.table.segment_records()} if self.segment_columns else {}
        notes = [*self.origin.doubts, *self.notes]
        return {**head, "models": models, **segments, "notes": notes}

    def lines(self, *, brief: bool = False) -> list[dict[str, Any]]:  # noqa: ARG002 -- as brief
        """Return the lines of the table."""
        return self.table.lines()


@dataclass(frozen=True, slots=True)
class SegmentedCalibrationDocument(CalibrationsDocument):
    """A finished report of one model, and the figures of segments."""

    @property
    def document(self) -> CalibrationDocument:
        """That of all rows."""
        return self.models[0].document

    @property
    def table(self) -> CalibrationTable:
        """A line for all rows and for each segment."""
        return CalibrationTable(
            self.origin, self.models, self.segment_columns, self.segments, has_names=False
        )

    def _of_models(
        self, notes: Callable[[CalibrationDocument], tuple[str, ...]]
    ) -> tuple[str, ...]:
        return notes(self.document)

    def sections(self, look: Look) -> list[Section]:
        """Show a line for each segment, and after that the whole report."""
        parts, *others = self.document.sections(look)
        found = self.table.section(look, (*self.origin.doubts, *self.doubts))
        notes = tuple(note for note in parts.notes if note not in found.notes)
        return [found, replace(parts, verdicts=(), notes=notes), *others]

    def record(self) -> dict[str, Any]:
        """Return all figures by name."""
        if self.saved is not None:
            return deepcopy(self.saved.record)
        record = self.document.record()
        notes = record.pop("notes")
        gap, segments = self.table.gap_record(self.models[0]), self.table.segment_records()
        return {**record, **gap, "segments": segments, "notes": notes}
