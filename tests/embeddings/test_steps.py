import pytest
import torch

from stages.embeddings.steps import Steps
from stages.errors import UserError
from tests.clustering.tables import table_dataset
from tests.synthetic import make_episodes


@pytest.mark.parametrize("dataset", [make_episodes([3, 5]), table_dataset()], ids=["vectors", "choices"])
def test_it_is_saved_and_loaded(dataset):
    steps = Steps.of(dataset)
    loaded = Steps.load(steps.tensors(), steps.facts)
    torch.testing.assert_close(loaded.matrix(dataset), steps.matrix(dataset))
    assert loaded.matrix(dataset).shape == (dataset.num_steps, steps.width)


def test_other_observations_or_actions_are_refused():
    steps = Steps.of(make_episodes([3, 5]))
    for other, words in [
        (make_episodes([3], observation=4), "observations have 4 numbers"),
        (make_episodes([3], action=1), "actions are of another kind"),
        (make_episodes([3], action=3), "actions are of another kind"),
    ]:
        with pytest.raises(UserError, match=words):
            steps.matrix(other)
    with pytest.raises(UserError, match="fitted to 4 actions"):
        Steps.of(table_dataset(states=1, steps=3)).matrix(five_actions())


def five_actions():
    dataset = table_dataset(states=1, steps=3)
    dataset.actions[0] = 4
    return dataset
