import json
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from stages.datasets.mixing import MixSettings, mix
from stages.errors import UserError
from tests.synthetic import two_policies


def sources(**settings):
    first, second = two_policies(episodes=20, steps=10), two_policies(episodes=30, steps=10)
    return mix({"a": first, "b": second}, MixSettings(**{"sources": {"a": {}, "b": {}}, **settings}))


def test_everything_of_all_sources_with_their_own_labels():
    mixed = sources()
    assert mixed.num_episodes == 50
    a, b = two_policies(episodes=20, steps=10), two_policies(episodes=30, steps=10)
    np.testing.assert_array_equal(mixed.behaviour_policy, np.concatenate([a.behaviour_policy, b.behaviour_policy]))
    np.testing.assert_array_equal(mixed.observations, np.concatenate([a.observations, b.observations]))


def test_the_source_can_be_the_true_policy():
    mixed = sources(label_by_source=True)
    assert mixed.behaviour_policy_names == ("a", "b")
    np.testing.assert_array_equal(mixed.behaviour_policy, [0] * 20 + [1] * 30)


def test_shares_are_whole_episodes_drawn_at_random():
    mixed = sources(sources={"a": {"num_steps": 45}, "b": {"num_episodes": 7}}, label_by_source=True)
    np.testing.assert_array_equal(np.bincount(mixed.behaviour_policy), [5, 7])
    assert (mixed.episode_lengths == 10).all()
    assert json.loads(mixed.attributes["mixture"]) == {
        "a": {"episodes": 5, "steps": 50},
        "b": {"episodes": 7, "steps": 70},
    }


def test_the_choice_depends_on_the_seed_and_larger_shares_hold_smaller_ones():
    def starts(steps, seed):
        mixed = sources(sources={"a": {"num_steps": steps}, "b": {"num_episodes": 1}}, seed=seed)
        return {tuple(row) for row in mixed.observations[mixed.episode_starts[:-1]]}

    assert starts(50, 0) == starts(50, 0) != starts(50, 1)
    assert starts(50, 0) < starts(120, 0)


def test_more_than_there_is_is_refused():
    with pytest.raises(UserError, match="201 steps are wanted, there are 200 steps in 20 episodes"):
        sources(sources={"a": {"num_steps": 201}, "b": {}})
    with pytest.raises(UserError, match="31 episodes are wanted"):
        sources(sources={"a": {}, "b": {"num_episodes": 31}})


def test_tasks_are_not_mixed():
    other = replace(two_policies(episodes=5, steps=5), environment="Hopper-v4")
    with pytest.raises(UserError, match="b: is from another task than a"):
        mix({"a": two_policies(episodes=5, steps=5), "b": other}, MixSettings(sources={"a": {}, "b": {}}))


def test_one_measure_per_share():
    with pytest.raises(ValidationError, match="not both"):
        MixSettings(sources={"a": {"num_steps": 1, "num_episodes": 1}})
