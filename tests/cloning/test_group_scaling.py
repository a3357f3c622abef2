import numpy as np
import torch

from stages.cloning.group_scaling import GroupScaling
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.seeding import generators
from stages.training.job import Job
from tests.synthetic import dataset_of

SEEDS = [0, 1]


def job_of() -> Job:
    """Ten episodes, of which the last five are elsewhere and move a hundred times as much."""
    random = np.random.default_rng(0)
    far = np.repeat(np.arange(10) >= 5, 4)[:, None]
    observations = np.where(far, 50, 0) + np.where(far, 100, 1) * random.standard_normal((40, 3))
    return Job(dataset_of(observations, random.uniform(-1, 1, (40, 2)), np.zeros(40), [4] * 10), SEEDS)


def groups_of() -> np.ndarray:
    """Of one seed the near and the far episodes, of the other all of them and none."""
    near = np.arange(10) < 5
    return np.stack([np.stack([near, ~near]), np.stack([near | True, near & False])])


def test_each_group_sees_the_scaling_that_its_episodes_have_alone():
    job, groups = job_of(), groups_of()
    seen = GroupScaling.of(job, groups)(job.observations.expand(2, 2, -1, -1))
    for group in range(2):
        part = job.dataset.select(np.flatnonzero(groups[0, group]))
        expected = Normaliser.of(part).observations(torch.from_numpy(job.dataset.observations))
        torch.testing.assert_close(seen[0, group], expected, rtol=1e-4, atol=1e-4)
    # The group of all episodes and the one without any see what the job does, to the last bit.
    assert torch.equal(seen[1], job.observations.expand(2, -1, -1))


def test_a_folded_policy_makes_of_the_job_what_it_made_of_the_group():
    job, groups = job_of(), groups_of()
    ensemble, scaling = Ensemble((3, 8, 2), 2, 2), GroupScaling.of(job, groups)
    parameters = ensemble.initialise(generators(SEEDS, "test"))
    observations = job.observations.expand(2, 2, -1, -1)
    expected = ensemble(parameters, scaling(observations))
    torch.testing.assert_close(
        ensemble(scaling.folded(ensemble, parameters), observations), expected, rtol=1e-4, atol=1e-4
    )
    assert torch.equal(scaling.folded(ensemble, parameters)[-4:], parameters[-4:])


def test_repeated_is_the_same_for_each_policy_of_a_group():
    scaling = GroupScaling.of(job_of(), groups_of())
    repeated = scaling.repeated(3)
    for number in range(6):
        assert torch.equal(repeated.ratio[:, number], scaling.ratio[:, number // 3])
        assert torch.equal(repeated.offset[:, number], scaling.offset[:, number // 3])
