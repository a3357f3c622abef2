"""What LOVE says of every step of any episodes, read from a file of skills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.artifacts import Artifact, taking_up
from stages.clustering.autoencoders.window import EpisodeWindows, Window
from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.skills.network import Reading, SkillNetwork
from stages.embeddings.skills.segments import boundaries
from stages.embeddings.skills.settings import LoveSettings
from stages.embeddings.steps import Steps
from stages.errors import UserError
from stages.ingredients import Ingredient
from stages.networks.sequences.parts import Parts
from stages.seeding import Seeds

EPISODES_AT_ONCE = 16
SKILLS = Ingredient("skills", "extract_skills")


@dataclass(frozen=True)
class SkillSteps:
    """Outputs at every step of a dataset.

    Attributes:
        scores: Minus squared distance to each code: logits of the skills.
        log_odds: Of a boundary against none.
        reads: 1 where a segment begins.
    """

    scores: Float[Tensor, "seeds steps skills"]
    log_odds: Float[Tensor, "seeds steps"]
    reads: Float[Tensor, "seeds steps"]


class Skills:
    """Skills that were extracted for a block of seeds; see `stages.embeddings.love.extract`.

    Raises:
        UserError: The file lacks something.
    """

    def __init__(self, artifact: Artifact, device: torch.device | str = "cpu") -> None:
        with taking_up(artifact):
            facts = artifact.metadata
            self.settings, self.seeds = LoveSettings.model_validate(facts["settings"]), list(facts["seeds"])
            self.steps = Steps.load(artifact.part("steps"), facts["steps"])
            sizes = self.settings.width, self.settings.num_skills, self.settings.abstraction
            self.network = SkillNetwork(self.steps, facts["outputs"], len(self.seeds), *sizes)
            parts = Parts(self.network.parts, len(self.seeds))
            self.parameters = parts.views(artifact.tensors["parameters"].float().to(device))
        self.device = device

    @torch.no_grad()
    def of(self, dataset: EpisodeDataset) -> SkillSteps:
        """Skills and boundaries of every step, whole episodes at once; nothing is drawn.

        In double precision, since what reads them divides by their spread: rounding depends on companions.
        """
        parameters = {name: part.double() for name, part in self.parameters.items()}
        sizes = {"scores": self.settings.num_skills, "log_odds": 1, "reads": 1}
        found = {name: torch.zeros(len(self.seeds), dataset.num_steps, size) for name, size in sizes.items()}
        for episodes in alike(dataset.episode_lengths, EPISODES_AT_ONCE):
            some = dataset.select(episodes)
            rows = torch.from_numpy(np.flatnonzero(np.isin(dataset.episode_of_step, episodes)))
            windows = EpisodeWindows(self.steps.rows(some, self.device), some, int(some.episode_lengths.max()))
            ((_, window),) = windows.consecutive(EPISODES_AT_ONCE)
            exact = Window(window.observations.double(), window.actions.double(), window.mask)
            reading = self.network.read(parameters, exact)
            said = {"scores": reading.scores, "log_odds": reading.log_odds[..., None]}
            said["reads"] = self.reads(reading, window)[..., None]
            for name, values in said.items():
                found[name][:, rows] = unpadded(values, window).cpu()
        return SkillSteps(found["scores"], found["log_odds"][..., 0], found["reads"][..., 0])

    def reads(self, reading: Reading, window: Window) -> Tensor:
        """Where segments begin, each boundary being where it is likelier than not."""
        mask = window.mask.expand(reading.log_odds.shape)
        return boundaries(reading.log_odds, None, mask, 1.0, self.settings.least_length)


def alike(lengths: Int[np.ndarray, "episodes"], at_once: int) -> Iterator[Int[np.ndarray, "some"]]:
    """Numbers of the episodes, in groups of about equal length, so that hardly anything is padded; each in order."""
    order = np.argsort(lengths, kind="stable")
    for first in range(0, len(order), at_once):
        yield np.sort(order[first : first + at_once])


def unpadded(values: Float[Tensor, "seeds time batch width"], window: Window) -> Float[Tensor, "seeds steps width"]:
    """The steps of the windows one after the other, without padding, in single precision."""
    return values.transpose(1, 2)[:, window.mask[0].mT].float()


def skills_of(artifact: Artifact | None, seeds: Seeds, device: torch.device | str) -> Skills:
    """The skills that an embedding of these seeds was given.

    Raises:
        UserError: They are of other seeds.
    """
    assert artifact is not None
    skills = Skills(artifact, device)
    if skills.seeds != list(seeds):
        cause = f"skills of seeds {skills.seeds}, the embedding's are {list(seeds)}"
        raise UserError(cause, place="--given", remedy="Give the skills of the same block of seeds")
    return skills
