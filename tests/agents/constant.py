"""Networks that answer the same whatever they are asked, and agents acting for a single step."""

import torch

from stages.agents.contract import Agent, Conditions
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser

PLAIN = Normaliser(torch.zeros(1), torch.ones(1), torch.zeros(1), torch.ones(1))
SCALED = Normaliser(torch.tensor([10.0]), torch.tensor([2.0]), torch.tensor([5.0]), torch.tensor([4.0]))


def constant(ensemble: Ensemble, outputs: list[list[list[float]]]) -> torch.Tensor:
    """Parameters of networks without hidden layers that answer ``outputs[seed][member]``."""
    flat = torch.zeros(ensemble.num_parameters)
    ensemble.views(flat)[1].copy_(torch.tensor(outputs).reshape(ensemble.num_networks, 1, -1))
    return flat


def first_actions(agent: Agent, observations: list[float], noise: float | None = None, **conditions) -> list[float]:
    """What agents of the first seed do at scalar observations, all with the same noise."""
    seen = torch.tensor(observations)[:, None]
    seed_index = conditions.pop("seed_index", torch.zeros(len(seen), dtype=torch.int64))
    agent.begin(Conditions(seed_index, **conditions))
    return agent.act(seen, None if noise is None else torch.full_like(seen, noise))[:, 0].tolist()
