"""What generators that record trained policies share: the file of the policies, by default the one in the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from stages.environments.base import VectorEnvironment
from stages.errors import UserError
from stages.online.actors import Actors
from stages.settings import Settings


class ActorFileSettings(Settings):
    """A task, and the file of policies for it."""

    environment: str = Field(description="task to record in, such as Hopper-v4")
    actors: str = Field("", description="file of the behaviours; empty: data/behaviours/{environment}.safetensors")

    @model_validator(mode="before")
    @classmethod
    def _actors_of_the_environment(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("actors"):
            environment = values.get("environment", cls.model_fields["environment"].default)
            values = values | {"actors": f"data/behaviours/{environment}.safetensors"}
        return values

    def load(self, environment: VectorEnvironment) -> Actors:
        """The policies.

        Raises:
            UserError: There is no such file, or its policies are for another task.
        """
        if not Path(self.actors).is_file():
            remedy = "Train some: python -m stages.train_behaviours"
            raise UserError(f"no behaviours of {self.environment}", place=self.actors, remedy=remedy)
        actors = Actors.load(self.actors)
        fits = environment.observation_size, environment.action_size
        if fits != (actors.ensemble.sizes[0], actors.ensemble.sizes[-1] // 2):
            raise UserError(f"made for another task than {self.environment}", place=self.actors)
        return actors
