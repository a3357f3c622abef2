import torch

from stages.embeddings.vte_mlp import VteMlp, VteMlpSettings
from stages.training.job import Job
from tests.smallest import smallest
from tests.synthetic import two_policies

SMALLEST = [
    VteMlpSettings(
        latent=2, width=8, num_heads=2, stride=2, hidden_sizes=(8,), train_steps=3, batch_episodes=8, transitions=4
    )
]
QUICK = {"train_steps": 150, "learning_rate": 0.01, "width": 16, "hidden_sizes": (16,), "warm_up": 50, "transitions": 8}


def test_two_policies_are_told_apart_without_their_labels():
    dataset = two_policies(60, steps=12, gap=0.8)
    made = VteMlp.fit(Job(dataset, [0]), smallest(VteMlpSettings, **QUICK))
    unseen = two_policies(40, steps=12, gap=0.8, seed=5)
    truth = torch.from_numpy(unseen.behaviour_policy)
    found = made.embed(unseen)[0]
    spread = (found[truth == 0].mean(0) - found[truth == 1].mean(0)).abs() / found.std(0)
    assert spread.max() > 1.5
    assert made.remarks == []


def test_a_collapsed_latent_is_said():
    made = VteMlp.fit(
        Job(two_policies(40, steps=12), [3]), smallest(VteMlpSettings, **QUICK, kl_weight=100.0, free_nats=0.0)
    )
    assert not made.tensors["active"].any()
    assert len(made.remarks) == 1 and made.remarks[0].startswith("seed 3: the latent has collapsed")
