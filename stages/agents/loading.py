"""The agent that files of trained policies make up; what kind of agent, the files say."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from stages.agents.by_cluster import ByClusterAgent
from stages.agents.contract import Agent
from stages.agents.network import NetworkAgent
from stages.agents.stitched import StitchedAgent
from stages.agents.told import ToldAgent
from stages.artifacts import Artifact, taking_up
from stages.errors import UserError
from stages.registry import Registry

# Where the method that trained a file makes its agent, by the kind of the file: registries of families that stand above
# this package, so they are named here and loaded when such a file comes.
FAMILIES = {"safe": "stages.safety:SAFETY", "offline": "stages.algorithms:ALGORITHMS"}
OBSERVATION_MEAN = "normaliser/observation_mean"  # how wide the observations are that a file is about


def load_agent(parts: Sequence[Artifact], in_distribution_ratio: float | None = None) -> Agent:
    """The agent that the files of one or more stages make up, in any order.

    Args:
        parts: Policies of one file; or clusters, and what was learnt about them.
        in_distribution_ratio: b of stitched agents, see `stages.agents.stitched`.

    Raises:
        UserError: They do not make up an agent, or one of them lacks something.
    """
    with taking_up(*parts):
        agent = _made_up(parts, in_distribution_ratio)
        widths = {len(mean) for part in parts if (mean := part.tensors.get(OBSERVATION_MEAN)) is not None}
        agent.observation_size = min(widths, default=None)
    if len(widths) > 1:
        cause = f"made for observations of {' and of '.join(map(str, sorted(widths)))} numbers"
        raise UserError(cause, place="--policy", remedy="Give files that were made from one dataset")
    return agent


def _made_up(parts: Sequence[Artifact], in_distribution_ratio: float | None) -> Agent:
    kinds = sorted(str(part.metadata.get("kind")) for part in parts)
    if kinds == ["offline"] and "method" not in parts[0].metadata:
        return NetworkAgent.load(parts[0])
    if kinds == ["imitator"]:
        return ToldAgent.load(parts[0])
    if len(kinds) == 1 and kinds[0] in FAMILIES:
        return _by_method(FAMILIES[kinds[0]], parts[0])
    by_kind = {str(part.metadata.get("kind")): part for part in parts}
    if "clusters" in kinds and len(by_kind) == len(kinds) and set(by_kind) <= {"clusters", "improved", "high_level"}:
        return StitchedAgent.load(**by_kind, in_distribution_ratio=in_distribution_ratio)
    if len(by_kind) == len(kinds) and kinds in (["by_cluster"], ["by_cluster", "clusters", "high_level"]):
        return _by_cluster(**by_kind, in_distribution_ratio=in_distribution_ratio)
    raise UserError(
        f"these files do not make up an agent: {kinds}",
        place="--policy",
        remedy="Give one file of policies, or clusters with high_level and improved or by_cluster",
    )


def _by_cluster(
    by_cluster: Artifact,
    clusters: Artifact | None = None,
    high_level: Artifact | None = None,
    in_distribution_ratio: float | None = None,
) -> ByClusterAgent:
    """An agent for each pair of seed and cluster, and what chooses among those of a seed."""
    facts = by_cluster.metadata
    pairs = list(range(len(facts["seeds"]) * facts["num_clusters"]))
    policies = load_agent([Artifact(by_cluster.tensors, {**facts, "kind": "offline", "seeds": pairs})])
    choice = None
    if clusters is not None:
        choice = StitchedAgent.load(clusters, high_level=high_level, in_distribution_ratio=in_distribution_ratio)
    return ByClusterAgent(policies, by_cluster.tensors["best_cluster"], choice)


def _by_method(family: str, artifact: Artifact) -> Agent:
    """The agent that the file's method makes of it."""
    module, _, name = family.partition(":")
    registry: Registry = getattr(importlib.import_module(module), name)
    agent: Agent = registry.entry(artifact.metadata["method"]).agent(artifact)
    return agent
