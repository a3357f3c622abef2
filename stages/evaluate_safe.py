"""Run safe policies in their environment under every cost limit and keep every return and cost.

Example: python -m stages.evaluate_safe data/generated/safe_navigation.hdf5 --policy trac.safetensors
             --output evaluation.npz --settings '{"episodes": 20}'
"""

from __future__ import annotations

from functools import partial

from stages.command import Command
from stages.errors import UserError
from stages.evaluation.settings import SafeEvaluationSettings


def main(dataset: str, policy: str | None, output: str, settings: SafeEvaluationSettings) -> None:
    """Read the policies of all seeds and limits, roll them out, save returns, costs and lengths."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.agents.loading import load_agent
    from stages.artifacts import Artifact, save_arrays
    from stages.evaluation.safe_returns import evaluate_safely
    from stages.formats.recorded_in import environment_of

    if policy is None:
        raise UserError("no policies were named", place="--policy", remedy="Give the file of stages.train_safe")
    trained = Artifact.load(policy)
    agent = load_agent([trained])
    if "limits" not in trained.metadata:
        cause = "these policies were trained without cost limits"
        raise UserError(cause, place=policy, remedy="Give the file of stages.train_safe, or use stages.evaluate")
    seeds, limits = trained.metadata["seeds"], trained.metadata["limits"]
    arrays = evaluate_safely(partial(environment_of, dataset), agent, seeds, limits, settings)
    save_arrays(output, arrays)
    means = zip(arrays["limits"], arrays["costs"].mean((0, 2)), arrays["returns"].mean((0, 2)), strict=True)
    print("; ".join(f"limit {limit:g}: cost {cost:.1f}, return {value:.1f}" for limit, cost, value in means))


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file, which names the environment"}
    options = {"policy": "file of train_safe"}
    Command(__doc__, inputs, "returns and costs (npz)", SafeEvaluationSettings, options).run(main)
