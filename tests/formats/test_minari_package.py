"""The Minari package opens what is written here, and what it writes is read here, in every layout."""

from dataclasses import replace

import numpy as np
import pytest

from stages.errors import UserError
from stages.formats.minari.reading import MinariFormat
from stages.formats.report import Report

minari = pytest.importorskip("minari")
spaces = pytest.importorskip("gymnasium").spaces
LAYOUTS = ["hdf5", "arrow", "parquet"]


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    return tmp_path


def read(path):
    report = Report(path)
    return MinariFormat().read(path, report), report


def vector(size, dtype=np.float32):
    return spaces.Box(-np.inf, np.inf, (size,), dtype)


def buffers(dataset, observations=lambda values: values, infos=lambda rows, index: None):
    """The episodes of a dataset as Minari takes them."""
    made = []
    for index, (start, end) in enumerate(zip(dataset.episode_starts, dataset.episode_ends, strict=True)):
        rows = slice(start, end)
        whole = np.concatenate([dataset.observations[rows], dataset.next_observations[end - 1 : end]])
        made.append(
            minari.data_collector.EpisodeBuffer(
                observations=observations(whole),
                actions=dataset.actions[rows],
                rewards=dataset.rewards[rows],
                terminations=dataset.terminations[rows],
                truncations=dataset.truncations[rows],
                infos=infos(rows, index),
            )
        )
    return made


def create(layout, made, observation_space, action_space, **metadata):
    pytest.importorskip("pyarrow")
    minari.create_dataset_from_buffers(
        "own-v0",
        made,
        observation_space=observation_space,
        action_space=action_space,
        data_format=layout,
        **metadata,
    )


def assert_same(back, dataset):
    for name in ("observations", "next_observations", "actions", "rewards", "terminations", "truncations"):
        np.testing.assert_array_equal(getattr(back, name), getattr(dataset, name), err_msg=name)


@pytest.mark.parametrize("discrete", [False, True])
def test_minari_opens_what_is_written(episodes, root, discrete):
    dataset = replace(episodes([4, 1, 6]), costs=np.arange(11, dtype=np.float32))
    dataset = replace(dataset, behaviour_policy=np.array([1, 0, 1]), behaviour_policy_names=("low", "expert"))
    if discrete:
        dataset = replace(dataset, actions=np.arange(11) % 4, num_actions=4)
    MinariFormat().write(root / "own-v0", dataset)
    for opened in (minari.load_dataset("own-v0"), minari.MinariDataset(root / "own-v0" / "data")):
        assert (opened.total_episodes, opened.total_steps, opened.id) == (3, 11, "own-v0")
        for episode, start, end in zip(opened, dataset.episode_starts, dataset.episode_ends, strict=True):
            np.testing.assert_array_equal(episode.observations[:-1], dataset.observations[start:end])
            np.testing.assert_array_equal(episode.observations[1:], dataset.next_observations[start:end])
            np.testing.assert_array_equal(episode.actions, dataset.actions[start:end])
            np.testing.assert_array_equal(episode.rewards, dataset.rewards[start:end])
            np.testing.assert_array_equal(episode.terminations, dataset.terminations[start:end])
            np.testing.assert_array_equal(episode.truncations, dataset.truncations[start:end])
            np.testing.assert_array_equal(episode.infos["cost"][1:], dataset.costs[start:end])
            assert opened.observation_space.contains(episode.observations[0])
            assert opened.action_space.contains(episode.actions[0])
        labels = [metadata["behaviour_policy"] for metadata in opened.storage.get_episode_metadata(range(3))]
        assert labels == [1, 0, 1]
    assert list(minari.list_local_datasets()) == ["own-v0"]


def test_minari_recovers_the_environment_with_its_settings(episodes, root):
    dataset = replace(episodes([4], observation=11, action=3), environment="Hopper-v5")
    attributes = {
        "environment_settings": '{"max_episode_steps": 7, "options": {"healthy_reward": 2.0}}',
        "minari_ref_min_score": "0.5",
        "minari_ref_max_score": "2.5",
    }
    MinariFormat().write(root / "hopper-v0", replace(dataset, attributes=attributes))
    opened = minari.load_dataset("hopper-v0")
    environment = opened.recover_environment()
    assert environment.spec.max_episode_steps == 7 and environment.unwrapped._healthy_reward == 2.0
    assert opened.action_space == environment.action_space
    assert minari.get_normalized_score(opened, np.array([1.5])) == 0.5
    environment.close()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_vectors_and_costs_that_minari_wrote(episodes, root, layout):
    dataset = replace(episodes([4, 1, 6]), costs=np.arange(11, dtype=np.float32))

    def infos(rows, index):
        return {
            "cost": np.append(np.float32(9), dataset.costs[rows]),
            "position": np.zeros((rows.stop - rows.start + 1, 2)),
        }

    create(layout, buffers(dataset, infos=infos), vector(3), vector(2), algorithm_name="walk")
    back, report = read(root / "own-v0")
    assert_same(back, dataset)
    assert back.costs.tolist() == dataset.costs.tolist() and back.attributes["minari_algorithm_name"] == "walk"
    assert [note.rule for note in report.notes] == ["not-kept"] and "infos/position" in str(report)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_goals_and_discrete_actions_that_minari_wrote(episodes, root, layout):
    dataset = replace(episodes([4, 1, 6], observation=7), actions=np.arange(11) % 4, num_actions=4)

    def parts(whole):
        return {"desired_goal": whole[:, 5:], "observation": whole[:, :3], "achieved_goal": whole[:, 3:5]}

    space = spaces.Dict(achieved_goal=vector(2), desired_goal=vector(2), observation=vector(3))
    create(layout, buffers(dataset, parts), space, spaces.Discrete(4))
    back, report = read(root / "own-v0")
    assert_same(back, dataset)
    assert back.num_actions == 4 and "observation, achieved_goal, desired_goal" in str(report)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tuples_of_boxes_of_several_axes_that_minari_wrote(episodes, root, layout):
    dataset = episodes([4, 1, 6], observation=7)

    def parts(whole):
        return (whole[:, :1].reshape(-1), whole[:, 1:].reshape(-1, 2, 3))

    space = spaces.Tuple((spaces.Box(-np.inf, np.inf, ()), spaces.Box(-np.inf, np.inf, (2, 3))))
    create(layout, buffers(dataset, parts), space, vector(2))
    assert_same(read(root / "own-v0")[0], dataset)


@pytest.fixture
def arrow(episodes, root):
    """The data folder of a sound dataset of three episodes, of 4, 1 and 6 steps."""
    create("arrow", buffers(episodes([4, 1, 6])), vector(3), vector(2))
    return root / "own-v0" / "data"


def refusal(folder):
    with pytest.raises(UserError) as caught:
        read(folder)
    return str(caught.value)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_broken_tables(arrow):
    table = next((arrow / "1").glob("*.arrow"))
    contents = table.read_bytes()
    table.write_bytes(contents[: len(contents) // 2])
    assert "episode 1: the arrow file is damaged" in refusal(arrow)
    table.write_bytes(next((arrow / "0").glob("*.arrow")).read_bytes())
    assert "total_steps is 1, the columns have 5 rows" in refusal(arrow)
    table.unlink()
    assert "episode 1: no observations" in refusal(arrow)
    (arrow / "1").rename(arrow / "7")
    assert "no folder of episode 1" in refusal(arrow)
    (arrow / "7").rename(arrow / "gone")
    assert "total_episodes is 3, the folder holds 2" in refusal(arrow)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_episodes_need_their_metadata(arrow):
    (arrow / "0" / "metadata.json").write_text("{}")
    assert "episode 0/metadata.json: gives no total_steps" in refusal(arrow)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_without_pyarrow_the_remedy_is_named(arrow, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "pip install pyarrow" in refusal(arrow)
