"""Trained behaviours as a file: several Gaussian policies of one environment, with the normalisers of their training.

All policies have one shape, so they are the members of one ensemble: the checkpoints of a learner, or a family of
linear policies (an ensemble without hidden layers). Beside the file lies a manifest that people can read: how each
policy was trained and what it earns.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from stages.artifacts import Artifact, taking_up
from stages.errors import UserError, did_you_mean
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.replacing import replacing

KIND = "actors"


@dataclass(frozen=True)
class Actors:
    """Policies of one environment.

    Attributes:
        names: Name of each policy.
        ensemble: Shape of the networks: ``num_members`` policies of one seed, outputs are mean and log std.
        parameters: Their flat parameters.
        observation_mean: What is subtracted from observations, for each policy.
        observation_std: What they are then divided by.
        squashed: Whether the action is the tanh of the Gaussian's sample; otherwise it is clipped to the box.
    """

    names: tuple[str, ...]
    ensemble: Ensemble
    parameters: Float[Tensor, "parameters"]
    observation_mean: Float[Tensor, "policies observation"]
    observation_std: Float[Tensor, "policies observation"]
    squashed: bool

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "policies batch observation"], noise: Float[Tensor, "policies batch action"]
    ) -> Float[Tensor, "policies batch action"]:
        """Actions in ``[-1, 1]`` for standard normal `noise`; the mode where the noise is 0."""
        normalised = (observations - self.observation_mean[:, None]) / self.observation_std[:, None]
        actions = gaussian.sample(self.ensemble(self.parameters, normalised[None])[0], noise)
        return torch.tanh(actions) if self.squashed else actions.clamp(-1, 1)

    def select(self, names: Sequence[str]) -> Actors:
        """The named policies, in that order.

        Raises:
            UserError: There is no policy of that name.
        """
        if unknown := [name for name in names if name not in self.names]:
            raise UserError(f"unknown behaviour {unknown[0]!r}", remedy=did_you_mean(unknown[0], self.names))
        chosen = torch.tensor([self.names.index(name) for name in names])
        parts = [view[chosen].reshape(-1) for view in self.ensemble.views(self.parameters)]
        smaller = Ensemble(self.ensemble.sizes, num_members=len(names))
        means, stds = self.observation_mean[chosen], self.observation_std[chosen]
        return Actors(tuple(names), smaller, torch.cat(parts), means, stds, self.squashed)

    def save(self, path: Path | str, manifest: dict[str, Any]) -> None:
        """Write the policies to `path` (safetensors), and `manifest` beside it as JSON."""
        tensors = {
            "parameters": self.parameters,
            "observation_mean": self.observation_mean,
            "observation_std": self.observation_std,
        }
        shape = {"names": self.names, "sizes": self.ensemble.sizes, "squashed": self.squashed}
        with replacing(Path(path).with_suffix(".json")) as temporary:
            temporary.write_text(json.dumps(manifest, indent=2) + "\n")
        Artifact(tensors, {"kind": KIND, **shape}).save(path)

    @classmethod
    def load(cls, path: Path | str) -> Actors:
        """Read what `save` wrote.

        Raises:
            UserError: The file is missing, damaged or holds something else.
        """
        artifact = Artifact.load(path)
        if artifact.metadata.get("kind") != KIND:
            raise UserError(
                "holds no behaviours", place=str(path), remedy="Make some: python -m stages.train_behaviours"
            )
        with taking_up(artifact):
            names = tuple(artifact.metadata["names"])
            ensemble = Ensemble(tuple(artifact.metadata["sizes"]), num_members=len(names))
            return cls(names, ensemble, squashed=artifact.metadata["squashed"], **artifact.tensors)


def joined(actors: Sequence[Actors], names: Sequence[str]) -> Actors:
    """Policies of equal shape as one set, under new names.

    Args:
        actors: Sets of one policy each.
        names: Their names in the new set.
    """
    first = actors[0]
    views = zip(*(single.ensemble.views(single.parameters) for single in actors), strict=True)
    parameters = torch.cat([torch.cat(parts).reshape(-1) for parts in views])
    ensemble = Ensemble(first.ensemble.sizes, num_members=len(actors))
    means = torch.cat([single.observation_mean for single in actors])
    stds = torch.cat([single.observation_std for single in actors])
    return Actors(tuple(names), ensemble, parameters, means, stds, first.squashed)
