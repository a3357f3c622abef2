"""Put the comparison of full-batch and mini-batch improvement into a table (EMPO, Figure 4).

Inputs: the rollouts of agents that differ in gradient and number of epochs, all blocks of seeds. Output: one row per
agent and seed.

Example: python -m stages.summarise_figure4 results/evaluation/hopper/full_100/seeds-0-4.npz
         --output results/figure4/hopper.csv --settings '{"environment": "Hopper-v4", "points": {"full_100":
         {"gradient": "full batch", "epochs": 100}}}'
"""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from stages.artifacts import replacing
from stages.command import Command
from stages.environments.normalised_score import normalised_score
from stages.errors import UserError, did_you_mean
from stages.reporting.inputs import gather
from stages.settings import Settings


class Point(Settings):
    """What sets one agent apart from the others."""

    gradient: str = Field(description="name of the curve, such as full batch or mini-batch")
    epochs: int = Field(ge=0, description="improvement epochs")


class Figure4Settings(Settings):
    """Which agent is which point of the figure."""

    points: dict[str, Point] = Field({}, description="by agent: gradient and epochs")
    environment: str = Field("", description="environment id, for D4RL scores where it has them")


def main(files: list[str], output: str, settings: Figure4Settings) -> None:
    """Score every point and save the rows."""
    (results,) = gather(files).values()
    rows = []
    for agent, evaluation in results.evaluations.items():
        if agent not in settings.points:
            raise UserError(
                f"no point for agent {agent!r}", place="--settings", remedy=did_you_mean(agent, settings.points)
            )
        point, returns = settings.points[agent].model_dump(), evaluation.returns.mean(axis=1)
        scores = normalised_score(returns, settings.environment)
        for row, seed in enumerate(evaluation.seeds):
            score = None if scores is None else scores[row]
            rows.append({**point, "agent": agent, "seed": int(seed), "return_mean": returns[row], "d4rl_score": score})
    with replacing(output) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.6g")
    print(f"Figure 4: {len(results.evaluations)} points with {len(rows)} seeds in all")
    print(f"Saved to {output}")


if __name__ == "__main__":
    Command(__doc__, {"files...": "rollouts (npz) of every point"}, "table (CSV)", Figure4Settings).run(main)
