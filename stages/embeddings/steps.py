"""What an embedding sees of a step: its observation and action, scaled as the training episodes say.

The scaling is kept with the embedding, so that unseen episodes are read as those that it was fitted to. Time, length,
rewards and policies are not among what it sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from stages.artifacts import prefixed
from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.networks.encoding import Encoding
from stages.networks.normaliser import Normaliser
from stages.training.rows import Rows


@dataclass(frozen=True)
class Steps:
    """Maps the steps of a dataset to network inputs.

    Attributes:
        encoding: Of observations, with the normaliser of the training episodes.
        num_actions: How many actions there are to choose from; None where actions are vectors.
    """

    encoding: Encoding
    num_actions: int | None

    @classmethod
    def of(cls, dataset: EpisodeDataset) -> Steps:
        """The scaling of the training episodes."""
        return cls(Encoding.of(dataset, Normaliser.of(dataset)), dataset.num_actions)

    @property
    def action_width(self) -> int:
        """Numbers that an action is read as: its coordinates, or a unit vector."""
        return self.num_actions or len(self.encoding.normaliser.action_centre)

    @property
    def width(self) -> int:
        """Numbers that a step is read as."""
        return self.encoding.width + self.action_width

    def rows(self, dataset: EpisodeDataset, device: torch.device | str = "cpu") -> Rows:
        """Columns `observations` (network inputs) and `actions` (scaled, or numbers) of every step.

        Raises:
            UserError: The dataset has other observations or actions than the training episodes.
        """
        self._check(dataset)
        columns = {
            "observations": self.encoding(torch.from_numpy(dataset.observations)),
            "actions": self.encoding.normaliser.actions_of(dataset),
        }
        return Rows(columns, device)

    def inputs(
        self, observations: Float[Tensor, "*any observation"], actions: Float[Tensor, "*any columns"]
    ) -> Float[Tensor, "*any width"]:
        """Observation and action of each step side by side, discrete actions as unit vectors."""
        return torch.cat([observations, self.action_inputs(actions)], dim=-1)

    def action_inputs(self, actions: Float[Tensor, "*any columns"]) -> Float[Tensor, "*any action"]:
        """Actions as networks read them."""
        if self.num_actions is None:
            return actions
        return torch.nn.functional.one_hot(actions[..., 0].long(), self.num_actions).float()

    def matrix(self, dataset: EpisodeDataset) -> Float[Tensor, "steps width"]:
        """`inputs` of every step of a dataset."""
        columns = self.rows(dataset)
        everything = columns.chunk(0, len(columns))
        return self.inputs(everything["observations"][0, 0], everything["actions"][0, 0])

    def tensors(self) -> dict[str, Tensor]:
        """The scaling by name."""
        nominal = {str(i): values for i, values in enumerate(self.encoding.values or ())}
        return prefixed("normaliser", self.encoding.normaliser.tensors()) | prefixed("values", nominal)

    @property
    def facts(self) -> dict[str, Any]:
        """What its tensors do not say."""
        return {
            "num_actions": self.num_actions,
            "nominal": None if self.encoding.values is None else len(self.encoding.values),
        }

    @classmethod
    def load(cls, tensors: dict[str, Tensor], facts: dict[str, Any]) -> Steps:
        """From `tensors` and `facts`."""
        scales = {
            key.removeprefix("normaliser/"): tensor for key, tensor in tensors.items() if key.startswith("normaliser/")
        }
        nominal = facts["nominal"]
        values = None if nominal is None else tuple(tensors[f"values/{i}"] for i in range(nominal))
        return cls(Encoding(values, Normaliser(**scales)), facts["num_actions"])

    def _check(self, dataset: EpisodeDataset) -> None:
        expected, found = len(self.encoding.normaliser.observation_mean), dataset.observations.shape[1]
        if expected != found:
            cause = f"observations have {found} numbers, those that the embedding was fitted to {expected}"
            raise UserError(cause, remedy="Embed episodes of the same environment")
        actions = 1 if dataset.num_actions is not None else dataset.actions.shape[1]
        fitted = len(self.encoding.normaliser.action_centre)
        if (self.num_actions is None) != (dataset.num_actions is None) or actions != fitted:
            cause = "actions are of another kind or size than those that the embedding was fitted to"
            raise UserError(cause, remedy="Embed episodes of the same environment")
        if self.num_actions is not None and dataset.num_steps and int(dataset.actions.max()) >= self.num_actions:
            cause = f"action {int(dataset.actions.max())}, the embedding was fitted to {self.num_actions} actions"
            raise UserError(cause, remedy="Embed episodes of the same environment")
