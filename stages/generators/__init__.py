"""Datasets by simulation, each recorded by several behaviours that are known."""

from stages.registry import Registry

GENERATORS = Registry(
    "dataset generator",
    __name__,
    {
        "gridworlds": ["diagonal", "takeball", "extra"],
        "pathfollowing": ["pathfollowing"],
        "safe_navigation": ["safe_navigation"],
        "safe_velocity": ["safe_velocity"],
        "subgoals": ["navigation"],
        "trained_behaviours": ["behaviours"],
    },
)
