"""All probes of one file of embeddings, by seed.

Probes learn from the episodes that the embedding was fitted to, and are judged on all others: on those of held-out
policies apart, where there are some. Levels are the true policies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.contract import Embedder
from stages.embeddings.probing.altered import beginnings, shuffled
from stages.embeddings.probing.distances import separation
from stages.embeddings.probing.probes import Model, accuracy, few_labels, return_scores
from stages.embeddings.probing.settings import ProbeSettings
from stages.embeddings.split import true_policies
from stages.errors import UserError
from stages.seeding import generator

Scores = dict[str, list[float]]
Embeddings = Float[np.ndarray, "seeds episodes width"]


class Probes:
    """Probes of a dataset's embeddings.

    Args:
        dataset: Episodes with true policies.
        training: Those that the embedding was fitted to.
        settings: Which probes there are.

    Raises:
        UserError: The dataset does not know its policies, or no episode is left to judge.
    """

    def __init__(
        self, dataset: EpisodeDataset, training: Bool[np.ndarray, "episodes"], settings: ProbeSettings
    ) -> None:
        if training.all():
            remedy = "Lower training_share, or hold out a policy"
            raise UserError("all episodes were learnt from, none is left to judge probes on", remedy=remedy)
        self.dataset, self.training, self.settings = dataset, training, settings
        self.levels, self.returns = true_policies(dataset), dataset.episode_returns
        seen = np.isin(self.levels, self.levels[training])
        self.judged, self.held_out = ~training & seen, ~training & ~seen
        self.models: tuple[Model, ...] = ("linear", "mlp") if settings.mlp else ("linear",)

    @property
    def notes(self) -> list[str]:
        """What cannot be probed in these episodes, and why; its scores are NaN."""
        found = []
        if len(np.unique(self.levels[self.training])) < 2:
            found.append("one level was learnt from, so there are none to tell apart")
        if np.ptp(self.returns) == 0:
            found.append("all returns are alike, so there are none to foretell")
        return found

    def scores(self, embedder: Embedder, embeddings: Embeddings) -> Scores:
        """Every probe's score by name, one value per seed."""
        found: Scores = {}
        for seed, of_seed in zip(embedder.seeds, embeddings, strict=True):
            for name, score in self._of_seed(of_seed, seed):
                found.setdefault(name, []).append(score)
        views = {f"first {steps} steps": beginnings(self.dataset, steps) for steps in self.settings.beginnings}
        for name, view in {**views, "shuffled steps": shuffled(self.dataset)}.items():
            for seed, of_seed in zip(embedder.seeds, embedder.embed(view).numpy(), strict=True):
                for probe, score in self._whole(of_seed, seed, "linear"):
                    found.setdefault(f"{name}: {probe}", []).append(score)
        return found

    def _of_seed(self, embedding: Float[np.ndarray, "episodes width"], seed: int) -> Iterator[tuple[str, float]]:
        for model in self.models:
            yield from ((f"{model}: {name}", score) for name, score in self._whole(embedding, seed, model))
        length = np.log(self.dataset.episode_lengths)[:, None]
        with_length = np.concatenate([embedding, length], axis=1)
        yield from ((f"with length: {name}", score) for name, score in self._whole(with_length, seed, "linear"))
        yield from self._few(embedding, seed)
        random = generator(seed, "halves of levels")
        yield "transport: level separation", separation(embedding[self.judged], self.levels[self.judged], random)

    def _whole(
        self, embedding: Float[np.ndarray, "episodes width"], seed: int, model: Model
    ) -> Iterator[tuple[str, float]]:
        """Levels and returns of unseen episodes; returns of unseen policies' episodes, where there are some."""
        train, judged = self.training, self.judged
        learnt = embedding[train]
        yield (
            "level accuracy",
            accuracy(model, (learnt, self.levels[train]), (embedding[judged], self.levels[judged]), seed),
        )
        for prefix, chosen in (("", judged), ("held-out policies: ", self.held_out)):
            if chosen.any() or not prefix:
                sets = (learnt, self.returns[train]), (embedding[chosen], self.returns[chosen])
                scores = return_scores(model, *sets, self.levels[chosen], seed)
                yield from ((f"{prefix}return {name}", score) for name, score in scores.items())

    def _few(self, embedding: Float[np.ndarray, "episodes width"], seed: int) -> Iterator[tuple[str, float]]:
        """Levels from few labels, the mean over ten draws of them."""
        episodes = np.flatnonzero(self.training)
        for count in self.settings.labels:
            scores = [
                self._from(embedding, episodes[few_labels(self.levels[episodes], count, random)], seed)
                for random in (generator(seed, "few labels", draw) for draw in range(10))
            ]
            yield f"{count} labels: level accuracy", float(np.mean(scores))

    def _from(
        self, embedding: Float[np.ndarray, "episodes width"], episodes: Int[np.ndarray, "chosen"], seed: int
    ) -> float:
        sets = (embedding[episodes], self.levels[episodes]), (embedding[self.judged], self.levels[self.judged])
        return accuracy("linear", *sets, seed)
