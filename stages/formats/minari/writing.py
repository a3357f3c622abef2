"""The metadata with which Minari opens a dataset of this project.

Spaces are those of the environment where it is known and fits, otherwise Boxes just large enough for the data. Where
Gymnasium has the environment, its `env_spec` is added, so that ``dataset.recover_environment()`` works.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from stages.datasets.episodes import EpisodeDataset
from stages.environments import ENVIRONMENTS
from stages.environments.loading import make
from stages.formats.minari.metadata import OwnMetadata
from stages.formats.minari.spaces import box_space, discrete_space

MINARI_VERSION = "0.5.0"  # The first with this layout; later ones read it.


def metadata_of(dataset: EpisodeDataset, folder_name: str, megabytes: float) -> dict[str, Any]:
    """All that goes into ``metadata.json``.

    Args:
        dataset: The dataset.
        folder_name: Name of its folder, which becomes its id.
        megabytes: Size of the file with the arrays.
    """
    extra = OwnMetadata(
        environment=dataset.environment,
        attributes=dataset.attributes,
        behaviour_policy_names=dataset.behaviour_policy_names,
    )
    observation_space, action_space = _spaces(dataset)
    metadata = {
        "total_episodes": dataset.num_episodes,
        "total_steps": dataset.num_steps,
        "data_format": "hdf5",
        "jpeg_encoding": False,
        "observation_space": observation_space,
        "action_space": action_space,
        "dataset_id": _dataset_id(folder_name),
        "dataset_size": round(megabytes, 1),
        "algorithm_name": ", ".join(dataset.behaviour_policy_names) or "unknown",
        "author": ["Unmix"],
        "author_email": [],
        "code_permalink": "",
        "description": f"Recorded in {dataset.environment or 'an unknown environment'}, written by Unmix.",
        "requirements": [],
        "minari_version": MINARI_VERSION,
    }
    for key in ("ref_min_score", "ref_max_score"):
        if text := dataset.attributes.get(f"minari_{key}"):
            metadata[key] = float(text)
    if spec := _environment_spec(dataset):
        metadata["env_spec"] = spec
    return metadata | {"unmix": extra.model_dump(mode="json")}


def _dataset_id(folder_name: str) -> str:
    """An id that Minari takes: words, and a version at the end."""
    name = re.sub(r"[^-\w]", "_", folder_name)
    return name if re.fullmatch(r".+-v\d+", name) else f"{name}-v0"


def _spaces(dataset: EpisodeDataset) -> tuple[str, str]:
    """Observation and action space."""
    observations, actions = dataset.observations, dataset.actions
    lowest = observations.min(axis=0), dataset.next_observations.min(axis=0)
    highest = observations.max(axis=0), dataset.next_observations.max(axis=0)
    box = box_space(lowest[0].clip(max=lowest[1]), highest[0].clip(min=highest[1]))
    choice = discrete_space(dataset.num_actions) if dataset.num_actions is not None else ""
    if dataset.environment in ENVIRONMENTS.names():
        environment = make(dataset.environment, dataset.attributes.get("environment_settings"))
        low, high = environment.observation_low, environment.observation_high
        if environment.observation_size == observations.shape[1]:
            box = box_space(low, high)
        if not choice and environment.num_actions is None and environment.action_size == actions.shape[1]:
            choice = box_space(environment.action_low, environment.action_high)
        environment.close()
    return box, choice or box_space(actions.min(axis=0), actions.max(axis=0))


def _environment_spec(dataset: EpisodeDataset) -> str | None:
    """Gymnasium's description of the environment, with our settings."""
    if dataset.environment not in ENVIRONMENTS.names():
        return None
    import gymnasium  # Costly, and not needed for reading.

    try:
        spec = copy.deepcopy(gymnasium.spec(dataset.environment))
    except gymnasium.error.Error:
        return None
    settings = json.loads(dataset.attributes.get("environment_settings", "{}"))
    spec.kwargs |= settings.get("options", {})
    spec.max_episode_steps = settings.get("max_episode_steps", spec.max_episode_steps)
    text: str = spec.to_json()
    return text
