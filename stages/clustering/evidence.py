"""Evidence clustering: which episodes are likelier to be the work of one policy than of several?

Every clustering that trains policies on few episodes meets the same trouble: a policy fitted to the wrong episodes
explains them well all the same. Here nothing is fitted. The parameters of the policies are integrated out
(`conjugate/policies.py`), so the probability of a group's actions under one unknown policy is a formula, and

    1. every episode starts as a group of its own,
    2. the two groups whose union gains most evidence are merged, again and again (`conjugate/agglomeration.py`),
    3. K is the number of groups with the highest evidence, or given,
    4. single episodes move to other groups while that raises the evidence.

Episodes beyond the `max_episodes` that can be compared pair by pair then join the group whose mean policy explains them
best, which is repeated with the grown groups until nothing changes: PG-Kmeans with a good start. Where K is to be
found, grown groups whose union gains evidence are merged then. No group ever loses its last episode, so that as many
clusters are found as were asked for, as long as there are episodes for them.

Discrete actions in states that come back have tabular policies with a Dirichlet prior: of several concentrations, from
rules that share nothing to habits that everybody shares, each is tried as long as evidence rises
(`conjugate/dirichlet.py`). Other discrete actions have softmax policies with random effects
(`conjugate/mixed_categorical.py`). Continuous actions of which linear policies leave nothing that other episodes would
foretell have linear policies with random effects (`conjugate/mixed.py`): noise and the spread of a policy's own
episodes are measured, and actions at the edge of a box count as that much or more (`conjugate/censoring.py`). So have
those of which nonlinear policies would foretell a little more, if the clusters found foretell decisively more than
those of the other family (`conjugate/foretelling.py`). So have, about a common policy that is not linear, those of
which such clusters tell (where observations are few) or foretell decisively more than what was found otherwise
(`conjugate/curved.py`). Everything else has linear policies, of the state or of random features of it, whichever has
the higher evidence; or, where observations are few, of what a common policy leaves of the actions
(`conjugate/peculiar.py`), if their clusters foretell decisively more, or are fewer and foretell no less. Those are
never quite right, so their evidence is tempered: a step counts a quarter, or less if (nearly) all episodes' halves,
which are known to be one policy's work, would not count as such otherwise. And where K is to be found, two of their
clusters stay two only if telling them apart foretells anything (`conjugate/judgement.py`).

Of smooth recordings only every so-manieth step is looked at (`conjugate/fineness.py`).

Objective: the sum of the groups' evidence, ``sum_z log integral prod_{tau in z} prod_t p(a_t | s_t, theta) p(theta)``.
Source:    the project's own; the idea of merging by evidence is that of Bayesian hierarchical clustering (Heller and
Ghahramani, 2005). Seeds differ in the random features and in the episodes compared.
Limit:     behaviours too rare to be among the compared episodes join others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.alternation.state_action_counts import StateActionCounts
from stages.clustering.certainty.number import probabilities
from stages.clustering.conjugate.agglomeration import Agglomeration
from stages.clustering.conjugate.comparing import Compared, compare, judged
from stages.clustering.conjugate.curved import about_a_curve, chosen_by_neighbours, narrow, too_long
from stages.clustering.conjugate.dirichlet import DirichletPolicies
from stages.clustering.conjugate.fineness import fineness
from stages.clustering.conjugate.first_look import unless_clearly_nonlinear
from stages.clustering.conjugate.foretelling import foretold_more
from stages.clustering.conjugate.grouping import Grouping, completed
from stages.clustering.conjugate.judgement import DECISIVE
from stages.clustering.conjugate.linear import BayesianLinearPolicies
from stages.clustering.conjugate.mixed_categorical import CategoricalMixedPolicies
from stages.clustering.conjugate.peculiar import PeculiarLinearPolicies
from stages.clustering.conjugate.policies import ConjugatePolicies
from stages.clustering.conjugate.random_effects import FEWEST_MEASURED, RandomEffects, measurable
from stages.clustering.contract import Clustering, ClusteringMethod, ClusteringSettings
from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generator
from stages.training.job import Job

CONCENTRATIONS = (0.01, 0.1, 1.0)
SHARED_STEPS = (3.0, 7.0, 15.0, 30.0, 100.0, 1000.0)  # what all do in a state counts as, in the prior of each policy
FEWEST_VISITS = 2  # of most states, whatever a few (walls) have: tables of states that do not come back say nothing
MOST_MEASURED = 200  # episodes compared pair by pair by random effects, whose statistics are small


class EvidenceSettings(ClusteringSettings):
    """Evidence clustering."""

    num_clusters: int | None = Field(None, ge=1, description="number of clusters K; null: that of highest evidence")
    max_episodes: int | None = Field(
        None, ge=2, description="episodes compared pair by pair; null: 64 to 200, more of shorter ones"
    )
    num_features: int = Field(128, ge=0, description="random features of linear policies; they are tried without, too")
    temper: float | None = Field(
        None, gt=0, le=1, description="weight of a step in the evidence of linear policies; null: found from halves"
    )
    max_states: int = Field(4000, ge=1, description="distinct observations up to which policies are tables")
    max_iterations: int = Field(50, ge=1, description="rounds of assigning all episodes, at most")


@CLUSTERING.register("evidence", EvidenceSettings)
class Evidence(ClusteringMethod):
    """Evidence clustering for a block of seeds, one after the other."""

    settings: EvidenceSettings

    def fit(self) -> Clustering:
        found = self.found = self.groupings()
        num_clusters = max(len(seed.clusters) for seed in found)
        responsibilities = torch.stack([_responsibilities(seed.log_weights, num_clusters) for seed in found])
        labels = responsibilities.argmax(-1)
        behaviours, losses = self.refitted(responsibilities)
        return Clustering(
            responsibilities=responsibilities,
            normaliser=self.job.normaliser,
            behaviours=behaviours,
            score_history=_columns([seed.scores for seed in found]),
            score_name="evidence per step",
            history_labels=labels[None].to(torch.int16),
            converged=[seed.converged for seed in found],
            metrics=losses,
            details={
                "merge_scores": torch.stack([_evidence_by_merges(seed.trace) for seed in found]),
                "merge_num_clusters": torch.arange(found[0].trace.num_episodes, 0, -1).repeat(len(found), 1),
                "num_clusters_probability": torch.stack([self._probabilities(seed) for seed in found]),
                "temper": torch.tensor([seed.policies.temper for seed in found]),
            },
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """Responsibilities under the mean policies of the clusters."""
        num_clusters = max(len(seed.clusters) for seed in self.found)
        dataset = dataset.every(fineness(self.job.dataset))
        scores = [seed.policies.temper * seed.policies.log_likelihood(dataset, seed.clusters) for seed in self.found]
        return torch.stack([_responsibilities(of_seed, num_clusters) for of_seed in scores])

    def _probabilities(self, seed: Grouping) -> Float[Tensor, "numbers"]:
        """Of every number of groups that merging goes through; NaN where K was given or settled otherwise."""
        found = len(seed.clusters) if self.settings.num_clusters is None else 0
        return probabilities(_evidence_by_merges(seed.trace), found)

    def groupings(self) -> list[Grouping]:
        """What each seed finds."""
        found = []
        with self.job.progress("evidence clustering", len(self.job.seeds), "seed") as progress:
            for of_seed in groupings(self.job, self.settings, [(seed, 0) for seed in self.job.seeds]):
                found.append(of_seed)
                progress.advance_to(len(found))
        return found


def tabular_families(dataset: EpisodeDataset, settings: EvidenceSettings) -> list[ConjugatePolicies]:
    """Tabular policies of several priors; none where actions are continuous, or states too many or too new."""
    if dataset.num_actions is None:
        return []
    table = StateActionCounts(dataset, CONCENTRATIONS[0])
    if len(table.observations) > settings.max_states or np.median(table.visits) < FEWEST_VISITS:
        return []
    alike = [DirichletPolicies(table.smoothed_by(concentration)) for concentration in CONCENTRATIONS]
    return alike + [DirichletPolicies.about_all(table, steps) for steps in SHARED_STEPS]


def groupings(job: Job, settings: EvidenceSettings, draws: Sequence[tuple[int, int]]) -> Iterator[Grouping]:
    """What each seed and restart finds; only one is looked at where nothing is drawn: tables of all episodes."""
    job = replace(job, dataset=job.dataset.every(fineness(job.dataset)))
    tables, found = tabular_families(job.dataset, settings), None
    drawn = not tables or job.dataset.num_episodes > limit(settings, tables[0])
    for seed, restart in draws:
        if found is None or drawn:
            found = group(job, settings, tables, seed, restart)
        yield found


def group(
    job: Job, settings: EvidenceSettings, tables: Sequence[ConjugatePolicies], seed: int, restart: int = 0
) -> Grouping:
    """Cluster the episodes with the random draws of one seed, by the family of policies with the highest evidence.

    Policies are linear where there are no `tables`; another `restart` draws other features and episodes.
    """
    dataset, asked = job.dataset, settings.num_clusters
    order = generator(seed, "compared episodes", restart).permutation(dataset.num_episodes)
    families = tables or linear_families(job, settings, seed, restart)

    def features() -> np.random.Generator:
        return generator(seed, "random features", restart)

    def whole(found: Compared) -> Grouping:
        return completed(dataset, found, asked, settings.max_iterations)

    if tables or settings.temper is not None or not measurable(dataset):
        return whole(best_compared(settings, families, order))
    measured = order[: max(asked or 1, settings.max_episodes or MOST_MEASURED, FEWEST_MEASURED)]
    mixed, linear, enough = with_random_effects(dataset, features, measured), None, False
    if mixed is not None:
        found = compare(mixed, mixed.chosen, asked, None)
        doubts = None if asked else generator(seed, "doubted features")
        linear, enough = whole(found), mixed.suffice(found.labels, doubts)
    if linear is not None and enough:
        best, rivals = linear, []
    else:
        best = whole(best_compared(settings, families, order))
        rivals = [] if linear is None else [linear]
    if dataset.num_actions is not None:
        return best
    draws = generator(seed, "judged features")
    if narrow(dataset):
        if not enough:
            peculiar = PeculiarLinearPolicies(job, settings.num_features, features())
            beside = whole(best_compared(settings, [peculiar], order))
            score = foretold_more(dataset, beside.labels, best.labels, draws)
            simpler = len(beside.clusters) < len(best.clusters)
            best = beside if score > DECISIVE or (simpler and score >= -DECISIVE) else best
        curved = about_a_curve(dataset, features(), measured, best.labels, asked)
        rivals += [] if curved is None else [whole(curved)]
        return chosen_by_neighbours(dataset, best, rivals, enough, asked, draws)
    if not enough and (mixed is not None or not too_long(dataset, measured)):
        curved = about_a_curve(dataset, features(), measured, best.labels, asked)
        rivals += [] if curved is None else [whole(curved)]
    for rival in rivals:  # where the number is given, neither has more freedom
        best = rival if foretold_more(dataset, rival.labels, best.labels, draws) > (0 if asked else DECISIVE) else best
    return best


def linear_families(job: Job, settings: EvidenceSettings, seed: int, restart: int) -> list[BayesianLinearPolicies]:
    """Policies linear in the observation, and in random features of it."""
    numbers = sorted({0, settings.num_features})
    return [BayesianLinearPolicies(job, number, generator(seed, "random features", restart)) for number in numbers]


def limit(settings: EvidenceSettings, policies: ConjugatePolicies) -> int:
    """How many episodes are compared pair by pair."""
    return max(settings.num_clusters or 1, settings.max_episodes or policies.affordable_episodes)


def best_compared(
    settings: EvidenceSettings, families: Sequence[ConjugatePolicies], order: Int[np.ndarray, "episodes"]
) -> Compared:
    """What the family with the highest evidence finds; of each kind, in order, families are tried while it rises."""
    asked, best = settings.num_clusters, None
    for _, of_kind in groupby(families, attrgetter("are_about_all")):
        risen = None
        for policies in of_kind:
            candidate = compare(policies, np.sort(order[: limit(settings, policies)]), asked, settings.temper)
            if risen is not None and candidate.evidence <= risen.evidence:
                break
            risen = candidate
        best = risen if best is None or risen.evidence > best.evidence else best
    return judged(best) if asked is None else best


def with_random_effects(
    dataset: EpisodeDataset, draws: Callable[[], np.random.Generator], order: Int[np.ndarray, "chosen"]
) -> RandomEffects | None:
    """Policies with random effects, estimated from the episodes in `order`; None where others are clearly needed."""
    if dataset.num_actions is None:
        return unless_clearly_nonlinear(dataset, draws, order)
    return CategoricalMixedPolicies(dataset, draws(), np.sort(order))


def _responsibilities(
    log_weights: Float[Tensor, "episodes clusters"], num_clusters: int
) -> Float[Tensor, "episodes {num_clusters}"]:
    """Normalised weights; seeds that found fewer clusters than others have empty ones."""
    weights = torch.softmax(log_weights, dim=1).float()
    return torch.nn.functional.pad(weights, (0, num_clusters - weights.shape[1]))


def _evidence_by_merges(trace: Agglomeration) -> Float[Tensor, "numbers"]:
    """Evidence, relative to every episode being alone, for N, N - 1, ..., 1 groups."""
    return torch.from_numpy(np.concatenate([[0.0], trace.gains.cumsum()]))


def _columns(scores: list[list[float]]) -> Float[Tensor, "iterations seeds"]:
    longest = max(map(len, scores))
    table = torch.full((longest, len(scores)), torch.nan, dtype=torch.float64)
    for seed, history in enumerate(scores):
        table[: len(history), seed] = torch.tensor(history, dtype=torch.float64)
    return table
