"""EMPO after clustering: values of the clusters' policies, their improvement, the policy that chooses among them."""

from stages.registry import Registry

IMPROVEMENT = Registry("improvement method", __name__, ["ppo", "confirmed"])
