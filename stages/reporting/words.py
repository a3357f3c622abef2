"""What came out, in sentences with numbers."""

from __future__ import annotations

from typing import Any

from stages.evaluation.statistics import probability_of_improvement
from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.safe_words import safe_sentence

MOST_BEHAVIOURS = 6  # more are left to the table
MOST_CLUSTERINGS = 3
CLOSE = 0.005  # NMI
SMALL = 10.0  # returns below this are told with digits


def sentences(results: DatasetResults, metrics: dict[str, Any]) -> list[str]:
    """The outcome of one dataset: data, clusters, best agent, how it compares, safe agents."""
    told = (_data(results, metrics), *_clusters(metrics), *_agents(results, metrics))
    return [text for text in (*told, safe_sentence(metrics.get("safe", {}))) if text]


def _data(results: DatasetResults, metrics: dict[str, Any]) -> str:
    facts = metrics["behaviours"]
    if not facts or results.dataset is None:
        return ""
    text = f"{facts['all']['episodes']:,} episodes with {results.dataset.num_steps:,} steps"
    known = [f"{name} returns {_rounded(one['return_mean'])}" for name, one in facts.items() if name != "all"]
    told = f" ({', '.join(known)})." if 0 < len(known) <= MOST_BEHAVIOURS else "."
    return f"{text}, mean return {_rounded(facts['all']['return_mean'])}{told}"


def _rounded(value: float) -> str:
    return f"{value:,.2f}" if abs(value) < SMALL else f"{value:,.0f}"


def _clusters(metrics: dict[str, Any]) -> list[str]:
    if len(metrics["clusters"]) > MOST_CLUSTERINGS:
        return _best_clusterings(metrics["clusters"])
    lines = []
    for name, one in metrics["clusters"].items():
        called = f"“{caption('clusterings', name)}”"
        if "rand" in one and one["rand_min"] != one["rand"]:
            lines.append(
                f"Clustering {called} is perfect on {of_seeds(one['perfect'], one['seeds'])} "
                f"(mean Rand index {one['rand']:.3f}, lowest {one['rand_min']:.3f})."
            )
        elif "rand" in one:
            lines.append(f"Clustering {called} has Rand index {one['rand']:.3f} on {of_seeds(1.0, one['seeds'])}.")
        elif one["agreement_between_seeds"] is not None:
            lines.append(f"Seeds of clustering {called} agree with ARI {one['agreement_between_seeds']:.3f}.")
    return lines


def _best_clusterings(clusters: dict[str, dict[str, Any]]) -> list[str]:
    """The methods that come closest to the true behaviours; without those, nothing that a table does not say better."""
    scored = {name: one for name, one in clusters.items() if "nmi" in one}
    if not scored:
        return []
    best = max(one["nmi"] for one in scored.values())
    names = [f"“{caption('clusterings', name)}”" for name, one in scored.items() if one["nmi"] > best - CLOSE]
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb = "comes" if len(names) == 1 else "come"
    return [f"Of {len(scored)} clusterings, {told} {verb} closest to the true behaviours: NMI {best:.3f} in the mean."]


def of_seeds(share: float, number: int) -> str:
    """``5 of 10 seeds``."""
    return "the one seed" if number == 1 else f"{round(share * number)} of {number} seeds"


def _agents(results: DatasetResults, metrics: dict[str, Any]) -> list[str]:
    agents = metrics["agents"]
    if not agents:
        return []
    key = "d4rl_score" if all("d4rl_score" in one for one in agents.values()) else "return"
    unit = "D4RL score" if key == "d4rl_score" else "return"
    best = max(agents, key=lambda agent: agents[agent][key]["iqm"])
    one = agents[best]
    text = (
        f"{caption('agents', best)} does best: {unit} {one[key]['iqm']:,.1f}, interquartile mean over "
        f"{one['seeds']} seed{'s' * (one['seeds'] > 1)}, "
        f"95 % interval {one[key]['low']:,.1f} to {one[key]['high']:,.1f}."
    )
    lines = [text]
    if "worse_route" in one:
        rollouts = results.evaluations[best].returns.size
        worse = round(one["worse_route"] * rollouts)
        lines.append(f"{worse or 'None'} of its {rollouts} rollouts took a worse route than the best stitching.")
    bound = metrics["bound"]
    if bound.get("value") is not None:
        lines.append(
            f"The best that stitching the behaviours as they are can reach is {bound['value']:,.0f} "
            f"(± {bound['standard_error']:.1f}); more than that is owed to improving them."
        )
    return lines


def chance_to_beat(results: DatasetResults, agent: str, baseline: str) -> float | None:
    """Chance that a random seed of `agent` has a higher mean return than one of `baseline`."""
    if agent == baseline or baseline not in results.evaluations:
        return None
    ours, theirs = (results.evaluations[one].returns.mean(axis=1)[:, None] for one in (agent, baseline))
    return probability_of_improvement(ours, theirs)
