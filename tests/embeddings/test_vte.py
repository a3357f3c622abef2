import numpy as np
import pytest
import torch

from stages.embeddings.love import LoveSettings, extract
from stages.embeddings.vte import Vte, VteSettings
from stages.training.job import Job
from tests.smallest import smallest
from tests.synthetic import two_policies

SMALLEST = [
    VteSettings(
        latent=2, width=8, num_heads=2, stride=2, hidden_sizes=(8,), train_steps=3, batch_episodes=8, transitions=4
    )
]
DATASET = two_policies(24, steps=12)


@pytest.mark.parametrize(
    "changes", [{}, {"attention": "bare", "num_layers": 1, "boundary": "drawn"}, {"train_steps": 0}]
)
def test_the_described_the_released_and_the_random_variant_embed(changes):
    given = extract(Job(DATASET, [0, 1]), smallest(LoveSettings, "stages.embeddings.love"))
    made = Vte.fit(Job(DATASET, [0, 1]), smallest(VteSettings, **changes), given)
    found = made.embed(DATASET)
    assert found.shape == (2, 24, 2) and found.isfinite().all()
    assert np.unique(found[0].numpy(), axis=0).shape[0] == 24
    assert made.tensors["divergence"].shape == made.tensors["active"].shape == (2, 2)
    assert torch.isfinite(made.tensors["divergence"]).all()
