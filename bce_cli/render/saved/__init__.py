"""Documents of saved records; `fields` reads them, and `parts` has what commands share."""

from bce_cli.render.saved.document import SavedDocument, document_of
from bce_cli.render.saved.report import is_report, report_document

__all__ = ["SavedDocument", "document_of", "is_report", "report_document"]
