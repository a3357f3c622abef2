"""Halves of datasets in the report."""
