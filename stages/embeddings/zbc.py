"""ZBC: a vector per episode index, trained with the policy that reads it beside the state.

Objective: maximise ``mean_t log pi(a_t | s_t, e_i) - ridge |e_i|^2`` over the policy and the vectors e_i of all
           episodes i; the embedding of an episode is the e that maximises it under the trained policy.
Source:    "ZBC" of arXiv 2504.18160, 2025, a style vector per trajectory; DeepSDF (Park et al., CVPR 2019) for fitting
           those of unseen episodes, which the source has no need of.
Symbols:   latent = size of e.

Deviations: no weighting by dissimilarity (its "WZBC").
"""

from __future__ import annotations

from stages.embeddings import EMBEDDINGS
from stages.embeddings.auto_decoding.embedder import AutoDecoder, AutoDecodingSettings
from stages.embeddings.policies.conditional import ConditionalPolicy
from stages.embeddings.policies.told import ToldPolicy


class ZbcSettings(AutoDecodingSettings):
    """A vector per episode index."""


@EMBEDDINGS.register("zbc", ZbcSettings)
class Zbc(AutoDecoder):
    """The policy reads the vector beside the state."""

    settings: ZbcSettings

    def policy(self) -> ToldPolicy:
        return ConditionalPolicy(self.steps, self.settings.latent, len(self.seeds), self.settings.hidden_sizes)
