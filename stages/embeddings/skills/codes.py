"""What the code of all episodes leaves unsaid and how long it is, by the likeliest boundaries and the nearest codes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.clustering.autoencoders.window import EpisodeWindows
from stages.embeddings.skills.learner import chosen, errors, inside
from stages.embeddings.skills.network import SkillNetwork
from stages.embeddings.skills.segments import boundaries, entropy, held
from stages.networks.sequences.parts import Views

WINDOWS_AT_ONCE = 16


@torch.no_grad()
def coded(
    network: SkillNetwork, parameters: Views, windows: EpisodeWindows, least_length: int
) -> tuple[Float[Tensor, "seeds"], Float[Tensor, "seeds"]]:
    """Mean reconstruction of an action, and nats of code per step; nothing is drawn."""
    steps, device = 0, windows.windows.device
    error = torch.zeros(network.num_seeds, device=device)
    counts = torch.zeros(parameters["codebook"].shape[:2], device=device)
    for _, window in windows.consecutive(WINDOWS_AT_ONCE):
        reading = network.read(parameters, window)
        reads = boundaries(reading.log_odds, None, window.mask.expand(reading.log_odds.shape), 1.0, least_length)
        nearest = reading.scores.argmax(-1)
        outputs = network.act(
            parameters, window.observations, held(chosen(parameters["codebook"], nearest), reads), None
        )
        inside_window = int(window.mask.sum())
        error += inside_window * inside(errors(outputs, window, network.steps.num_actions), window)
        used = torch.nn.functional.one_hot(nearest, reading.scores.shape[-1])
        counts += (reads[..., None] * used).sum((1, 2))
        steps += inside_window
    number = counts.sum(-1)
    return error / steps, number / steps * entropy(counts / number[:, None])
