"""LOVE: skills that make the shortest code of how the episodes were acted, and the boundaries between them.

An episode is cut into segments; each holds a skill from a codebook, which with the states says the actions. Where a
segment begins is drawn before acting there; which skill it holds is read off the whole episode.

Objective: minimise ``E |a - decoder(x, z)|^2`` (nats where actions are discrete) ``+ |sg(latent) - code|^2 +
           |latent - sg(code)|^2 + price * L / T``, L = n_s H[p] the nats that tell the skills of a window of T steps
           (Section 4.2). The price rises while the reconstruction is below a bound and falls while it is above: dual
           ascent on "the shortest code at this reconstruction".
Training:  skills are continuous at first, then codes are placed among them (K-means), both with as many boundaries as
           there may be, the longest code; the bound is 1 + `slack` times its reconstruction. Then boundaries are
           learnt under a price, alone for a while, so that no code is bent to boundaries that nothing has placed yet.
Source:    Jiang, Liu, Eysenbach, Kolter, Finn: Learning Options via Compression (LOVE), NeurIPS 2022, Section 4; after
           Kim, Ahn, Bengio: Variational Temporal Abstraction, NeurIPS 2019.
Symbols:   price = lambda, bound = C, num_skills = K, reads = m, held = z.

Deviations: no step-by-step loops but for the two recurrences; one log-odds with logistic noise for two logits with
Gumbel noise (the same distribution); the marginal of skills is that of the temperature they are drawn at (paper; in the
code it is of plain scores), and the number of boundaries that it is divided by has a gradient, too (in the code not,
which rewards boundaries while there are few skills); layer norm for batch norm, whose statistics would see padding and
companions, and layers of the boundary network that add to what they read, since a norm per step leaves little of what
tells steps apart; log-odds beyond 3 cost, since what is never drawn otherwise is never learnt from; ReLU in the
networks of single steps; only the first step is forced to be a boundary; Adam for AMSGrad, with a step size that falls
in the end; lengths per step; the price is a share of the actions' spread, begins at its largest and changes by factors.
The source trains all at once for 20,000 steps, with a price that begins at 0. In the 1,600 here, codes that nothing
tells apart yet were still drawn at random, and boundaries learnt without a price became certain everywhere.
Prices of 0 are the method without compression (the setting released with VTE).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from stages.artifacts import Artifact, prefixed
from stages.clustering.autoencoders.centroids import k_means
from stages.clustering.autoencoders.window import EpisodeWindows
from stages.embeddings.skills.codes import coded
from stages.embeddings.skills.learner import SkillLearner
from stages.embeddings.skills.network import SkillNetwork
from stages.embeddings.skills.segments import entropy
from stages.embeddings.skills.settings import LoveSettings as LoveSettings
from stages.embeddings.steps import Steps
from stages.errors import UserError
from stages.seeding import generators
from stages.training.draws import EpochDraws
from stages.training.job import Job
from stages.training.restarts import best_runs, run_seeds
from stages.training.rows import Rows
from stages.training.seedwise_adam import Schedule
from stages.training.trainable_parts import TrainableParts

WINDOWS_FOR_CODES = 64


def extract(job: Job, settings: LoveSettings) -> Artifact:
    """Skills of the job's episodes, for all its seeds together; what `stages.embeddings.skills.skills` reads.

    Raises:
        UserError: No episode has room for a skill, or there is nothing to tell of the actions.
    """
    require_skills(job, settings)
    steps, runs = Steps.of(job.dataset), replace(job, seeds=run_seeds(job.seeds, settings.restarts))
    outputs = job.dataset.num_actions or job.dataset.actions.shape[1]
    network = SkillNetwork(steps, outputs, len(runs.seeds), settings.width, settings.num_skills, settings.abstraction)
    parts = TrainableParts(
        network.parts, generators(runs.seeds, "skills"), settings.learning_rate, settings.clip_norm, job.device
    )
    windows = EpisodeWindows(steps.rows(job.dataset, job.device), job.dataset, settings.window)
    metrics, bound = trained(runs, network, parts, windows, settings)
    reconstruction, length = coded(network, parts.views(), windows, settings.least_length)
    objective = reconstruction + settings.first_price * spread(job) * length
    kept = best_runs(objective, settings.restarts)
    tensors = {"parameters": parts.of(kept), "bound": bound[kept]}
    whole = {"reconstruction": reconstruction, "nats per step": length, "objective": objective}
    tensors |= {f"coded/{name}": values[kept] for name, values in whole.items()}
    for name, values in metrics.items():
        tensors[f"metrics/{name}"] = values[:, kept.cpu()] if name.endswith("/values") else values
    tensors |= prefixed("steps", steps.tensors())
    losses = [name.removesuffix("/values") for name in metrics if name.startswith("compressed/") and "values" in name]
    facts = {"steps": steps.facts, "outputs": outputs, "kind": "skills", "losses": losses}
    return Artifact(tensors, {"seeds": list(job.seeds), "settings": settings.model_dump(mode="json"), **facts})


def trained(
    job: Job, network: SkillNetwork, parts: TrainableParts, windows: EpisodeWindows, settings: LoveSettings
) -> tuple[dict[str, Tensor], Float[Tensor, "seeds"]]:
    """Train in phases; losses by phase, and the bound that the reconstruction was held to."""
    learner = partial(SkillLearner, network, parts, windows, settings)
    metrics = train(job, "continuous", learner(quantised=False, everywhere=True), settings.pretrain_steps)
    parts.set("codebook", first_codes(job, network, parts, windows))
    longest = learner(everywhere=True)
    metrics |= train(job, "quantised", longest, settings.train_steps)
    unit, bound = spread(job), (1 + settings.slack) * longest.plateau
    metrics |= train(job, "boundaries", learner(boundaries_alone=True, unit=unit), settings.boundary_steps)
    parts.follow(settings.learning_rate, falling(settings.compress_steps))
    metrics |= train(job, "compressed", learner(unit=unit, bound=bound), settings.compress_steps)
    return metrics, bound


def falling(num_steps: int) -> Schedule:
    """A step size that is full for the first half of `num_steps` steps, then falls in a line."""
    return lambda step: (2 * (1 - (step - 1) / num_steps)).clamp(max=1)


def train(job: Job, label: str, learner: SkillLearner, num_steps: int) -> dict[str, Tensor]:
    """Train on windows of all episodes; the losses over training, under the phase's name."""
    if num_steps == 0:
        return {}
    windows, settings = learner.windows, learner.settings
    length = windows.windows.length
    noise = {
        "window": 1,
        "boundaries": length * settings.code_draws,
        "skills": length * settings.num_skills,
        "states": length * settings.abstraction,
    }
    rows = Rows({"episode": windows.episodes}, job.device)
    draws = EpochDraws(job.seeds, len(rows), settings.batch_windows, noise, f"windows of {label}")
    return prefixed(label, job.train(f"{label} skills", learner, rows, draws, num_steps).tensors())


@torch.no_grad()
def first_codes(
    job: Job, network: SkillNetwork, parts: TrainableParts, windows: EpisodeWindows
) -> Float[Tensor, "seeds skills width"]:
    """Centres of the continuous skills of some windows, spread evenly over the episodes."""
    views, latents = parts.views(), []
    every = max(1, len(windows.episodes) // WINDOWS_FOR_CODES)
    for number, (_, window) in enumerate(windows.consecutive(1)):
        if number % every == 0:
            latents.append(network.read(views, window).latents.flatten(1, 2))
    return k_means(torch.cat(latents, dim=1), views["codebook"].shape[1], job.seeds, num_starts=1)


def spread(job: Job) -> float:
    """What the best guess of an action errs by that knows nothing: variance of a coordinate, or entropy in nats."""
    actions = job.actions.double()
    if job.dataset.num_actions is None:
        return float(actions.var(0, correction=0).mean())
    frequency = torch.bincount(actions[:, 0].long()) / len(actions)
    return float(entropy(frequency))


def require_skills(job: Job, settings: LoveSettings) -> None:
    """Stop if there can be no skills in the job's episodes.

    Raises:
        UserError: All episodes are too short, or all actions are the same.
    """
    longest = int(job.dataset.episode_lengths.max())
    if longest < 2 * settings.least_length:
        cause = f"the longest episode has {longest} steps, two skills last at least {2 * settings.least_length}"
        raise UserError(cause, place="least_length", remedy="Lower it, or give longer episodes")
    if bool((job.dataset.actions == job.dataset.actions[:1]).all()):
        raise UserError("all actions are the same, so no skill says more than another", remedy="Check the recording")
