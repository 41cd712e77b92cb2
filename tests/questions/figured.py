"""What two documents are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bce_cli.render.page.document import ReportDocument


def figures(document: ReportDocument) -> dict[str, Any]:
    """Return all there is in a document; those of arrays cannot be compared."""
    answers = (document.compute, document.conventions, document.compare)
    judged = (document.calibration, *document.recalibrations, document.check)
    return {
        "records": [None if each is None else each.record() for each in (*answers, *judged)],
        "origin": document.origin,
        "models": document.models,
        "losses": document.losses,
        "log_product": document.log_product,
        "no_advice": document.no_advice,
        "others": document.others,
    }
