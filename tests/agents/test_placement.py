import torch

from stages.agents.placement import Placement


def test_every_agent_gets_its_own_back():
    network = torch.tensor([2, 0, 2, 2, 0])
    placement = Placement(network, 4)
    values = torch.arange(10.0).view(5, 2)
    batches = placement.batches(values)
    assert batches.shape == (4, 3, 2)
    assert (placement.agents(batches) == values).all()
    assert (batches[2] == values[[0, 2, 3]]).all()
    assert (batches[0] == torch.tensor([[2.0, 3.0], [8.0, 9.0], [0.0, 0.0]])).all()
    assert (batches[[1, 3]] == 0).all()
