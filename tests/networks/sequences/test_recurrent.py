import torch

from stages.networks.sequences.recurrent import affine, attention, last_state, recurrence


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_recurrence_is_the_gru_of_torch():
    seeds, time, batch, inputs, width = 2, 7, 5, 3, 4
    steps, from_inputs, bias = random(seeds, time, batch, inputs), random(seeds, inputs, 12), random(seeds, 1, 12)
    weight, state_bias = random(seeds, width, 12), random(seeds, 1, 12)
    found = recurrence(affine(steps, from_inputs, bias), weight, state_bias)
    for seed in range(seeds):
        reference = torch.nn.GRU(inputs, width)
        parameters = {
            "weight_ih_l0": from_inputs[seed].T,
            "weight_hh_l0": weight[seed].T,
            "bias_ih_l0": bias[seed, 0],
            "bias_hh_l0": state_bias[seed, 0],
        }
        reference.load_state_dict(parameters)
        torch.testing.assert_close(found[seed], reference(steps[seed])[0])


def test_padding_gets_no_attention():
    states, scores = random(2, 6, 3, 4), random(2, 6, 3, 2)
    mask = (torch.arange(6)[:, None] < torch.tensor([1, 4, 6]))[None]
    found = attention(scores, states, mask)
    assert found.shape == (2, 3, 8)
    torch.testing.assert_close(found[:, 0], states[:, 0, 0].repeat(1, 2))
    shorter = attention(scores[:, :4], states[:, :4], mask[:, :4])
    torch.testing.assert_close(found[:, :2], shorter[:, :2])
    states[:, 4:, 1] = 1e6
    torch.testing.assert_close(attention(scores, states, mask)[:, 1], found[:, 1])


def test_last_state_is_that_of_the_last_step_inside():
    states = random(2, 6, 3, 4)
    mask = (torch.arange(6)[:, None] < torch.tensor([1, 4, 6]))[None]
    expected = torch.stack([states[:, 0, 0], states[:, 3, 1], states[:, 5, 2]], dim=1)
    torch.testing.assert_close(last_state(states, mask), expected)
