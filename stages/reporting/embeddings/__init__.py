"""Trajectory embeddings: what probes read off them, against summary statistics, and what they cost."""
