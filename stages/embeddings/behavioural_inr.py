"""Behavioural implicit representation: a vector per episode that modulates a network from states to actions.

Objective: that of ZBC; the vector scales and shifts each hidden layer instead of being read beside the state.
Source:    Kang, Narasimhan: Behavioral INR, workshop SPIGM at ICML 2026 (abstract read; sizes and training are ours).
Symbols:   latent = size of e.

Deviations: the abstract leaves open what is chosen here: ReLU layers, linear modulation, Gaussian or categorical head.
"""

from __future__ import annotations

from stages.embeddings import EMBEDDINGS
from stages.embeddings.auto_decoding.embedder import AutoDecoder, AutoDecodingSettings
from stages.embeddings.policies.film import FilmPolicy
from stages.embeddings.policies.told import ToldPolicy


class BehaviouralInrSettings(AutoDecodingSettings):
    """A vector that modulates a policy."""


@EMBEDDINGS.register("behavioural_inr", BehaviouralInrSettings)
class BehaviouralInr(AutoDecoder):
    """The vector scales and shifts the policy's layers."""

    settings: BehaviouralInrSettings

    def policy(self) -> ToldPolicy:
        return FilmPolicy(self.steps, self.settings.latent, len(self.seeds), self.settings.hidden_sizes)
