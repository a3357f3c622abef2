import numpy as np
import torch
from torch.distributions import Normal, kl_divergence

from stages.embeddings.policies.conditional import ConditionalPolicy
from stages.embeddings.policies.episode_steps import EpisodeSteps
from stages.embeddings.steps import Steps
from stages.embeddings.variational.encoder import TrajectoryEncoder
from stages.embeddings.variational.learner import VariationalLearner, divergence
from stages.embeddings.variational.tokens import Tokens
from stages.seeding import generator, generators
from stages.training.trainable_parts import TrainableParts
from tests.synthetic import make_episodes


def normal(*shape, position=0):
    return torch.from_numpy(generator(0, "noise", position).standard_normal(shape)).float()


def test_the_divergence_is_that_of_torch():
    mean, log_variance = normal(1, 4, 3), normal(1, 4, 3, position=1)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(divergence(mean, log_variance), expected)


def test_nats_are_free_up_to_a_bound_and_their_price_rises():
    dataset = make_episodes([4, 9, 6])
    steps = Steps.of(dataset)
    encoder = TrajectoryEncoder({"steps": steps.width}, 1, 8, 1, 1, 2, "standard")
    policy = ConditionalPolicy(steps, 2, 1, (8,))
    parts = TrainableParts({**encoder.parts, "decoder": policy.network}, generators([0], "test"), 1e-3, 1.0)
    tokens = Tokens.of(steps.matrix(dataset)[None], dataset, 1)
    batch = {
        "episode": torch.tensor([0.0, 2.0])[None, None, :, None],
        "latent": normal(1, 1, 2, 2),
        "places": normal(1, 1, 2, 5),
    }
    found = {}
    for free in (0.0, 50.0):
        for made in (0, 5, 20):
            learner = VariationalLearner(
                encoder, policy, parts, tokens, EpisodeSteps(steps, dataset), kl_weight=2.0, free_nats=free, warm_up=10
            )
            parts.step.fill_(made)
            losses = learner.losses(parts.views(), batch)
            found[free, made] = (losses["loss"] - losses["cloning"]).item(), losses["divergence"].item()
    for made, share in ((0, 0.0), (5, 0.5), (20, 1.0)):
        price, nats = found[0.0, made]
        np.testing.assert_allclose(price, 2 * share * nats, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found[50.0, made][0], 2 * share * 2 * 50.0, rtol=1e-5)
