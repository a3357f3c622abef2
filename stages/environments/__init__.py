"""Tasks: many copies of one task side by side, behind one interface."""

from stages.registry import Registry

ROBOTS = ("Hopper", "HalfCheetah", "Walker2d", "Ant")
SPEED_LIMITED = (*ROBOTS, "Swimmer", "Humanoid")
BULLET = [f"{robot}{task}" for task in ("Run", "Circle") for robot in ("Ball", "Car", "Drone", "Ant")]

ENVIRONMENTS = Registry(
    "environment",
    __name__,
    {
        "bullet": [f"Safety{task}-v0" for task in BULLET],
        "diagonal": ["diagonal"],
        "extra": ["extra"],
        "mujoco": [f"{robot}-{version}" for robot in ROBOTS for version in ("v4", "v5")],
        "navigation": ["navigation"],
        "pathfollowing": ["pathfollowing"],
        "safe_navigation": ["safe_navigation"],
        "takeball": ["takeball"],
        "velocity": [f"Safety{robot}Velocity-v1" for robot in SPEED_LIMITED],
    },
)
