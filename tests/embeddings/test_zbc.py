import torch

from stages.embeddings.zbc import Zbc, ZbcSettings
from stages.training.job import Job
from tests.smallest import smallest
from tests.synthetic import two_policies

SMALLEST = [ZbcSettings(latent=2, hidden_sizes=(8,), train_steps=3, batch_episodes=8, transitions=4, fit_steps=3)]


def test_the_vectors_of_unseen_episodes_tell_policies_apart():
    changes = {"train_steps": 300, "learning_rate": 0.01, "hidden_sizes": (16,), "transitions": 12, "fit_steps": 40}
    made = Zbc.fit(Job(two_policies(60, steps=12, gap=0.8), [0]), smallest(ZbcSettings, **changes))
    unseen = two_policies(40, steps=12, gap=0.8, seed=5)
    truth = torch.from_numpy(unseen.behaviour_policy)
    found = made.embed(unseen)[0]
    spread = (found[truth == 0].mean(0) - found[truth == 1].mean(0)).abs() / found.std(0)
    assert spread.max() > 1.5
