"""Run trained policies in their environment and keep every return.

Example: python -m stages.evaluate data/generated/navigation.hdf5
             --policy clusters.safetensors high_level.safetensors improved.safetensors
             --output evaluation.npz --settings '{"episodes": 10}' --seeds 0-4
"""

from __future__ import annotations

from functools import partial

from stages.command import Command
from stages.errors import UserError
from stages.evaluation.settings import EvaluationSettings


def main(dataset: str, policy: list[str] | None, output: str, settings: EvaluationSettings, seeds: list[int]) -> None:
    """Read the policies that make up an agent, roll it out for all seeds, save returns, lengths and paths."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.agents.loading import load_agent
    from stages.artifacts import Artifact, save_arrays
    from stages.evaluation.returns import evaluate
    from stages.formats.recorded_in import environment_of

    if policy is None:
        raise UserError("no policies were named", place="--policy", remedy="Give the files that make up an agent")
    agent = load_agent([Artifact.load(path) for path in policy], settings.in_distribution_ratio)
    arrays = evaluate(partial(environment_of, dataset), agent, seeds, settings)
    save_arrays(output, arrays)
    print(f"mean return {arrays['returns'].mean():.1f} over {arrays['returns'].size} episodes of seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file, which names the environment"}
    options = {"policy...": "files that make up the agent: of train_offline, or clusters, high level and improvement"}
    Command(__doc__, inputs, "returns and paths (npz)", EvaluationSettings, options, seeds=True).run(main)
