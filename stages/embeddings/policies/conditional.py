"""A policy that is told an embedding: ``pi(a | s, e)``, and the steps of episodes that it is trained on."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.steps import Steps
from stages.networks import categorical, gaussian
from stages.networks.ensemble import Ensemble
from stages.networks.sequences.parts import Views
from stages.training.rows import Rows


class ConditionalPolicy:
    """A perceptron per seed, of state and embedding side by side; Gaussian actions, or categorical ones.

    Args:
        steps: What is seen of a state, and how actions are written.
        latent: Length of the embedding.
        num_seeds: Seeds of the block.
        hidden_sizes: Hidden layers.
    """

    def __init__(self, steps: Steps, latent: int, num_seeds: int, hidden_sizes: tuple[int, ...]) -> None:
        outputs = steps.num_actions or 2 * steps.action_width
        self.head = categorical.log_prob if steps.num_actions is not None else gaussian.log_prob
        self.network = Ensemble((steps.encoding.width + latent, *hidden_sizes, outputs), num_seeds)

    def outputs(
        self,
        parameters: Views,
        observations: Float[Tensor, "seeds batch steps observation"],
        embedding: Float[Tensor, "seeds batch latent"],
    ) -> Float[Tensor, "seeds batch steps outputs"]:
        """What the head reads, at some steps of each episode."""
        told = embedding[:, :, None].expand(*observations.shape[:3], -1)
        inputs = torch.cat([observations, told], dim=-1)
        made = self.network(parameters["decoder"], inputs.flatten(1, 2)[:, None])
        return made.view(*inputs.shape[:3], -1)

    def log_prob(
        self,
        parameters: Views,
        observations: Float[Tensor, "seeds batch steps observation"],
        embedding: Float[Tensor, "seeds batch latent"],
        actions: Float[Tensor, "seeds batch steps action"],
    ) -> Float[Tensor, "seeds batch steps"]:
        """Log-likelihood of the actions, in nats of scaled actions."""
        return self.head(self.outputs(parameters, observations, embedding), actions)


class EpisodeSteps:
    """The steps of a dataset's episodes, as networks see them.

    Args:
        steps: The scaling.
        dataset: The episodes.
        device: Where the steps lie.
    """

    def __init__(self, steps: Steps, dataset: EpisodeDataset, device: torch.device | str = "cpu") -> None:
        self.rows: Rows = steps.rows(dataset, device)
        self.starts = torch.from_numpy(dataset.episode_starts).to(device)
        self.lengths = torch.from_numpy(dataset.episode_lengths).to(device)

    def at_random(
        self, episodes: Int[Tensor, "seeds batch"], noise: Float[Tensor, "seeds batch steps"]
    ) -> tuple[Float[Tensor, "seeds batch steps observation"], Float[Tensor, "seeds batch steps action"]]:
        """States and actions at steps of the `episodes` that standard normal `noise` draws uniformly."""
        lengths = self.lengths[episodes][..., None]
        places = torch.minimum((torch.special.ndtr(noise) * lengths).long(), lengths - 1)
        found = self.rows.at(self.starts[episodes][..., None] + places)
        return found["observations"], found["actions"]
