"""Finished values to text: each function takes a document and says how it should look."""
