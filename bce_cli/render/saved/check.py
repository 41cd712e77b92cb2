"""What `bce check` saved, as a document again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

from bce_cli.core.gate import Baseline, Check, CheckName, Judgement, Limits, Verdict
from bce_cli.errors import ArgumentError, DataError, safe_text
from bce_cli.render.check import FIGURES_OF_CHECKS, CheckDocument
from bce_cli.render.saved.parts import convention_of, losses_of, origin_of, unit_of

if TYPE_CHECKING:
    from bce_cli.core.fields import Fields


def check_document(fields: Fields) -> CheckDocument:
    """Make the document again, whose verdict must follow from its checks."""
    checks = tuple(map(_check, fields.all("checks")))
    told = [name for name in FIGURES_OF_CHECKS if name in fields]  # older versions tell less
    report = losses_of(unit_of(fields), (fields, ("n", *told)))
    judgement = Judgement(report, checks)
    if not checks:
        fields.refuse("checks", "a list of one or more")
    if fields.text("verdict") != judgement.verdict:
        fields.refuse("verdict", f"that of its checks, {judgement.verdict}")
    return CheckDocument(
        origin_of(fields), convention_of(fields), _limits(fields, checks), judgement
    )


def _check(fields: Fields) -> Check:
    name = fields.choice("name", get_args(CheckName))
    can_be_infinite = name in ("max_loss", "baseline")
    return Check(
        name=name,
        value=fields.number("value", null=math.inf)
        if can_be_infinite
        else fields.maybe_number("value"),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
        limit=fields.number("limit"),
        verdict=fields.choice("verdict", get_args(Verdict)),
    )


def _limits(fields: Fields, checks: tuple[Check, ...]) -> Limits:
    limits: dict[str, Any] = {check.name: check.limit for check in checks}
    against = fields.maybe_one("baseline")
    if ("baseline" in limits) != (against is not None):
        fields.refuse("baseline", "told if one is checked against, and then alone")
    if against is not None:
        limits["budget"] = limits.pop("baseline")
        limits["baseline"] = Baseline(
            source=against.text("source"),
            mean_loss=against.number("mean_loss"),
            unit=unit_of(against),
            std_error=against.maybe_number("std_error", 0.0),
        )
    n_bins = fields.maybe_count("bins", 1)
    if n_bins is not None:
        limits["n_bins"] = n_bins
    try:
        return Limits(**limits, confident=fields.flag("confident"))
    except ArgumentError as error:
        message = f"{safe_text(fields.name)}: {error}"
        raise DataError(message) from None
