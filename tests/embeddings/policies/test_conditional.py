import torch

from stages.embeddings.policies.conditional import ConditionalPolicy
from stages.embeddings.policies.episode_steps import EpisodeSteps
from stages.embeddings.steps import Steps
from stages.networks import gaussian
from stages.seeding import generator, generators
from tests.synthetic import make_episodes


def normal(*shape):
    return torch.from_numpy(generator(0, "noise").standard_normal(shape)).float()


def test_the_embedding_is_read_beside_every_state():
    dataset = make_episodes([4, 9])
    policy = ConditionalPolicy(Steps.of(dataset), 2, 2, (8,))
    flat = policy.network.initialise(generators([0, 1], "test"))
    observations, embedding, actions = normal(2, 3, 5, 3), normal(2, 3, 2), normal(2, 3, 5, 2)
    found = policy.log_prob({"decoder": flat}, observations, embedding, actions)
    inputs = torch.cat([observations[1, 2, 4], embedding[1, 2]])
    outputs = policy.network(flat, inputs.expand(2, 1, 1, -1))[1, 0, 0]
    torch.testing.assert_close(found[1, 2, 4], gaussian.log_prob(outputs, actions[1, 2, 4]))


def test_steps_are_drawn_from_all_of_their_episode():
    dataset = make_episodes([3, 7, 2])
    steps = EpisodeSteps(Steps.of(dataset), dataset)
    observations, actions = steps.at_random(torch.tensor([[1, 2, 1]]), normal(1, 3, 400))
    rows = steps.rows.matrix
    first = (observations[0, :, :, None] == rows[:, :3]).all(-1).float().argmax(-1)
    assert set(first[0].tolist()) == set(range(3, 10)) and set(first[1].tolist()) == {10, 11}
    assert torch.equal(actions[0, 0], rows[first[0], 3:])
    wild = steps.at_random(torch.tensor([[0]]), torch.tensor([[[-40.0, 40.0]]]))[0]
    assert torch.equal(wild[0, 0], rows[[0, 2], :3])
