"""What `bce recalibrate` saved, as a document again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from bce_cli.core.calibration.log_odds import Obstacle
from bce_cli.core.fields import Fields
from bce_cli.core.recalibration.choice import (
    MethodReport,
    PairedDifference,
    RecalibrationReport,
)
from bce_cli.core.recalibration.maps import METHODS, PARAMETERS, STEPPED, RecalibrationMap
from bce_cli.core.report import NATS_PER, constant_loss, skill_of
from bce_cli.errors import DataError, safe_text
from bce_cli.render.recalibrate import RecalibrateDocument
from bce_cli.render.saved.parts import losses_of, origin_of, unit_of

if TYPE_CHECKING:
    from bce_cli.core.recalibration.maps import Method
    from bce_cli.core.report import LossReport

_HEAD = ("n", "n_positive", "weight_sum", "base_rate")
_OBSTACLES = get_args(Obstacle)
_PAIR = 2


def recalibrate_document(fields: Fields) -> RecalibrateDocument:
    """Make the document again."""
    losses = losses_of(unit_of(fields), (fields, _HEAD))
    if fields.flag("soft_labels", default=False):
        losses = replace(losses, label_entropy=math.nan)  # there is one, which is not told
    order = fields.maybe_text("order_column")
    saved = fields.all("methods")
    is_infinite = bool(saved) and bool(saved[0].maybe_count("n_infinite"))
    methods = tuple(_method(each, losses.base_rate, is_infinite=is_infinite) for each in saved)
    names = [found.method for found in methods]
    if not methods or names[0] != "as-is" or len(set(names)) < len(names):
        fields.refuse("methods", "a list of different methods, as-is first")
    recommended: Method = fields.choice("recommended", names)
    n_judged = fields.count("n_judged", 1)
    report = RecalibrationReport(
        losses=_with_mean(losses, methods[0], are_all=n_judged == losses.n),
        n_at_0=fields.count("n_at_0"),
        n_at_1=fields.count("n_at_1"),
        n_judged=n_judged,
        folds=fields.count("folds", 1),
        n_clusters=fields.maybe_count("n_clusters", 1),
        effective_clusters=fields.maybe_number("effective_clusters", 0.0),
        n_cut_clusters=fields.count("n_cut_clusters"),
        seed=fields.maybe_count("seed"),
        in_order=order is not None,
        confidence=fields.number("confidence", 0.0, 1.0),
        unit=losses.unit,
        methods=methods,
        recommended=recommended,
    )
    document = RecalibrateDocument(
        origin_of(fields),
        report,
        fields.text("fingerprint"),
        fields.maybe_text("cluster_column"),
        order,
    )
    fewer = replace(document, has_fewer_folds=True)
    if set(fewer.of_folds) & set(fields.texts("notes")):
        document = fewer
    return replace(document, origin=origin_of(fields, known=document.notes))


def _with_mean(losses: LossReport, as_is: MethodReport, *, are_all: bool) -> LossReport:
    """Return losses with what follows from the mean, which is that of predictions as they are.

    Parameters
    ----------
    losses : LossReport
    as_is : MethodReport
    are_all : bool
        Whether all rows were judged, whose impossible ones are counted; without their number
        nothing is said of an infinite mean.
    """
    mean, nats = as_is.fitted_loss, NATS_PER[losses.unit]
    if mean is None or (math.isinf(mean) and not are_all):
        return losses
    base_rate_loss = constant_loss(losses.base_rate) / nats
    return replace(
        losses,
        mean_loss=mean,
        effective_probability=math.exp(-mean * nats),
        base_rate_loss=base_rate_loss,
        skill=skill_of(mean, base_rate_loss),
        n_impossible=as_is.n_infinite or 0,
    )


def _method(fields: Fields, base_rate: float, *, is_infinite: bool) -> MethodReport:
    """Return what was found of a method.

    Parameters
    ----------
    fields : Fields
    base_rate : float
        The level at 0 or 1 of a map where there is no such prediction.
    is_infinite : bool
        Whether predictions cost infinity as they are.
    """
    method: Method = fields.choice("method", METHODS)
    against = fields.one("against_recommended")
    told = {
        "method": method,
        "map": _map(fields, method, base_rate),
        "obstacle": fields.maybe_choice("obstacle", _OBSTACLES),
        "fold_obstacle": fields.maybe_choice("fold_obstacle", _OBSTACLES),
        "n_infinite": fields.maybe_count("n_infinite"),
        "is_reversed": fields.flag("is_reversed"),
        "falls_at_0": fields.flag("falls_at_0"),
        "falls_at_1": fields.flag("falls_at_1"),
        "beaten_by": tuple(fields.texts("beaten_by")),
    }
    if method == "as-is":
        return MethodReport(
            **told,
            fitted_loss=fields.number("fitted_loss", 0.0, null=math.inf),
            cross_fitted_loss=fields.number("cross_fitted_loss", 0.0, null=math.inf),
            against_recommended=_difference(against, math.inf if is_infinite else None),
        )
    cross_fitted = fields.maybe_number("cross_fitted_loss", 0.0)
    is_judged = cross_fitted is not None
    return MethodReport(
        **told,
        fitted_loss=fields.maybe_number("fitted_loss", 0.0),
        cross_fitted_loss=cross_fitted,
        difference=_difference(fields, -math.inf if is_infinite and is_judged else None),
        against_recommended=_difference(against),
    )


def _difference(fields: Fields, null: float | None = None) -> PairedDifference | None:
    """Return a difference with its interval; None where there is none.

    Parameters
    ----------
    fields : Fields
    null : float, optional
        The infinite number that null stands for.
    """
    if null is not None:
        return PairedDifference(fields.number("difference", null=null))
    value = fields.maybe_number("difference")
    if value is None:
        return None
    return PairedDifference(
        value,
        fields.maybe_number("std_error", 0.0),
        fields.maybe_number("ci_low"),
        fields.maybe_number("ci_high"),
    )


def _map(fields: Fields, method: Method, base_rate: float) -> RecalibrationMap | None:
    """Return a map as it was fitted to all rows; None where there is none."""
    told = fields.one("parameters")
    try:
        if method == "as-is":
            return RecalibrationMap(method)
        if method in STEPPED:
            return RecalibrationMap(
                method, knots=_knots(fields), n_blocks=told.count("n_blocks", 1)
            )
        if not told.members:
            return None
        at_0, at_1 = (told.maybe_number(f"level_at_{end}") for end in (0, 1))
        return RecalibrationMap(
            method,
            {name: told.number(name) for name in PARAMETERS[method]},
            base_rate if at_0 is None else at_0,
            base_rate if at_1 is None else at_1,
        )
    except DataError as error:
        if error.message.startswith(f"{safe_text(fields.name)}: "):
            raise
        message = f"{safe_text(fields.name)}: {fields.place}parameters: {error.message}"
        raise DataError(message) from None


def _knots(fields: Fields) -> tuple[tuple[float, float], ...]:
    knots = fields.members.get("knots")
    pairs = knots if isinstance(knots, list | tuple) else ()
    if not pairs or not all(
        isinstance(pair, list | tuple) and len(pair) == _PAIR for pair in pairs
    ):
        fields.refuse("knots", "a list of pairs of numbers")
    places = {
        f"knots[{at}][{side}]": value
        for at, pair in enumerate(pairs)
        for side, value in enumerate(pair)
    }
    within = Fields(places, fields.name, fields.place)
    numbers = [within.number(place, 0.0, 1.0) for place in places]
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))
