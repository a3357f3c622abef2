"""Figures in README and docs: small result files, and the tables that are written from them between marks."""
