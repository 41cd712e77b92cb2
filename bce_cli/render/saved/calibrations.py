"""What `bce calibration` saved of several models, or of segments, as a document again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from bce_cli.core.calibration.log_odds import Obstacle
from bce_cli.core.calibration.models import CalibrationFigures, CalibrationLine
from bce_cli.core.fields import Fields
from bce_cli.render.calibration_table import ModelCalibration
from bce_cli.render.calibrations import CalibrationsDocument, SegmentedCalibrationDocument
from bce_cli.render.saved.calibration import calibration_document
from bce_cli.render.saved.parts import GREATEST_WEIGHT, gap_of, maybe_gap_of, origin_of

if TYPE_CHECKING:
    from bce_cli.render.calibration import CalibrationDocument


def calibrations_document(fields: Fields) -> CalibrationsDocument:
    """Make the document of several models again."""
    told = fields.all("models")
    names = tuple(model.text("name") for model in told)
    if not names or len({*names}) < len(names):
        fields.refuse("models", "a list of models with different names")
    origin = origin_of(fields, names)
    models = tuple(
        ModelCalibration(name, _of_model(fields, model), maybe_gap_of(model))
        for name, model in zip(names, told, strict=True)
    )
    columns, segments = _segments(fields, names)
    document = CalibrationsDocument(origin, models, columns, segments)
    return replace(document, origin=origin_of(fields, names, document.notes))


def _of_model(fields: Fields, model: Fields) -> CalibrationDocument:
    """Return the document that a model would have alone."""
    whole = {key: value for key, value in fields.members.items() if key not in ("models", "notes")}
    return calibration_document(Fields({**whole, **model.members}, model.name, model.place))


def segmented_document(fields: Fields) -> CalibrationDocument | SegmentedCalibrationDocument:
    """Make the document of one model again, with its segments, if it has any."""
    document = calibration_document(fields)
    name = document.origin.prediction_columns[0]
    columns, segments = _segments(fields, (name,))
    if not segments:
        return document
    model = ModelCalibration(name, document, maybe_gap_of(fields))
    return SegmentedCalibrationDocument(document.origin, (model,), columns, segments)


def _segments(
    fields: Fields, models: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[CalibrationLine, ...]]:
    """Return the columns that part the rows, and a line for each segment and model."""
    found = fields.all("segments")
    if not found:
        return (), ()
    columns = tuple(found[0].one("segment").members)
    lines = tuple(_line(each, columns, models) for each in found)
    n = len(models)
    if [line.model for line in lines] != [*models] * (len(lines) // n) or len(lines) % n:
        fields.refuse("segments", "a line for each segment and model")
    return columns, lines


def _line(fields: Fields, columns: tuple[str, ...], models: tuple[str, ...]) -> CalibrationLine:
    words = fields.one("segment")
    if set(words.members) != set(columns):
        fields.refuse("segment", "of the same columns as the first")
    has_weight = fields.maybe_number("weight_sum") is not None
    return CalibrationLine(
        names=tuple(map(words.text, columns)),
        model=fields.choice("model", models) if "model" in fields else models[0],
        n=fields.count("n", 1),
        figures=_figures(fields) if has_weight else None,
        is_small=fields.flag("is_small"),
    )


def _figures(fields: Fields) -> CalibrationFigures:
    slope = fields.maybe_number("slope")
    return CalibrationFigures(
        n_positive=fields.count("n_positive"),
        weight_sum=fields.number("weight_sum", 0.0, GREATEST_WEIGHT),
        base_rate=fields.number("base_rate", 0.0, 1.0),
        mean_prediction=fields.number("mean_prediction", 0.0, 1.0),
        gap=gap_of(fields),
        mean_loss=fields.number("mean_loss", null=math.inf),
        miscalibration=fields.number("miscalibration", null=math.inf),
        discrimination=fields.number("discrimination"),
        uncertainty=fields.number("uncertainty"),
        slope=slope,
        slope_ci_low=None if slope is None else fields.number("slope_ci_low", null=-math.inf),
        slope_ci_high=None if slope is None else fields.number("slope_ci_high", null=math.inf),
        slope_obstacle=fields.maybe_choice("slope_obstacle", get_args(Obstacle)),
        ece=fields.number("ece", 0.0),
        auc=fields.maybe_number("auc", 0.0, 1.0),
        auc_ci_low=fields.maybe_number("auc_ci_low", 0.0, 1.0),
        auc_ci_high=fields.maybe_number("auc_ci_high", 0.0, 1.0),
        auc_ci_is_too_narrow=fields.flag("auc_ci_is_too_narrow", default=False),
        n_impossible=fields.count("n_impossible"),
        n_clusters=fields.maybe_count("n_clusters", 1),
        effective_clusters=fields.maybe_number("effective_clusters", 0.0),
    )
