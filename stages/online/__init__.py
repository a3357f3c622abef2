"""Learning by acting: how the behaviours came to be that robot data are recorded from."""

from stages.registry import Registry

LEARNERS = Registry("online learner", __name__, ["random_search", "sac"])
