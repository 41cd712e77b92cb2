"""Limits that predictions must keep, and whether they do."""
