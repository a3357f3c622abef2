"""MiniRocket: how often each of many random convolutions of an episode lies above each of its biases.

Objective: none; features ``mean_t [ (w * x)_t > b ]`` of 84 kernels w at several dilations, each with a few biases b,
           quantiles of what the kernel puts out on training episodes; with ridge regression a strong classifier.
Source:    Dempster, Schmidt, Webb: MiniRocket, KDD 2021 (arXiv 2012.08791).
Symbols:   num_features = number of (kernel, dilation, bias) triples.

Deviations: all kernels see zeros beyond the ends (there: every second one, the others leave the ends out); biases are
quantiles over a sample of training episodes instead of one. Series are channels of scaled observations and actions.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.features.minirocket_kernels import KERNELS, channel_weights, dilations, quantiles, taps
from stages.embeddings.features.projected import FeatureEmbedder, FeatureSettings
from stages.seeding import generators
from stages.training.job import Job

EPISODES_FOR_BIASES = 16
STEPS_AT_ONCE = 16384


class MiniRocketSettings(FeatureSettings):
    """Random convolutions."""

    num_features: int = Field(1008, ge=len(KERNELS), description="features, a multiple of the 84 kernels")


@EMBEDDINGS.register("minirocket", MiniRocketSettings)
class MiniRocket(FeatureEmbedder):
    """Proportions of positive values of random convolutions."""

    settings: MiniRocketSettings

    def prepare(self, job: Job) -> None:
        length = float(np.median(job.dataset.episode_lengths))
        distances, shares = dilations(length, self.settings.num_features // len(KERNELS))
        drawn = generators(self.seeds, "MiniRocket kernels")
        weights = np.stack([channel_weights(random, self.steps.width, len(distances)) for random in drawn])
        self.tensors |= {"dilations": torch.from_numpy(distances), "weights": torch.from_numpy(weights).to(self.device)}
        chosen = [
            random.permutation(job.dataset.num_episodes)[:EPISODES_FOR_BIASES]
            for random in generators(self.seeds, "MiniRocket biases")
        ]
        samples = [job.dataset.select(episodes) for episodes in chosen]
        for place, share in enumerate(shares):
            levels = torch.from_numpy(quantiles(int(share), int(shares[:place].sum()))).float().to(self.device)
            self.tensors[f"biases/{place}"] = torch.stack(
                [
                    torch.quantile(self._convolved(sample, place)[seed], levels, dim=0)
                    for seed, sample in enumerate(samples)
                ]
            )

    def features(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes features"]:
        portions = [self._of(dataset.select(episodes)) for episodes in portions_of(dataset)]
        return torch.cat(portions, dim=1)

    def _of(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes features"]:
        episode = torch.from_numpy(dataset.episode_of_step).to(self.device)
        lengths = torch.from_numpy(dataset.episode_lengths).to(self.device)
        found = []
        for place in range(len(self.tensors["dilations"])):
            convolved = self._convolved(dataset, place)
            for biases in self.tensors[f"biases/{place}"].unbind(1):
                sums = convolved.new_zeros(len(self.seeds), dataset.num_episodes, len(KERNELS))
                sums.index_add_(1, episode, (convolved > biases[:, None]).float())
                found.append(sums / lengths[:, None])
        return torch.cat(found, dim=-1)

    def _convolved(self, dataset: EpisodeDataset, place: int) -> Float[Tensor, "seeds steps kernels"]:
        """What every kernel with the dilation at `place` puts out at each step."""
        inputs = self.steps.matrix(dataset).to(self.device)
        starts, ends = (
            torch.from_numpy(bounds[dataset.episode_of_step]).to(self.device)
            for bounds in (dataset.episode_starts, dataset.episode_ends)
        )
        seen = taps(inputs, starts, ends, int(self.tensors["dilations"][place]))
        return torch.matmul(seen, self.tensors["weights"][:, place])


def portions_of(dataset: EpisodeDataset) -> list[np.ndarray]:
    """The episodes in portions of few enough steps at once, in their order."""
    portion = (np.cumsum(dataset.episode_lengths) - 1) // STEPS_AT_ONCE
    return np.split(np.arange(dataset.num_episodes), np.flatnonzero(np.diff(portion)) + 1)
