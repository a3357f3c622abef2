"""Offline reinforcement learning under a limit on the costs of an episode."""

from stages.registry import Registry

SAFETY = Registry(
    "safe offline algorithm",
    __name__,
    {
        "behaviour_cloning": ["bc_all", "bc_safe"],
        "budgeted_clusters": ["budgeted_clusters"],
        "caps": ["caps"],
        "cdt": ["cdt"],
        "cpq": ["cpq"],
        "trac": ["trac"],
    },
)
