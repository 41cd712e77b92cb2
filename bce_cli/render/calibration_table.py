"""Models and segments of `bce calibration`, a line each: as a table, and as records."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bce_cli.core.calibration.models import CalibrationFigures, CalibrationLine
from bce_cli.core.inference import ENOUGH_IN_EFFECT
from bce_cli.core.report import FEW
from bce_cli.errors import safe_text
from bce_cli.lean_dataclass import dataclass
from bce_cli.render.calibration_verdict import OBSTACLES, calibration_verdict
from bce_cli.render.layout import (
    Column,
    Judged,
    Section,
    count,
    figure,
    formula,
    how_many,
    interval,
    interval_title,
    table,
)
from bce_cli.render.origin import are_too_narrow, cluster_note, few_of
from bce_cli.render.segments import (
    GAP,
    MOST_SHOWN,
    by_title,
    cut_notes,
    gap_ends,
    gap_record,
    gap_text,
    gap_verdict,
    name_column,
    rest_note,
    segment_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.segments import Gap
    from bce_cli.render.calibration import CalibrationDocument
    from bce_cli.render.layout import Look, TableColumn
    from bce_cli.render.origin import Origin

_DIGITS = 4
_MOST_VERDICTS = 3
_MOST_NAMED = 3
_LONGEST_NAME = 30
_HOW = (
    "Mean loss = MCB (miscalibration, what recalibration would remove) − DSC (discrimination, what "
    "telling rows apart saves) + UNC (uncertainty, what the base rate costs)."
)
_FINE = (
    "No rows were held: they were summed up in fine bins, in place of whose predictions MCB, DSC, "
    "slope and AUC take their mean; what that changes is in the mean loss as well."
)
_NO_ENDS_OF_GAP = "The gap of a single row, or of a single cluster, has no interval."
_NO_ENDS_OF_AUC = (
    "An AUC has no interval where it is 0 or 1, where either label is that of a single row or "
    "cluster, and where all predictions are equal."
)


@dataclass(frozen=True, slots=True)
class ModelCalibration:
    """A model, what was found of it on all rows, and how far it is off on average.

    Attributes
    ----------
    name : str
    document : CalibrationDocument
        Its origin is that of all.
    gap : Gap or None
        Where there are segments.
    """

    name: str
    document: CalibrationDocument
    gap: Gap | None = None

    @property
    def report(self) -> CalibrationReport:
        """What was found of it."""
        return self.document.report

    @property
    def line(self) -> CalibrationLine:
        """Its line in a table."""
        figures = CalibrationFigures.of(self.report, self.gap)
        return CalibrationLine.of((), self.name, self.report.n, figures)


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """Models on the same rows, and on the rows of segments.

    Attributes
    ----------
    origin : Origin
    models : tuple of ModelCalibration
        At least one.
    segment_columns : tuple of str
    segments : tuple of CalibrationLine
        Of each segment a line for each model.
    has_names : bool
        Whether it says which model a line is of.
    """

    origin: Origin
    models: tuple[ModelCalibration, ...]
    segment_columns: tuple[str, ...]
    segments: tuple[CalibrationLine, ...]
    has_names: bool

    @property
    def first(self) -> CalibrationReport:
        """The report of the first model."""
        return self.models[0].report

    def section(self, look: Look, doubts: tuple[str, ...]) -> Section:
        """Show a line for each model, on all rows and on each segment, and say what they come to.

        Parameters
        ----------
        look : Look
        doubts : tuple of str
            What makes rows, or a model, look like ones that were not meant.
        """
        first, columns, n_models = self.first, self.segment_columns, len(self.models)
        most = n_models * MOST_SHOWN
        shown, rest = self.segments[:most], self.segments[most:]
        lines = [*(model.line for model in self.models), *shown]
        cut = bool(self.origin.cuts)
        by = f"; {by_title(columns, are_cut=cut)}" if columns else ""
        models = f"{how_many(n_models, 'model')} on " if self.has_names else ""
        title = self.origin.title(first, soft=first.has_soft_labels, models=models)
        return Section(
            f"{title}{by}",
            *table(lines, *_columns(self, lines)),
            verdicts=(*(() if self.has_names else _gap_verdicts(self)), *_verdicts(self)),
            notes=(
                *doubts,
                formula(_HOW if first.fine_bins is None else f"{_HOW} {_FINE}", look),
                *_small_notes(shown),
                *_rest_notes(self, rest, look),
                *cut_notes(
                    columns, [s.names for s in self.segments[::n_models] if s.is_small], look
                ),
                *_obstacle_notes(self, lines),
                *_impossible_notes(self),
                cluster_note(
                    self.models[0].document.cluster_column,
                    first.n_clusters,
                    first.effective_clusters,
                    look=look,
                ),
                *_narrow_notes(self, lines),
                *self.origin.notes(),
            ),
            marked=range(n_models) if columns else (),
        )

    def gap_section(self) -> Section:
        """Show how far each of several models is off on average, in a table of its own.

        Beside losses there is no room for it in most terminals.
        """
        lines = [*(m.line for m in self.models), *self.segments[: len(self.models) * MOST_SHOWN]]
        by = by_title(self.segment_columns, are_cut=bool(self.origin.cuts))
        return Section(
            f"What was predicted, and what happened: {by}",
            *table(lines, *_names(self), *_gaps(self, lines)),
            verdicts=tuple(_gap_verdicts(self)),
            notes=tuple(_small_notes(tuple(lines))),
            marked=range(len(self.models)),
            is_asked=True,
        )

    def segment_records(self) -> list[dict[str, Any]]:
        """Return the words of each segment by column, and its figures beside them, for JSON."""
        return [
            {
                "segment": dict(zip(self.segment_columns, line.names, strict=True)),
                **self._model_of(line),
                **_figures(line),
            }
            for line in self.segments
        ]

    def gap_record(self, model: ModelCalibration) -> dict[str, Any]:
        """Return how far a model is off on all rows, for JSON; nothing without segments."""
        return gap_record(model.gap) if self.segment_columns else {}

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the table, for CSV."""
        return [self._line(line) for line in (*(m.line for m in self.models), *self.segments)]

    def _line(self, line: CalibrationLine) -> dict[str, Any]:
        figures = _figures(line)
        if not self.segment_columns:
            figures = {k: v for k, v in figures.items() if k not in gap_record(None)}
        words = zip(self.segment_columns, self.words(line), strict=True)
        known = {*figures, "model"}
        named = {f"segment {name}" if name in known else name: word for name, word in words}
        return named | self._model_of(line) | figures

    def _model_of(self, line: CalibrationLine) -> dict[str, str]:
        return {"model": line.model} if self.has_names else {}

    def words(self, line: CalibrationLine) -> tuple[str, ...]:
        """Return the words of a segment; for all rows, what no segment is called."""
        used = {word for each in self.segments for word in each.names}
        whole = next(word for word in ("all", "(all rows)", "(all the rows)") if word not in used)
        return line.names or (whole,) * len(self.segment_columns)

    def shown(self, name: str) -> str:
        """Return a model's name as tables show it: in brief, where it stays another for each."""
        brief = [safe_text(model.name, _LONGEST_NAME) for model in self.models]
        shown = safe_text(name, _LONGEST_NAME)
        return shown if brief.count(shown) == 1 else safe_text(name)

    def prefix(self, model: ModelCalibration) -> str:
        """Return what a sentence about one of several models begins with."""
        return f"{self.shown(model.name)}: " if self.has_names else ""


def _figures(line: CalibrationLine) -> dict[str, Any]:
    """Return the figures of a line as JSON and CSV have them."""
    figures: dict[str, Any] = {}
    for name in CalibrationFigures.__dataclass_fields__:
        found = getattr(line.figures, name, None)
        figures |= gap_record(found) if name == "gap" else {name: found}
    return {"n": line.n, **figures, "is_small": line.is_small}


def _columns(
    found: CalibrationTable, lines: Sequence[CalibrationLine]
) -> Iterator[TableColumn[CalibrationLine]]:
    """Yield the columns of the table."""
    unit, digits = found.first.unit, 5 if found.segment_columns else 6
    yield from _names(found)
    if found.segment_columns and not found.has_names:
        yield from _gaps(found, lines)
    yield Column(f"mean loss, {unit}"), lambda line: _mean_loss(line, digits)
    yield _column("MCB", "miscalibration", 0)
    yield _column("DSC", "discrimination", 6)
    yield _column("UNC", "uncertainty", 9)
    yield _column("slope", "slope", 5)
    yield _ends(f"{_level(found)} of slope", "slope", 8)
    yield _column("ECE", "ece", 7, "ECE: the mean gap of the bins.")
    yield _column("AUC", "auc", 4, "AUC: how often a row of label 1 has the higher prediction.")
    none = any(_of(each, "auc") is not None and _of(each, "auc_ci_low") is None for each in lines)
    yield _ends(f"{_level(found)} of AUC", "auc", 10, _NO_ENDS_OF_AUC if none else "")


def _names(found: CalibrationTable) -> Iterator[TableColumn[CalibrationLine]]:
    """Yield the columns that say what a line is of."""
    for place, name in enumerate(found.segment_columns):
        yield name_column(place, name, found.words)
    if found.has_names:
        yield Column("model", is_text=True, wraps=True), lambda line: found.shown(line.model)
    if found.segment_columns:
        yield Column("rows", spare=2), lambda line: f"{count(line.n)}{'*' if line.is_small else ''}"


def _gaps(
    found: CalibrationTable, lines: Sequence[CalibrationLine]
) -> Iterator[TableColumn[CalibrationLine]]:
    """Yield the columns that say how far predictions are off on average."""
    yield _column("predicted", "mean_prediction", 3)
    yield _column("event rate", "base_rate", 3)
    yield Column("gap", meaning=GAP), lambda line: gap_text(_gap(line))
    none = any(gap is not None and gap.ci_low is None for gap in map(_gap, lines))
    ends = Column(f"{_level(found)} of gap", spare=1, meaning=_NO_ENDS_OF_GAP if none else "")
    yield ends, lambda line: gap_ends(_gap(line))


def _level(found: CalibrationTable) -> str:
    return interval_title(found.first.confidence)


def _column(title: str, name: str, spare: int, meaning: str = "") -> TableColumn[CalibrationLine]:
    """Return the column of a figure."""
    column = Column(title, spare=spare, meaning=meaning)
    return column, lambda line: figure(_of(line, name), _DIGITS)


def _ends(title: str, name: str, spare: int, meaning: str = "") -> TableColumn[CalibrationLine]:
    """Return the column of the interval of a figure."""
    low, high = f"{name}_ci_low", f"{name}_ci_high"
    return Column(title, spare=spare, meaning=meaning), lambda line: interval(
        _of(line, low), _of(line, high), 3
    )


def _of(line: CalibrationLine, name: str) -> float | None:
    """Return a figure of a line; None where it has none."""
    found: float | None = getattr(line.figures, name, None)
    return found


def _mean_loss(line: CalibrationLine, digits: int) -> str:
    """Show a mean loss; one that is infinite has failed."""
    value = _of(line, "mean_loss")
    text = figure(value, digits)
    return Judged(text, "failed") if value == math.inf else text


def _gap(line: CalibrationLine) -> Gap | None:
    return None if line.figures is None else line.figures.gap


def _verdicts(found: CalibrationTable) -> Iterator[Judged]:
    """Say of each model, or in brief of many, whether it is calibrated."""
    models = found.models
    told = [
        calibration_verdict(m.report, found.shown(m.name) if found.has_names else "it")
        for m in models
    ]
    if len(told) <= _MOST_VERDICTS:
        yield from told
        return
    words = {
        "passed": "Calibrated, as far as these rows can tell",
        "failed": "Not calibrated",
        "undecided": "Cannot be told",
    }
    for verdict, text in words.items():
        names = [
            found.shown(model.name)
            for model, each in zip(models, told, strict=True)
            if each.verdict == verdict
        ]
        if names:
            yield Judged(f"{text}: {', '.join(names)}.", verdict)  # type: ignore[arg-type]


def _gap_verdicts(found: CalibrationTable) -> Iterator[str]:
    """Say of each model for how many segments it is off on average, and most for which."""
    if not found.segment_columns:
        return
    for model in found.models[:_MOST_VERDICTS]:
        lines = (each for each in found.segments if each.model == model.name)
        gaps = [(each.names, _gap(each)) for each in lines if not each.is_small]
        known = [(names, gap) for names, gap in gaps if gap is not None]
        yield f"{found.prefix(model)}{gap_verdict(known, found.first.confidence)}"


def _small_notes(lines: tuple[CalibrationLine, ...]) -> Iterator[str]:
    if any(line.is_small for line in lines):
        yield "* fewer than 30 rows: their figures and intervals are not to be trusted."


def _rest_notes(
    found: CalibrationTable, rest: tuple[CalibrationLine, ...], look: Look
) -> Iterator[str]:
    """Say which segments a table leaves out."""
    if rest:
        sizes = [line.n for line in rest[:: len(found.models)]]
        yield rest_note(sizes, are_cut=bool(found.origin.cuts), look=look)


def _obstacle_notes(found: CalibrationTable, lines: list[CalibrationLine]) -> Iterator[str]:
    """Say why figures of lines cannot be had."""
    reasons: dict[str, dict[str, None]] = {}
    for line in lines:
        for text in _obstacles(line):
            reasons.setdefault(text, {})[_who(found, line)] = None
    for text, whose in reasons.items():
        yield text.format(_listed(whose))


def _obstacles(line: CalibrationLine) -> Iterator[str]:
    """Yield what a line lacks, and why."""
    figures = line.figures
    if figures is None:
        yield "No figures of {}: all weights are 0."
        return
    obstacle = figures.slope_obstacle
    if figures.auc is None:
        what = "slope and no AUC" if obstacle == "one label" else "AUC"
        yield f"No {what} of {{}}: all labels are the same."
    if obstacle is not None and not (obstacle == "one label" and figures.auc is None):
        yield f"No slope of {{}}: {OBSTACLES[obstacle]}."


def _narrow_notes(found: CalibrationTable, lines: Sequence[CalibrationLine]) -> Iterator[str]:
    """Say where intervals tend to be too narrow, unless they do on all rows.

    That is on segments of few clusters, and of AUC where it hangs on few rows. What small segments
    are worth is said of them.
    """
    if are_too_narrow(found.first.n_clusters, found.first.effective_clusters):
        return  # which is said of all
    few = [each for each in lines if are_too_narrow(*_clusters(each))]
    if few:
        in_effect = any((_of(each, "n_clusters") or 0) >= FEW for each in few)
        which = f"Fewer than {FEW} clusters{f', or {ENOUGH_IN_EFFECT} in effect' * in_effect}"
        names = _listed(segment_name(each.names) for each in few)
        yield f"{which}, so intervals tend to be too narrow: {names}."
    narrow = [each for each in lines if _of(each, "auc_ci_is_too_narrow")]
    narrow = [each for each in narrow if not each.is_small and each not in few]
    if narrow:
        what = few_of(found.first.n_clusters)
        names = _listed(_who(found, each) for each in narrow)
        yield f"AUC hangs on {what}, so its interval tends to be too narrow: {names}."


def _clusters(line: CalibrationLine) -> tuple[float | None, float | None]:
    return _of(line, "n_clusters"), _of(line, "effective_clusters")


def _listed(names: Iterable[str]) -> str:
    """Name each once, and no more than some."""
    found = [*dict.fromkeys(names)]
    more = len(found) - _MOST_NAMED
    return ", ".join(found[:_MOST_NAMED]) + (f" and {count(more)} more" if more > 0 else "")


def _who(found: CalibrationTable, line: CalibrationLine) -> str:
    """Call a line by its model, its segment, or both."""
    names = [found.shown(line.model)] if found.has_names else []
    if found.segment_columns:
        names.append(segment_name(line.names) if line.names else found.words(line)[0])
    return " on ".join(names)


def _impossible_notes(found: CalibrationTable) -> Iterator[str]:
    """Say which models were certain and wrong."""
    for model in found.models:
        if model.report.n_impossible:
            who = found.prefix(model)
            effect = "They have no weight."
            if math.isinf(model.report.mean_loss):
                effect = "So its mean loss and MCB are infinite; the rest is not."
            yield f"{who}{found.origin.impossible_rows(model.report)}. {effect}"
