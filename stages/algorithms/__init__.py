"""Offline reinforcement learning on a whole dataset: each algorithm trains one policy per seed."""

from stages.registry import Registry

ALGORITHMS = Registry(
    "offline algorithm",
    __name__,
    {
        "behaviour_cloning": ["bc"],
        "percent_bc": ["percent_bc"],
        "steady_bc": ["steady_bc"],
        "td3_bc": ["td3_bc"],
        "rebrac": ["rebrac"],
        "td3_awr": ["td3_awr"],
        "awac": ["awac"],
        "onestep": ["onestep"],
        "iql": ["iql"],
        "cql": ["cql"],
        "c4": ["c4"],
        "fql": ["fql"],
        "decision_transformer": ["decision_transformer"],
    },
)
