"""Files of datasets: reading them, checking them, writing them."""

from stages.registry import Registry

FORMATS = Registry(
    "dataset format",
    __name__,
    {"d4rl": ["d4rl"], "dsrl": ["dsrl"], "minari.reading": ["minari"], "native": ["native"], "npz": ["npz"]},
)
