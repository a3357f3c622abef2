"""Pooled skills: the mean over an episode of what LOVE says of each step.

Objective: none beyond LOVE's; an ablation, it shows what the order of skills adds.
Source:    "Skill Pooling" of Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory Embeddings for Imitation,
           Classification and Regression, AAMAS 2025; skill vectors are the scores of all codes, over all steps or over
           those at which a segment begins.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.features.projected import FeatureEmbedder, FeatureSettings
from stages.embeddings.skills.skills import SKILLS, skills_of


class PooledSkillsSettings(FeatureSettings):
    """Mean of skill vectors."""

    over: Literal["steps", "boundaries"] = Field("steps", description="steps that the mean is over")


@EMBEDDINGS.register("pooled_skills", PooledSkillsSettings)
class PooledSkills(FeatureEmbedder):
    """Mean skill scores of each episode."""

    settings: PooledSkillsSettings
    ingredient = SKILLS

    def features(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes skills"]:
        found = skills_of(self.given, self.seeds, self.device).of(dataset)
        weights = found.reads if self.settings.over == "boundaries" else torch.ones_like(found.reads)
        episode = torch.from_numpy(dataset.episode_of_step).to(self.device)
        sums = found.scores.new_zeros(len(self.seeds), dataset.num_episodes, found.scores.shape[-1] + 1)
        sums.index_add_(1, episode, torch.cat([found.scores * weights[..., None], weights[..., None]], dim=-1))
        return sums[..., :-1] / sums[..., -1:]
