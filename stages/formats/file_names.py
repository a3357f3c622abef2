"""What the names of published dataset files tell: the task, and how many episodes there are.

D4RL: `hopper_medium_replay-v2.hdf5`. DSRL: `SafetyHopperVelocityGymnasium-v1-250-2240.hdf5`, that is the task, its
version, the largest cost of an episode and the number of episodes.
"""

from __future__ import annotations

import re

from stages.environments import ENVIRONMENTS

DSRL = re.compile(r"(?P<task>Safety\w+?)(?:Gymnasium)?-(?P<version>v\d+)-[\d.]+-(?P<episodes>\d+)\.h(?:df)?5")
D4RL = re.compile(r"(?P<task>hopper|halfcheetah|walker2d|ant)[_-](?:random|medium|expert|full)[\w-]*\.h(?:df)?5")
# The current tasks that D4RL's recordings agree with: rewards of later versions differ.
D4RL_TASKS = {"hopper": "Hopper-v4", "halfcheetah": "HalfCheetah-v4", "walker2d": "Walker2d-v4", "ant": "Ant-v4"}


def suggested_environment(name: str) -> str | None:
    """Id of the registered environment that a file of this name is from, None if unknown."""
    if match := DSRL.fullmatch(name):
        environment = f"{match['task']}-{match['version']}"
    elif match := D4RL.fullmatch(name):
        environment = D4RL_TASKS[match["task"]]
    else:
        return None
    return environment if environment in ENVIRONMENTS.names() else None


def stated_episodes(name: str) -> int | None:
    """Number of episodes in a DSRL file of this name, None for any other."""
    match = DSRL.fullmatch(name)
    return int(match["episodes"]) if match else None
