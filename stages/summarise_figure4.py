"""Put the comparison of full-batch and mini-batch improvement into a table (EMPO, Figure 4).

Inputs: the rollouts of agents that differ in gradient and number of epochs, all blocks of seeds. Output: one row per
agent and seed.

Example: python -m stages.summarise_figure4 results/evaluation/hopper/full_100/seeds-0-4.npz
         --output results/figure4/hopper.csv --settings '{"environment": "Hopper-v4", "points": {"full_100":
         {"gradient": "full batch", "epochs": 100}}}'
"""

from __future__ import annotations

from stages.command import Command
from stages.replacing import replacing
from stages.reporting.returns.figure4 import Figure4Settings, figure4_table


def main(files: list[str], output: str, settings: Figure4Settings) -> None:
    """Score every point and save the rows."""
    rows = figure4_table(files, settings)
    with replacing(output) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6g")
    print(f"Figure 4: {rows['agent'].nunique()} points with {len(rows)} seeds in all")
    print(f"Saved to {output}")


if __name__ == "__main__":
    Command(__doc__, {"files...": "rollouts (npz) of every point"}, "table (CSV)", Figure4Settings).run(main)
