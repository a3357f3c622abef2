import numpy as np
import torch

from stages.training.job import Job
from tests.synthetic import two_policies


def test_a_part_has_some_of_the_episodes_in_the_scaling_of_all():
    job = Job(two_policies(episodes=6, steps=5), [0, 1], output="made", fingerprint="print")
    part = job.part(np.array([1, 4]))
    rows = np.isin(job.dataset.episode_of_step, [1, 4])
    assert torch.equal(part.observations, job.observations[rows])
    assert torch.equal(part.actions, job.actions[rows])
    assert (part.seeds, part.output) == (job.seeds, None)
