"""What every trained policy promises when it acts: many episodes at once, each with the seed it belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from stages.errors import UserError


@dataclass(frozen=True)
class Conditions:
    """What the agents of a batch act under, an entry per agent.

    Attributes:
        seed_index: Place of each agent's seed in the block that was trained together, 0 for the first.
        limits: Costs that each agent's episode may sum to, in the task's units; None where none are asked for.
        clusters: The cluster whose policy each agent follows throughout; None leaves the choice to the agent.
    """

    seed_index: Int[Tensor, "agents"]
    limits: Float[Tensor, "agents"] | None = None
    clusters: Int[Tensor, "agents"] | None = None


class Agent(ABC):
    """Trained policies of a block of seeds: ``begin`` once, then in turns ``act`` and ``observe``.

    `begin` starts one episode per agent and forgets those before. What happens to an agent after its episode's end
    means nothing.

    Attributes:
        memoryless: Whether actions depend on the present observation alone, so that `act` takes states in any order
            and needs no `observe`.
        followed: The cluster that each agent followed when it last acted; None where there are none.
        observation_size: How many numbers an observation has; None: nothing says it.
    """

    memoryless: bool = False
    observation_size: int | None = None
    followed: Int[Tensor, "agents"] | None = None

    @property
    @abstractmethod
    def num_seeds(self) -> int:
        """Seeds of the block."""

    @property
    def num_clusters(self) -> int:
        """Clusters that it can be made to follow; 0: `Conditions.clusters` is of no use to it."""
        return 0

    @abstractmethod
    def begin(self, conditions: Conditions) -> None:
        """Start one episode per agent.

        Raises:
            UserError: There is no policy for what is asked, such as a cost limit that was not trained for.
        """

    @abstractmethod
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        """Actions at `observations`, both in units of the environment.

        Args:
            observations: One per agent, in the order of `begin`.
            noise: Standard normal numbers for policies that sample; None for their mean action.
        """

    def log_density(
        self, observations: Float[Tensor, "agents observation"], actions: Float[Tensor, "agents action"]
    ) -> Float[Tensor, "agents"] | None:
        """Log density of `actions` at `observations`, both in units of the environment, as `act` samples with noise.

        None of agents without densities, such as deterministic ones.
        """
        return None

    def observe(self, rewards: Float[Tensor, "agents"], costs: Float[Tensor, "agents"]) -> None:  # noqa: B027
        """What the actions led to; of use to policies that depend on what they received or on the time passed."""


def require_observations(agent: Agent, size: int, whose: str) -> None:
    """Stop unless the agent takes observations of `size` numbers.

    Args:
        agent: Trained policies.
        size: Numbers per observation.
        whose: What has them, as in ``Hopper-v4``.

    Raises:
        UserError: It was made for others.
    """
    if agent.observation_size not in (None, size):
        cause = f"made for observations of {agent.observation_size} numbers, {whose} has {size}"
        raise UserError(cause, place="--policy", remedy="Give the dataset that the policies were made from")


def require_memoryless(agent: Agent, purpose: str) -> None:
    """Stop unless the agent can act at states that are no episode.

    Args:
        agent: Trained policies.
        purpose: What needs it, as the error's beginning: ``fitted Q evaluation``.

    Raises:
        UserError: What it does depends on the episode so far.
    """
    if not agent.memoryless:
        cause = f"{purpose} needs policies of the state alone; what {type(agent).__name__} does depends on its episode"
        raise UserError(cause, place="--policy", remedy="Evaluate it by rollouts")
