"""Behaviour cloning that is told nothing: the control for what an embedding is worth to an imitator.

Objective: ``- log pi(a | s)`` over the training episodes.
Source:    no paper.
"""

from __future__ import annotations

from stages.embeddings.imitation import IMITATORS
from stages.embeddings.imitation.cloning import Cloner
from stages.embeddings.imitation.contract import ImitatorSettings
from stages.embeddings.split import SplitSettings


class UnconditionalBCSettings(ImitatorSettings, SplitSettings):
    """Cloning from the state alone."""


@IMITATORS.register("unconditional_bc", UnconditionalBCSettings)
class UnconditionalBC(Cloner):
    """Is told nothing."""
