"""Finished values to text: what a command found is a document, which `write` puts in a format."""
