"""One phase of LOVE's training: reconstruction and codes, and, where it has a price, the length of the code."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.clustering.autoencoders.window import EpisodeWindows, Window
from stages.embeddings.skills.network import BOUNDARIES, Reading, SkillNetwork
from stages.embeddings.skills.segments import Reads, boundaries, code_length, entropy, gumbel, held, marginal
from stages.embeddings.skills.settings import LoveSettings
from stages.networks import categorical
from stages.networks.sequences.parts import Views
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch
from stages.training.trainable_parts import TrainableParts

SKILL_TEMPERATURE = 0.1
ALWAYS = 10.0  # log-odds of a boundary wherever there may be one
CERTAIN = 3.0  # log-odds beyond which certainty costs: what is never drawn otherwise is not learnt from
RARE = 1e-3  # skills read less often than this share of the boundaries count as unused
MEMORY = 0.97  # share of the mean reconstruction that a step leaves as it was


class SkillLearner(Learner):
    """Trains LOVE's networks.

    Args:
        network: Their shapes.
        parts: Their parameters.
        windows: Where windows are taken from.
        settings: See `LoveSettings`.
        quantised: Whether codes are held; otherwise the continuous latents are, and the codebook is left alone.
        everywhere: Whether boundaries are as frequent as they may be; otherwise they are as the network says.
        boundaries_alone: Whether nothing but the boundary network is trained.
        unit: Of the price: what the best guess without states and skills would err by; None: the code has no price.
        bound: Reconstruction that may not be exceeded for a shorter code; None: the price stays as it is.
    """

    def __init__(
        self,
        network: SkillNetwork,
        parts: TrainableParts,
        windows: EpisodeWindows,
        settings: LoveSettings,
        quantised: bool = True,
        everywhere: bool = False,
        boundaries_alone: bool = False,
        unit: float | None = None,
        bound: Float[Tensor, "seeds"] | None = None,
    ) -> None:
        self.network, self.parts, self.windows, self.settings = network, parts, windows, settings
        self.quantised, self.everywhere, self.boundaries_alone = quantised, everywhere, boundaries_alone
        self.unit, self.bound = unit, bound
        zeros = torch.zeros(network.num_seeds, device=parts.parameters.device)
        self.price, self.mean, self.seen = zeros + settings.first_price, zeros.clone(), zeros.clone()
        self.updates = [Update(self.step)]
        parts.restart()

    def step(self, batch: Batch) -> Losses:
        """One step on a window of each drawn episode."""
        window = self.windows.at_random(batch["episode"][:, 0, :, 0].long(), batch["window"][:, 0, :, 0])
        noise = {name: timed(batch[name], window) for name in ("boundaries", "skills", "states")}
        parameters = self.parts.views()
        if self.boundaries_alone:
            parameters = {
                name: part if name.startswith(BOUNDARIES) else part.detach() for name, part in parameters.items()
            }
        losses = self.losses(parameters, window, noise)
        self.parts.minimise(losses["loss"])
        self._note(losses["reconstruction"].detach())
        return {name: loss.detach() for name, loss in losses.items()}

    def losses(self, parameters: Views, window: Window, noise: dict[str, Tensor]) -> Losses:
        """Everything about a window; ``loss`` is minimised.

        Args:
            parameters: The networks' and the codebook.
            window: Observations, actions, mask.
            noise: Standard normal, ``[seeds, time, batch, width]``: ``boundaries`` (a number per draw of them),
                ``skills`` (a number per skill) and ``states`` (a number per coordinate of s).
        """
        reading = self.network.read(parameters, window)
        draws = [self.reads(reading, window, noise_of_draw) for noise_of_draw in noise["boundaries"].unbind(-1)]
        passed, distance = reading.latents, 0 * reading.log_odds
        if self.quantised:
            index = (reading.scores / SKILL_TEMPERATURE + gumbel(noise["skills"])).detach().argmax(-1)
            codes = chosen(parameters["codebook"], index)
            passed = reading.latents + (codes - reading.latents).detach()
            moving = (codes - reading.latents.detach()).square() + (reading.latents - codes.detach()).square()
            distance = moving.mean(-1)
        outputs = self.network.act(parameters, window.observations, held(passed, draws[0]), noise["states"])
        reconstruction = inside(errors(outputs, window, self.network.steps.num_actions), window)
        choice = torch.softmax(reading.scores / SKILL_TEMPERATURE, dim=-1)
        steps = window.mask.float().sum(1).mean(-1)
        length = torch.stack([code_length(reads, choice) for reads in draws]).mean(0) / steps
        loss = reconstruction + inside(distance, window)
        if self.unit is not None:
            beyond = (reading.log_odds.abs() - CERTAIN).clamp(min=0).square()
            loss = loss + self.unit * (self.price * length + inside(beyond, window))
        facts = self.facts(draws[0], choice, steps)
        return {"loss": loss, "reconstruction": reconstruction, "code length": length, **facts}

    def reads(self, reading: Reading, window: Window, noise: Tensor | None) -> Reads:
        """Where segments begin, as drawn or, without noise, as is likeliest."""
        mask = window.mask.expand(reading.log_odds.shape)
        temperature = 0.1 + 0.9 * 0.999 ** (self.parts.step / 100)
        log_odds = torch.full_like(reading.log_odds, ALWAYS) if self.everywhere else reading.log_odds
        return boundaries(log_odds, noise, mask, temperature, self.settings.least_length)

    @torch.no_grad()
    def facts(self, reads: Reads, choice: Tensor, steps: Tensor) -> Losses:
        """What is watched: how often skills are switched, how many there are, what a shorter code is worth."""
        used = marginal(reads, choice)
        return {
            "boundaries per 100 steps": 100 * reads.sum(1).mean(-1) / steps,
            "entropy of skills": entropy(used),
            "skills in use": (used > RARE).float().sum(-1),
            "price": self.price.clone(),
        }

    @torch.no_grad()
    def _note(self, reconstruction: Float[Tensor, "seeds"]) -> None:
        """Follow the mean reconstruction; raise the price of code while it is within bounds, lower it otherwise."""
        self.mean.lerp_(reconstruction, 1 - MEMORY)
        self.seen.lerp_(torch.ones_like(self.seen), 1 - MEMORY)
        if self.bound is not None:
            within = torch.where(self.plateau < self.bound, 1.0, -1.0)
            self.price.mul_(torch.exp(self.settings.price_step * within))
            self.price.clamp_(self.settings.least_price, self.settings.most_price)

    @property
    def plateau(self) -> Float[Tensor, "seeds"]:
        """Mean reconstruction of about the last thirty steps."""
        return self.mean / self.seen

    def tensors(self) -> dict[str, Tensor]:
        return {**self.parts.tensors(), "price": self.price, "mean": self.mean, "seen": self.seen}


def timed(noise: Float[Tensor, "seeds 1 batch numbers"], window: Window) -> Float[Tensor, "seeds time batch width"]:
    """Noise that was drawn per window, spread over its steps."""
    spread: Tensor = noise[:, 0].unflatten(-1, (window.mask.shape[1], -1))
    return spread.transpose(1, 2)


def chosen(codebook: Float[Tensor, "seeds skills width"], index: Tensor) -> Float[Tensor, "seeds time batch width"]:
    """Rows of each seed's codebook."""
    seeds, skills, _ = codebook.shape
    first = skills * torch.arange(seeds, device=index.device)[:, None, None]
    return torch.nn.functional.embedding(index + first, codebook.flatten(0, 1))


def errors(outputs: Tensor, window: Window, num_actions: int | None) -> Float[Tensor, "seeds time batch"]:
    """Of each action: mean square over coordinates, or nats of a discrete one."""
    if num_actions is not None:
        return -categorical.log_prob(outputs, window.actions)
    return (outputs - window.actions).square().mean(-1)


def inside(values: Float[Tensor, "seeds time batch"], window: Window) -> Float[Tensor, "seeds"]:
    """Mean over the steps that are no padding."""
    return (values * window.mask).sum((1, 2)) / window.mask.sum((1, 2))
