import numpy as np
import pytest

from stages.embeddings.split import SplitSettings, training_episodes
from stages.errors import UserError
from tests.synthetic import make_episodes, two_policies


def test_a_share_is_drawn_and_always_the_same():
    dataset = two_policies(40, steps=2)
    chosen = training_episodes(dataset, SplitSettings(training_share=0.75))
    assert chosen.sum() == 30
    assert np.array_equal(chosen, training_episodes(dataset, SplitSettings(training_share=0.75)))
    assert training_episodes(dataset, SplitSettings(training_share=1)).all()


def test_no_episode_of_a_held_out_policy_is_learnt_from():
    dataset = two_policies(40, steps=2)
    chosen = training_episodes(dataset, SplitSettings(held_out=("b",)))
    assert chosen.any() and set(dataset.behaviour_policy[chosen]) == {0}


@pytest.mark.parametrize(
    ("dataset", "held_out", "words"),
    [
        (two_policies(8, steps=2), ("c",), "unknown policy 'c'"),
        (two_policies(8, steps=2), ("a", "b"), "no episode is left"),
        (make_episodes([2, 3]), ("a",), "does not say which policy"),
    ],
)
def test_what_cannot_be_held_out_is_refused(dataset, held_out, words):
    with pytest.raises(UserError, match=words):
        training_episodes(dataset, SplitSettings(held_out=held_out))
