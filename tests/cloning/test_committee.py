import pytest
import torch

from stages.cloning.committee import as_one, widened
from stages.networks.ensemble import Ensemble
from stages.seeding import member_generators


@pytest.mark.parametrize("sizes", [(3, 2), (3, 5, 2), (3, 5, 4, 2), (3, 4, 4, 4, 2)])
@pytest.mark.parametrize("members", [1, 2, 3])
def test_a_committee_s_output_is_the_mean_of_its_members(sizes, members):
    committees = 4
    apart = Ensemble(sizes, 2, committees // 2 * members)
    parameters = apart.initialise(member_generators([0, 1], "test", apart.num_members))
    wide = Ensemble(widened(sizes, members), 2, committees // 2)
    inputs = torch.randn(2, 1, 6, sizes[0], generator=torch.Generator().manual_seed(0))
    expected = apart(parameters, inputs).unflatten(1, (-1, members)).mean(2)
    torch.testing.assert_close(wide(as_one(apart, parameters, members), inputs), expected)


def test_a_committee_of_one_is_its_member():
    ensemble = Ensemble((3, 5, 4, 2), 2, 2)
    parameters = ensemble.initialise(member_generators([0, 1], "test", 2))
    assert torch.equal(as_one(ensemble, parameters, 1), parameters)
