"""Parquet and Arrow: columns that have types."""
