"""From a task to a file of behaviours: train, judge, choose, and write down how it was done."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from typing import Any

from stages.errors import UserError
from stages.online import LEARNERS
from stages.online.ladder import choose
from stages.online.settings import BehaviourSettings
from stages.online.training import OnlineJob
from stages.provenance import code_hash, fingerprint
from stages.training.device import describe, networks_on, pick

LIBRARIES = ("gymnasium", "mujoco", "numpy", "torch")


def train_behaviours(settings: BehaviourSettings, output: str, device: str) -> str:
    """Train, and write policies and manifest to `output`; what came of it, in words.

    Raises:
        UserError: The task or a setting is unknown, or no level was reached.
    """
    choice = LEARNERS.choose(settings.learner)
    training = settings.model_dump(mode="json", exclude={"ladder"})
    code = code_hash("stages.train_behaviours", choice.entry.__module__)
    job = OnlineJob(
        settings.environment,
        settings.environment_settings,
        settings.seed,
        pick(device),
        output,
        fingerprint(code, json.dumps(training, sort_keys=True)),
    )
    job.make().close()
    snapshots = choice.entry(job, choice.settings)
    actors, found = choose(job, snapshots, settings.ladder)
    if actors is None:
        best = max(facts["mean_return"] for facts in found["snapshots"].values())
        cause = f"no snapshot reached any level; the best mean return is {best}"
        raise UserError(cause, place=settings.environment, remedy="Raise num_steps, or change the ladder's levels")
    versions = {"python": platform.python_version(), **{name: metadata.version(name) for name in LIBRARIES}}
    made = {
        "settings": settings.model_dump(mode="json"),
        "device": describe(job.device),
        "networks": networks_on(job.device),
        "versions": versions,
    }
    actors.save(output, {"environment": settings.environment, **found, **made})
    job.finish()
    return _in_words(found, output)


def _in_words(found: dict[str, Any], output: str) -> str:
    lines = [
        f"{level}: {facts.get('snapshot', 'kept')}, return {facts['mean_return']} ± {facts['std_return']}"
        + (f", D4RL score {facts['d4rl_score']}" if "d4rl_score" in facts else "")
        + (f", cost {facts['mean_cost']}" if "mean_cost" in facts else "")
        for level, facts in found["behaviours"].items()
    ]
    lines += [f"{level}: no snapshot lies in its range" for level in found["missing"]]
    return "\n".join([*lines, f"saved {output}"])
