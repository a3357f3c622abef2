"""Estimate what trained policies would earn, without rolling them out: fitted Q evaluation on the recorded steps.

Example: python -m stages.estimate_returns data/generated/navigation.hdf5 --policy td3_bc.safetensors
             --output estimate.safetensors --settings '{"num_steps": 20000}' --seeds 0-4
"""

from __future__ import annotations

from stages.command import Command
from stages.errors import UserError
from stages.evaluation.estimate_settings import EstimateSettings


def main(
    dataset: str, policy: list[str] | None, output: str, settings: EstimateSettings, seeds: list[int], device: str
) -> None:
    """Read the policies that make up an agent, estimate its value for all seeds together, save what was found."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.agents.loading import load_agent
    from stages.artifacts import Artifact
    from stages.evaluation.return_estimates import estimate_returns
    from stages.formats.loading import load
    from stages.training.job import Job

    if policy is None:
        raise UserError("no policies were named", place="--policy", remedy="Give the files that make up an agent")
    parts = [Artifact.load(path) for path in policy]
    agent = load_agent(parts, settings.in_distribution_ratio)
    job = Job.of("stages.estimate_returns", load(dataset), seeds, device, output, [dataset, *policy], settings)
    estimate = estimate_returns(job, agent, parts, settings)
    estimate.metadata |= job.metadata(settings)
    estimate.save(output)
    job.finish()
    print(f"estimated value {estimate.tensors['start_values'].mean():.1f}, discounted, over seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file"}
    options = {"policy...": "files that make up the agent: of train_offline, or clusters, high level and improvement"}
    outputs = "values at the data's starts (safetensors)"
    Command(__doc__, inputs, outputs, EstimateSettings, options, seeds=True, device=True).run(main)
