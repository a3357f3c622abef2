"""Conditional behaviour cloning: a policy of state and embedding, one network that acts like any of the authors.

Objective: ``- log pi(a | s, e)`` over the training episodes, e the embedding of the episode.
Source:    the decoder of Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory Embeddings for Imitation,
           Classification and Regression, AAMAS 2025. Told the true level (`embedding: true_level`) it is their
           "Known-Abl".
Symbols:   e = embedding.

Deviations: the paper's imitator is IQ-Learn with e beside state and action, trained in the environment. Cloning needs
none; `iq_learn` is beside it, offline.
"""

from __future__ import annotations

from stages.clustering.contract import EMBEDDING
from stages.embeddings.imitation import IMITATORS
from stages.embeddings.imitation.cloning import Cloner
from stages.embeddings.imitation.contract import ImitatorSettings


class ConditionalBCSettings(ImitatorSettings):
    """Cloning from state and embedding."""


@IMITATORS.register("conditional_bc", ConditionalBCSettings)
class ConditionalBC(Cloner):
    """Is told the embedding."""

    ingredient = EMBEDDING
