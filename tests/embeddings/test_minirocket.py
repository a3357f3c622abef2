import numpy as np
import torch

from stages.embeddings.features.minirocket_kernels import KERNELS, dilations, taps
from stages.embeddings.minirocket import MiniRocket, MiniRocketSettings
from stages.training.job import Job
from tests.synthetic import make_episodes

SMALLEST = [MiniRocketSettings(num_features=2 * 84)]


def test_there_are_84_kernels_that_sum_to_zero():
    assert len(np.unique(KERNELS, axis=0)) == 84
    assert not KERNELS.sum(1).any()


def test_dilations_span_an_episode_and_share_out_the_biases():
    found, shares = dilations(1000.0, 12)
    assert found[0] == 1 and 8 * found[-1] < 1000 <= 16 * found[-1] + 8
    assert shares.sum() == 12
    assert dilations(3.0, 5)[0].tolist() == [1] and dilations(3.0, 5)[1].sum() == 5


def test_taps_see_zeros_beyond_an_episode():
    inputs = torch.arange(1.0, 8.0)[:, None]
    starts, ends = torch.tensor([0, 0, 0, 3, 3, 3, 3]), torch.tensor([3, 3, 3, 7, 7, 7, 7])
    seen = taps(inputs, starts, ends, 2)
    assert seen[4].tolist() == [0, 0, 0, 0, 5, 7, 0, 0, 0]
    assert seen[6].tolist() == [0, 0, 0, 5, 7, 0, 0, 0, 0]


def test_a_feature_is_the_share_of_steps_above_the_bias():
    dataset = make_episodes([14, 5, 30])
    made = MiniRocket.fit(Job(dataset, [0, 1]), *SMALLEST)
    inputs = made.steps.matrix(dataset).numpy()[19:]
    distance, weights = int(made.tensors["dilations"][0]), made.tensors["weights"][1, 0].view(9, -1, 84).numpy()
    padded = np.pad(inputs, ((4 * distance, 4 * distance), (0, 0)))
    for kernel in (0, 40, 83):
        outputs = sum(padded[tap * distance :][:30] @ weights[tap, :, kernel] for tap in range(9))
        expected = (outputs > made.tensors["biases/0"][1, 0, kernel].item()).mean()
        np.testing.assert_allclose(made.raw(dataset)[1, 2, kernel], expected, atol=0.04)
