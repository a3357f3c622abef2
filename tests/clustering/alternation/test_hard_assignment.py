import torch

from stages.clustering.alternation.hard_assignment import HardAssignment


def assignment(labels=((0, 0, 1, 1, 2, 2),), clusters=3, iterations=4, weights=None, **options) -> HardAssignment:
    start = torch.tensor(labels)
    weights = torch.ones(start.shape[1]) if weights is None else torch.tensor(weights)
    return HardAssignment(start, clusters, iterations, weights, **options)


SCORES = -torch.tensor(
    [[1.0, 2, 3], [2, 1, 3], [3, 1, 2], [1, 2, 3], [2, 3, 1], [1, 3, 2]], dtype=torch.float64
)  # [episodes, clusters]


def test_every_episode_goes_to_the_best_policy():
    found = assignment()
    found.update(0, SCORES)
    assert found.labels[0].tolist() == [0, 1, 1, 0, 2, 0]
    found.update(0, SCORES)
    assert found.converged[0]
    assert found.scores.tolist() == [-6.0]
    assert found.score_history[:, 0].nan_to_num(1.0).tolist() == [-6.0, -6.0, 1.0, 1.0]
    assert found.transfer[0, 1].tolist() == [-5.0, -2.0, -5.0]
    assert found.sizes(0).tolist() == [3, 2, 1]
    assert found.history_labels[0, 0].tolist() == [0, 1, 1, 0, 2, 0]


def test_a_run_stops_when_nothing_changes_or_time_is_up():
    found = assignment(labels=((0, 0, 1, 1, 2, 2), (0, 1, 2, 0, 1, 2)), iterations=2)
    assert found.running == [0, 1]
    found.update(0, SCORES)
    found.update(0, SCORES)
    assert found.converged.tolist() == [True, False]
    assert found.running == [1]
    found.update(1, SCORES)
    found.update(1, SCORES.flip(0))
    assert found.converged.tolist() == [True, False]
    assert found.running == []


def test_an_empty_cluster_is_gone_for_good():
    found = assignment(labels=((0, 0, 1, 1, 1, 1),))
    found.update(0, SCORES)
    assert (found.labels[0] != 2).all()
    found.update(0, SCORES)
    assert (found.labels[0] != 2).all()


def test_an_empty_cluster_is_filled_with_what_is_explained_worst_in_the_first_half():
    scores = SCORES.clone()
    scores[:, 2] -= 9
    scores[3] -= 20
    found = assignment(reseed=True)
    found.update(0, scores)
    assert found.labels[0].tolist() == [0, 1, 1, 2, 0, 0]
    for _ in range(3):
        found.update(0, scores)
    assert (found.labels[0] != 2).all()


def test_episodes_that_take_no_part_get_labels_and_count_for_nothing():
    found = assignment(weights=(1.0, 1, 1, 1, 1, 0))
    found.update(0, SCORES)
    found.update(0, SCORES)
    assert found.labels[0, 5] == 0
    assert found.scores.tolist() == [-5.0]
    assert found.sizes(0).tolist() == [2, 2, 1]


def test_scores_may_be_other_than_what_decides():
    found = assignment()
    found.update(0, SCORES, deciding=SCORES.flip(1))
    assert found.labels[0].tolist() == SCORES.flip(1).argmax(1).tolist()
    assert found.score_history[0, 0] == SCORES.gather(1, found.labels[0][:, None]).sum()
    found.update(0, SCORES, deciding=SCORES.flip(1))
    assert not found.converged[0]


def test_state_is_complete():
    found, other = assignment(), assignment()
    found.update(0, SCORES)
    for name, tensor in other.tensors().items():
        tensor.copy_(found.tensors()[name])
    found.update(0, SCORES)
    other.update(0, SCORES)
    for name, tensor in other.tensors().items():
        torch.testing.assert_close(tensor, found.tensors()[name], equal_nan=True)
