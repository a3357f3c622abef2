"""The networks that come with clusters: a policy for each, the classifier of clusters at a state, and their scaling.

Files of clusters hold them, and so do files of agents made from clusters; their names in files are known here alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from stages.artifacts import prefixed, taking_up
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser

if TYPE_CHECKING:
    from stages.artifacts import Artifact

POLICIES, CLASSIFIER, NORMALISER = "behaviours/parameters", "classifier/parameters", "normaliser"
GAUSSIAN = "gaussian"  # the head of policies whose file names none


@dataclass(frozen=True)
class ClusterNetworks:
    """Policies ``beta(a | s; theta_z)`` and classifier ``q(z | s)`` of a block of seeds.

    Attributes:
        policies: One network per seed and cluster.
        classifier: One network per seed, with one output per cluster.
        normaliser: The scaling that both work in.
        head: How the policies' outputs are read, an entry of `stages.networks.action_heads`. Those of discrete actions
            keep the usual name, as they make up no agent.
    """

    policies: Ensemble
    policy_parameters: Float[Tensor, "policies"]
    classifier: Ensemble
    classifier_parameters: Float[Tensor, "classifier"]
    normaliser: Normaliser
    head: str = GAUSSIAN

    @classmethod
    def of(cls, artifact: Artifact) -> ClusterNetworks:
        """From a file's contents; `missing` says whether they are there.

        Raises:
            UserError: They are not, or not as they should be.
        """
        if missing := cls.missing(artifact):
            remedy = "Give the recipe of the clustering some refit_epochs"
            place = artifact.place or "clusters"
            raise UserError(f"the clusters have no policies ({missing[0]})", place=place, remedy=remedy)
        with taking_up(artifact):
            facts, seeds = artifact.metadata, len(artifact.metadata["seeds"])
            found = cls(
                policies=Ensemble(tuple(facts["behaviour_sizes"]), seeds, facts["num_clusters"]),
                policy_parameters=artifact.tensors[POLICIES],
                classifier=Ensemble(tuple(facts["classifier_sizes"]), seeds),
                classifier_parameters=artifact.tensors[CLASSIFIER],
                normaliser=Normaliser(**artifact.part(NORMALISER)),
                head=facts.get("behaviour_head", GAUSSIAN),
            )
            found.policies.check(found.policy_parameters)
            found.classifier.check(found.classifier_parameters)
        return found

    @staticmethod
    def missing(artifact: Artifact) -> list[str]:
        """The networks that a file does not hold, by the names of their parameters."""
        return [name for name in (POLICIES, CLASSIFIER) if name not in artifact.tensors]

    @property
    def num_clusters(self) -> int:
        return self.policies.num_members

    def tensors(self) -> dict[str, Tensor]:
        """The parameters and the scaling, as a file's contents."""
        return {
            POLICIES: self.policy_parameters,
            CLASSIFIER: self.classifier_parameters,
            **prefixed(NORMALISER, self.normaliser.tensors()),
        }

    def shapes(self) -> dict[str, object]:
        """What rebuilding the networks needs to know, as a file's metadata."""
        shapes: dict[str, object] = {
            "num_clusters": self.num_clusters,
            "behaviour_sizes": self.policies.sizes,
            "classifier_sizes": self.classifier.sizes,
        }
        return shapes if self.head == GAUSSIAN else shapes | {"behaviour_head": self.head}
