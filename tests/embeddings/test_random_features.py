import torch

from stages.embeddings.random_features import RandomFeatures, RandomFeaturesSettings
from stages.training.job import Job
from tests.synthetic import make_episodes

SMALLEST = [RandomFeaturesSettings(width=8)]


def test_it_is_the_mean_of_rectified_random_projections():
    dataset = make_episodes([4, 1, 7])
    made = RandomFeatures.fit(Job(dataset, [0, 5]), *SMALLEST)
    for seed in (0, 1):
        hidden = (made.steps.matrix(dataset) @ made.tensors["weight"][seed] + made.tensors["bias"][seed]).relu()
        torch.testing.assert_close(made.raw(dataset)[seed, 2], hidden[5:].mean(0))
