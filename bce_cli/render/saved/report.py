"""What `bce report` saved, as a document again: each answer in it is one that was saved."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bce_cli.core.distribution import LossBin
from bce_cli.core.fields import Fields
from bce_cli.core.likelihood import LogProduct
from bce_cli.errors import DataError, safe_text
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.calibrations import CalibrationsDocument
from bce_cli.render.check import CheckDocument
from bce_cli.render.compare import CompareDocument
from bce_cli.render.compute import ComputeDocument
from bce_cli.render.layout import how_many
from bce_cli.render.page.document import ReportDocument
from bce_cli.render.page.material import MOST_TOLD, InputFile, Making
from bce_cli.render.page.model_figures import calibrations_of
from bce_cli.render.recalibrate import RecalibrateDocument
from bce_cli.render.saved.compute import conventions_of
from bce_cli.render.saved.document import document_in
from bce_cli.render.saved.parts import absolute, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = {"compute", "calibration", "recalibrate", "losses"}


def is_report(record: Mapping[str, Any]) -> bool:
    """Whether a record is that of all answers about the same rows."""
    return record.keys() >= _KEYS


def report_document(record: Mapping[str, Any], name: str) -> ReportDocument:
    """Make the document again whose record was saved; see `document_of`.

    Parameters
    ----------
    record : mapping
        Of `bce report`.
    name : str
        What messages call it.

    Raises
    ------
    DataError
        Names the first key that is missing, or whose value is not what it must be.
    """
    fields = Fields(record, name)
    if fields.members.get("other_segments") is not None:
        message = f"{safe_text(name)}: there are more than {MOST_TOLD} segments"
        raise DataError(message, "it has the others as a sum, of which no report can be made again")
    compute = _maybe(fields, "compute", ComputeDocument)
    compared = conventions_of(fields)
    origin, making = origin_of(fields), _making(fields)
    files = absolute((*origin.files, *(file.source for file in making.inputs)))
    calibration = _maybe(fields, "calibration", CalibrationDocument, CalibrationsDocument)
    found = ReportDocument(
        replace(origin, files=files),
        fields.texts("models"),
        compute=compute,
        conventions=compute and replace(compute, comparison=compared, saved=None)
        if compared
        else None,
        compare=_maybe(fields, "compare", CompareDocument),
        calibration=calibration,
        recalibrations=tuple(
            _answer(each, "recalibrate", RecalibrateDocument) for each in fields.all("recalibrate")
        ),
        check=_maybe(fields, "check", CheckDocument),
        losses=tuple(map(_bin, fields.all("losses"))),
        log_product=_product(fields.maybe_one("log_product")),
        making=making,
        no_advice=fields.maybe_text("no_advice"),
    )
    _check_names(fields, found)
    return found


def _check_names(fields: Fields, found: ReportDocument) -> None:
    """Refuse more or fewer names of models than there are models in an answer."""
    least = max(1, len(found.recalibrations))
    numbers = {len(calibrations_of(found))} if found.calibration is not None else set()
    if found.compare is not None:
        numbers.add(len(found.compare.report.models))
    told = len(found.models)
    if told < least or numbers - {told}:
        models = how_many(max({least, *numbers}), "model")
        message = f"{safe_text(fields.name)}: models has {how_many(told, 'name')}, of {models}"
        raise DataError(message)


def _maybe(fields: Fields, key: str, *kinds: type) -> Any:  # noqa: ANN401 -- one of these kinds
    found = fields.maybe_one(key)
    return None if found is None else _answer(found, key, *kinds)


def _answer(fields: Fields, key: str, *kinds: type) -> Any:  # noqa: ANN401 -- as above
    """Return an answer, which must be one to the question that it stands for."""
    document = document_in(fields)
    if not isinstance(document, kinds):
        message = f"{safe_text(fields.name)}: {key} is no report of bce {key}"
        raise DataError(message)
    return document


def _bin(fields: Fields) -> LossBin:
    return LossBin(
        low=fields.number("low", 0.0, 1.0),
        high=fields.number("high", 0.0, 1.0),
        loss_low=fields.number("loss_low", 0.0, null=math.inf),
        loss_high=fields.number("loss_high", 0.0, null=math.inf),
        n=fields.count("n"),
        share_of_rows=fields.number("share_of_rows", 0.0, 1.0),
        share_of_loss=fields.maybe_number("share_of_loss", 0.0, 1.0),
    )


def _product(fields: Fields | None) -> LogProduct | None:
    if fields is None:
        return None
    rows = fields.numbers("rows", 0.0, math.inf)
    log10 = fields.numbers("log10", -sys.float_info.max, 0.0)
    if len(log10) != len(rows):
        fields.refuse("log10", "as many numbers as there are rows")
    return LogProduct(tuple(map(int, rows)), log10, fields.count("n"))


def _making(fields: Fields) -> Making:
    inputs = (
        InputFile(
            each.text("source"),
            each.maybe_count("bytes"),
            each.maybe_text("sha256"),
            each.count("files", 1),
        )
        for each in fields.all("inputs")
    )
    return Making(
        tuple(inputs),
        fields.maybe_text("command"),
        fields.text("version"),
        fields.maybe_text("stamp"),
    )
