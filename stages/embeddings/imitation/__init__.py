"""Imitators: policies that are told the embedding of an episode and act as its author would, and their control."""

from stages.registry import Registry

IMITATORS = Registry("imitator", __name__, ["conditional_bc", "iq_learn", "unconditional_bc"])
