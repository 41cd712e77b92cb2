"""Finished values to text: what a command found is a document, which `write` puts in a format."""

from typing import Literal

Format = Literal["table", "json", "csv", "markdown", "html"]
"""How a report may be written; here, since options name it before anything of this is loaded."""
PictureFormat = Literal["svg", "png"]
"""What the pictures on a page may be."""
