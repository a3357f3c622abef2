"""Agents that `snakemake offline_rl` compares: against what they are variants of, beside printed tables."""
