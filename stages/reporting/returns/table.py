"""The table of agents (EMPO, Table 1), and what differs from the paper."""

from __future__ import annotations

from stages.reporting.clusterings.results import Clusterings
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.tables import Table
from stages.reporting.returns.metrics import AgentMetrics, ReturnMetrics, chance_to_beat
from stages.reporting.returns.published import PublishedReturns
from stages.reporting.returns.results import Returns
from stages.reporting.run.results import Run

STEPS = {"q_steps": "SARSA steps", "num_steps": "high-level steps"}


def agents_table(results: DatasetResults, metrics: ReturnMetrics) -> Table | None:
    """Every agent with its interval, beside the paper's number; columns that no agent has are left out."""
    agents = metrics.agents
    if not agents:
        return None
    published, baseline = from_papers(results, PublishedReturns), next(iter(agents))
    numbers = {scored.seeds for scored in agents.values()}
    rows = [
        _row(agent, scored, f"P(better than {caption('agents', baseline)})", better, published)
        for agent, scored in agents.items()
        for better in [chance_to_beat(results, agent, baseline)]
    ]
    if len(numbers) > 1:
        rows = [{**row, "seeds": str(scored.seeds)} for row, scored in zip(rows, agents.values(), strict=True)]
    iqms = [scored.returns.iqm for scored in agents.values()]
    return Table.of(rows, {iqms.index(max(iqms))})


def _row(
    agent: str, scored: AgentMetrics, comparison: str, better: float | None, published: PublishedReturns
) -> dict[str, str]:
    return {
        "agent": caption("agents", agent),
        "return: IQM [95 %]": scored.returns.text,
        "mean ± std over seeds": f"{scored.returns.mean:,.1f} ± {scored.returns.std:,.1f}",
        "D4RL score: IQM [95 %]": "" if scored.d4rl_score is None else scored.d4rl_score.text,
        "worse route": "" if scored.worse_route is None else f"{scored.worse_route:.1%}",
        comparison: "" if better is None else f"{better:.0%}",
        "paper": published.of(agent),
    }


def differences(results: DatasetResults) -> Table | None:
    """A row for each size that the paper states and our files tell, if they differ."""
    here, published = _sizes(results), from_papers(results, PublishedReturns)
    rows = [
        [name, f"{here[name]:,}", f"{size:,}"]
        for name, size in published.sizes.items()
        if name in here and here[name] != size
    ]
    return Table(["", "here", published.source], rows) if rows else None


def _sizes(results: DatasetResults) -> dict[str, int]:
    sizes: dict[str, int] = {}
    dataset = results.of(Data).dataset
    if dataset is not None:
        sizes["transitions"] = dataset.num_steps
    for evaluation in results.of(Returns).evaluations.values():
        sizes["seeds"], sizes["rollouts per seed"] = evaluation.returns.shape
    for clusters in results.of(Clusterings).clusterings.values():
        if "em_epochs" in clusters.settings and not clusters.trivial:
            sizes.setdefault("EM epochs at most", clusters.settings["em_epochs"])
    for trained in results.of(Run).trained:
        if trained.stage in ("critics", "high_level"):
            sizes |= {name: trained.settings[key] for key, name in STEPS.items() if key in trained.settings}
    return sizes
