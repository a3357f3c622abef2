"""VTE: the latent of an episode, read by a transformer off its skills, that tells a policy how to act.

Objective: maximise ``E_q(e | tau) [ mean_t log pi(a_t | s_t, e) ] - kl_weight sum_d max(KL_d, free_nats)``, q a
           Gaussian with the encoder's mean and variance, KL_d its divergence from N(0, 1) in dimension d; the weight
           rises over `warm_up` steps. The encoder sees each step's scores of all skills and log-odds of a boundary
           (LOVE). The embedding is the posterior's mean.
Source:    Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory Embeddings for Imitation, Classification and
           Regression, AAMAS 2025 (arXiv 2501.09327).
Symbols:   latent = size of e, kl_weight = alpha_kld, skills = z, boundaries = m.

Deviations: the paper describes logits of skills and boundaries, a transformer of four layers and LOVE with its
compression; the released code has one bare attention layer, drawn boundaries, no compression and a few dozen steps of
training. Here is what is described, in two standard blocks unless told otherwise; `attention: bare`, `boundary: drawn`,
`num_layers: 1` and skills without a price are the released variant, without its slips (tokens added twice,
divergence of other episodes). Padding is masked everywhere; in the release it is data. One draw of e per episode and
step, not per transition; Adam for AMSGrad. `kl_weight` is 1 in the release, where the information of an episode may
then cost no more than it gains each single action. `train_steps: 0` is the control, a random head.
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.skills.skills import SKILLS, skills_of
from stages.embeddings.variational.embedder import VariationalEmbedder, VariationalSettings


class VteSettings(VariationalSettings):
    """VTE."""

    boundary: Literal["log_odds", "drawn"] = Field(
        "log_odds", description="what is said of boundaries: how likely they are, or whether there is one"
    )


@EMBEDDINGS.register("vte", VteSettings)
class Vte(VariationalEmbedder):
    """Variational trajectory encoding."""

    settings: VteSettings
    ingredient = SKILLS
    groups = ("skills", "boundaries")

    def said(self, dataset: EpisodeDataset) -> dict[str, Float[Tensor, "seeds steps _"]]:
        found = skills_of(self.given, self.seeds, self.device).of(dataset)
        boundaries = found.log_odds if self.settings.boundary == "log_odds" else found.reads
        return {"skills": found.scores, "boundaries": boundaries[..., None]}
