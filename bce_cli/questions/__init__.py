"""The questions that commands and functions ask, and the documents that answer them."""
