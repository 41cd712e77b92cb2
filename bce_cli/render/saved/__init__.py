"""Documents of saved records; `fields` reads them, and `parts` has what commands share."""

from bce_cli.render.saved.document import SavedDocument, document_of

__all__ = ["SavedDocument", "document_of"]
