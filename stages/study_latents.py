"""Look into the latent of an imitator: what it does between levels, and with each dimension moved.

Example: python -m stages.study_latents data/generated/hopper-levels.hdf5 --policy imitator.safetensors
             --output latents.csv --settings '{"points": 5, "rollouts": 2}' --seeds 0-2
"""

from __future__ import annotations

from functools import partial

from stages.command import Command
from stages.errors import UserError
from stages.evaluation.settings import LatentStudySettings


def main(dataset: str, policy: str | None, output: str, settings: LatentStudySettings, seeds: list[int]) -> None:
    """Read dataset and imitator, roll it out at every point, save a row for each point and seed."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.agents.loading import load_agent
    from stages.agents.told import ToldAgent
    from stages.artifacts import Artifact
    from stages.evaluation.latent_rows import LatentRow
    from stages.evaluation.latent_studies import study
    from stages.formats.loading import load
    from stages.formats.recorded_in import environment_of
    from stages.reporting.kit.records import frame, write_table

    agent = None if policy is None else load_agent([Artifact.load(policy)])
    if not isinstance(agent, ToldAgent):
        cause = "no imitator was named" if agent is None else "these policies are no imitator"
        raise UserError(cause, place=policy or "--policy", remedy="Give the file of stages.imitate")
    rows = study(partial(environment_of, dataset), agent, load(dataset), seeds, settings)
    write_table(output, frame(rows, LatentRow))
    print(f"{len(rows) // len(seeds)} points, seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file with true policies, which names the environment"}
    options = {"policy": "file of stages.imitate"}
    Command(__doc__, inputs, "a row per point and seed (CSV)", LatentStudySettings, options, seeds=True).run(main)
