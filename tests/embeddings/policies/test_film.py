import torch

from stages.embeddings.policies.film import FilmPolicy
from stages.embeddings.steps import Steps
from stages.networks import gaussian
from stages.networks.sequences.parts import Parts
from stages.seeding import generator, generators
from tests.synthetic import make_episodes


def normal(*shape, position=0):
    return torch.from_numpy(generator(0, "noise", position).standard_normal(shape)).float()


def test_the_embedding_scales_and_shifts_every_hidden_layer():
    policy = FilmPolicy(Steps.of(make_episodes([4, 9])), 2, 2, (8, 6))
    parts = Parts(policy.parts, 2)
    flat = parts.initialise(generators([0, 1], "test")).requires_grad_()
    views = parts.views(flat)
    observations, embedding, actions = normal(2, 3, 5, 3), normal(2, 3, 2, position=1), normal(2, 3, 5, 2, position=2)
    found = policy.log_prob(views, observations, embedding, actions)
    values, latent = observations[1, 2, 4], embedding[1, 2]
    for i in (0, 1):
        scale, shift = (latent @ views[f"film/{i}"][1]).chunk(2)
        values = (
            (1 + scale) * (values @ views[f"layer/{i}/weight"][1] + views[f"layer/{i}/bias"][1, 0]) + shift
        ).relu()
    outputs = values @ views["layer/2/weight"][1] + views["layer/2/bias"][1, 0]
    torch.testing.assert_close(found[1, 2, 4], gaussian.log_prob(outputs, actions[1, 2, 4]))
    found.sum().backward()
    assert (flat.grad != 0).float().mean() > 0.5
