"""What `bce check` saved, as a document again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

from bce_cli.core.comparison.differences import Difference
from bce_cli.core.gate.judgement import Check, CheckName, Judgement, Rival, Verdict
from bce_cli.core.gate.limits import Baseline, Limits
from bce_cli.errors import ArgumentError, DataError, safe_text
from bce_cli.render.check import (
    COUNTS_OF_RIVAL,
    FIGURES_OF_CHECKS,
    FIGURES_OF_RIVAL,
    Against,
    CheckDocument,
)
from bce_cli.render.saved.parts import convention_of, losses_of, origin_of, unit_of

if TYPE_CHECKING:
    from bce_cli.core.fields import Fields


def check_document(fields: Fields) -> CheckDocument:
    """Make the document again, whose verdict must follow from its checks."""
    found = _rival(fields)
    against, rival = (None, None) if found is None else found
    checks = tuple(_check(check, fields) for check in fields.all("checks"))
    told = [name for name in FIGURES_OF_CHECKS if name in fields]  # older versions tell less
    report = losses_of(unit_of(fields), (fields, ("n", *told)))
    is_told = fields.members.get("auc_ci_is_too_narrow") is not None
    judgement = Judgement(
        report,
        checks,
        rival,
        n_clusters=fields.maybe_count("n_clusters"),
        effective_clusters=fields.maybe_number("effective_clusters", 0.0),
        auc_ci_is_too_narrow=fields.flag("auc_ci_is_too_narrow") if is_told else None,
    )
    if not checks:
        fields.refuse("checks", "a list of one or more")
    if fields.text("verdict") != judgement.verdict:
        fields.refuse("verdict", f"that of its checks, {judgement.verdict}")
    return CheckDocument(
        origin_of(fields),
        convention_of(fields),
        _limits(fields, checks),
        judgement,
        against,
        fields.maybe_text("cluster_column"),
    )


def _rival(fields: Fields) -> tuple[Against, Rival] | None:
    """Return what was held against, and what it came to."""
    told = fields.maybe_one("against")
    if told is None:
        return None
    is_list = isinstance(told.members.get("source"), list | tuple)
    sources = told.texts("source") if is_list else (told.text("source"),)
    if not sources:
        told.refuse("source", "a text, or a list of some")
    report = losses_of(unit_of(fields), (told, FIGURES_OF_RIVAL))
    counts = {name: told.count(name) for name in COUNTS_OF_RIVAL}
    finite = told.maybe_one("finite")
    rest = None if finite is None else _finite(finite)
    return Against(sources, told.text("column")), Rival(report, **counts, finite=rest)


def _finite(fields: Fields) -> Difference:
    return Difference(
        fields.count("n"),
        fields.number("difference"),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
    )


def _check(fields: Fields, whole: Fields) -> Check:
    name = fields.choice("name", get_args(CheckName))
    return Check(
        name=name,
        value=_value(name, fields, whole),
        ci_low=fields.maybe_number("ci_low"),
        ci_high=fields.maybe_number("ci_high"),
        limit=fields.number("limit"),
        verdict=fields.choice("verdict", get_args(Verdict)),
        detectable_difference=fields.maybe_number("detectable_difference", 0.0),
        rows_needed=fields.maybe_count("rows_needed"),
    )


def _value(name: CheckName, fields: Fields, whole: Fields) -> float | None:
    """Return a value; null stands for what the losses that it is made of say."""
    if name in ("max_loss", "max_miscalibration", "baseline"):
        return fields.number("value", null=math.inf)
    value = fields.members.get("value")
    if name != "against" or (value is not None and value not in (math.inf, -math.inf)):
        return fields.maybe_number("value")
    own, other = (
        each is None or each.members.get("mean_loss") in (None, math.inf)
        for each in (whole, whole.maybe_one("against"))
    )
    if own and other:
        return None
    return math.inf if own else -math.inf


def _limits(fields: Fields, checks: tuple[Check, ...]) -> Limits:
    limits: dict[str, Any] = {check.name: check.limit for check in checks}
    baseline, against = fields.maybe_one("baseline"), fields.maybe_one("against")
    for name, other in (("baseline", baseline), ("against", against)):
        if name in limits and other is None:
            fields.one(name)
        if name not in limits and other is not None:
            fields.refuse(name, "told if one is checked against, and then alone")
    if against is not None:
        limits["budget"], limits["against"] = limits["against"], True
    if baseline is not None:
        limits["budget"] = limits.pop("baseline")
        limits["baseline"] = Baseline(
            source=baseline.text("source"),
            mean_loss=baseline.number("mean_loss"),
            unit=unit_of(baseline),
            std_error=baseline.maybe_number("std_error", 0.0),
        )
    told = {
        "n_bins": fields.maybe_count("bins", 1),
        "strategy": fields.maybe_text("strategy"),
        "confidence": fields.maybe_number("confidence"),
    }
    limits |= {name: value for name, value in told.items() if value is not None}
    try:
        return Limits(**limits, confident=fields.flag("confident"))
    except ArgumentError as error:
        message = f"{safe_text(fields.name)}: {error.message}"
        raise DataError(message) from None
