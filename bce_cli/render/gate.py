"""What `bce check` found, ready to be written in any format."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bce_cli.errors import safe_text
from bce_cli.render.convention_notes import convention_notes
from bce_cli.render.gate_words import (
    MEASURES,
    impossible_rows,
    interval_text,
    limit_text,
    reason,
    value_text,
)
from bce_cli.render.numbers import figure, rows
from bce_cli.render.origin import origin_notes, origin_record, source_names
from bce_cli.render.page import Page, write_page
from bce_cli.render.section import Column, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate.baseline import Baseline
    from bce_cli.core.gate.judgement import Check, Judgement, Verdict
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.report import LossReport
    from bce_cli.render.look import Look
    from bce_cli.render.origin import Origin
    from bce_cli.render.page import Format

_SIGNS: dict[Verdict, str] = {"passed": "passed", "failed": "FAILED", "undecided": "undecided"}
_FEW = 30  # rows for which the normal approximation of an interval is not to be trusted


@dataclass(frozen=True, slots=True)
class GateDocument:
    """A finished judgement and what it was made of.

    Attributes
    ----------
    origin : Origin
    convention : Convention
    limits : Limits
    judgement : Judgement
    """

    origin: Origin
    convention: Convention
    limits: Limits
    judgement: Judgement


def write_gate(document: GateDocument, output_format: Format, look: Look) -> str:
    """Write a judgement as text; see `write_page`."""
    page = Page(partial(_sections, document), _record(document), _lines(document))
    return write_page(page, output_format, look)


def reasons(document: GateDocument) -> str:
    """Say why the checks have failed, or else why they are undecided."""
    judgement = document.judgement
    said = [
        reason(check, judgement.report, document.limits)
        for check in judgement.checks
        if check.verdict == judgement.verdict
    ]
    return "; ".join(dict.fromkeys(said))


def _sections(document: GateDocument, _look: Look) -> list[Section]:
    checks, confident = document.judgement.checks, document.limits.confident
    n = "1 check" if len(checks) == 1 else f"{len(checks)} checks"
    return [
        Section(
            title=f"{source_names(document.origin)}: {rows(document.judgement.report.n)}, {n}",
            columns=(
                Column("check", is_text=True),
                Column("value"),
                *((Column("95 % interval"),) if confident else ()),
                Column("limit"),
                Column("verdict", is_text=True),
            ),
            rows=tuple(_cells(check, document) for check in checks),
            notes=(
                _verdict_line(document),
                *_interval_notes(document),
                *_row_notes(document),
                *_rule_notes(document),
                *origin_notes(document.origin),
            ),
            marked=frozenset(
                place for place, check in enumerate(checks) if check.verdict == "failed"
            ),
        )
    ]


def _cells(check: Check, document: GateDocument) -> tuple[str, ...]:
    measure = "above baseline" if check.name == "baseline" else MEASURES[check.name]
    if check.name == "max_loss":
        measure += f", {document.judgement.report.unit}"
    return (
        measure,
        value_text(check),
        *((interval_text(check),) if document.limits.confident else ()),
        f"{'at least' if check.is_least else 'at most'} {limit_text(check)}",
        _SIGNS[check.verdict],
    )


def _verdict_line(document: GateDocument) -> str:
    verdict, n = document.judgement.verdict, len(document.judgement.checks)
    if verdict == "passed":
        return "Passed: the check holds." if n == 1 else f"Passed: all {n} checks hold."
    return f"{verdict.capitalize()}: {reasons(document)}."


def _interval_notes(document: GateDocument) -> Iterator[str]:
    limits, report = document.limits, document.judgement.report
    if limits.max_ece is not None:
        bins = "1 bin" if limits.n_bins == 1 else f"{limits.n_bins} bins of equal width"
        band = "; its interval allows for its upward bias" if limits.confident else ""
        yield f"The calibration error is over {bins}{band}."
    for check in document.judgement.checks:
        if check.name == "baseline" and limits.baseline is not None:
            yield from _baseline_notes(check, limits.baseline, report)
    if report.n < _FEW and any(check.ci_low is not None for check in document.judgement.checks):
        yield f"Fewer than {_FEW} rows make a rough interval at best."


def _baseline_notes(check: Check, baseline: Baseline, report: LossReport) -> Iterator[str]:
    name, saved = safe_text(baseline.source), figure(baseline.loss_in(report.unit))
    yield f"The mean loss is {figure(report.mean_loss)} {report.unit}, and {saved} in {name}."
    if check.ci_low is None:
        return
    if baseline.std_error:
        both = "allows for the spread of both losses, as of independent samples"
        yield f"The interval against the baseline {both}."
    else:
        none = "no standard error" if baseline.std_error is None else "a standard error of 0"
        yield f"{name} has {none}, so its loss is taken as exact."
    if check.verdict == "undecided":
        paired = "bce compare old.csv new.csv pairs them, and tells smaller differences"
        yield f"If both losses are of the same rows, {paired}."


def _row_notes(document: GateDocument) -> Iterator[str]:
    for check in document.judgement.checks:
        if check.name != "min_rows":
            continue
        weightless = document.judgement.report.n - int(check.value or 0)
        if weightless:
            verb = "is" if weightless == 1 else "are"
            yield f"{rows(weightless)} of weight 0 {verb} not counted."


def _rule_notes(document: GateDocument) -> Iterator[str]:
    report = document.judgement.report
    yield from convention_notes(document.convention, report.n_clipped)
    if report.n_impossible and math.isinf(report.mean_loss):
        yield f"{impossible_rows(report)}, so the mean is infinite; --clip EPS bounds such losses."
    elif report.n_impossible:
        yield f"{impossible_rows(report)}."


def _record(document: GateDocument) -> dict[str, Any]:
    judgement, limits = document.judgement, document.limits
    report = judgement.report
    return {
        **origin_record(document.origin),
        "n": report.n,
        "n_missing": document.origin.n_missing,
        "n_unmatched": document.origin.n_unmatched,
        "unit": report.unit,
        "convention": document.convention.name,
        "clip": document.convention.clip,
        "n_clipped": report.n_clipped,
        "n_impossible": report.n_impossible,
        "first_impossible_row": report.first_impossible_row,
        "confident": limits.confident,
        "bins": None if limits.max_ece is None else limits.n_bins,
        "baseline": None if limits.baseline is None else asdict(limits.baseline),
        "budget": None if limits.baseline is None else limits.budget,
        "checks": _lines(document),
        "verdict": judgement.verdict,
    }


def _lines(document: GateDocument) -> list[dict[str, Any]]:
    return [asdict(check) for check in document.judgement.checks]
