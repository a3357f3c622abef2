import json

import numpy as np
import pytest
from pydantic import ValidationError

from stages.datasets.episodes import PER_STEP
from stages.environments.extra import REACHED
from stages.environments.gridworld import MOVES, STAY
from stages.environments.loading import make
from stages.errors import UserError
from stages.generators import GENERATORS
from stages.generators.gridworld_likelihood import log_likelihood
from stages.generators.gridworld_rules import DIAGONAL_RULES, EXTRA_RULES, TAKEBALL_RULES
from stages.generators.gridworlds import DiagonalDataSettings, ExtraDataSettings, TakeballDataSettings

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    DiagonalDataSettings(episodes={"balanced": 20, "zigzag1": 20}),
    ExtraDataSettings(episodes={"good": 20, "bad": 20}),
    TakeballDataSettings(episodes={"ball 0": 20, "ball 2": 20}),
]

RULES = {"diagonal": DIAGONAL_RULES, "takeball": TAKEBALL_RULES, "extra": EXTRA_RULES}
# Mean lengths of the published data; those of Diagonal and Takeball are of episodes whole in streams of 128 steps.
PUBLISHED_LENGTHS = {
    "diagonal": {"balanced": 12.75, "rightfirst": 13.02, "downfirst": 13.04, "zigzag1": 12.87, "zigzag2": 12.86},
    "takeball": {"ball 0": 26.96, "ball 1": 24.63, "ball 2": 24.42, "ball 3": 24.54},
    "extra": {"good": 10.3, "bad": 3.9, "med": 3.8},
}


def generate(name, **settings):
    chosen = GENERATORS.choose({"method": name, **settings})
    return chosen.entry(chosen.settings)


def small(name, episodes=2000, **settings):
    """All policies of the published data, a few episodes of each, short ones included."""
    return generate(name, episodes=dict.fromkeys(PUBLISHED_LENGTHS[name], episodes), **{"min_steps": 1, **settings})


@pytest.fixture(scope="module", params=PUBLISHED_LENGTHS)
def recorded(request):
    return small(request.param)


def test_lengths_are_the_published_ones(recorded):
    for policy, name in enumerate(recorded.behaviour_policy_names):
        lengths = recorded.episode_lengths[recorded.behaviour_policy == policy]
        published = PUBLISHED_LENGTHS[recorded.environment][name]
        assert lengths.mean() == pytest.approx(published, abs=0.01 * published + 3 * lengths.std() / 2000**0.5)
        assert lengths.max() <= 40 and len(lengths) == 2000


def test_returns_are_the_published_ones():
    diagonal, takeball = small("diagonal"), small("takeball")
    for policy in range(5):
        assert diagonal.episode_returns[diagonal.behaviour_policy == policy].mean() == pytest.approx(0.645, abs=0.02)
    assert set(takeball.episode_returns) == {0, 1}
    assert takeball.episode_returns.mean() == pytest.approx(0.988, abs=0.006)


def test_returns_of_diagonal_tell_nothing_but_the_length():
    diagonal = small("diagonal", 100)
    at_goal = diagonal.terminations[diagonal.episode_ends - 1]
    expected = np.where(at_goal, 1.03, 0) - 0.03 * diagonal.episode_lengths
    np.testing.assert_allclose(diagonal.episode_returns, expected, atol=1e-5)


def test_episodes_end_where_they_say(recorded):
    task = make(recorded.environment, recorded.attributes["environment_settings"])
    final = recorded.next_observations[recorded.episode_ends - 1]
    goal = final[:, 2:4] if recorded.environment == "extra" else np.array([7, 7])
    at_goal = (final[:, :2] == goal).all(axis=1)
    np.testing.assert_array_equal(at_goal, recorded.terminations[recorded.episode_ends - 1])
    assert (recorded.episode_lengths[~at_goal] == task.max_episode_steps).all()
    inside = np.ones(recorded.num_steps, dtype=bool)
    inside[recorded.episode_ends - 1] = False
    following = np.flatnonzero(inside)
    np.testing.assert_array_equal(recorded.next_observations[following], recorded.observations[following + 1])


def test_actions_are_the_intended_ones(recorded):
    """Every action is the rule's, though many led elsewhere."""
    task = make(recorded.environment)
    assert recorded.actions.dtype == np.int64 and recorded.num_actions == 5
    rules = [RULES[recorded.environment][name] for name in recorded.behaviour_policy_names]
    likelihood = log_likelihood(task, recorded, rules)
    assert (likelihood[np.arange(recorded.num_episodes), recorded.behaviour_policy] == 0).all()
    moved = recorded.next_observations[:, :2] - recorded.observations[:, :2]
    elsewhere = (moved != MOVES[recorded.actions]).any(axis=1).mean()
    assert elsewhere == pytest.approx(task.settings.slip * 0.8, rel=0.05)
    assert STAY not in recorded.actions


@pytest.mark.parametrize(
    ("name", "nmi", "best", "error"), [("diagonal", 0.926, 0.939, 0.002), ("takeball", 0.997, 0.998, 0.001)]
)
def test_ceilings_are_the_simulated_ones(name, nmi, best, error):
    """Within four standard errors of the ambiguous episodes' share, which the ceilings follow from."""
    ceiling = json.loads(small(name, 4000).attributes["oracle_ceiling"])
    assert ceiling["nmi"] == pytest.approx(nmi, abs=4 * error)
    assert ceiling["nmi_best_ties"] == pytest.approx(best, abs=4 * error)
    assert ceiling["ambiguous"] == pytest.approx({"diagonal": 0.066, "takeball": 0.0009}[name], abs=4 * error)


def test_generation_depends_on_the_seed_alone(recorded):
    again, other = small(recorded.environment), small(recorded.environment, seed=1)
    for name in PER_STEP[:-1]:
        np.testing.assert_array_equal(getattr(again, name), getattr(recorded, name))
    assert again.attributes == recorded.attributes
    assert not np.array_equal(other.episode_lengths, recorded.episode_lengths)


def test_more_episodes_leave_the_first_as_they_were(recorded):
    few = small(recorded.environment, 30)
    for policy in range(len(few.behaviour_policy_names)):
        episodes = few.select(np.flatnonzero(few.behaviour_policy == policy))
        same = recorded.select(np.flatnonzero(recorded.behaviour_policy == policy)[:30])
        np.testing.assert_array_equal(episodes.observations, same.observations)
        np.testing.assert_array_equal(episodes.actions, same.actions)


@pytest.mark.parametrize("name", PUBLISHED_LENGTHS)
def test_layers_show_the_same_episodes(name):
    compact, pictured = small(name, 40), small(name, 40, environment={"observations": "layers"})
    task = make(name)
    np.testing.assert_array_equal(task.layers(compact.observations), pictured.observations)
    np.testing.assert_array_equal(compact.actions, pictured.actions)
    assert compact.attributes["oracle_ceiling"] == pictured.attributes["oracle_ceiling"]


def test_short_episodes_are_dropped_by_default():
    chosen = generate("extra", episodes={"med": 500})
    everything = generate("extra", episodes={"med": 500}, min_steps=1)
    assert chosen.episode_lengths.min() == 4
    assert chosen.num_episodes == (everything.episode_lengths > 3).sum() < 500


def test_half_of_the_short_paths_of_extra_remain():
    """Published: 28,234 of 47,872 episodes are longer than three steps. Ours: 27,967, of 160,000 of each policy."""
    lengths, published = small("extra", 8000), np.array([7936, 19_968, 19_968])
    long = np.array([lengths.episode_lengths[lengths.behaviour_policy == policy] > 3 for policy in range(3)])
    error = np.linalg.norm(published * long.std(1)) / np.sqrt(8000)
    assert error < 200
    assert long.mean(1) @ published == pytest.approx(28_234, abs=0.01 * 28_234 + 4 * error)


def test_visits_are_told_from_the_history():
    """What `good` and `bad` are thought to have done depends on special cells visited earlier in the episode."""
    recorded = small("extra", 300)
    memoryless = {
        name: lambda situation, rule_itself=rule: rule_itself(forgotten(situation))
        for name, rule in EXTRA_RULES.items()
    }
    likelihood = log_likelihood(make("extra"), recorded, list(memoryless.values()))
    of_its_policy = likelihood[np.arange(recorded.num_episodes), recorded.behaviour_policy]
    assert np.isinf(of_its_policy[recorded.behaviour_policy == 0]).mean() > 0.5
    assert (of_its_policy[recorded.behaviour_policy == 2] == 0).all()


def forgotten(situation):
    changed = situation.copy()
    changed[:, REACHED] = 0
    return changed


def test_policies_can_be_chosen_and_harder_ones_added():
    recorded = generate("diagonal", episodes={"random1": 50, "zigzag1": 20, "random2": 30})
    assert recorded.behaviour_policy_names == ("random1", "zigzag1", "random2")
    np.testing.assert_array_equal(np.bincount(recorded.behaviour_policy), [50, 20, 30])


def test_permuted_balls_are_recorded():
    recorded = small("takeball", 200, environment={"permuted": True})
    assert len(np.unique(recorded.observations[recorded.episode_starts, 2:], axis=0)) == 24
    assert recorded.episode_returns.mean() > 0.95


@pytest.mark.parametrize(
    "settings", [{"episodes": {"zigzag3": 5}}, {"episodes": {}}, {"episodes": {"zigzag1": 0}}, {"min_steps": 0}]
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        generate("diagonal", **settings)


def test_a_filter_that_leaves_nothing_is_refused():
    with pytest.raises(UserError, match="no episode"):
        generate("extra", episodes={"med": 20}, min_steps=41)
