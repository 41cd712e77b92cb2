"""What the report says of rows that were certain and wrong, whose exact loss is infinite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.numbers import count, figure, percent, rows

if TYPE_CHECKING:
    from bce_cli.core.report import LossReport
    from bce_cli.render.document import Document


def impossible_notes(document: Document) -> tuple[str, ...]:
    """Say how many there are, the first, what they do to the mean, and what can be done."""
    report = document.report
    if not report.n_impossible:
        return ()
    verb = "was" if report.n_impossible == 1 else "were"
    first = f"the first is row {count(report.first_impossible_row)}"
    what = f"{rows(report.n_impossible)} {verb} certain and wrong; {first}."
    return (f"{what} {_effect(document)}", f"{_without(report)}{_advice(document)}")


def _effect(document: Document) -> str:
    report, convention = document.report, document.convention
    name = convention.name if convention.clip is None else "--clip"
    subject = "It makes" if report.n_impossible == 1 else "They make"
    if math.isinf(report.mean_loss):
        return f"{subject} the mean infinite."
    share = percent(report.impossible_share)
    return f"{subject} up {share} of the mean under {name}; the exact mean is infinite."


def _without(report: LossReport) -> str:
    if report.finite_mean_loss is None:
        return ""
    others = rows(report.n - report.n_impossible)
    return f"The mean of the other {others} is {figure(report.finite_mean_loss)}. "


def _advice(document: Document) -> str:
    mend = "Best clip or mend such predictions where the model makes them"
    if math.isinf(document.report.mean_loss):
        return (
            f"{mend}; --clip EPS bounds their loss here, --like all shows other libraries' means."
        )
    return f"{mend}; --like all shows what other rules make of them."
