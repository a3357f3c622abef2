import numpy as np
import torch

from stages.embeddings.summary import EpisodeSummarySettings, Summary
from stages.training.job import Job
from tests.synthetic import make_episodes, two_policies

SMALLEST = [EpisodeSummarySettings()]


def test_it_holds_means_and_deviations_of_scaled_steps():
    dataset = make_episodes([4, 1, 7])
    made = Summary.fit(Job(dataset, [0, 1]), EpisodeSummarySettings())
    scaled = made.steps.matrix(dataset).double().numpy()
    second = scaled[4:5], scaled[5:]
    for episode, values in enumerate([scaled[:4], *second]):
        expected = np.concatenate([values.mean(0), values.std(0)])
        np.testing.assert_allclose(made.raw(dataset)[1, episode], expected, atol=1e-5)


def test_principal_components_keep_most_of_the_spread():
    dataset = two_policies(30, steps=20)
    whole, few = (Summary.fit(Job(dataset, [0]), EpisodeSummarySettings(components=count)) for count in (None, 2))
    scaled = whole.embed(dataset)[0]
    kept = few.raw(dataset)[0]
    spread = torch.linalg.svdvals(scaled - scaled.mean(0)).square()
    torch.testing.assert_close(kept.square().sum(0), spread[:2], rtol=1e-3, atol=1e-3)
