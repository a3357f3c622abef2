"""What an agent would do at any states: for policies of the state alone, all seeds at once."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.contract import Agent, Conditions, require_memoryless
from stages.errors import UserError
from stages.networks.normaliser import Normaliser
from stages.seeding import Seeds, generators

AT_ONCE = 4096  # states of each seed


class ActionsAtStates:
    """The actions of a block of seeds, brought to the box that the data's actions span.

    An environment, too, brings actions to its box; that of the data is the part of it on which values can be fitted.

    Args:
        agent: Policies of `len(seeds)` seeds.
        seeds: Their seeds, which also key the noise.
        normaliser: Scaling of actions.
        num_samples: Sampled actions at each state; None: the mean action alone.

    Raises:
        UserError: What the agent does depends on its episode, or it is of other seeds.
    """

    def __init__(self, agent: Agent, seeds: Seeds, normaliser: Normaliser, num_samples: int | None = None) -> None:
        require_memoryless(agent, "fitted Q evaluation")
        if agent.num_seeds != len(seeds):
            cause = f"the policies are of {agent.num_seeds} seeds, not of {len(seeds)}"
            raise UserError(cause, place="--seeds", remedy="Name the seeds that they were trained for")
        self.agent, self.seeds, self.normaliser, self.num_samples = agent, seeds, normaliser, num_samples

    def act(
        self, observations: Float[Tensor, "rows observation"], purpose: str
    ) -> Float[Tensor, "seeds rows samples action"]:
        """Normalised actions at `observations`, which are in units of the environment.

        Args:
            observations: The states.
            purpose: What the noise is called, so that it is not that of other states.
        """
        samples, width = self.num_samples or 1, len(self.normaliser.action_scale)
        parts = []
        for position, states in enumerate(self._begun(observations, samples)):
            shape = len(self.seeds), len(states) // len(self.seeds) // samples, samples, width
            noise = None if self.num_samples is None else self._noise(purpose, position, shape)
            actions = self.normaliser.actions(self.agent.act(states, noise)).clamp(-1, 1)
            parts.append(actions.view(shape))
        return torch.cat(parts, dim=1)

    def log_density(
        self, observations: Float[Tensor, "rows observation"], actions: Float[Tensor, "rows action"]
    ) -> Float[Tensor, "seeds rows"] | None:
        """Log density of `actions`, in units of the environment; None of agents without densities."""
        parts = []
        for states, taken in zip(self._begun(observations), actions.split(AT_ONCE), strict=True):
            found = self.agent.log_density(states, taken.repeat(len(self.seeds), 1))
            if found is None:
                return None
            parts.append(found.view(len(self.seeds), -1))
        return torch.cat(parts, dim=1)

    def _begun(self, observations: Float[Tensor, "rows observation"], samples: int = 1) -> Iterator[Tensor]:
        """Some states at a time, once for every seed and sample, for which the agent has begun."""
        for states in observations.split(AT_ONCE):
            every = states.repeat_interleave(samples, 0)
            self.agent.begin(Conditions(torch.arange(len(self.seeds)).repeat_interleave(len(every))))
            yield every.repeat(len(self.seeds), 1)

    def _noise(self, purpose: str, position: int, shape: tuple[int, ...]) -> Float[Tensor, "states action"]:
        drawn = [random.standard_normal(shape[1:], "float32") for random in generators(self.seeds, purpose, position)]
        return torch.stack([torch.from_numpy(values) for values in drawn]).flatten(0, 2)
